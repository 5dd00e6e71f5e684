//! The one way every call takes: turn, token, attempt, classification, and what follows from it.

use std::sync::Arc;
use std::time::Duration;

use serde::de::DeserializeOwned;

use super::event::EventKind;
use super::orders::Doubt;
use super::{Access, CALL_LOG, Inner, Session};
use crate::clock::Now;
use crate::http::{
    self, API_LIMIT, Decision, Failure, Fate, Limits, Listed, Listing, Outcome, RateClass, Request, Response,
    TimeLimit, Wire,
};
use crate::model::Identified;
use crate::token::{Grant, Need};
use crate::{Error, ErrorKind, Page, Result};

/// What one method of a session may still do: until when, and since how many logouts.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Scope {
    /// The monotonic reading at which it has to be over.
    pub(crate) deadline: Duration,
    /// The last instant at which an attempt may start.
    pub(crate) last_start: Duration,
}

impl Scope {
    /// The same, over by an earlier instant.
    pub(crate) fn until(mut self, deadline: Duration) -> Self {
        self.deadline = self.deadline.min(deadline);
        self.starting_by(deadline)
    }

    /// The same, with no attempt that starts later.
    pub(crate) fn starting_by(mut self, last_start: Duration) -> Self {
        self.last_start = self.last_start.min(last_start);
        self
    }
}

impl Session {
    /// The limits of a method that starts now and has the session's usual deadline.
    pub(crate) fn scope(&self) -> Scope {
        self.scope_of(self.owner.inner.settings.deadline)
    }

    /// The limits of a method that starts now and may take so long.
    pub(crate) fn scope_of(&self, limit: Duration) -> Scope {
        let deadline = self.now().saturating_add(limit);
        Scope { deadline, last_start: deadline }
    }

    /// The monotonic reading now.
    pub(crate) fn now(&self) -> Duration {
        self.owner.inner.clock.monotonic()
    }

    /// Waits until the monotonic reading `until`; fails with `LoggedOut` as soon as the session is closed.
    pub(crate) fn pause_until(&self, until: Duration, _scope: Scope) -> Result<()> {
        self.owner.inner.clock.sleep(until.saturating_sub(self.now()));
        Ok(())
    }

    /// Makes a call and reads its response, within the limits of the method that makes it.
    pub(super) fn read_in<T>(
        &self,
        request: &Request,
        scope: Scope,
        read: impl FnOnce(&Response) -> Result<T>,
    ) -> Result<T, Failed> {
        let answer = self.owner.inner.call(request, scope)?;
        // It was executed, but described in a way that cannot be read.
        answer.read(read).map_err(|error| Failed::new(error, Doubt::Lost, request))
    }

    /// Makes a call that answers with one object.
    pub(crate) fn fetch<T: DeserializeOwned>(&self, request: &Request) -> Result<T> {
        Ok(self.read_in(request, self.scope(), http::object_of)?)
    }

