//! Wallets and their transactions.

use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use crate::api::filter::filter;
use crate::http::Route;
use crate::model::check;
use crate::{
    CurrencyId, Items, Page, Result, Session, Transaction, TransactionId, TransactionStatus, TransactionType,
    Wallet, WalletId,
};

const WALLET: Route = Route::get("/api/v1/wallets/:id");
const TRANSACTION: Route = Route::get("/api/v1/transactions/:id");

filter! {
    /// Selects wallets.
    ListWallets = Route::get("/api/v1/wallets"), "limit" up to 10_000;
    /// Selects all wallets, newest first.
    new
}

impl ListWallets {
    /// Only wallets in this currency, an ISO 4217 code.
    #[must_use]
    pub fn currency(self, code: &str) -> Self {
        ListWallets(self.0.set("currency", code))
    }

    /// Only wallets with this name.
    #[must_use]
    pub fn name(self, name: &str) -> Self {
        ListWallets(self.0.set("name", name))
    }
}

filter! {
    /// Selects transactions, newest first.
    ///
    /// The newest servers filter by wallet only and ignore the other filters, so check each transaction.
    ListTransactions = Route::get("/api/v1/transactions"), "limit" up to 10_000;
    /// Selects all transactions of all wallets.
    new
}

impl ListTransactions {
    /// Only transactions of this wallet.
    #[must_use]
    pub fn wallet(self, wallet: WalletId) -> Self {
        ListTransactions(self.0.set_checked("wallet_id", wallet, check::id(wallet.get())))
    }

    /// Only transactions in this direction.
    #[must_use]
    pub fn transaction_type(self, direction: TransactionType) -> Self {
        ListTransactions(self.0.set("transaction_type", direction))
    }

    /// Only transactions in this status.
    #[must_use]
    pub fn status(self, status: TransactionStatus) -> Self {
        ListTransactions(self.0.set("status", status))
    }

    /// Only transactions in this currency.
    #[must_use]
    pub fn currency(self, currency: CurrencyId) -> Self {
        ListTransactions(self.0.set_checked("currency_id", currency, check::id(currency.get())))
    }

    /// Only transactions at or after this instant.
    #[must_use]
    pub fn since(self, start: OffsetDateTime) -> Self {
        self.time("start_date", start)
    }

    /// Only transactions at or before this instant.
    #[must_use]
    pub fn until(self, end: OffsetDateTime) -> Self {
        self.time("end_date", end)
    }

    fn time(self, name: &'static str, time: OffsetDateTime) -> Self {
        let text = time.format(&Rfc3339);
        let check = check::ensure(text.is_ok(), || "a time lies in the years 0 to 9999");
        ListTransactions(self.0.set_checked(name, text.unwrap_or_default(), check))
    }
}

/// # Wallets and transactions
impl Session {
    /// Lists one page of wallets, newest first.
    ///
    /// `GET /api/v1/wallets`
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
    /// let page = session.list_wallets(&ListWallets::new())?;
    /// assert!(!page.items.is_empty());
    /// # Ok::<(), Error>(())
    /// ```
    pub fn list_wallets(&self, filter: &ListWallets) -> Result<Page<Wallet>> {
        self.fetch_page(&filter.0)
    }

    /// Iterates over all wallets, newest first.
    ///
    /// `GET /api/v1/wallets` for each page
    ///
    /// Yields an error with [`unreadable`](crate::Error::unreadable) for each wallet that cannot be read, and
    /// continues. Any other error ends the iteration. If the list changes meanwhile, items may be missed or come
    /// twice: see [`Items`].
    ///
    /// # Examples
    /// ```
    /// # use popup_rewards::{sandbox::Sandbox, *};
    /// # let sandbox = Sandbox::start()?;
    /// # let session = sandbox.session();
    /// for wallet in session.wallets(&ListWallets::new()) {
    ///     println!("{}", wallet?.amount);
    /// }
    /// # Ok::<(), Error>(())
    /// ```
    pub fn wallets(&self, filter: &ListWallets) -> Items<'_, Wallet> {
        Items::new(self, filter.0.clone())
    }

    /// Gets one wallet.
    ///
    /// Some servers lack this route and respond with 404. [`list_wallets`](Session::list_wallets) works on all.
    ///
    /// `GET /api/v1/wallets/:id`
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
    /// # let wallet = session.list_wallets(&ListWallets::new())?.items.remove(0);
    /// assert_eq!(session.get_wallet(wallet.id)?.currency_id, wallet.currency_id);
    /// # Ok::<(), Error>(())
    /// ```
    pub fn get_wallet(&self, id: WalletId) -> Result<Wallet> {
        self.fetch_one(WALLET, id.get())
    }

    /// Lists one page of transactions, newest first.
    ///
    /// `GET /api/v1/transactions`
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
    /// let page = session.list_transactions(&ListTransactions::new().limit(10))?;
    /// assert!(page.items.len() <= 10);
    /// # Ok::<(), Error>(())
    /// ```
    pub fn list_transactions(&self, filter: &ListTransactions) -> Result<Page<Transaction>> {
        self.fetch_page(&filter.0)
    }

    /// Iterates over all transactions, newest first.
    ///
    /// `GET /api/v1/transactions` for each page
    ///
    /// Yields an error with [`unreadable`](crate::Error::unreadable) for each transaction that cannot be read, and
    /// continues. Any other error ends the iteration. If the list changes meanwhile, items may be missed or come
    /// twice: see [`Items`].
    ///
    /// # Examples
    /// ```
    /// # use popup_rewards::{sandbox::Sandbox, *};
    /// # let sandbox = Sandbox::start()?;
    /// # let session = sandbox.session();
    /// for transaction in session.transactions(&ListTransactions::new()).take(10) {
    ///     let transaction = transaction?;
    ///     println!("{} {}", transaction.transaction_type, transaction.amount);
    /// }
    /// # Ok::<(), Error>(())
    /// ```
    pub fn transactions(&self, filter: &ListTransactions) -> Items<'_, Transaction> {
        Items::new(self, filter.0.clone())
    }

    /// Gets one transaction.
    ///
    /// `GET /api/v1/transactions/:id`
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
    /// if let Some(transaction) = session.transactions(&ListTransactions::new()).next().transpose()? {
    ///     assert_eq!(session.get_transaction(transaction.id)?.amount, transaction.amount);
    /// }
    /// # Ok::<(), Error>(())
    /// ```
    pub fn get_transaction(&self, id: TransactionId) -> Result<Transaction> {
        self.fetch_one(TRANSACTION, id.get())
    }
}
