//! The sandbox, asked over HTTP by a client that is not the SDK.

#[expect(
    clippy::indexing_slicing,
    reason = "a member that is missing reads as null, and the test fails on that"
)]
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
