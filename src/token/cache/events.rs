//! The queue of events for the observer. Nothing waits for an observer that is slow, hangs or panics.

use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};

use super::Shared;
use crate::token::source::Source;
use crate::{Error, EventKind};

pub(super) type QueuedEvent = (EventKind, Option<Error>);

#[derive(Default)]
pub(super) struct EventQueue {
    events: VecDeque<QueuedEvent>,
    /// Whether a thread is calling the observer.
    is_delivering: bool,
}

/// Limits the memory that an observer which hangs can cost. The oldest events are dropped first.
const CAPACITY: usize = 64;

impl<S: Source> Shared<S> {
    /// Queues the events of a flight and calls the observer for them.
    ///
    /// One thread delivers the events of all flights, so an observer that hangs costs one thread and not one for each.
    pub(super) fn deliver(&self, events: impl IntoIterator<Item = QueuedEvent>) {
        {
            let mut queue = self.events.lock();
            queue.events.extend(events);
            let surplus = queue.events.len().saturating_sub(CAPACITY);
            queue.events.drain(..surplus);
            if std::mem::replace(&mut queue.is_delivering, true) {
                return;
            }
        }
        while let Some((kind, reason)) = self.next_event() {
            self.observe(kind, reason.as_ref());
        }
    }

    fn next_event(&self) -> Option<QueuedEvent> {
        let mut queue = self.events.lock();
        let next = queue.events.pop_front();
        queue.is_delivering = next.is_some();
        next
    }

    /// Calls the observer and ignores its panics.
    pub(super) fn observe(&self, kind: EventKind, reason: Option<&Error>) {
        let observe = || self.source.observe(kind, self.snapshot(), reason);
        catch_unwind(AssertUnwindSafe(observe)).unwrap_or_default();
    }
}
