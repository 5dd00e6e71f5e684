//! References that this session has used in the last seconds.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::time::Duration;

use parking_lot::Mutex;

use crate::ClientReference;
use crate::http::Request;

/// Longer than the server's clock, in whole seconds, leaves it open which of two calls has placed an order.
const KEPT_FOR: Duration = Duration::from_secs(5);
/// The lock is held for so short a time that one that is not free was copied locked by a fork.
const LOCKED_FOR: Duration = Duration::from_millis(200);

/// The orders this session has asked for in the last seconds.
///
/// An order of a top-up or an eSIM does not show what was asked for, and two calls within a second cannot be told apart
/// by when it was created. If both are this session's, their requests can.
#[derive(Debug, Default)]
pub(in crate::session) struct Recent(Mutex<Vec<Asked>>);

#[derive(Debug)]
struct Asked {
    at: Duration,
    reference: ClientReference,
    /// The route and the body, as a hash.
    what: u64,
}

impl Recent {
    /// Whether something else was asked for under the reference of this request a moment before.
    pub(super) fn has_other(&self, request: &Request, now: Duration) -> bool {
        let Some(mut asked) = self.0.try_lock_for(LOCKED_FOR) else { return true };
        asked.retain(|asked| now.saturating_sub(asked.at) < KEPT_FOR);
        let what = hash(request);
        asked.iter().any(|asked| Some(&asked.reference) == request.reference.as_ref() && asked.what != what)
    }

    /// Remembers a request whose call is over.
    pub(super) fn note(&self, request: &Request, now: Duration) {
        let asked = self.0.try_lock_for(LOCKED_FOR);
        if let (Some(reference), Some(mut asked)) = (request.reference.clone(), asked) {
            asked.push(Asked { at: now, reference, what: hash(request) });
        }
    }
}

fn hash(request: &Request) -> u64 {
    let mut hasher = DefaultHasher::new();
    request.route.hash(&mut hasher);
    request.body.as_deref().hash(&mut hasher);
    hasher.finish()
}
