//! Top-ups and eSIMs: products, lookup, orders.

use std::time::Duration;

use anyhow::{Context, Result};
use popup_rewards::EsimOrderId;
use popup_rewards::sandbox::Sandbox;
use serde_json::{Value, json};
use ureq::http::Method;

use super::client::Client;

/// Returns the first product of a list with its variants.
fn first(client: &Client, vertical: &str, query: &str) -> Result<(Value, Vec<Value>)> {
    let product = client.get(&format!("/api/v1/{vertical}/products?{query}"))?.items()?[0].take();
    let variants = client.get(&format!("/api/v1/{vertical}/products/{}/variants", product["id"]))?.items()?;
    Ok((product, variants))
}

#[test]
fn topup_products_are_paged_and_filtered() -> Result<()> {
    let sandbox = Sandbox::start()?;
    let client = Client::logged_in(&sandbox)?;
    let response = client.get("/api/v1/topups/products?type=mobile&per_page=20&page=3")?;
    assert_eq!((response.items()?.len(), response.header("x-total-count")), (8, Some("48")));
    assert_eq!(client.get("/api/v1/topups/products?per_page=501")?.status, 400);
    let (game, variants) = first(&client, "topups", "search=dragon")?;
    assert_eq!((&game["topup_type"], &game["country_code"]), (&json!("GAMING"), &json!("GLO")));
    assert_eq!(variants[0]["fixed_amounts"], json!(["4.99"]));
    assert!(variants[0].get("min_amount").is_none(), "must be omitted, not null");
    let detail = client.get(&format!("/api/v1/topups/products/{}", game["id"]))?.json()?;
    assert_eq!(detail["input_fields"][0]["key"], json!("player_id"));
    assert_eq!(client.get(&format!("/api/v1/topups/variants/{}", variants[1]["id"]))?.json()?, variants[1]);
    assert_eq!(client.get("/api/v1/topups/products/3001")?.status, 404);
    assert_eq!(client.get("/api/v1/topups/variants/1")?.status, 404);
    Ok(())
}

#[test]
fn a_phone_number_is_looked_up_by_its_prefix() -> Result<()> {
    let sandbox = Sandbox::start()?;
    let client = Client::logged_in(&sandbox)?;
    let lookup = |number: &str| client.post("/api/v1/topups/lookup", &json!({ "mobile_number": number }));
    let found = lookup("+2348012345678")?.items()?;
    assert_eq!(found.len(), 2);
    assert_eq!(found[0]["name"], json!("Nigeria Mobile"));
    assert_eq!((&found[0]["identified"], &found[1]["identified"]), (&json!(true), &json!(false)));
    assert_eq!(lookup("+9990000000")?.items()?.len(), 0);
    assert_eq!(lookup("")?.message()?, "mobile_number is required");
    for wrong in ["2348012345678", "+234 801", "+234-8012345678"] {
        assert_eq!(lookup(wrong)?.refusal()?, (400, "VALIDATION_FAILURE".to_owned()), "{wrong}");
    }
    Ok(())
}

