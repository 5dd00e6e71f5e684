//! Callers can store the data in any format and read it back with any function of `serde_json`.

use std::fmt::Debug;

use anyhow::Result;
use popup_rewards::{
    Charges, ClientReference, Country, Decimal, EsimOrder, EsimProductId, EsimVariant, NewEsimOrder,
    NewOrder, NewTopupOrder, Order, Product, ProductId, Secret, TopupOrder, TopupProduct, TopupProductId,
    TopupVariant, Transaction, Wallet, WalletId,
};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::common::mock::{fixture, read};

/// Reads a text with every function of `serde_json`, and checks that the results are the same. `from_value` only has to
/// succeed, because a `Value` does not keep the digits of a number.
fn read_every_way<T: DeserializeOwned + Debug>(json: &str) -> Result<T> {
    let from_str: T = serde_json::from_str(json)?;
    let from_slice: T = serde_json::from_slice(json.as_bytes())?;
    let from_reader: T = serde_json::from_reader(json.as_bytes())?;
    let from_value: T = serde_json::from_value(serde_json::from_str(json)?)?;
    assert_eq!(format!("{from_slice:?}"), format!("{from_str:?}"));
    assert_eq!(format!("{from_reader:?}"), format!("{from_str:?}"));
    drop(from_value);
    Ok(from_str)
}

fn round_trips<T: Serialize + DeserializeOwned + Debug>(name: &str) -> Result<()> {
    let original: T = read_every_way(&fixture(name)?)?;
    let (stored, shown) = (serde_json::to_string(&original)?, format!("{original:?}"));
    let again: T = read_every_way(&stored)?;
    assert_eq!((format!("{again:?}"), serde_json::to_string(&again)?), (shown.clone(), stored), "{name}");
    // A `Value` keeps every digit, because amounts are stored as text.
    let again: T = serde_json::from_value(serde_json::to_value(&original)?)?;
    assert_eq!(format!("{again:?}"), shown, "{name}");
    Ok(())
}

#[test]
fn stored_data_is_read_back_unchanged() -> Result<()> {
    for product in ["product", "product_nulls", "product_by_ids"] {
        round_trips::<Product>(&format!("vouchers/{product}"))?;
    }
    round_trips::<Charges>("vouchers/charges")?;
    round_trips::<Vec<TopupVariant>>("topups/variants")?;
    round_trips::<Vec<TopupOrder>>("topups/orders")?;
    round_trips::<TopupOrder>("topups/order_failed")?;
    round_trips::<Vec<Transaction>>("wallets/transactions")?;
    round_trips::<Vec<Transaction>>("wallets/transactions_signed")?;
    round_trips::<Vec<Country>>("reference/countries")?;
    let stored = serde_json::to_string(&read::<Product>("vouchers/product")?)?;
    assert!(stored.contains(r#""max_value":"200.00""#), "{stored}");
    Ok(())
}

#[test]
fn an_order_with_codes_can_be_built_from_json_for_tests() -> Result<()> {
    let order: Order = serde_json::from_value(serde_json::json!({
        "id": 88101, "product_id": 3105, "denomination": "20.00", "quantity": 1, "status": "DELIVERED",
        "vouchers": [{"card_number": "ACME-1111", "pin_code": 4321, "claim_url": null}],
    }))?;
    let voucher = &order.vouchers[0];
    assert_eq!(voucher.card_number.as_ref().map(Secret::expose), Some("ACME-1111"));
    assert_eq!(voucher.pin_code.as_ref().map(Secret::expose), Some("4321"));
    assert!(voucher.claim_url.is_none());
    let json = r#"{"id":1,"amount":4.50,"status":"DELIVERED","activation_code":"LPA:1$a$b"}"#;
    assert!(read_every_way::<EsimOrder>(json)?.activation_code.is_some());
    assert_eq!(read_every_way::<TopupOrder>(json)?.amount, Decimal::new(450, 2));
    Ok(())
}

#[test]
fn flat_data_can_be_written_as_csv() -> Result<()> {
    let mut csv = csv::Writer::from_writer(Vec::new());
    csv.serialize(serde_json::from_str::<Wallet>(
        r#"{"id":9,"currency_id":3,"amount":12345678901234567.890,"type":"PREPAID"}"#,
    )?)?;
    let text = String::from_utf8(csv.into_inner()?)?;
    assert_eq!(text, "id,currency_id,amount,type\n9,3,12345678901234567.890,PREPAID\n");

    let mut csv = csv::Writer::from_writer(Vec::new());
    for transaction in read::<Vec<Transaction>>("wallets/transactions")? {
        csv.serialize(transaction)?;
    }
    let text = String::from_utf8(csv.into_inner()?)?;
    let rows: Vec<_> = text.lines().map(|row| row.split(',').collect::<Vec<_>>()).collect();
    assert_eq!(rows[0][3..6], ["amount", "transaction_type", "status"]);
    assert_eq!(rows[1][3..6], ["39.00", "DEBIT", "COMPLETED"]);
    Ok(())
}

#[test]
fn a_stored_amount_keeps_all_its_digits() -> Result<()> {
    let json = r#"{"id":7,"name":"n","amount":"0.1000000000000000000000000001"}"#;
    let plan: EsimVariant = read_every_way(json)?;
    let stored = serde_json::to_vec(&plan)?;
    let again: EsimVariant = serde_json::from_reader(&*stored)?;
    assert_eq!(again.amount.to_string(), "0.1000000000000000000000000001");
    let product: TopupProduct = read_every_way(r#"{"id":1,"name":"n","topup_type":"MOBILE"}"#)?;
    assert!(product.input_fields.is_empty());
    Ok(())
}

#[test]
fn a_new_order_is_read_back_unchanged() -> Result<()> {
    let reference = ClientReference::new("ord-1")?;
    let (twenty, wallet) = (Decimal::new(2000, 2), WalletId::from(9));
    let order = NewOrder::new(ProductId::from(3105), twenty, 2, reference.clone())
        .wallet(wallet)
        .email("someone@example.org")
        .send_ref(true);
    assert_eq!(read_every_way::<NewOrder>(&serde_json::to_string(&order)?)?, order);
    let topup = NewTopupOrder::new(TopupProductId::from(1), twenty, reference.clone()).input("player", "7");
    assert_eq!(read_every_way::<NewTopupOrder>(&serde_json::to_string(&topup)?)?, topup);
    let esim = NewEsimOrder::new(EsimProductId::from(1), twenty, reference);
    assert_eq!(read_every_way::<NewEsimOrder>(&serde_json::to_string(&esim)?)?, esim);
    Ok(())
}
