//! What was written is found.

use super::handle::{Handle, slot};
use crate::clock::random_bytes;
use crate::store::{Contents, TokenStore};

pub(super) fn check<S: TokenStore>(open: &impl Fn() -> S) {
    let (one, other, slot) = (open(), open(), slot());
    one.key();
    let (one, other) = (Handle::new(&one, &slot), Handle::new(&other, &slot));
    let empty = one.load();
    assert!(empty.entry().is_none(), "a slot that nobody has written must be empty");
    assert!(!empty.origin().is_empty(), "the origin must not be empty");
    assert_origin(&other.load(), empty.origin(), "another handle");

    let mut seen = empty;
    for entry in samples() {
        one.write(&seen, &entry);
        let reopened = open();
        let found = [
            ("the same handle", one.load()),
            ("another handle", other.load()),
            ("a new handle", Handle::new(&reopened, &slot).load()),
        ];
        for (through, found) in &found {
            assert!(
                found.entry() == Some(&entry),
                "a load through {through} must return, byte for byte, what a swap wrote: {} bytes, but found {found:?}",
                entry.len(),
            );
            assert_origin(found, seen.origin(), through);
        }
        [(_, seen), ..] = found;
    }
}

fn assert_origin(found: &Contents, origin: &str, through: &str) {
    assert!(
        found.origin() == origin,
        "the origin must be the same through {through}: {origin:?}, but found {:?}",
        found.origin(),
    );
}

/// Returns entries that a store may confuse with text, with an empty slot or with a file of a few blocks.
fn samples() -> [Vec<u8>; 5] {
    [
        (0..=u8::MAX).collect(),
        Vec::new(),
        random_bytes::<1024>().repeat(64),
        b"before\0after".to_vec(),
        vec![0],
    ]
}
