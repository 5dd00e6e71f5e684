//! Top-up orders: place, list, get, find and wait.

use std::time::Duration;

use crate::api::NotificationEmail;
use crate::api::filter::filter;
use crate::http::{Request, Route, Safety, Vertical};
use crate::model::check;
use crate::session::OrderRoutes;
use crate::{
    ClientReference, Items, NewTopupOrder, Page, Result, Session, TopupOrder, TopupOrderId, TopupOrderStatus,
    TopupProductId,
};

pub(in crate::api) const ORDERS: OrderRoutes = OrderRoutes {
    place: Route::order("/api/v1/topups/orders", Vertical::Topup),
    list: ListTopupOrders::ROUTE,
    one: Route::get("/api/v1/topups/orders/:id").with_secrets(),
};
const NOTIFICATION_EMAIL: Route =
    Route::patch("/api/v1/topups/orders/:id/notification-email", Safety::Idempotent);

filter! {
    /// Selects top-ups, newest first.
    ListTopupOrders = Route::get("/api/v1/topups/orders"), "per_page" up to 500;
    /// Selects all top-ups of this client.
    new
}

impl ListTopupOrders {
    /// Only top-ups in this status.
    #[must_use]
    pub fn status(self, status: TopupOrderStatus) -> Self {
        ListTopupOrders(self.0.set("status", status))
    }

    /// Only top-ups of this product.
    #[must_use]
    pub fn product(self, product: TopupProductId) -> Self {
        ListTopupOrders(self.0.set_checked("product_id", product, check::id(product.get())))
    }

    /// Only top-ups in this country, an ISO 3166-1 alpha-3 code, or `GLO` for global products.
    #[must_use]
    pub fn country(self, alpha_3: &str) -> Self {
        ListTopupOrders(self.0.set_checked("country", alpha_3, check::country(alpha_3)))
    }

    /// Only the top-up with this client reference.
    #[must_use]
    pub fn reference(self, reference: &ClientReference) -> Self {
        ListTopupOrders(self.0.set("client_reference", reference))
    }
}

/// # Top-ups: orders
impl Session {
    /// Orders a top-up and pays for it.
    ///
    /// A new top-up is usually [`Pending`](crate::TopupOrderStatus::Pending), and already paid.
    ///
    /// `POST /api/v1/topups/orders`
    ///
    /// # Errors
    /// [`InvalidRequest`](crate::ErrorKind::InvalidRequest) if the order breaks a rule,
    /// [`InsufficientFunds`](crate::ErrorKind::InsufficientFunds) if the wallet does not cover it,
    /// [`DuplicateReference`](crate::ErrorKind::DuplicateReference) if an order with this reference exists and this
    /// call may not have placed it, because the order is older or has another product. Such an order does not repeat
    /// the request, so only the program that stored the request can compare the two.
    ///
    /// If [`may_have_executed`](crate::Error::may_have_executed) is true, the order may exist: look it up later with
    /// [`find_topup_order`](Session::find_topup_order). If it is false, *this call* ordered nothing, but an earlier
    /// call with the same reference may have. So store each order before you place it. After a crash, call
    /// `find_topup_order`, and place the order again only if it returns `None`.
    ///
    /// # Examples
    /// ```
    /// # use popup_rewards::{sandbox::Sandbox, *};
    /// # let sandbox = Sandbox::start()?;
    /// # let session = sandbox.session();
    /// # let product = session.list_topup_products(&ListTopupProducts::new().topup_type(TopupType::Mobile))?.items.remove(0);
    /// # let variant = session.list_topup_variants(product.id)?.remove(0);
    /// # let amount = variant.fixed_amounts.first().copied().or(variant.min_amount).unwrap_or_default();
    /// let reference = ClientReference::new("topup-2031-0001")?;
    /// let order = NewTopupOrder::new(product.id, amount, reference).input("phone_number", "+14155550123");
    /// println!("{}", session.create_topup_order(&order)?.status);
    /// # Ok::<(), Error>(())
    /// ```
    pub fn create_topup_order(&self, order: &NewTopupOrder) -> Result<TopupOrder> {
        self.place(&ORDERS, order)
    }

