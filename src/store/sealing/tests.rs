use super::*;

const BASE_URL: &str = "https://sandbox-api.example.com";
const AAD: &[u8] = b"aad";

/// The bytes 0 to 31.
fn bytes() -> [u8; 32] {
    std::array::from_fn(|at| u8::try_from(at).unwrap())
}

fn sealing_key() -> SealingKey {
    StoreKey::new(bytes()).sealing_key(BASE_URL, "key_1").unwrap()
}

fn sealed(plain: &[u8]) -> Vec<u8> {
    sealing_key().seal(Zeroizing::new(plain.to_vec()), AAD).unwrap()
}

fn opened(sealed: &[u8], aad: &[u8]) -> Option<Vec<u8>> {
    sealing_key().open(sealed, aad).map(|plain| plain.to_vec())
}

#[test]
fn what_was_sealed_is_opened() {
    for plain in [&b""[..], b"tokens", &[0xa5; 10_000]] {
        let sealed = sealed(plain);
        assert_eq!(sealed.len(), SALT + plain.len() + CHACHA20_POLY1305.tag_len());
        assert_eq!(opened(&sealed, AAD).as_deref(), Some(plain));
    }
}

#[test]
fn the_text_is_not_in_what_was_sealed() {
    let plain = b"a refresh token of some length";
    assert!(!sealed(plain).windows(8).any(|part| plain.windows(8).any(|text| text == part)));
}

#[test]
fn every_changed_bit_is_refused() {
    let sealed = sealed(b"tokens");
    for bit in 0..8 * sealed.len() {
        let mut changed = sealed.clone();
        changed[bit / 8] ^= 1 << (bit % 8);
        assert_eq!(opened(&changed, AAD), None, "bit {bit}");
    }
    for bit in 0..8 * AAD.len() {
        let mut changed = AAD.to_vec();
        changed[bit / 8] ^= 1 << (bit % 8);
        assert_eq!(opened(&sealed, &changed), None, "bit {bit} of the associated data");
    }
}

#[test]
fn a_part_and_a_surplus_byte_are_refused() {
    let sealed = sealed(b"tokens");
    for length in 0..sealed.len() {
        assert_eq!(opened(&sealed[..length], AAD), None, "{length} bytes");
        assert_eq!(opened(&sealed[sealed.len() - length..], AAD), None, "the last {length} bytes");
    }
    assert_eq!(opened(&[&sealed[..], &[0]].concat(), AAD), None);
    assert_eq!(opened(&sealed, b""), None);
    assert_eq!(opened(&sealed, b"aad "), None);
}

#[test]
fn two_writes_of_one_text_share_nothing() {
    let (one, other) = (sealed(b"tokens"), sealed(b"tokens"));
    assert_ne!(one[..SALT], other[..SALT]);
    assert_ne!(one[SALT..], other[SALT..]);
}

#[test]
fn another_key_opens_nothing() {
    let other = StoreKey::new([7; 32]).sealing_key(BASE_URL, "key_1").unwrap();
    assert!(other.open(&sealed(b"tokens"), AAD).is_none());
}

#[test]
fn a_slot_depends_on_the_key_the_base_url_and_the_api_key() {
    let slot = |key, base_url, api_key| StoreKey::new(key).sealing_key(base_url, api_key).unwrap().slot();
    let slots = [
        slot([7; 32], "https://a.example", "key_1"),
        slot([8; 32], "https://a.example", "key_1"),
        slot([7; 32], "https://a.exampl", "key_1"),
        slot([7; 32], "https://a.example", "key_2"),
        // The same characters, divided otherwise.
        slot([7; 32], "https://a.examplek", "ey_1"),
    ];
    for (at, slot) in slots.iter().enumerate() {
        assert!(!slots[..at].contains(slot), "{at}");
    }
    assert_eq!(slots[0], slot([7; 32], "https://a.example", "key_1"));
}

#[test]
fn a_fingerprint_depends_on_the_key_and_both_credentials() {
    let other = StoreKey::new([7; 32]).sealing_key(BASE_URL, "key_1").unwrap();
    let key = sealing_key();
    let fingerprint = key.fingerprint("key_1", "secret_1");
    assert_eq!(fingerprint, sealing_key().fingerprint("key_1", "secret_1"));
    assert_ne!(fingerprint, other.fingerprint("key_1", "secret_1"));
    assert_ne!(fingerprint, key.fingerprint("key_1", "secret_2"));
    assert_ne!(fingerprint, key.fingerprint("key_2", "secret_1"));
    assert_ne!(fingerprint, key.fingerprint("key_1s", "ecret_1"));
}

/// The expected values come from Python's `hmac` and `cryptography`. They may never change: processes with different
/// versions of this crate share a store.
#[test]
fn slots_fingerprints_and_entries_match_another_implementation() {
    let key = sealing_key();
    assert_eq!(key.slot().as_str(), "87e35cf96845f18e53a2eecb9286e1db55f6cb4cee51640480cb89dc66b6fdef");
    assert_eq!(
        hex::encode(&key.fingerprint("key_1", "secret_1")),
        "6b05c0f277af83c170cbd5690df406293c23f99e940d0b4840fa8d7c9253184d"
    );
    let sealed = hex::decode(
        b"202122232425262728292a2b2c2d2e2f303132333435363738393a3b3c3d3e3f\
          b2c865871ecdaa7c4ec7ba596c4e09c472713487c08a",
    );
    assert_eq!(opened(&sealed.unwrap(), AAD).as_deref(), Some(&b"tokens"[..]));
}

#[cfg(any(feature = "redis", feature = "file-store"))]
mod passphrase {
    use super::*;
    use crate::ErrorKind;

    /// The expected value comes from Python's `argon2-cffi`.
    #[test]
    fn a_passphrase_becomes_the_same_key_as_in_another_implementation() {
        let key =
            StoreKey::from_passphrase("correct horse battery staple").sealing_key(BASE_URL, "key_1").unwrap();
        assert_eq!(
            hex::encode(&*key.key),
            "4f96fa005d9d01b57c20350fadc395faf72727b77ba6fcc788397d5815514dfd"
        );
        assert_eq!(key.slot().as_str(), "a0e4231661e2cbb97a88a36ca615069696b7212a3002e9777636b867532d0d93");
    }

    #[test]
    fn the_key_of_a_passphrase_depends_on_the_base_url_and_the_api_key() {
        let key = |base_url, api_key| {
            let key = StoreKey::from_passphrase("correct horse battery staple");
            key.sealing_key(base_url, api_key).unwrap().key
        };
        let first = key(BASE_URL, "key_1");
        assert_ne!(first, key(BASE_URL, "key_2"));
        assert_ne!(first, key("https://api.example.com", "key_1"));
    }

    #[test]
    fn a_short_passphrase_is_refused() {
        for text in ["", "elevenchars", "  elevenchars  "] {
            let error = StoreKey::from_passphrase(text).check().unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Configuration);
            assert!(!format!("{error:?}").contains("eleven"), "{error:?}");
        }
        assert!(StoreKey::from_passphrase("twelve chars").check().is_ok());
    }
}
