//! Cipher suites that decrypt records in our own buffer.
//!
//! rustls creates a decrypter per connection and direction from a cipher suite's static description, and calls it on
//! the thread that reads. So the buffer is lent to that thread during the call.

use std::cell::RefCell;
use std::mem::{self, ManuallyDrop};
use std::sync::{Arc, LazyLock};

use rustls::crypto::cipher::{
    AeadKey, InboundOpaqueMessage, InboundPlainMessage, Iv, KeyBlockShape, MessageDecrypter,
    MessageEncrypter, Tls12AeadAlgorithm, Tls13AeadAlgorithm, UnsupportedOperationError,
};
use rustls::crypto::{CipherSuiteCommon, CryptoProvider, ring};
use rustls::{
    ConnectionTrafficSecrets, ContentType, Error, SupportedCipherSuite, Tls12CipherSuite, Tls13CipherSuite,
};

use super::buffers::{Received, wipe};

thread_local! {
    // It has no destructor, so it can be used while other thread-locals are destroyed. Nothing leaks, because the
    // buffer is always returned.
    static LENT: RefCell<ManuallyDrop<Option<Received>>> = const { RefCell::new(ManuallyDrop::new(None)) };
}

/// Lends a buffer to this thread, or takes it back. Returns what was lent before.
fn lend(received: Option<Received>) -> Option<Received> {
    LENT.try_with(|lent| ManuallyDrop::into_inner(lent.replace(ManuallyDrop::new(received)))).ok().flatten()
}

/// Runs `work`. Application data that this thread decrypts meanwhile is added to `received`.
pub(super) fn opened_into<T>(received: &mut Received, work: impl FnOnce() -> T) -> T {
    // A panic still returns the buffer. The calls nest for a proxy that is reached over TLS.
    struct Loan<'a> {
        lender: &'a mut Received,
        outer: Option<Received>,
    }
    impl Drop for Loan<'_> {
        fn drop(&mut self) {
            *self.lender = lend(self.outer.take()).unwrap_or_default();
        }
    }
    let outer = lend(Some(mem::take(received)));
    let _loan = Loan { lender: received, outer };
    work()
}

/// ring's suites, algorithms and key exchange, with the decrypters replaced.
pub(in crate::http) fn provider() -> Arc<CryptoProvider> {
    static PROVIDER: LazyLock<Arc<CryptoProvider>> = LazyLock::new(|| {
        let ring = ring::default_provider();
        let cipher_suites = ring.cipher_suites.iter().copied().map(wrapped).collect();
        Arc::new(CryptoProvider { cipher_suites, ..ring })
    });
    Arc::clone(&PROVIDER)
}

/// rustls needs suites that live as long as the process: nine small allocations, made once.
fn wrapped(suite: SupportedCipherSuite) -> SupportedCipherSuite {
    match suite {
        SupportedCipherSuite::Tls12(suite) => {
            SupportedCipherSuite::Tls12(Box::leak(Box::new(Tls12CipherSuite {
                common: common(&suite.common),
                prf_provider: suite.prf_provider,
                kx: suite.kx,
                sign: suite.sign,
                aead_alg: Box::leak(Box::new(OpenElsewhere(suite.aead_alg))),
            })))
        }
        SupportedCipherSuite::Tls13(suite) => {
            SupportedCipherSuite::Tls13(Box::leak(Box::new(Tls13CipherSuite {
                common: common(&suite.common),
                hkdf_provider: suite.hkdf_provider,
                aead_alg: Box::leak(Box::new(OpenElsewhere(suite.aead_alg))),
                quic: None,
            })))
        }
    }
}

fn common(suite: &CipherSuiteCommon) -> CipherSuiteCommon {
    CipherSuiteCommon {
        suite: suite.suite,
        hash_provider: suite.hash_provider,
        confidentiality_limit: suite.confidentiality_limit,
    }
}

/// An algorithm whose decrypters write to the lent buffer.
struct OpenElsewhere<A: ?Sized + 'static>(&'static A);

