//! Bodies, read in full under a limit and wiped when they are dropped.

use std::io::{self, ErrorKind, Read};

use super::buffers::wipe;

/// The first guess for a body of unknown length.
const FIRST: usize = 8 * 1024;
/// The largest announced length that is allocated before the bytes arrive.
const BELIEVED: usize = 1024 * 1024;

/// The body of a response. Error bodies are wiped too, because they may repeat a token.
pub(crate) struct Body(Vec<u8>);

impl Body {
    #[cfg(test)]
    pub(crate) fn new(bytes: Vec<u8>) -> Self {
        Body(bytes)
    }

    /// Allocates a zeroed body, if there is memory.
    fn zeros(length: usize) -> io::Result<Self> {
        let mut bytes = Vec::new();
        bytes.try_reserve_exact(length).map_err(|error| io::Error::new(ErrorKind::OutOfMemory, error))?;
        bytes.resize(length, 0);
        Ok(Body(bytes))
    }

    pub(crate) fn bytes(&self) -> &[u8] {
        &self.0
    }

    /// Shortens the body and wipes the rest.
    fn truncate(&mut self, length: usize) {
        wipe(self.0.get_mut(length..).unwrap_or_default());
        self.0.truncate(length);
    }
}

impl Drop for Body {
    fn drop(&mut self) {
        wipe(&mut self.0);
    }
}

/// Reads to the end. Fails if the body is longer than `limit` bytes.
///
/// A body that moves to a larger buffer is wiped at its old place.
pub(in crate::http) fn read(
    reader: &mut impl Read,
    announced: Option<u64>,
    limit: u64,
) -> Result<Body, ureq::Error> {
    if announced.is_some_and(|length| length > limit) {
        return Err(ureq::Error::BodyExceedsLimit(limit));
    }
    let most = usize::try_from(limit).unwrap_or(usize::MAX).saturating_add(1);
    // One byte more than announced, so the end is seen without growing.
    let guess = announced.and_then(|length| usize::try_from(length).ok()).map_or(FIRST, |length| length + 1);
    let mut body = Body::zeros(guess.min(most).min(BELIEVED))?;
    let mut filled = 0;
    loop {
        if filled == body.0.len() {
            if filled >= most {
                return Err(ureq::Error::BodyExceedsLimit(limit));
            }
            let mut larger = Body::zeros(filled.saturating_mul(2).clamp(FIRST, most))?;
            if let Some(front) = larger.0.get_mut(..filled) {
                front.copy_from_slice(&body.0);
            }
            body = larger;
        }
        match reader.read(body.0.get_mut(filled..).unwrap_or_default()) {
            Ok(0) => break,
            Ok(count) => filled += count,
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return Err(error.into()),
        }
    }
    body.truncate(filled);
    Ok(body)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_body_is_read_in_full_whatever_was_announced() {
        let bytes: Vec<u8> = (0..100_000_u32).map(|i| u8::try_from(i % 251).unwrap()).collect();
        for announced in [None, Some(100_000), Some(5)] {
            let body = read(&mut bytes.as_slice(), announced, 100_000).unwrap();
            assert_eq!(body.bytes(), bytes);
        }
    }

    #[test]
    fn an_endless_body_is_given_up_at_the_limit() {
        let mut endless = io::repeat(b'x');
        let error = read(&mut endless, None, 70_000).err().unwrap();
        assert!(matches!(error, ureq::Error::BodyExceedsLimit(70_000)));
        let announced = read(&mut io::empty(), Some(10_000_000_000), 70_000).err().unwrap();
        assert!(matches!(announced, ureq::Error::BodyExceedsLimit(70_000)));
    }

    #[test]
    fn a_body_for_which_there_is_no_memory_is_an_error() {
        let error = Body::zeros(usize::MAX).err().unwrap();
        assert_eq!(error.kind(), ErrorKind::OutOfMemory);
    }
}
