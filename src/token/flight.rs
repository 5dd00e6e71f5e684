//! One flight: the attempts, made by one caller for everybody, to obtain a new pair.
//!
//! The leader alternates between [`step`](Lifecycle::step), which says what to do next, and
//! [`report`](Lifecycle::report), which takes in how it went. A flight that the machine no longer knows, because
//! the session was closed meanwhile, can publish nothing.

use std::mem;
use std::time::Duration;

use super::lifecycle::Lifecycle;
use super::terms::{Close, Pair, Reason, Rules};
use crate::clock::{Now, part};

/// Why a flight was started.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Purpose {
    /// The held token is good for some minutes yet; a failure is nobody's business.
    Early,
    /// Callers wait for it.
    Needed,
    /// `login()` was called.
    Asked,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Flight<R> {
    pub(super) id: u64,
    purpose: Purpose,
    /// To be presented; none means a login.
    refresh: Option<R>,
    calls: u32,
    pause_until: Duration,
}

impl<R> Flight<R> {
    pub(super) fn new(id: u64, purpose: Purpose, refresh: Option<R>) -> Self {
        Flight { id, purpose, refresh, calls: 0, pause_until: Duration::ZERO }
    }
}

/// What the leader does next.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Step<R, E> {
    /// Present this refresh token.
    Refresh(R),
    Login,
    Pause(Duration),
    Over(End<E>),
}

/// How one auth call went.
#[derive(Debug)]
pub(crate) enum Attempt<P, R, E> {
    Granted(P),
    /// Nothing reached the server; a refresh token that was to be presented comes back.
    NotSent(Option<R>, E),
    /// 400 or 401: the refresh token is dead, or the credentials are wrong.
    Refused(E),
    /// 403: not from this address; or any other answer that would be the same again.
    Forbidden(Option<R>, E),
    /// 429, with the wait the server asked for.
    Limited(Option<R>, Option<Duration>, E),
    /// The call may have had its effect: no answer, a server error, an answer that cannot be used.
    Unknown(E),
    /// The credentials could not be had: nothing was sent.
    NoCredentials(E),
}

impl<P, R, E> Attempt<P, R, E> {
    /// The same attempt with what it brought made into something else.
    pub(crate) fn map<Q>(self, make: impl FnOnce(P) -> Q) -> Attempt<Q, R, E> {
        match self {
            Attempt::Granted(granted) => Attempt::Granted(make(granted)),
            Attempt::NotSent(refresh, reason) => Attempt::NotSent(refresh, reason),
            Attempt::Refused(reason) => Attempt::Refused(reason),
            Attempt::Forbidden(refresh, reason) => Attempt::Forbidden(refresh, reason),
            Attempt::Limited(refresh, wait, reason) => Attempt::Limited(refresh, wait, reason),
            Attempt::Unknown(reason) => Attempt::Unknown(reason),
            Attempt::NoCredentials(reason) => Attempt::NoCredentials(reason),
        }
    }
}

/// How a flight ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum End<E> {
    Published,
    /// `early` says that nobody is to notice, because the old token lives.
    Failed {
        reason: E,
        early: bool,
    },
    /// The session was closed, or reopened, meanwhile.
    Superseded,
}

/// What the machine makes of an attempt.
#[derive(Debug)]
pub(crate) enum Report<A, R, E> {
    Continue,
    Over(End<E>),
    /// A pair that came too late to be kept, and whether the server shall revoke it.
    Late {
        pair: Pair<A, R>,
        revoke: bool,
    },
}

/// What bounds the pauses of a flight.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Bounds {
    /// The monotonic reading at which the leader must be back.
    pub(crate) deadline: Duration,
    /// From `0.0..1.0`, to spread the pauses.
    pub(crate) random: f64,
}

/// How long the error of a failed flight answers for the next one: callers that start together share it.
const COOLDOWN: Duration = Duration::from_secs(1);

/// The longest time for which a failed flight bars the way. A gateway may ask for a day, or name a date by a clock
/// that is wrong by years, but the server counts by the minute.
const LONGEST_COOLDOWN: Duration = Duration::from_secs(3600);

impl<A: Clone, R, E: Reason> Lifecycle<A, R, E> {
    /// What the leader of a flight does next.
    pub(crate) fn step(&mut self, id: u64, now: Now) -> Step<R, E> {
        let Some(flight) = self.flight.as_mut().filter(|flight| flight.id == id) else {
            return Step::Over(End::Superseded);
        };
        // A pause is handed out once: a clock that stands still meanwhile must not make it endless.
        let pause = mem::take(&mut flight.pause_until).saturating_sub(now.monotonic);
        if !pause.is_zero() {
            return Step::Pause(pause);
        }
        if flight.refresh.is_none()
            && flight.purpose != Purpose::Asked
            && !self.rules.credentials_can_change
            && let Some(reason) = self.refusal.clone()
        {
            return Step::Over(self.fail(now, reason, COOLDOWN, 0.0));
        }
        let budget = if flight.refresh.is_some() { &mut self.refreshes } else { &mut self.logins };
        let wait = budget.wait(now.monotonic);
        if !wait.is_zero() {
            return Step::Over(self.fail(now, E::budget_used_up(wait), COOLDOWN, 0.0));
        }
        budget.spend(now.monotonic);
        flight.calls += 1;
        flight.refresh.take().map_or(Step::Login, Step::Refresh)
    }

