//! The sandbox and the session of a scenario, and the steps that act on them.

use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use parking_lot::Mutex;
use popup_rewards::sandbox::Sandbox;
use popup_rewards::{Credentials, Error, EventKind, RetryPolicy, Session, SessionBuilder};

use super::duration::duration;
use super::{expectations, faults};
use crate::common::clock::TestClock;
use crate::common::until;

pub(crate) struct World {
    sandbox: Arc<Sandbox>,
    clock: TestClock,
    /// `None` once the session is built.
    builder: Option<SessionBuilder>,
    session: Option<Session>,
    known_password: Arc<Mutex<String>>,
    first_password: String,
    events: Arc<Mutex<Vec<EventKind>>>,
    pending: Vec<JoinHandle<Result<(), Error>>>,
    last_error: Option<Error>,
}

impl World {
    pub(crate) fn new() -> Result<World> {
        let sandbox = Arc::new(Sandbox::start()?);
        let clock = TestClock::skipping().today();
        // The server's clock advances with every pause of the session.
        let server = Arc::downgrade(&sandbox);
        clock.at_each_pause(move |pause| {
            if let Some(server) = server.upgrade() {
                server.advance(pause);
            }
        });
        let events = Arc::new(Mutex::new(Vec::new()));
        let observed = Arc::clone(&events);
        let builder = Session::builder(&sandbox.url(), sandbox.credentials())
            .clock(clock.clone())
            .observer(move |event| observed.lock().push(event.kind));
        let password = sandbox.password().expose().to_owned();
        Ok(World {
            sandbox,
            clock,
            builder: Some(builder),
            session: None,
            known_password: Arc::new(Mutex::new(password.clone())),
            first_password: password,
            events,
            pending: Vec::new(),
            last_error: None,
        })
    }

    pub(crate) fn step(&mut self, line: &str) -> Result<()> {
        let words: Vec<&str> = line.split_whitespace().collect();
        match words.as_slice() {
            ["with", setting @ ..] => self.set(setting),
            ["server", what @ ..] => self.serve(what),
            ["fault", fault @ ..] => faults::plant(&self.sandbox, fault),
            ["no", "more", "faults"] => {
                self.sandbox.clear_faults();
                Ok(())
            }
            ["advance", "server", by] => {
                self.sandbox.advance(duration(by)?);
                Ok(())
            }
            ["advance", by] => {
                self.sandbox.advance(duration(by)?);
                self.clock.advance(duration(by)?);
                Ok(())
            }
            ["suspend", by] => {
                self.sandbox.advance(duration(by)?);
                self.clock.step_forward(duration(by)?);
                Ok(())
            }
            ["local", "clock", step] => {
                let by = duration(&step[1..])?;
                if step.starts_with('+') {
                    self.clock.step_forward(by);
                } else {
                    self.clock.step_back(by);
                }
                Ok(())
            }
            ["client", "learns", "the", "password"] => {
                self.sandbox.password().expose().clone_into(&mut self.known_password.lock());
                Ok(())
            }
            ["client", "loses", "the", "password"] => {
                self.known_password.lock().clear();
                Ok(())
            }
            ["begin", number, "calls"] => {
                self.begin(number.parse()?, |session| session.countries().map(drop))
            }
            ["begin", number, "currencies"] => {
                self.begin(number.parse()?, |session| session.currencies().map(drop))
            }
            ["finish", "calls", how @ ..] => self.finish(how),
            ["settle"] => self.settle(),
            ["until", name, number] => self.until(name, number.parse()?),
            ["expect", expected @ ..] => expectations::check(self, expected),
            ["drop"] => {
                drop(self.session.take().context("nothing to drop")?);
                Ok(())
            }
            ["repeat", times, step @ ..] => (0..times.parse()?).try_for_each(|_| self.act(step)),
            step => self.act(step),
        }
    }

    /// Ends the scenario and checks the rule that holds in all of them.
    pub(crate) fn end(self) -> Result<()> {
        ensure!(self.pending.is_empty(), "some calls were started but not finished");
        let twice = self.sandbox.refresh_tokens_presented_twice();
        ensure!(twice == 0, "{twice} refresh tokens were presented twice");
        Ok(())
    }

    fn set(&mut self, setting: &[&str]) -> Result<()> {
        let builder = self.builder.take().context("settings must precede the first step")?;
        self.builder = Some(match setting {
            ["margin", margin] => builder.refresh_margin(duration(margin)?),
            ["timeout", timeout] => builder.timeout(duration(timeout)?),
            ["deadline", deadline] => builder.deadline(duration(deadline)?),
            ["no", "retries"] => builder.retry(RetryPolicy::new().retries(0)),
            ["order", "timeout", timeout] => builder.order_timeout(duration(timeout)?),
            ["logout", "on", "drop"] => builder.logout_on_drop(true),
            ["credentials", "from", "a", "closure"] => {
                let (key, known) = (self.sandbox.username(), Arc::clone(&self.known_password));
                let credentials =
                    Credentials::from_fn(move || Ok(Credentials::new(key.expose(), known.lock().clone())));
                // Replaces the builder, so it must precede the other settings.
                let (clock, events) = (self.clock.clone(), Arc::clone(&self.events));
                Session::builder(&self.sandbox.url(), credentials)
                    .clock(clock)
                    .observer(move |event| events.lock().push(event.kind))
            }
            _ => bail!("unknown setting"),
        });
        Ok(())
    }

