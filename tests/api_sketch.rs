//! Every public name with its signature, written down once more: a change that would break a caller breaks this file.

#![expect(let_underscore_drop, reason = "a value is named for its type and not kept")]

use std::collections::{BTreeMap, HashSet};
use std::fmt::{Debug, Display};
use std::hash::Hash;
use std::iter::FusedIterator;
use std::time::Duration;

use popup_rewards::sandbox::{Fault, Sandbox};
use popup_rewards::*;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

#[test]
fn a_session_is_set_up_in_three_ways() {
    let _: fn(&str, Credentials) -> Result<Session> = Session::new;
    let _: fn() -> Result<Session> = Session::from_env;
    let _: fn(&str, Credentials) -> SessionBuilder = Session::builder;
    let _: fn() -> Result<Credentials> = Credentials::from_env;
    let _: fn(&str, String) -> Credentials = |key, secret| Credentials::new(key, secret);
    let credentials = Credentials::from_fn(|| Ok(Credentials::new("key", "secret")));
    let _: Result<Session> = Session::builder("http://127.0.0.1:1", credentials)
        .refresh_margin(Duration::from_secs(60))
        .timeout(Duration::from_secs(30))
        .order_timeout(Duration::from_secs(90))
        .deadline(Duration::from_secs(120))
        .order_deadline(Duration::from_secs(180))
        .connect_timeout(Duration::from_secs(10))
        .retry(RetryPolicy::new())
        .rate_limits(RateLimits::unlimited())
        .observer(|_: &Event| ())
        .user_agent("me/1.0")
        .clock(SystemClock::new())
        .logout_on_drop(false)
        .build();
    let _: fn(SessionBuilder, &[u8]) -> SessionBuilder = SessionBuilder::root_certificates;
    let _: fn(SessionBuilder, &str) -> SessionBuilder = SessionBuilder::proxy;
    let _: [fn() -> RateLimits; 3] = [RateLimits::unlimited, RateLimits::production, RateLimits::sandbox];
    assert_eq!(RateLimits::default(), RateLimits::unlimited());
}

#[test]
fn tokens_are_looked_after_by_hand_if_need_be() {
    let _: [fn(&Session) -> Result<()>; 3] = [Session::login, Session::refresh, Session::logout];
    let _: fn(&Session) = Session::forget;
    let _: fn(&Session) -> Result<AccessToken> = Session::access_token;
    let _: fn(&Session, Duration) -> Result<AccessToken> = Session::access_token_valid_for;
    let _: fn(&Session) -> SessionStatus = Session::status;
    let _: fn(&Session) -> SessionStats = Session::stats;

    let _: fn(&AccessToken) -> &str = AccessToken::expose;
    let _: fn(&AccessToken) -> OffsetDateTime = AccessToken::expires_at;
    let _: fn(&AccessToken) -> Option<TokenClaims> = AccessToken::claims;
    let _: fn(&str) -> Secret = |text| Secret::new(text);
    let _: fn(&Secret) -> &str = Secret::expose;
    let _: fn(&str) -> Result<TokenClaims> = TokenClaims::parse;
    let _: [fn(&TokenClaims) -> Option<OffsetDateTime>; 2] =
        [TokenClaims::expires_at, TokenClaims::issued_at];
    let _: fn(&TokenClaims) -> bool = TokenClaims::is_expired;
    let _: fn(&TokenClaims) -> Duration = TokenClaims::time_until_expiry;
    let _: fn(&TokenClaims, Duration) -> bool = TokenClaims::should_refresh;
}

