//! What to do about a TLS handshake that failed.

use rustls::{CertificateError, Error};

/// Completes "no secure connection to the server could be made: ". It quotes nothing that the server sent.
pub(super) fn of(error: &Error) -> Option<&'static str> {
    use CertificateError as Certificate;
    match error {
        Error::InvalidMessage(_) => {
            Some("its response is not TLS; check the port, or write http:// for plain HTTP")
        }
        Error::InvalidCertificate(certificate) => match certificate {
            Certificate::UnknownIssuer | Certificate::BadSignature => Some(
                "the issuer of its certificate is unknown; pass your own root certificate to \
                 SessionBuilder::root_certificates",
            ),
            Certificate::Expired | Certificate::ExpiredContext { .. } => {
                Some("its certificate has expired; renew it, or correct the clock of this machine")
            }
            Certificate::NotValidYet | Certificate::NotValidYetContext { .. } => {
                Some("its certificate is not valid yet; correct the clock of this machine")
            }
            Certificate::NotValidForName | Certificate::NotValidForNameContext { .. } => {
                Some("its certificate is for another host; check the host in the URL")
            }
            // rustls has no variant for this error of webpki, whose type it does not export.
            Certificate::Other(other) if other.0.to_string() == "CaUsedAsEndEntity" => {
                Some("its certificate is that of a CA (CA:TRUE); give the server one of its own")
            }
            _ => None,
        },
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use rustls::pki_types::UnixTime;
    use rustls::{AlertDescription, InvalidMessage};

    use super::*;

    #[test]
    fn each_failure_that_the_reader_can_repair_has_a_hint() {
        let time = UnixTime::now();
        for (error, says) in [
            (Error::InvalidMessage(InvalidMessage::InvalidContentType), "http://"),
            (CertificateError::UnknownIssuer.into(), "SessionBuilder::root_certificates"),
            (CertificateError::BadSignature.into(), "SessionBuilder::root_certificates"),
            (CertificateError::Expired.into(), "has expired"),
            (CertificateError::ExpiredContext { time, not_after: time }.into(), "has expired"),
            (CertificateError::NotValidYet.into(), "not valid yet"),
            (CertificateError::NotValidYetContext { time, not_before: time }.into(), "not valid yet"),
            (CertificateError::NotValidForName.into(), "another host"),
        ] {
            assert!(of(&error).is_some_and(|hint| hint.contains(says)), "{error:?}");
        }
    }

    #[test]
    fn other_failures_have_none() {
        for error in [
            Error::AlertReceived(AlertDescription::HandshakeFailure),
            Error::DecryptError,
            CertificateError::Revoked.into(),
        ] {
            assert_eq!(of(&error), None, "{error:?}");
        }
    }
}
