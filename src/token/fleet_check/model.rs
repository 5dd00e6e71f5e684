//! The transitions that are possible in a state.

use std::time::Duration;

use stateright::{Model, Property};

use super::defects::Defect;
use super::flights::{AuthOutcome, Doing, StoreOutcome};
use super::properties;
use super::system::{Fleet, HORIZON};

/// Every interleaving with at most this many faults.
#[derive(Clone, Copy, Debug)]
pub(super) struct FleetModel {
    pub(super) faults: u8,
    pub(super) defect: Defect,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Transition {
    StartCall(usize),
    RunCaller(usize),
    /// The thread of a flight, by its place, continues.
    RunThread(usize, usize),
    EndStoreOperation(usize, usize, StoreOutcome),
    EndCall(usize, usize, AuthOutcome),
    Clear(usize, StoreOutcome),
    Revoke(usize),
    /// Time advances to the next instant at which something changes.
    Advance,
    /// A stopped process continues.
    Continue(usize),
    Stop(usize),
    Crash,
    LogOut,
    /// The store loses everything.
    Empty,
    /// The store loses its last writes.
    LoseWrites(usize),
}

impl Transition {
    fn is_fault(self) -> bool {
        match self {
            Transition::EndStoreOperation(_, _, outcome) | Transition::Clear(_, outcome) => {
                outcome != StoreOutcome::Done
            }
            Transition::EndCall(_, _, outcome) => outcome != AuthOutcome::Healthy,
            Transition::Stop(_)
            | Transition::Crash
            | Transition::LogOut
            | Transition::Empty
            | Transition::LoseWrites(_) => true,
            _ => false,
        }
    }
}

impl Fleet {
    /// Adds what the processes that are not stopped do next without a fault.
    fn add_steps(&self, transitions: &mut Vec<Transition>) {
        for (index, process) in self.processes.iter().enumerate().filter(|(_, process)| !process.is_stopped) {
            for (at, thread) in process.threads.iter().enumerate() {
                match thread.doing {
                    Doing::Nothing if self.thread_wakes(index, at) > Some(self.now) => {}
                    Doing::Nothing => transitions.push(Transition::RunThread(index, at)),
                    Doing::Call(..) => transitions.push(Transition::EndCall(index, at, AuthOutcome::Healthy)),
                    _ => transitions.push(Transition::EndStoreOperation(index, at, StoreOutcome::Done)),
                }
            }
            if self.caller_wakes(index) == Some(self.now) {
                transitions.push(Transition::RunCaller(index));
            }
            if process.is_clearing {
                transitions.push(Transition::Clear(index, StoreOutcome::Done));
            } else if process.revocations > 0 {
                transitions.push(Transition::Revoke(index));
            }
        }
    }

    /// Returns the next instant at which a thread wakes or the lease ends, or else a token enters its next zone.
    fn next_instant(&self) -> Option<Duration> {
        let running = || (0..2).filter(|index| !self.processes[*index].is_stopped);
        let callers = running().filter_map(|index| self.caller_wakes(index));
        let threads = running().flat_map(|index| (0..2).filter_map(move |at| self.thread_wakes(index, at)));
        let lease = self.store.lease.map(|(_, until)| until);
        let soon = callers.chain(threads).chain(lease).filter(|at| *at > self.now).min();
        soon.or_else(|| (0..2).filter_map(|index| self.next_zone(index)).min())
    }
}

impl Model for FleetModel {
    type State = Fleet;
    type Action = Transition;

    fn init_states(&self) -> Vec<Fleet> {
        vec![Fleet::new()]
    }

    fn actions(&self, fleet: &Fleet, transitions: &mut Vec<Transition>) {
        if fleet.now >= HORIZON || fleet.violated.is_some() {
            return;
        }
        fleet.add_steps(transitions);
        if transitions.is_empty() && fleet.next_instant().is_some() {
            transitions.push(Transition::Advance);
        }
        for (index, process) in fleet.processes.iter().enumerate() {
            if process.is_stopped {
                transitions.push(Transition::Continue(index));
            } else if process.can_start() {
                transitions.push(Transition::StartCall(index));
            }
        }
        if fleet.faults < self.faults {
            fleet.add_faults(transitions);
        }
    }

    fn next_state(&self, before: &Fleet, transition: Transition) -> Option<Fleet> {
        let mut fleet = before.clone();
        let defect = self.defect;
        fleet.faults += u8::from(transition.is_fault());
        match transition {
            Transition::StartCall(index) => fleet.start_call(index),
            Transition::RunCaller(index) => fleet.run_caller(index),
            Transition::RunThread(index, at) => fleet.run_thread(index, at),
            Transition::EndCall(index, at, outcome) => fleet.end_call(index, at, outcome),
            Transition::EndStoreOperation(index, at, outcome) => {
                match before.processes[index].threads[at].doing {
                    Doing::Store(..) => fleet.end_store_step(index, at, outcome, defect),
                    Doing::Save(_) => fleet.end_save(index, at, outcome, defect),
                    Doing::SaveRefusal => fleet.end_save_refusal(index, at, outcome, defect),
                    Doing::Release => fleet.end_release(index, at, outcome, defect),
                    Doing::Nothing | Doing::Call(..) => return None,
                }
            }
            Transition::Clear(index, outcome) => fleet.clear(index, outcome == StoreOutcome::Done, defect),
            Transition::Revoke(index) => fleet.revoke(index),
            Transition::Advance => fleet.now = before.next_instant()?,
            Transition::Continue(index) => fleet.processes[index].is_stopped = false,
            Transition::Stop(index) => {
                let process = &mut fleet.processes[index];
                (process.is_stopped, process.was_stopped) = (true, true);
            }
            Transition::Crash => fleet.crash(),
            Transition::LogOut => fleet.log_out(0),
            Transition::Empty => fleet.store.empty(),
            Transition::LoseWrites(writes) => fleet.store.lose(writes).then_some(())?,
        }
        Some(fleet)
    }

    fn properties(&self) -> Vec<Property<Self>> {
        properties::all()
    }
}
