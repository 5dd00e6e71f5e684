//! Orders that the server refuses.

use popup_rewards::sandbox::{Fault, Sandbox};
use popup_rewards::{ClientReference, ErrorKind, NewEsimOrder, NewTopupOrder, WalletId};
use rust_decimal::Decimal;

use crate::common::verticals::{VERTICALS, Vertical, gift_cards, named, quick};

#[test]
fn an_order_on_an_empty_wallet_fails_with_insufficient_funds() {
    for vertical in VERTICALS {
        let sandbox = Sandbox::start().unwrap();
        let session = quick(&sandbox).0.build().unwrap();
        sandbox.set_balance(WalletId::from(9), Decimal::ONE);
        let error = vertical.create(&session, &named("poor")).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InsufficientFunds);
        assert_eq!((error.code(), error.client_reference()), (Some("INSUFFICIENT_FUNDS"), Some("poor")));
        assert!(!error.may_have_executed() && !error.is_retryable(), "{error:?}");
        assert_eq!(sandbox.orders_executed(), 0);
    }
}

#[test]
fn a_validation_error_causes_no_lookup() {
    let sandbox = Sandbox::start().unwrap();
    let session = quick(&sandbox).0.build().unwrap();
    let cents = Decimal::new(123, 2);
    let errors = [
        session.create_order(&gift_cards(3001, 21, 1, named("bad"))).unwrap_err(),
        session.create_topup_order(&NewTopupOrder::new(401.into(), cents, named("bad"))).unwrap_err(),
        session.create_esim_order(&NewEsimOrder::new(601.into(), cents, named("bad"))).unwrap_err(),
    ];
    for (vertical, error) in VERTICALS.into_iter().zip(errors) {
        assert_eq!(error.kind(), ErrorKind::InvalidRequest, "{vertical:?} {error:?}");
        assert_eq!(error.code(), Some("VALIDATION_FAILURE"), "{vertical:?}");
        assert_eq!(error.client_reference(), Some("bad"), "{vertical:?}");
        assert!(!error.may_have_executed(), "{vertical:?} {error:?}");
        assert_eq!(vertical.calls(&sandbox), [1, 0, 0], "{vertical:?}");
    }
}

#[test]
fn a_generic_400_causes_one_lookup_and_is_returned_if_it_finds_nothing() {
    for vertical in VERTICALS {
        let sandbox = Sandbox::start().unwrap();
        let session = quick(&sandbox).0.build().unwrap();
        sandbox.fault(vertical.create_route(), Fault::Status(400));
        let error = vertical.create(&session, &named("generic")).unwrap_err();
        assert_eq!((error.kind(), error.code()), (ErrorKind::InvalidRequest, Some("BAD_REQUEST")));
        assert!(!error.may_have_executed(), "{error:?}");
        assert_eq!(vertical.calls(&sandbox), [1, 1, 0]);
    }
}

#[test]
fn an_earlier_order_is_found_after_a_refusal_for_another_reason() {
    // A server may check the wallet or the product before the reference.
    for vertical in VERTICALS {
        let sandbox = Sandbox::start().unwrap();
        let session = quick(&sandbox).0.build().unwrap();
        let first = vertical.create(&session, &named("earlier")).unwrap();
        for status in [400, 404, 409, 422] {
            sandbox.fault(vertical.create_route(), Fault::Status(status));
            let second = vertical.create(&session, &named("earlier")).unwrap();
            assert_eq!(first.id, second.id, "{vertical:?} {status}");
        }
        assert_eq!(sandbox.orders_executed(), 1);
    }
}

#[test]
fn a_403_is_returned_without_a_retry_or_lookup() {
    for vertical in VERTICALS {
        let sandbox = Sandbox::start().unwrap();
        let session = quick(&sandbox).0.build().unwrap();
        sandbox.fault(vertical.create_route(), Fault::Status(403));
        let error = vertical.create(&session, &named("forbidden")).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Forbidden);
        assert!(!error.may_have_executed());
        assert_eq!(vertical.calls(&sandbox), [1, 0, 0]);
        assert_eq!(sandbox.orders_executed(), 0);
    }
}

