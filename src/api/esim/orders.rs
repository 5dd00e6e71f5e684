//! eSIM orders: place, list, get, find and wait.

use std::time::Duration;

use crate::api::NotificationEmail;
use crate::api::filter::filter;
use crate::http::{Request, Route, Safety, Vertical};
use crate::session::OrderRoutes;
use crate::{
    ClientReference, EsimOrder, EsimOrderId, EsimOrderStatus, Items, NewEsimOrder, Page, Result, Session,
};

pub(in crate::api) const ORDERS: OrderRoutes = OrderRoutes {
    place: Route::order("/api/v1/esim/orders", Vertical::Esim),
    list: ListEsimOrders::ROUTE,
    one: Route::get("/api/v1/esim/orders/:id").with_secrets(),
};
const NOTIFICATION_EMAIL: Route =
    Route::patch("/api/v1/esim/orders/:id/notification-email", Safety::Idempotent);

filter! {
    /// Selects eSIM orders, newest first.
    ListEsimOrders = Route::get("/api/v1/esim/orders").with_secrets(), "per_page" up to 500;
    /// Selects all eSIM orders of this client.
    new
}

impl ListEsimOrders {
    /// Only orders in this status.
    #[must_use]
    pub fn status(self, status: EsimOrderStatus) -> Self {
        ListEsimOrders(self.0.set("status", status))
    }

    /// Only the order with this client reference.
    #[must_use]
    pub fn reference(self, reference: &ClientReference) -> Self {
        ListEsimOrders(self.0.set("client_reference", reference))
    }
}

/// # eSIMs: orders
impl Session {
    /// Orders an eSIM and pays for it. The server may take a minute to respond.
    ///
    /// Returns `Ok` even if the order has failed: check its [`status`](EsimOrder::status).
    ///
    /// `POST /api/v1/esim/orders`
    ///
    /// # Errors
    /// [`InvalidRequest`](crate::ErrorKind::InvalidRequest) if the order breaks a rule,
    /// [`InsufficientFunds`](crate::ErrorKind::InsufficientFunds) if the wallet does not cover it,
    /// [`DuplicateReference`](crate::ErrorKind::DuplicateReference) if an order with this reference exists and this
    /// call may not have placed it, because the order is older or has another product. Such an order does not repeat
    /// the request, so only the program that stored the request can compare the two.
    ///
    /// If [`may_have_executed`](crate::Error::may_have_executed) is true, the order may exist: look it up later with
    /// [`find_esim_order`](Session::find_esim_order). If it is false, *this call* ordered nothing, but an earlier
    /// call with the same reference may have. So store each order before you place it. After a crash, call
    /// `find_esim_order`, and place the order again only if it returns `None`.
    ///
    /// # Examples
    /// ```
    /// # use popup_rewards::{sandbox::Sandbox, *};
    /// # let sandbox = Sandbox::start()?;
    /// # let session = sandbox.session();
    /// # let product = session.list_esim_products(&ListEsimProducts::new())?.items.remove(0);
    /// # let plan = session.list_esim_variants(product.id)?.remove(0);
    /// let reference = ClientReference::new("esim-2031-0001")?;
    /// let order = session.create_esim_order(&NewEsimOrder::new(product.id, plan.amount, reference))?;
    /// println!("{}: {}", order.id, order.status);
    /// # Ok::<(), Error>(())
    /// ```
    pub fn create_esim_order(&self, order: &NewEsimOrder) -> Result<EsimOrder> {
        self.place(&ORDERS, order)
    }

    /// Lists one page of eSIM orders, newest first, without their activation codes.
    ///
    /// `GET /api/v1/esim/orders`
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
    /// let page = session.list_esim_orders(&ListEsimOrders::new().status(EsimOrderStatus::Failed))?;
    /// assert!(page.items.is_empty());
    /// # Ok::<(), Error>(())
    /// ```
    pub fn list_esim_orders(&self, filter: &ListEsimOrders) -> Result<Page<EsimOrder>> {
        self.fetch_page(&filter.0)
    }

