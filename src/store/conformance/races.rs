//! Several handles at the same time.

use std::panic::resume_unwind;
use std::sync::Barrier;
use std::thread;
use std::time::Duration;

use super::handle::{Handle, fail, owner, slot};
use super::leases::LONG;
use crate::clock::Stamp;
use crate::store::{Contents, Lease, TokenStore};

const HANDLES: usize = 4;

/// How long each kind of race goes on, if it has not reached its number of rounds.
const LONGEST: Duration = Duration::from_secs(1);

pub(super) fn check<S: TokenStore>(open: &impl Fn() -> S) {
    let handles: Vec<S> = (0..HANDLES).map(|_| open()).collect();
    swaps(&handles);
    counter(&handles);
    leases(&handles);
}

/// Counts the rounds of a race: many in a fast store, a few in a slow one.
fn rounds() -> impl Iterator<Item = usize> {
    let started = Stamp::now();
    (0..200).take_while(move |round| *round < 10 || started.elapsed() < LONGEST)
}

/// Calls the closure with every handle at the same time, each on a thread of its own.
fn together<S: TokenStore, T: Send>(handles: &[S], call: impl Fn(usize, &S) -> T + Sync) -> Vec<T> {
    let (start, call) = (&Barrier::new(handles.len()), &call);
    thread::scope(|scope| {
        let spawn = |(number, handle)| {
            scope.spawn(move || {
                start.wait();
                call(number, handle)
            })
        };
        let threads: Vec<_> = handles.iter().enumerate().map(spawn).collect();
        threads.into_iter().map(|thread| thread.join().unwrap_or_else(|panic| resume_unwind(panic))).collect()
    })
}

/// Returns the number of the only one that succeeded.
fn only_one(succeeded: &[bool], what: &str) -> usize {
    let winners: Vec<_> = succeeded.iter().enumerate().filter(|(_, won)| **won).collect();
    match winners.as_slice() {
        [(number, _)] => *number,
        winners => fail(&format!("exactly one of {HANDLES} {what} must succeed, but {} did", winners.len())),
    }
}

fn swaps<S: TokenStore>(handles: &[S]) {
    let mut place = slot();
    for round in rounds() {
        if round % 8 == 0 {
            // An empty slot is often a case of its own.
            place = slot();
        }
        let seen = handles.first().map(|store| Handle::new(store, &place).load());
        let seen = seen.unwrap_or_else(|| fail("there are handles"));
        let entry = |number| format!("round {round}, handle {number}");
        let swapped = together(handles, |number, store| {
            Handle::new(store, &place).swap(&seen, entry(number).as_bytes())
        });
        let winner = only_one(&swapped, "swaps that saw the same contents");
        for store in handles {
            assert!(
                Handle::new(store, &place).load().entry() == Some(entry(winner).as_bytes()),
                "after a race, the slot must hold the entry of the swap that succeeded",
            );
        }
    }
}

/// Every handle adds one, again and again. An update that is lost is missing in the total.
fn counter<S: TokenStore>(handles: &[S]) {
    let place = slot();
    let started = Stamp::now();
    let added = together(handles, |_, store| {
        let (handle, mut added) = (Handle::new(store, &place), 0);
        while added < 50 && started.elapsed() < LONGEST {
            let (seen, began) = (handle.load(), Stamp::now());
            let next = format!("{} ", number(&seen) + 1).repeat(REPEATS);
            added += u64::from(handle.swap(&seen, next.as_bytes()));
            if began.elapsed() > SLOW {
                // Another handle may poll for the lock of a file. It must find it free at times.
                thread::sleep(TURN);
            }
        }
        added
    });
    let total: u64 = added.iter().sum();
    for store in handles {
        let found = number(&Handle::new(store, &place).load());
        assert!(
            found == total,
            "no successful swap may be lost: {total} have added one, but the total is {found}"
        );
    }
}

/// A swap that takes longer than this waits for a disk.
const SLOW: Duration = Duration::from_millis(1);
/// The time between two slow swaps of one handle.
const TURN: Duration = Duration::from_millis(5);

/// How often an entry repeats its number: a store that writes it in parts is then likely to be seen doing so.
const REPEATS: usize = 4000;

/// Reads the number of an entry, or 0 if the slot is empty.
fn number(contents: &Contents) -> u64 {
    let Some(entry) = contents.entry() else { return 0 };
    let text = String::from_utf8_lossy(entry);
    let (first, _) = text.split_once(' ').unwrap_or_default();
    assert!(
        text == format!("{first} ").repeat(REPEATS),
        "a load during a swap must return either the old entry or the new one, in full",
    );
    first.parse().unwrap_or_else(|_| fail("a load must return an entry that was written"))
}

fn leases<S: TokenStore>(handles: &[S]) {
    let place = slot();
    let owners: Vec<String> = handles.iter().map(|_| owner()).collect();
    for _ in rounds() {
        let granted = together(handles, |number, store| {
            let owner = owners.get(number).map_or("", String::as_str);
            matches!(Handle::new(store, &place).acquire(owner, LONG), Lease::Acquired(_))
        });
        let winner = only_one(&granted, "requests for a free lease");
        for (number, (store, owner)) in handles.iter().zip(&owners).enumerate() {
            if number == winner {
                Handle::new(store, &place).release(owner);
            }
        }
    }
}