    /// Gets the object that has this id.
    pub(crate) fn fetch_one<T>(&self, route: &'static str, id: i64) -> Result<T>
    where
        T: DeserializeOwned + Identified,
    {
        let request = Request::get(route).id(id);
        Ok(self.read_in(&request, self.scope(), |response| http::one_of(response, id))?)
    }

    /// Makes a call that answers with a list that has no pages.
    pub(crate) fn fetch_list<T: DeserializeOwned>(&self, request: &Request) -> Result<Vec<T>> {
        Ok(self.read_in(request, self.scope(), http::list_of)?)
    }

    /// Makes a call that answers with one page of a list.
    pub(crate) fn fetch_page<T: DeserializeOwned>(&self, request: &Request) -> Result<Page<T>> {
        Ok(self.fetch_page_in(request, None, self.scope())?.page)
    }

    /// Like `fetch_page`, after pages with so many items, within the limits of the method that makes the call.
    pub(crate) fn fetch_page_in<T: DeserializeOwned>(
        &self,
        request: &Request,
        before: Option<u64>,
        scope: Scope,
    ) -> Result<Listing<T>> {
        let size = request.number("limit").or_else(|| request.number("per_page"));
        let asked = Listed { page: request.number("page").unwrap_or(1), size, before };
        Ok(self.read_in(request, scope, |response| http::page_of(response, asked))?)
    }

    /// Makes a call whose answer says nothing beyond its status.
    pub(crate) fn execute(&self, request: &Request) -> Result<()> {
        Ok(self.read_in(request, self.scope(), http::nothing_of)?)
    }
}

/// The error of a call, and what its attempts leave open.
pub(super) struct Failed {
    pub(super) error: Error,
    pub(super) doubt: Doubt,
}

impl Failed {
    fn new(error: Error, doubt: Doubt, request: &Request) -> Self {
        let error = match &request.reference {
            Some(reference) => error.with_client_reference(reference.as_str()),
            None => error,
        };
        let error =
            if request.has_effect { error.with_may_have_executed(doubt == Doubt::Lost) } else { error };
        Failed { error, doubt }
    }
}

impl From<Failed> for Error {
    fn from(failed: Failed) -> Self {
        failed.error
    }
}

/// The answer to a call that succeeded, and the token that the request carried.
struct Answer {
    response: Response,
    grant: Option<Grant<Arc<Access>>>,
}

impl Answer {
    fn read<T>(&self, read: impl FnOnce(&Response) -> Result<T>) -> Result<T> {
        read(&self.response).map_err(|error| unquoted(error, self.grant.as_ref()))
    }
}

/// The error without the token, in case the server repeats what it was given.
fn unquoted(error: Error, grant: Option<&Grant<Arc<Access>>>) -> Error {
    match grant {
        Some(grant) => error.redact(grant.access.token.expose()),
        None => error,
    }
}

/// How many pooled connections that the server had closed a call meets without counting them as failures.
const STALE_CONNECTIONS: u32 = 3;

/// What a call remembers from one attempt to the next.
struct Course {
    scope: Scope,
    /// Attempts made, without the one extra that a 401 allows.
    made: u32,
    /// The token must be newer than this: the server has refused that one.
    newer_than: u64,
    /// Pooled connections met that the server had closed.
    stale: u32,
    /// What the attempts so far leave open.
    doubt: Doubt,
}

impl Inner {
    /// Makes a call: as many attempts as are safe and fit in the deadline.
    fn call(self: &Arc<Self>, request: &Request, scope: Scope) -> Result<Answer, Failed> {
        request.checked().map_err(|error| Failed { error, doubt: Doubt::None })?;
        self.check_process();
        self.counters.call();
        let mut course = Course { scope, made: 0, newer_than: 0, stale: 0, doubt: Doubt::None };
        self.attempts(request, &mut course).map_err(|error| Failed::new(error, course.doubt, request))
    }

    fn attempts(self: &Arc<Self>, request: &Request, course: &mut Course) -> Result<Answer> {
        loop {
            if let Some(class) = RateClass::of(request) {
                self.limiter.wait_turn(class, &*self.clock, course.scope.last_start)?;
            }
            let grant = self.token_for(request, course)?;
            if self.clock.monotonic() > course.scope.last_start {
                return Err(Error::new(ErrorKind::Timeout, "no time is left to send the request"));
            }
            course.made += 1;
            let (outcome, error) = match self.attempt(request, grant.as_ref(), course.scope.deadline) {
                Ok(response) if response.is_success() => {
                    if let Some(grant) = &grant {
                        self.gate.accept(grant.generation);
                    }
                    return Ok(Answer { response, grant });
                }
                Ok(response) => {
                    let error = self.refusal(&response, grant.as_ref());
                    course.doubt = course.doubt.max(Doubt::of(&error));
                    if let Some(grant) = grant.as_ref().filter(|_| response.status == 401) {
                        self.after_401(request, grant.generation, course, error)?;
                        continue;
                    }
                    (outcome_of(&error), error)
                }
                Err(failure) if failure.stale && request.may_repeat && course.stale < STALE_CONNECTIONS => {
                    course.stale += 1;
                    course.made = course.made.saturating_sub(1);
                    course.doubt = Doubt::Lost;
                    continue;
                }
                Err(Failure { fate: Fate::NotSent, error, .. }) => (Outcome::NotSent, error),
                Err(Failure { error, .. }) => {
                    course.doubt = Doubt::Lost;
                    (Outcome::Unknown { wait: None }, error)
                }
            };
            // The token was given up in the meantime, and a logout stays a logout.
            if error.kind() == ErrorKind::LoggedOut {
                return Err(error);
            }
            let left = course.scope.last_start.saturating_sub(self.clock.monotonic());
            let random = self.clock.random();
            match self.settings.retry.decide(course.made, outcome, request.may_repeat, left, random) {
                Decision::GiveUp => return Err(error),
                Decision::RepeatAfter(pause) => {
                    self.counters.retry();
                    self.clock.sleep(pause);
                }
            }
        }
    }

