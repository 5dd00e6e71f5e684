use super::*;
use crate::token::types::{Close, TokenSettings};

#[test]
fn a_save_that_ends_after_a_logout_returns_no_refresh_token_to_the_cache() {
    for close in [None, Some(Close::Logout), Some(Close::Forget)] {
        let settings =
            TokenSettings { flight_limit: LEASE, credentials_can_change: false, shared: Some(LEASE) };
        let mut machine = Machine::new(settings);
        close.map(|how| machine.close(how));
        let returns = machine.finish_save(Saved::Superseded, 0, 0);
        assert_eq!((returns, machine.held == Held::Mine), (close.is_none(), close.is_none()), "{close:?}");
    }
}
