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
pub(in crate::api) const QUOTE: Route = Route::quote("/api/v1/topups/charges", Vertical::Topup);

filter! {
    /// Selects top-up products.
    ListTopupProducts = Route::get("/api/v1/topups/products"), "per_page" up to 500;
    /// Selects all products.
    new
}

impl ListTopupProducts {
    /// Only products of this type.
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

/// # Top-ups: products and quotes
impl Session {
    /// Lists one page of top-up products.
    ///
    /// `GET /api/v1/topups/products`
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
    /// let page = session.list_topup_products(&ListTopupProducts::new().topup_type(TopupType::Mobile))?;
    /// assert!(page.items.iter().all(|product| product.topup_type == TopupType::Mobile));
    /// # Ok::<(), Error>(())
    /// ```
    pub fn list_topup_products(&self, filter: &ListTopupProducts) -> Result<Page<TopupProduct>> {
        self.fetch_page(&filter.0)
    }

    /// Iterates over all top-up products.
    ///
    /// `GET /api/v1/topups/products` for each page
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
    /// for product in session.topup_products(&ListTopupProducts::new()) {
    ///     println!("{}", product?.name);
    /// }
    /// # Ok::<(), Error>(())
    /// ```
    pub fn topup_products(&self, filter: &ListTopupProducts) -> Items<'_, TopupProduct> {
        Items::new(self, filter.0.clone())
    }

    /// Gets one top-up product with the input fields that its orders require.
    ///
    /// `GET /api/v1/topups/products/:id`
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
    /// # let product = session.list_topup_products(&ListTopupProducts::new().topup_type(TopupType::Mobile))?.items.remove(0);
    /// let product = session.get_topup_product(product.id)?;
    /// println!("{} wants {} fields", product.name, product.input_fields.len());
    /// # Ok::<(), Error>(())
    /// ```
    pub fn get_topup_product(&self, id: TopupProductId) -> Result<TopupProduct> {
        self.fetch_one(PRODUCT, id.get())
    }

    /// Lists the variants of a top-up product, each with the amounts on sale.
    ///
    /// `GET /api/v1/topups/products/:id/variants`
    ///
    /// Skips each variant that cannot be read, and logs a warning to the target `popup_rewards::call`.
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
    /// # let product = session.list_topup_products(&ListTopupProducts::new().topup_type(TopupType::Mobile))?.items.remove(0);
    /// for variant in session.list_topup_variants(product.id)? {
    ///     println!("{}: {:?}", variant.name, variant.fixed_amounts);
    /// }
    /// # Ok::<(), Error>(())
    /// ```
    pub fn list_topup_variants(&self, id: TopupProductId) -> Result<Vec<TopupVariant>> {
        self.fetch_list(&Request::new(VARIANTS).id(id.get()))
    }

    /// Gets one variant of a top-up product.
    ///
    /// `GET /api/v1/topups/variants/:id`
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
    /// # let product = session.list_topup_products(&ListTopupProducts::new().topup_type(TopupType::Mobile))?.items.remove(0);
    /// # let variant = session.list_topup_variants(product.id)?.remove(0);
    /// assert_eq!(session.get_topup_variant(variant.id)?.name, variant.name);
    /// # Ok::<(), Error>(())
    /// ```
    pub fn get_topup_variant(&self, id: TopupVariantId) -> Result<TopupVariant> {
        self.fetch_one(VARIANT, id.get())
    }

    /// Looks up the operators that a phone number may belong to, most likely first.
    ///
    /// The number must be in E.164 format: a plus sign and 7 to 15 digits, country code first, without spaces.
    ///
    /// `POST /api/v1/topups/lookup`
    ///
    /// Skips each operator that cannot be read, and logs a warning to the target `popup_rewards::call`.
    ///
    /// # Errors
    /// [`InvalidRequest`](crate::ErrorKind::InvalidRequest) if the number is not in E.164 format.
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
        self.fetch_list(&Request::new(LOOKUP).body(&MobileLookup { mobile_number: number }))
    }

    /// Quotes the price of a top-up. A quote reserves nothing.
    ///
    /// `POST /api/v1/topups/charges`
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
struct MobileLookup<'a> {
    mobile_number: &'a str,
}

impl Input for MobileLookup<'_> {
    fn check(&self) -> Check {
        check::phone_number(self.mobile_number)
    }
}
