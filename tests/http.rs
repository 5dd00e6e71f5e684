//! What becomes of a call when the network, the server or something between them misbehaves.

mod common;

#[expect(clippy::unwrap_used, reason = "what helpers cannot do fails the test that called them")]
mod http {
    mod connections;
    mod encoding;
    mod headers;
    mod limits;
    mod pool;
    mod proxy;
    mod rate_limits;
    mod responses;
    mod retry_after;
    mod reuse;

    /// Planted in bodies; no error may repeat it.
    const CANARY: &str = "b0dy-canary";

    /// An object that the tests ask for, and its response.
    const COUNTRY: &str = r#"{"id":1,"name":"United States"}"#;
}
