//! The faults: of the processes, the store and the server.

use std::time::Duration;

use super::flights::{AuthOutcome, Doing, StoreOutcome};
use super::model::Transition;
use super::process::Process;
use super::system::Fleet;
use crate::token::types::Failure;

const LOST: Failure = Failure::Unknown { from_api: false, retry_after: Duration::ZERO };

impl Fleet {
    /// The faults that can happen now.
    pub(super) fn add_faults(&self, transitions: &mut Vec<Transition>) {
        for (index, process) in self.processes.iter().enumerate() {
            if process.is_stopped {
                continue;
            }
            for (at, thread) in process.threads.iter().enumerate() {
                match thread.doing {
                    Doing::Nothing => {}
                    Doing::Call(..) => {
                        let failures = [LOST, Failure::NotSent, Failure::Refused];
                        let outcomes = failures.map(AuthOutcome::Fails).into_iter();
                        let outcomes = outcomes.chain([AuthOutcome::PairWithoutRefresh]);
                        transitions.extend(outcomes.map(|outcome| Transition::EndCall(index, at, outcome)));
                    }
                    _ => transitions.extend(
                        [StoreOutcome::Fails, StoreOutcome::Lost]
                            .map(|outcome| Transition::EndStoreOperation(index, at, outcome)),
                    ),
                }
            }
            if process.is_clearing {
                transitions.push(Transition::Clear(index, StoreOutcome::Fails));
            }
            if !process.is_idle() {
                transitions.push(Transition::Stop(index));
            }
        }
        if !self.processes[0].is_idle() {
            transitions.push(Transition::Crash);
        }
        if !self.processes[0].machine.is_closed() && self.server.issued > 0 {
            transitions.push(Transition::LogOut);
        }
        transitions.extend([Transition::Empty, Transition::LoseWrites(1), Transition::LoseWrites(2)]);
    }

    /// Ends the first process at once and starts it again.
    pub(super) fn crash(&mut self) {
        let old = &self.processes[0];
        self.processes[0] = Process { calls: old.calls, ..Process::new(old.run + 1) };
    }
}
