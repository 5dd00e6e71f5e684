//! Gift card orders: place, list, get, find and wait.

use std::time::Duration;

use crate::api::filter::filter;
use crate::http::{Route, Vertical};
use crate::model::check;
use crate::session::OrderRoutes;
use crate::{
    ClientReference, Items, NewOrder, Order, OrderId, OrderStatus, Page, ProductId, Result, Session,
};

pub(in crate::api) const ORDERS: OrderRoutes = OrderRoutes {
    place: Route::order("/api/v1/orders", Vertical::Voucher),
    list: ListOrders::ROUTE,
    one: Route::get("/api/v1/orders/:id").with_secrets(),
};

filter! {
    /// Selects gift card orders.
    ListOrders = Route::get("/api/v1/orders").with_secrets(), "limit" up to 10_000;
    /// Selects all gift card orders of this client.
    new
}

impl ListOrders {
    /// Only orders in this status.
    #[must_use]
    pub fn status(self, status: OrderStatus) -> Self {
        ListOrders(self.0.set("status", status))
    }

    /// Only orders of this product.
    #[must_use]
    pub fn product(self, product: ProductId) -> Self {
        ListOrders(self.0.set_checked("product_id", product, check::id(product.get())))
    }

    /// Only the order with this client reference.
    #[must_use]
    pub fn reference(self, reference: &ClientReference) -> Self {
        ListOrders(self.0.set("client_reference", reference))
    }
}

/// # Gift cards: orders
impl Session {
    /// Orders gift cards and pays for them.
    ///
    /// The response contains up to 5 gift cards. A larger order is delivered later: it is
    /// [`Pending`](crate::OrderStatus::Pending), and already paid.
    ///
    /// `POST /api/v1/orders`
    ///
    /// # Errors
    /// [`InvalidRequest`](crate::ErrorKind::InvalidRequest) if the order breaks a rule,
    /// [`InsufficientFunds`](crate::ErrorKind::InsufficientFunds) if the wallet does not cover it,
    /// [`DuplicateReference`](crate::ErrorKind::DuplicateReference) if a different order has this reference. An
    /// existing order counts as the same, and is returned, if product, denomination and quantity match, and also
    /// e-mail and wallet where both orders have one.
    ///
    /// If [`may_have_executed`](crate::Error::may_have_executed) is true, the order may exist: look it up later with
    /// [`find_order`](Session::find_order). If it is false, *this call* ordered nothing, but an earlier call with the
    /// same reference may have. So store each order before you place it. After a crash, call `find_order`, and place
    /// the order again only if it returns `None`.
    ///
    /// # Examples
    /// ```
    /// # use popup_rewards::{sandbox::Sandbox, *};
    /// # let sandbox = Sandbox::start()?;
    /// # let session = sandbox.session();
    /// # let product = session.list_products(&ListProducts::new())?.items.remove(0);
    /// # let denomination = product.available_denominations[0].min_value.unwrap_or_default();
    /// let reference = ClientReference::new("gift-2031-0001")?;
    /// let order = session.create_order(&NewOrder::new(product.id, denomination, 1, reference))?;
    /// assert_eq!(order.status, OrderStatus::Delivered);
    /// assert_eq!(order.vouchers.len(), 1);
    /// # Ok::<(), Error>(())
    /// ```
    pub fn create_order(&self, order: &NewOrder) -> Result<Order> {
        self.place(&ORDERS, order)
    }

    /// Lists one page of gift card orders, without their codes.
    ///
    /// `GET /api/v1/orders`
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
    /// let page = session.list_orders(&ListOrders::new().status(OrderStatus::Pending))?;
    /// assert!(page.items.is_empty());
    /// # Ok::<(), Error>(())
    /// ```
    pub fn list_orders(&self, filter: &ListOrders) -> Result<Page<Order>> {
        self.fetch_page(&filter.0)
    }

    /// Iterates over all gift card orders, without their codes.
    ///
    /// `GET /api/v1/orders` for each page
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
    /// for order in session.orders(&ListOrders::new()) {
    ///     println!("{}", order?.status);
    /// }
    /// # Ok::<(), Error>(())
    /// ```
    pub fn orders(&self, filter: &ListOrders) -> Items<'_, Order> {
        Items::new(self, filter.0.clone())
    }

    /// Gets one gift card order, with its codes if it is delivered.
    ///
    /// Do not log or cache the codes: anyone who has a code can spend it.
    ///
    /// `GET /api/v1/orders/:id`
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
    /// # let denomination = product.available_denominations[0].min_value.unwrap_or_default();
    /// # let placed = session.create_order(&NewOrder::new(product.id, denomination, 1, ClientReference::generate()))?;
    /// let order = session.get_order(placed.id)?;
    /// for voucher in &order.vouchers {
    ///     let code = voucher.card_number.as_ref().or(voucher.claim_url.as_ref());
    ///     assert!(code.is_some_and(|code| !code.expose().is_empty()));
    /// }
    /// # Ok::<(), Error>(())
    /// ```
    pub fn get_order(&self, id: OrderId) -> Result<Order> {
        self.get_placed(&ORDERS, id.get())
    }

    /// Finds a gift card order by client reference and returns it in full.
    ///
    /// Call this before you place a stored order again, for example after a crash. It reads all pages until it finds
    /// the order, because a server may filter by a prefix of the reference or not at all.
    ///
    /// `GET /api/v1/orders?client_reference=...` for each page, then `GET /api/v1/orders/:id`
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
    /// # let product = session.list_products(&ListProducts::new())?.items.remove(0);
    /// # let denomination = product.available_denominations[0].min_value.unwrap_or_default();
    /// # let reference = ClientReference::generate();
    /// # let placed = session.create_order(&NewOrder::new(product.id, denomination, 1, reference.clone()))?;
    /// let found = session.find_order(&reference)?;
    /// assert_eq!(found.map(|order| order.id), Some(placed.id));
    /// assert!(session.find_order(&ClientReference::generate())?.is_none());
    /// # Ok::<(), Error>(())
    /// ```
    pub fn find_order(&self, reference: &ClientReference) -> Result<Option<Order>> {
        self.find(&ORDERS, reference)
    }

    /// Waits at most `timeout` until a gift card order reaches its final status.
    ///
    /// Reads the order at once, whatever the timeout, then every 5 seconds for a minute, then every 30 seconds, or
    /// later if the server sends `Retry-After`. A temporary error does not end the wait, nor does a 404 in the first
    /// 10 seconds.
    ///
    /// `GET /api/v1/orders/:id` for each poll
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
    /// # let product = session.list_products(&ListProducts::new())?.items.remove(0);
    /// # let denomination = product.available_denominations[0].min_value.unwrap_or_default();
    /// # let reference = ClientReference::generate();
    /// # let placed = session.create_order(&NewOrder::new(product.id, denomination, 1, reference.clone()))?;
    /// use std::time::Duration;
    ///
    /// let order = session.wait_for_order(placed.id, Duration::from_secs(120))?;
    /// assert!(order.status.is_terminal());
    /// # Ok::<(), Error>(())
    /// ```
    pub fn wait_for_order(&self, id: OrderId, timeout: Duration) -> Result<Order> {
        self.wait(&ORDERS, id.get(), timeout)
    }
}
