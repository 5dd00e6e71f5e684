//! Every method of a session, against a mock server that checks the requests in full.

mod common;

mod api {
    mod call;
    #[expect(clippy::unwrap_used, reason = "a failure in a helper fails the calling test")]
    mod errors;
    mod esim;
    mod ids;
    mod pages;
    mod reference;
    mod routes;
    mod topups;
    mod vouchers;
    mod wallets;
}
