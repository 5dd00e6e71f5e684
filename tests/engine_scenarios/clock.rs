//! A clock that stands still until a scenario, or a pause of the session, moves it.

use std::sync::{Arc, Weak};
use std::task::Waker;
use std::time::{Duration, SystemTime};

use anyhow::{Context, Result};
use parking_lot::Mutex;
use popup_rewards::Clock;
use popup_rewards::sandbox::Sandbox;

#[derive(Clone)]
pub(crate) struct VirtualClock(Arc<Shared>);

struct Shared {
    times: Mutex<Times>,
    /// Time passes for the server too while the session sleeps.
    sandbox: Weak<Sandbox>,
}

struct Times {
    monotonic: Duration,
    wall: SystemTime,
    slept: Duration,
    wakers: Vec<Waker>,
}

impl VirtualClock {
    pub(crate) fn new(sandbox: &Arc<Sandbox>) -> Self {
        let times = Times {
            monotonic: Duration::ZERO,
            wall: SystemTime::now(),
            slept: Duration::ZERO,
            wakers: Vec::new(),
        };
        VirtualClock(Arc::new(Shared { times: Mutex::new(times), sandbox: Arc::downgrade(sandbox) }))
    }

    pub(crate) fn advance(&self, by: Duration) {
        let wakers = {
            let mut times = self.0.times.lock();
            times.monotonic += by;
            times.wall += by;
            times.wakers.clone()
        };
        wakers.iter().for_each(Waker::wake_by_ref);
    }

    /// A machine that is suspended: only the time of day goes on.
    pub(crate) fn suspend(&self, by: Duration) {
        self.0.times.lock().wall += by;
    }

    pub(crate) fn step_wall(&self, forward: bool, by: Duration) -> Result<()> {
        let mut times = self.0.times.lock();
        let stepped = if forward { times.wall.checked_add(by) } else { times.wall.checked_sub(by) };
        times.wall = stepped.context("no such time of day")?;
        Ok(())
    }

    /// All pauses together.
    pub(crate) fn slept(&self) -> Duration {
        self.0.times.lock().slept
    }
}

impl Clock for VirtualClock {
    fn monotonic(&self) -> Duration {
        self.0.times.lock().monotonic
    }

    fn wall(&self) -> SystemTime {
        self.0.times.lock().wall
    }

    fn on_jump(&self, waker: Waker) {
        self.0.times.lock().wakers.push(waker);
    }

    fn on_pause(&self, until: Duration) {
        let pause = until.saturating_sub(self.monotonic());
        self.0.times.lock().slept += pause;
        self.advance(pause);
        if let Some(sandbox) = self.0.sandbox.upgrade() {
            sandbox.advance(pause);
        }
    }

    /// The middle of every range: an hour's token turns at 52.5 minutes, a pause is half its longest.
    fn random(&self) -> f64 {
        0.5
    }
}

/// `1h`, `59m45s`, `300ms`.
pub(crate) fn duration(text: &str) -> Result<Duration> {
    let mut rest = text;
    let mut sum = Duration::ZERO;
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit()).context("a number without a unit")?;
        let (number, tail) = rest.split_at(digits);
        let unit = tail.find(|c: char| c.is_ascii_digit()).unwrap_or(tail.len());
        let (unit, tail) = tail.split_at(unit);
        let millis = match unit {
            "ms" => 1,
            "s" => 1_000,
            "m" => 60_000,
            "h" => 3_600_000,
            _ => anyhow::bail!("no unit of time: {unit}"),
        };
        sum += Duration::from_millis(number.parse::<u64>()? * millis);
        rest = tail;
    }
    Ok(sum)
}
