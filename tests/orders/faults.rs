//! One fault per order, for every vertical and kind of fault.

use std::time::Duration;

use anyhow::Context;
use popup_rewards::ErrorKind;
use popup_rewards::sandbox::{Fault, Sandbox};

use crate::common::verticals::{VERTICALS, Vertical, named, quick};

/// The timeout of an attempt: short if the fault hangs, otherwise long enough for a busy machine.
fn limit(fault: &Fault) -> Duration {
    let hangs = matches!(fault, Fault::Hang | Fault::HangAfter);
    Duration::from_secs(if hangs { 1 } else { 60 })
}

/// Faults before the order executes. A second attempt succeeds.
fn before_executing() -> Vec<Fault> {
    let statuses = [500, 502, 503, 504, 408].map(Fault::Status);
    let mut faults = vec![Fault::CloseBefore, Fault::Html, Fault::Hang];
    faults.extend([Fault::RateLimited(7), Fault::RateLimitedInMessage(7)]);
    faults.extend(statuses);
    faults
}

/// Faults after the order executed. The next attempt gets a duplicate error.
fn after_executing() -> Vec<Fault> {
    let statuses = [500, 502, 503, 504, 408, 429].map(Fault::StatusAfter);
    let mut faults = vec![Fault::CloseAfter, Fault::CutBody, Fault::HangAfter, Fault::PageAfter(429)];
    faults.extend(statuses);
    faults
}

/// Responses that do not say that the order executed: an unreadable success, a gateway's page, or a status that this
/// API does not use.
fn unreadable() -> Vec<Fault> {
    let mut faults = vec![Fault::Garbage, Fault::EmptyOk, Fault::WrongShape];
    faults.extend([300, 301, 302, 304, 307, 308, 600, 999].map(Fault::PageAfter));
    faults.extend([400, 403, 404, 405, 406, 407, 410, 411, 412, 413].map(Fault::PageAfter));
    faults.extend([414, 415, 417, 421, 422, 423, 424, 425, 426, 428, 431, 451, 499].map(Fault::PageAfter));
    // In the API's own format. They do not rule out that the order executed.
    faults.extend([400, 402, 404, 405, 409, 410, 423, 499].map(Fault::StatusAfter));
    faults
}

/// Places an order that meets a fault. Expects the order in full after this many calls.
fn survives(vertical: Vertical, fault: Fault, calls: [u64; 3]) -> anyhow::Result<()> {
    let sandbox = Sandbox::start()?;
    let session = quick(&sandbox).0.order_timeout(limit(&fault)).build()?;
    let reference = named("once");
    let case = format!("{vertical:?} {fault:?}");
    sandbox.fault(vertical.create_route(), fault);
    let order = vertical.create(&session, &reference).context(case.clone())?;
    assert!(order.is_complete, "{case}: {order:?}");
    assert_eq!(order.reference.as_deref(), Some("once"), "{case}");
    assert_eq!(vertical.calls(&sandbox), calls, "{case}");
    assert_eq!((sandbox.executions_of("once"), sandbox.orders_executed()), (1, 1), "{case}");
    Ok(())
}

#[test]
fn an_order_that_did_not_execute_is_retried() {
    for vertical in VERTICALS {
        for fault in before_executing() {
            survives(vertical, fault, [2, 0, 0]).unwrap();
        }
    }
}

#[test]
fn an_order_whose_response_was_lost_is_found_by_its_reference() {
    for vertical in VERTICALS {
        for fault in after_executing() {
            survives(vertical, fault, [2, 1, 1]).unwrap();
        }
    }
}

#[test]
fn an_order_whose_response_is_unreadable_is_found_without_a_retry() {
    for vertical in VERTICALS {
        for fault in unreadable() {
            survives(vertical, fault, [1, 1, 1]).unwrap();
        }
    }
}

