//! Calls when the network, the server or something between them misbehaves.

mod common;

#[expect(clippy::unwrap_used, reason = "a failure in a helper fails the calling test")]
mod http {
    mod connections;
    mod encoding;
    mod headers;
    mod hints;
    mod limits;
    mod pool;
    mod proxy;
    mod rate_limits;
    mod responses;
    mod retry_after;
    mod reuse;

    /// Placed in bodies. No error may quote it.
    const CANARY: &str = "b0dy-canary";

    /// The response to `GET /api/v1/countries/1`.
    const COUNTRY: &str = r#"{"id":1,"name":"United States"}"#;
}
