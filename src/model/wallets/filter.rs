//! Which wallets and which transactions a list holds.

use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use crate::http::Request;
use crate::model::paging::{Paging, paging_setters};
use crate::{CurrencyId, Error, TransactionStatus, TransactionType, WalletId};

/// Which wallets a list holds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ListWallets {
    paging: Paging,
    currency: Option<String>,
    name: Option<String>,
}

impl ListWallets {
    /// All wallets, the newest first.
    #[must_use]
    pub fn new() -> Self {
        ListWallets::default()
    }

    paging_setters!("10,000");

    /// Only wallets in this currency, ISO 4217.
    #[must_use]
    pub fn currency(mut self, code: &str) -> Self {
        self.currency = Some(code.to_owned());
        self
    }

    /// Only wallets with this name.
    #[must_use]
    pub fn name(mut self, name: &str) -> Self {
        self.name = Some(name.to_owned());
        self
    }

    pub(crate) fn request(&self) -> Request {
        self.paging
            .apply(Request::get("/api/v1/wallets"), "limit", 10_000)
            .query("currency", self.currency.as_ref())
            .query("name", self.name.as_ref())
    }
}

/// Which transactions a list holds; the newest come first.
///
/// The newest servers filter by wallet only and leave the other filters to the caller: look at what comes back.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ListTransactions {
    paging: Paging,
    wallet: Option<WalletId>,
    transaction_type: Option<TransactionType>,
    status: Option<TransactionStatus>,
    currency: Option<CurrencyId>,
    since: Option<OffsetDateTime>,
    until: Option<OffsetDateTime>,
}

impl ListTransactions {
    /// All transactions of all wallets.
    #[must_use]
    pub fn new() -> Self {
        ListTransactions::default()
    }

    paging_setters!("10,000");

    /// Only transactions of this wallet.
    #[must_use]
    pub fn wallet(mut self, wallet: WalletId) -> Self {
        self.wallet = Some(wallet);
        self
    }

    /// Only transactions in this direction.
    #[must_use]
    pub fn transaction_type(mut self, direction: TransactionType) -> Self {
        self.transaction_type = Some(direction);
        self
    }

    /// Only transactions in this status.
    #[must_use]
    pub fn status(mut self, status: TransactionStatus) -> Self {
        self.status = Some(status);
        self
    }

    /// Only transactions in this currency.
    #[must_use]
    pub fn currency(mut self, currency: CurrencyId) -> Self {
        self.currency = Some(currency);
        self
    }

    /// Only transactions at or after this time.
    #[must_use]
    pub fn since(mut self, start: OffsetDateTime) -> Self {
        self.since = Some(start);
        self
    }

    /// Only transactions up to this time.
    #[must_use]
    pub fn until(mut self, end: OffsetDateTime) -> Self {
        self.until = Some(end);
        self
    }

    pub(crate) fn request(&self) -> Request {
        let times = (written(self.since), written(self.until));
        self.paging
            .apply(Request::get("/api/v1/transactions"), "limit", 10_000)
            .query("wallet_id", self.wallet)
            .query("transaction_type", self.transaction_type.as_ref())
            .query("status", self.status.as_ref())
            .query("currency_id", self.currency)
            .require(times.0.is_ok() && times.1.is_ok(), || {
                Error::invalid_request("a time lies in the years 0 to 9999")
            })
            .query("start_date", times.0.unwrap_or_default())
            .query("end_date", times.1.unwrap_or_default())
            .needs_id(self.wallet.map(WalletId::get))
            .needs_id(self.currency.map(CurrencyId::get))
    }
}

fn written(time: Option<OffsetDateTime>) -> Result<Option<String>, time::error::Format> {
    time.map(|time| time.format(&Rfc3339)).transpose()
}