#[test]
fn an_order_executes_once_under_a_permanent_fault_after_execution() {
    for vertical in VERTICALS {
        for (fault, calls) in [
            (Fault::CloseAfter, [5, 1, 1]),
            (Fault::CutBody, [4, 1, 1]),
            (Fault::StatusAfter(502), [4, 1, 1]),
            (Fault::Garbage, [1, 1, 1]),
        ] {
            survives(vertical, fault.always(), calls).unwrap();
        }
    }
}

#[test]
fn an_order_that_never_arrives_may_have_executed() {
    for vertical in VERTICALS {
        for (fault, expected, sent) in [
            // The first attempt reuses the login's connection, which may be dead: it is resent at once.
            (Fault::CloseBefore, ErrorKind::Network, 5),
            (Fault::Status(503), ErrorKind::Server, 4),
            (Fault::Html, ErrorKind::Server, 4),
            (Fault::Hang, ErrorKind::Timeout, 4),
        ] {
            let sandbox = Sandbox::start().unwrap();
            let session = quick(&sandbox).0.order_timeout(limit(&fault) / 5).build().unwrap();
            sandbox.fault(vertical.create_route(), fault.clone().always());
            let error = vertical.create(&session, &named("lost")).unwrap_err();
            let case = format!("{vertical:?} {fault:?} {error:?}");
            assert_eq!(error.kind(), expected, "{case}");
            assert_eq!(error.client_reference(), Some("lost"), "{case}");
            assert!(error.may_have_executed(), "{case}");
            // Four attempts, then four lookups: a server may list an order late.
            assert_eq!(vertical.calls(&sandbox), [sent, 4, 0], "{case}");
            assert_eq!(sandbox.orders_executed(), 0, "{case}");
        }
    }
}

#[test]
fn an_order_may_have_executed_if_its_lookup_fails() {
    for vertical in VERTICALS {
        for (create, list, one) in [
            (Fault::CloseAfter, Fault::Status(500).always(), None),
            (Fault::Garbage, Fault::CloseBefore.always(), None),
            (Fault::StatusAfter(502), Fault::Garbage, None),
            (Fault::CloseAfter, Fault::Status(502), Some(Fault::EmptyOk)),
            // A generic refusal, which may mean a duplicate, and no working lookup.
            (Fault::Status(400), Fault::Status(503).always(), None),
        ] {
            let executes = u64::from(create != Fault::Status(400));
            let sandbox = Sandbox::start().unwrap();
            let session = quick(&sandbox).0.build().unwrap();
            sandbox.fault(vertical.create_route(), create.clone());
            sandbox.fault(vertical.list_route(), list);
            if let Some(fault) = one {
                sandbox.fault(vertical.one_route(), fault);
            }
            let error = vertical.create(&session, &named("dark")).unwrap_err();
            assert!(error.may_have_executed(), "{vertical:?} {create:?} {error:?}");
            assert_eq!(error.client_reference(), Some("dark"));
            assert_eq!(sandbox.executions_of("dark"), executes, "{vertical:?} {create:?}");
        }
    }
}

#[test]
fn a_rate_limited_order_has_not_executed() {
    for vertical in VERTICALS {
        // Three pauses of a second each, or one that exceeds the deadline.
        for (fault, retries) in [(Fault::RateLimited(1).always(), 3), (Fault::RateLimited(600), 0)] {
            let sandbox = Sandbox::start().unwrap();
            let (builder, pauses) = quick(&sandbox);
            let session = builder.build().unwrap();
            sandbox.fault(vertical.create_route(), fault);
            let error = vertical.create(&session, &named("later")).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::RateLimited);
            assert!(error.retry_after().is_some() && !error.may_have_executed(), "{error:?}");
            assert_eq!(vertical.calls(&sandbox), [1 + retries, 0, 0]);
            assert!(pauses.pauses().iter().all(|pause| *pause == Duration::from_secs(1)));
            assert_eq!(pauses.paused(), Duration::from_secs(retries));
            assert_eq!(sandbox.orders_executed(), 0);
        }
    }
}