    /// Takes in how an auth call went.
    pub(crate) fn report(
        &mut self,
        id: u64,
        now: Now,
        attempt: Attempt<Pair<A, R>, R, E>,
        bounds: Bounds,
        was_refresh: bool,
    ) -> Report<A, R, E> {
        let Some(flight) = self.flight.as_mut().filter(|flight| flight.id == id) else {
            return match attempt {
                Attempt::Granted(pair) => Report::Late { pair, revoke: self.closed() == Some(Close::Logout) },
                _ => Report::Over(End::Superseded),
            };
        };
        let early = flight.purpose == Purpose::Early;
        let (reason, fate) = match attempt {
            Attempt::Granted(pair) => {
                self.flight = None;
                self.publish(pair);
                return Report::Over(End::Published);
            }
            Attempt::NotSent(refresh, reason) => {
                flight.refresh = refresh;
                if was_refresh {
                    self.refreshes.refund();
                } else {
                    self.logins.refund();
                }
                (reason, Fate::Retry { pause: None })
            }
            Attempt::NoCredentials(reason) => {
                self.logins.refund();
                (reason, Fate::End { cooldown: COOLDOWN })
            }
            // The documented way on from a refused refresh is a login, in the same flight. The server has answered,
            // so the count of failures starts again; it can do so once, for there is no second refresh token.
            Attempt::Refused(_) if was_refresh => {
                flight.calls = 0;
                return Report::Continue;
            }
            Attempt::Refused(reason) => {
                self.refusal = Some(reason.clone());
                (reason, Fate::End { cooldown: COOLDOWN })
            }
            Attempt::Forbidden(refresh, reason) => {
                flight.refresh = refresh;
                (reason, Fate::End { cooldown: COOLDOWN })
            }
            Attempt::Limited(refresh, wait, reason) => {
                flight.refresh = refresh;
                let fits = wait.is_none_or(|wait| now.monotonic.saturating_add(wait) < bounds.deadline);
                let end = Fate::End { cooldown: wait.unwrap_or(COOLDOWN).max(COOLDOWN) };
                (reason, if early || !fits { end } else { Fate::Retry { pause: wait } })
            }
            Attempt::Unknown(reason) => (reason, Fate::Retry { pause: None }),
        };
        match fate {
            Fate::End { cooldown } => Report::Over(self.fail(now, reason, cooldown, bounds.random)),
            Fate::Retry { .. } if early => {
                Report::Over(self.fail(now, reason, Duration::ZERO, bounds.random))
            }
            Fate::Retry { pause } => self.retry(now, reason, pause, bounds),
        }
    }

    /// The leader is gone without a word: it panicked. What it was about to present is lost with it.
    pub(crate) fn abandon(&mut self, id: u64) {
        if self.flight.as_ref().is_some_and(|flight| flight.id == id) {
            self.land();
        }
    }

    fn retry(&mut self, now: Now, reason: E, asked_for: Option<Duration>, bounds: Bounds) -> Report<A, R, E> {
        let Rules { calls, first_pause, longest_pause, .. } = self.rules;
        let Some(flight) = &mut self.flight else { return Report::Over(End::Superseded) };
        // A pause of no time, from many clients at once, would only bring on the next 429.
        let asked_for = asked_for.filter(|pause| !pause.is_zero());
        let doubled =
            first_pause.saturating_mul(1_u32.checked_shl(flight.calls.saturating_sub(1)).unwrap_or(u32::MAX));
        let pause = asked_for.unwrap_or_else(|| part(doubled.min(longest_pause), bounds.random));
        let resume = now.monotonic.saturating_add(pause);
        if flight.calls >= calls || resume >= bounds.deadline {
            // A pause the server asked for outlasts the attempts: the next flight keeps it too.
            let cooldown = asked_for.unwrap_or(COOLDOWN).max(COOLDOWN);
            return Report::Over(self.fail(now, reason, cooldown, bounds.random));
        }
        flight.pause_until = resume;
        Report::Continue
    }

    fn fail(&mut self, now: Now, reason: E, cooldown: Duration, random: f64) -> End<E> {
        let early = self.flight.as_ref().is_some_and(|flight| flight.purpose == Purpose::Early);
        let cooldown = cooldown.min(LONGEST_COOLDOWN);
        self.land();
        if early {
            self.early.fail(now.monotonic, random);
        }
        // An early failure is invisible, unless the server itself asked for a pause.
        if !early || cooldown > COOLDOWN {
            self.cooldown = Some((reason.clone(), now.monotonic.saturating_add(cooldown)));
        }
        End::Failed { reason, early }
    }

    /// Ends the flight; a refresh token it still has was not spent and goes back to its pair.
    fn land(&mut self) {
        if let Some(flight) = self.flight.take()
            && let Some(held) = self.held.as_mut().filter(|held| held.refresh.is_none() && !held.rejected)
        {
            held.refresh = flight.refresh;
        }
    }
}

enum Fate {
    Retry { pause: Option<Duration> },
    End { cooldown: Duration },
}
