//! Voucher orders: payment, delivery, duplicates and refunds.

use std::time::Duration;

use anyhow::{Context, Result};
use popup_rewards::WalletId;
use popup_rewards::sandbox::{Fault, Outcome, Sandbox};
use rust_decimal::Decimal;
use serde_json::{Value, json};

use super::client::{Client, ClientResponse};

fn body(quantity: u32, reference: &str) -> Value {
    json!({ "product_id": 3001, "denomination": 20, "quantity": quantity, "client_reference": reference })
}

fn place(client: &Client, quantity: u32, reference: &str) -> Result<ClientResponse> {
    client.post("/api/v1/orders", &body(quantity, reference))
}

fn get(client: &Client, order: &Value) -> Result<Value> {
    client.get(&format!("/api/v1/orders/{}", order["id"]))?.json()
}

fn codes(order: &Value) -> usize {
    order["vouchers"].as_array().map_or(0, Vec::len)
}

fn balance(client: &Client) -> Result<Value> {
    Ok(client.get("/api/v1/wallets/9")?.json()?["amount"].take())
}

#[test]
fn an_order_of_up_to_five_gift_cards_is_delivered_at_once() -> Result<()> {
    let sandbox = Sandbox::start()?;
    let client = Client::logged_in(&sandbox)?;
    let response = client.post(
        "/api/v1/orders",
        &json!({ "product_id": 3002, "denomination": 12.5, "quantity": 5, "client_reference": "five",
                 "email": "someone@example.org", "wallet_id": 9 }),
    )?;
    assert_eq!(response.status, 201);
    let order = response.json()?;
    for (name, value) in [
        ("product_id", json!(3002)),
        ("product_name", json!("Acme Play GB")),
        ("denomination", json!(12.5)),
        ("quantity", json!(5)),
        ("amount", json!(62.5)),
        ("client_reference", json!("five")),
        ("wallet_id", json!(9)),
        ("status", json!("DELIVERED")),
        ("base_currency", json!("GBP")),
        ("deduction_currency", json!("USD")),
        ("message", json!("")),
        ("email", json!("someone@example.org")),
    ] {
        assert_eq!(order[name], value, "{name}");
    }
    assert_eq!(codes(&order), 5);
    assert_eq!(get(&client, &order)?, order);
    assert_eq!((sandbox.orders_executed(), sandbox.executions_of("five")), (1, 1));
    Ok(())
}

#[test]
fn a_product_is_delivered_as_a_link_or_as_a_number_with_a_pin() -> Result<()> {
    let sandbox = Sandbox::start()?;
    let client = Client::logged_in(&sandbox)?;
    let voucher = |product: u32| -> Result<Value> {
        let body = json!({ "product_id": product, "denomination": 100, "quantity": 1 });
        Ok(client.post("/api/v1/orders", &body)?.json()?["vouchers"][0].take())
    };
    let card = voucher(3001)?;
    assert!(card["card_number"].is_string() && card["pin_code"].is_string() && card["claim_url"].is_null());
    let link = voucher(3025)?;
    assert!(link["card_number"].is_null() && link["pin_code"].is_null() && link["claim_url"].is_string());
    assert_eq!(sandbox.orders_executed(), 2, "orders without a reference must execute too");
    Ok(())
}

#[test]
fn an_order_of_six_gift_cards_is_paid_at_once_and_delivered_later() -> Result<()> {
    let sandbox = Sandbox::start()?;
    let client = Client::logged_in(&sandbox)?;
    let order = place(&client, 6, "six")?.json()?;
    assert_eq!((&order["status"], codes(&order)), (&json!("PENDING"), 0));
    assert_eq!(balance(&client)?, json!(999_880.0));
    sandbox.advance(Duration::from_secs(10));
    let order = get(&client, &order)?;
    assert_eq!((&order["status"], codes(&order)), (&json!("DELIVERED"), 6));
    sandbox.fulfil_after(Duration::ZERO);
    assert_eq!(place(&client, 6, "at once")?.json()?["status"], json!("DELIVERED"));
    Ok(())
}

#[test]
fn a_duplicate_reference_is_refused() -> Result<()> {
    let sandbox = Sandbox::start()?;
    let client = Client::logged_in(&sandbox)?;
    sandbox.fault("POST /api/v1/orders", Fault::CloseAfter);
    place(&client, 1, "once").err().context("expected no response")?;
    let again = place(&client, 1, "once")?;
    assert_eq!(again.refusal()?, (400, "BAD_REQUEST".to_owned()));
    assert_eq!(again.message()?, "Duplicate client_reference");
    let found = client.get("/api/v1/orders?client_reference=once")?.items()?;
    assert_eq!(found.len(), 1);
    assert!(found[0].get("vouchers").is_none(), "lists must not show codes");
    assert_eq!(codes(&get(&client, &found[0])?), 1);
    assert_eq!(client.get("/api/v1/orders?client_reference=other")?.items()?.len(), 0);
    assert_eq!(balance(&client)?, json!(999_980.0));
    assert_eq!((sandbox.orders_executed(), sandbox.references_executed_twice()), (1, 0));
    Ok(())
}

#[test]
fn duplicate_references_are_counted_if_they_are_accepted() -> Result<()> {
    let sandbox = Sandbox::start()?;
    let client = Client::logged_in(&sandbox)?;
    sandbox.accept_duplicate_references(true);
    for _ in 0..3 {
        assert_eq!(place(&client, 1, "again")?.status, 201);
    }
    place(&client, 1, "other")?;
    assert_eq!((sandbox.executions_of("again"), sandbox.references_executed_twice()), (3, 1));
    assert_eq!(sandbox.orders_executed(), 4);
    Ok(())
}

