//! Wallets and their ledger: every balance is the sum of its transactions.

use rust_decimal::Decimal;
use serde::Serialize;
use time::OffsetDateTime;

use super::call::Call;
use super::charges::Terms;
use super::paging::Paging;
use super::reference::{Currency, currency_of};
use super::reply::{Answer, Refusal, Reply};
use super::state::State;
use super::wire::Amount;

pub(super) struct Wallets {
    all: Vec<Wallet>,
    ledger: Vec<Transaction>,
}

pub(super) struct Wallet {
    pub(super) id: i64,
    pub(super) currency: &'static Currency,
    pub(super) balance: Decimal,
    kind: &'static str,
}

#[derive(Clone)]
pub(super) struct Transaction {
    pub(super) id: i64,
    pub(super) wallet: i64,
    pub(super) currency: &'static Currency,
    pub(super) amount: Decimal,
    pub(super) direction: &'static str,
    /// The exchange, if there was one: from, to, rate.
    exchange: Option<(&'static str, &'static str, Decimal)>,
    remarks: String,
    pub(super) at: OffsetDateTime,
}

const FIRST_TRANSACTION: i64 = 5001;

impl Wallets {
    /// Five wallets with a million dollars' worth in each, more or less.
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
            wallets.all.push(Wallet { id, currency: currency_of(code), balance, kind });
            wallets.book(id, Decimal::from(amount), None, "opening balance".to_owned(), now);
        }
        wallets
    }

    pub(super) fn find(&self, id: i64) -> Option<&Wallet> {
        self.all.iter().find(|wallet| wallet.id == id)
    }

    /// The wallet that pays: the one named, else the one in the product's currency, else the first.
    pub(super) fn paying(&self, id: Option<i64>, currency: &Currency) -> Result<&Wallet, Refusal> {
        let found = match id {
            Some(id) => self.find(id),
            None => self.all.iter().find(|it| it.currency.id == currency.id).or(self.all.first()),
        };
        found.ok_or_else(|| Refusal::bad_request("Invalid wallet ID"))
    }

    /// Takes the price of a sale, or refuses it when the wallet does not hold that much.
    pub(super) fn debit(
        &mut self,
        terms: &Terms,
        remarks: String,
        now: OffsetDateTime,
    ) -> Result<i64, Refusal> {
        let balance = self.find(terms.wallet).map_or(Decimal::ZERO, |wallet| wallet.balance);
        if balance < terms.payable {
            return Err(Refusal::insufficient_funds());
        }
        let exchange = terms.rate.map(|rate| (terms.source.code, terms.destination.code, rate));
        self.book(terms.wallet, -terms.payable, exchange, remarks, now)
            .ok_or_else(|| Refusal::bad_request("Invalid wallet ID"))
    }

    /// Moves money into (positive) or out of (negative) a wallet and writes it down; returns the transaction.
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
        self.ledger.push(Transaction {
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

    pub(super) fn transaction(&self, id: i64) -> Option<&Transaction> {
        let place = id.checked_sub(FIRST_TRANSACTION)?;
        self.ledger.get(usize::try_from(place).ok()?)
    }
}

#[derive(Serialize)]
struct WalletBody {
    id: i64,
    currency_id: i64,
    amount: Amount,
    r#type: &'static str,
}

impl Wallet {
    fn body(&self) -> WalletBody {
        let Wallet { id, currency, balance, kind } = self;
        WalletBody { id: *id, currency_id: currency.id, amount: Amount(*balance), r#type: kind }
    }
}

#[derive(Serialize)]
struct TransactionBody {
    id: i64,
    wallet_id: i64,
    currency_id: i64,
    amount: Amount,
    transaction_type: &'static str,
    status: &'static str,
    source_currency: Option<&'static str>,
    destination_currency: Option<&'static str>,
    forex_rate: Option<Amount>,
    conversion_charges: Option<Amount>,
    remarks: String,
    created_at: String,
}

impl Transaction {
    fn body(&self, state: &State) -> TransactionBody {
        TransactionBody {
            id: self.id,
            wallet_id: self.wallet,
            currency_id: self.currency.id,
            amount: Amount(self.amount),
            transaction_type: self.direction,
            status: "COMPLETED",
            source_currency: self.exchange.map(|(from, ..)| from),
            destination_currency: self.exchange.map(|(_, to, _)| to),
            forex_rate: self.exchange.map(|(.., rate)| Amount(rate)),
            conversion_charges: self.exchange.map(|_| Amount(Decimal::ZERO)),
            remarks: self.remarks.clone(),
            created_at: state.stamp(self.at),
        }
    }

    /// What a `wallet.debited` or `wallet.credited` event tells.
    pub(super) fn event(&self, state: &State) -> impl Serialize + use<> {
        #[derive(Serialize)]
        struct Data {
            wallet_id: i64,
            transaction_id: i64,
            amount: Amount,
            currency: &'static str,
            created_at: String,
        }
        Data {
            wallet_id: self.wallet,
            transaction_id: self.id,
            amount: Amount(self.amount),
            currency: self.currency.code,
            created_at: state.stamp(self.at),
        }
    }
}

pub(super) fn list(state: &mut State, call: &Call) -> Answer {
    let paging = Paging::read(call, "limit", 10_000)?;
    let wanted = |name: &str, value: &str| call.query(name).is_none_or(|it| it.eq_ignore_ascii_case(value));
    let wallets = state.wallets.all.iter().rev().filter(|it| wanted("currency", it.currency.code));
    Ok(paging.reply(&wallets.collect::<Vec<_>>(), |wallet| wallet.body()))
}

pub(super) fn get(state: &mut State, call: &Call) -> Answer {
    let wallet = state.wallets.find(call.id("wallet")?);
    wallet.map(|it| Reply::ok(&it.body())).ok_or_else(|| Refusal::not_found("Wallet not found"))
}

pub(super) fn transactions(state: &mut State, call: &Call) -> Answer {
    let paging = Paging::read(call, "limit", 10_000)?;
    let wallet = call.query_number("wallet_id")?;
    let ledger = state.wallets.ledger.iter().rev().filter(|it| wallet.is_none_or(|id| id == it.wallet));
    Ok(paging.reply(&ledger.collect::<Vec<_>>(), |transaction| transaction.body(state)))
}

pub(super) fn transaction(state: &mut State, call: &Call) -> Answer {
    let transaction = state.wallets.transaction(call.id("transaction")?);
    let transaction = transaction.ok_or_else(|| Refusal::not_found("Transaction not found"))?;
    Ok(Reply::ok(&transaction.body(state)))
}
