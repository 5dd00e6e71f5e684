//! What can be ordered, and what it costs.

use crate::api::filter::filter;
use crate::http::{Request, Route, Vertical};
use crate::model::check;
use crate::{
    Charges, EsimProduct, EsimProductId, EsimVariant, EsimVariantId, Items, NewEsimQuote, Page, Result,
    Session,
};

const PRODUCT: Route = Route::get("/api/v1/esim/products/:id");
const VARIANTS: Route = Route::get("/api/v1/esim/products/:id/variants");
const VARIANT: Route = Route::get("/api/v1/esim/variants/:id");

pub(in crate::api) const QUOTE: Route = Route::quote("/api/v1/esim/charges", Vertical::Esim);

filter! {
    /// Selects eSIM products.
    ListEsimProducts = Route::get("/api/v1/esim/products"), "per_page" up to 500;
    /// Selects all products.
    new
}

impl ListEsimProducts {
    /// Only products for this country, an ISO 3166-1 alpha-3 code, or `GLO` for global products.
    #[must_use]
    pub fn country(self, alpha_3: &str) -> Self {
        ListEsimProducts(self.0.set_checked("country_code", alpha_3, check::country(alpha_3)))
    }

    /// Only products with this text in their name.
    #[must_use]
    pub fn search(self, text: &str) -> Self {
        ListEsimProducts(self.0.set("search", text))
    }
}

/// # eSIMs: products and quotes
impl Session {
    /// Lists one page of eSIM products.
    ///
    /// `GET /api/v1/esim/products`
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
    /// let page = session.list_esim_products(&ListEsimProducts::new().limit(5))?;
    /// assert!(page.items.len() <= 5);
    /// # Ok::<(), Error>(())
    /// ```
    pub fn list_esim_products(&self, filter: &ListEsimProducts) -> Result<Page<EsimProduct>> {
        self.fetch_page(&filter.0)
    }

    /// Iterates over all eSIM products.
    ///
    /// `GET /api/v1/esim/products` for each page
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
    /// for product in session.esim_products(&ListEsimProducts::new()) {
    ///     println!("{}", product?.name);
    /// }
    /// # Ok::<(), Error>(())
    /// ```
    pub fn esim_products(&self, filter: &ListEsimProducts) -> Items<'_, EsimProduct> {
        Items::new(self, filter.0.clone())
    }

    /// Gets one eSIM product with its plans.
    ///
    /// `GET /api/v1/esim/products/:id`
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
    /// # let product = session.list_esim_products(&ListEsimProducts::new())?.items.remove(0);
    /// assert_eq!(session.get_esim_product(product.id)?.name, product.name);
    /// # Ok::<(), Error>(())
    /// ```
    pub fn get_esim_product(&self, id: EsimProductId) -> Result<EsimProduct> {
        self.fetch_one(PRODUCT, id.get())
    }

    /// Lists the plans of an eSIM product. The first call for a product may be slow.
    ///
    /// `GET /api/v1/esim/products/:id/variants`
    ///
    /// Skips each plan that cannot be read, and logs a warning to the target `popup_rewards::call`.
    ///
    /// # Errors
    /// [`NotFound`](crate::ErrorKind::NotFound) if this client has no such product,
    /// [`InvalidRequest`](crate::ErrorKind::InvalidRequest) if the id is below 1.
    ///
    /// # Examples
    /// ```
    /// # use popup_rewards::{sandbox::Sandbox, *};
    /// # let sandbox = Sandbox::start()?;
    /// # let session = sandbox.session();
    /// # let product = session.list_esim_products(&ListEsimProducts::new())?.items.remove(0);
    /// for plan in session.list_esim_variants(product.id)? {
    ///     println!("{}: {}", plan.name, plan.amount);
    /// }
    /// # Ok::<(), Error>(())
    /// ```
    pub fn list_esim_variants(&self, id: EsimProductId) -> Result<Vec<EsimVariant>> {
        self.fetch_list(&Request::new(VARIANTS).id(id.get()))
    }

    /// Gets one plan of an eSIM product.
    ///
    /// `GET /api/v1/esim/variants/:id`
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
    /// # let product = session.list_esim_products(&ListEsimProducts::new())?.items.remove(0);
    /// # let plan = session.list_esim_variants(product.id)?.remove(0);
    /// assert_eq!(session.get_esim_variant(plan.id)?.amount, plan.amount);
    /// # Ok::<(), Error>(())
    /// ```
    pub fn get_esim_variant(&self, id: EsimVariantId) -> Result<EsimVariant> {
        self.fetch_one(VARIANT, id.get())
    }

    /// Quotes the price of an eSIM. A quote reserves nothing.
    ///
    /// `POST /api/v1/esim/charges`
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
    /// # let product = session.list_esim_products(&ListEsimProducts::new())?.items.remove(0);
    /// # let plan = session.list_esim_variants(product.id)?.remove(0);
    /// let charges = session.quote_esim(&NewEsimQuote::new(product.id, plan.amount))?;
    /// println!("{} leaves the wallet", charges.total_payable);
    /// # Ok::<(), Error>(())
    /// ```
    pub fn quote_esim(&self, quote: &NewEsimQuote) -> Result<Charges> {
        self.fetch(&Request::new(QUOTE).body(quote))
    }
}
