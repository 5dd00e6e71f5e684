//! A state of the model: two processes, their store and the server.

use std::time::Duration;

use super::process::Process;
use super::store::{Number, Store};
use crate::clock::Reading;
use crate::token::expiry::Expiry;

/// The first monotonic reading.
pub(super) const START: Duration = Duration::from_secs(1000);
pub(super) const LIFE: Duration = Duration::from_secs(400);
/// The time after which the model ends.
pub(super) const HORIZON: Duration = Duration::from_secs(START.as_secs() + 3 * LIFE.as_secs());
const HOUR: Duration = Duration::from_secs(3600);
const MARGIN: Duration = Duration::from_secs(60);
/// Makes every pause as long as it can be.
pub(super) const RANDOM: f64 = 1.0;

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Fleet {
    pub(super) now: Duration,
    pub(super) processes: [Process; 2],
    pub(super) store: Store,
    pub(super) server: Server,
    /// The number of faults so far.
    pub(super) faults: u8,
    /// The first property that was violated.
    pub(super) violated: Option<&'static str>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct Server {
    /// The number of pairs it has issued.
    pub(super) issued: Number,
    pub(super) logins: u8,
    /// The refresh tokens that it may have received, one bit per pair.
    pub(super) presented: u32,
    /// A logout has revoked this pair and all before.
    pub(super) revoked: Number,
    /// The pairs that it has issued to the first process, one bit per pair.
    pub(super) of_first: u32,
    /// Whether it has refused a login.
    pub(super) refused_login: bool,
}

impl Server {
    /// Issues a pair to a process and returns its number.
    pub(super) fn issue(&mut self, process: usize) -> Number {
        self.issued += 1;
        self.of_first |= u32::from(process == 0) << self.issued;
        self.issued
    }
}

impl Fleet {
    pub(super) fn new() -> Self {
        Fleet {
            now: START,
            processes: [Process::new(0), Process::new(0)],
            store: Store::new(),
            server: Server::default(),
            faults: 0,
            violated: None,
        }
    }

    pub(super) fn violate(&mut self, property: &'static str) {
        self.violated.get_or_insert(property);
    }

    /// The clocks of a process. The wall clock of the second is an hour ahead.
    pub(super) fn reading(&self, process: usize) -> Reading {
        let wall = Duration::from_secs(1_900_000_000) + self.now;
        Reading { monotonic: self.now, wall: if process == 0 { wall } else { wall + HOUR } }
    }

    /// The expiry of a token that ends at this instant.
    pub(super) fn expiry(&self, process: usize, end: Duration) -> Expiry {
        Expiry::adopted(self.reading(process), end.saturating_sub(self.now), LIFE, MARGIN, 0.5)
    }
}
