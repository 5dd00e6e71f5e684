//! Reading a body whole, under a limit.

use std::io::{ErrorKind, Read};

use super::Body;

/// The first guess for a body of unknown length.
const FIRST: usize = 8 * 1024;

/// Reads to the end, or fails once the body turns out longer than `limit` bytes.
///
/// A body that has to move to a larger buffer is wiped at its old place.
pub(super) fn read(reader: &mut impl Read, announced: Option<u64>, limit: u64) -> Result<Body, ureq::Error> {
    if announced.is_some_and(|length| length > limit) {
        return Err(ureq::Error::BodyExceedsLimit(limit));
    }
    let most = usize::try_from(limit).unwrap_or(usize::MAX).saturating_add(1);
    // One byte more than announced, so that the end is seen without growing. A server's claim of 32 MiB is not
    // believed before the bytes arrive.
    let guess = announced.and_then(|length| usize::try_from(length).ok()).map_or(FIRST, |length| length + 1);
    let mut body = Body::new(vec![0; guess.min(most).min(1024 * 1024)]);
    let mut filled = 0;
    loop {
        if filled == body.bytes().len() {
            if filled >= most {
                return Err(ureq::Error::BodyExceedsLimit(limit));
            }
            grow(&mut body, most);
        }
        match reader.read(body.bytes_mut().get_mut(filled..).unwrap_or_default()) {
            Ok(0) => break,
            Ok(count) => filled += count,
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return Err(error.into()),
        }
    }
    body.truncate(filled);
    Ok(body)
}

fn grow(body: &mut Body, most: usize) {
    let old = body.bytes();
    let mut larger = vec![0; old.len().saturating_mul(2).clamp(FIRST, most)];
    if let Some(front) = larger.get_mut(..old.len()) {
        front.copy_from_slice(old);
    }
    *body = Body::new(larger);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_body_is_read_whole_whatever_was_announced() {
        let bytes: Vec<u8> = (0..100_000_u32).map(|i| u8::try_from(i % 251).unwrap()).collect();
        for announced in [None, Some(100_000), Some(5)] {
            let body = read(&mut bytes.as_slice(), announced, 100_000).unwrap();
            assert_eq!(body.bytes(), bytes);
        }
    }

    #[test]
    fn an_endless_body_is_given_up_at_the_limit() {
        let mut endless = std::io::repeat(b'x');
        let error = read(&mut endless, None, 70_000).err().unwrap();
        assert!(matches!(error, ureq::Error::BodyExceedsLimit(70_000)));
        let announced = read(&mut std::io::empty(), Some(10_000_000_000), 70_000).err().unwrap();
        assert!(matches!(announced, ureq::Error::BodyExceedsLimit(70_000)));
    }
}
