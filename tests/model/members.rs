//! Members of every form and type.

use std::fmt::Debug;

use anyhow::Result;
use popup_rewards::{
    Category, Charges, Country, Currency, Decimal, Denomination, EsimOrder, EsimProduct, EsimVariant,
    MobileMatch, OffsetDateTime, Order, OrderStatus, Product, ProductId, Subcategory, TopupInputField,
    TopupOrder, TopupProduct, TopupVariant, Transaction, Voucher, Wallet,
};
use serde::de::DeserializeOwned;

use super::{members, with};
use crate::common::mock::Api;

/// Checks that the object reads the same with each of `forms` as with `plain`.
fn same<T: DeserializeOwned + Debug>(
    fixture: &str,
    member: &str,
    plain: Option<&str>,
    forms: &[&str],
) -> Result<()> {
    let object = members(fixture)?;
    let read = |raw| serde_json::from_str::<T>(&with(&object, member, raw));
    let expected = format!("{:?}", read(plain)?);
    for raw in forms {
        assert_eq!(format!("{:?}", read(Some(raw))?), expected, "{member} = {raw}");
    }
    Ok(())
}

#[test]
fn an_integer_may_be_text_or_a_float_and_anything_else_is_none() -> Result<()> {
    let as_two = ["2", r#""2""#, "2.0", r#""2.00""#, "2e0", r#"" 2 ""#];
    let no_id = ["null", r#""""#, "{}", "[2]", "2.5", r#""two""#, "true", "1e99"];
    for member in ["id", "product_id", "wallet_id", "transaction_id", "quantity"] {
        same::<Order>("vouchers/order", member, Some("2"), &as_two)?;
    }
    for member in ["product_id", "quantity"] {
        same::<Order>("vouchers/order", member, None, &no_id)?;
    }
    same::<Order>("vouchers/order", "transaction_id", None, &no_id)?;
    for member in ["id", "product_id", "transaction_id"] {
        same::<TopupOrder>("topups/order_delivered", member, Some("2"), &as_two)?;
    }
    for member in ["id", "product_id", "transaction_id", "validity_days"] {
        same::<EsimOrder>("esim/order_delivered", member, Some("2"), &as_two)?;
    }
    same::<EsimOrder>("esim/order_delivered", "validity_days", None, &["-1", r#""30 days""#, "2.5"])?;
    same::<Charges>("vouchers/charges", "max_quantity", Some("2"), &as_two)?;
    same::<Product>("vouchers/product_by_ids", "country_id", Some("2"), &as_two)?;
    same::<Product>("vouchers/product_by_ids", "currency_id", Some("2"), &as_two)?;
    same::<Wallet>("wallets/wallet", "id", Some("2"), &as_two)?;
    same::<Wallet>("wallets/wallet", "currency_id", Some("2"), &as_two)?;
    for member in ["id", "wallet_id", "currency_id"] {
        same::<Transaction>("wallets/transaction", member, Some("2"), &as_two)?;
    }
    same::<Currency>("reference/currency", "precision", Some("2"), &as_two)?;
    same::<TopupProduct>("topups/product", "id", Some("2"), &as_two)?;
    same::<TopupVariant>("topups/variant", "id", Some("2"), &as_two)?;
    same::<MobileMatch>("topups/lookup", "product_id", Some("2"), &as_two)?;
    same::<EsimProduct>("esim/product", "id", Some("2"), &as_two)?;
    for member in ["id", "esim_product_id", "validity_days"] {
        same::<EsimVariant>("esim/variant", member, Some("2"), &as_two)?;
    }
    same::<Country>("reference/country", "id", Some("2"), &as_two)?;
    same::<Category>("reference/category", "id", Some("2"), &as_two)?;
    same::<Subcategory>("reference/subcategory", "id", Some("2"), &as_two)?;
    Ok(())
}

#[test]
fn an_amount_is_read_exactly_or_not_at_all() -> Result<()> {
    let exact = ["4.99", r#""4.99""#, r#"" 4.99 ""#, "499e-2", r#""0.0499E2""#];
    let unreadable =
        ["null", r#""""#, "{}", "[4.99]", "true", r#""1,040.00""#, r#""4,99""#, r#""4.99 USD""#, "1e99"];
    for member in ["amount", "discount"] {
        same::<Order>("vouchers/order", member, Some("4.99"), &exact)?;
        same::<Order>("vouchers/order", member, None, &unreadable)?;
    }
    same::<Order>("vouchers/order", "denomination", None, &unreadable)?;
    same::<EsimOrder>("esim/order_delivered", "data_amount_gb", Some("4.99"), &exact)?;
    same::<EsimOrder>(
        "esim/order_delivered",
        "data_amount_gb",
        None,
        &[r#""Unlimited""#, r#""1 GB""#, r#""""#],
    )?;
    same::<EsimVariant>("esim/variant", "data_amount_gb", None, &[r#""Unlimited""#, r#""1 GB""#, r#""""#])?;
    same::<EsimVariant>("esim/variant", "client_discount", None, &unreadable)?;
    for member in ["total_amount", "discount_amount", "gst_amount", "net_amount", "handling_fee_amount"] {
        same::<Charges>("vouchers/charges", member, Some("4.99"), &exact)?;
        same::<Charges>("vouchers/charges", member, None, &unreadable)?;
    }
    for member in ["forex_rate", "conversion_charges"] {
        same::<Transaction>("wallets/transaction", member, None, &unreadable)?;
    }
    same::<TopupVariant>(
        "topups/variant",
        "fixed_amounts",
        Some("[4.99]"),
        &[r#"["4.99",""]"#, r#"["4.99","1,000.00",null,{}]"#, r#"{"0":"4.99"}"#, "[499e-2,true]"],
    )?;
    // An object that is useless without its amount is unreadable.
    for raw in unreadable {
        assert!(
            serde_json::from_str::<Wallet>(&with(&members("wallets/wallet")?, "amount", Some(raw))).is_err()
        );
        let transaction = with(&members("wallets/transaction")?, "amount", Some(raw));
        assert!(serde_json::from_str::<Transaction>(&transaction).is_err());
        assert!(
            serde_json::from_str::<EsimVariant>(&with(&members("esim/variant")?, "amount", Some(raw)))
                .is_err()
        );
        let charges = with(&members("vouchers/charges")?, "total_payable", Some(raw));
        let error = serde_json::from_str::<Charges>(&charges).unwrap_err().to_string();
        assert!(error.contains("has no readable `total_payable`") && !error.contains("040"), "{error}");
    }
    Ok(())
}

#[test]
fn a_range_with_an_unreadable_bound_is_not_open_ended() -> Result<()> {
    for raw in [r#""""#, r#""1,000.00""#, "{}", "true", r#""max""#, "1e99"] {
        for (low, high) in [("5", raw), (raw, "500")] {
            let range = format!(r#"{{"min_value":{low},"max_value":{high},"discount":1}}"#);
            assert!(serde_json::from_str::<Denomination>(&range).is_err(), "{range}");
            let listed = format!(r#"[{range},{{"min_value":20,"max_value":20,"discount":"?"}}]"#);
            let product = with(&members("vouchers/product")?, "available_denominations", Some(&listed));
            let product: Product = serde_json::from_str(&product)?;
            let [only] = product.available_denominations.as_slice() else { panic!("{product:?}") };
            assert!(only.is_fixed() && only.discount.is_none());

            let variant = format!(
                r#"{{"id":1,"name":"n","min_amount":{low},"max_amount":{high},"fixed_amounts":[7]}}"#
            );
            let variant: TopupVariant = serde_json::from_str(&variant)?;
            assert_eq!((variant.min_amount, variant.max_amount), (None, None), "{variant:?}");
            assert!(variant.contains(Decimal::from(7)) && !variant.contains(Decimal::from(6)));
        }
    }
    Ok(())
}

#[test]
fn a_flag_may_be_a_number_or_text() -> Result<()> {
    let (yes, no) = (["1", r#""true""#, r#""True""#, r#""1""#], ["0", r#""false""#, r#""0""#]);
    same::<TopupOrder>("topups/order_failed", "is_user_fixable", Some("true"), &yes)?;
    same::<TopupOrder>("topups/order_failed", "is_user_fixable", Some("false"), &no)?;
    for member in ["is_installed", "is_user_fixable"] {
        same::<EsimOrder>("esim/order_delivered", member, Some("true"), &yes)?;
        same::<EsimOrder>("esim/order_delivered", member, Some("false"), &no)?;
        same::<EsimOrder>(
            "esim/order_delivered",
            member,
            None,
            &["null", r#""""#, "2", r#""yes""#, "{}", "[]"],
        )?;
    }
    same::<MobileMatch>("topups/lookup", "identified", Some("true"), &yes)?;
    same::<MobileMatch>("topups/lookup", "identified", Some("false"), &no)?;
    let mut api = Api::start()?;
    let sent = r#"{"denomination":20,"quantity":1}"#;
    for (raw, expected) in [
        ("1", Some(true)),
        (r#""true""#, Some(true)),
        ("0", Some(false)),
        (r#""False""#, Some(false)),
        ("null", None),
        (r#""""#, None),
        ("2", None),
    ] {
        let body = format!(r#"{{"is_available":{raw}}}"#);
        let call = api.post("/api/v1/products/1/availability", sent).with_body(body).create();
        let available = api.session.check_availability(ProductId::from(1), Decimal::from(20), 1);
        assert_eq!(available.ok(), expected, "{raw}");
        drop(call);
        api.forget_mocks()?;
    }
    Ok(())
}

#[test]
fn a_time_is_read_in_every_form() -> Result<()> {
    let spellings = [
        r#""2031-03-02T10:05:00+00:00""#,
        r#""2031-03-02 10:05:00""#,
        r#""2031-03-02T10:05:00""#,
        r#""2031-03-02T10:05:00+0000""#,
        "1930212300",
        "1930212300000",
        r#""1930212300""#,
    ];
    let plain = Some(r#""2031-03-02T10:05:00Z""#);
    let unreadable = ["null", r#""""#, r#""soon""#, "{}", "[]", "true", "17"];
    for member in ["created_at", "placed_at"] {
        same::<Order>("vouchers/order", member, plain, &spellings)?;
        same::<Order>("vouchers/order", member, None, &unreadable)?;
    }
    for member in ["created_at", "completed_at"] {
        same::<TopupOrder>("topups/order_delivered", member, plain, &spellings)?;
    }
    for member in ["created_at", "completed_at", "installed_at", "activated_at"] {
        same::<EsimOrder>("esim/order_installed", member, plain, &spellings)?;
        same::<EsimOrder>("esim/order_installed", member, None, &unreadable)?;
    }
    same::<Transaction>("wallets/transaction", "created_at", plain, &spellings)?;
    for (raw, end) in [(r#""2032-01-01""#, 1_956_614_399), (r#""2032-01-01 00:00:00""#, 1_956_528_000)] {
        let voucher: Voucher = serde_json::from_str(&format!(r#"{{"expires_at":{raw}}}"#))?;
        assert_eq!(voucher.expires_at.map(OffsetDateTime::unix_timestamp), Some(end), "{raw}");
    }
    Ok(())
}

#[test]
fn texts_and_statuses_are_read_in_every_form() -> Result<()> {
    same::<Product>("vouchers/product", "category", Some(r#""5""#), &["5"])?;
    same::<Product>("vouchers/product", "category", None, &["null", r#""""#, "{}", "[]", "true"])?;
    same::<Product>(
        "vouchers/product",
        "available_denominations",
        None,
        &["null", r#""""#, "{}", "[]", "5", "[[],7]"],
    )?;
    same::<TopupVariant>("topups/variant", "fields", None, &["null", "[]", "{}", r#""""#, "7"])?;
    same::<TopupVariant>(
        "topups/variant",
        "fields",
        Some(r#"{"a":"1"}"#),
        &[r#"{"a":1,"b":null,"c":[],"a":"1"}"#],
    )?;
    same::<TopupVariant>("topups/variant", "available_in", None, &["null", "{}", "[null,7,{}]", r#""""#])?;
    same::<TopupVariant>("topups/variant", "category", None, &["null", r#""""#, "{}"])?;
    same::<Charges>("vouchers/charges", "charges_details", None, &["null", r#""""#, "[]", "[1]", "7"])?;
    let unknown = ["null", r#""""#, "{}", "[]", "true"];
    same::<Order>("vouchers/order", "status", None, &unknown)?;
    same::<Wallet>("wallets/wallet", "type", None, &unknown)?;
    same::<Transaction>("wallets/transaction", "status", None, &unknown)?;
    same::<Transaction>("wallets/transaction", "transaction_type", None, &unknown)?;
    same::<TopupProduct>("topups/product", "topup_type", None, &unknown)?;
    for (raw, expected) in [
        (r#""CANCELED""#, OrderStatus::Cancelled),
        (r#"" Delivered ""#, OrderStatus::Delivered),
        (r#""Partially Delivered""#, OrderStatus::PartiallyDelivered),
        (r#""partially-delivered""#, OrderStatus::PartiallyDelivered),
        ("null", OrderStatus::Unknown(String::new())),
        ("3", OrderStatus::Unknown("3".to_owned())),
    ] {
        let order: Order = serde_json::from_str(&with(&members("vouchers/order")?, "status", Some(raw)))?;
        assert_eq!(order.status, expected, "{raw}");
    }
    let cancelled = Some(r#""CANCELLED""#);
    same::<TopupOrder>("topups/order_failed", "status", cancelled, &[r#""canceled""#, r#""Cancelled ""#])?;
    same::<EsimOrder>("esim/order_failed", "status", cancelled, &[r#""Canceled""#])?;
    same::<EsimOrder>(
        "esim/order_delivered",
        "activation_status",
        Some(r#""NOT_INSTALLED""#),
        &[r#""Not installed""#],
    )?;
    Ok(())
}

/// Checks that the last of duplicate members counts, and that a list of values is not read as an object.
fn last_counts<T: DeserializeOwned + Debug>(fixture: &str) -> Result<()> {
    let object = members(fixture)?;
    let expected = format!("{:?}", serde_json::from_str::<T>(&super::object(&object))?);
    for (name, _) in &object {
        for first in ["null", r#""x""#, "{}", "[7]"] {
            let twice = [&[(name.clone(), first.to_owned())], object.as_slice()].concat();
            let read = serde_json::from_str::<T>(&super::object(&twice))?;
            assert_eq!(format!("{read:?}"), expected, "{fixture}: {name} first {first}");
        }
    }
    let values: Vec<_> = object.into_iter().map(|(_, value)| value).collect();
    assert!(serde_json::from_str::<T>(&format!("[{}]", values.join(","))).is_err(), "{fixture} by position");
    assert!(
        serde_json::from_str::<T>("[]").is_err() && serde_json::from_str::<T>("null").is_err(),
        "{fixture}"
    );
    Ok(())
}

#[test]
fn the_last_of_duplicate_members_counts_and_lists_are_not_objects() -> Result<()> {
    last_counts::<Order>("vouchers/order")?;
    last_counts::<Product>("vouchers/product")?;
    last_counts::<Charges>("vouchers/charges_exchange")?;
    last_counts::<TopupOrder>("topups/order_delivered")?;
    last_counts::<TopupProduct>("topups/product")?;
    last_counts::<TopupVariant>("topups/variant")?;
    last_counts::<MobileMatch>("topups/lookup")?;
    last_counts::<EsimOrder>("esim/order_delivered")?;
    last_counts::<EsimProduct>("esim/product")?;
    last_counts::<EsimVariant>("esim/variant")?;
    last_counts::<Wallet>("wallets/wallet")?;
    last_counts::<Transaction>("wallets/transaction")?;
    last_counts::<Country>("reference/country")?;
    last_counts::<Currency>("reference/currency")?;
    last_counts::<Category>("reference/category")?;
    last_counts::<Subcategory>("reference/subcategory")?;
    assert!(serde_json::from_str::<Vec<Wallet>>(r#"[[9,1,500,"PREPAID"]]"#).is_err());
    assert!(serde_json::from_str::<Denomination>("[5,10,1]").is_err());
    assert!(serde_json::from_str::<Voucher>(r#"["ACME-1111"]"#).is_err());
    assert!(serde_json::from_str::<TopupInputField>(r#"["key","label",true]"#).is_err());
    Ok(())
}
