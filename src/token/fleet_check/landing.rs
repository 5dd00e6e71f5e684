//! What the thread of a flight does once the flight has ended: it saves what the other process needs, and ends the lease.

use super::defects::Defect;
use super::flights::{Doing, Saving, StoreOutcome, Thread};
use super::store::Entry;
use super::system::Fleet;
use crate::token::types::Saved;

impl Fleet {
    pub(super) fn land(&mut self, index: usize, at: usize) {
        let now = self.reading(index);
        let process = &mut self.processes[index];
        let thread = &mut process.threads[at];
        if !thread.has_lease {
            return self.end_thread(index, at);
        }
        if process.machine.start_save()
            && let Some(refresh) = process.refresh.take()
        {
            let puts_back = thread.has_taken && !thread.has_published;
            let token = process.machine.token.as_ref();
            let end = token.map(|token| now.monotonic + token.expiry.remaining(now));
            let saving = Saving {
                refresh,
                access: process.access.zip(end).filter(|_| !puts_back),
                seen: process.machine.seen,
                generation: process.machine.generation,
                closes: process.machine.closes,
            };
            process.threads[at].doing = Doing::Save(saving);
            return;
        }
        self.after_save(index, at);
    }

    fn after_save(&mut self, index: usize, at: usize) {
        let thread = &mut self.processes[index].threads[at];
        thread.doing = if thread.was_refused { Doing::SaveRefusal } else { Doing::Release };
    }

    fn end_thread(&mut self, index: usize, at: usize) {
        let process = &mut self.processes[index];
        let thread = process.threads.remove(at);
        process.machine.landed(thread.id);
    }

    pub(super) fn end_save(&mut self, index: usize, at: usize, outcome: StoreOutcome, defect: Defect) {
        let Doing::Save(saving) = self.processes[index].threads[at].doing else { return };
        let read = self.processes[index].threads[at].entry.version;
        let version = self.next_version(index, read.max(saving.seen));
        let Fleet { processes, store, .. } = self;
        let process = &mut processes[index];
        let thread = &mut process.threads[at];
        let (version, refresh) = if saving.access.is_some() {
            (version, Some(saving.refresh))
        } else {
            (read, Some(saving.refresh))
        };
        let entry = match saving.access {
            Some(_) => Entry { access: saving.access, refresh, ..Entry::empty(version) },
            // The entry that it was taken from.
            None => Entry { refresh: refresh.filter(|_| thread.entry.access.is_some()), ..thread.entry },
        };
        let is_written = outcome != StoreOutcome::Fails && store.swap(&thread.contents, entry, defect);
        let saved = match outcome {
            StoreOutcome::Done if is_written => {
                process.highest = process.highest.max(version);
                Saved::As { version }
            }
            StoreOutcome::Done => Saved::Superseded,
            _ if defect == Defect::LostSaveKept => Saved::Superseded,
            _ => Saved::Unknown,
        };
        if is_written {
            (thread.contents, thread.entry) = (store.contents, entry);
        }
        if process.machine.finish_save(saved, saving.generation, saving.closes) {
            process.refresh = Some(saving.refresh);
        }
        if saved == Saved::Unknown {
            // The shell skips the refusal after an error.
            thread.doing = Doing::Release;
        } else {
            self.after_save(index, at);
        }
    }

    pub(super) fn end_save_refusal(
        &mut self,
        index: usize,
        at: usize,
        outcome: StoreOutcome,
        defect: Defect,
    ) {
        let Fleet { processes, store, now, .. } = self;
        let process = &mut processes[index];
        let thread = &mut process.threads[at];
        if outcome != StoreOutcome::Fails {
            let (pause, count) = process.machine.refusal(*now);
            thread.entry.refused = Some((*now + pause, count));
            store.swap(&thread.contents, thread.entry, defect);
        }
        thread.doing = Doing::Release;
    }

    pub(super) fn end_release(&mut self, index: usize, at: usize, outcome: StoreOutcome, defect: Defect) {
        let Thread { owner, .. } = self.processes[index].threads[at];
        if outcome != StoreOutcome::Fails && defect != Defect::LeaseKept {
            self.store.release(owner);
        }
        self.end_thread(index, at);
    }
}