    /// Iterates over all eSIM orders, newest first, without their activation codes.
    ///
    /// `GET /api/v1/esim/orders` for each page
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
    /// for order in session.esim_orders(&ListEsimOrders::new()) {
    ///     println!("{}", order?.status);
    /// }
    /// # Ok::<(), Error>(())
    /// ```
    pub fn esim_orders(&self, filter: &ListEsimOrders) -> Items<'_, EsimOrder> {
        Items::new(self, filter.0.clone())
    }

    /// Gets one eSIM order. It has an activation code from delivery until installation.
    ///
    /// For a delivered eSIM, the server asks the operator whether it has been installed.
    ///
    /// `GET /api/v1/esim/orders/:id`
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
    /// # let placed =
    /// #     session.create_esim_order(&NewEsimOrder::new(product.id, plan.amount, ClientReference::generate()))?;
    /// let order = session.get_esim_order(placed.id)?;
    /// println!("{}: {}", order.id, order.status);
    /// # Ok::<(), Error>(())
    /// ```
    pub fn get_esim_order(&self, id: EsimOrderId) -> Result<EsimOrder> {
        self.get_placed(&ORDERS, id.get())
    }

    /// Finds an eSIM order by client reference and returns it in full.
    ///
    /// Call this before you place a stored order again, for example after a crash. It reads all pages until it finds
    /// the order, because a server may filter by a prefix of the reference or not at all.
    ///
    /// `GET /api/v1/esim/orders?client_reference=...` for each page, then `GET /api/v1/esim/orders/:id`
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
    /// # let product = session.list_esim_products(&ListEsimProducts::new())?.items.remove(0);
    /// # let plan = session.list_esim_variants(product.id)?.remove(0);
    /// # let reference = ClientReference::generate();
    /// # let placed = session.create_esim_order(&NewEsimOrder::new(product.id, plan.amount, reference.clone()))?;
    /// let found = session.find_esim_order(&reference)?;
    /// assert_eq!(found.map(|order| order.id), Some(placed.id));
    /// assert!(session.find_esim_order(&ClientReference::generate())?.is_none());
    /// # Ok::<(), Error>(())
    /// ```
    pub fn find_esim_order(&self, reference: &ClientReference) -> Result<Option<EsimOrder>> {
        self.find(&ORDERS, reference)
    }

    /// Waits at most `timeout` until an eSIM order reaches its final status.
    ///
    /// Reads the order at once, whatever the timeout, then every 5 seconds for a minute, then every 30 seconds, or
    /// later if the server sends `Retry-After`. A temporary error does not end the wait, nor does a 404 in the first
    /// 10 seconds.
    ///
    /// `GET /api/v1/esim/orders/:id` for each poll
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
    /// # let product = session.list_esim_products(&ListEsimProducts::new())?.items.remove(0);
    /// # let plan = session.list_esim_variants(product.id)?.remove(0);
    /// # let reference = ClientReference::generate();
    /// # let placed = session.create_esim_order(&NewEsimOrder::new(product.id, plan.amount, reference.clone()))?;
    /// use std::time::Duration;
    ///
    /// let order = session.wait_for_esim_order(placed.id, Duration::from_secs(120))?;
    /// assert!(order.status.is_terminal());
    /// # Ok::<(), Error>(())
    /// ```
    pub fn wait_for_esim_order(&self, id: EsimOrderId, timeout: Duration) -> Result<EsimOrder> {
        self.wait(&ORDERS, id.get(), timeout)
    }

    /// Sets the address that gets one e-mail when the eSIM is delivered, fails or is cancelled.
    ///
    /// `PATCH /api/v1/esim/orders/:id/notification-email`
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
    /// # let product = session.list_esim_products(&ListEsimProducts::new())?.items.remove(0);
    /// # let plan = session.list_esim_variants(product.id)?.remove(0);
    /// # let placed =
    /// #     session.create_esim_order(&NewEsimOrder::new(product.id, plan.amount, ClientReference::generate()))?;
    /// session.set_esim_notification_email(placed.id, "someone@example.org")?;
    /// # Ok::<(), Error>(())
    /// ```
    pub fn set_esim_notification_email(&self, id: EsimOrderId, email: &str) -> Result<()> {
        self.execute(&Request::new(NOTIFICATION_EMAIL).id(id.get()).body(&NotificationEmail { email }))
    }
}
