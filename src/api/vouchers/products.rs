//! What can be ordered, and what it costs.

use rust_decimal::Decimal;
use serde::Serialize;

use crate::api::filter::filter;
use crate::http::{Request, Route, Safety, Vertical};
use crate::model::check::{self, Check, Input};
use crate::model::{Members, Model, ReadError, money};
use crate::{
    Charges, CountryId, CurrencyId, Items, NewQuote, Page, Product, ProductId, ProductSort, Result, Session,
    SortDirection,
};

const PRODUCT: Route = Route::get("/api/v1/products/:id");
const AVAILABILITY: Route = Route::post("/api/v1/products/:id/availability", Safety::Safe);
pub(in crate::api) const QUOTE: Route = Route::quote("/api/v1/products/:id/charges", Vertical::Voucher);

filter! {
    /// Selects and sorts gift card products.
    ///
    /// ```
    /// use popup_rewards::{ListProducts, ProductSort, SortDirection};
    ///
    /// let filter = ListProducts::new().search("play").sort_by(ProductSort::Name).sort_dir(SortDirection::Ascending);
    /// ```
    ListProducts = Route::get("/api/v1/products"), "limit" up to 10_000;
    /// Selects all products, in the server's order.
    new
}

impl ListProducts {
    /// Only products with this text in their name, in upper or lower case.
    #[must_use]
    pub fn search(self, text: &str) -> Self {
        ListProducts(self.0.set("search", text))
    }

    /// Only products of the category with this name.
    #[must_use]
    pub fn category(self, name: &str) -> Self {
        ListProducts(self.0.set("category", name))
    }

    /// Only products of this country.
    #[must_use]
    pub fn country(self, country: CountryId) -> Self {
        ListProducts(self.0.set_checked("country_id", country, check::id(country.get())))
    }

    /// Only products in this currency.
    #[must_use]
    pub fn currency(self, currency: CurrencyId) -> Self {
        ListProducts(self.0.set_checked("currency_id", currency, check::id(currency.get())))
    }

    /// Sorts by this key.
    #[must_use]
    pub fn sort_by(self, key: ProductSort) -> Self {
        ListProducts(self.0.set("sort_by", key))
    }

    /// Sorts in this direction.
    #[must_use]
    pub fn sort_dir(self, direction: SortDirection) -> Self {
        ListProducts(self.0.set("sort_dir", direction))
    }

    /// Sets the `sort` parameter, for servers that read it and not `sort_by` and `sort_dir`. Its value is JSON, such
    /// as `{"field":"id","direction":"DESC"}`.
    #[must_use]
    pub fn sort(self, text: &str) -> Self {
        ListProducts(self.0.set("sort", text))
    }
}

/// # Gift cards: products and quotes
impl Session {
    /// Lists one page of gift card products.
    ///
    /// `GET /api/v1/products`
    ///
    /// # Errors
    /// [`InvalidRequest`](crate::ErrorKind::InvalidRequest) if the page is 0 or the limit is out of range,
    /// [`Server`](crate::ErrorKind::Server), [`Network`](crate::ErrorKind::Network) or
    /// [`Timeout`](crate::ErrorKind::Timeout) if the call fails.
    ///
    /// # Examples
    /// ```
    /// # use popup_rewards::{sandbox::Sandbox, *};
    /// # let sandbox = Sandbox::start()?;
    /// # let session = sandbox.session();
    /// let page = session.list_products(&ListProducts::new().limit(20))?;
    /// assert_eq!(page.items.len(), 20);
    /// assert!(page.has_more);
    /// # Ok::<(), Error>(())
    /// ```
    pub fn list_products(&self, filter: &ListProducts) -> Result<Page<Product>> {
        self.fetch_page(&filter.0)
    }