#[test]
fn gift_cards() {
    let _: fn(&Session, &ListProducts) -> Result<Page<Product>> = Session::list_products;
    let _: for<'a> fn(&'a Session, &ListProducts) -> Items<'a, Product> = Session::products;
    let _: fn(&Items<'static, Product>) -> Option<u64> = Items::total;
    let _: fn(&Session, ProductId) -> Result<Product> = Session::get_product;
    let _: fn(&Session, ProductId, Decimal, u32) -> Result<bool> = Session::check_availability;
    let _: fn(&Session, ProductId, &NewQuote) -> Result<Charges> = Session::quote_order;
    let _: fn(&Session, &NewOrder) -> Result<Order> = Session::create_order;
    let _: fn(&Session, &ListOrders) -> Result<Page<Order>> = Session::list_orders;
    let _: for<'a> fn(&'a Session, &ListOrders) -> Items<'a, Order> = Session::orders;
    let _: fn(&Session, OrderId) -> Result<Order> = Session::get_order;
    let _: fn(&Session, &ClientReference) -> Result<Option<Order>> = Session::find_order;
    let _: fn(&Session, OrderId, Duration) -> Result<Order> = Session::wait_for_order;

    let _: fn(ProductId, Decimal, u32, ClientReference) -> NewOrder = NewOrder::new;
    let _: fn(NewOrder, WalletId) -> NewOrder = NewOrder::wallet;
    let _: fn(NewOrder, &str) -> NewOrder = NewOrder::email;
    let _: fn(&NewOrder) -> &ClientReference = NewOrder::reference;
    let _: fn(&NewOrder) -> ProductId = NewOrder::product;
    let _: fn(&NewOrder) -> Decimal = NewOrder::denomination;
    let _: fn(&NewOrder) -> u32 = NewOrder::quantity;
    let _: fn(&NewOrder) -> Option<WalletId> = NewOrder::wallet_id;
    let _: fn(&NewOrder) -> Option<&str> = NewOrder::email_address;
    let _: fn(&NewOrder) -> bool = NewOrder::sends_ref;
    let _: fn(Decimal, u32) -> NewQuote = NewQuote::new;
    let _: fn(NewQuote, WalletId) -> NewQuote = NewQuote::wallet;
    let _: fn(&Denomination) -> bool = Denomination::is_fixed;
    let _: fn(&Denomination, Decimal) -> bool = Denomination::contains;
    let _: fn(&OrderStatus) -> bool = OrderStatus::is_terminal;
}

#[test]
fn top_ups() {
    let _: fn(&Session, &ListTopupProducts) -> Result<Page<TopupProduct>> = Session::list_topup_products;
    let _: for<'a> fn(&'a Session, &ListTopupProducts) -> Items<'a, TopupProduct> = Session::topup_products;
    let _: fn(&Session, TopupProductId) -> Result<TopupProduct> = Session::get_topup_product;
    let _: fn(&Session, TopupProductId) -> Result<Vec<TopupVariant>> = Session::list_topup_variants;
    let _: fn(&Session, TopupVariantId) -> Result<TopupVariant> = Session::get_topup_variant;
    let _: fn(&Session, &str) -> Result<Vec<MobileMatch>> = Session::lookup_mobile;
    let _: fn(&Session, &NewTopupQuote) -> Result<Charges> = Session::quote_topup;
    let _: fn(&Session, &NewTopupOrder) -> Result<TopupOrder> = Session::create_topup_order;
    let _: fn(&Session, &ListTopupOrders) -> Result<Page<TopupOrder>> = Session::list_topup_orders;
    let _: for<'a> fn(&'a Session, &ListTopupOrders) -> Items<'a, TopupOrder> = Session::topup_orders;
    let _: fn(&Session, TopupOrderId) -> Result<TopupOrder> = Session::get_topup_order;
    let _: fn(&Session, &ClientReference) -> Result<Option<TopupOrder>> = Session::find_topup_order;
    let _: fn(&Session, TopupOrderId, Duration) -> Result<TopupOrder> = Session::wait_for_topup_order;
    let _: fn(&Session, TopupOrderId, &str) -> Result<()> = Session::set_topup_notification_email;

    let _: fn(TopupProductId, Decimal, ClientReference) -> NewTopupOrder = NewTopupOrder::new;
    let _: fn(NewTopupOrder, &str, &str) -> NewTopupOrder = NewTopupOrder::input;
    let _: fn(NewTopupOrder, TopupCategory) -> NewTopupOrder = NewTopupOrder::category;
    let _: fn(NewTopupOrder, WalletId) -> NewTopupOrder = NewTopupOrder::wallet;
    let _: fn(&NewTopupOrder) -> &ClientReference = NewTopupOrder::reference;
    let _: fn(&NewTopupOrder) -> TopupProductId = NewTopupOrder::product;
    let _: fn(&NewTopupOrder) -> Decimal = NewTopupOrder::amount;
    let _: fn(&NewTopupOrder) -> &BTreeMap<String, String> = NewTopupOrder::inputs;
    let _: fn(&NewTopupOrder) -> Option<&TopupCategory> = NewTopupOrder::mobile_category;
    let _: fn(&NewTopupOrder) -> Option<WalletId> = NewTopupOrder::wallet_id;
    let _: fn(TopupProductId, Decimal) -> NewTopupQuote = NewTopupQuote::new;
    let _: fn(NewTopupQuote, TopupCategory) -> NewTopupQuote = NewTopupQuote::category;
    let _: fn(NewTopupQuote, WalletId) -> NewTopupQuote = NewTopupQuote::wallet;
    let _: fn(&TopupOrderStatus) -> bool = TopupOrderStatus::is_terminal;
}

