//! Top-ups: placed once, found again, followed to their end.

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
    place: Route::order("/api/v1/topups/orders", Vertical::Topups),
    list: ListTopupOrders::ROUTE,
    one: Route::get("/api/v1/topups/orders/:id").with_secrets(),
};
const NOTIFICATION_EMAIL: Route =
    Route::patch("/api/v1/topups/orders/:id/notification-email", Safety::Idempotent);

filter! {
    /// Which top-ups a list holds; the newest come first.
    ListTopupOrders = Route::get("/api/v1/topups/orders"), "per_page" up to 500;
    /// All top-ups of this client.
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

    /// Only top-ups in this country, ISO 3166-1 alpha-3, or `GLO`.
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

impl Session {
    /// Orders a top-up and pays for it.
    ///
    /// Most top-ups are [`Pending`](crate::TopupOrderStatus::Pending) at first, and paid.
    ///
    /// `POST /api/v1/topups/orders`
    ///
    /// # Errors
    /// [`InvalidRequest`](crate::ErrorKind::InvalidRequest) if the order breaks a rule,
    /// [`InsufficientFunds`](crate::ErrorKind::InsufficientFunds) if the wallet does not cover it,
    /// [`DuplicateReference`](crate::ErrorKind::DuplicateReference) if an order has the reference that this call is not
    /// known to have placed: another product's, or one that was created earlier. Such an order does not show what it
    /// was asked for with, so only a lookup by the program that stored it can tell.
    ///
    /// If [`may_have_executed`](crate::Error::may_have_executed) is true, the order may exist: ask
    /// [`find_topup_order`](Session::find_topup_order) for it later. If it is false, nothing was ordered *by this call*.
    /// That says nothing about an earlier call with the same reference. So store the order before it is placed, and
    /// after a crash ask `find_topup_order` first and place it only if there is none.
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

    /// Lists one page of the top-ups, the newest first.
    ///
    /// `GET /api/v1/topups/orders`
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
    /// let page = session.list_topup_orders(&ListTopupOrders::new().country("USA"))?;
    /// assert_eq!(page.page, 1);
    /// # Ok::<(), Error>(())
    /// ```
    pub fn list_topup_orders(&self, filter: &ListTopupOrders) -> Result<Page<TopupOrder>> {
        self.fetch_page(&filter.0)
    }

    /// Walks all top-ups, the newest first, page after page, as they are asked for.
    ///
    /// `GET /api/v1/topups/orders`, as often as it takes.
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
    /// for order in session.topup_orders(&ListTopupOrders::new()) {
    ///     println!("{}", order?.status);
    /// }
    /// # Ok::<(), Error>(())
    /// ```
    pub fn topup_orders(&self, filter: &ListTopupOrders) -> Items<'_, TopupOrder> {
        Items::new(self, filter.0.clone())
    }

    /// Gets one top-up as it is now: the server asks the operator again while it is under way.
    ///
    /// `GET /api/v1/topups/orders/:id`
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

    /// Finds a top-up by its client reference, in full.
    ///
    /// Ask this before a stored order is placed again, for example after a crash. All pages are read until the order is
    /// found: a server may filter by the beginning of the reference, or not at all.
    ///
    /// `GET /api/v1/topups/orders?client_reference=...`, as often as it takes, then `GET /api/v1/topups/orders/:id`
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

    /// Waits until a top-up is done, for so long at most.
    ///
    /// It reads the order at once, whatever the timeout, then every 5 seconds for a minute, then every 30 seconds; it waits
    /// longer if the server says so. An error that may pass does not end the wait, and neither does a 404 in the first 10
    /// seconds.
    ///
    /// `GET /api/v1/topups/orders/:id`, as often as it takes
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

    /// Sets the address that is mailed once when a top-up is delivered, fails or is called off.
    ///
    /// `PATCH /api/v1/topups/orders/:id/notification-email`
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
