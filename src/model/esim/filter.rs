//! Which eSIM products and which eSIM orders a list holds.

use crate::http::Request;
use crate::model::paging::{Paging, paging_setters};
use crate::{ClientReference, EsimOrderStatus};

/// Which eSIM products a list holds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ListEsimProducts {
    paging: Paging,
    country: Option<String>,
    search: Option<String>,
}

impl ListEsimProducts {
    /// All products.
    #[must_use]
    pub fn new() -> Self {
        ListEsimProducts::default()
    }

    paging_setters!("500");

    /// Only products for this country, ISO 3166-1 alpha-3, or `GLO` for everywhere.
    #[must_use]
    pub fn country(mut self, alpha_3: &str) -> Self {
        self.country = Some(alpha_3.to_owned());
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
            .apply(Request::get("/api/v1/esim/products"), "per_page", 500)
            .query("country_code", self.country.as_ref())
            .query("search", self.search.as_ref())
            .needs_country(self.country.as_deref())
    }
}

/// Which eSIM orders a list holds; the newest come first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ListEsimOrders {
    paging: Paging,
    status: Option<EsimOrderStatus>,
    reference: Option<ClientReference>,
}

impl ListEsimOrders {
    /// All eSIM orders of this client.
    #[must_use]
    pub fn new() -> Self {
        ListEsimOrders::default()
    }

    paging_setters!("500");

    /// Only orders in this status.
    #[must_use]
    pub fn status(mut self, status: EsimOrderStatus) -> Self {
        self.status = Some(status);
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
            .apply(Request::get("/api/v1/esim/orders"), "per_page", 500)
            .query("status", self.status.as_ref())
            .query("client_reference", self.reference.as_ref())
            .secret_response()
    }
}
