//! The catalogue and the reference data: pages, filters and single objects.

use std::collections::HashSet;

use anyhow::Result;
use popup_rewards::sandbox::Sandbox;
use serde_json::{Value, json};

use super::client::Client;

#[test]
fn the_pages_of_the_catalogue_hold_each_product_once() -> Result<()> {
    let sandbox = Sandbox::start()?;
    let client = Client::logged_in(&sandbox)?;
    let mut seen = HashSet::new();
    for page in 1..=3 {
        let response = client.get(&format!("/api/v1/products?page={page}&limit=500"))?;
        let items = response.items()?;
        let size = items.len().to_string();
        let page = page.to_string();
        for (name, value) in [
            ("x-page", page.as_str()),
            ("x-per-page", "500"),
            ("x-total-count", "1200"),
            ("x-total-pages", "3"),
            ("x-page-size", size.as_str()),
            ("x-has-more", if page == "3" { "false" } else { "true" }),
        ] {
            assert_eq!(response.header(name), Some(value), "{name} of page {page}");
        }
        seen.extend(items.iter().map(|item| item["id"].to_string()));
    }
    assert_eq!(seen.len(), 1200);
    let beyond = client.get("/api/v1/products?page=4&limit=500")?;
    assert_eq!((beyond.items()?.len(), beyond.header("x-has-more")), (0, Some("false")));
    Ok(())
}

#[test]
fn a_page_has_fifty_items_with_the_newest_first_by_default() -> Result<()> {
    let sandbox = Sandbox::start()?;
    let items = Client::logged_in(&sandbox)?.get("/api/v1/products")?.items()?;
    assert_eq!(items.len(), 50);
    assert_eq!(items[0]["id"], json!(4200));
    assert_eq!(items[1]["id"], json!(4199));
    Ok(())
}

#[test]
fn every_filter_returns_only_matching_products() -> Result<()> {
    let sandbox = Sandbox::start()?;
    let client = Client::logged_in(&sandbox)?;
    let found = |query: &str| client.get(&format!("/api/v1/products?limit=10000&{query}"))?.items();
    let all_are = |items: &[Value], name: &str, value: &str| items.iter().all(|it| it[name] == json!(value));
    let gaming = found("category=gaming")?;
    assert!(gaming.len() == 240 && all_are(&gaming, "category", "Gaming"));
    let japan = found("country_id=5")?;
    assert!(japan.len() == 100 && all_are(&japan, "country_code", "JPN"));
    let euro = found("currency_id=2")?;
    assert!(euro.len() == 200 && all_are(&euro, "currency_code", "EUR"));
    let play = found("search=PLAY")?;
    assert!(play.len() == 240 && play.iter().all(|it| it["name"].as_str().unwrap().contains("Play")));
    assert_eq!(found("search=acme+play%20us&country_id=1&category=Gaming&currency_id=1")?.len(), 1);
    assert_eq!(found("search=nothing-like-it")?.len(), 0);
    let wrong = client.get("/api/v1/products?country_id=x")?;
    assert_eq!(wrong.refusal()?, (400, "BAD_REQUEST".to_owned()));
    Ok(())
}

#[test]
fn both_forms_of_the_sort_parameters_work() -> Result<()> {
    let sandbox = Sandbox::start()?;
    let client = Client::logged_in(&sandbox)?;
    let first = |query: &str| -> Result<Value> {
        Ok(client.get(&format!("/api/v1/products?limit=1&{query}"))?.items()?[0]["name"].take())
    };
    assert_eq!(first("sort_by=name&sort_dir=asc")?, json!("Acme Market AE"));
    assert_eq!(first("sort_by=name&sort_dir=desc")?, json!("Tundra Table US"));
    assert_eq!(first("sort_by=id&sort_dir=ASC")?, json!("Acme Play US"));
    assert_eq!(first("sort=%7B%22Field%22:%22id%22,%22Direction%22:%22ASC%22%7D")?, json!("Acme Play US"));
    assert_eq!(
        first("sort=%7B%22field%22:%22name%22,%22direction%22:%22ASC%22%7D")?,
        json!("Acme Market AE")
    );
    for wrong in ["sort_by=price", "sort_dir=sideways", "sort=id", "page=0", "limit=0", "limit=10001"] {
        let response = client.get(&format!("/api/v1/products?{wrong}"))?;
        assert_eq!(response.refusal()?, (400, "BAD_REQUEST".to_owned()), "{wrong}");
        assert_eq!(response.message()?, "Invalid query parameters");
    }
    Ok(())
}

