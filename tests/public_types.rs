//! What callers may rely on of the types themselves.

use std::error::Error as StdError;
use std::fmt::Debug;

use popup_rewards::sandbox::{Sandbox, SandboxClock};
use popup_rewards::*;

fn shared<T: Send + Sync + 'static>() {}
fn cloned<T: Clone + Debug + Send + Sync + 'static>() {}
fn copied<T: Copy + Eq + std::hash::Hash + Debug + Send + Sync + 'static>() {}

#[test]
fn a_session_can_be_cloned_into_any_thread() {
    cloned::<Session>();
    shared::<SessionBuilder>();
    assert_eq!(size_of::<Session>(), size_of::<usize>());
}

#[test]
fn everything_else_is_send_and_sync_too() {
    cloned::<AccessToken>();
    cloned::<ClientReference>();
    cloned::<Credentials>();
    cloned::<Event>();
    cloned::<ListProducts>();
    cloned::<NewOrder>();
    cloned::<Order>();
    cloned::<Page<Product>>();
    cloned::<RateLimits>();
    cloned::<RawCall>();
    cloned::<RetryPolicy>();
    cloned::<Secret>();
    cloned::<SessionStats>();
    cloned::<SessionStatus>();
    cloned::<TokenClaims>();
    cloned::<Unreadable>();
    cloned::<webhook::Event>();
    copied::<ErrorKind>();
    copied::<OrderId>();
    copied::<ProductId>();
    shared::<Items<'static, Product>>();
    shared::<Sandbox>();
    cloned::<SandboxClock>();
}

#[test]
fn an_error_is_one_word_and_fits_every_error_box() {
    fn is_error<T: StdError + Clone + Send + Sync + 'static>() {}
    is_error::<Error>();
    assert_eq!(size_of::<Error>(), size_of::<usize>());
    assert_eq!(size_of::<Result<()>>(), size_of::<usize>());
    assert!(
        anyhow::Error::new(Session::new("", Credentials::new("key", "secret")).unwrap_err()).is::<Error>()
    );
}
