//! Orders during which the session's token is revoked, or the session logs out.

use std::sync::Arc;
use std::time::Duration;

use popup_rewards::ErrorKind;
use popup_rewards::sandbox::{Fault, Sandbox};

use crate::common::verticals::{VERTICALS, named, quick};

#[test]
fn a_revoked_token_costs_one_refresh_and_no_lookup() {
    for vertical in VERTICALS {
        let sandbox = Sandbox::start().unwrap();
        let session = quick(&sandbox).0.build().unwrap();
        session.login().unwrap();
        // A token younger than 5 seconds would be retried as it is.
        sandbox.advance(Duration::from_secs(6));
        sandbox.revoke_access_tokens();
        assert!(vertical.create(&session, &named("once")).unwrap().is_complete);
        assert_eq!(vertical.calls(&sandbox), [2, 0, 0]);
        assert_eq!((sandbox.logins(), sandbox.refreshes()), (1, 1));
        assert_eq!(sandbox.executions_of("once"), 1);
    }
}

#[test]
fn a_token_revoked_between_two_attempts_does_not_lose_the_order() {
    for vertical in VERTICALS {
        let sandbox = Arc::new(Sandbox::start().unwrap());
        let (builder, pauses) = quick(&sandbox);
        let session = builder.build().unwrap();
        session.login().unwrap();
        sandbox.advance(Duration::from_secs(6));
        sandbox.fault(vertical.create_route(), Fault::StatusAfter(502));
        let revoking = Arc::clone(&sandbox);
        pauses.at_the_next_pause(move || revoking.revoke_all_tokens());
        let order = vertical.create(&session, &named("between")).unwrap();
        assert!(order.is_complete, "{order:?}");
        // The lost attempt, the one with the revoked token, and the duplicate.
        assert_eq!(vertical.calls(&sandbox), [3, 1, 1]);
        assert_eq!((sandbox.logins(), sandbox.executions_of("between")), (2, 1));
        assert_eq!(sandbox.refresh_tokens_presented_twice(), 0);
    }
}

#[test]
fn an_order_has_not_executed_if_every_token_gets_a_401() {
    for vertical in VERTICALS {
        let sandbox = Sandbox::start().unwrap();
        let session = quick(&sandbox).0.build().unwrap();
        sandbox.fault(vertical.create_route(), Fault::Status(401).always());
        let error = vertical.create(&session, &named("refused")).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Unauthorized);
        assert!(!error.may_have_executed());
        // Both tokens are tried until they are five seconds old.
        assert_eq!(vertical.calls(&sandbox), [10, 0, 0]);
    }
}

#[test]
fn an_order_may_have_executed_if_a_logout_follows_a_lost_response() {
    for vertical in VERTICALS {
        for (fault, may_exist, executions) in [
            (Fault::StatusAfter(502), true, 1),
            (Fault::Status(503), true, 0),
            // A rate limit is not a lost response.
            (Fault::RateLimited(2), false, 0),
        ] {
            let sandbox = Sandbox::start().unwrap();
            let (builder, pauses) = quick(&sandbox);
            let session = builder.build().unwrap();
            sandbox.fault(vertical.create_route(), fault.clone());
            let leaving = session.clone();
            pauses.at_the_next_pause(move || leaving.logout().unwrap());
            let error = vertical.create(&session, &named("leaving")).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::LoggedOut, "{vertical:?} {fault:?}");
            assert_eq!(error.may_have_executed(), may_exist, "{vertical:?} {fault:?}");
            assert_eq!(error.client_reference(), Some("leaving"));
            assert_eq!(vertical.calls(&sandbox), [1, 0, 0]);
            assert_eq!(sandbox.executions_of("leaving"), executions);

            // A second call with the same reference returns the order.
            session.login().unwrap();
            assert!(vertical.create(&session, &named("leaving")).unwrap().is_complete);
            assert_eq!(sandbox.executions_of("leaving"), 1);
        }
    }
}

#[test]
fn an_order_may_have_executed_if_a_logout_interrupts_its_lookup() {
    for vertical in VERTICALS {
        let sandbox = Sandbox::start().unwrap();
        let (builder, pauses) = quick(&sandbox);
        let session = builder.build().unwrap();
        sandbox.fault(vertical.create_route(), Fault::Redirect("http://127.0.0.1:1/".to_owned()));
        let leaving = session.clone();
        pauses.at_the_next_pause(move || leaving.logout().unwrap());
        let error = vertical.create(&session, &named("looked up")).unwrap_err();
        assert_eq!((error.kind(), error.client_reference()), (ErrorKind::LoggedOut, Some("looked up")));
        assert!(error.may_have_executed(), "{vertical:?} {error:?}");
        assert_eq!(vertical.calls(&sandbox), [1, 1, 0], "{vertical:?}");
    }
}
