//! Following an order until it is done.

use std::time::Duration;

use popup_rewards::sandbox::{Fault, Outcome, Sandbox};
use popup_rewards::{ErrorKind, OrderStatus, Result, Session};

use crate::common::clock::TestClock;
use crate::common::verticals::{VERTICALS, Vertical, cards, named, quick};

const fn seconds(count: u64) -> Duration {
    Duration::from_secs(count)
}

/// The pauses to the second: the last nanoseconds of one pass before it begins.
fn whole(pauses: &TestClock) -> Vec<Duration> {
    pauses.pauses().iter().map(|pause| seconds((*pause + Duration::from_millis(500)).as_secs())).collect()
}

fn shop() -> Result<(Sandbox, Session, TestClock)> {
    let sandbox = Sandbox::start()?;
    let (builder, pauses) = quick(&sandbox);
    Ok((sandbox, builder.build()?, pauses))
}

/// Places an order that is `PENDING` for so long and then ends like this.
fn place(
    vertical: Vertical,
    sandbox: &Sandbox,
    session: &Session,
    pending: Duration,
    end: Outcome,
) -> Result<i64> {
    sandbox.next_order_after(pending, end);
    Ok(vertical.create(session, &named(&format!("{vertical:?}")))?.id)
}

#[test]
fn it_looks_every_5_seconds_for_a_minute_and_then_every_30() {
    for vertical in VERTICALS {
        let (sandbox, session, pauses) = shop().unwrap();
        let id = place(vertical, &sandbox, &session, seconds(200), Outcome::Delivered).unwrap();
        let order = vertical.wait(&session, id, seconds(600)).unwrap();
        assert_eq!((order.id, order.status.as_str()), (id, "DELIVERED"));
        let mut expected = vec![seconds(5); 12];
        expected.extend([seconds(30); 5]);
        assert_eq!(whole(&pauses), expected, "{vertical:?}");
        assert_eq!(sandbox.calls(vertical.one_route()), 18);
    }
}

#[test]
fn every_end_ends_the_wait() {
    let failed = || Outcome::Failed {
        code: "NO_STOCK".to_owned(),
        reason: "sold out".to_owned(),
        user_fixable: false,
    };
    for vertical in VERTICALS {
        for (end, status) in
            [(Outcome::Delivered, "DELIVERED"), (failed(), "FAILED"), (Outcome::Cancelled, "CANCELLED")]
        {
            let (sandbox, session, _) = shop().unwrap();
            let id = place(vertical, &sandbox, &session, seconds(12), end).unwrap();
            assert_eq!(vertical.wait(&session, id, seconds(60)).unwrap().status, status, "{vertical:?}");
        }
    }
}

#[test]
fn a_partial_delivery_is_not_the_end() {
    let (sandbox, session, pauses) = shop().unwrap();
    sandbox.fulfil_after(seconds(40));
    sandbox.next_order_after(seconds(10), Outcome::PartiallyDelivered(2));
    let order = session.create_order(&cards(3001, 20, 7, named("parts"))).unwrap();
    assert_eq!(order.status, OrderStatus::Pending);
    sandbox.advance(seconds(11));
    let order = session.get_order(order.id).unwrap();
    assert_eq!((order.status, order.vouchers.len()), (OrderStatus::PartiallyDelivered, 2));
    let order = session.wait_for_order(order.id, seconds(300)).unwrap();
    assert_eq!((order.status, order.vouchers.len()), (OrderStatus::Delivered, 7));
    assert!(pauses.paused() >= seconds(35), "{:?}", pauses.pauses());
}

#[test]
fn a_wait_that_takes_too_long_names_the_order_and_its_last_status() {
    for vertical in VERTICALS {
        let (sandbox, session, pauses) = shop().unwrap();
        let id = place(vertical, &sandbox, &session, seconds(1), Outcome::Pending).unwrap();
        let error = vertical.wait(&session, id, seconds(75)).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Timeout);
        let text = error.to_string();
        assert!(text.contains(&id.to_string()) && text.contains("PENDING"), "{text}");
        assert!(error.may_have_executed() && error.is_retryable());
        assert_eq!(error.client_reference(), Some(format!("{vertical:?}").as_str()));
        // The last look is at the very end of the time.
        assert_eq!(whole(&pauses)[..12], [seconds(5); 12]);
        assert_eq!(pauses.pauses().len(), 13);
        assert!(pauses.paused() <= seconds(75) && pauses.paused() > seconds(70), "{:?}", pauses.pauses());
    }
}

#[test]
fn the_look_at_the_very_end_counts() {
    for vertical in VERTICALS {
        let (sandbox, session, pauses) = shop().unwrap();
        let id = place(vertical, &sandbox, &session, seconds(70), Outcome::Delivered).unwrap();
        assert_eq!(vertical.wait(&session, id, seconds(75)).unwrap().status, "DELIVERED", "{vertical:?}");
        assert_eq!(pauses.pauses().len(), 13, "{:?}", pauses.pauses());
    }
}

