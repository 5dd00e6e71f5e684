//! Hexadecimal digits.

use std::fmt::Write as _;

use zeroize::Zeroizing;

/// Writes bytes in lower case.
pub(crate) fn encode(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(2 * bytes.len()), |mut hex, byte| {
        // Writing to a string cannot fail.
        write!(hex, "{byte:02x}").ok();
        hex
    })
}

/// Reads digits of either case. Returns `None` if there are none, an odd number, or another character.
pub(crate) fn decode(text: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
    let (pairs, odd) = text.as_chunks::<2>();
    if pairs.is_empty() || !odd.is_empty() {
        return None;
    }
    // The bytes may be a key, so the buffer must not grow: that leaves a copy behind.
    let mut bytes = Zeroizing::new(Vec::with_capacity(pairs.len()));
    for &[high, low] in pairs {
        bytes.push(digit(high)? * 16 + digit(low)?);
    }
    Some(bytes)
}

fn digit(character: u8) -> Option<u8> {
    char::from(character).to_digit(16)?.try_into().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hexadecimal_is_written_in_lower_case() {
        assert_eq!(encode(&[0x00, 0xff, 0xa0]), "00ffa0");
    }

    #[test]
    fn hexadecimal_is_read_in_either_case_and_nothing_else_is() {
        assert_eq!(decode(b"00fFA0").as_deref(), Some(&vec![0x00, 0xff, 0xa0]));
        for wrong in ["", "0", "0g", "0x00", "a0,a0", "+1", "é1"] {
            assert_eq!(decode(wrong.as_bytes()), None, "{wrong}");
        }
    }
}
