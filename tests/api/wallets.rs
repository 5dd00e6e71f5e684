//! Wallets and their transactions.

use anyhow::Result;
use popup_rewards::{
    CurrencyId, ErrorKind, ListTransactions, ListWallets, Transaction, TransactionId, TransactionStatus,
    TransactionType, Wallet, WalletId, WalletType,
};
use rust_decimal::Decimal;
use time::OffsetDateTime;

use crate::common::mock::{Api, fixture, read};

#[test]
fn wallets_are_listed_with_their_filters() -> Result<()> {
    let mut api = Api::start()?;
    let call = api
        .get("/api/v1/wallets?currency=USD&limit=10000&name=Main%20%26%20spare&page=2")
        .with_header("x-page", "2")
        .with_header("x-total-count", "10003")
        .with_header("x-total-pages", "2")
        .with_body(fixture("wallets/wallets")?)
        .create();
    let filter = ListWallets::new().page(2).limit(10_000).currency("USD").name("Main & spare");
    let page = api.session.list_wallets(&filter)?;
    call.assert();
    assert_eq!((page.page, page.total, page.total_pages, page.has_more), (2, Some(10_003), Some(2), false));
    assert_eq!(page.items[0].currency_id, CurrencyId::from(1));
    api.finish();
    Ok(())
}

#[test]
fn balances_are_exact_and_unknown_types_are_kept() -> Result<()> {
    let wallets: Vec<Wallet> = read("wallets/wallets")?;
    let seen: Vec<_> =
        wallets.iter().map(|wallet| (wallet.amount.to_string(), wallet.wallet_type.as_str())).collect();
    let expected = [("1250.75", "PREPAID"), ("-20.50", "POSTPAID"), ("0", "ESCROW")];
    assert_eq!(seen, expected.map(|(amount, kind)| (amount.to_owned(), kind)));
    assert_eq!(wallets[2].wallet_type, WalletType::Unknown("ESCROW".to_owned()));
    assert_eq!(serde_json::to_value(&wallets[2])?["type"], "ESCROW");
    Ok(())
}

#[test]
fn all_wallets_are_walked() -> Result<()> {
    let mut api = Api::start()?;
    let last = api.get("/api/v1/wallets?limit=500&page=2").with_body("[]").create();
    let call = api.get("/api/v1/wallets?limit=500&page=1").with_body(fixture("wallets/wallets")?).create();
    let wallets = api.session.wallets(&ListWallets::new()).collect::<Result<Vec<_>, _>>()?;
    call.assert();
    last.assert();
    assert_eq!(wallets.len(), 3);
    api.finish();
    Ok(())
}

#[test]
fn a_walk_ends_on_a_server_that_ignores_the_page_number() -> Result<()> {
    let mut api = Api::start()?;
    let body = format!("[{}]", fixture("wallets/wallet")?);
    let calls: Vec<_> = [1, 2]
        .map(|page| {
            let call = api.get(&format!("/api/v1/wallets?limit=500&page={page}"));
            call.with_header("x-page", "1").with_header("x-has-more", "true").with_body(&body).create()
        })
        .into();
    let filter = ListWallets::new();
    let mut wallets = api.session.wallets(&filter);
    assert!(wallets.next().is_some_and(|wallet| wallet.is_ok()));
    let error = wallets.next().unwrap().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidResponse);
    assert!(wallets.next().is_none());
    drop(wallets);
    calls.iter().for_each(mockito::Mock::assert);
    api.finish();
    Ok(())
}

#[test]
fn one_wallet_is_fetched_with_its_exact_balance() -> Result<()> {
    let mut api = Api::start()?;
    let call = api.get("/api/v1/wallets/9").with_body(fixture("wallets/wallet")?).create();
    let wallet = api.session.get_wallet(WalletId::from(9))?;
    call.assert();
    assert_eq!(wallet.amount.to_string(), "12345678901234567.89");
    assert!(serde_json::to_string(&wallet)?.contains("12345678901234567.89"));
    api.finish();
    Ok(())
}

