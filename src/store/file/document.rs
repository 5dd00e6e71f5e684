//! The JSON document in the file.
//!
//! ```json
//! { "format": 1, "slots": { "<slot>": {
//!     "entry": "<base64>",
//!     "lease": { "owner": "<text>", "until": 1767225600000, "length_ms": 15000 }
//! } } }
//! ```

use std::collections::BTreeMap;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::value::RawValue;

use super::lease::LeaseRecord;
use crate::store::Slot;

const FORMAT: u64 = 1;

/// The slots of all API keys. Those of others are not parsed, and are written back as they are.
#[derive(Serialize, Deserialize)]
pub(super) struct Document {
    format: u64,
    slots: BTreeMap<String, Box<RawValue>>,
    /// A file that is no document. Every slot then holds these bytes, until the first write.
    #[serde(skip)]
    unreadable: Option<Vec<u8>>,
}

/// A file that a newer version of this crate has written, with its format number.
#[derive(Debug)]
pub(super) struct NewerFormat(pub(super) u64);

#[derive(Deserialize)]
struct Format {
    format: u64,
}

/// What the document holds for a slot.
#[derive(Default, Serialize, Deserialize)]
pub(super) struct Record {
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        serialize_with = "encode",
        deserialize_with = "decode"
    )]
    pub(super) entry: Option<Vec<u8>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) lease: Option<LeaseRecord>,
}

impl Document {
    pub(super) fn empty() -> Self {
        Document { format: FORMAT, slots: BTreeMap::new(), unreadable: None }
    }

    pub(super) fn parse(bytes: Vec<u8>) -> Result<Self, NewerFormat> {
        match serde_json::from_slice(&bytes) {
            Ok(Format { format }) if format > FORMAT => return Err(NewerFormat(format)),
            Ok(_) | Err(_) => {}
        }
        match serde_json::from_slice(&bytes) {
            Ok(document @ Document { format: FORMAT, .. }) => Ok(document),
            Ok(_) | Err(_) => Ok(Document { unreadable: Some(bytes), ..Document::empty() }),
        }
    }

    pub(super) fn to_bytes(&self) -> serde_json::Result<Vec<u8>> {
        serde_json::to_vec(self)
    }

    /// Reads a slot. One that cannot be read holds its own text as the entry, so that the session replaces it.
    pub(super) fn record(&self, slot: &Slot) -> Record {
        match self.slots.get(slot.as_str()).map(|raw| raw.get()) {
            Some(text) => serde_json::from_str(text)
                .unwrap_or_else(|_| Record { entry: Some(text.as_bytes().to_vec()), lease: None }),
            None => Record { entry: self.unreadable.clone(), lease: None },
        }
    }

    pub(super) fn set(&mut self, slot: &Slot, record: &Record) -> serde_json::Result<()> {
        let name = slot.as_str();
        if record.entry.is_none() && record.lease.is_none() {
            self.slots.remove(name);
        } else {
            self.slots.insert(name.to_owned(), serde_json::value::to_raw_value(record)?);
        }
        Ok(())
    }
}

#[expect(clippy::ref_option, reason = "the signature that serde calls")]
fn encode<S: Serializer>(entry: &Option<Vec<u8>>, serializer: S) -> Result<S::Ok, S::Error> {
    entry.as_ref().map(|bytes| STANDARD.encode(bytes)).serialize(serializer)
}

fn decode<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Vec<u8>>, D::Error> {
    let text = Option::<String>::deserialize(deserializer)?;
    text.map(|text| STANDARD.decode(text).map_err(D::Error::custom)).transpose()
}