#[test]
fn no_time_at_all_is_one_read() {
    for vertical in VERTICALS {
        let (sandbox, session, pauses) = shop().unwrap();
        let pending = place(vertical, &sandbox, &session, seconds(1), Outcome::Pending).unwrap();
        assert_eq!(vertical.wait(&session, pending, Duration::ZERO).unwrap_err().kind(), ErrorKind::Timeout);
        assert_eq!(sandbox.calls(vertical.one_route()), 1);
        let error = vertical.wait(&session, 999, Duration::ZERO).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::NotFound);
        assert!(pauses.pauses().is_empty());

        let (sandbox, session, pauses) = shop().unwrap();
        let done = place(vertical, &sandbox, &session, Duration::ZERO, Outcome::Delivered).unwrap();
        assert_eq!(vertical.wait(&session, done, Duration::ZERO).unwrap().status, "DELIVERED");
        assert!(pauses.pauses().is_empty());
    }
}

#[test]
fn the_one_read_of_no_time_has_the_time_of_a_call() {
    for vertical in VERTICALS {
        let (sandbox, session, pauses) = shop().unwrap();
        let id = place(vertical, &sandbox, &session, Duration::ZERO, Outcome::Delivered).unwrap();
        // Longer than the few seconds that a read at the end of a wait has.
        sandbox.fault(vertical.one_route(), Fault::RateLimited(60));
        assert_eq!(vertical.wait(&session, id, Duration::ZERO).unwrap().status, "DELIVERED", "{vertical:?}");
        assert_eq!(whole(&pauses), [seconds(60)]);
        // But not longer.
        sandbox.fault(vertical.one_route(), Fault::RateLimited(121));
        assert_eq!(vertical.wait(&session, id, Duration::ZERO).unwrap_err().kind(), ErrorKind::Timeout);
    }
}

#[test]
fn an_order_that_a_server_shows_late_is_waited_for() {
    for vertical in VERTICALS {
        let (sandbox, session, pauses) = shop().unwrap();
        let id = place(vertical, &sandbox, &session, Duration::ZERO, Outcome::Delivered).unwrap();
        sandbox.fault(vertical.one_route(), Fault::Status(404).times(2));
        assert_eq!(vertical.wait(&session, id, seconds(600)).unwrap().status, "DELIVERED", "{vertical:?}");
        assert_eq!(whole(&pauses), [seconds(5); 2]);
        // After ten seconds there is no such order.
        let error = vertical.wait(&session, 999, seconds(600)).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::NotFound);
        assert_eq!(whole(&pauses), [seconds(5); 4]);
    }
}

#[test]
fn what_may_pass_does_not_end_the_wait() {
    for vertical in VERTICALS {
        let (sandbox, session, _) = shop().unwrap();
        let id = place(vertical, &sandbox, &session, seconds(10), Outcome::Delivered).unwrap();
        // More than one look with all its attempts.
        for fault in [Fault::CloseBefore, Fault::Status(503), Fault::Html, Fault::CutBody] {
            sandbox.fault(vertical.one_route(), fault.times(5));
        }
        assert_eq!(vertical.wait(&session, id, seconds(300)).unwrap().status, "DELIVERED", "{vertical:?}");
    }
}

#[test]
fn the_server_may_ask_for_a_longer_pause() {
    for vertical in VERTICALS {
        let (sandbox, session, pauses) = shop().unwrap();
        let id = place(vertical, &sandbox, &session, seconds(2), Outcome::Delivered).unwrap();
        // 40 seconds fit in a call and 200 do not; either way nobody asks before they are over.
        sandbox.fault(vertical.one_route(), Fault::RateLimited(40));
        sandbox.fault(vertical.one_route(), Fault::RateLimited(200));
        vertical.wait(&session, id, seconds(600)).unwrap();
        assert_eq!(whole(&pauses), [seconds(40), seconds(200)], "{vertical:?}");
        // A pause that is longer than the wait is not begun.
        sandbox.fault(vertical.one_route(), Fault::RateLimited(3_600));
        assert_eq!(vertical.wait(&session, id, seconds(60)).unwrap_err().kind(), ErrorKind::Timeout);
        assert_eq!(pauses.pauses().len(), 2);
    }
}

#[test]
fn what_does_not_pass_ends_the_wait_at_once() {
    for vertical in VERTICALS {
        let (sandbox, session, pauses) = shop().unwrap();
        let id = place(vertical, &sandbox, &session, seconds(2), Outcome::Pending).unwrap();
        let error = vertical.wait(&session, 0, seconds(600)).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidRequest);
        session.logout().unwrap();
        let error = vertical.wait(&session, id, seconds(600)).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::LoggedOut);
        assert!(pauses.pauses().is_empty());
    }
}
