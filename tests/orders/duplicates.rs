//! A reference that the server has seen before.

use std::sync::Barrier;
use std::thread;

use popup_rewards::sandbox::{Fault, Sandbox};
use popup_rewards::{ErrorKind, NewEsimOrder, NewTopupOrder, Session};
use rust_decimal::Decimal;

use crate::kind::{KINDS, cards, named, quick};

#[test]
fn the_same_order_again_is_the_same_order_in_full() {
    for kind in KINDS {
        let sandbox = Sandbox::start().unwrap();
        let session = quick(&sandbox).0.build().unwrap();
        let first = kind.create(&session, &named("again")).unwrap();
        // Another process that was started after a crash of the first.
        let other = Session::new(&sandbox.url(), sandbox.credentials()).unwrap();
        let second = kind.create(&other, &named("again")).unwrap();
        assert_eq!(first.id, second.id);
        assert!(second.is_whole, "{second:?}");
        assert_eq!(kind.calls(&sandbox), [2, 1, 1]);
        assert_eq!(sandbox.executions_of("again"), 1);
    }
}

#[test]
fn another_order_under_the_same_reference_is_refused() {
    for kind in KINDS {
        let sandbox = Sandbox::start().unwrap();
        let session = quick(&sandbox).0.build().unwrap();
        kind.create(&session, &named("taken")).unwrap();
        let error = kind.create_other(&session, &named("taken")).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::DuplicateReference);
        assert_eq!((error.status(), error.client_reference()), (Some(400), Some("taken")));
        assert!(!error.may_have_executed() && !error.is_retryable(), "{error:?}");
        assert_eq!(sandbox.orders_executed(), 1);
    }
}

#[test]
fn cards_are_told_apart_by_product_value_and_quantity() {
    let sandbox = Sandbox::start().unwrap();
    let session = quick(&sandbox).0.build().unwrap();
    session.create_order(&cards(3001, 20, 2, named("cards"))).unwrap();
    for (product, value, quantity) in [(3004, 20, 2), (3001, 50, 2), (3001, 20, 3)] {
        let error = session.create_order(&cards(product, value, quantity, named("cards"))).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::DuplicateReference, "{product} {value} {quantity}");
    }
    let again = session.create_order(&cards(3001, 20, 2, named("cards")).wallet(9.into()));
    assert_eq!(again.unwrap().vouchers.len(), 2);
    assert_eq!(sandbox.orders_executed(), 1);
}

#[test]
fn the_same_product_at_a_price_that_does_not_fit_is_not_passed_off_as_the_order() {
    let sandbox = Sandbox::start().unwrap();
    let session = quick(&sandbox).0.build().unwrap();
    let topup = |cents| {
        let order = NewTopupOrder::new(401.into(), Decimal::new(cents, 2), named("topup"));
        order.input("player_id", "p1").input("server", "eu")
    };
    let esim = |cents| NewEsimOrder::new(601.into(), Decimal::new(cents, 2), named("esim"));
    session.create_topup_order(&topup(1999)).unwrap();
    session.create_esim_order(&esim(900)).unwrap();
    let errors = [
        session.create_topup_order(&topup(499)).unwrap_err(),
        session.create_topup_order(&topup(4999)).unwrap_err(),
        session.create_esim_order(&esim(450)).unwrap_err(),
        session.create_esim_order(&esim(2600)).unwrap_err(),
    ];
    for error in errors {
        assert_eq!(error.kind(), ErrorKind::DuplicateReference);
        // A wallet in another currency changes the price as well: the caller has to look.
        assert!(error.may_have_executed(), "{error:?}");
    }
    assert_eq!(sandbox.orders_executed(), 2);
}

#[test]
fn a_lost_answer_is_settled_whatever_the_order_cost() {
    let sandbox = Sandbox::start().unwrap();
    let session = quick(&sandbox).0.build().unwrap();
    sandbox.fault("POST /api/v1/topups/orders", Fault::CloseAfter);
    // 4.99 dollars are some 400 rupees.
    let order = NewTopupOrder::new(401.into(), Decimal::new(499, 2), named("rupees")).wallet(13.into());
    let order = session.create_topup_order(&order.input("player_id", "p1").input("server", "eu")).unwrap();
    assert_eq!(order.client_reference.as_deref(), Some("rupees"));
    assert_eq!(sandbox.executions_of("rupees"), 1);
}

#[test]
fn a_pause_for_the_rate_limit_does_not_hide_a_duplicate() {
    for kind in KINDS {
        let sandbox = Sandbox::start().unwrap();
        let session = quick(&sandbox).0.build().unwrap();
        let first = kind.create(&session, &named("pause")).unwrap();
        sandbox.fault(kind.create_route(), Fault::RateLimited(5));
        let second = kind.create(&session, &named("pause")).unwrap();
        assert_eq!(first.id, second.id);
        assert_eq!(kind.calls(&sandbox), [3, 1, 1]);
    }
}

#[test]
fn eight_processes_with_one_reference_get_one_order() {
    for kind in KINDS {
        let sandbox = Sandbox::start().unwrap();
        // Half of them meet a fault as well.
        sandbox.fault(kind.create_route(), Fault::CloseAfter.times(4));
        let barrier = Barrier::new(8);
        let ids: Vec<i64> = thread::scope(|scope| {
            let one = || {
                barrier.wait();
                let session = Session::new(&sandbox.url(), sandbox.credentials()).unwrap();
                let order = kind.create(&session, &named("race")).unwrap();
                assert!(order.is_whole, "{order:?}");
                order.id
            };
            let threads: Vec<_> = (0..8).map(|_| scope.spawn(one)).collect();
            threads.into_iter().map(|thread| thread.join().unwrap()).collect()
        });
        assert!(ids.iter().all(|id| *id == ids[0]), "{ids:?}");
        assert_eq!((sandbox.executions_of("race"), sandbox.orders_executed()), (1, 1));
    }
}
