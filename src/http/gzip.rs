//! Decompresses responses.

use std::io::{self, BufRead, ErrorKind, Read};
use std::time::Duration;

use flate2::bufread::MultiGzDecoder;
use http::HeaderMap;
use http::header::CONTENT_ENCODING;

use super::wiping::{self, Body};
use crate::clock::Stamp;

/// How many compressed bytes are decompressed between two checks of the time.
const PIECE: usize = 4096;

/// An empty gzip member. The decoder clears its window, the last 32 KiB of output, before it starts a member.
const EMPTY: &[u8] = &[0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255, 3, 0, 0, 0, 0, 0, 0, 0, 0, 0];

/// Whether a response is compressed with gzip, under any of its names.
pub(super) fn is_used(headers: &HeaderMap) -> bool {
    let coding =
        headers.get(CONTENT_ENCODING).and_then(|coding| coding.to_str().ok()).unwrap_or_default().trim();
    coding.eq_ignore_ascii_case("gzip") || coding.eq_ignore_ascii_case("x-gzip")
}

/// Decompresses a body into at most `limit` bytes, before the time limit that began at `started`.
pub(super) fn decompress(
    packed: &Body,
    limit: u64,
    started: Stamp,
    timeout: Duration,
) -> Result<Body, ureq::Error> {
    let pieces = Pieces { piece: &[], rest: packed.bytes(), started, timeout };
    wiping::read(&mut MultiGzDecoder::new(pieces.chain(EMPTY)), None, limit).map_err(|error| match error {
        ureq::Error::Io(error) if !matches!(error.kind(), ErrorKind::TimedOut | ErrorKind::OutOfMemory) => {
            ureq::Error::Other(error.into())
        }
        error => error,
    })
}

/// Compressed bytes, piece by piece.
struct Pieces<'a> {
    piece: &'a [u8],
    rest: &'a [u8],
    started: Stamp,
    timeout: Duration,
}

impl BufRead for Pieces<'_> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        if self.piece.is_empty() && !self.rest.is_empty() {
            if self.started.elapsed() >= self.timeout {
                return Err(ErrorKind::TimedOut.into());
            }
            (self.piece, self.rest) = self.rest.split_at_checked(PIECE).unwrap_or((self.rest, &[]));
        }
        Ok(self.piece)
    }

    fn consume(&mut self, amount: usize) {
        self.piece = self.piece.get(amount..).unwrap_or_default();
    }
}

impl Read for Pieces<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.fill_buf()?.read(buffer)?;
        self.consume(read);
        Ok(read)
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use flate2::write::GzEncoder;
    use flate2::{Compression, GzBuilder};

    use super::*;

    const LONG: Duration = Duration::from_secs(3600);

    fn packed(text: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
        encoder.write_all(text).unwrap();
        encoder.finish().unwrap()
    }

    fn unpacked(packed: &[u8], limit: u64) -> Result<Body, ureq::Error> {
        decompress(&Body::new(packed.to_vec()), limit, Stamp::now(), LONG)
    }

    fn text() -> Vec<u8> {
        (0..60_000_u32).flat_map(|i| (i * i).to_le_bytes()).collect()
    }

    #[test]
    fn what_was_packed_comes_out_again() {
        for text in [&b""[..], b"x", b"{}", &text(), &vec![7; 1_000_000]] {
            assert!(unpacked(&packed(text), 1 << 20).unwrap().bytes() == text);
        }
    }

    #[test]
    fn a_header_may_have_every_optional_part() {
        let builder = GzBuilder::new().extra(vec![1, 2, 3]).filename("name").comment("remark").mtime(77);
        let mut encoder = builder.write(Vec::new(), Compression::best());
        encoder.write_all(b"text").unwrap();
        assert_eq!(unpacked(&encoder.finish().unwrap(), 100).unwrap().bytes(), b"text");
    }

    #[test]
    fn several_members_are_one_text() {
        let mut both = packed(&text());
        both.extend(packed(b"end"));
        let expected = [&text()[..], b"end"].concat();
        assert!(unpacked(&both, 1 << 20).unwrap().bytes() == expected);
    }

    #[test]
    fn every_name_of_gzip_is_known() {
        for (name, expected) in
            [("gzip", true), ("GZIP", true), (" x-gzip ", true), ("X-Gzip", true), ("br", false), ("", false)]
        {
            let mut headers = HeaderMap::new();
            headers.insert(CONTENT_ENCODING, name.parse().unwrap());
            assert_eq!(is_used(&headers), expected, "{name}");
        }
        assert!(!is_used(&HeaderMap::new()));
    }

    #[test]
    fn a_bomb_is_given_up_at_the_limit() {
        let bomb = packed(&vec![0; 1 << 24]);
        assert!(matches!(unpacked(&bomb, 70_000), Err(ureq::Error::BodyExceedsLimit(70_000))));
    }

    #[test]
    fn decompression_ends_with_the_time_limit() {
        let packed = Body::new(packed(&text()));
        let error = decompress(&packed, 1 << 20, Stamp::now(), Duration::ZERO).err().unwrap();
        assert!(matches!(error, ureq::Error::Io(error) if error.kind() == ErrorKind::TimedOut));
    }

    #[test]
    fn the_time_is_checked_between_members_too() {
        // Empty members give the decoder nothing to return: one read goes through all of them.
        let members = EMPTY.repeat(1000);
        assert_eq!(unpacked(&members, 10).unwrap().bytes(), b"");
        let mut pieces = Pieces { piece: &[], rest: &members, started: Stamp::now(), timeout: LONG };
        let first = pieces.fill_buf().unwrap().len();
        assert_eq!(first, PIECE);
        pieces.consume(first);
        pieces.timeout = Duration::ZERO;
        let error = MultiGzDecoder::new(pieces).read(&mut [0]).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::TimedOut);
    }

    #[test]
    fn what_is_damaged_is_refused() {
        let whole = packed(b"some text that is long enough to be cut");
        let mut wrong_sum = whole.clone();
        *wrong_sum.iter_mut().nth_back(7).unwrap() ^= 1;
        let mut wrong_length = whole.clone();
        *wrong_length.last_mut().unwrap() ^= 1;
        let cuts = (1..whole.len()).map(|length| &whole[..length]);
        let trailing = [&whole[..], b"more"].concat();
        let others = [&wrong_sum[..], &wrong_length, &trailing, b"plain text, not packed"];
        for damaged in cuts.chain(others) {
            assert!(matches!(unpacked(damaged, 1000), Err(ureq::Error::Other(_))), "{damaged:?}");
        }
    }
}
