//! Routes that answer 401 whatever the token.

use std::collections::HashMap;
use std::time::Duration;

use parking_lot::Mutex;

/// How long a route is remembered for having refused a token that was brand-new.
const MEMORY: Duration = Duration::from_secs(60);
/// Far more than there are routes; calls the crate does not know by name could otherwise grow the list.
const MOST: usize = 128;

/// The routes that have refused a brand-new token lately.
///
/// A 401 from one of them is about the route and not about the token, if the server takes the very token elsewhere.
/// Without this, a route that is closed to the client would cost a refresh and a login every time it is called, and
/// use up what the other routes need.
#[derive(Debug, Default)]
pub(super) struct Suspects(Mutex<HashMap<String, Duration>>);

impl Suspects {
    pub(super) fn add(&self, route: &str, monotonic: Duration) {
        let mut routes = self.0.lock();
        routes.retain(|_, until| *until > monotonic);
        if routes.len() < MOST {
            routes.insert(route.to_owned(), monotonic.saturating_add(MEMORY));
        }
    }

    pub(super) fn has(&self, route: &str, monotonic: Duration) -> bool {
        self.0.lock().get(route).is_some_and(|until| *until > monotonic)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_route_is_suspected_for_a_minute_and_the_list_is_bounded() {
        let suspects = Suspects::default();
        let at = Duration::from_secs;
        suspects.add("/api/v1/wallets", at(100));
        assert!(suspects.has("/api/v1/wallets", at(159)));
        assert!(!suspects.has("/api/v1/wallets", at(160)));
        assert!(!suspects.has("/api/v1/orders", at(100)));
        for number in 0..1000 {
            suspects.add(&number.to_string(), at(200));
        }
        assert_eq!(suspects.0.lock().len(), MOST);
    }
}
