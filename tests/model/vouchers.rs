//! Gift cards: the forms of responses, read from fixtures.

use anyhow::Result;
use popup_rewards::{
    Charges, CountryId, CurrencyId, Order, OrderStatus, Product, ProductId, Secret, TransactionId, WalletId,
};
use rust_decimal::Decimal;
use time::OffsetDateTime;

use crate::common::mock::read;

fn text(amount: Option<Decimal>) -> Option<String> {
    amount.map(|amount| amount.to_string())
}

#[test]
fn a_product_is_read_in_full() -> Result<()> {
    let product: Product = read("vouchers/product")?;
    assert_eq!(
        (product.id, product.name.as_str(), product.category.as_str()),
        (ProductId::from(3105), "Acme Play US", "Gaming")
    );
    assert_eq!(product.sub_category.as_deref(), Some("Console"));
    assert_eq!(
        (product.country_code.as_deref(), product.currency_code.as_deref()),
        (Some("USA"), Some("USD"))
    );
    assert_eq!(product.image_url.as_deref(), Some("https://images.example.com/3105.png"));
    assert_eq!(
        (product.delivery_mode.as_deref(), product.delivery_time.as_deref()),
        (Some("Digital"), Some("Instant"))
    );
    assert_eq!(product.validity.as_deref(), Some("12 months"));
    let [fixed, range] = product.available_denominations.as_slice() else { panic!("{product:?}") };
    assert!(fixed.is_fixed() && !range.is_fixed());
    assert_eq!(text(range.max_value).as_deref(), Some("200.00"));
    assert_eq!(text(fixed.discount).as_deref(), Some("2.5"));
    Ok(())
}

#[test]
fn a_product_may_have_nulls_and_unknown_members() -> Result<()> {
    let product: Product = read("vouchers/product_nulls")?;
    assert_eq!((product.sub_category, product.image_url, product.validity), (None, None, None));
    assert!(!product.available_denominations[0].contains(Decimal::ONE));
    Ok(())
}

#[test]
fn a_product_may_name_its_country_and_currency_by_id() -> Result<()> {
    let product: Product = read("vouchers/product_by_ids")?;
    assert_eq!(
        (product.country_id, product.currency_id),
        (Some(CountryId::from(81)), Some(CurrencyId::from(3)))
    );
    assert_eq!((product.country_code, product.currency_code, product.image_url), (None, None, None));
    assert_eq!(product.delivery_type.as_deref(), Some("code_with_pin"));
    assert_eq!(product.category, "");
    assert_eq!(text(product.available_denominations[0].discount).as_deref(), Some("1.25"));
    Ok(())
}

#[test]
fn charges_without_an_exchange_are_read_in_full() -> Result<()> {
    let charges: Charges = read("vouchers/charges")?;
    assert_eq!(charges.total_payable.to_string(), "78.00");
    let amounts = [
        charges.non_discounted_total,
        charges.discount_amount,
        charges.total_amount,
        charges.discount,
        charges.gst_amount,
        charges.net_amount,
        charges.handling_fee_amount,
    ];
    let expected = ["80.00", "2.00", "78.00", "2.5", "0.00", "78.00", "0.00"];
    assert_eq!(amounts.map(text), expected.map(|amount| Some(amount.to_owned())));
    let details = charges.details.unwrap();
    assert_eq!(
        (details.source_currency.as_deref(), details.forex_rate, details.conversion_fee),
        (Some("USD"), None, None)
    );
    Ok(())
}

#[test]
fn charges_with_an_exchange_are_read_from_texts_and_numbers() -> Result<()> {
    let charges: Charges = read("vouchers/charges_exchange")?;
    assert_eq!(charges.total_payable.to_string(), "71.9136");
    assert_eq!((charges.gst_amount, charges.max_quantity), (None, None));
    let details = charges.details.unwrap();
    assert_eq!(details.destination_currency.as_deref(), Some("EUR"));
    assert_eq!(
        (text(details.forex_rate).as_deref(), text(details.conversion_fee).as_deref()),
        (Some("0.915559"), Some("0.50"))
    );
    Ok(())
}

