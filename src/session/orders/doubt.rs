//! Whether a failed call may have executed.

use crate::Error;

/// How much a failed call leaves in doubt, from the least to the most.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::session) enum Doubt {
    /// Nothing was executed: nothing was sent, or the API refused a request that is invalid in itself.
    None,
    /// The API refused it, but an earlier attempt can be the reason: it may have used up the wallet or taken
    /// the reference.
    Refused,
    /// It may have executed, or may still do so.
    Lost,
}

/// The codes that do not depend on the wallet, the stock or other orders.
const FINAL: [&str; 6] = [
    "VALIDATION_FAILURE",
    "SYNTAX_ERROR",
    "INVALID_FEATURE",
    "UNAUTHORIZED",
    "FORBIDDEN",
    "TOO_MANY_REQUESTS",
];

impl Doubt {
    /// The doubt after an error response. Only the API itself can say that nothing happened: the error page of a
    /// gateway, or a status that this API never uses, can hide a success.
    pub(in crate::session) fn of(refusal: &Error) -> Self {
        match (refusal.status(), refusal.code()) {
            // A server that timed out reading the request may have read all of it.
            (Some(408), _) | (_, None) => Doubt::Lost,
            (Some(400..=499), Some(code)) if FINAL.contains(&code) && !names_an_order(refusal) => Doubt::None,
            (Some(400..=499), Some(_)) => Doubt::Refused,
            _ => Doubt::Lost,
        }
    }
}

/// Whether a refusal mentions the reference or a duplicate. This is only a hint, so it only adds caution: the order
/// may belong to a call that is still running, and may not be listed yet.
pub(super) fn names_an_order(refusal: &Error) -> bool {
    let texts = [refusal.code(), refusal.server_message()];
    texts.into_iter().flatten().any(|text| {
        let text = text.to_ascii_lowercase();
        text.contains("reference") || text.contains("duplicate")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(status: u16, code: Option<&str>, message: Option<&str>) -> Error {
        Error::invalid_request("refused").with_status(status).with_code(code).with_server_message(message)
    }

    #[test]
    fn only_the_apis_own_final_refusals_are_certain() {
        for code in FINAL {
            assert_eq!(Doubt::of(&refusal(400, Some(code), Some("no"))), Doubt::None, "{code}");
            assert_eq!(Doubt::of(&refusal(500, Some(code), Some("no"))), Doubt::Lost, "{code}");
            for hint in ["The client reference has already been taken.", "DUPLICATE order"] {
                assert_eq!(Doubt::of(&refusal(422, Some(code), Some(hint))), Doubt::Refused, "{code} {hint}");
            }
        }
        for code in ["BAD_REQUEST", "INSUFFICIENT_FUNDS", "NOT_FOUND", "Forbidden", "forbidden"] {
            assert_eq!(Doubt::of(&refusal(403, Some(code), None)), Doubt::Refused, "{code}");
        }
    }

    #[test]
    fn what_is_not_the_apis_own_refusal_is_lost() {
        for status in
            [101, 301, 403, 405, 406, 410, 412, 413, 421, 423, 425, 429, 431, 451, 499, 502, 600, 999]
        {
            assert_eq!(Doubt::of(&refusal(status, None, Some("no"))), Doubt::Lost, "{status}");
        }
        assert_eq!(Doubt::of(&refusal(408, Some("FORBIDDEN"), None)), Doubt::Lost);
        assert_eq!(Doubt::of(&refusal(302, Some("FORBIDDEN"), None)), Doubt::Lost);
    }
}
