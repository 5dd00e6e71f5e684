//! Searches the memory of this process for secrets (Linux only).
//!
//! A secret is kept with every bit inverted and compared byte by byte, so the search does not find its own copy. The
//! memory for a search is allocated beforehand, because an allocation could overwrite freed memory that was not wiped.
//! The buffer for reading memory is excluded from the search and cleared afterwards.

use std::fmt;
use std::fs::File;
use std::io::{Read as _, Seek as _};
use std::ops::Range;
use std::os::unix::fs::FileExt;

use anyhow::{Context as _, Result, ensure};

/// The number of bytes of a secret that count as a copy. Longer secrets are searched for in pieces, which also finds a
/// copy whose beginning the allocator has overwritten.
const PIECE: usize = 20;

/// The number of bytes that are read at a time.
const CHUNK: usize = 1 << 20;
const PAGE: usize = 4096;
static UNUSED: [u8; PAGE] = [0; PAGE];

/// A secret to search for.
pub(crate) struct Needle {
    pub(crate) name: String,
    inverted: Vec<u8>,
}

impl Needle {
    /// Stores a secret in inverted form.
    pub(crate) fn new(name: &str, secret: &str) -> Self {
        Needle { name: name.to_owned(), inverted: secret.bytes().map(|byte| !byte).collect() }
    }

    /// Returns the inverted bytes in hexadecimal, to pass them to another process.
    pub(crate) fn hex(&self) -> String {
        let digit = |nibble: u8| char::from_digit(u32::from(nibble), 16);
        self.inverted.iter().flat_map(|byte| [byte >> 4, byte & 15]).filter_map(digit).collect()
    }

    /// Reads that form without creating a copy of the secret.
    pub(crate) fn from_hex(name: &str, hex: &str) -> Result<Self> {
        ensure!(hex.is_ascii() && hex.len().is_multiple_of(2) && hex.len() >= 8, "not a needle: {name}");
        let inverted = hex
            .as_bytes()
            .chunks(2)
            .map(|pair| Ok(u8::from_str_radix(str::from_utf8(pair)?, 16)?))
            .collect::<Result<_>>()?;
        Ok(Needle { name: name.to_owned(), inverted })
    }

    /// Appends the secret to memory that the caller wipes.
    pub(crate) fn reveal(&self, into: &mut String) {
        into.extend(self.inverted.iter().map(|byte| char::from(!byte)));
    }

    /// Returns the pieces to search for.
    fn pieces(&self) -> impl Iterator<Item = Range<usize>> {
        let size = if self.inverted.len() < 2 * PIECE { self.inverted.len() } else { PIECE };
        (0..self.inverted.len() / size).map(move |index| index * size..(index + 1) * size)
    }
}

/// A copy that was found.
pub(crate) struct Found {
    pub(crate) name: String,
    /// The offset of the copy within the secret.
    pub(crate) from: usize,
    address: usize,
    mapping: String,
}

impl fmt::Debug for Found {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}, from byte {}, at {:#x} in {}", self.name, self.from, self.address, self.mapping)
    }
}

/// A search for secrets, which can be repeated.
pub(crate) struct Scanner {
    needles: Vec<Needle>,
    pieces: Vec<(usize, Range<usize>)>,
    /// The pairs of bytes with which a piece begins. Checking these first makes the search fast enough without
    /// optimization.
    beginnings: Vec<bool>,
    buffer: Vec<u8>,
    maps: File,
    lines: String,
    memory: File,
}

impl Scanner {
    pub(crate) fn new(needles: Vec<Needle>) -> Result<Self> {
        let mut beginnings = vec![false; 1 << 16];
        let mut pieces = Vec::new();
        for (number, needle) in needles.iter().enumerate() {
            for piece in needle.pieces() {
                if let Some([first, second, ..]) = needle.inverted.get(piece.clone())
                    && let Some(begins) = beginnings.get_mut(pair(!first, !second))
                {
                    *begins = true;
                    pieces.push((number, piece));
                }
            }
        }
        Ok(Scanner {
            needles,
            pieces,
            beginnings,
            buffer: vec![0; CHUNK + 2 * PIECE],
            maps: File::open("/proc/self/maps").context("cannot read the memory map")?,
            lines: String::with_capacity(CHUNK),
            memory: File::open("/proc/self/mem").context("cannot read the memory")?,
        })
    }

    pub(crate) fn needle(&self, name: &str) -> Result<&Needle> {
        self.needles
            .iter()
            .find(|needle| needle.name == name)
            .with_context(|| format!("no secret is called {name}"))
    }

    /// Searches all writable memory of this process.
    pub(crate) fn scan(&mut self) -> Result<Vec<Found>> {
        self.maps.rewind()?;
        self.lines.clear();
        self.maps.read_to_string(&mut self.lines)?;
        let own = self.buffer.as_ptr_range();
        let own = own.start.addr()..own.end.addr();

        let mut found = Vec::new();
        for (range, mapping) in self.lines.lines().filter_map(writable) {
            for start in range.clone().step_by(CHUNK) {
                let length = (range.end - start).min(self.buffer.len());
                let Some(chunk) = self.buffer.get_mut(..length) else { continue };
                // Fails for the few pages that the kernel keeps for itself.
                let Ok(()) = self.memory.read_exact_at(chunk, u64::try_from(start)?) else { continue };
                search(chunk, &self.beginnings, |at, here| {
                    for (number, piece) in &self.pieces {
                        let Some(needle) = self.needles.get(*number) else { continue };
                        let inverted = needle.inverted.get(piece.clone()).unwrap_or_default();
                        if holds(here, inverted) && !own.contains(&(start + at)) {
                            let (name, mapping) = (needle.name.clone(), mapping.to_owned());
                            found.push(Found { name, from: piece.start, address: start + at, mapping });
                        }
                    }
                });
            }
        }
        self.buffer.fill(0);
        std::hint::black_box(&self.buffer);
        Ok(found)
    }
}

/// Visits every offset in the first `CHUNK` bytes at which a piece may begin.
fn search(chunk: &[u8], beginnings: &[bool], mut visit: impl FnMut(usize, &[u8])) {
    for first in (0..chunk.len().min(CHUNK)).step_by(PAGE) {
        let rest = chunk.get(first..).unwrap_or_default();
        // Skips unused pages. No secret has a zero byte.
        if rest.starts_with(&UNUSED) {
            continue;
        }
        for (at, two) in rest.windows(2).take(PAGE).enumerate() {
            if let [one, other] = two
                && beginnings.get(pair(*one, *other)) == Some(&true)
            {
                visit(first + at, rest.get(at..).unwrap_or_default());
            }
        }
    }
}

fn pair(first: u8, second: u8) -> usize {
    usize::from(u16::from_be_bytes([first, second]))
}

/// Whether the memory begins with this piece.
fn holds(memory: &[u8], inverted: &[u8]) -> bool {
    memory.len() >= inverted.len() && memory.iter().zip(inverted).all(|(byte, inverted)| *byte == !inverted)
}

/// Returns the address range and the name of a mapping that is readable and writable.
fn writable(line: &str) -> Option<(Range<usize>, &str)> {
    let mut fields = line.split_ascii_whitespace();
    let (start, end) = fields.next()?.split_once('-')?;
    if !fields.next()?.starts_with("rw") {
        return None;
    }
    let range = usize::from_str_radix(start, 16).ok()?..usize::from_str_radix(end, 16).ok()?;
    Some((range, fields.nth(3).unwrap_or("anonymous memory")))
}
