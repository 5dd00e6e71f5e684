//! The sandbox, called over HTTP by a client that is not the SDK.

#[expect(clippy::indexing_slicing, reason = "indexing a missing member returns null, which fails the test")]
mod sandbox {
    mod client;

    mod auth;
    mod faults;
    mod listings;
    mod money;
    mod orders;
    mod topups_and_esims;
    mod traffic;
    mod webhooks;
}
