//! Orders with a reference that the server has already seen.

use std::sync::Barrier;
use std::thread;
use std::time::Duration;

use popup_rewards::sandbox::{Fault, Sandbox};
use popup_rewards::{ErrorKind, NewEsimOrder, NewTopupOrder};
use rust_decimal::Decimal;

use crate::common::verticals::{VERTICALS, Vertical, gift_cards, named, quick};

#[test]
fn placing_the_same_order_twice_returns_the_first_in_full() {
    for vertical in VERTICALS {
        let sandbox = Sandbox::start().unwrap();
        let session = quick(&sandbox).0.build().unwrap();
        let first = vertical.create(&session, &named("again")).unwrap();
        // As if a new process had started after the first crashed.
        let other = sandbox.session();
        let second = vertical.create(&other, &named("again")).unwrap();
        assert_eq!(first.id, second.id);
        assert!(second.is_complete, "{second:?}");
        assert_eq!(vertical.calls(&sandbox), [2, 1, 1]);
        assert_eq!(sandbox.executions_of("again"), 1);
    }
}

#[test]
fn a_different_order_with_the_same_reference_is_refused() {
    for vertical in VERTICALS {
        let sandbox = Sandbox::start().unwrap();
        let session = quick(&sandbox).0.build().unwrap();
        vertical.create(&session, &named("taken")).unwrap();
        let error = vertical.create_other(&session, &named("taken")).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::DuplicateReference);
        assert_eq!((error.status(), error.client_reference()), (Some(400), Some("taken")));
        // An earlier call may have placed it.
        assert!(error.may_have_executed() && !error.is_retryable(), "{error:?}");
        assert_eq!(sandbox.orders_executed(), 1);
    }
}

#[test]
fn a_gift_card_order_with_another_product_value_or_quantity_is_refused() {
    let sandbox = Sandbox::start().unwrap();
    let session = quick(&sandbox).0.build().unwrap();
    session.create_order(&gift_cards(3001, 20, 2, named("cards"))).unwrap();
    for (product, value, quantity) in [(3004, 20, 2), (3001, 50, 2), (3001, 20, 3)] {
        let error = session.create_order(&gift_cards(product, value, quantity, named("cards"))).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::DuplicateReference, "{product} {value} {quantity}");
    }
    let again = session.create_order(&gift_cards(3001, 20, 2, named("cards")).wallet(9.into()));
    assert_eq!(again.unwrap().vouchers.len(), 2);
    assert_eq!(sandbox.orders_executed(), 1);
}

/// An order shows the product, but not the player.
fn topup(player: &str, cents: i64) -> NewTopupOrder {
    let order = NewTopupOrder::new(401.into(), Decimal::new(cents, 2), named("used"));
    order.input("player_id", player).input("server", "eu")
}

/// An order shows the product, but not the price of the plan.
fn esim(cents: i64) -> NewEsimOrder {
    NewEsimOrder::new(601.into(), Decimal::new(cents, 2), named("used"))
}

#[test]
fn an_order_for_another_account_or_amount_is_not_returned() {
    for first_attempt in
        [None, Some(Fault::CloseBefore), Some(Fault::Status(503)), Some(Fault::RateLimited(1))]
    {
        // From the same session at once, and from another one seconds later.
        for seconds in [0, 3] {
            let sandbox = Sandbox::start().unwrap();
            let session = quick(&sandbox).0.build().unwrap();
            session.create_topup_order(&topup("p1", 499)).unwrap();
            session.create_esim_order(&esim(450)).unwrap();
            let session = if seconds == 0 { session } else { quick(&sandbox).0.build().unwrap() };
            sandbox.advance(Duration::from_secs(seconds));
            for vertical in [Vertical::Topup, Vertical::Esim] {
                if let Some(fault) = first_attempt.clone() {
                    sandbox.fault(vertical.create_route(), fault);
                }
            }
            let errors = [
                session.create_topup_order(&topup("p2", 499)).unwrap_err(),
                session.create_topup_order(&topup("p1", 4999)).unwrap_err(),
                session.create_esim_order(&esim(2600)).unwrap_err(),
            ];
            for error in errors {
                assert_eq!(error.kind(), ErrorKind::DuplicateReference, "{first_attempt:?}");
                assert!(error.may_have_executed(), "{error:?}");
            }
            assert_eq!(sandbox.orders_executed(), 2);
        }
    }
}

