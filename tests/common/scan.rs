//! Looks for secrets in the memory of this very process (Linux).
//!
//! A needle is kept with every bit turned over and compared byte by byte, so that it never matches itself.
//! The buffer through which memory is read is left out of the search and wiped afterwards.

use std::fmt;
use std::fs::{self, File};
use std::ops::Range;
use std::os::unix::fs::FileExt;

use anyhow::{Context as _, Result, ensure};

/// How many bytes of a secret count as a copy of it. Longer secrets are searched for piece by piece, which
/// also finds a copy whose beginning was overwritten by the allocator.
const PIECE: usize = 20;

/// How much memory is read at a time.
const CHUNK: usize = 1 << 20;
const PAGE: usize = 4096;
static UNUSED: [u8; PAGE] = [0; PAGE];

/// A secret to look for.
pub struct Needle {
    name: String,
    inverted: Vec<u8>,
}

impl Needle {
    /// Remembers a secret without copying it.
    pub fn new(name: &str, secret: &str) -> Self {
        Needle { name: name.to_owned(), inverted: secret.bytes().map(|byte| !byte).collect() }
    }

    /// The form in which a needle travels between processes: hexadecimal digits of the inverted bytes.
    pub fn hex(&self) -> String {
        self.inverted.iter().map(|byte| format!("{byte:02x}")).collect()
    }

    /// Reads that form; the secret itself does not come up.
    pub fn from_hex(name: &str, hex: &str) -> Result<Self> {
        ensure!(hex.is_ascii() && hex.len() % 2 == 0 && !hex.is_empty(), "not a needle: {name}");
        let inverted = hex
            .as_bytes()
            .chunks(2)
            .map(|pair| Ok(u8::from_str_radix(str::from_utf8(pair)?, 16)?))
            .collect::<Result<_>>()?;
        Ok(Needle { name: name.to_owned(), inverted })
    }

    /// The secret itself, into memory that the caller wipes.
    pub fn reveal(&self, into: &mut String) {
        into.extend(self.inverted.iter().map(|byte| char::from(!byte)));
    }

    pub fn name(&self) -> &str {
        &self.name
    }

    /// What is searched for one by one.
    pub fn pieces(&self) -> impl Iterator<Item = &[u8]> {
        let size = if self.inverted.len() < 2 * PIECE { self.inverted.len() } else { PIECE };
        self.inverted.chunks_exact(size.max(1))
    }
}

impl fmt::Debug for Needle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Needle({}, {} bytes)", self.name, self.inverted.len())
    }
}

/// Where a copy was found.
pub struct Found {
    pub name: String,
    piece: usize,
    address: usize,
    mapping: String,
}

impl fmt::Debug for Found {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}, piece {}, at {:#x} in {}", self.name, self.piece, self.address, self.mapping)
    }
}

/// Searches all writable memory of this process.
pub fn scan(needles: &[Needle]) -> Result<Vec<Found>> {
    let pieces = Pieces::of(needles);
    let mut buffer = vec![0; CHUNK + PIECE * 2];
    let own = buffer.as_ptr_range();
    let own = own.start.addr()..own.end.addr();
    let maps = fs::read_to_string("/proc/self/maps").context("the memory map cannot be read")?;
    let memory = File::open("/proc/self/mem").context("the memory cannot be read")?;

    let mut found = Vec::new();
    for (range, mapping) in maps.lines().filter_map(writable) {
        for start in range.clone().step_by(CHUNK) {
            let length = (range.end - start).min(buffer.len());
            let Some(chunk) = buffer.get_mut(..length) else { continue };
            // Fails for the few pages that the kernel keeps for itself.
            let Ok(()) = memory.read_exact_at(chunk, u64::try_from(start)?) else { continue };
            pieces.search(chunk, |at, name, piece| {
                let address = start + at;
                if !own.contains(&address) {
                    found.push(Found { name: name.to_owned(), piece, address, mapping: mapping.to_owned() });
                }
            });
        }
    }
    buffer.fill(0);
    std::hint::black_box(&buffer);
    Ok(found)
}

/// All pieces of all needles, and which pairs of bytes one of them begins with: almost none, which makes the search
/// bearable in a test that is built without optimisation.
struct Pieces<'a> {
    all: Vec<(&'a str, usize, &'a [u8])>,
    beginnings: Vec<bool>,
}

impl<'a> Pieces<'a> {
    fn of(needles: &'a [Needle]) -> Self {
        let mut pieces = Pieces { all: Vec::new(), beginnings: vec![false; 1 << 16] };
        for needle in needles {
            for (index, piece) in needle.pieces().enumerate() {
                if let [first, second, ..] = piece
                    && let Some(begins) = pieces.beginnings.get_mut(pair(!first, !second))
                {
                    *begins = true;
                    pieces.all.push((&needle.name, index, piece));
                }
            }
        }
        pieces
    }

    /// Reports every place in the first `CHUNK` bytes at which a piece begins.
    fn search(&self, chunk: &[u8], mut report: impl FnMut(usize, &str, usize)) {
        for first in (0..chunk.len().min(CHUNK)).step_by(PAGE) {
            let rest = chunk.get(first..).unwrap_or_default();
            // Most pages were never used, and no secret has a byte of zero.
            if rest.starts_with(&UNUSED) {
                continue;
            }
            for (at, two) in rest.windows(2).take(PAGE).enumerate() {
                if let [one, other] = two
                    && self.beginnings.get(pair(*one, *other)) == Some(&true)
                {
                    let here = rest.get(at..).unwrap_or_default();
                    for (name, index, _) in self.all.iter().filter(|(.., piece)| holds(here, piece)) {
                        report(first + at, name, *index);
                    }
                }
            }
        }
    }
}

fn pair(first: u8, second: u8) -> usize {
    usize::from(u16::from_be_bytes([first, second]))
}

/// The address range and the name of a mapping that the process may read and write.
fn writable(line: &str) -> Option<(Range<usize>, &str)> {
    let mut fields = line.split_ascii_whitespace();
    let (start, end) = fields.next()?.split_once('-')?;
    if !fields.next()?.starts_with("rw") {
        return None;
    }
    let range = usize::from_str_radix(start, 16).ok()?..usize::from_str_radix(end, 16).ok()?;
    Some((range, fields.nth(3).unwrap_or("anonymous memory")))
}

/// Whether the memory begins with this piece of a needle.
fn holds(memory: &[u8], inverted: &[u8]) -> bool {
    memory.len() >= inverted.len() && memory.iter().zip(inverted).all(|(byte, inverted)| *byte == !inverted)
}