    /// Iterates over all gift card products.
    ///
    /// `GET /api/v1/products` for each page
    ///
    /// Yields an error with [`unreadable`](crate::Error::unreadable) for each product that cannot be read, and
    /// continues. Any other error ends the iteration. If the list changes meanwhile, items may be missed or come
    /// twice: see [`Items`].
    ///
    /// # Examples
    /// ```
    /// # use popup_rewards::{sandbox::Sandbox, *};
    /// # let sandbox = Sandbox::start()?;
    /// # let session = sandbox.session();
    /// for product in session.products(&ListProducts::new().limit(3)).take(3) {
    ///     println!("{}", product?.name);
    /// }
    /// # Ok::<(), Error>(())
    /// ```
    pub fn products(&self, filter: &ListProducts) -> Items<'_, Product> {
        Items::new(self, filter.0.clone())
    }

    /// Gets one gift card product.
    ///
    /// `GET /api/v1/products/:id`
    ///
    /// # Errors
    /// [`NotFound`](crate::ErrorKind::NotFound) if this client has no such object,
    /// [`InvalidRequest`](crate::ErrorKind::InvalidRequest) if the id is below 1,
    /// [`InvalidResponse`](crate::ErrorKind::InvalidResponse) if the response describes an object with another id.
    ///
    /// # Examples
    /// ```
    /// # use popup_rewards::{sandbox::Sandbox, *};
    /// # let sandbox = Sandbox::start()?;
    /// # let session = sandbox.session();
    /// # let product = session.list_products(&ListProducts::new())?.items.remove(0);
    /// let again = session.get_product(product.id)?;
    /// assert_eq!(again.name, product.name);
    /// # Ok::<(), Error>(())
    /// ```
    pub fn get_product(&self, id: ProductId) -> Result<Product> {
        self.fetch_one(PRODUCT, id.get())
    }

    /// Checks whether `quantity` gift cards of one face value, in the product's currency, are in stock.
    ///
    /// `POST /api/v1/products/:id/availability`
    ///
    /// # Errors
    /// [`InvalidRequest`](crate::ErrorKind::InvalidRequest) if an amount or id is invalid,
    /// [`NotFound`](crate::ErrorKind::NotFound) if this client has no such product.
    ///
    /// # Examples
    /// ```
    /// # use popup_rewards::{sandbox::Sandbox, *};
    /// # let sandbox = Sandbox::start()?;
    /// # let session = sandbox.session();
    /// # let product = session.list_products(&ListProducts::new())?.items.remove(0);
    /// # let denomination = product.available_denominations[0].min_value.unwrap_or_default();
    /// assert!(session.check_availability(product.id, denomination, 2)?);
    /// # Ok::<(), Error>(())
    /// ```
    pub fn check_availability(&self, id: ProductId, denomination: Decimal, quantity: u32) -> Result<bool> {
        let request = Request::new(AVAILABILITY).id(id.get()).body(&Stock { denomination, quantity });
        self.fetch(&request).map(|Availability { is_available }| is_available)
    }

    /// Quotes the price of a gift card order. A quote reserves nothing.
    ///
    /// `POST /api/v1/products/:id/charges`
    ///
    /// # Errors
    /// [`InvalidRequest`](crate::ErrorKind::InvalidRequest) if an amount or id is invalid,
    /// [`NotFound`](crate::ErrorKind::NotFound) if this client has no such product.
    ///
    /// # Examples
    /// ```
    /// # use popup_rewards::{sandbox::Sandbox, *};
    /// # let sandbox = Sandbox::start()?;
    /// # let session = sandbox.session();
    /// # let product = session.list_products(&ListProducts::new())?.items.remove(0);
    /// # let denomination = product.available_denominations[0].min_value.unwrap_or_default();
    /// let charges = session.quote_order(product.id, &NewQuote::new(denomination, 2))?;
    /// println!("{} leaves the wallet", charges.total_payable);
    /// # Ok::<(), Error>(())
    /// ```
    pub fn quote_order(&self, id: ProductId, quote: &NewQuote) -> Result<Charges> {
        self.fetch(&Request::new(QUOTE).id(id.get()).body(quote))
    }
}

#[derive(Serialize)]
struct Stock {
    #[serde(serialize_with = "money::number")]
    denomination: Decimal,
    quantity: u32,
}

impl Input for Stock {
    fn check(&self) -> Check {
        check::amount("denomination", self.denomination)?;
        check::quantity(self.quantity)
    }
}

struct Availability {
    is_available: bool,
}

impl Model for Availability {
    fn read(from: &Members<'_>) -> Result<Self, ReadError> {
        Ok(Availability { is_available: from.required("is_available", Members::flag)? })
    }
}