    /// Lists one page of top-ups, newest first.
    ///
    /// `GET /api/v1/topups/orders`
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
    /// let page = session.list_topup_orders(&ListTopupOrders::new().country("USA"))?;
    /// assert_eq!(page.page, 1);
    /// # Ok::<(), Error>(())
    /// ```
    pub fn list_topup_orders(&self, filter: &ListTopupOrders) -> Result<Page<TopupOrder>> {
        self.fetch_page(&filter.0)
    }

    /// Iterates over all top-ups, newest first.
    ///
    /// `GET /api/v1/topups/orders` for each page
    ///
    /// Yields an error with [`unreadable`](crate::Error::unreadable) for each order that cannot be read, and
    /// continues. Any other error ends the iteration. If the list changes meanwhile, items may be missed or come
    /// twice: see [`Items`].
    ///
    /// # Examples
    /// ```
    /// # use popup_rewards::{sandbox::Sandbox, *};
    /// # let sandbox = Sandbox::start()?;
    /// # let session = sandbox.session();
    /// for order in session.topup_orders(&ListTopupOrders::new()) {
    ///     println!("{}", order?.status);
    /// }
    /// # Ok::<(), Error>(())
    /// ```
    pub fn topup_orders(&self, filter: &ListTopupOrders) -> Items<'_, TopupOrder> {
        Items::new(self, filter.0.clone())
    }

    /// Gets one top-up. While it is pending, the server asks the operator for its current status.
    ///
    /// `GET /api/v1/topups/orders/:id`
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
    /// # let amount = variant.fixed_amounts.first().copied().or(variant.min_amount).unwrap_or_default();
    /// # let placed = session.create_topup_order(
    /// #     &NewTopupOrder::new(product.id, amount, ClientReference::generate()).input("phone_number", "+14155550123"),
    /// # )?;
    /// let order = session.get_topup_order(placed.id)?;
    /// println!("{}: {}", order.id, order.status);
    /// # Ok::<(), Error>(())
    /// ```
    pub fn get_topup_order(&self, id: TopupOrderId) -> Result<TopupOrder> {
        self.get_placed(&ORDERS, id.get())
    }

    /// Finds a top-up by client reference and returns it in full.
    ///
    /// Call this before you place a stored order again, for example after a crash. It reads all pages until it finds
    /// the order, because a server may filter by a prefix of the reference or not at all.
    ///
    /// `GET /api/v1/topups/orders?client_reference=...` for each page, then `GET /api/v1/topups/orders/:id`
    ///
    /// # Errors
    /// A missing order is not an error: `None` means that all orders were read and none has the reference. For every
    /// error, [`may_have_executed`](crate::Error::may_have_executed) is true, because the order may exist:
    /// [`InvalidResponse`](crate::ErrorKind::InvalidResponse) if part of the list cannot be read,
    /// [`Server`](crate::ErrorKind::Server), [`Network`](crate::ErrorKind::Network) or
    /// [`Timeout`](crate::ErrorKind::Timeout) if the call fails.
    ///
    /// # Examples
    /// ```
    /// # use popup_rewards::{sandbox::Sandbox, *};
    /// # let sandbox = Sandbox::start()?;
    /// # let session = sandbox.session();
    /// # let product = session.list_topup_products(&ListTopupProducts::new().topup_type(TopupType::Mobile))?.items.remove(0);
    /// # let variant = session.list_topup_variants(product.id)?.remove(0);
    /// # let amount = variant.fixed_amounts.first().copied().or(variant.min_amount).unwrap_or_default();
    /// # let reference = ClientReference::generate();
    /// # let placed = session.create_topup_order(
    /// #     &NewTopupOrder::new(product.id, amount, reference.clone()).input("phone_number", "+14155550123"),
    /// # )?;
    /// let found = session.find_topup_order(&reference)?;
    /// assert_eq!(found.map(|order| order.id), Some(placed.id));
    /// assert!(session.find_topup_order(&ClientReference::generate())?.is_none());
    /// # Ok::<(), Error>(())
    /// ```
    pub fn find_topup_order(&self, reference: &ClientReference) -> Result<Option<TopupOrder>> {
        self.find(&ORDERS, reference)
    }

    /// Waits at most `timeout` until a top-up reaches its final status.
    ///
    /// Reads the order at once, whatever the timeout, then every 5 seconds for a minute, then every 30 seconds, or
    /// later if the server sends `Retry-After`. A temporary error does not end the wait, nor does a 404 in the first
    /// 10 seconds.
    ///
    /// `GET /api/v1/topups/orders/:id` for each poll
    ///
    /// # Errors
    /// [`Timeout`](crate::ErrorKind::Timeout), with the id and the last status, if the order is still pending after
    /// `timeout`. It exists and is paid, so you can wait for it again. [`NotFound`](crate::ErrorKind::NotFound) if
    /// this client has no such order.
    ///
    /// # Examples
    /// ```
    /// # use popup_rewards::{sandbox::Sandbox, *};
    /// # let sandbox = Sandbox::start()?;
    /// # let session = sandbox.session();
    /// # let product = session.list_topup_products(&ListTopupProducts::new().topup_type(TopupType::Mobile))?.items.remove(0);
    /// # let variant = session.list_topup_variants(product.id)?.remove(0);
    /// # let amount = variant.fixed_amounts.first().copied().or(variant.min_amount).unwrap_or_default();
    /// # let reference = ClientReference::generate();
    /// # let placed = session.create_topup_order(
    /// #     &NewTopupOrder::new(product.id, amount, reference.clone()).input("phone_number", "+14155550123"),
    /// # )?;
    /// use std::time::Duration;
    ///
    /// let order = session.wait_for_topup_order(placed.id, Duration::from_secs(120))?;
    /// assert!(order.status.is_terminal());
    /// # Ok::<(), Error>(())
    /// ```
    pub fn wait_for_topup_order(&self, id: TopupOrderId, timeout: Duration) -> Result<TopupOrder> {
        self.wait(&ORDERS, id.get(), timeout)
    }

    /// Sets the address that gets one e-mail when the top-up is delivered, fails or is cancelled.
    ///
    /// `PATCH /api/v1/topups/orders/:id/notification-email`
    ///
    /// # Errors
    /// [`NotFound`](crate::ErrorKind::NotFound) if this client has no such order,
    /// [`InvalidRequest`](crate::ErrorKind::InvalidRequest) if the address is not like `name@host` or longer than 254
    /// bytes.
    ///
    /// # Examples
    /// ```
    /// # use popup_rewards::{sandbox::Sandbox, *};
    /// # let sandbox = Sandbox::start()?;
    /// # let session = sandbox.session();
    /// # let product = session.list_topup_products(&ListTopupProducts::new().topup_type(TopupType::Mobile))?.items.remove(0);
    /// # let variant = session.list_topup_variants(product.id)?.remove(0);
    /// # let amount = variant.fixed_amounts.first().copied().or(variant.min_amount).unwrap_or_default();
    /// # let placed = session.create_topup_order(
    /// #     &NewTopupOrder::new(product.id, amount, ClientReference::generate()).input("phone_number", "+14155550123"),
    /// # )?;
    /// session.set_topup_notification_email(placed.id, "someone@example.org")?;
    /// # Ok::<(), Error>(())
    /// ```
    pub fn set_topup_notification_email(&self, id: TopupOrderId, email: &str) -> Result<()> {
        self.execute(&Request::new(NOTIFICATION_EMAIL).id(id.get()).body(&NotificationEmail { email }))
    }
}
