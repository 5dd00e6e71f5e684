//! The timeout of an attempt to place an order, and the deadline of the call.

use std::sync::Arc;
use std::thread;
use std::time::Duration;

use popup_rewards::sandbox::{Fault, Sandbox};
use popup_rewards::{ErrorKind, RetryPolicy};

use crate::common::verticals::{VERTICALS, Vertical, named, quick};

const SHORT: Duration = Duration::from_millis(700);
const LONG: Duration = Duration::from_secs(20);
/// Longer than the short limit, shorter than the long one.
const SLOW: Duration = Duration::from_millis(1_500);

#[test]
fn an_attempt_to_place_an_order_uses_the_order_timeout() {
    for vertical in VERTICALS {
        let sandbox = Sandbox::start().unwrap();
        let session = quick(&sandbox).0.timeout(SHORT).order_timeout(LONG).build().unwrap();
        sandbox.fault(vertical.create_route(), Fault::SlowResponse(SLOW));
        vertical.create(&session, &named("slow")).unwrap();
        assert_eq!(vertical.calls(&sandbox), [1, 0, 0], "{vertical:?}");
    }
}

#[test]
fn an_order_is_found_after_its_attempt_timed_out() {
    for vertical in VERTICALS {
        let sandbox = Sandbox::start().unwrap();
        let session = quick(&sandbox).0.timeout(LONG).order_timeout(SHORT).build().unwrap();
        sandbox.fault(vertical.create_route(), Fault::SlowResponse(LONG));
        assert!(vertical.create(&session, &named("slow")).unwrap().is_complete);
        assert_eq!(vertical.calls(&sandbox), [2, 1, 1], "{vertical:?}");
        assert_eq!(sandbox.executions_of("slow"), 1);
    }
}

#[test]
fn the_lookup_of_an_order_uses_the_general_timeout() {
    let sandbox = Sandbox::start().unwrap();
    let (builder, _) = quick(&sandbox);
    let session =
        builder.timeout(SHORT).order_timeout(LONG).retry(RetryPolicy::new().retries(0)).build().unwrap();
    let vertical = Vertical::Voucher;
    sandbox.fault(vertical.create_route(), Fault::CutBody);
    sandbox.fault(vertical.list_route(), Fault::SlowResponse(SLOW));
    let error = vertical.create(&session, &named("lookup")).unwrap_err();
    assert!(error.may_have_executed());
    assert_eq!(vertical.calls(&sandbox), [1, 1, 0]);
}

#[test]
fn the_attempts_and_the_lookup_stay_within_the_order_deadline() {
    for vertical in VERTICALS {
        for fault in [Fault::Status(503), Fault::CloseBefore, Fault::RateLimited(7)] {
            let sandbox = Sandbox::start().unwrap();
            let (builder, pauses) = quick(&sandbox);
            let endless = RetryPolicy::new().retries(10_000).first_pause(Duration::from_secs(1));
            let session = builder.retry(endless).order_deadline(Duration::from_secs(120)).build().unwrap();
            sandbox.fault(vertical.create_route(), fault.clone().always());
            let error = vertical.create(&session, &named("late")).unwrap_err();
            let is_lost = fault != Fault::RateLimited(7);
            assert_eq!(error.may_have_executed(), is_lost, "{vertical:?} {fault:?}");
            assert!(pauses.paused() <= Duration::from_secs(120), "{:?}", pauses.paused());
            assert!(pauses.paused() >= Duration::from_secs(60), "{:?}", pauses.paused());
            // Time was left for the lookup.
            assert_eq!(sandbox.calls(vertical.list_route()) > 0, is_lost, "{vertical:?} {fault:?}");
        }
    }
}

#[test]
fn an_order_uses_the_order_deadline_instead_of_the_general_one() {
    for vertical in VERTICALS {
        // The last quarter, at most 30 seconds, is for the lookup. No attempt starts in the 5 seconds before it.
        for (deadline, last_start) in [(None, 145), (Some(40), 25)] {
            let sandbox = Sandbox::start().unwrap();
            let builder = quick(&sandbox).0.deadline(Duration::from_secs(2));
            let builder = match deadline {
                Some(seconds) => builder.order_deadline(Duration::from_secs(seconds)),
                None => builder,
            };
            let session = builder.build().unwrap();
            sandbox.fault(vertical.create_route(), Fault::RateLimited(last_start - 1));
            vertical.create(&session, &named("in time")).unwrap();
            sandbox.fault(vertical.create_route(), Fault::RateLimited(last_start + 1));
            let error = vertical.create(&session, &named("late")).unwrap_err();
            assert_eq!(
                (error.kind(), error.may_have_executed()),
                (ErrorKind::RateLimited, false),
                "{vertical:?}"
            );
            assert_eq!(vertical.calls(&sandbox), [3, 0, 0], "{vertical:?} {deadline:?}");
        }
    }
}

