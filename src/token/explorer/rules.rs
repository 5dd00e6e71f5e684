//! What must hold in every world.

use super::choices::Caller;
use super::world::World;

impl World {
    /// The same world with its callers in order: who is who makes no difference to what can happen.
    pub(super) fn canonical(&self) -> World {
        let mut pairs: Vec<_> = self.callers.into_iter().zip(self.refused).collect();
        pairs.sort_unstable();
        let mut world = self.clone();
        for (index, (caller, refused)) in pairs.into_iter().enumerate() {
            world.callers[index] = caller;
            world.refused[index] = refused;
        }
        world
    }

    /// What must hold in every world.
    pub(super) fn check(&mut self) -> Result<(), String> {
        let leaders: Vec<u64> = self
            .callers
            .iter()
            .filter_map(|caller| match caller {
                Caller::Leading { flight, .. } => Some(*flight),
                _ => None,
            })
            .collect();
        if let Some(flight) = &self.machine.flight
            && !leaders.contains(&flight.id)
        {
            return Err("a flight has no leader: nobody who waits for it will wake".to_owned());
        }
        let live =
            leaders.iter().filter(|id| self.machine.flight.as_ref().is_some_and(|flight| flight.id == **id));
        if live.count() > 1 {
            return Err("two callers lead one flight".to_owned());
        }
        for caller in &self.callers {
            if let Caller::Waiting { flight, .. } = caller
                && self.outcome(*flight).is_none()
                && !leaders.contains(flight)
            {
                return Err("a waiter will never wake".to_owned());
            }
        }
        if self.logged_out && self.machine.held.is_some() {
            return Err("a token is held after logout".to_owned());
        }
        if self.machine.generation < self.generation_seen {
            return Err("the generation went back".to_owned());
        }
        self.generation_seen = self.machine.generation;
        Ok(())
    }
}
