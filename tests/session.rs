//! The configuration of a session, and its use in an async runtime.

mod session {
    mod async_runtime;
    #[expect(clippy::expect_used, reason = "a configuration that is not refused fails the test")]
    mod configuration;
    #[expect(clippy::unwrap_used, reason = "a failure in a helper fails the calling test")]
    mod credentials;
    mod store_key;
}