#[test]
fn no_attempt_starts_after_a_pause_that_took_too_long() {
    for vertical in VERTICALS {
        let sandbox = Arc::new(Sandbox::start().unwrap());
        let (builder, pauses) = quick(&sandbox);
        let session = builder.order_deadline(Duration::from_secs(40)).build().unwrap();
        sandbox.fault(vertical.create_route(), Fault::RateLimited(1));
        // The machine is suspended until the last 5 seconds of the time for attempts.
        let suspended = Arc::clone(&sandbox);
        pauses.at_the_next_pause(move || suspended.advance(Duration::from_secs(26)));
        let error = vertical.create(&session, &named("late")).unwrap_err();
        assert_eq!((error.kind(), error.may_have_executed()), (ErrorKind::Timeout, false), "{error:?}");
        assert_eq!((vertical.calls(&sandbox), error.client_reference()), ([1, 0, 0], Some("late")));
    }
}

#[test]
fn the_lookup_may_use_the_rest_of_the_order_deadline() {
    for vertical in VERTICALS {
        let sandbox = Sandbox::start().unwrap();
        let session = quick(&sandbox).0.deadline(Duration::from_secs(2)).build().unwrap();
        sandbox.fault(vertical.create_route(), Fault::CloseAfter);
        sandbox.fault(vertical.list_route(), Fault::RateLimited(100));
        sandbox.fault(vertical.one_route(), Fault::RateLimited(70));
        assert!(vertical.create(&session, &named("found")).unwrap().is_complete, "{vertical:?}");
        sandbox.fault(vertical.create_route(), Fault::CloseAfter);
        sandbox.fault(vertical.list_route(), Fault::RateLimited(100));
        sandbox.fault(vertical.one_route(), Fault::RateLimited(90));
        let error = vertical.create(&session, &named("not found")).unwrap_err();
        assert!(error.may_have_executed(), "{vertical:?} {error:?}");
    }
}

#[test]
fn an_attempt_ends_in_time_for_the_lookup_whatever_its_timeout() {
    let sandbox = Sandbox::start().unwrap();
    let vertical = Vertical::Voucher;
    let (builder, _) = quick(&sandbox);
    // Three seconds for the attempts and one for the lookup.
    let builder = builder.order_timeout(LONG).timeout(LONG);
    let session = builder.order_deadline(Duration::from_secs(4)).build().unwrap();
    sandbox.fault(vertical.create_route(), Fault::HangAfter.always());
    assert!(vertical.create(&session, &named("hang")).unwrap().is_complete);
    assert_eq!(vertical.calls(&sandbox), [1, 1, 1]);
}

#[test]
fn an_esim_order_may_be_held_for_a_minute() {
    let sandbox = Sandbox::start().unwrap();
    let session = sandbox.session();
    for (hold, status) in [(55, "DELIVERED"), (75, "PENDING")] {
        sandbox.hold_esim(Duration::from_secs(hold));
        let reference = named(&format!("held for {hold}"));
        let order = thread::scope(|scope| {
            let call = scope.spawn(|| Vertical::Esim.create(&session, &reference).unwrap());
            while !call.is_finished() {
                sandbox.advance(Duration::from_millis(500));
                thread::yield_now();
                thread::sleep(Duration::from_millis(2));
            }
            call.join().unwrap()
        });
        assert_eq!(order.status, status);
        assert_eq!(sandbox.executions_of(reference.as_str()), 1);
    }
    assert_eq!(Vertical::Esim.calls(&sandbox), [2, 0, 0]);
}

#[test]
fn an_order_that_times_out_returns_its_reference() {
    let sandbox = Sandbox::start().unwrap();
    let (builder, _) = quick(&sandbox);
    let session = builder.order_timeout(SHORT).retry(RetryPolicy::new().retries(0)).build().unwrap();
    sandbox.fault(Vertical::Voucher.create_route(), Fault::Hang);
    let error = Vertical::Voucher.create(&session, &named("hang")).unwrap_err();
    assert_eq!((error.kind(), error.client_reference()), (ErrorKind::Timeout, Some("hang")));
    assert!(error.may_have_executed());
}
