//! Unpacks answers that came compressed.
//!
//! In one go, from one buffer that is wiped into another. A decoder that works piece by piece, as ureq's own does,
//! keeps up to 32 KiB of what it has unpacked in a window, and frees that as it is. Answers that hold secrets are asked for
//! uncompressed, but a gateway may think otherwise.

use flate2::{Crc, Decompress, FlushDecompress, Status};

use super::Body;

/// No compressed byte stands for more bytes than this.
const LARGEST_RATIO: usize = 1032;
/// Checksum and length behind the compressed bytes.
const TRAILER: usize = 8;

/// The answer as it was before compression, if that is at most `limit` bytes.
pub(super) fn gunzip(packed: &[u8], limit: u64) -> Result<Body, ureq::Error> {
    let most = usize::try_from(limit).unwrap_or(usize::MAX);
    // The last four bytes say how long the text is, modulo 2^32, so one attempt is enough. They are believed only as
    // far as the packed length makes it possible.
    let said = packed.last_chunk().map_or(0, |length| u32::from_le_bytes(*length));
    let possible = packed.len().saturating_mul(LARGEST_RATIO).min(most);
    let mut size = usize::try_from(said).unwrap_or(usize::MAX).min(possible);
    loop {
        // One byte more, so that a full buffer is a sign of more to come.
        let mut body = Body::new(vec![0; size + 1]);
        match members(packed, body.bytes_mut()) {
            Unpacked::Whole(length) => {
                body.truncate(length);
                return Ok(body);
            }
            Unpacked::NoRoom if size >= possible => return Err(ureq::Error::BodyExceedsLimit(limit)),
            Unpacked::NoRoom => size = size.saturating_mul(2).clamp(1024, possible),
            Unpacked::Damaged => return Err(ureq::Error::Other("not a gzip file".into())),
        }
    }
}

enum Unpacked {
    /// All of it, of this length.
    Whole(usize),
    NoRoom,
    Damaged,
}

/// Unpacks all members of a gzip file.
fn members(mut packed: &[u8], room: &mut [u8]) -> Unpacked {
    let mut filled = 0;
    loop {
        match member(packed, room.get_mut(filled..).unwrap_or_default()) {
            Some((Unpacked::Whole(length), [])) => return Unpacked::Whole(filled + length),
            Some((Unpacked::Whole(length), rest)) => {
                filled += length;
                packed = rest;
            }
            Some((other, _)) => return other,
            None => return Unpacked::Damaged,
        }
    }
}

/// Unpacks the first member and gives back what follows it.
fn member<'a>(packed: &'a [u8], room: &mut [u8]) -> Option<(Unpacked, &'a [u8])> {
    let deflated = behind_header(packed)?;
    let mut inflater = Decompress::new(false);
    let status = inflater.decompress(deflated, room, FlushDecompress::Finish).ok()?;
    let length = usize::try_from(inflater.total_out()).ok()?;
    if length == room.len() {
        return Some((Unpacked::NoRoom, &[]));
    }
    if status != Status::StreamEnd {
        return None;
    }
    let behind = deflated.get(usize::try_from(inflater.total_in()).ok()?..)?;
    let (trailer, rest) = behind.split_first_chunk::<TRAILER>()?;
    let mut sum = Crc::new();
    sum.update(room.get(..length)?);
    let expected = u64::from(sum.sum()) | u64::from(sum.amount()) << 32;
    (u64::from_le_bytes(*trailer) == expected).then_some((Unpacked::Whole(length), rest))
}

/// The compressed bytes behind the header of a member.
fn behind_header(member: &[u8]) -> Option<&[u8]> {
    let ([0x1f, 0x8b, 8, flags, ..], mut rest) = member.split_first_chunk::<10>()? else { return None };
    if flags & 4 != 0 {
        let (length, extra) = rest.split_first_chunk()?;
        rest = extra.get(usize::from(u16::from_le_bytes(*length))..)?;
    }
    for text in [8, 16] {
        if flags & text != 0 {
            let end = rest.iter().position(|byte| *byte == 0)?;
            rest = rest.get(end + 1..)?;
        }
    }
    if flags & 2 != 0 { rest.get(2..) } else { Some(rest) }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use flate2::write::GzEncoder;
    use flate2::{Compression, GzBuilder};

    use super::*;

    fn packed(text: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
        encoder.write_all(text).unwrap();
        encoder.finish().unwrap()
    }

    fn text() -> Vec<u8> {
        (0..60_000_u32).flat_map(|i| (i * i).to_le_bytes()).collect()
    }

    #[test]
    fn what_was_packed_comes_out_again() {
        for text in [&b""[..], b"x", b"{}", &text(), &vec![7; 1_000_000]] {
            assert!(gunzip(&packed(text), 1 << 20).unwrap().bytes() == text);
        }
    }

    #[test]
    fn a_header_may_have_every_optional_part() {
        let builder = GzBuilder::new().extra(vec![1, 2, 3]).filename("name").comment("remark").mtime(77);
        let mut encoder = builder.write(Vec::new(), Compression::best());
        encoder.write_all(b"text").unwrap();
        assert_eq!(gunzip(&encoder.finish().unwrap(), 100).unwrap().bytes(), b"text");
    }

    #[test]
    fn several_members_are_one_text() {
        let mut both = packed(&text());
        both.extend(packed(b"end"));
        let expected = [&text()[..], b"end"].concat();
        assert!(gunzip(&both, 1 << 20).unwrap().bytes() == expected);
    }

    #[test]
    fn a_bomb_is_given_up_at_the_limit() {
        let bomb = packed(&vec![0; 1 << 24]);
        assert!(matches!(gunzip(&bomb, 70_000), Err(ureq::Error::BodyExceedsLimit(70_000))));
    }

    #[test]
    fn what_is_damaged_is_refused() {
        let whole = packed(b"some text that is long enough to be cut");
        let mut wrong_sum = whole.clone();
        *wrong_sum.iter_mut().nth_back(7).unwrap() ^= 1;
        let mut wrong_length = whole.clone();
        *wrong_length.last_mut().unwrap() ^= 1;
        let cut = &whole[..whole.len() - 1];
        let half = &whole[..whole.len() / 2];
        let trailing = [&whole[..], b"more"].concat();
        for damaged in [&wrong_sum[..], &wrong_length, cut, half, &trailing, b"", b"plain text, not packed"] {
            assert!(matches!(gunzip(damaged, 1000), Err(ureq::Error::Other(_))), "{damaged:?}");
        }
    }
}
