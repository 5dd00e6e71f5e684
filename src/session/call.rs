//! How every call is made: token, rate-limit turn, attempt, then retry or return.

use std::mem;
use std::sync::Arc;
use std::time::Duration;

use super::SessionInner;
use super::event::EventKind;
use super::fetch::Scope;
use super::orders::Doubt;
use super::source::{Access, SessionSource};
use crate::clock::Reading;
use crate::http::{self, API_LIMIT, CALL_LOG, Decision, Fate, Limits, Quota, Request, Response, SendError};
use crate::token::{After401, Grant, Waiter};
use crate::{Error, ErrorKind, Result};

/// The error of a call, and whether it may have executed.
pub(super) struct CallError {
    pub(super) error: Error,
    pub(super) doubt: Doubt,
}

impl CallError {
    pub(super) fn new(error: Error, doubt: Doubt, request: &Request) -> Self {
        let error = error.with_route(&request.route);
        let error = match &request.reference {
            Some(reference) => error.with_client_reference(reference.as_str()),
            None => error,
        };
        let error = if request.route.has_effect() {
            error.with_may_have_executed(doubt == Doubt::Lost)
        } else {
            error
        };
        CallError { error, doubt }
    }
}

impl From<CallError> for Error {
    fn from(failed: CallError) -> Self {
        failed.error
    }
}

/// A successful response, and the token that the request carried.
pub(super) struct Reply {
    response: Response,
    grant: Option<Grant<Arc<Access>>>,
}

impl Reply {
    pub(super) fn response(&self) -> &Response {
        &self.response
    }

    /// The error of a response that cannot be read. The call was executed.
    pub(super) fn unreadable(&self, error: Error, request: &Request) -> CallError {
        CallError::new(unquoted(error, self.grant.as_ref()), Doubt::Lost, request)
    }
}

/// Removes the token from the error, in case the server repeats it.
fn unquoted(error: Error, grant: Option<&Grant<Arc<Access>>>) -> Error {
    match grant {
        Some(grant) => error.redact(grant.access.token.expose()),
        None => error,
    }
}

/// The state of a call between its attempts.
struct Course<'a> {
    scope: Scope<'a>,
    /// How many attempts were made, not counting those after a 401.
    made: u32,
    /// The generation that the server refused; the next token must be newer.
    newer_than: u64,
    /// Whether the one retry with a token from a flight was made.
    last: bool,
    /// Whether the attempts so far may have executed.
    doubt: Doubt,
}

/// How late after its turn a call may be sent: less than the extra second in the limiter's window.
const TURN_LASTS: Duration = Duration::from_millis(500);

impl SessionInner {
    /// Makes a call, with as many retries as are safe and fit the deadline.
    pub(super) fn call(&self, request: &Request, scope: Scope<'_>) -> Result<Reply, CallError> {
        let refused =
            |error: Error| CallError { error: error.with_route(&request.route), doubt: Doubt::None };
        request.checked().map_err(refused)?;
        self.source.counters.call();
        let mut course = Course { scope, made: 0, newer_than: 0, last: false, doubt: Doubt::None };
        self.attempts(request, &mut course).map_err(|error| CallError::new(error, course.doubt, request))
    }

    fn attempts(&self, request: &Request, course: &mut Course<'_>) -> Result<Reply> {
        let mut is_retry = false;
        loop {
            let grant = self.ready(request, course)?;
            let sent = self.source.clock.monotonic();
            if sent > course.scope.last_start {
                return Err(Error::new(ErrorKind::Timeout, "no time is left to send the request"));
            }
            course.made += 1;
            if mem::replace(&mut is_retry, true) {
                self.source.counters.retry();
            }
            let result = self.attempt(request, grant.as_ref(), course.scope.deadline);
            if let (Ok(response), Some(clock)) = (&result, course.scope.server_clock) {
                clock.learn(response.date(Reading::of(&*self.source.clock).wall), sent);
            }
            let (fate, error) = match result {
                Ok(response) if response.is_success() => {
                    if let Some(grant) = &grant {
                        self.cache.accepted(grant.generation, request.route.name());
                    }
                    return Ok(Reply { response, grant });
                }
                Ok(response) => {
                    let error = self.refusal(&response, grant.as_ref());
                    let doubt = if response.resent { Doubt::Lost } else { Doubt::of(&error) };
                    course.doubt = course.doubt.max(doubt);
                    if let Some(grant) = grant.as_ref().filter(|_| response.status == 401) {
                        self.after_401(request, grant.generation, course, error)?;
                        continue;
                    }
                    (Fate::of(&error), error)
                }
                Err(SendError { fate, error }) => {
                    if matches!(fate, Fate::Unknown | Fate::Complete) {
                        course.doubt = Doubt::Lost;
                    }
                    (fate, error)
                }
            };
            // The session was closed meanwhile.
            if error.kind() == ErrorKind::LoggedOut {
                return Err(error);
            }
            let clock = &self.source.clock;
            let now = clock.monotonic();
            let left = course.scope.last_start.saturating_sub(now);
            let retry = self.source.settings.retry;
            match retry.decide(
                course.made,
                (fate, error.retry_after()),
                request.route.may_repeat(),
                left,
                clock.random(),
            ) {
                Decision::GiveUp => return Err(error),
                Decision::RepeatAfter(pause) => {
                    self.cache.pause_until(now.saturating_add(pause), course.scope.closes)?;
                }
            }
        }
    }