#[test]
fn charges_need_only_the_total_payable() -> Result<()> {
    let charges: Charges = read("vouchers/charges_short")?;
    assert_eq!(charges.total_payable.to_string(), "78.00");
    assert_eq!((charges.total_amount, charges.net_amount), (None, None));
    assert!(charges.details.is_none());
    Ok(())
}

#[test]
fn an_order_is_read_in_full() -> Result<()> {
    let order: Order = read("vouchers/order")?;
    assert_eq!((order.id.get(), order.product_id.get(), order.quantity), (88101, 3105, 2));
    assert_eq!(order.product_name.as_deref(), Some("Acme Play US"));
    assert_eq!(order.denomination.to_string(), "20.00");
    assert_eq!(
        (text(order.amount).as_deref(), text(order.discount).as_deref()),
        (Some("40.00"), Some("1.00"))
    );
    assert_eq!(
        (order.client_reference.as_deref(), order.wallet_id),
        (Some("ord-5f1c"), Some(WalletId::from(9)))
    );
    assert_eq!(order.status, OrderStatus::Delivered);
    assert_eq!(
        (order.base_currency.as_deref(), order.deduction_currency.as_deref()),
        (Some("USD"), Some("USD"))
    );
    assert_eq!((order.message, order.email.as_deref()), (None, Some("someone@example.org")));
    let [card, link] = order.vouchers.as_slice() else { panic!("{} vouchers", order.vouchers.len()) };
    assert_eq!(card.card_number.as_ref().map(Secret::expose), Some("ACME-1111"));
    assert_eq!(card.pin_code.as_ref().map(Secret::expose), Some("4321"));
    assert_eq!(card.expires_at.map(OffsetDateTime::unix_timestamp), Some(1_956_528_000));
    assert!(card.claim_url.is_none() && link.card_number.is_none() && link.expires_at.is_none());
    assert_eq!(
        link.claim_url.as_ref().map(Secret::expose),
        Some("https://claim.example.com/c?code=ACME-2222&lang=en")
    );
    assert_eq!(link.voucher_reference_number.as_deref(), Some("VR-77"));
    Ok(())
}

#[test]
fn an_order_may_use_older_member_names_and_forms() -> Result<()> {
    let order: Order = read("vouchers/order_other_names")?;
    assert_eq!(order.client_reference.as_deref(), Some("ord-5f1c"));
    assert_eq!(
        (order.denomination.to_string(), text(order.discount)),
        ("20.00".to_owned(), Some("1.00".to_owned()))
    );
    assert_eq!(
        (order.status, order.transaction_id),
        (OrderStatus::Delivered, Some(TransactionId::from(5512)))
    );
    assert_eq!(order.created_at.map(OffsetDateTime::unix_timestamp), Some(1_930_212_300));
    Ok(())
}

#[test]
fn the_newest_of_several_member_names_counts() -> Result<()> {
    let order: Order = read("vouchers/order_two_references")?;
    assert_eq!(order.client_reference.as_deref(), Some("tag-1"));
    assert_eq!(order.created_at.map(OffsetDateTime::unix_timestamp), Some(1_930_212_300));
    assert!(order.vouchers.is_empty());
    Ok(())
}

#[test]
fn an_order_with_malformed_members_keeps_its_codes() -> Result<()> {
    let order: Order = read("vouchers/order_malformed")?;
    assert_eq!(order.client_reference.as_deref(), Some("key-2"));
    assert_eq!(order.created_at.map(OffsetDateTime::unix_timestamp), Some(1_930_212_300));
    assert_eq!((order.wallet_id, order.email, order.amount), (None, None, None));
    assert_eq!(order.status, OrderStatus::Unknown("AwaitingReview".to_owned()));
    let card = &order.vouchers[0];
    assert_eq!(card.card_number.as_ref().map(Secret::expose), Some("6006491234567890123"));
    assert!(card.pin_code.is_none() && card.expires_at.is_none());
    Ok(())
}

#[test]
fn only_a_final_status_is_terminal() {
    let terminal = ["delivered", "FAILED", "Cancelled"];
    for status in terminal {
        assert!(OrderStatus::from(status).is_terminal(), "{status}");
    }
    for status in ["PENDING", "PARTIALLY_DELIVERED", "PLACED", "PROCESSING", ""] {
        assert!(!OrderStatus::from(status).is_terminal(), "{status}");
    }
}