#[test]
fn esims() {
    let _: fn(&Session, &ListEsimProducts) -> Result<Page<EsimProduct>> = Session::list_esim_products;
    let _: for<'a> fn(&'a Session, &ListEsimProducts) -> Items<'a, EsimProduct> = Session::esim_products;
    let _: fn(&Session, EsimProductId) -> Result<EsimProduct> = Session::get_esim_product;
    let _: fn(&Session, EsimProductId) -> Result<Vec<EsimVariant>> = Session::list_esim_variants;
    let _: fn(&Session, EsimVariantId) -> Result<EsimVariant> = Session::get_esim_variant;
    let _: fn(&Session, &NewEsimQuote) -> Result<Charges> = Session::quote_esim;
    let _: fn(&Session, &NewEsimOrder) -> Result<EsimOrder> = Session::create_esim_order;
    let _: fn(&Session, &ListEsimOrders) -> Result<Page<EsimOrder>> = Session::list_esim_orders;
    let _: for<'a> fn(&'a Session, &ListEsimOrders) -> Items<'a, EsimOrder> = Session::esim_orders;
    let _: fn(&Session, EsimOrderId) -> Result<EsimOrder> = Session::get_esim_order;
    let _: fn(&Session, &ClientReference) -> Result<Option<EsimOrder>> = Session::find_esim_order;
    let _: fn(&Session, EsimOrderId, Duration) -> Result<EsimOrder> = Session::wait_for_esim_order;
    let _: fn(&Session, EsimOrderId, &str) -> Result<()> = Session::set_esim_notification_email;

    let _: fn(EsimProductId, Decimal, ClientReference) -> NewEsimOrder = NewEsimOrder::new;
    let _: fn(NewEsimOrder, WalletId) -> NewEsimOrder = NewEsimOrder::wallet;
    let _: fn(&NewEsimOrder) -> &ClientReference = NewEsimOrder::reference;
    let _: fn(&NewEsimOrder) -> EsimProductId = NewEsimOrder::product;
    let _: fn(&NewEsimOrder) -> Decimal = NewEsimOrder::amount;
    let _: fn(&NewEsimOrder) -> Option<WalletId> = NewEsimOrder::wallet_id;
    let _: fn(EsimProductId, Decimal) -> NewEsimQuote = NewEsimQuote::new;
    let _: fn(NewEsimQuote, WalletId) -> NewEsimQuote = NewEsimQuote::wallet;
    let _: fn(&EsimOrderStatus) -> bool = EsimOrderStatus::is_terminal;
}

#[test]
fn wallets_and_reference_data() {
    let _: fn(&Session, &ListWallets) -> Result<Page<Wallet>> = Session::list_wallets;
    let _: for<'a> fn(&'a Session, &ListWallets) -> Items<'a, Wallet> = Session::wallets;
    let _: fn(&Session, WalletId) -> Result<Wallet> = Session::get_wallet;
    let _: fn(&Session, &ListTransactions) -> Result<Page<Transaction>> = Session::list_transactions;
    let _: for<'a> fn(&'a Session, &ListTransactions) -> Items<'a, Transaction> = Session::transactions;
    let _: fn(&Session, TransactionId) -> Result<Transaction> = Session::get_transaction;

    let _: fn(&Session) -> Result<Vec<Country>> = Session::countries;
    let _: fn(&Session, CountryId) -> Result<Country> = Session::get_country;
    let _: fn(&Session) -> Result<Vec<Currency>> = Session::currencies;
    let _: fn(&Session, CurrencyId) -> Result<Currency> = Session::get_currency;
    let _: fn(&Session) -> Result<Vec<Category>> = Session::categories;
    let _: fn(&Session, CategoryId) -> Result<Category> = Session::get_category;
    let _: fn(&Session) -> Result<Vec<Subcategory>> = Session::subcategories;
    let _: fn(&Session, SubcategoryId) -> Result<Subcategory> = Session::get_subcategory;
    let _: fn(&Session) -> Result<()> = Session::service_status;
}

#[test]
fn routes_this_crate_does_not_know() {
    let _: fn(&Session, &RawCall) -> Result<Vec<String>> = Session::call::<Vec<String>>;
    let _ = RawCall::get("/api/v1/new").query("k", "v");
    let _ = RawCall::post("/api/v1/new").json(&["body"]);
}

