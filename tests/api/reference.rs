//! Reference data and the health check.

use anyhow::Result;
use popup_rewards::{CategoryId, CountryId, CurrencyId, ErrorKind, SubcategoryId};

use crate::common::mock::{Api, fixture};

#[test]
fn countries_are_listed() -> Result<()> {
    let mut api = Api::start()?;
    let call = api.get("/api/v1/countries").with_body(fixture("reference/countries")?).create();
    let countries = api.session.countries()?;
    call.assert();
    let usa = &countries[0];
    assert_eq!((usa.id, usa.alpha_2.as_str(), usa.alpha_3.as_str()), (CountryId::from(1), "US", "USA"));
    assert_eq!(usa.official_name, "United States of America");
    assert_eq!((countries[1].numeric_code.as_str(), countries[1].dialing_prefix.as_str()), ("004", ""));
    api.finish();
    Ok(())
}

#[test]
fn one_country_is_fetched() -> Result<()> {
    let mut api = Api::start()?;
    let call = api.get("/api/v1/countries/1").with_body(fixture("reference/country")?).create();
    assert_eq!(api.session.get_country(CountryId::from(1))?.dialing_prefix, "+1");
    call.assert();
    api.finish();
    Ok(())
}

#[test]
fn currencies_are_listed_with_their_precision() -> Result<()> {
    let mut api = Api::start()?;
    let call = api.get("/api/v1/currencies").with_body(fixture("reference/currencies")?).create();
    let currencies = api.session.currencies()?;
    call.assert();
    let seen: Vec<_> =
        currencies.iter().map(|currency| (currency.currency.as_str(), currency.precision)).collect();
    assert_eq!(seen, [("USD", 2), ("JPY", 0)]);
    api.finish();
    Ok(())
}

#[test]
fn one_currency_is_fetched() -> Result<()> {
    let mut api = Api::start()?;
    let call = api.get("/api/v1/currencies/5").with_body(fixture("reference/currency")?).create();
    assert_eq!(api.session.get_currency(CurrencyId::from(5))?.name, "Yen");
    call.assert();
    api.finish();
    Ok(())
}

#[test]
fn a_404_of_the_currency_route_is_not_found() -> Result<()> {
    let mut api = Api::start()?;
    let body = r#"{"error":{"name":"NotFoundError","code":"NOT_FOUND","message":"Currency not found"}}"#;
    let call = api.get("/api/v1/currencies/5").with_status(404).with_body(body).create();
    let error = api.session.get_currency(CurrencyId::from(5)).unwrap_err();
    call.assert();
    assert_eq!(
        (error.kind(), error.code(), error.request_id()),
        (ErrorKind::NotFound, Some("NOT_FOUND"), Some("req-1"))
    );
    api.finish();
    Ok(())
}

#[test]
fn categories_are_listed() -> Result<()> {
    let mut api = Api::start()?;
    let call = api.get("/api/v1/categories").with_body(fixture("reference/categories")?).create();
    let categories = api.session.categories()?;
    call.assert();
    assert_eq!((categories.len(), categories[0].name.as_str()), (2, "Gaming"));
    api.finish();
    Ok(())
}

#[test]
fn one_category_is_fetched() -> Result<()> {
    let mut api = Api::start()?;
    let call = api.get("/api/v1/categories/11").with_body(fixture("reference/category")?).create();
    assert_eq!(api.session.get_category(CategoryId::from(11))?.name, "Gaming");
    call.assert();
    api.finish();
    Ok(())
}

#[test]
fn the_error_of_a_client_without_gift_cards_has_its_code() -> Result<()> {
    let mut api = Api::start()?;
    let body = r#"{"error":{"name":"BadRequestError","code":"INVALID_FEATURE",
        "message":"The requested feature is not enabled for this client"}}"#;
    let call = api.get("/api/v1/categories").with_status(400).with_body(body).create();
    let error = api.session.categories().unwrap_err();
    call.assert();
    assert_eq!((error.kind(), error.code()), (ErrorKind::InvalidRequest, Some("INVALID_FEATURE")));
    api.finish();
    Ok(())
}

#[test]
fn subcategories_are_listed_in_an_envelope() -> Result<()> {
    let mut api = Api::start()?;
    let body = format!(r#"{{"success":true,"data":{}}}"#, fixture("reference/subcategories")?);
    let call = api.get("/api/v1/subcategories").with_body(body).create();
    let subcategories = api.session.subcategories()?;
    call.assert();
    let names: Vec<_> = subcategories.iter().map(|subcategory| subcategory.name.as_str()).collect();
    assert_eq!(names, ["Console", ""]);
    api.finish();
    Ok(())
}

#[test]
fn one_subcategory_is_fetched() -> Result<()> {
    let mut api = Api::start()?;
    let call = api.get("/api/v1/subcategories/21").with_body(fixture("reference/subcategory")?).create();
    assert_eq!(api.session.get_subcategory(SubcategoryId::from(21))?.name, "Console");
    call.assert();
    api.finish();
    Ok(())
}

#[test]
fn the_health_check_sends_no_token_and_ignores_the_body() -> Result<()> {
    let mut api = Api::start()?;
    let call = api.get_without_token("/status").with_body("OK").create();
    api.session.service_status()?;
    call.assert();
    api.finish_without_login();
    Ok(())
}

#[test]
fn an_id_below_one_is_refused_before_anything_is_sent() -> Result<()> {
    let api = Api::start()?;
    for id in [0, -1, i64::MIN] {
        let errors = [
            api.session.get_country(CountryId::from(id)).unwrap_err(),
            api.session.get_currency(CurrencyId::from(id)).unwrap_err(),
            api.session.get_category(CategoryId::from(id)).unwrap_err(),
            api.session.get_subcategory(SubcategoryId::from(id)).unwrap_err(),
        ];
        for error in errors {
            assert_eq!(error.kind(), ErrorKind::InvalidRequest, "{id}");
            assert!(error.to_string().contains("1 or more"), "{error}");
        }
    }
    api.finish_without_login();
    Ok(())
}
