//! Which top-up products and which top-ups a list holds.

use crate::http::Request;
use crate::model::paging::{Paging, paging_setters};
use crate::{ClientReference, TopupOrderStatus, TopupProductId, TopupType};

/// Which top-up products a list holds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ListTopupProducts {
    paging: Paging,
    topup_type: Option<TopupType>,
    search: Option<String>,
}

impl ListTopupProducts {
    /// All products.
    #[must_use]
    pub fn new() -> Self {
        ListTopupProducts::default()
    }

    paging_setters!("500");

    /// Only products of this kind.
    #[must_use]
    pub fn topup_type(mut self, kind: TopupType) -> Self {
        self.topup_type = Some(kind);
        self
    }

    /// Only products with this text in their name.
    #[must_use]
    pub fn search(mut self, text: &str) -> Self {
        self.search = Some(text.to_owned());
        self
    }

    pub(crate) fn request(&self) -> Request {
        self.paging
            .apply(Request::get("/api/v1/topups/products"), "per_page", 500)
            .query("type", self.topup_type.as_ref())
            .query("search", self.search.as_ref())
    }
}

/// Which top-ups a list holds; the newest come first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ListTopupOrders {
    paging: Paging,
    status: Option<TopupOrderStatus>,
    product: Option<TopupProductId>,
    country: Option<String>,
    reference: Option<ClientReference>,
}

impl ListTopupOrders {
    /// All top-ups of this client.
    #[must_use]
    pub fn new() -> Self {
        ListTopupOrders::default()
    }

    paging_setters!("500");

    /// Only top-ups in this status.
    #[must_use]
    pub fn status(mut self, status: TopupOrderStatus) -> Self {
        self.status = Some(status);
        self
    }

    /// Only top-ups of this product.
    #[must_use]
    pub fn product(mut self, product: TopupProductId) -> Self {
        self.product = Some(product);
        self
    }

    /// Only top-ups in this country, ISO 3166-1 alpha-3, or `GLO`.
    #[must_use]
    pub fn country(mut self, alpha_3: &str) -> Self {
        self.country = Some(alpha_3.to_owned());
        self
    }

    /// Only the top-up with this reference: one, or none.
    #[must_use]
    pub fn reference(mut self, reference: &ClientReference) -> Self {
        self.reference = Some(reference.clone());
        self
    }

    pub(crate) fn request(&self) -> Request {
        self.paging
            .apply(Request::get("/api/v1/topups/orders"), "per_page", 500)
            .query("status", self.status.as_ref())
            .query("product_id", self.product)
            .query("country", self.country.as_ref())
            .query("client_reference", self.reference.as_ref())
            .needs_id(self.product.map(TopupProductId::get))
            .needs_country(self.country.as_deref())
    }
}