#[test]
fn a_product_equals_its_list_item_and_an_invalid_id_is_a_400() -> Result<()> {
    let sandbox = Sandbox::start()?;
    let client = Client::logged_in(&sandbox)?;
    let listed = client.get("/api/v1/products?search=acme+play+us")?.items()?;
    assert_eq!(client.get("/api/v1/products/3001")?.json()?, listed[0]);
    assert_eq!(client.get("/api/v1/products/2")?.refusal()?, (404, "NOT_FOUND".to_owned()));
    for id in ["0", "-3", "abc", "2147483648"] {
        let response = client.get(&format!("/api/v1/products/{id}"))?;
        assert_eq!(response.refusal()?, (400, "BAD_REQUEST".to_owned()), "{id}");
        assert_eq!(response.message()?, "Invalid product ID");
    }
    assert_eq!(sandbox.calls("GET /api/v1/products/:id"), 6);
    Ok(())
}

#[test]
fn nullable_members_are_null_in_some_products() -> Result<()> {
    let sandbox = Sandbox::start()?;
    let items = Client::logged_in(&sandbox)?.get("/api/v1/products?limit=10000")?.items()?;
    for name in ["sub_category", "image_url", "delivery_mode", "delivery_time", "validity"] {
        assert!(items.iter().any(|it| it[name].is_null()), "{name}");
        assert!(items.iter().any(|it| it[name].is_string()), "{name}");
    }
    let denominations: Vec<&Value> =
        items.iter().filter_map(|it| it["available_denominations"].as_array()).flatten().collect();
    for name in ["min_value", "max_value", "discount"] {
        assert!(denominations.iter().any(|it| it[name].is_null()), "{name}");
    }
    assert!(denominations.iter().any(|it| it["min_value"] != it["max_value"]));
    Ok(())
}

#[test]
fn reference_data_is_served_as_lists_and_single_objects() -> Result<()> {
    let sandbox = Sandbox::start()?;
    let client = Client::logged_in(&sandbox)?;
    for (path, least) in [("countries", 20), ("currencies", 10), ("categories", 5), ("subcategories", 5)] {
        let items = client.get(&format!("/api/v1/{path}"))?.items()?;
        assert!(items.len() >= least, "{path}");
        for item in &items {
            assert_eq!(client.get(&format!("/api/v1/{path}/{}", item["id"]))?.json()?, *item, "{path}");
        }
        assert_eq!(client.get(&format!("/api/v1/{path}/9999"))?.refusal()?.0, 404, "{path}");
        assert_eq!(client.get(&format!("/api/v1/{path}/0"))?.refusal()?.0, 400, "{path}");
    }
    let us = client.get("/api/v1/countries/1")?.json()?;
    assert_eq!((&us["alpha_3"], &us["dialing_prefix"]), (&json!("USA"), &json!("+1")));
    assert_eq!(client.get("/api/v1/countries/0")?.message()?, "Invalid country ID");
    assert_eq!(client.get("/api/v1/currencies/999")?.message()?, "Currency not found");
    let yen = client.get("/api/v1/currencies/4")?.json()?;
    assert_eq!(yen, json!({ "id": 4, "name": "Yen", "currency": "JPY", "precision": 0 }));
    Ok(())
}
