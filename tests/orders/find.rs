//! Finding an order by its reference, within its vertical.

use std::time::Duration;

use popup_rewards::sandbox::{Fault, Sandbox};
use popup_rewards::{ErrorKind, ListOrders};

use crate::common::verticals::{VERTICALS, Vertical, named, quick};

#[test]
fn find_returns_none_if_there_is_no_order() {
    for vertical in VERTICALS {
        let sandbox = Sandbox::start().unwrap();
        let session = quick(&sandbox).0.build().unwrap();
        vertical.create(&session, &named("there")).unwrap();
        assert!(vertical.find(&session, &named("not there")).unwrap().is_none());
        let found = vertical.find(&session, &named("there")).unwrap().expect("an order");
        assert!(found.is_complete, "{found:?}");
    }
}

#[test]
fn find_retries_both_of_its_calls() {
    for vertical in VERTICALS {
        let sandbox = Sandbox::start().unwrap();
        let session = quick(&sandbox).0.build().unwrap();
        vertical.create(&session, &named("found")).unwrap();
        for fault in [Fault::CloseBefore, Fault::Status(502), Fault::RateLimited(3), Fault::CutBody] {
            sandbox.fault(vertical.list_route(), fault.clone());
            sandbox.fault(vertical.one_route(), fault);
            assert!(vertical.find(&session, &named("found")).unwrap().is_some());
        }
    }
}

#[test]
fn find_has_one_deadline_and_a_listing_has_one_per_page() {
    let sandbox = Sandbox::start().unwrap();
    let session = quick(&sandbox).0.deadline(Duration::from_secs(100)).build().unwrap();
    for number in 0..3 {
        Vertical::Voucher.create(&session, &named(&number.to_string())).unwrap();
    }
    let slow = |route| sandbox.fault(route, Fault::RateLimited(60));
    slow(Vertical::Voucher.list_route());
    slow(Vertical::Voucher.one_route());
    let error = session.find_order(&named("1")).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::RateLimited);
    assert!(error.may_have_executed(), "{error:?}");
    assert_eq!(Vertical::Voucher.calls(&sandbox), [3, 2, 1]);

    let mut orders = session.orders(&ListOrders::new().limit(1));
    for _ in 0..3 {
        slow(Vertical::Voucher.list_route());
        orders.next().unwrap().unwrap();
    }
}

#[test]
fn an_order_is_not_found_in_another_vertical() {
    let sandbox = Sandbox::start().unwrap();
    let session = quick(&sandbox).0.build().unwrap();
    for vertical in VERTICALS {
        let reference = named(&format!("{vertical:?}"));
        let order = vertical.create(&session, &reference).unwrap();
        for other in VERTICALS.into_iter().filter(|other| other.one_route() != vertical.one_route()) {
            let error = other.get(&session, order.id).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::NotFound, "{vertical:?} as {other:?}");
            assert!(other.find(&session, &reference).unwrap().is_none(), "{vertical:?} as {other:?}");
        }
    }
}
