//! Every route of the API has a method.

use popup_rewards::sandbox::Sandbox;
use popup_rewards::{
    ListEsimOrders, ListEsimProducts, ListOrders, ListProducts, ListTopupOrders, ListTopupProducts,
    ListTransactions, ListWallets, NewEsimQuote, NewQuote, NewTopupQuote,
};
use rust_decimal::Decimal;

use crate::common::verticals::{VERTICALS, named, quick};

/// All routes of the API.
const ROUTES: [&str; 42] = [
    "POST /auth/login",
    "POST /auth/refresh",
    "POST /auth/logout",
    "GET /api/v1/products",
    "GET /api/v1/products/:id",
    "POST /api/v1/products/:id/availability",
    "POST /api/v1/products/:id/charges",
    "POST /api/v1/orders",
    "GET /api/v1/orders",
    "GET /api/v1/orders/:id",
    "GET /api/v1/topups/products",
    "GET /api/v1/topups/products/:id",
    "GET /api/v1/topups/products/:id/variants",
    "GET /api/v1/topups/variants/:id",
    "POST /api/v1/topups/lookup",
    "POST /api/v1/topups/charges",
    "POST /api/v1/topups/orders",
    "GET /api/v1/topups/orders",
    "GET /api/v1/topups/orders/:id",
    "PATCH /api/v1/topups/orders/:id/notification-email",
    "GET /api/v1/esim/products",
    "GET /api/v1/esim/products/:id",
    "GET /api/v1/esim/products/:id/variants",
    "GET /api/v1/esim/variants/:id",
    "POST /api/v1/esim/charges",
    "POST /api/v1/esim/orders",
    "GET /api/v1/esim/orders",
    "GET /api/v1/esim/orders/:id",
    "PATCH /api/v1/esim/orders/:id/notification-email",
    "GET /api/v1/wallets",
    "GET /api/v1/wallets/:id",
    "GET /api/v1/transactions",
    "GET /api/v1/transactions/:id",
    "GET /api/v1/countries",
    "GET /api/v1/countries/:id",
    "GET /api/v1/currencies",
    "GET /api/v1/currencies/:id",
    "GET /api/v1/categories",
    "GET /api/v1/categories/:id",
    "GET /api/v1/subcategories",
    "GET /api/v1/subcategories/:id",
    "GET /status",
];

#[test]
fn each_method_calls_its_route_once() {
    let sandbox = Sandbox::start().unwrap();
    let session = quick(&sandbox).0.build().unwrap();
    let [voucher, topup, esim] = VERTICALS;

    session.login().unwrap();
    session.refresh().unwrap();
    session.service_status().unwrap();

    let product = session.list_products(&ListProducts::new().search("play")).unwrap().items.remove(0);
    assert_eq!(session.get_product(product.id).unwrap().name, product.name);
    let card = Decimal::from(20);
    assert!(session.check_availability(3001.into(), card, 1).unwrap());
    assert_eq!(session.quote_order(3001.into(), &NewQuote::new(card, 2)).unwrap().total_payable, card + card);
    let order = voucher.create(&session, &named("cards")).unwrap();
    assert_eq!(session.list_orders(&ListOrders::new()).unwrap().items[0].id.get(), order.id);
    session.get_order(order.id.into()).unwrap();

    let game = session.list_topup_products(&ListTopupProducts::new()).unwrap().items.remove(0);
    session.get_topup_product(game.id).unwrap();
    let variant = session.list_topup_variants(game.id).unwrap().remove(0);
    assert_eq!(session.get_topup_variant(variant.id).unwrap().name, variant.name);
    assert!(!session.lookup_mobile("+14155550123").unwrap().is_empty());
    session.quote_topup(&NewTopupQuote::new(401.into(), Decimal::new(499, 2))).unwrap();
    let credit = topup.create(&session, &named("credit")).unwrap();
    assert_eq!(session.list_topup_orders(&ListTopupOrders::new()).unwrap().items[0].id.get(), credit.id);
    session.get_topup_order(credit.id.into()).unwrap();
    session.set_topup_notification_email(credit.id.into(), "someone@example.org").unwrap();

    let plans = session.list_esim_products(&ListEsimProducts::new()).unwrap().items.remove(0);
    session.get_esim_product(plans.id).unwrap();
    let plan = session.list_esim_variants(plans.id).unwrap().remove(0);
    assert_eq!(session.get_esim_variant(plan.id).unwrap().amount, plan.amount);
    session.quote_esim(&NewEsimQuote::new(plans.id, plan.amount)).unwrap();
    let profile = esim.create(&session, &named("profile")).unwrap();
    assert_eq!(session.list_esim_orders(&ListEsimOrders::new()).unwrap().items[0].id.get(), profile.id);
    session.get_esim_order(profile.id.into()).unwrap();
    session.set_esim_notification_email(profile.id.into(), "someone@example.org").unwrap();

    let wallet = session.list_wallets(&ListWallets::new()).unwrap().items.remove(0);
    assert_eq!(session.get_wallet(wallet.id).unwrap().currency_id, wallet.currency_id);
    let transaction = session.list_transactions(&ListTransactions::new()).unwrap().items.remove(0);
    assert_eq!(session.get_transaction(transaction.id).unwrap().amount, transaction.amount);

    assert_eq!(session.get_country(session.countries().unwrap()[0].id).unwrap().alpha_3, "USA");
    session.get_currency(session.currencies().unwrap()[0].id).unwrap();
    session.get_category(session.categories().unwrap()[0].id).unwrap();
    session.get_subcategory(session.subcategories().unwrap()[0].id).unwrap();
    session.logout().unwrap();

    for route in ROUTES {
        assert_eq!(sandbox.calls(route), 1, "{route}");
    }
    assert_eq!(sandbox.calls("*"), 42);
}