#[test]
fn a_refusal_that_mentions_the_reference_causes_a_lookup() {
    for vertical in VERTICALS {
        for (status, code, message) in [
            (422, "VALIDATION_FAILURE", "The client reference has already been taken."),
            (400, "BAD_REQUEST", "client_reference already used"),
            (409, "CONFLICT", "A request like this one is still being processed"),
            (403, "FORBIDDEN", "Duplicate order"),
        ] {
            let sandbox = Sandbox::start().unwrap();
            let session = quick(&sandbox).0.build().unwrap();
            let refusal = || Fault::Refusal { status, code: code.to_owned(), message: message.to_owned() };
            let first = vertical.create(&session, &named("taken")).unwrap();
            sandbox.fault(vertical.create_route(), refusal());
            assert_eq!(
                vertical.create(&session, &named("taken")).unwrap().id,
                first.id,
                "{vertical:?} {message}"
            );
            assert_eq!(vertical.calls(&sandbox), [2, 1, 1], "{vertical:?} {message}");

            // The server may not list that order yet.
            sandbox.fault(vertical.create_route(), refusal());
            let error = vertical.create(&session, &named("not there")).unwrap_err();
            assert!(error.may_have_executed(), "{vertical:?} {error:?}");
            assert_eq!((error.status(), error.code()), (Some(status), Some(code)));
            assert_eq!(vertical.calls(&sandbox), [3, 5, 1], "{vertical:?} {message}");
        }
    }
}

#[test]
fn an_earlier_attempt_may_have_executed_despite_a_later_refusal() {
    for vertical in VERTICALS {
        for status in [400, 403] {
            let sandbox = Sandbox::start().unwrap();
            let session = quick(&sandbox).0.build().unwrap();
            let code = if status == 400 { "VALIDATION_FAILURE" } else { "FORBIDDEN" };
            let refusal = Fault::Refusal { status, code: code.to_owned(), message: "no".to_owned() };
            sandbox.fault(vertical.create_route(), Fault::CloseAfter);
            sandbox.fault(vertical.create_route(), refusal.clone());
            assert!(vertical.create(&session, &named("lost")).unwrap().is_complete, "{vertical:?} {status}");

            sandbox.fault(vertical.create_route(), Fault::CloseBefore);
            sandbox.fault(vertical.create_route(), refusal);
            let error = vertical.create(&session, &named("never came")).unwrap_err();
            assert_eq!((error.status(), error.may_have_executed()), (Some(status), true), "{vertical:?}");
            assert_eq!(vertical.calls(&sandbox), [4, 5, 1], "{vertical:?} {status}");
        }
    }
}

#[test]
fn a_reference_with_special_characters_is_encoded_in_the_query() {
    let sandbox = Sandbox::start().unwrap();
    let session = quick(&sandbox).0.build().unwrap();
    for awkward in ["a b&client_reference=c", "100%25+?#/\\", "\"quoted\" {json}", &"~".repeat(255)] {
        let reference = ClientReference::new(awkward).unwrap();
        sandbox.fault(Vertical::Voucher.create_route(), Fault::CloseAfter);
        let order = Vertical::Voucher.create(&session, &reference).unwrap();
        assert_eq!(order.reference.as_deref(), Some(awkward));
        assert_eq!(sandbox.executions_of(awkward), 1);
    }
}

#[test]
fn an_order_can_use_a_wallet_in_another_currency_but_not_an_unknown_one() {
    let sandbox = Sandbox::start().unwrap();
    let session = quick(&sandbox).0.build().unwrap();
    let order =
        session.create_order(&gift_cards(3001, 20, 1, named("fx")).wallet(WalletId::from(13))).unwrap();
    assert_eq!(order.base_currency.as_deref(), Some("USD"));
    assert_eq!(order.deduction_currency.as_deref(), Some("INR"));
    let error = session.create_order(&gift_cards(3001, 20, 1, named("none")).wallet(WalletId::from(99)));
    assert!(!error.unwrap_err().may_have_executed());
    assert_eq!(sandbox.orders_executed(), 1);
}
