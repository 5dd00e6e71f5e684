//! What an attempt leaves open that did not succeed.

use crate::Error;

/// What the attempts of a call leave open, from the least to the most.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::session) enum Doubt {
    /// Nothing was executed: nothing was sent, or the API refused what it could never have accepted.
    None,
    /// The API refused it, but an order placed before can be the reason: it has emptied the wallet, or has the
    /// reference.
    Refused,
    /// It may have been executed, or still be on its way.
    Lost,
}

/// The codes of requests that were refused whatever the wallet, the stock and the other orders are.
const FINAL: [&str; 6] = [
    "VALIDATION_FAILURE",
    "SYNTAX_ERROR",
    "INVALID_FEATURE",
    "UNAUTHORIZED",
    "FORBIDDEN",
    "TOO_MANY_REQUESTS",
];

impl Doubt {
    /// What a response other than success leaves open. Only the API itself can say that nothing happened: the page of a
    /// gateway, or a status that this API never uses, can stand for a success that was lost on its way.
    pub(in crate::session) fn of(refusal: &Error) -> Self {
        match (refusal.status(), refusal.code()) {
            // A server that gave up waiting for the request may have read all of it.
            (Some(408), _) | (_, None) => Doubt::Lost,
            (Some(400..=499), Some(code)) if FINAL.contains(&code) && !names_an_order(refusal) => Doubt::None,
            (Some(400..=499), Some(_)) => Doubt::Refused,
            _ => Doubt::Lost,
        }
    }
}

/// Whether a refusal speaks of the reference or of a duplicate. Its words are no more than a hint, so they are only a
/// reason to be more careful: the order can belong to a call that is still running, and not be listed yet.
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