#[test]
fn a_refused_order_does_not_change_the_balance() -> Result<()> {
    let sandbox = Sandbox::start()?;
    let client = Client::logged_in(&sandbox)?;
    let changed = |name: &str, value: Value| {
        let mut body = body(1, "refused");
        body[name] = value;
        client.post("/api/v1/orders", &body)
    };
    for (name, value, status) in [
        ("product_id", json!(1), 404),
        ("denomination", json!(21), 400),
        ("denomination", json!("20"), 400),
        ("quantity", json!(0), 400),
        ("quantity", json!(5001), 400),
        ("quantity", json!(-1), 400),
        ("wallet_id", json!(99), 400),
        ("email", json!("not an address"), 400),
        ("client_reference", json!("two\nlines"), 400),
        ("client_reference", json!("x".repeat(256)), 400),
    ] {
        assert_eq!(changed(name, value)?.status, status, "{name}");
    }
    sandbox.set_balance(WalletId::from(9), Decimal::new(1999, 2));
    assert_eq!(place(&client, 1, "poor")?.refusal()?, (400, "INSUFFICIENT_FUNDS".to_owned()));
    sandbox.set_balance(WalletId::from(9), Decimal::from(20));
    assert_eq!(sandbox.orders_executed(), 0);
    assert_eq!(place(&client, 1, "poor")?.status, 201, "the reference of a refused order must be free");
    assert_eq!(balance(&client)?, json!(0.0));
    Ok(())
}

#[test]
fn a_failed_order_is_refunded_by_a_separate_transaction() -> Result<()> {
    let sandbox = Sandbox::start()?;
    let client = Client::logged_in(&sandbox)?;
    sandbox.fail_next_order("OUT_OF_STOCK", "no stock left", false);
    let order = place(&client, 6, "failing")?.json()?;
    assert_eq!((&order["status"], balance(&client)?), (&json!("PENDING"), json!(999_880.0)));
    sandbox.advance(Duration::from_secs(10));
    let order = get(&client, &order)?;
    assert_eq!((&order["status"], &order["message"]), (&json!("FAILED"), &json!("no stock left")));
    assert_eq!((codes(&order), balance(&client)?), (0, json!(1_000_000.0)));
    let latest = client.get("/api/v1/transactions?wallet_id=9&limit=2")?.items()?;
    let kinds: Vec<_> = latest.iter().map(|it| (&it["transaction_type"], &it["amount"])).collect();
    assert_eq!(kinds, [(&json!("CREDIT"), &json!(120.0)), (&json!("DEBIT"), &json!(120.0))]);
    Ok(())
}

#[test]
fn scripted_outcomes_apply_in_order() -> Result<()> {
    let sandbox = Sandbox::start()?;
    let client = Client::logged_in(&sandbox)?;
    sandbox.next_order(Outcome::PartiallyDelivered(2));
    sandbox.next_order(Outcome::Cancelled);
    sandbox.next_order(Outcome::Pending);
    sandbox.next_order_after(Duration::from_secs(1800), Outcome::Delivered);
    let orders: Vec<Value> = ["partial", "cancelled", "pending", "late"]
        .iter()
        .map(|reference| place(&client, 4, reference)?.json())
        .collect::<Result<_>>()?;
    let now = || -> Result<Vec<(String, usize)>> {
        let states = orders.iter().map(|order| {
            let order = get(&client, order)?;
            Ok((order["status"].as_str().context("no status")?.to_owned(), codes(&order)))
        });
        states.collect()
    };
    let state = |name: &str, codes| (name.to_owned(), codes);
    let (pending, cancelled) = (state("PENDING", 0), state("CANCELLED", 0));
    let first = [state("PARTIALLY_DELIVERED", 2), cancelled.clone(), pending.clone(), pending.clone()];
    assert_eq!(now()?, first);
    sandbox.advance(Duration::from_secs(10));
    assert_eq!(now()?[0], state("DELIVERED", 4));
    sandbox.advance(Duration::from_secs(1800));
    assert_eq!(now()?, [state("DELIVERED", 4), cancelled, pending, state("DELIVERED", 4)]);
    assert_eq!(balance(&client)?, json!(999_760.0), "the cancelled order must be refunded");
    Ok(())
}

#[test]
fn orders_are_filtered_by_status_and_product_with_the_newest_first() -> Result<()> {
    let sandbox = Sandbox::start()?;
    let client = Client::logged_in(&sandbox)?;
    for (quantity, reference) in [(1, "a"), (6, "b"), (1, "c")] {
        place(&client, quantity, reference)?;
    }
    let found = |query: &str| -> Result<Vec<String>> {
        let items = client.get(&format!("/api/v1/orders?{query}"))?.items()?;
        Ok(items.iter().filter_map(|it| it["client_reference"].as_str().map(str::to_owned)).collect())
    };
    assert_eq!(found("")?, ["c", "b", "a"]);
    assert_eq!(found("page=2&limit=2")?, ["a"]);
    assert_eq!(found("status=delivered")?, ["c", "a"]);
    assert_eq!(found("status=PENDING&product_id=3001")?, ["b"]);
    assert_eq!(found("product_id=3002")?.len(), 0);
    assert_eq!(client.get("/api/v1/orders/1")?.refusal()?, (404, "NOT_FOUND".to_owned()));
    Ok(())
}
