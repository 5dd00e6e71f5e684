//! Orders of eSIMs: placed once, found again, followed to their end.

use std::time::Duration;

use crate::api::NotificationEmail;
use crate::api::filter::filter;
use crate::http::{Request, Route, Safety, Vertical};

use crate::session::OrderRoutes;
use crate::{
    ClientReference, EsimOrder, EsimOrderId, EsimOrderStatus, Items, NewEsimOrder, Page, Result, Session,
};

pub(in crate::api) const ORDERS: OrderRoutes = OrderRoutes {
    place: Route::order("/api/v1/esim/orders", Vertical::Esims),
    list: ListEsimOrders::ROUTE,
    one: Route::get("/api/v1/esim/orders/:id").with_secrets(),
};
const NOTIFICATION_EMAIL: Route =
    Route::patch("/api/v1/esim/orders/:id/notification-email", Safety::Idempotent);

filter! {
    /// Which eSIM orders a list holds; the newest come first.
    ListEsimOrders = Route::get("/api/v1/esim/orders").with_secrets(), "per_page" up to 500;
    /// All eSIM orders of this client.
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

impl Session {
    /// Orders an eSIM and pays for it. The server can take a minute to answer.
    ///
    /// The answer succeeds even if the order failed: branch on its [`status`](EsimOrder::status).
    ///
    /// `POST /api/v1/esim/orders`
    ///
    /// # Errors
    /// [`InvalidRequest`](crate::ErrorKind::InvalidRequest) if the order breaks a rule,
    /// [`InsufficientFunds`](crate::ErrorKind::InsufficientFunds) if the wallet does not cover it,
    /// [`DuplicateReference`](crate::ErrorKind::DuplicateReference) if an order has the reference that this call is not
    /// known to have placed: another product's, or one that was created earlier. Such an order does not show what it
    /// was asked for with, so only a lookup by the program that stored it can tell.
    ///
    /// If [`may_have_executed`](crate::Error::may_have_executed) is true, the order may exist: ask
    /// [`find_esim_order`](Session::find_esim_order) for it later. If it is false, nothing was ordered *by this call*.
    /// That says nothing about an earlier call with the same reference. So store the order before it is placed, and
    /// after a crash ask `find_esim_order` first and place it only if there is none.
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

    /// Lists one page of the eSIM orders, the newest first, without their activation codes.
    ///
    /// `GET /api/v1/esim/orders`
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
    /// let page = session.list_esim_orders(&ListEsimOrders::new().status(EsimOrderStatus::Failed))?;
    /// assert!(page.items.is_empty());
    /// # Ok::<(), Error>(())
    /// ```
    pub fn list_esim_orders(&self, filter: &ListEsimOrders) -> Result<Page<EsimOrder>> {
        self.fetch_page(&filter.0)
    }

    /// Walks all eSIM orders, the newest first and without their activation codes, page after page, as they
    /// are asked for.
    ///
    /// `GET /api/v1/esim/orders`, as often as it takes.
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
    /// for order in session.esim_orders(&ListEsimOrders::new()) {
    ///     println!("{}", order?.status);
    /// }
    /// # Ok::<(), Error>(())
    /// ```
    pub fn esim_orders(&self, filter: &ListEsimOrders) -> Items<'_, EsimOrder> {
        Items::new(self, filter.0.clone())
    }

    /// Gets one eSIM order, with its activation code once it is delivered and until it is installed.
    ///
    /// The server asks the operator whether a delivered eSIM was installed.
    ///
    /// `GET /api/v1/esim/orders/:id`
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
    /// # let placed =
    /// #     session.create_esim_order(&NewEsimOrder::new(product.id, plan.amount, ClientReference::generate()))?;
    /// let order = session.get_esim_order(placed.id)?;
    /// println!("{}: {}", order.id, order.status);
    /// # Ok::<(), Error>(())
    /// ```
    pub fn get_esim_order(&self, id: EsimOrderId) -> Result<EsimOrder> {
        self.get_placed(&ORDERS, id.get())
    }

    /// Finds an order of an eSIM by its client reference, in full.
    ///
    /// Ask this before a stored order is placed again, for example after a crash. All pages are read until the order is
    /// found: a server may filter by the beginning of the reference, or not at all.
    ///
    /// `GET /api/v1/esim/orders?client_reference=...`, as often as it takes, then `GET /api/v1/esim/orders/:id`
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

    /// Waits until an order of an eSIM is done, for so long at most.
    ///
    /// It reads the order at once, whatever the timeout, then every 5 seconds for a minute, then every 30 seconds; it waits
    /// longer if the server says so. An error that may pass does not end the wait, and neither does a 404 in the first 10
    /// seconds.
    ///
    /// `GET /api/v1/esim/orders/:id`, as often as it takes
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

    /// Sets the address that is mailed once when an eSIM is delivered, fails or is called off.
    ///
    /// `PATCH /api/v1/esim/orders/:id/notification-email`
    ///
    /// # Errors
    /// [`NotFound`](crate::ErrorKind::NotFound) if there is no such order that this client can see,
    /// [`InvalidRequest`](crate::ErrorKind::InvalidRequest) if the address has no address's shape or more than
    /// 254 bytes.
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
