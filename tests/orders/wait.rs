//! Waiting for an order to finish.

use std::time::Duration;

use popup_rewards::sandbox::{Fault, Outcome, Sandbox};
use popup_rewards::{ErrorKind, OrderStatus, Result, Session};

use crate::common::clock::TestClock;
use crate::common::verticals::{VERTICALS, Vertical, gift_cards, named, quick};

const fn seconds(count: u64) -> Duration {
    Duration::from_secs(count)
}

/// The pauses rounded to seconds. A few nanoseconds of each pass before it begins.
fn rounded(pauses: &TestClock) -> Vec<Duration> {
    pauses.pauses().iter().map(|pause| seconds((*pause + Duration::from_millis(500)).as_secs())).collect()
}

fn shop() -> Result<(Sandbox, Session, TestClock)> {
    let sandbox = Sandbox::start()?;
    let (builder, pauses) = quick(&sandbox);
    Ok((sandbox, builder.build()?, pauses))
}

/// Places an order that stays `PENDING` for this long and then ends with this outcome.
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
fn the_order_is_polled_every_5_seconds_for_a_minute_then_every_30() {
    for vertical in VERTICALS {
        let (sandbox, session, pauses) = shop().unwrap();
        let id = place(vertical, &sandbox, &session, seconds(200), Outcome::Delivered).unwrap();
        let order = vertical.wait(&session, id, seconds(600)).unwrap();
        assert_eq!((order.id, order.status.as_str()), (id, "DELIVERED"));
        let mut expected = vec![seconds(5); 12];
        expected.extend([seconds(30); 5]);
        assert_eq!(rounded(&pauses), expected, "{vertical:?}");
        assert_eq!(sandbox.calls(vertical.one_route()), 18);
    }
}

#[test]
fn every_final_status_ends_the_wait() {
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
fn a_partial_delivery_does_not_end_the_wait() {
    let (sandbox, session, pauses) = shop().unwrap();
    sandbox.fulfil_after(seconds(40));
    sandbox.next_order_after(seconds(10), Outcome::PartiallyDelivered(2));
    let order = session.create_order(&gift_cards(3001, 20, 7, named("parts"))).unwrap();
    assert_eq!(order.status, OrderStatus::Pending);
    sandbox.advance(seconds(11));
    let order = session.get_order(order.id).unwrap();
    assert_eq!((order.status, order.vouchers.len()), (OrderStatus::PartiallyDelivered, 2));
    let order = session.wait_for_order(order.id, seconds(300)).unwrap();
    assert_eq!((order.status, order.vouchers.len()), (OrderStatus::Delivered, 7));
    assert!(pauses.paused() >= seconds(35), "{:?}", pauses.pauses());
}

#[test]
fn a_timed_out_wait_names_the_order_and_its_last_status() {
    for vertical in VERTICALS {
        let (sandbox, session, pauses) = shop().unwrap();
        let id = place(vertical, &sandbox, &session, seconds(1), Outcome::Pending).unwrap();
        let error = vertical.wait(&session, id, seconds(75)).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Timeout);
        let text = error.to_string();
        assert!(text.contains(&id.to_string()) && text.contains("PENDING"), "{text}");
        assert!(error.may_have_executed() && error.is_retryable());
        assert_eq!(error.client_reference(), Some(format!("{vertical:?}").as_str()));
        // The last poll is just before the timeout.
        assert_eq!(rounded(&pauses)[..12], [seconds(5); 12]);
        assert_eq!(pauses.pauses().len(), 13);
        assert!(pauses.paused() <= seconds(75) && pauses.paused() > seconds(70), "{:?}", pauses.pauses());
    }
}

#[test]
fn the_poll_just_before_the_timeout_counts() {
    for vertical in VERTICALS {
        let (sandbox, session, pauses) = shop().unwrap();
        let id = place(vertical, &sandbox, &session, seconds(70), Outcome::Delivered).unwrap();
        assert_eq!(vertical.wait(&session, id, seconds(75)).unwrap().status, "DELIVERED", "{vertical:?}");
        assert_eq!(pauses.pauses().len(), 13, "{:?}", pauses.pauses());
    }
}

#[test]
fn a_wait_with_a_zero_timeout_reads_once() {
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
fn the_read_of_a_zero_timeout_wait_has_the_deadline_of_a_call() {
    for vertical in VERTICALS {
        let (sandbox, session, pauses) = shop().unwrap();
        let id = place(vertical, &sandbox, &session, Duration::ZERO, Outcome::Delivered).unwrap();
        // Longer than the few seconds of a read at the end of a wait.
        sandbox.fault(vertical.one_route(), Fault::RateLimited(60));
        assert_eq!(vertical.wait(&session, id, Duration::ZERO).unwrap().status, "DELIVERED", "{vertical:?}");
        assert_eq!(rounded(&pauses), [seconds(60)]);
        // Longer than the deadline of a call.
        sandbox.fault(vertical.one_route(), Fault::RateLimited(121));
        assert_eq!(vertical.wait(&session, id, Duration::ZERO).unwrap_err().kind(), ErrorKind::Timeout);
    }
}

#[test]
fn the_wait_continues_for_ten_seconds_if_the_order_is_not_found() {
    for vertical in VERTICALS {
        let (sandbox, session, pauses) = shop().unwrap();
        let id = place(vertical, &sandbox, &session, Duration::ZERO, Outcome::Delivered).unwrap();
        sandbox.fault(vertical.one_route(), Fault::Status(404).times(2));
        assert_eq!(vertical.wait(&session, id, seconds(600)).unwrap().status, "DELIVERED", "{vertical:?}");
        assert_eq!(rounded(&pauses), [seconds(5); 2]);
        // After ten seconds the order counts as missing.
        let error = vertical.wait(&session, 999, seconds(600)).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::NotFound);
        assert_eq!(rounded(&pauses), [seconds(5); 4]);
    }
}

#[test]
fn a_temporary_failure_does_not_end_the_wait() {
    for vertical in VERTICALS {
        let (sandbox, session, _) = shop().unwrap();
        let id = place(vertical, &sandbox, &session, seconds(10), Outcome::Delivered).unwrap();
        // More faults than the attempts of one poll.
        for fault in [Fault::CloseBefore, Fault::Status(503), Fault::Html, Fault::CutBody] {
            sandbox.fault(vertical.one_route(), fault.times(5));
        }
        assert_eq!(vertical.wait(&session, id, seconds(300)).unwrap().status, "DELIVERED", "{vertical:?}");
    }
}

#[test]
fn the_pause_that_a_429_requests_is_kept() {
    for vertical in VERTICALS {
        let (sandbox, session, pauses) = shop().unwrap();
        let id = place(vertical, &sandbox, &session, seconds(2), Outcome::Delivered).unwrap();
        // 40 seconds fit in a call's deadline and 200 do not. Either way, no poll comes earlier.
        sandbox.fault(vertical.one_route(), Fault::RateLimited(40));
        sandbox.fault(vertical.one_route(), Fault::RateLimited(200));
        vertical.wait(&session, id, seconds(600)).unwrap();
        assert_eq!(rounded(&pauses), [seconds(40), seconds(200)], "{vertical:?}");
        // A pause longer than the wait does not start.
        sandbox.fault(vertical.one_route(), Fault::RateLimited(3_600));
        assert_eq!(vertical.wait(&session, id, seconds(60)).unwrap_err().kind(), ErrorKind::Timeout);
        assert_eq!(pauses.pauses().len(), 2);
    }
}

#[test]
fn a_permanent_failure_ends_the_wait_at_once() {
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
