//! Orders of gift cards: placed once, found again, followed to their end.

use std::time::Duration;

use crate::api::filter::filter;
use crate::http::{Route, Vertical};
use crate::model::check;
use crate::session::OrderRoutes;
use crate::{
    ClientReference, Items, NewOrder, Order, OrderId, OrderStatus, Page, ProductId, Result, Session,
};

pub(in crate::api) const ORDERS: OrderRoutes = OrderRoutes {
    place: Route::order("/api/v1/orders", Vertical::Vouchers),
    list: ListOrders::ROUTE,
    one: Route::get("/api/v1/orders/:id").with_secrets(),
};

filter! {
    /// Which orders of gift cards a list holds.
    ListOrders = Route::get("/api/v1/orders").with_secrets(), "limit" up to 10_000;
    /// All orders of this client.
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

impl Session {
    /// Orders gift cards and pays for them.
    ///
    /// Up to 5 cards arrive with the answer. More are delivered later: the order is then
    /// [`Pending`](crate::OrderStatus::Pending), and paid.
    ///
    /// `POST /api/v1/orders`
    ///
    /// # Errors
    /// [`InvalidRequest`](crate::ErrorKind::InvalidRequest) if the order breaks a rule,
    /// [`InsufficientFunds`](crate::ErrorKind::InsufficientFunds) if the wallet does not cover it,
    /// [`DuplicateReference`](crate::ErrorKind::DuplicateReference) if an order with other content has the reference; one
    /// with the same product, denomination and quantity, and the same e-mail and wallet as far as both sides have
    /// them, is returned as if it had just been placed.
    ///
    /// If [`may_have_executed`](crate::Error::may_have_executed) is true, the order may exist: ask
    /// [`find_order`](Session::find_order) for it later. If it is false, nothing was ordered *by this call*.
    /// That says nothing about an earlier call with the same reference. So store the order before it is placed, and
    /// after a crash ask `find_order` first and place it only if there is none.
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

    /// Lists one page of the orders of gift cards, without their codes.
    ///
    /// `GET /api/v1/orders`
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
    /// let page = session.list_orders(&ListOrders::new().status(OrderStatus::Pending))?;
    /// assert!(page.items.is_empty());
    /// # Ok::<(), Error>(())
    /// ```
    pub fn list_orders(&self, filter: &ListOrders) -> Result<Page<Order>> {
        self.fetch_page(&filter.0)
    }

    /// Walks all orders of gift cards, without their codes, page after page, as they are asked for.
    ///
    /// `GET /api/v1/orders`, as often as it takes.
    ///
    /// An order that cannot be read is an error whose [`unreadable`](crate::Error::unreadable) is `Some`, and the walk
    /// goes on. A call that fails is any other error, and ends it.
    ///
    /// The list may change during the walk. An order that is removed, or no longer matches the filter, moves the others
    /// up, and one of them can fall between two pages and never come. One that is added in front is not seen; if more
    /// than a page of them is added between two requests, others come twice. [`Items`] says more.
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

    /// Gets one order of gift cards, with its codes once they are delivered.
    ///
    /// Do not log or cache the codes: whoever reads them can spend them.
    ///
    /// `GET /api/v1/orders/:id`
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

    /// Finds an order of gift cards by its client reference, in full.
    ///
    /// Ask this before a stored order is placed again, for example after a crash. All pages are read until the order is
    /// found: a server may filter by the beginning of the reference, or not at all.
    ///
    /// `GET /api/v1/orders?client_reference=...`, as often as it takes, then `GET /api/v1/orders/:id`
    ///
    /// # Errors
    /// That there is no such order is not an error: `None` means that every order of every page was read. Otherwise
    /// [`may_have_executed`](crate::Error::may_have_executed) is true, because the order may exist:
    /// [`InvalidResponse`](crate::ErrorKind::InvalidResponse) if part of the list cannot be read, else what the server
    /// responded, or the network failed with.
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

    /// Waits until an order of gift cards is done, for so long at most.
    ///
    /// It reads the order at once, whatever the timeout, then every 5 seconds for a minute, then every 30 seconds; it waits
    /// longer if the server says so. An error that may pass does not end the wait, and neither does a 404 in the first 10
    /// seconds.
    ///
    /// `GET /api/v1/orders/:id`, as often as it takes
    ///
    /// # Errors
    /// [`Timeout`](crate::ErrorKind::Timeout) with the id and the last status if the order is not done in time: it
    /// exists, is paid, and can be waited for again. [`NotFound`](crate::ErrorKind::NotFound) if there is no such
    /// order.
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
