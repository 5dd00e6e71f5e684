//! How the calls of the callers end: the server's side of the model.

use std::time::Duration;

use super::choices::{Caller, Defect, Ending, Why};
use super::world::{Landed, World};
use crate::token::{Attempt, Bounds, End, Evidence, Expiry, Pair, Report};

impl World {
    pub(super) fn auth_call_ends(&mut self, index: usize, ending: Ending) -> Result<(), String> {
        let Caller::Leading { flight, out: Some(token), newer_than, retried, early } = self.callers[index]
        else {
            return Ok(());
        };
        let was_refresh = token != 0;
        let refresh = was_refresh.then_some(token);
        if was_refresh && !matches!(ending, Ending::NotSent | Ending::Limited | Ending::Forbidden) {
            self.presented.push(token);
        }
        let held_before = self.machine.held.as_ref().filter(|held| !held.rejected).map(|held| held.access);
        let attempt = match ending {
            Ending::Granted => Attempt::Granted(self.mint()),
            Ending::Unauthorized => Attempt::Refused(Why::Refused),
            Ending::Forbidden => Attempt::Forbidden(refresh, Why::Other),
            Ending::Limited => Attempt::Limited(refresh, Some(Duration::from_secs(30)), Why::Other),
            Ending::NotSent => Attempt::NotSent(refresh, Why::Other),
            Ending::ServerError | Ending::LostReply | Ending::Garbage
                if self.defect == Some(Defect::PresentedAgain) && was_refresh =>
            {
                Attempt::NotSent(refresh, Why::Other)
            }
            Ending::ServerError | Ending::LostReply | Ending::Garbage => Attempt::Unknown(Why::Other),
            Ending::Panic => {
                self.callers[index] = Caller::Gone;
                if self.defect != Some(Defect::NoGuard) {
                    self.machine.abandon(flight);
                    self.land(flight, Landed::Inconclusive);
                }
                return Ok(());
            }
        };
        self.callers[index] = Caller::Leading { flight, out: None, newer_than, retried, early };
        let bounds = Bounds { deadline: self.now.monotonic + Duration::from_secs(20), random: 0.5 };
        let granted = matches!(attempt, Attempt::Granted(_));
        match self.machine.report(flight, self.now, attempt, bounds, was_refresh) {
            Report::Continue => {}
            Report::Over(end) => self.over(index, &end),
            Report::Late { pair, revoke } => {
                if self.logged_out && self.revokes != revoke {
                    return Err(
                        "a late pair was revoked after a forget, or not revoked after a logout".to_owned()
                    );
                }
                if self.defect == Some(Defect::PublishAfterLogout) {
                    self.machine.publish(pair);
                }
                self.over(index, &End::Superseded);
            }
        }
        let held_now = self.machine.held.as_ref().map(|held| held.access);
        if !granted && !self.logged_out && held_before.is_some() && held_now != held_before {
            return Err("a valid token was dropped for a failure".to_owned());
        }
        Ok(())
    }

    pub(super) fn api_call_ends(&mut self, index: usize, ending: Ending) {
        let Caller::Calling { access, generation, retried } = self.callers[index] else { return };
        self.refused[index] = if ending == Ending::Unauthorized && !retried { generation } else { 0 };
        let generation = match self.defect {
            // It forgets which token it used, and takes it for the newest.
            Some(Defect::NoGenerationCheck) => self.machine.generation(),
            _ => generation,
        };
        self.callers[index] = match ending {
            Ending::Unauthorized if !retried => Caller::Wanting { newer_than: generation, retried: true },
            Ending::Unauthorized => {
                self.machine.reject(self.now, generation, 0, 0.5);
                Caller::Idle
            }
            _ => {
                self.machine.accept(generation);
                let _ = access;
                Caller::Idle
            }
        };
    }

    pub(super) fn mint(&mut self) -> Pair<u8, u8> {
        self.minted += 1;
        let sent = self.now;
        let evidence = Evidence { sent, server_date: None, expires_at: None, exp: None, iat: None };
        let expiry = Expiry::new(&evidence, Duration::from_secs(300), 0.5);
        Pair { access: self.minted, refresh: self.minted, expiry }
    }
}
