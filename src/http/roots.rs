//! The settings of TLS, and with them which certificate authorities are trusted.

use std::sync::Arc;

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{ClientConfig, RootCertStore};

use super::wiping;
use crate::{Error, Result};

/// The TLS settings of a session. They hold the TLS sessions that can be resumed.
pub(crate) fn tls_config(pem: Option<&[u8]>) -> Result<Arc<ClientConfig>> {
    let config = ClientConfig::builder_with_provider(wiping::provider())
        .with_safe_default_protocol_versions()
        .map_err(|error| Error::configuration("TLS cannot be set up").with_source(error))?
        .with_root_certificates(roots(pem)?)
        .with_no_client_auth();
    Ok(Arc::new(config))
}

/// The given authorities and *only* these, because a private deployment has no reason to trust every public one;
/// or Mozilla's, which are built in.
fn roots(pem: Option<&[u8]>) -> Result<RootCertStore> {
    let mut store = RootCertStore::empty();
    let Some(pem) = pem else {
        store.roots.extend_from_slice(webpki_roots::TLS_SERVER_ROOTS);
        return Ok(store);
    };
    for certificate in CertificateDer::pem_slice_iter(pem) {
        let certificate = certificate.map_err(|error| {
            Error::configuration("the root certificates are not valid PEM").with_source(error)
        })?;
        store.add(certificate).map_err(|error| {
            Error::configuration("a root certificate cannot be used as a trust anchor").with_source(error)
        })?;
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

    #[test]
    fn without_own_certificates_the_built_in_authorities_are_trusted() {
        assert!(roots(None).unwrap().len() > 50);
    }

    #[test]
    fn own_certificates_replace_the_built_in_authorities() {
        let own = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
        assert_eq!(roots(Some(own.cert.pem().as_bytes())).unwrap().len(), 1);
    }

    #[test]
    fn certificates_that_cannot_be_read_are_a_configuration_error() {
        let broken = "-----BEGIN CERTIFICATE-----\n%%%\n-----END CERTIFICATE-----\n";
        let not_a_certificate = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
        for pem in ["", "not PEM at all", broken, not_a_certificate] {
            let error = roots(Some(pem.as_bytes())).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Configuration, "{pem}");
            assert!(error.to_string().contains("root certificate"), "{error}");
        }
    }
}