#[test]
fn an_earlier_order_is_returned_only_if_it_shows_what_was_requested() {
    for vertical in VERTICALS {
        let sandbox = Sandbox::start().unwrap();
        let first = vertical.create(&quick(&sandbox).0.build().unwrap(), &named("resumed")).unwrap();
        sandbox.advance(Duration::from_secs(3));
        let session = quick(&sandbox).0.build().unwrap();
        match (vertical, vertical.create(&session, &named("resumed"))) {
            (Vertical::Voucher, second) => assert_eq!(second.unwrap().id, first.id),
            (_, second) => {
                let error = second.unwrap_err();
                assert_eq!(error.kind(), ErrorKind::DuplicateReference, "{vertical:?}");
                assert!(error.may_have_executed(), "{vertical:?}");
            }
        }
        // A program that resumes after a crash uses `find` first.
        assert_eq!(vertical.find(&session, &named("resumed")).unwrap().unwrap().id, first.id);
        assert_eq!(sandbox.executions_of("resumed"), 1);
    }
}

#[test]
fn a_wrong_server_clock_does_not_confuse_a_lost_order_with_an_older_one() {
    for skew in [-7_200, 7_200] {
        let sandbox = Sandbox::start().unwrap();
        sandbox.set_server_skew(skew);
        let session = quick(&sandbox).0.build().unwrap();
        sandbox.fault("POST /api/v1/topups/orders", Fault::CloseAfter);
        session.create_topup_order(&topup("p1", 499)).unwrap();
        sandbox.advance(Duration::from_secs(3));
        session.create_topup_order(&topup("p2", 499)).unwrap_err();
    }
}

#[test]
fn a_lost_order_may_have_executed_if_the_server_sends_no_date() {
    let sandbox = Sandbox::start().unwrap();
    sandbox.send_date_header(false);
    sandbox.fault("POST /api/v1/topups/orders", Fault::CloseAfter);
    let error = quick(&sandbox).0.build().unwrap().create_topup_order(&topup("p1", 499)).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::DuplicateReference);
    assert!(error.may_have_executed(), "{error:?}");
}

#[test]
fn a_gift_card_order_with_another_email_or_wallet_is_refused() {
    let sandbox = Sandbox::start().unwrap();
    let session = quick(&sandbox).0.build().unwrap();
    let gift = || gift_cards(3001, 20, 2, named("gift"));
    session.create_order(&gift().email("Anna@example.org").wallet(9.into())).unwrap();
    for other in [gift().email("ben@example.org"), gift().wallet(13.into())] {
        let error = session.create_order(&other).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::DuplicateReference, "{other:?}");
        assert!(error.may_have_executed(), "{other:?}");
    }
    for same in [gift(), gift().email("anna@example.org"), gift().wallet(9.into())] {
        assert_eq!(session.create_order(&same).unwrap().vouchers.len(), 2, "{same:?}");
    }
    assert_eq!(sandbox.orders_executed(), 1);
}

#[test]
fn an_order_paid_in_another_currency_is_found_after_a_lost_response() {
    let sandbox = Sandbox::start().unwrap();
    let session = quick(&sandbox).0.build().unwrap();
    sandbox.fault("POST /api/v1/topups/orders", Fault::CloseAfter);
    // 4.99 dollars are about 400 rupees.
    let order = NewTopupOrder::new(401.into(), Decimal::new(499, 2), named("rupees")).wallet(13.into());
    let order = session.create_topup_order(&order.input("player_id", "p1").input("server", "eu")).unwrap();
    assert_eq!(order.client_reference.as_deref(), Some("rupees"));
    assert_eq!(sandbox.executions_of("rupees"), 1);
}

#[test]
fn a_duplicate_is_found_after_a_rate_limited_attempt() {
    for vertical in VERTICALS {
        let sandbox = Sandbox::start().unwrap();
        let session = quick(&sandbox).0.build().unwrap();
        let first = vertical.create(&session, &named("pause")).unwrap();
        sandbox.fault(vertical.create_route(), Fault::RateLimited(5));
        let second = vertical.create(&session, &named("pause")).unwrap();
        assert_eq!(first.id, second.id);
        assert_eq!(vertical.calls(&sandbox), [3, 1, 1]);
    }
}

#[test]
fn eight_sessions_with_one_reference_get_the_same_order() {
    for vertical in VERTICALS {
        let sandbox = Sandbox::start().unwrap();
        // Four of the attempts lose their response.
        sandbox.fault(vertical.create_route(), Fault::CloseAfter.times(4));
        let barrier = Barrier::new(8);
        let ids: Vec<i64> = thread::scope(|scope| {
            let one = || {
                barrier.wait();
                let session = sandbox.session();
                let order = vertical.create(&session, &named("race")).unwrap();
                assert!(order.is_complete, "{order:?}");
                order.id
            };
            let threads: Vec<_> = (0..8).map(|_| scope.spawn(one)).collect();
            threads.into_iter().map(|thread| thread.join().unwrap()).collect()
        });
        assert!(ids.iter().all(|id| *id == ids[0]), "{ids:?}");
        assert_eq!((sandbox.executions_of("race"), sandbox.orders_executed()), (1, 1));
    }
}
