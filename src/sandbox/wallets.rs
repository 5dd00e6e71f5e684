//! Wallets and their ledger. Every balance is the sum of the wallet's transactions.

use rust_decimal::Decimal;
use serde::Serialize;
use time::OffsetDateTime;

use super::api_error::ApiError;
use super::json_amount::JsonAmount;
use super::page_params::PageParams;
use super::price_quote::PriceQuote;
use super::reference::{CurrencyRecord, currency_of};
use super::routes::ApiRoute;
use super::server_request::ServerRequest;
use super::server_response::{HandlerResult, ServerResponse};
use super::server_state::ServerState;

pub(super) const ROUTES: &[ApiRoute] = &[
    ApiRoute::get("GET /api/v1/wallets", list),
    ApiRoute::get("GET /api/v1/wallets/:id", get),
    ApiRoute::get("GET /api/v1/transactions", transactions),
    ApiRoute::get("GET /api/v1/transactions/:id", transaction),
];

pub(super) struct Wallets {
    all: Vec<WalletRecord>,
    ledger: Vec<TransactionRecord>,
}

pub(super) struct WalletRecord {
    pub(super) id: i64,
    pub(super) currency: &'static CurrencyRecord,
    pub(super) balance: Decimal,
    kind: &'static str,
}

#[derive(Clone)]
pub(super) struct TransactionRecord {
    pub(super) id: i64,
    pub(super) wallet: i64,
    pub(super) currency: &'static CurrencyRecord,
    pub(super) amount: Decimal,
    pub(super) direction: &'static str,
    /// The currency exchange, if there was one: from, to, rate.
    exchange: Option<(&'static str, &'static str, Decimal)>,
    remarks: String,
    pub(super) at: OffsetDateTime,
}

const FIRST_TRANSACTION: i64 = 5001;

impl Wallets {
    /// Creates five wallets, each worth about a million dollars.
    pub(super) fn new(now: OffsetDateTime) -> Self {
        let mut wallets = Wallets { all: Vec::new(), ledger: Vec::new() };
        let opening = [
            (9, "USD", 1_000_000, "PREPAID"),
            (10, "EUR", 1_000_000, "PREPAID"),
            (11, "GBP", 1_000_000, "POSTPAID"),
            (12, "JPY", 150_000_000, "PREPAID"),
            (13, "INR", 80_000_000, "PREPAID"),
        ];
        for (id, code, amount, kind) in opening {
            let mut balance = Decimal::ZERO;
            balance.rescale(currency_of(code).precision);
            wallets.all.push(WalletRecord { id, currency: currency_of(code), balance, kind });
            wallets.book(id, Decimal::from(amount), None, "opening balance".to_owned(), now);
        }
        wallets
    }

    pub(super) fn find(&self, id: i64) -> Option<&WalletRecord> {
        self.all.iter().find(|wallet| wallet.id == id)
    }

    /// Returns the wallet that pays: the one with this id. Without an id, the one in the product's currency, or
    /// else the first.
    pub(super) fn paying(
        &self,
        id: Option<i64>,
        currency: &CurrencyRecord,
    ) -> Result<&WalletRecord, ApiError> {
        let found = match id {
            Some(id) => self.find(id),
            None => self.all.iter().find(|it| it.currency.id == currency.id).or(self.all.first()),
        };
        found.ok_or_else(|| ApiError::bad_request("Invalid wallet ID"))
    }

    /// Debits the price of a sale. Fails if the balance is too low.
    pub(super) fn debit(
        &mut self,
        quote: &PriceQuote,
        remarks: String,
        now: OffsetDateTime,
    ) -> Result<i64, ApiError> {
        let balance = self.find(quote.wallet).map_or(Decimal::ZERO, |wallet| wallet.balance);
        if balance < quote.payable {
            return Err(ApiError::insufficient_funds());
        }
        let exchange = quote.rate.map(|rate| (quote.source.code, quote.destination.code, rate));
        self.book(quote.wallet, -quote.payable, exchange, remarks, now)
            .ok_or_else(|| ApiError::bad_request("Invalid wallet ID"))
    }

