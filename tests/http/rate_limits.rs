//! Client-side rate limits: calls wait for their turn instead of getting a 429.

use std::time::Duration;

use popup_rewards::sandbox::Sandbox;
use popup_rewards::{ErrorKind, RateLimits, Session};

use crate::common::clock::TestClock;
use crate::common::verticals::{VERTICALS, Vertical, named, quick};

/// Starts a sandbox that enforces its rate limits, and a session with these limits.
fn shop(limits: RateLimits) -> anyhow::Result<(Sandbox, Session, TestClock)> {
    let sandbox = Sandbox::start()?;
    sandbox.enforce_rate_limits(true);
    let (builder, pauses) = quick(&sandbox);
    let session = builder.rate_limits(limits).build()?;
    Ok((sandbox, session, pauses))
}

#[test]
fn orders_wait_for_their_turn_and_never_get_a_429() {
    for vertical in VERTICALS {
        let (sandbox, session, pauses) = shop(RateLimits::sandbox()).unwrap();
        for number in 0..130 {
            vertical.create(&session, &named(&number.to_string())).unwrap();
        }
        // 120 orders at once, the rest a minute later.
        assert_eq!(vertical.calls(&sandbox), [130, 0, 0]);
        assert_eq!(session.stats().retries, 0);
        assert!(pauses.paused() > Duration::from_secs(50), "{:?}", pauses.pauses());
    }
}

#[test]
fn a_session_without_rate_limits_retries_after_a_429() {
    let (sandbox, session, pauses) = shop(RateLimits::unlimited()).unwrap();
    for number in 0..121 {
        Vertical::Voucher.create(&session, &named(&number.to_string())).unwrap();
    }
    assert_eq!(Vertical::Voucher.calls(&sandbox), [122, 0, 0]);
    assert_eq!((session.stats().retries, pauses.pauses().len()), (1, 1));
}

#[test]
fn an_order_without_a_turn_before_its_deadline_fails_at_once() {
    let sandbox = Sandbox::start().unwrap();
    let (builder, pauses) = quick(&sandbox);
    let session = builder
        .rate_limits(RateLimits::unlimited().orders(2))
        .order_deadline(Duration::from_secs(40))
        .build()
        .unwrap();
    for vertical in VERTICALS {
        vertical.create(&session, &named("1")).unwrap();
        vertical.create(&session, &named("2")).unwrap();
        let error = vertical.create(&session, &named("3")).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::RateLimited, "{vertical:?}");
        assert!(!error.may_have_executed() && error.status().is_none(), "{error:?}");
        assert!(error.retry_after().is_some_and(|after| after > Duration::from_secs(40)), "{error:?}");
        assert_eq!(vertical.calls(&sandbox), [2, 0, 0]);
        assert_eq!(sandbox.executions_of("3"), 0);
    }
    assert!(pauses.pauses().is_empty());
    sandbox.advance(Duration::from_secs(62));
    for vertical in VERTICALS {
        vertical.create(&session, &named("3")).unwrap();
    }
}

#[test]
fn reads_of_eight_threads_wait_for_the_next_minute() {
    let sandbox = Sandbox::start().unwrap();
    sandbox.enforce_rate_limits(true);
    let session = Session::builder(&sandbox.url(), sandbox.credentials())
        .clock(sandbox.clock())
        .rate_limits(RateLimits::sandbox())
        .build()
        .unwrap();
    std::thread::scope(|scope| {
        let one = || (0..80).for_each(|_| drop(session.get_country(1.into()).unwrap()));
        let threads: Vec<_> = (0..8).map(|_| scope.spawn(one)).collect();
        // The clock advances only after a minute's worth of reads was sent.
        let done = || threads.iter().all(std::thread::ScopedJoinHandle::is_finished);
        while sandbox.calls("GET /api/v1/countries/:id") < 600 && !done() {
            std::thread::sleep(Duration::from_millis(1));
        }
        while !done() {
            sandbox.advance(Duration::from_secs(5));
            std::thread::sleep(Duration::from_millis(1));
        }
    });
    assert_eq!(sandbox.calls("GET /api/v1/countries/:id"), 640);
    assert_eq!(session.stats().retries, 0);
}
