//! Sessions that end just before an auth call is sent.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, SystemTime};

use popup_rewards::{Clock, ErrorKind, Session, SystemClock};

use crate::common::peer::{ACCESS, Peer, REFRESH};

/// A clock that ends the session when it next draws a random number, which is just before an auth call is sent.
#[derive(Clone)]
struct Ending {
    clock: SystemClock,
    session: Arc<OnceLock<Session>>,
    armed: Arc<AtomicBool>,
    end: fn(&Session),
}

impl Ending {
    fn by(end: fn(&Session)) -> Self {
        Ending { clock: SystemClock::new(), session: Arc::default(), armed: Arc::default(), end }
    }
}

impl Clock for Ending {
    fn monotonic(&self) -> Duration {
        self.clock.monotonic()
    }

    fn wall(&self) -> SystemTime {
        self.clock.wall()
    }

    fn random(&self) -> f64 {
        if self.armed.swap(false, Ordering::SeqCst)
            && let Some(session) = self.session.get()
        {
            (self.end)(session);
        }
        0.5
    }
}

#[test]
fn no_refresh_token_is_sent_after_the_session_has_ended() {
    let ends: [fn(&Session); 2] =
        [|session| session.forget(), |session| session.logout().unwrap_or_default()];
    for end in ends {
        let peer = Peer::start([]).unwrap();
        let clock = Ending::by(end);
        let session = peer.builder().clock(clock.clone()).build().unwrap();
        session.login().unwrap();
        clock.session.set(session.clone()).ok();
        clock.armed.store(true, Ordering::SeqCst);
        assert_eq!(session.refresh().unwrap_err().kind(), ErrorKind::LoggedOut);
        for seen in peer.requests() {
            assert!(!seen.body.contains(REFRESH), "the refresh token was sent after the session ended");
            assert!(!seen.head.contains(ACCESS) || seen.line() == "POST /auth/logout");
        }
    }
}