    fn token_for(self: &Arc<Self>, request: &Request, course: &Course) -> Result<Option<Grant<Arc<Access>>>> {
        if !request.with_token {
            return Ok(None);
        }
        let need = Need { newer_than: course.newer_than, ..Need::default() };
        self.gate.acquire(need, || course.scope.last_start, self).map(Some)
    }

    /// One 401 is answered with a newer token and one more attempt; the second is the caller's.
    fn after_401(&self, request: &Request, generation: u64, course: &mut Course, error: Error) -> Result<()> {
        let now = Now::read(&*self.clock);
        if course.newer_than == 0 {
            if self.gate.is_accepted(generation) && self.suspects.has(&request.route, now.monotonic) {
                return Err(error);
            }
            course.newer_than = generation;
            course.made = course.made.saturating_sub(1);
            self.counters.retry();
            return Ok(());
        }
        self.suspects.add(&request.route, now.monotonic);
        if self.gate.reject(now, generation, self.clock.random()) {
            self.observe(EventKind::Rejected, Some(&error));
        }
        Err(error)
    }

    fn attempt(
        &self,
        request: &Request,
        grant: Option<&Grant<Arc<Access>>>,
        deadline: Duration,
    ) -> Result<Response, Failure> {
        let started = self.clock.monotonic();
        let usual = match request.time_limit {
            TimeLimit::Usual => self.settings.timeout,
            TimeLimit::Order => self.settings.order_timeout,
        };
        let limits = Limits { timeout: usual.min(deadline.saturating_sub(started)), body: API_LIMIT };
        let mut result = match grant {
            Some(grant) => grant.access.wire.send(request, Some(grant.access.token.header()), limits),
            None => self.open_wire().send(request, None, limits),
        };
        if let (Ok(response), Some(grant)) = (&mut result, grant) {
            response.redact(grant.access.token.expose());
        }
        if log::log_enabled!(target: CALL_LOG, log::Level::Debug) {
            let millis = self.clock.monotonic().saturating_sub(started).as_millis();
            let (method, route) = (request.method.as_str(), &request.route);
            match &result {
                Ok(response) => {
                    let (status, id) = (response.status, response.request_id().unwrap_or("-"));
                    log::debug!(target: CALL_LOG, "{method} {route} {status} {millis}ms request_id={id}");
                }
                Err(failure) => {
                    log::debug!(target: CALL_LOG, "{method} {route} {:?} {millis}ms", failure.error.kind());
                }
            }
        }
        result
    }

    /// A reference of its own, because the lock is not held while the call is made.
    fn open_wire(&self) -> Arc<Wire> {
        Arc::clone(&self.open_wire.lock())
    }

    fn refusal(&self, response: &Response, grant: Option<&Grant<Arc<Access>>>) -> Error {
        unquoted(http::failure_of(response, Now::read(&*self.clock).wall), grant)
    }
}

/// What an answer other than success means for repeating the call.
fn outcome_of(error: &Error) -> Outcome {
    match error.kind() {
        ErrorKind::RateLimited => Outcome::Limited { wait: error.retry_after() },
        ErrorKind::Server | ErrorKind::Timeout => Outcome::Unknown { wait: error.retry_after() },
        _ => Outcome::Answered,
    }
}