#[test]
fn filters_are_chained() {
    let _ = ListProducts::new()
        .page(1)
        .limit(10)
        .search("play")
        .category("Gaming")
        .country(CountryId::from(1))
        .currency(CurrencyId::from(1))
        .sort_by(ProductSort::Name)
        .sort_dir(SortDirection::Ascending);
    let reference = ClientReference::generate();
    let _ = ListOrders::new().page(1).limit(10).status(OrderStatus::Pending).reference(&reference);
    let _ = ListTopupProducts::new().page(1).limit(10).search("mobile");
    let _ = ListTopupOrders::new().page(1).limit(10).status(TopupOrderStatus::Pending).reference(&reference);
    let _ = ListEsimProducts::new().page(1).limit(10).search("europe");
    let _ = ListEsimOrders::new().page(1).limit(10).status(EsimOrderStatus::Pending).reference(&reference);
    let _ = ListWallets::new().page(1).limit(10).currency("USD");
    let _ = ListTransactions::new().page(1).limit(10).wallet(WalletId::from(1));
}

/// Reads every field that the struct is promised to have, as the type it is promised to have.
macro_rules! fields {
    ($name:ty { $($field:ident: $type:ty),+ $(,)? }) => {
        let _ = |value: $name| { $(let _: $type = value.$field;)+ };
    };
}

#[test]
fn fields_of_gift_cards() {
    fields!(Page<Product> { items: Vec<Product>, page: u32, total: Option<u64>, total_pages: Option<u32>, has_more: bool, unreadable: Vec<Unreadable> });
    let _: fn(&Unreadable) -> usize = Unreadable::position;
    let _: fn(&Unreadable) -> Option<i64> = Unreadable::id;
    let _: fn(&Unreadable) -> &Error = Unreadable::error;
    let _: fn(&Error) -> Option<&Unreadable> = Error::unreadable;
    fields!(Product {
        id: ProductId, name: String, category: String, sub_category: Option<String>, country_code: Option<String>,
        currency_code: Option<String>, image_url: Option<String>, delivery_mode: Option<String>,
        delivery_time: Option<String>, validity: Option<String>, available_denominations: Vec<Denomination>,
    });
    fields!(Denomination { min_value: Option<Decimal>, max_value: Option<Decimal>, discount: Option<Decimal> });
    fields!(Charges {
        total_payable: Decimal, total_amount: Option<Decimal>, non_discounted_total: Option<Decimal>,
        discount_amount: Option<Decimal>, discount: Option<Decimal>, gst_amount: Option<Decimal>,
        net_amount: Option<Decimal>, handling_fee_amount: Option<Decimal>, max_quantity: Option<u32>,
        details: Option<ChargesDetails>,
    });
    fields!(Order {
        id: OrderId, product_id: ProductId, product_name: Option<String>, denomination: Decimal, quantity: u32,
        amount: Option<Decimal>, discount: Option<Decimal>, client_reference: Option<String>,
        wallet_id: Option<WalletId>, status: OrderStatus, message: Option<String>, email: Option<String>,
        base_currency: Option<String>, deduction_currency: Option<String>, transaction_id: Option<TransactionId>,
        created_at: Option<OffsetDateTime>, vouchers: Vec<Voucher>,
    });
    fields!(Voucher {
        card_number: Option<Secret>, pin_code: Option<Secret>, claim_url: Option<Secret>,
        voucher_reference_number: Option<String>, expires_at: Option<OffsetDateTime>,
    });
    let _ = |status| match status {
        OrderStatus::Pending => "0".to_owned(),
        OrderStatus::Delivered => "1".to_owned(),
        OrderStatus::PartiallyDelivered => "2".to_owned(),
        OrderStatus::Failed => "3".to_owned(),
        OrderStatus::Cancelled => "4".to_owned(),
        OrderStatus::Unknown(text) => text,
        _ => String::new(),
    };
}