#[test]
fn a_topup_is_paid_at_once_and_delivered_later() -> Result<()> {
    let sandbox = Sandbox::start()?;
    let client = Client::logged_in(&sandbox)?;
    let (game, _) = first(&client, "topups", "type=GAMING")?;
    let quote = json!({ "product_id": game["id"], "amount": 4.99 });
    let quote = client.post("/api/v1/topups/charges", &quote)?;
    assert!(quote.text.contains(r#""total_payable":4.7405,"#), "{}", quote.text);
    assert!(quote.json()?.get("max_quantity").is_none());
    let body = json!({ "product_id": game["id"], "amount": 4.99, "client_reference": "gems",
                       "input_data": { "player_id": "7", "server": "eu" } });
    let order = client.post("/api/v1/topups/orders", &body)?.json()?;
    assert_eq!((&order["status"], &order["amount"]), (&json!("PENDING"), &json!(4.7405)));
    assert!(order.get("completed_at").is_none());
    sandbox.advance(Duration::from_secs(10));
    let order = client.get(&format!("/api/v1/topups/orders/{}", order["id"]))?.json()?;
    assert_eq!(order["status"], json!("DELIVERED"));
    assert!(order["completed_at"].is_string());
    assert_eq!(client.post("/api/v1/topups/orders", &body)?.message()?, "Duplicate client_reference");
    assert_eq!(client.get("/api/v1/topups/orders?client_reference=gems")?.items()?, [order]);
    assert_eq!(client.get("/api/v1/topups/orders?country=USA")?.items()?.len(), 0);
    assert_eq!(sandbox.executions_of("gems"), 1);
    Ok(())
}

#[test]
fn a_topup_needs_exactly_the_inputs_and_an_amount_of_its_product() -> Result<()> {
    let sandbox = Sandbox::start()?;
    let client = Client::logged_in(&sandbox)?;
    let (mobile, variants) = first(&client, "topups", "type=MOBILE")?;
    assert_eq!((&variants[0]["min_amount"], &variants[0]["max_amount"]), (&json!(1), &json!(100)));
    let order = |amount: Value, category: &str, inputs: Value| {
        let body = json!({ "product_id": mobile["id"], "amount": amount, "category": category,
                           "input_data": inputs });
        Ok::<_, anyhow::Error>(client.post("/api/v1/topups/orders", &body)?.status)
    };
    let phone = json!({ "phone_number": "+2348012345678" });
    assert_eq!(order(json!(50), "Airtime", json!({}))?, 400);
    assert_eq!(order(json!(50), "Airtime", json!({ "phone_number": "1", "extra": "2" }))?, 400);
    assert_eq!(order(json!(50), "Data", phone.clone())?, 400);
    assert_eq!(order(json!(101), "Airtime", phone.clone())?, 400);
    assert_eq!(sandbox.orders_executed(), 0);
    assert_eq!(order(json!(12.5), "Data", phone.clone())?, 201);
    assert_eq!(order(json!(50), "Airtime", phone)?, 201);
    Ok(())
}

#[test]
fn a_failed_topup_has_a_reason_and_a_user_fixable_flag() -> Result<()> {
    let sandbox = Sandbox::start()?;
    let client = Client::logged_in(&sandbox)?;
    let (game, _) = first(&client, "topups", "type=GAMING")?;
    sandbox.fail_next_order("INVALID_ACCOUNT", "player not found", true);
    sandbox.fulfil_after(Duration::ZERO);
    let body = json!({ "product_id": game["id"], "amount": 4.99,
                       "input_data": { "player_id": "7", "server": "eu" } });
    let order = client.post("/api/v1/topups/orders", &body)?.json()?;
    assert_eq!(order["status"], json!("FAILED"));
    assert_eq!(order["failure_code"], json!("INVALID_ACCOUNT"));
    assert_eq!(order["failure_reason"], json!("player not found"));
    assert_eq!(order["is_user_fixable"], json!(true));
    assert!(client.get("/api/v1/wallets/9")?.text.contains(r#""amount":1000000.00"#));
    Ok(())
}

#[test]
fn an_esim_product_includes_its_variants() -> Result<()> {
    let sandbox = Sandbox::start()?;
    let client = Client::logged_in(&sandbox)?;
    let (product, variants) = first(&client, "esim", "country_code=JPN")?;
    assert_eq!((&product["name"], variants.len()), (&json!("Japan eSIM"), 4));
    let detail = client.get(&format!("/api/v1/esim/products/{}", product["id"]))?.json()?;
    assert_eq!(detail["variants"], json!(variants));
    assert_eq!(client.get(&format!("/api/v1/esim/variants/{}", variants[0]["id"]))?.json()?, variants[0]);
    assert_eq!(variants[0]["esim_product_id"], product["id"]);
    assert_eq!(variants[3]["data_amount_gb"], json!(0));
    let quote = json!({ "product_id": product["id"], "amount": variants[0]["amount"] });
    let quote = client.post("/api/v1/esim/charges", &quote)?.json()?;
    assert_eq!((&quote["discount"], &quote["total_payable"]), (&json!(2), &json!(4.41)));
    let wrong = json!({ "product_id": product["id"], "amount": 4.51 });
    assert_eq!(client.post("/api/v1/esim/charges", &wrong)?.status, 400);
    Ok(())
}

fn esim_order(client: &Client, reference: &str) -> Result<Value> {
    let body = json!({ "product_id": 601, "amount": 4.5, "client_reference": reference });
    let response = client.post("/api/v1/esim/orders", &body)?;
    assert_eq!(response.status, 200, "{}", response.text);
    response.json()
}

#[test]
fn an_esim_order_shows_its_code_until_it_is_installed() -> Result<()> {
    let sandbox = Sandbox::start()?;
    let client = Client::logged_in(&sandbox)?;
    let order = esim_order(&client, "sim")?;
    assert_eq!(
        (&order["status"], &order["activation_status"]),
        (&json!("DELIVERED"), &json!("NOT_INSTALLED"))
    );
    assert!(order["activation_code"].as_str().context("no code")?.starts_with("LPA:1$"));
    let listed = client.get("/api/v1/esim/orders?client_reference=sim&status=delivered")?.items()?;
    assert!(listed.len() == 1 && listed[0].get("activation_code").is_none());
    sandbox.install_esim(EsimOrderId::from(order["id"].as_i64().context("no id")?));
    let order = client.get(&format!("/api/v1/esim/orders/{}", order["id"]))?.json()?;
    assert_eq!((&order["is_installed"], &order["activation_status"]), (&json!(true), &json!("ACTIVE")));
    assert!(order.get("activation_code").is_none());
    assert!(order["iccid"].is_string() && order["installed_at"].is_string());
    Ok(())
}

#[test]
fn a_held_esim_gets_a_response_when_ready_or_after_a_minute() -> Result<()> {
    for (hold, moved, status) in [(30, 30, "DELIVERED"), (300, 60, "PENDING")] {
        let sandbox = Sandbox::start()?;
        let client = Client::logged_in(&sandbox)?;
        sandbox.hold_esim(Duration::from_secs(hold));
        let order = std::thread::scope(|scope| {
            let waiting = scope.spawn(|| esim_order(&client, "held"));
            // The order executes while the request is still pending.
            while sandbox.orders_executed() == 0 && !waiting.is_finished() {
                std::thread::yield_now();
            }
            assert!(!waiting.is_finished());
            sandbox.advance(Duration::from_secs(moved));
            waiting.join().unwrap()
        })?;
        assert_eq!(order["status"], json!(status));
        sandbox.advance(Duration::from_secs(hold));
        let order = client.get(&format!("/api/v1/esim/orders/{}", order["id"]))?.json()?;
        assert_eq!(order["status"], json!("DELIVERED"));
    }
    Ok(())
}

#[test]
fn an_order_is_not_found_in_another_vertical() -> Result<()> {
    let sandbox = Sandbox::start()?;
    let client = Client::logged_in(&sandbox)?;
    let id = esim_order(&client, "sim")?["id"].take();
    assert_eq!(client.get(&format!("/api/v1/orders/{id}"))?.status, 404);
    assert_eq!(client.get(&format!("/api/v1/topups/orders/{id}"))?.status, 404);
    assert_eq!(client.get("/api/v1/orders?client_reference=sim")?.items()?.len(), 0);
    Ok(())
}

#[test]
fn only_a_valid_notification_address_is_accepted() -> Result<()> {
    let sandbox = Sandbox::start()?;
    let client = Client::logged_in(&sandbox)?;
    let id = esim_order(&client, "sim")?["id"].take();
    let set = |vertical: &str, email: &str| {
        let path = format!("/api/v1/{vertical}/orders/{id}/notification-email");
        let body = json!({ "email": email }).to_string();
        Ok::<_, anyhow::Error>(client.send(Method::PATCH, &path, Some(&body))?.status)
    };
    assert_eq!(set("esim", "a@example.org")?, 200);
    assert_eq!(set("esim", "nobody")?, 400);
    assert_eq!(set("topups", "a@example.org")?, 404);
    Ok(())
}