#[test]
fn transactions_are_listed_with_their_filters() -> Result<()> {
    let mut api = Api::start()?;
    let target = "/api/v1/transactions?currency_id=1&end_date=2031-03-02T00%3A00%3A00Z&limit=50&page=1\
                  &start_date=2031-03-01T00%3A00%3A00Z&status=COMPLETED&transaction_type=DEBIT&wallet_id=9";
    let call = api.get(target).with_body(fixture("wallets/transactions")?).create();
    let filter = ListTransactions::new()
        .page(1)
        .limit(50)
        .wallet(WalletId::from(9))
        .transaction_type(TransactionType::Debit)
        .status(TransactionStatus::Completed)
        .currency(CurrencyId::from(1))
        .since(OffsetDateTime::from_unix_timestamp(1_930_089_600)?)
        .until(OffsetDateTime::from_unix_timestamp(1_930_176_000)?);
    let page = api.session.list_transactions(&filter)?;
    call.assert();
    let exchange = &page.items[1];
    assert_eq!(exchange.destination_currency.as_deref(), Some("EUR"));
    assert_eq!(exchange.forex_rate, Some(Decimal::new(915_559, 6)));
    assert_eq!(exchange.created_at.map(OffsetDateTime::unix_timestamp), Some(1_930_208_400));
    assert_eq!((page.items[0].forex_rate, page.items[0].source_currency.as_deref()), (None, None));
    api.finish();
    Ok(())
}

#[test]
fn the_amount_of_a_transaction_is_the_same_with_or_without_a_sign() -> Result<()> {
    let positive: Vec<Transaction> = read("wallets/transactions")?;
    let signed: Vec<Transaction> = read("wallets/transactions_signed")?;
    for transaction in [&positive[0], &signed[0]] {
        assert_eq!(transaction.amount.to_string(), "39.00");
        assert_eq!(transaction.transaction_type, TransactionType::Debit);
        assert_eq!(transaction.status, TransactionStatus::Completed);
    }
    let refund = &signed[1];
    assert_eq!((refund.amount.to_string().as_str(), refund.transaction_type.as_str()), ("39.00", "CREDIT"));
    assert_eq!(refund.status, TransactionStatus::Unknown("REVERSED".to_owned()));
    assert_eq!((refund.currency_id, refund.forex_rate, refund.created_at), (None, None, None));
    Ok(())
}

#[test]
fn all_transactions_are_walked() -> Result<()> {
    let mut api = Api::start()?;
    let first = api
        .get("/api/v1/transactions?limit=500&page=1&wallet_id=9")
        .with_header("x-has-more", "true")
        .with_body(fixture("wallets/transactions")?)
        .create();
    let second = api
        .get("/api/v1/transactions?limit=500&page=2&wallet_id=9")
        .with_header("x-has-more", "false")
        .with_body(fixture("wallets/transactions_signed")?)
        .create();
    let filter = ListTransactions::new().wallet(WalletId::from(9));
    let ids = api.session.transactions(&filter).map(|found| found.map(|one| one.id.get()));
    assert_eq!(ids.collect::<Result<Vec<_>, _>>()?, [610, 609, 611, 612]);
    first.assert();
    second.assert();
    api.finish();
    Ok(())
}

#[test]
fn one_transaction_is_fetched() -> Result<()> {
    let mut api = Api::start()?;
    let call = api.get("/api/v1/transactions/610").with_body(fixture("wallets/transaction")?).create();
    let transaction = api.session.get_transaction(TransactionId::from(610))?;
    call.assert();
    assert_eq!(transaction.remarks.as_deref(), Some("order 88101"));
    api.finish();
    Ok(())
}

#[test]
fn invalid_input_is_refused_before_anything_is_sent() -> Result<()> {
    let api = Api::start()?;
    let session = &api.session;
    let errors = [
        session.list_wallets(&ListWallets::new().page(0)).unwrap_err(),
        session.list_wallets(&ListWallets::new().limit(0)).unwrap_err(),
        session.list_wallets(&ListWallets::new().limit(10_001)).unwrap_err(),
        session.wallets(&ListWallets::new().limit(10_001)).next().unwrap().unwrap_err(),
        session.get_wallet(WalletId::from(0)).unwrap_err(),
        session.list_transactions(&ListTransactions::new().wallet(WalletId::from(0))).unwrap_err(),
        session.list_transactions(&ListTransactions::new().currency(CurrencyId::from(-3))).unwrap_err(),
        session.get_transaction(TransactionId::from(-1)).unwrap_err(),
    ];
    for error in &errors {
        assert_eq!(error.kind(), ErrorKind::InvalidRequest, "{error}");
    }
    assert!(errors[2].to_string().contains("1 to 10000"), "{}", errors[2]);
    api.finish_without_login();
    Ok(())
}

#[test]
fn the_error_of_an_amount_that_is_not_a_number_does_not_quote_it() -> Result<()> {
    let mut api = Api::start()?;
    let body = r#"{"id":9,"currency_id":1,"amount":"NaN-4711","type":"PREPAID"}"#;
    let call = api.get("/api/v1/wallets/9").with_body(body).create();
    let error = api.session.get_wallet(WalletId::from(9)).unwrap_err();
    call.assert();
    assert_eq!(error.kind(), ErrorKind::InvalidResponse);
    assert!(!format!("{error} {error:?}").contains("4711"), "{error:?}");
    api.finish();
    Ok(())
}
