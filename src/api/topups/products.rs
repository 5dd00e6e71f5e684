//! What can be ordered, and what it costs.

use serde::Serialize;

use crate::api::filter::filter;
use crate::http::{Request, Route, Safety, Vertical};
use crate::model::check::{self, Check, Input};
use crate::{
    Charges, Items, MobileMatch, NewTopupQuote, Page, Result, Session, TopupProduct, TopupProductId,
    TopupType, TopupVariant, TopupVariantId,
};

const PRODUCT: Route = Route::get("/api/v1/topups/products/:id");
const VARIANTS: Route = Route::get("/api/v1/topups/products/:id/variants");
const VARIANT: Route = Route::get("/api/v1/topups/variants/:id");
const LOOKUP: Route = Route::post("/api/v1/topups/lookup", Safety::Safe);
pub(in crate::api) const QUOTE: Route = Route::quote("/api/v1/topups/charges", Vertical::Topups);

filter! {
    /// Which top-up products a list holds.
    ListTopupProducts = Route::get("/api/v1/topups/products"), "per_page" up to 500;
    /// All products.
    new
}

impl ListTopupProducts {
    /// Only products of this kind.
    #[must_use]
    pub fn topup_type(self, kind: TopupType) -> Self {
        ListTopupProducts(self.0.set("type", kind))
    }

    /// Only products with this text in their name.
    #[must_use]
    pub fn search(self, text: &str) -> Self {
        ListTopupProducts(self.0.set("search", text))
    }
}

impl Session {
    /// Lists one page of the products that can be topped up.
    ///
    /// `GET /api/v1/topups/products`
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
    /// let page = session.list_topup_products(&ListTopupProducts::new().topup_type(TopupType::Mobile))?;
    /// assert!(page.items.iter().all(|product| product.topup_type == TopupType::Mobile));
    /// # Ok::<(), Error>(())
    /// ```
    pub fn list_topup_products(&self, filter: &ListTopupProducts) -> Result<Page<TopupProduct>> {
        self.fetch_page(&filter.0)
    }

    /// Walks all products that can be topped up, page after page, as they are asked for.
    ///
    /// `GET /api/v1/topups/products`, as often as it takes.
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
    /// for product in session.topup_products(&ListTopupProducts::new()) {
    ///     println!("{}", product?.name);
    /// }
    /// # Ok::<(), Error>(())
    /// ```
    pub fn topup_products(&self, filter: &ListTopupProducts) -> Items<'_, TopupProduct> {
        Items::new(self, filter.0.clone())
    }

    /// Gets one product, with the fields that an order of it has to fill.
    ///
    /// `GET /api/v1/topups/products/:id`
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
    /// # let product = session.list_topup_products(&ListTopupProducts::new().topup_type(TopupType::Mobile))?.items.remove(0);
    /// let product = session.get_topup_product(product.id)?;
    /// println!("{} wants {} fields", product.name, product.input_fields.len());
    /// # Ok::<(), Error>(())
    /// ```
    pub fn get_topup_product(&self, id: TopupProductId) -> Result<TopupProduct> {
        self.fetch_one(PRODUCT, id.get())
    }

    /// Lists the amounts that a product can be topped up by.
    ///
    /// `GET /api/v1/topups/products/:id/variants`
    ///
    /// A variant that cannot be read is left out, with a warning in the log on target `popup_rewards::call`.
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
    /// # let product = session.list_topup_products(&ListTopupProducts::new().topup_type(TopupType::Mobile))?.items.remove(0);
    /// for variant in session.list_topup_variants(product.id)? {
    ///     println!("{}: {:?}", variant.name, variant.fixed_amounts);
    /// }
    /// # Ok::<(), Error>(())
    /// ```
    pub fn list_topup_variants(&self, id: TopupProductId) -> Result<Vec<TopupVariant>> {
        self.fetch_list(&Request::new(VARIANTS).id(id.get()))
    }

    /// Gets one of the amounts that a product can be topped up by.
    ///
    /// `GET /api/v1/topups/variants/:id`
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
    /// # let product = session.list_topup_products(&ListTopupProducts::new().topup_type(TopupType::Mobile))?.items.remove(0);
    /// # let variant = session.list_topup_variants(product.id)?.remove(0);
    /// assert_eq!(session.get_topup_variant(variant.id)?.name, variant.name);
    /// # Ok::<(), Error>(())
    /// ```
    pub fn get_topup_variant(&self, id: TopupVariantId) -> Result<TopupVariant> {
        self.fetch_one(VARIANT, id.get())
    }

    /// Asks which operators a phone number may belong to, the best guess first.
    ///
    /// The number is in E.164: a plus, the country's prefix and the rest, 7 to 15 digits without spaces.
    ///
    /// `POST /api/v1/topups/lookup`
    ///
    /// An operator that cannot be read is left out, with a warning in the log on target `popup_rewards::call`.
    ///
    /// # Errors
    /// [`InvalidRequest`](crate::ErrorKind::InvalidRequest) if the number is not in E.164.
    ///
    /// # Examples
    /// ```
    /// # use popup_rewards::{sandbox::Sandbox, *};
    /// # let sandbox = Sandbox::start()?;
    /// # let session = sandbox.session();
    /// for operator in session.lookup_mobile("+14155550123")? {
    ///     println!("{} ({})", operator.name, if operator.identified { "sure" } else { "a guess" });
    /// }
    /// # Ok::<(), Error>(())
    /// ```
    pub fn lookup_mobile(&self, number: &str) -> Result<Vec<MobileMatch>> {
        self.fetch_list(&Request::new(LOOKUP).body(&Lookup { mobile_number: number }))
    }

    /// Asks what a top-up would cost. It reserves nothing.
    ///
    /// `POST /api/v1/topups/charges`
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
    /// # let product = session.list_topup_products(&ListTopupProducts::new().topup_type(TopupType::Mobile))?.items.remove(0);
    /// # let variant = session.list_topup_variants(product.id)?.remove(0);
    /// # let amount = variant.fixed_amounts.first().copied().or(variant.min_amount).unwrap_or_default();
    /// let charges = session.quote_topup(&NewTopupQuote::new(product.id, amount))?;
    /// println!("{} leaves the wallet", charges.total_payable);
    /// # Ok::<(), Error>(())
    /// ```
    pub fn quote_topup(&self, quote: &NewTopupQuote) -> Result<Charges> {
        self.fetch(&Request::new(QUOTE).body(quote))
    }
}

#[derive(Serialize)]
struct Lookup<'a> {
    mobile_number: &'a str,
}

impl Input for Lookup<'_> {
    fn check(&self) -> Check {
        check::phone_number(self.mobile_number)
    }
}
