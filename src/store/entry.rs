//! What a session keeps in a store, and how it is written.
//!
//! An entry starts with a plain header: a mark, the format, the version, and the origin under which it was written. The
//! rest is encrypted and bound to the header and to the slot, so an entry that was moved or altered cannot be read.

use std::time::Duration;

use zeroize::Zeroizing;

use super::sealing::SealingKey;
use super::{Contents, Slot};
use crate::Result;

pub(crate) struct Entry {
    /// Grows with every token set.
    pub(crate) version: u64,
    pub(crate) tokens: Option<StoredTokens>,
    pub(crate) refusal: Option<Refusal>,
}

/// A token set. The durations were true when the entry was written.
pub(crate) struct StoredTokens {
    pub(crate) access: Zeroizing<String>,
    /// `None` once a process has taken it.
    pub(crate) refresh: Option<Zeroizing<String>>,
    pub(crate) remaining: Duration,
    pub(crate) life: Duration,
}

/// A login that the server refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Refusal {
    /// The rest of the pause before the next login, when the entry was written.
    pub(crate) pause: Duration,
    /// Refused logins in a row.
    pub(crate) count: u32,
    /// Of the credentials that were refused.
    pub(crate) fingerprint: [u8; 32],
}

/// What the contents of a slot are.
pub(crate) enum Opened {
    Empty,
    Entry {
        entry: Entry,
        /// The time since it was written. Zero if it seems to be from the future.
        age: Duration,
        /// Whether it was written under the present origin of the store.
        is_native: bool,
    },
    /// Altered or cut. It can be replaced.
    Unreadable,
    /// Written by a newer version of this crate. It must be left alone.
    Newer,
}

const MARK: &[u8] = b"popup-rewards\n";
const FORMAT: u8 = 1;

impl Entry {
    /// Returns an entry without tokens.
    pub(crate) fn empty(version: u64) -> Self {
        Entry { version, tokens: None, refusal: None }
    }

    /// Encrypts the entry. `wall` is the time since 1970.
    pub(crate) fn seal(
        &self,
        key: &SealingKey,
        slot: &Slot,
        origin: &str,
        wall: Duration,
    ) -> Result<Vec<u8>> {
        let mut bytes = header(self.version, origin);
        let sealed = key.seal(self.plain(wall), &bound(&bytes, slot))?;
        bytes.extend_from_slice(&sealed);
        Ok(bytes)
    }

    /// Decrypts the entry of a slot. `wall` is the time since 1970.
    pub(crate) fn open(contents: &Contents, key: &SealingKey, slot: &Slot, wall: Duration) -> Opened {
        let Some(bytes) = contents.entry() else { return Opened::Empty };
        match bytes.strip_prefix(MARK).and_then(<[u8]>::split_first) {
            Some((&FORMAT, rest)) => {
                Entry::read(bytes, rest, contents, key, slot, wall).unwrap_or(Opened::Unreadable)
            }
            Some((format, _)) if *format > FORMAT => Opened::Newer,
            _ => Opened::Unreadable,
        }
    }

    fn read(
        bytes: &[u8],
        rest: &[u8],
        contents: &Contents,
        key: &SealingKey,
        slot: &Slot,
        wall: Duration,
    ) -> Option<Opened> {
        let mut rest = Reader(rest);
        let version = rest.number()?;
        let origin = rest.text()?;
        let header = bytes.get(..bytes.len().checked_sub(rest.0.len())?)?;
        let plain = key.open(rest.0, &bound(header, slot))?;
        let mut plain = Reader(&plain);
        let written = Duration::from_millis(plain.number()?);
        let [remaining, life] = [plain.duration()?, plain.duration()?];
        let [access, refresh] = [plain.text()?, plain.text()?].map(|text| Zeroizing::new(text.to_owned()));
        let (pause, count) = (plain.duration()?, u32::try_from(plain.number()?).ok()?);
        let fingerprint = plain.take(32)?.try_into().ok()?;
        let refresh = Some(refresh).filter(|token| !token.is_empty());
        let tokens = (!access.is_empty()).then_some(StoredTokens { access, refresh, remaining, life });
        // The pause of a refusal from the future would not end before that future. A clock was set back.
        let is_past = contents.age().is_some() || written <= wall;
        let refusal = (count > 0 && is_past).then_some(Refusal { pause, count, fingerprint });
        Some(Opened::Entry {
            entry: Entry { version, tokens, refusal },
            age: contents.age().unwrap_or_else(|| wall.saturating_sub(written)),
            is_native: origin == contents.origin(),
        })
    }

    /// Writes all members into a buffer of its final size.
    fn plain(&self, wall: Duration) -> Zeroizing<Vec<u8>> {
        let tokens = self.tokens.as_ref();
        let access = tokens.map_or("", |tokens| &tokens.access);
        let refresh = tokens.and_then(|tokens| tokens.refresh.as_deref()).map_or("", String::as_str);
        let refusal =
            self.refusal.unwrap_or(Refusal { pause: Duration::ZERO, count: 0, fingerprint: [0; 32] });
        let [remaining, life] = [
            tokens.map_or(Duration::ZERO, |tokens| tokens.remaining),
            tokens.map_or(Duration::ZERO, |tokens| tokens.life),
        ];
        let mut plain = Zeroizing::new(Vec::with_capacity(128 + access.len() + refresh.len()));
        for number in [millis(wall), millis(remaining), millis(life)] {
            plain.extend_from_slice(&number.to_be_bytes());
        }
        for text in [access, refresh] {
            put_text(&mut plain, text);
        }
        for number in [millis(refusal.pause), refusal.count.into()] {
            plain.extend_from_slice(&number.to_be_bytes());
        }
        plain.extend_from_slice(&refusal.fingerprint);
        plain
    }
}

fn header(version: u64, origin: &str) -> Vec<u8> {
    let mut header = [MARK, &[FORMAT], &version.to_be_bytes()].concat();
    put_text(&mut header, origin);
    header
}

/// The data that the encryption binds an entry to.
fn bound(header: &[u8], slot: &Slot) -> Vec<u8> {
    [header, slot.as_str().as_bytes()].concat()
}

fn put_text(bytes: &mut Vec<u8>, text: &str) {
    bytes.extend_from_slice(&u64::try_from(text.len()).unwrap_or(u64::MAX).to_be_bytes());
    bytes.extend_from_slice(text.as_bytes());
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

/// Reads members from the front of a buffer.
struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn take(&mut self, length: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        Some(taken)
    }

    fn number(&mut self) -> Option<u64> {
        self.take(8)?.try_into().ok().map(u64::from_be_bytes)
    }

    fn duration(&mut self) -> Option<Duration> {
        self.number().map(Duration::from_millis)
    }

    fn text(&mut self) -> Option<&'a str> {
        let length = usize::try_from(self.number()?).ok()?;
        std::str::from_utf8(self.take(length)?).ok()
    }
}
