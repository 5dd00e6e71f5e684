//! Walks the state machine through all interleavings of a few callers with everything that can happen to them.
//!
//! The world around the machine is a model: a server that knows which refresh tokens are spent, and callers that
//! ask, wait, lead and call. Each step of each party is one choice of the explorer, which visits every order of
//! choices to a depth, meeting equal worlds only once. The rules it holds every world to are in `rules.rs`
//! and in the steps themselves; the tests below also run worlds with a planted defect, which it has to find.

mod choices;
mod endings;
mod rules;
mod world;

use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash, Hasher};

use self::choices::{Choice, Defect, Ending};
use self::world::World;

/// What an exploration found.
#[derive(Debug, Default)]
struct Found {
    worlds: u64,
    steps: u64,
    interleavings: u64,
    violation: Option<(String, Vec<Choice>)>,
}

/// Visits every order of choices to a depth. A world met again with as many steps to go is not entered again, for
/// what can follow is the same; how many orders that stands for is remembered.
fn explore(defect: Option<Defect>, depth: u32, prologue: &[Choice]) -> Found {
    let mut found = Found::default();
    let mut world = World::new(defect);
    for choice in prologue {
        world.take(*choice).expect("the prologue is a legal run");
    }
    found.interleavings = visit(&world, depth, &mut HashMap::new(), &mut Vec::new(), &mut found);
    found
}

/// Says how many orders of choices follow from a world.
fn visit(
    world: &World,
    depth: u32,
    met: &mut HashMap<(u64, u32), u64>,
    path: &mut Vec<Choice>,
    found: &mut Found,
) -> u64 {
    let mut hasher = DefaultHasher::new();
    world.canonical().hash(&mut hasher);
    let key = (hasher.finish(), depth);
    if let Some(orders) = met.get(&key) {
        return *orders;
    }
    found.worlds += 1;
    let mut orders = u64::from(depth == 0);
    let choices = if depth == 0 { Vec::new() } else { world.choices() };
    for choice in choices {
        found.steps += 1;
        let mut next = world.clone();
        path.push(choice);
        match next.take(choice) {
            Ok(()) => orders = orders.saturating_add(visit(&next, depth - 1, met, path, found)),
            Err(broken) => found.violation = Some((broken, path.clone())),
        }
        path.pop();
        if found.violation.is_some() {
            return orders;
        }
    }
    met.insert(key, orders);
    orders
}

/// One caller logs in, so that the exploration starts with a pair in use.
const LOGGED_IN: [Choice; 4] =
    [Choice::Step(0), Choice::Step(0), Choice::Ends(0, Ending::Granted), Choice::Ends(0, Ending::Granted)];

const DEPTH: u32 = 10;

#[test]
fn every_interleaving_keeps_the_rules() {
    for (name, prologue) in [("cold", &[][..]), ("logged in", &LOGGED_IN)] {
        let found = explore(None, DEPTH, prologue);
        println!(
            "explorer, {name}: {} interleavings of {DEPTH} steps through {} worlds, {} steps taken",
            found.interleavings, found.worlds, found.steps
        );
        assert!(found.violation.is_none(), "{:#?}", found.violation);
        assert!(found.worlds > 10_000, "the exploration is too small to mean anything");
    }
}

#[test]
fn planted_defects_are_found() {
    for (defect, says) in [
        (Defect::NoGenerationCheck, "newer token was at hand"),
        (Defect::NoGuard, "has no leader"),
        (Defect::PresentedAgain, "presented twice"),
        (Defect::PublishAfterLogout, "after logout"),
    ] {
        let found = explore(Some(defect), DEPTH, &LOGGED_IN);
        let (broken, path) = found.violation.unwrap_or_else(|| panic!("{defect:?} was not found"));
        println!("explorer, {defect:?}: {broken} after {path:?}");
        assert!(broken.contains(says), "{defect:?}: {broken}");
    }
}