    fn serve(&mut self, what: &[&str]) -> Result<()> {
        const REFRESH_LIFE: Duration = Duration::from_secs(7 * 86_400);
        let sandbox = &self.sandbox;
        match what {
            ["tokens", "live", life] => sandbox.set_token_life(duration(life)?, REFRESH_LIFE),
            ["clock", step] => {
                let seconds = i64::try_from(duration(&step[1..])?.as_secs())?;
                sandbox.set_server_skew(if step.starts_with('+') { seconds } else { -seconds });
            }
            ["sends", "no", "date"] => sandbox.send_date_header(false),
            ["sends", "no", "expiry"] => sandbox.send_access_expiry(false),
            ["makes", "opaque", "tokens"] => sandbox.make_opaque_tokens(true),
            ["revokes", "access", "tokens"] => sandbox.revoke_access_tokens(),
            ["revokes", "all", "tokens"] => sandbox.revoke_all_tokens(),
            ["changes", "the", "password"] => sandbox.change_password("another secret"),
            ["restores", "the", "password"] => sandbox.change_password(&self.first_password),
            ["denies", "us"] => sandbox.deny_addresses(true),
            ["admits", "us"] => sandbox.deny_addresses(false),
            ["goes", "down"] => sandbox.refuse_connections(true),
            ["comes", "back"] => sandbox.refuse_connections(false),
            _ => bail!("unknown step of the server"),
        }
        Ok(())
    }

    fn start(&mut self) -> Result<&Session> {
        if let Some(builder) = self.builder.take() {
            self.session = Some(builder.build()?);
        }
        self.session()
    }

    /// Runs a step of the client, which may end in `fails` and an error kind.
    fn act(&mut self, step: &[&str]) -> Result<()> {
        let split = step.iter().position(|word| *word == "fails").unwrap_or(step.len());
        let (action, how) = step.split_at(split);
        let session = self.start()?;
        let outcome = match action {
            ["call"] => session.countries().map(drop),
            ["call", "currencies"] => session.currencies().map(drop),
            ["login"] => session.login(),
            ["refresh"] => session.refresh(),
            ["logout"] => session.logout(),
            ["forget"] => {
                session.forget();
                Ok(())
            }
            ["token"] => session.access_token().map(drop),
            ["token", "for", life] => session.access_token_valid_for(duration(life)?).map(drop),
            _ => bail!("unknown step"),
        };
        self.judge(outcome, how)
    }

    fn judge(&mut self, outcome: Result<(), Error>, how: &[&str]) -> Result<()> {
        match (outcome, how) {
            (Ok(()), []) => Ok(()),
            (Err(error), ["fails", kind]) if format!("{:?}", error.kind()) == *kind => {
                self.last_error = Some(error);
                Ok(())
            }
            (Ok(()), _) => bail!("it succeeded unexpectedly"),
            (Err(error), _) => Err(error).context("it failed unexpectedly"),
        }
    }

    fn begin(&mut self, number: usize, action: fn(&Session) -> Result<(), Error>) -> Result<()> {
        let session = self.start()?.clone();
        for _ in 0..number {
            let session = session.clone();
            self.pending.push(std::thread::spawn(move || action(&session)));
        }
        Ok(())
    }

    fn finish(&mut self, how: &[&str]) -> Result<()> {
        for call in std::mem::take(&mut self.pending) {
            let outcome = call.join().map_err(|_| anyhow::anyhow!("a call panicked"))?;
            self.judge(outcome, how)?;
        }
        Ok(())
    }

    fn until(&self, name: &str, number: u64) -> Result<()> {
        until(name, || expectations::number(self, name).is_ok_and(|found| found == number))
            .with_context(|| format!("{:?}", expectations::number(self, name)))
    }

    /// Waits until no flight is running.
    fn settle(&self) -> Result<()> {
        let session = self.session()?;
        until("the end of a flight", || !session.status().renewing)
    }

    /// Waits until the observer has received these events. Callers may continue before it does.
    pub(crate) fn observed(&self, expected: &[&str]) -> Result<()> {
        until("events", || self.events() == expected).with_context(|| format!("{:?}", self.events()))
    }

    pub(crate) fn sandbox(&self) -> &Sandbox {
        &self.sandbox
    }

    pub(crate) fn clock(&self) -> &TestClock {
        &self.clock
    }

    pub(crate) fn session(&self) -> Result<&Session> {
        self.session.as_ref().context("there is no session")
    }

    fn events(&self) -> Vec<String> {
        self.events.lock().iter().map(|kind| format!("{kind:?}")).collect()
    }

    pub(crate) fn last_error(&self) -> Option<&Error> {
        self.last_error.as_ref()
    }
}
