//! The TLS settings, and the trusted certificate authorities.

use std::sync::Arc;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use rustls::crypto::CryptoProvider;
use rustls::pki_types::CertificateDer;
use rustls::{ClientConfig, RootCertStore};

use super::wiping;
use crate::{Error, Result};

const BEGIN: &str = "-----BEGIN CERTIFICATE-----";
const END: &str = "-----END CERTIFICATE-----";

/// The TLS settings of a session, including its cache of resumable TLS sessions.
pub(crate) fn tls_config(pem: Option<&[u8]>) -> Result<Arc<ClientConfig>> {
    tls_config_of(wiping::provider(), pem)
}

/// TLS settings with the given cipher suites.
pub(crate) fn tls_config_of(provider: Arc<CryptoProvider>, pem: Option<&[u8]>) -> Result<Arc<ClientConfig>> {
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| Error::configuration("TLS cannot be set up").with_source(error))?
        .with_root_certificates(roots(pem)?)
        .with_no_client_auth();
    Ok(Arc::new(config))
}

/// Trusts the given authorities and *only* these, because a private deployment has no reason to trust every public
/// one. Without any, trusts Mozilla's, which are built in.
///
/// One invalid entry refuses all of them, or a server would fail much later. Text around the entries (comments, keys,
/// byte order marks of files that were joined) is skipped.
fn roots(pem: Option<&[u8]>) -> Result<RootCertStore> {
    let mut store = RootCertStore::empty();
    let Some(pem) = pem else {
        store.roots.extend_from_slice(webpki_roots::TLS_SERVER_ROOTS);
        return Ok(store);
    };
    let text = String::from_utf8_lossy(pem);
    let mut pieces = text.split(BEGIN);
    // An END without a BEGIN belongs to an entry whose BEGIN is damaged.
    let mut unopened = pieces.next().is_some_and(|before| before.contains(END));
    for (index, piece) in pieces.enumerate() {
        let refuse =
            |problem: &str| Error::configuration(format!("root certificate {} {problem}", index + 1));
        if unopened {
            return Err(refuse("has no line \"-----BEGIN CERTIFICATE-----\""));
        }
        let (body, after) =
            piece.split_once(END).ok_or_else(|| refuse("has no line \"-----END CERTIFICATE-----\""))?;
        unopened = after.contains(END);
        if body.contains("\\n") {
            return Err(refuse("is written with \"\\n\" in place of line breaks; put line breaks there"));
        }
        let digits: String = body.split_whitespace().collect();
        let der = BASE64_STANDARD.decode(digits).map_err(|_| refuse("is not valid PEM"))?;
        store
            .add(CertificateDer::from(der))
            .map_err(|error| refuse("cannot be used as a trust anchor").with_source(error))?;
    }
    if unopened {
        let count = store.len() + 1;
        return Err(Error::configuration(format!("root certificate {count} has no line \"{BEGIN}\"")));
    }
    if store.is_empty() {
        return Err(Error::configuration(
            "the root certificates hold no certificate; give them as PEM, \"-----BEGIN CERTIFICATE-----\"",
        ));
    }
    Ok(store)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ErrorKind;

    fn own() -> String {
        rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap().cert.pem()
    }

    #[track_caller]
    fn refused(pem: &str, says: &str) {
        let error = roots(Some(pem.as_bytes())).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Configuration, "{error}");
        assert!(error.to_string().contains(says), "{error}");
        let shown = format!("{error} {error:?}");
        assert!(!shown.contains("MII") && !shown.contains("45, 45") && shown.len() < 400, "{shown}");
    }

    #[test]
    fn without_own_certificates_the_built_in_authorities_are_trusted() {
        assert!(roots(None).unwrap().len() > 50);
    }

    #[test]
    fn own_certificates_replace_the_built_in_authorities() {
        assert_eq!(roots(Some(own().as_bytes())).unwrap().len(), 1);
    }

    #[test]
    fn what_is_around_and_between_certificates_is_skipped() {
        let (one, two) = (own(), own());
        for pem in [
            format!("\u{feff}{one}\u{feff}{two}"),
            format!("# \u{e9} comment\r\n{}{two}", one.replace('\n', "\r\n")),
            format!("-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n{one}{two}"),
            format!("{}\n\n  {}", one.trim_end(), two.replace('\n', "\n  ")),
            format!("{one}{two}").replace('\n', "\r"),
        ] {
            assert_eq!(roots(Some(pem.as_bytes())).unwrap().len(), 2, "{pem}");
        }
        let latin1 = [b"# caf\xe9\n", one.as_bytes()].concat();
        assert_eq!(roots(Some(&latin1)).unwrap().len(), 1);
    }

    #[test]
    fn one_bad_certificate_refuses_the_bundle_and_is_named() {
        let (one, two) = (own(), own());
        let broken = "-----BEGIN CERTIFICATE-----\n%%%\n-----END CERTIFICATE-----\n";
        let not_a_certificate = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
        refused(&format!("{one}{broken}{two}"), "root certificate 2 is not valid PEM");
        refused(&format!("{one}{two}{not_a_certificate}"), "root certificate 3 cannot be used");
        refused(&format!("{not_a_certificate}{one}"), "root certificate 1 cannot be used");
        refused(&format!("{one}{}", two.replace(END, "")), "root certificate 2 has no line \"-----END");
        refused(
            &format!("{one}{}{one}", two.replacen('-', "", 1)),
            "root certificate 2 has no line \"-----BEGIN",
        );
        refused(&format!("{one}{}", two.replacen('-', "", 1)), "root certificate 2 has no line \"-----BEGIN");
        refused(&one.replacen('-', "", 1), "root certificate 1 has no line \"-----BEGIN");
        refused("", "hold no certificate");
        refused("not PEM at all", "hold no certificate");
    }

    #[test]
    fn a_literal_backslash_n_is_named_and_no_byte_is_shown() {
        let literal = |pem: &str| pem.replace('\n', "\\n");
        refused(&literal(&own()), "root certificate 1 is written with \"\\n\" in place of line breaks");
        refused(&format!("{}{}", own(), literal(&own())), "root certificate 2 is written with");
    }
}
