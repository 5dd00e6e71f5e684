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

pub(in crate::api) const QUOTE: Route = Route::quote("/api/v1/esim/charges", Vertical::Esims);

filter! {
    /// Which eSIM products a list holds.
    ListEsimProducts = Route::get("/api/v1/esim/products"), "per_page" up to 500;
    /// All products.
    new
}

impl ListEsimProducts {
    /// Only products for this country, ISO 3166-1 alpha-3, or `GLO` for everywhere.
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

impl Session {
    /// Lists one page of the eSIM products.
    ///
    /// `GET /api/v1/esim/products`
    ///
    /// # Errors
    /// [`InvalidRequest`](crate::ErrorKind::InvalidRequest) for a page of 0 or a limit out of range; else what the
    /// server answered, or the network failed with.
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

    /// Walks all eSIM products, page after page, as they are asked for.
    ///
    /// `GET /api/v1/esim/products`, as often as it takes.
    ///
    /// A product that cannot be read is an error whose [`unreadable`](crate::Error::unreadable) is `Some`, and the walk
    /// goes on. A call that fails is any other error, and ends it.
    ///
    /// The list may change during the walk. A product that is removed, or no longer matches the filter, moves the others
    /// up, and one of them can fall between two pages and never come. One that is added in front is not seen; if more
    /// than a page of them is added between two requests, others come twice. [`Items`] says more.
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

    /// Gets one eSIM product, with its plans.
    ///
    /// `GET /api/v1/esim/products/:id`
    ///
    /// # Errors
    /// [`NotFound`](crate::ErrorKind::NotFound) if there is none that this client can see,
    /// [`InvalidRequest`](crate::ErrorKind::InvalidRequest) for an id below 1,
    /// [`InvalidResponse`](crate::ErrorKind::InvalidResponse) if the response is about another object.
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

    /// Lists the plans of an eSIM product. The first call for a product can be slow.
    ///
    /// `GET /api/v1/esim/products/:id/variants`
    ///
    /// A plan that cannot be read is left out, with a warning in the log on target `popup_rewards::call`.
    ///
    /// # Errors
    /// [`NotFound`](crate::ErrorKind::NotFound) if there is none that this client can see,
    /// [`InvalidRequest`](crate::ErrorKind::InvalidRequest) for an id below 1.
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

    /// Gets one plan.
    ///
    /// `GET /api/v1/esim/variants/:id`
    ///
    /// # Errors
    /// [`NotFound`](crate::ErrorKind::NotFound) if there is none that this client can see,
    /// [`InvalidRequest`](crate::ErrorKind::InvalidRequest) for an id below 1,
    /// [`InvalidResponse`](crate::ErrorKind::InvalidResponse) if the response is about another object.
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

    /// Asks what an eSIM would cost. It reserves nothing.
    ///
    /// `POST /api/v1/esim/charges`
    ///
    /// # Errors
    /// [`InvalidRequest`](crate::ErrorKind::InvalidRequest) if the amounts or ids break a rule, here or on the
    /// server; [`NotFound`](crate::ErrorKind::NotFound) if there is no such product.
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
