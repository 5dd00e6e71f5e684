//! Reading a body whole, under a limit.

use std::io::{ErrorKind, Read};

use zeroize::{Zeroize, Zeroizing};

use super::Body;

/// The first guess for a body of unknown length.
const FIRST: usize = 8 * 1024;

/// Reads to the end, or fails once the body turns out longer than `limit` bytes.
///
/// A body that can hold secrets is read into memory that is wiped, also when it has to move to a larger buffer.
pub(super) fn read(
    reader: &mut impl Read,
    announced: Option<u64>,
    limit: u64,
    secret: bool,
) -> Result<Body, ureq::Error> {
    if announced.is_some_and(|length| length > limit) {
        return Err(ureq::Error::BodyExceedsLimit(limit));
    }
    let most = usize::try_from(limit).unwrap_or(usize::MAX).saturating_add(1);
    // One byte more than announced, so that the end is seen without growing. A server's claim of 32 MiB is not
    // believed before the bytes arrive.
    let guess = announced.and_then(|length| usize::try_from(length).ok()).map_or(FIRST, |length| length + 1);
    let mut buffer = Zeroizing::new(vec![0; guess.min(most).min(1024 * 1024)]);
    let mut filled = 0;
    loop {
        if filled == buffer.len() {
            if filled >= most {
                buffer.zeroize();
                return Err(ureq::Error::BodyExceedsLimit(limit));
            }
            grow(&mut buffer, most, secret);
        }
        match reader.read(buffer.get_mut(filled..).unwrap_or_default()) {
            Ok(0) => break,
            Ok(count) => filled += count,
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return Err(error.into()),
        }
    }
    buffer.truncate(filled);
    Ok(Body::new(std::mem::take(&mut *buffer), secret))
}

fn grow(buffer: &mut Zeroizing<Vec<u8>>, most: usize, secret: bool) {
    let size = buffer.len().saturating_mul(2).clamp(FIRST, most);
    if secret {
        // `resize` would free the old buffer as it is.
        let mut larger = Zeroizing::new(vec![0; size]);
        larger.iter_mut().zip(buffer.iter()).for_each(|(to, from)| *to = *from);
        *buffer = larger;
    } else {
        buffer.resize(size, 0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_body_is_read_whole_whatever_was_announced() {
        let bytes: Vec<u8> = (0..100_000_u32).map(|i| u8::try_from(i % 251).unwrap()).collect();
        for announced in [None, Some(100_000), Some(5)] {
            for secret in [false, true] {
                let body = read(&mut bytes.as_slice(), announced, 100_000, secret).unwrap();
                assert_eq!(body.bytes(), bytes);
            }
        }
    }

    #[test]
    fn an_endless_body_is_given_up_at_the_limit() {
        let mut endless = std::io::repeat(b'x');
        let error = read(&mut endless, None, 70_000, false).err().unwrap();
        assert!(matches!(error, ureq::Error::BodyExceedsLimit(70_000)));
        let announced = read(&mut std::io::empty(), Some(10_000_000_000), 70_000, false).err().unwrap();
        assert!(matches!(announced, ureq::Error::BodyExceedsLimit(70_000)));
    }
}