    /// Waits for a token and for a rate-limit turn. After a wait for the turn the token is read again; if that takes
    /// long, the call needs another turn, or many calls would be sent at once.
    fn ready(&self, request: &Request, course: &Course<'_>) -> Result<Option<Grant<Arc<Access>>>> {
        let Scope { last_start: deadline, closes, .. } = course.scope;
        let waiter = || Waiter::new(course.newer_than, deadline, closes);
        let token = || request.route.needs_token.then(|| self.cache.acquire(waiter())).transpose();
        let mut grant = token()?;
        if request.route.quota == Quota::Unlimited {
            return Ok(grant);
        }
        loop {
            let now = self.source.clock.monotonic();
            let turn = self.source.limiter().take_turn(request.route.quota, now, deadline)?;
            if turn <= now {
                return Ok(grant);
            }
            self.cache.pause_until(turn, closes)?;
            grant = token()?;
            if self.source.clock.monotonic() <= turn.saturating_add(TURN_LASTS) {
                return Ok(grant);
            }
        }
    }

    /// Prepares the retry after a 401, or returns its error.
    fn after_401(
        &self,
        request: &Request,
        generation: u64,
        course: &mut Course<'_>,
        error: Error,
    ) -> Result<()> {
        match self.cache.refused(generation, request.route.name(), course.last) {
            After401::Retry { newer_than, last } => {
                course.newer_than = newer_than;
                course.last |= last;
            }
            After401::RetrySame { at } if at < course.scope.last_start => {
                self.cache.pause_until(at, course.scope.closes)?;
            }
            After401::RetrySame { .. } => return Err(error),
            After401::Surface { rejected } => {
                if rejected {
                    self.observe(EventKind::Rejected, Some(&error));
                }
                return Err(error);
            }
        }
        course.made = course.made.saturating_sub(1);
        Ok(())
    }

    fn attempt(
        &self,
        request: &Request,
        grant: Option<&Grant<Arc<Access>>>,
        deadline: Duration,
    ) -> Result<Response, SendError> {
        let SessionSource { clock, settings, .. } = &*self.source;
        let started = clock.monotonic();
        // The server may hold an order for a minute.
        let usual = if request.reference.is_some() { settings.order_timeout } else { settings.timeout };
        let limits = Limits { timeout: usual.min(deadline.saturating_sub(started)), body: API_LIMIT };
        let mut result = match grant {
            Some(grant) => grant.access.connections.send(request, Some(grant.access.token.header()), limits),
            None => self.source.connections().send(request, None, limits),
        };
        if let (Ok(response), Some(grant)) = (&mut result, grant) {
            response.redact(grant.access.token.expose());
        }
        if log::log_enabled!(target: CALL_LOG, log::Level::Debug) {
            let millis = clock.monotonic().saturating_sub(started).as_millis();
            let (method, route) = (request.route.method.as_str(), &request.route.path);
            let end = match &result {
                Ok(response) => {
                    let id = response.request_id().unwrap_or("-");
                    format!("{} {millis}ms request_id={id}", response.status)
                }
                Err(failure) => format!("{:?} {millis}ms", failure.error.kind()),
            };
            match &request.reference {
                Some(reference) => {
                    log::debug!(target: CALL_LOG, "{method} {route} {end} reference={}", reference.as_str());
                }
                None => log::debug!(target: CALL_LOG, "{method} {route} {end}"),
            }
        }
        result
    }

    fn refusal(&self, response: &Response, grant: Option<&Grant<Arc<Access>>>) -> Error {
        unquoted(http::failure_of(response, Reading::of(&*self.source.clock).wall), grant)
    }
}
