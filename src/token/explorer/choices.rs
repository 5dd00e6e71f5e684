//! Who is there, and what can happen to them.

use std::time::Duration;

use crate::token::{Lifecycle, Reason};

pub(super) type Machine = Lifecycle<u8, u8, Why>;

/// The errors of the model.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Why {
    LoggedOut,
    Budget,
    Rejected,
    TooLong,
    Refused,
    Other,
}

impl Reason for Why {
    fn logged_out() -> Self {
        Why::LoggedOut
    }
    fn budget_used_up(_: Duration) -> Self {
        Why::Budget
    }
    fn rejected(_: Duration) -> Self {
        Why::Rejected
    }
    fn too_long(_: Duration) -> Self {
        Why::TooLong
    }
}

/// What a caller is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Caller {
    Idle,
    /// Has a token of a generation, and a call to make with it; `retried` once a 401 has been answered.
    Calling {
        access: u8,
        generation: u64,
        retried: bool,
    },
    /// Needs a token newer than a generation.
    Wanting {
        newer_than: u64,
        retried: bool,
    },
    Waiting {
        flight: u64,
        newer_than: u64,
        retried: bool,
    },
    /// Leads; `presented` is the call that is out: a refresh token, or 0 for a login.
    Leading {
        flight: u64,
        out: Option<u8>,
        newer_than: u64,
        retried: bool,
        early: bool,
    },
    /// Panicked, or was told to stop; it does nothing any more.
    Gone,
}

/// Defects to plant, each of which the explorer must find.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Defect {
    /// A 401 always starts a refresh, whichever token it was for.
    NoGenerationCheck,
    /// A leader that panics is never noticed.
    NoGuard,
    /// A refresh token whose answer was lost is presented again.
    PresentedAgain,
    /// A flight that a logout has overtaken publishes what it brings.
    PublishAfterLogout,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Choice {
    /// A caller takes its next step of its own.
    Step(usize),
    /// The call a caller has out ends in some way.
    Ends(usize, Ending),
    Logout,
    Forget,
    Login(usize),
    ClockForward,
    ClockBack,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ending {
    Granted,
    Unauthorized,
    Forbidden,
    Limited,
    ServerError,
    LostReply,
    NotSent,
    Garbage,
    Panic,
}

pub(super) const AUTH_ENDINGS: [Ending; 9] = [
    Ending::Granted,
    Ending::Unauthorized,
    Ending::Forbidden,
    Ending::Limited,
    Ending::ServerError,
    Ending::LostReply,
    Ending::NotSent,
    Ending::Garbage,
    Ending::Panic,
];
pub(super) const CALL_ENDINGS: [Ending; 3] = [Ending::Granted, Ending::Unauthorized, Ending::Forbidden];
