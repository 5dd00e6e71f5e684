use super::*;
use crate::store::StoreKey;
use crate::store::memory::MemoryStore;
use crate::token::LEASE;
use crate::{Session, SessionBuilder};

#[test]
fn with_a_store_an_auth_call_ends_before_the_lease() {
    let builder = || Session::builder("https://api.example.com", Credentials::new("key", "secret"));
    let shared = || builder().token_store(MemoryStore::new(StoreKey::new([7; 32])));
    let limits = |builder: SessionBuilder| {
        let session = builder.build().unwrap();
        let source = &session.owner.inner.source;
        (source.setting(Duration::MAX).timeout, source.token_settings().shared)
    };
    let seconds = Duration::from_secs;
    assert_eq!(limits(builder()), (seconds(30), None));
    assert_eq!(limits(shared()), (seconds(10), Some(seconds(10))));
    assert_eq!(limits(shared().timeout(seconds(4))), (seconds(4), Some(seconds(4))));
    assert!(SHARED_TIMEOUT < LEASE);
}
