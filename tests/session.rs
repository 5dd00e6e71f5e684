//! How a session is set up, and where it can live.

mod session {
    mod async_runtime;
    #[expect(clippy::expect_used, reason = "a setup that is not refused ends the test")]
    mod configuration;
}
