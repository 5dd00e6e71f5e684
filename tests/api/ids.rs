//! An object in a response must have the requested id.

use anyhow::Result;
use popup_rewards::{ErrorKind, Session};

use crate::common::mock::{Api, fixture};

/// Fetches the object with this id.
type Get = fn(&Session, i64) -> popup_rewards::Result<()>;

#[test]
fn an_object_with_another_id_is_an_error() -> Result<()> {
    let gets: [(&str, &str, i64, Get); 14] = [
        ("products", "vouchers/product", 3105, |session, id| session.get_product(id.into()).map(drop)),
        ("orders", "vouchers/order", 88101, |session, id| session.get_order(id.into()).map(drop)),
        ("topups/products", "topups/product", 41, |session, id| {
            session.get_topup_product(id.into()).map(drop)
        }),
        ("topups/variants", "topups/variant", 412, |session, id| {
            session.get_topup_variant(id.into()).map(drop)
        }),
        ("topups/orders", "topups/order_delivered", 70001, |session, id| {
            session.get_topup_order(id.into()).map(drop)
        }),
        ("esim/products", "esim/product", 7, |session, id| session.get_esim_product(id.into()).map(drop)),
        ("esim/variants", "esim/variant", 71, |session, id| session.get_esim_variant(id.into()).map(drop)),
        ("esim/orders", "esim/order_delivered", 60001, |session, id| {
            session.get_esim_order(id.into()).map(drop)
        }),
        ("wallets", "wallets/wallet", 9, |session, id| session.get_wallet(id.into()).map(drop)),
        ("transactions", "wallets/transaction", 610, |session, id| {
            session.get_transaction(id.into()).map(drop)
        }),
        ("countries", "reference/country", 1, |session, id| session.get_country(id.into()).map(drop)),
        ("currencies", "reference/currency", 5, |session, id| session.get_currency(id.into()).map(drop)),
        ("categories", "reference/category", 11, |session, id| session.get_category(id.into()).map(drop)),
        ("subcategories", "reference/subcategory", 21, |session, id| {
            session.get_subcategory(id.into()).map(drop)
        }),
    ];
    let mut api = Api::start()?;
    for (route, name, id, get) in gets {
        let own = api.get(&format!("/api/v1/{route}/{id}")).with_body(fixture(name)?).create();
        let other = api.get(&format!("/api/v1/{route}/{}", id + 1)).with_body(fixture(name)?).create();
        get(&api.session, id)?;
        let error = get(&api.session, id + 1).unwrap_err();
        assert_eq!(
            (error.kind(), error.request_id()),
            (ErrorKind::InvalidResponse, Some("req-1")),
            "{route}"
        );
        own.assert();
        other.assert();
    }
    api.finish();
    Ok(())
}
