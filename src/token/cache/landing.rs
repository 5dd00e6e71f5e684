//! What the thread of a flight does with the token store.

use std::sync::Arc;

use super::events::QueuedEvent;
use super::{Shared, State};
use crate::token::TOKEN_LOG;
use crate::token::source::{FlightStore, PairToSave, Source, TokensToRevoke};
use crate::token::types::{Saved, StoreDisposition, StoreResult, StoreStep};
use crate::{Error, ErrorKind, EventKind, Result};

/// What the thread of a flight keeps between two steps.
pub(super) struct Trip<'a, S: Source> {
    pub(super) events: Vec<QueuedEvent>,
    pub(super) store: Option<Box<dyn FlightStore<S::Access, S::Refresh> + 'a>>,
    /// Whether the flight took the refresh token out of the store.
    pub(super) taken: bool,
    /// Whether the flight has obtained a pair.
    pub(super) published: bool,
    /// Whether the server refused the credentials.
    pub(super) refused: bool,
}

impl<S: Source> Trip<'_, S> {
    pub(super) fn new() -> Self {
        Trip { events: Vec::new(), store: None, taken: false, published: false, refused: false }
    }

    /// Makes a store step. The token is the one that `Take` took.
    fn step(&mut self, step: StoreStep) -> Result<(StoreResult, Option<S::Refresh>)> {
        let Some(store) = &mut self.store else { return Ok((StoreResult::Unavailable, None)) };
        match step {
            StoreStep::Load => Ok((StoreResult::Read(store.load()?), None)),
            StoreStep::Acquire => Ok((store.acquire()?.map_or(StoreResult::Held, StoreResult::Read), None)),
            StoreStep::Take => {
                let token = store.take()?;
                Ok((if token.is_some() { StoreResult::Taken } else { StoreResult::Changed }, token))
            }
        }
    }

    /// Reports a failure of the store. One of the credentials fails the login too.
    fn store_failed(&mut self, error: Error) {
        if error.kind() != ErrorKind::Store {
            return;
        }
        log::warn!(target: TOKEN_LOG, "{}", error.in_full());
        self.events.push((EventKind::StoreFailed, Some(error)));
    }
}

impl<S: Source> Shared<S> {
    /// Makes a store step of a flight.
    pub(super) fn store_step<'a>(self: &'a Arc<Self>, id: u64, step: StoreStep, trip: &mut Trip<'a, S>) {
        let (sent, _) = self.reading();
        if trip.store.is_none() {
            trip.store = self.source.store(id);
        }
        let (result, taken) = self.guarded(|| trip.step(step)).unwrap_or_else(|error| {
            trip.store_failed(error);
            (StoreResult::Unavailable, None)
        });
        if let Some(complaint) = trip.store.as_mut().and_then(|store| store.complaint()) {
            trip.store_failed(complaint);
        }
        trip.taken |= taken.is_some();
        let (now, random) = self.reading();
        let mut store = trip.store.as_mut();
        let disposition = self.change(|state| {
            let disposition = state.machine.report_store(id, step, result, (sent, now), random);
            match disposition {
                StoreDisposition::Adopt => {
                    let access = store.as_mut().and_then(|store| store.adopt());
                    (state.access, state.refresh, state.error) = (access, None, None);
                }
                StoreDisposition::Keep => state.refresh = taken,
                StoreDisposition::Refused => state.error = store.map(|store| store.refusal()),
                StoreDisposition::Nothing => {}
            }
            disposition
        });
        if disposition == StoreDisposition::Adopt {
            trip.events.push((EventKind::Adopted, None));
        }
    }

    /// Saves what the other processes need to know, and ends the lease.
    pub(super) fn land(self: &Arc<Self>, id: u64, trip: &mut Trip<'_, S>) {
        if trip.store.as_ref().is_some_and(|store| store.has_lease()) {
            let saved = self.save(trip).and_then(|()| self.save_refusal(trip));
            let released = trip.store.as_mut().map_or(Ok(()), |store| self.guarded(|| store.release()));
            saved.and(released).unwrap_or_else(|error| trip.store_failed(error));
        }
        // It may hold tokens, and the observer, which comes next, may hang.
        trip.store = None;
        self.change(|state| state.machine.landed(id));
    }

    fn save(self: &Arc<Self>, trip: &mut Trip<'_, S>) -> Result<()> {
        let puts_back = trip.taken && !trip.published;
        let (to_save, generation, closes) = self.change(|state| {
            let to_save = state.pair_to_save(puts_back);
            (to_save, state.machine.generation, state.machine.closes)
        });
        let (Some(pair), Some(store)) = (to_save, &mut trip.store) else { return Ok(()) };
        let is_open = || self.state.lock().machine.is_open(closes);
        let saved = self.guarded(|| store.save(&pair, &is_open));
        self.change(|state| {
            let saved = *saved.as_ref().unwrap_or(&Saved::Unknown);
            if state.machine.finish_save(saved, generation, closes) {
                state.refresh = Some(pair.refresh);
            }
        });
        saved.map(drop)
    }

    fn save_refusal(self: &Arc<Self>, trip: &mut Trip<'_, S>) -> Result<()> {
        let (Some(store), true) = (&mut trip.store, trip.refused) else { return Ok(()) };
        let (now, _) = self.reading();
        let (pause, refusals) = self.state.lock().machine.refusal(now.monotonic);
        self.guarded(|| store.save_refusal(pause, refusals))
    }

    /// Clears the entry of the store and returns its tokens.
    pub(super) fn clear_store(self: &Arc<Self>) -> Result<Option<TokensToRevoke<S>>> {
        self.guarded(|| self.source.clear_store())
    }

    /// Turns a panic of a store into an error.
    fn guarded<T>(self: &Arc<Self>, call: impl FnOnce() -> Result<T>) -> Result<T> {
        let panicked = |_| Err(Error::new(ErrorKind::Store, "the token store panicked"));
        self.run_user_code(call).unwrap_or_else(panicked)
    }
}

impl<S: Source> State<S> {
    /// Moves the pair out that is to be saved, if there is one. If the refresh token is to be put back into the entry it
    /// was taken from, the access token stays that of the entry.
    fn pair_to_save(&mut self, puts_back: bool) -> Option<PairToSave<S::Access, S::Refresh>> {
        if !self.machine.start_save() {
            return None;
        }
        let refresh = self.refresh.take()?;
        let token = self.access.clone().zip(self.machine.token.as_ref().map(|token| token.expiry));
        Some(PairToSave { access: token.filter(|_| !puts_back), refresh, seen: self.machine.seen })
    }
}
