//! Prices, currency exchange, wallets and transactions.

use anyhow::{Context, Result};
use popup_rewards::WalletId;
use popup_rewards::sandbox::Sandbox;
use rust_decimal::Decimal;
use serde_json::{Value, json};

use ureq::http::Method;

use super::client::Client;

#[test]
fn a_quote_subtracts_the_discount_exactly() -> Result<()> {
    let sandbox = Sandbox::start()?;
    let client = Client::logged_in(&sandbox)?;
    let price = |product: i64, denomination: &str, quantity: u32| {
        let body = format!(r#"{{"denomination":{denomination},"quantity":{quantity}}}"#);
        client.send(Method::POST, &format!("/api/v1/products/{product}/charges"), Some(&body))
    };
    // Compares text, because parsing would convert the numbers to floats.
    let text = price(3013, "33.30", 3)?.text;
    for member in [
        r#""non_discounted_total":99.90,"#,
        r#""discount":0.5,"#,
        r#""discount_amount":0.4995,"#,
        r#""total_amount":99.4005,"#,
        r#""total_payable":99.4005,"#,
        r#""max_quantity":5000,"#,
        r#""net_amount":null,"#,
        r#""forex_rate":null,"#,
    ] {
        assert!(text.contains(member), "{member} in {text}");
    }
    assert_eq!(price(3001, "21", 1)?.refusal()?, (400, "VALIDATION_FAILURE".to_owned()));
    assert_eq!(price(3001, "20", 0)?.refusal()?, (400, "VALIDATION_FAILURE".to_owned()));
    assert_eq!(price(3001, "20", 5001)?.refusal()?, (400, "VALIDATION_FAILURE".to_owned()));
    assert_eq!(price(3001, "\"20\"", 1)?.refusal()?, (400, "VALIDATION_FAILURE".to_owned()));
    assert_eq!(price(9999, "20", 1)?.refusal()?, (404, "NOT_FOUND".to_owned()));
    Ok(())
}

#[test]
fn a_payment_in_another_currency_is_exchanged() -> Result<()> {
    let sandbox = Sandbox::start()?;
    let client = Client::logged_in(&sandbox)?;
    let body = json!({ "denomination": 20, "quantity": 1, "wallet_id": 12 });
    let quote = client.post("/api/v1/products/3001/charges", &body)?.json()?;
    let details = &quote["charges_details"];
    assert_eq!(details["source_currency"], json!("USD"));
    assert_eq!(details["destination_currency"], json!("JPY"));
    assert_eq!(details["forex_rate"], json!(155));
    assert_eq!((&quote["net_amount"], &quote["total_payable"]), (&json!(3100), &json!(3100)));
    let wrong = json!({ "denomination": 20, "quantity": 1, "wallet_id": 99 });
    assert_eq!(client.post("/api/v1/products/3001/charges", &wrong)?.message()?, "Invalid wallet ID");
    Ok(())
}

#[test]
fn availability_depends_on_the_denomination_and_the_order_limit() -> Result<()> {
    let sandbox = Sandbox::start()?;
    let client = Client::logged_in(&sandbox)?;
    let check = |product: i64, denomination: i64, quantity: i64| {
        let body = json!({ "denomination": denomination, "quantity": quantity });
        client.post(&format!("/api/v1/products/{product}/availability"), &body)
    };
    assert_eq!(check(3001, 20, 2)?.json()?, json!({ "is_available": true }));
    assert_eq!(check(3001, 21, 2)?.json()?, json!({ "is_available": false }));
    sandbox.set_order_limit(1);
    assert_eq!(check(3001, 20, 2)?.json()?, json!({ "is_available": false }));
    assert_eq!(check(1, 20, 2)?.message()?, "Invalid product ID");
    assert_eq!(check(3001, 0, 2)?.status, 400);
    assert_eq!(check(3001, 20, 0)?.status, 400);
    Ok(())
}

#[test]
fn every_balance_is_the_sum_of_its_transactions() -> Result<()> {
    let sandbox = Sandbox::start()?;
    let client = Client::logged_in(&sandbox)?;
    sandbox.set_balance(WalletId::from(9), Decimal::from(500));
    sandbox.fail_next_order("X", "no stock", false);
    for reference in ["failed", "bought"] {
        let order =
            json!({ "product_id": 3001, "denomination": 20, "quantity": 2, "client_reference": reference });
        assert_eq!(client.post("/api/v1/orders", &order)?.status, 201);
    }
    let order = json!({ "product_id": 3001, "denomination": 50, "quantity": 1, "wallet_id": 10 });
    assert_eq!(client.post("/api/v1/orders", &order)?.json()?["deduction_currency"], json!("EUR"));
    let wallets = client.get("/api/v1/wallets")?.items()?;
    assert_eq!(wallets.len(), 5);
    assert_eq!(wallets[0]["id"], json!(13), "the newest must come first");
    for wallet in wallets {
        let listed = client.get(&format!("/api/v1/transactions?wallet_id={}", wallet["id"]))?.items()?;
        let sum: f64 = listed.iter().map(signed).sum();
        assert!((sum - wallet["amount"].as_f64().context("no amount")?).abs() < 1e-6, "{wallet}");
        assert_eq!(client.get(&format!("/api/v1/wallets/{}", wallet["id"]))?.json()?, wallet);
    }
    assert!(client.get("/api/v1/wallets/9")?.text.contains(r#""amount":460.00,"#));
    Ok(())
}

fn signed(transaction: &Value) -> f64 {
    let amount = transaction["amount"].as_f64().unwrap_or(f64::NAN);
    if transaction["transaction_type"] == json!("DEBIT") { -amount } else { amount }
}

#[test]
fn transactions_are_listed_newest_first_and_found_by_id() -> Result<()> {
    let sandbox = Sandbox::start()?;
    let client = Client::logged_in(&sandbox)?;
    let order = json!({ "product_id": 3001, "denomination": 50, "quantity": 1, "wallet_id": 10 });
    let order = client.post("/api/v1/orders", &order)?.json()?;
    let latest = client.get("/api/v1/transactions?limit=1")?;
    assert_eq!(latest.header("x-total-count"), Some("6"));
    let latest = &latest.items()?[0];
    assert_eq!(latest["id"], order["transaction_id"]);
    assert_eq!(latest["remarks"], json!(format!("order {}", order["id"])));
    assert_eq!(latest["source_currency"], json!("USD"));
    assert_eq!(latest["destination_currency"], json!("EUR"));
    assert_eq!(latest["forex_rate"], json!(0.92));
    assert_eq!(client.get(&format!("/api/v1/transactions/{}", latest["id"]))?.json()?, *latest);
    assert_eq!(client.get("/api/v1/transactions/1")?.refusal()?.0, 404);
    assert_eq!(client.get("/api/v1/transactions?wallet_id=0")?.refusal()?, (400, "BAD_REQUEST".to_owned()));
    assert_eq!(client.get("/api/v1/wallets?currency=eur")?.items()?.len(), 1);
    Ok(())
}