    /// Credits (positive) or debits (negative) a wallet and records the transaction. Returns the transaction's id,
    /// or `None` if the wallet does not exist.
    pub(super) fn book(
        &mut self,
        id: i64,
        change: Decimal,
        exchange: Option<(&'static str, &'static str, Decimal)>,
        remarks: String,
        at: OffsetDateTime,
    ) -> Option<i64> {
        let wallet = self.all.iter_mut().find(|wallet| wallet.id == id)?;
        wallet.balance += change;
        let transaction = self.ledger.last().map_or(FIRST_TRANSACTION, |last| last.id + 1);
        self.ledger.push(TransactionRecord {
            id: transaction,
            wallet: id,
            currency: wallet.currency,
            amount: change.abs(),
            direction: if change.is_sign_negative() { "DEBIT" } else { "CREDIT" },
            exchange,
            remarks,
            at,
        });
        Some(transaction)
    }

    pub(super) fn transaction(&self, id: i64) -> Option<&TransactionRecord> {
        let index = id.checked_sub(FIRST_TRANSACTION)?;
        self.ledger.get(usize::try_from(index).ok()?)
    }
}

#[derive(Serialize)]
struct WalletResponse {
    id: i64,
    currency_id: i64,
    amount: JsonAmount,
    r#type: &'static str,
}

impl WalletRecord {
    fn response(&self) -> WalletResponse {
        let WalletRecord { id, currency, balance, kind } = self;
        WalletResponse { id: *id, currency_id: currency.id, amount: JsonAmount(*balance), r#type: kind }
    }
}

#[derive(Serialize)]
struct TransactionResponse {
    id: i64,
    wallet_id: i64,
    currency_id: i64,
    amount: JsonAmount,
    transaction_type: &'static str,
    status: &'static str,
    source_currency: Option<&'static str>,
    destination_currency: Option<&'static str>,
    forex_rate: Option<JsonAmount>,
    conversion_charges: Option<JsonAmount>,
    remarks: String,
    created_at: String,
}

impl TransactionRecord {
    fn response(&self, state: &ServerState) -> TransactionResponse {
        TransactionResponse {
            id: self.id,
            wallet_id: self.wallet,
            currency_id: self.currency.id,
            amount: JsonAmount(self.amount),
            transaction_type: self.direction,
            status: "COMPLETED",
            source_currency: self.exchange.map(|(from, ..)| from),
            destination_currency: self.exchange.map(|(_, to, _)| to),
            forex_rate: self.exchange.map(|(.., rate)| JsonAmount(rate)),
            conversion_charges: self.exchange.map(|_| JsonAmount(Decimal::ZERO)),
            remarks: self.remarks.clone(),
            created_at: state.timestamp(self.at),
        }
    }

    /// Returns the `data` of a `wallet.debited` or `wallet.credited` event.
    pub(super) fn event_data(&self, state: &ServerState) -> impl Serialize + use<> {
        #[derive(Serialize)]
        struct WalletEventData {
            wallet_id: i64,
            transaction_id: i64,
            amount: JsonAmount,
            currency: &'static str,
            created_at: String,
        }
        WalletEventData {
            wallet_id: self.wallet,
            transaction_id: self.id,
            amount: JsonAmount(self.amount),
            currency: self.currency.code,
            created_at: state.timestamp(self.at),
        }
    }
}

fn list(state: &mut ServerState, request: &ServerRequest) -> HandlerResult {
    let page = PageParams::read(request, "limit", 10_000)?;
    let wallets = state.wallets.all.iter().rev().filter(|it| request.filter("currency", it.currency.code));
    Ok(page.response(&wallets.collect::<Vec<_>>(), |wallet| wallet.response()))
}

fn get(state: &mut ServerState, request: &ServerRequest) -> HandlerResult {
    let wallet = state.wallets.find(request.id("wallet")?);
    wallet.map(|it| ServerResponse::ok(&it.response())).ok_or_else(|| ApiError::not_found("Wallet not found"))
}

fn transactions(state: &mut ServerState, request: &ServerRequest) -> HandlerResult {
    let page = PageParams::read(request, "limit", 10_000)?;
    let wallet = request.query_number("wallet_id")?;
    let ledger = state.wallets.ledger.iter().rev().filter(|it| wallet.is_none_or(|id| id == it.wallet));
    Ok(page.response(&ledger.collect::<Vec<_>>(), |transaction| transaction.response(state)))
}

fn transaction(state: &mut ServerState, request: &ServerRequest) -> HandlerResult {
    let transaction = state.wallets.transaction(request.id("transaction")?);
    let transaction = transaction.ok_or_else(|| ApiError::not_found("Transaction not found"))?;
    Ok(ServerResponse::ok(&transaction.response(state)))
}
