//! The secrets, the responses that hold them, and the search.

use std::fmt::Debug;

use popup_rewards::Error;

pub(crate) use crate::common::peer::{ACCESS, PASSWORD, REFRESH};

use crate::common::errors::everything;

pub(crate) const CARD: &str = "c4rd-canary-0005";
pub(crate) const PIN: &str = "p1n-canary-0006";
pub(crate) const CLAIM: &str = "https://claim.example.com/c?code=cl4im-canary-0007";
pub(crate) const ACTIVATION: &str = "LPA:1$smdp.example.com$act1vation-canary-0008";
pub(crate) const WEBHOOK: &str = "wh5ec-canary-0009";
pub(crate) const PROXY: &str = "pr0xy-canary-0010";

/// The part that all secrets have in common.
const MARK: &str = "-canary-";

/// An order with one gift card that has every kind of code.
pub(crate) fn order() -> String {
    format!(
        r#"{{"id":1,"product_id":2,"denomination":5,"quantity":1,"client_reference":"ref-1","status":"DELIVERED",
            "vouchers":[{{"card_number":"{CARD}","pin_code":"{PIN}","claim_url":"{CLAIM}"}}]}}"#
    )
}

/// A delivered eSIM.
pub(crate) fn esim() -> String {
    format!(r#"{{"id":1,"amount":4.5,"status":"DELIVERED","activation_code":"{ACTIVATION}"}}"#)
}

#[track_caller]
pub(crate) fn clean(text: &str) {
    assert!(!text.contains(MARK), "{text}");
}

#[track_caller]
pub(crate) fn shows_no_secret(value: &impl Debug) {
    clean(&format!("{value:?} {value:#?}"));
}

/// Checks everything that an error and its causes show.
#[track_caller]
pub(crate) fn error_shows_no_secret(error: &Error) {
    clean(&everything(error));
}