#[test]
fn fields_of_top_ups_and_esims() {
    fields!(TopupOrder {
        id: TopupOrderId, product_id: Option<TopupProductId>, product_name: Option<String>,
        variant_name: Option<String>, country_code: Option<String>, amount: Decimal, currency: Option<String>,
        client_reference: Option<String>, status: TopupOrderStatus, status_text: Option<String>,
        transaction_id: Option<TransactionId>, created_at: Option<OffsetDateTime>,
        completed_at: Option<OffsetDateTime>, failure_code: Option<String>, failure_reason: Option<String>,
        is_user_fixable: Option<bool>,
    });
    fields!(EsimOrder {
        id: EsimOrderId, product_id: Option<EsimProductId>, product_name: Option<String>,
        variant_name: Option<String>, country_code: Option<String>, amount: Decimal, currency: Option<String>,
        client_reference: Option<String>, status: EsimOrderStatus, status_text: Option<String>,
        transaction_id: Option<TransactionId>, created_at: Option<OffsetDateTime>,
        completed_at: Option<OffsetDateTime>, failure_code: Option<String>, failure_reason: Option<String>,
        is_user_fixable: Option<bool>, data_amount_gb: Option<Decimal>, validity_days: Option<u32>,
        activation_status: Option<ActivationStatus>, is_installed: Option<bool>, activation_code: Option<Secret>,
        iccid: Option<String>,
    });
}

#[test]
fn an_iterator_over_items_stays_ended() {
    fn is_fused<T: DeserializeOwned>(items: Items<'_, T>) -> impl FusedIterator<Item = Result<T>> {
        items
    }
    let _ = |items| is_fused::<Product>(items);
}

#[test]
fn references_and_ids() -> Result<()> {
    fn is_id<T>()
    where
        T: From<i64> + Display + Debug + Copy + Ord + Hash + Serialize + for<'de> Deserialize<'de>,
    {
    }
    is_id::<ProductId>();
    is_id::<OrderId>();
    is_id::<TopupProductId>();
    is_id::<TopupVariantId>();
    is_id::<TopupOrderId>();
    is_id::<EsimProductId>();
    is_id::<EsimVariantId>();
    is_id::<EsimOrderId>();
    is_id::<WalletId>();
    is_id::<TransactionId>();
    is_id::<CountryId>();
    is_id::<CurrencyId>();
    is_id::<CategoryId>();
    is_id::<SubcategoryId>();
    assert_eq!("88101".parse::<OrderId>().map(OrderId::get), Ok(88101));
    assert!("88101x".parse::<OrderId>().is_err());
    assert_eq!(HashSet::from([OrderId::from(1), OrderId::from(1)]).len(), 1);

    let _: fn() -> ClientReference = ClientReference::generate;
    let reference: ClientReference = ClientReference::new(String::from("order-1"))?;
    assert_eq!((reference.as_str(), &reference), ("order-1", &"order-1".parse()?));
    Ok(())
}

#[test]
fn errors_answer_questions() {
    let _: fn(&Error) -> ErrorKind = Error::kind;
    let _: fn(&Error) -> Option<u16> = Error::status;
    let _: [fn(&Error) -> Option<&str>; 4] =
        [Error::code, Error::server_message, Error::request_id, Error::client_reference];
    let _: fn(&Error) -> Option<Duration> = Error::retry_after;
    let _: [fn(&Error) -> bool; 2] = [Error::is_retryable, Error::may_have_executed];
}

#[test]
fn webhooks() {
    let _ = |body: &[u8], headers: &[(&str, &[u8])], secret: &Secret, now: OffsetDateTime| {
        let _: Result<webhook::Event> = webhook::verify(body, headers, secret, now);
    };
    let _: fn(&[u8], &Secret) -> String = webhook::sign;
    fields!(webhook::Event { id: String, created_at: OffsetDateTime, kind: webhook::EventKind });
    let _ = |kind| match kind {
        webhook::EventKind::OrderDelivered(order) => {
            let _: webhook::OrderEvent = order;
        }
        webhook::EventKind::Unknown { name, data } => {
            let _: (String, String) = (name, data);
        }
        _ => {}
    };
}

#[test]
fn a_sandbox_is_controlled() {
    let _: fn() -> Result<Sandbox> = Sandbox::start;
    let _: fn(&Sandbox) -> String = Sandbox::url;
    let _: fn(&Sandbox) -> Credentials = Sandbox::credentials;
    let _: fn(&Sandbox) -> Session = Sandbox::session;
    let _: fn(&Sandbox, Duration) = Sandbox::advance;
    let _: fn(&Sandbox) = Sandbox::revoke_all_tokens;
    let _: fn(&Sandbox, &str, Fault) = Sandbox::fault;
    let _: fn(&Sandbox, &str) -> u64 = Sandbox::calls;
    let _: [fn(&Sandbox) -> u64; 2] = [Sandbox::orders_executed, Sandbox::refresh_tokens_presented_twice];
}
