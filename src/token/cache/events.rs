//! Calls the observer, and lets nobody pay for what it does.

use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};

use super::Shared;
use crate::token::source::Source;
use crate::{Error, EventKind};

/// What happened, and why.
pub(super) type Told = (EventKind, Option<Error>);

#[derive(Default)]
pub(super) struct Untold {
    events: VecDeque<Told>,
    /// Whether a thread is calling the observer.
    is_telling: bool,
}

/// An observer that hangs must not cost the memory for an event of every flight.
const MOST: usize = 64;

impl<S: Source> Shared<S> {
    /// Calls the observer for the events of a flight. One thread does so for all flights: an observer that hangs must
    /// not cost a thread for each.
    pub(super) fn tell(&self, events: impl IntoIterator<Item = Told>) {
        {
            let mut untold = self.untold.lock();
            untold.events.extend(events);
            let surplus = untold.events.len().saturating_sub(MOST);
            untold.events.drain(..surplus);
            if std::mem::replace(&mut untold.is_telling, true) {
                return;
            }
        }
        while let Some((kind, reason)) = self.next_untold() {
            self.observe(kind, reason.as_ref());
        }
    }

    fn next_untold(&self) -> Option<Told> {
        let mut untold = self.untold.lock();
        let next = untold.events.pop_front();
        untold.is_telling = next.is_some();
        next
    }

    /// Calls the observer. Its panics are its own affair.
    pub(super) fn observe(&self, kind: EventKind, reason: Option<&Error>) {
        let observe = || self.source.observe(kind, self.snapshot(), reason);
        catch_unwind(AssertUnwindSafe(observe)).unwrap_or_default();
    }
}
