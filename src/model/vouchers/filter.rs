//! Which gift cards and which orders a list holds.

use crate::http::Request;
use crate::model::paging::{Paging, paging_setters};
use crate::{ClientReference, CountryId, CurrencyId, OrderStatus, ProductId, ProductSort, SortDirection};

/// Which voucher products a list holds, and in which order.
///
/// ```
/// use popup_rewards::{ListProducts, ProductSort, SortDirection};
///
/// let filter = ListProducts::new().search("play").sort_by(ProductSort::Name).sort_dir(SortDirection::Ascending);
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ListProducts {
    paging: Paging,
    search: Option<String>,
    category: Option<String>,
    country: Option<CountryId>,
    currency: Option<CurrencyId>,
    sort_by: Option<ProductSort>,
    sort_dir: Option<SortDirection>,
    sort: Option<String>,
}

impl ListProducts {
    /// All products, in the server's order.
    #[must_use]
    pub fn new() -> Self {
        ListProducts::default()
    }

    paging_setters!("10,000");

    /// Only products with this text in their name; case does not matter.
    #[must_use]
    pub fn search(mut self, text: &str) -> Self {
        self.search = Some(text.to_owned());
        self
    }

    /// Only products of the category with this name.
    #[must_use]
    pub fn category(mut self, name: &str) -> Self {
        self.category = Some(name.to_owned());
        self
    }

    /// Only products of this country.
    #[must_use]
    pub fn country(mut self, country: CountryId) -> Self {
        self.country = Some(country);
        self
    }

    /// Only products in this currency.
    #[must_use]
    pub fn currency(mut self, currency: CurrencyId) -> Self {
        self.currency = Some(currency);
        self
    }

    /// What to sort by.
    #[must_use]
    pub fn sort_by(mut self, key: ProductSort) -> Self {
        self.sort_by = Some(key);
        self
    }

    /// Which end comes first.
    #[must_use]
    pub fn sort_dir(mut self, direction: SortDirection) -> Self {
        self.sort_dir = Some(direction);
        self
    }

    /// The `sort` parameter as this very text, for servers that take it in place of the other two, such as
    /// `{"field":"id","direction":"DESC"}`.
    #[must_use]
    pub fn sort(mut self, text: &str) -> Self {
        self.sort = Some(text.to_owned());
        self
    }

    pub(crate) fn request(&self) -> Request {
        self.paging
            .apply(Request::get("/api/v1/products"), "limit", 10_000)
            .query("search", self.search.as_ref())
            .query("category", self.category.as_ref())
            .query("country_id", self.country)
            .query("currency_id", self.currency)
            .query("sort_by", self.sort_by)
            .query("sort_dir", self.sort_dir)
            .query("sort", self.sort.as_ref())
            .needs_id(self.country.map(CountryId::get))
            .needs_id(self.currency.map(CurrencyId::get))
    }
}

/// Which orders of gift cards a list holds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ListOrders {
    paging: Paging,
    status: Option<OrderStatus>,
    product: Option<ProductId>,
    reference: Option<ClientReference>,
}

impl ListOrders {
    /// All orders of this client.
    #[must_use]
    pub fn new() -> Self {
        ListOrders::default()
    }

    paging_setters!("10,000");

    /// Only orders in this status.
    #[must_use]
    pub fn status(mut self, status: OrderStatus) -> Self {
        self.status = Some(status);
        self
    }

    /// Only orders of this product.
    #[must_use]
    pub fn product(mut self, product: ProductId) -> Self {
        self.product = Some(product);
        self
    }

    /// Only the order with this reference: one, or none.
    #[must_use]
    pub fn reference(mut self, reference: &ClientReference) -> Self {
        self.reference = Some(reference.clone());
        self
    }

    pub(crate) fn request(&self) -> Request {
        self.paging
            .apply(Request::get("/api/v1/orders"), "limit", 10_000)
            .query("status", self.status.as_ref())
            .query("product_id", self.product)
            .query("client_reference", self.reference.as_ref())
            .needs_id(self.product.map(ProductId::get))
            .secret_response()
    }
}