impl Tls13AeadAlgorithm for OpenElsewhere<dyn Tls13AeadAlgorithm> {
    fn encrypter(&self, key: AeadKey, iv: Iv) -> Box<dyn MessageEncrypter> {
        self.0.encrypter(key, iv)
    }

    fn decrypter(&self, key: AeadKey, iv: Iv) -> Box<dyn MessageDecrypter> {
        Box::new(Opener(self.0.decrypter(key, iv)))
    }

    fn key_len(&self) -> usize {
        self.0.key_len()
    }

    fn extract_keys(
        &self,
        key: AeadKey,
        iv: Iv,
    ) -> Result<ConnectionTrafficSecrets, UnsupportedOperationError> {
        self.0.extract_keys(key, iv)
    }

    fn fips(&self) -> bool {
        self.0.fips()
    }
}

impl Tls12AeadAlgorithm for OpenElsewhere<dyn Tls12AeadAlgorithm> {
    fn encrypter(&self, key: AeadKey, iv: &[u8], extra: &[u8]) -> Box<dyn MessageEncrypter> {
        self.0.encrypter(key, iv, extra)
    }

    fn decrypter(&self, key: AeadKey, iv: &[u8]) -> Box<dyn MessageDecrypter> {
        Box::new(Opener(self.0.decrypter(key, iv)))
    }

    fn key_block_shape(&self) -> KeyBlockShape {
        self.0.key_block_shape()
    }

    fn extract_keys(
        &self,
        key: AeadKey,
        iv: &[u8],
        explicit: &[u8],
    ) -> Result<ConnectionTrafficSecrets, UnsupportedOperationError> {
        self.0.extract_keys(key, iv, explicit)
    }

    fn fips(&self) -> bool {
        self.0.fips()
    }
}

struct Opener(Box<dyn MessageDecrypter>);

impl MessageDecrypter for Opener {
    fn decrypt<'a>(
        &mut self,
        record: InboundOpaqueMessage<'a>,
        sequence: u64,
    ) -> Result<InboundPlainMessage<'a>, Error> {
        LENT.try_with(|lent| match &mut **lent.borrow_mut() {
            Some(received) => self.open_into(received, record, sequence),
            None => Err(Error::General("a record arrived outside of a read".into())),
        })
        .unwrap_or_else(|_| Err(Error::General("the thread has ended".into())))
    }
}

impl Opener {
    fn open_into<'a>(
        &mut self,
        received: &mut Received,
        mut record: InboundOpaqueMessage<'a>,
        sequence: u64,
    ) -> Result<InboundPlainMessage<'a>, Error> {
        let sealed = record.payload.len();
        let room = received.room(sealed).get_mut(..sealed).unwrap_or_default();
        room.copy_from_slice(&record.payload);

        let start = room.as_ptr().addr();
        let copy = InboundOpaqueMessage::new(record.typ, record.version, room);
        let opened = self.0.decrypt(copy, sequence).map(|opened| {
            // An algorithm may leave the plaintext after a nonce, or move it to the front.
            let at = opened.payload.as_ptr().addr().saturating_sub(start).min(sealed);
            (opened.typ, opened.version, at..at.saturating_add(opened.payload.len()).min(sealed))
        });
        let (typ, version, plaintext) = match opened {
            Ok(opened) => opened,
            Err(error) => {
                wipe(received.room(sealed).get_mut(..sealed).unwrap_or_default());
                return Err(error);
            }
        };

        let length = plaintext.len();
        let room = received.room(sealed);
        room.copy_within(plaintext, 0);
        let shown = if typ == ContentType::ApplicationData {
            wipe(room.get_mut(length..sealed).unwrap_or_default());
            received.added(length);
            // One byte, because rustls closes a connection that receives too many empty records.
            length.min(1)
        } else {
            let opened = room.get(..length).unwrap_or_default();
            record.payload.get_mut(..length).unwrap_or_default().copy_from_slice(opened);
            wipe(room.get_mut(..sealed).unwrap_or_default());
            length
        };
        Ok(InboundPlainMessage { typ, version, ..record.into_plain_message_range(0..shown) })
    }
}
