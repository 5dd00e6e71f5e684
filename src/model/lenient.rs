//! Reads what is useful but not essential, so that an oddity in it never costs the whole object.
//!
//! An order holds codes that are paid for: a time stamp without a zone must not make them unreadable.

use std::collections::BTreeMap;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;
use time::OffsetDateTime;

use super::instant::{self, instant};

/// The value, or nothing if it is null or of another type; absence needs `#[serde(default)]` beside it.
pub(crate) fn or_none<'de, T, D>(deserializer: D) -> Result<Option<T>, D::Error>
where
    T: DeserializeOwned,
    D: Deserializer<'de>,
{
    let raw = Box::<RawValue>::deserialize(deserializer)?;
    Ok(serde_json::from_str::<Option<T>>(raw.get()).unwrap_or_default())
}

/// Text, or a number as its text, or nothing if it is null, empty or neither.
pub(crate) fn text<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    let raw = Box::<RawValue>::deserialize(deserializer)?;
    Ok(text_of(raw.get()).filter(|text| !text.is_empty()))
}

/// An instant, in any spelling that can be read; a date alone is its first second.
pub(crate) fn timestamp<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<OffsetDateTime>, D::Error> {
    Ok(instant(&Box::<RawValue>::deserialize(deserializer)?))
}

/// The end of something, in any spelling that can be read; a date alone is its last second.
pub(crate) fn end<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<OffsetDateTime>, D::Error> {
    Ok(instant::end(&Box::<RawValue>::deserialize(deserializer)?))
}

/// The value, or the type's default for null.
pub(crate) fn or_default<'de, T, D>(deserializer: D) -> Result<T, D::Error>
where
    T: Default + Deserialize<'de>,
    D: Deserializer<'de>,
{
    Ok(Option::<T>::deserialize(deserializer)?.unwrap_or_default())
}

/// Texts by name; numbers are taken as their text, and what is neither is left out.
pub(crate) fn texts<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<BTreeMap<String, String>, D::Error> {
    let members = Option::<BTreeMap<String, Box<RawValue>>>::deserialize(deserializer)?.unwrap_or_default();
    Ok(members.into_iter().filter_map(|(name, raw)| Some((name, text_of(raw.get())?))).collect())
}

pub(super) fn text_of(raw: &str) -> Option<String> {
    let is_number = raw.starts_with(|first: char| first == '-' || first.is_ascii_digit());
    if is_number { Some(raw.to_owned()) } else { serde_json::from_str(raw).ok() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Deserialize)]
    struct Read {
        #[serde(default, deserialize_with = "timestamp")]
        at: Option<OffsetDateTime>,
        #[serde(default, deserialize_with = "text")]
        text: Option<String>,
        #[serde(default, deserialize_with = "or_none")]
        days: Option<u32>,
        #[serde(default, deserialize_with = "or_default")]
        names: Vec<String>,
        #[serde(default, deserialize_with = "texts")]
        facts: BTreeMap<String, String>,
    }

    fn read(json: &str) -> Read {
        serde_json::from_str(json).unwrap()
    }

    #[test]
    fn times_are_read_in_any_offset_and_with_fractions() {
        for (at, seconds) in [
            ("2031-03-02T10:05:00Z", 1_930_212_300),
            ("2031-03-02T12:05:00+02:00", 1_930_212_300),
            ("2031-03-02T10:05:00.123456789Z", 1_930_212_300),
            ("1969-12-31T23:59:59Z", -1),
        ] {
            let read = read(&format!(r#"{{"at":"{at}"}}"#));
            assert_eq!(read.at.unwrap().unix_timestamp(), seconds, "{at}");
        }
    }

    #[test]
    fn a_date_alone_begins_at_midnight_and_a_card_is_good_to_its_end() {
        assert_eq!(read(r#"{"at":"2031-03-02"}"#).at.unwrap().unix_timestamp(), 1_930_176_000);
        let card: crate::Voucher = serde_json::from_str(r#"{"expires_at":"2031-03-02"}"#).unwrap();
        assert_eq!(card.expires_at.unwrap().unix_timestamp(), 1_930_262_399);
    }

    #[test]
    fn a_time_that_is_none_is_no_time() {
        for json in
            ["{}", r#"{"at":null}"#, r#"{"at":""}"#, r#"{"at":"soon"}"#, r#"{"at":17}"#, r#"{"at":{"a":[]}}"#]
        {
            assert_eq!(read(json).at, None, "{json}");
        }
    }

    #[test]
    fn the_wrong_type_is_nothing_and_null_is_the_default() {
        let odd = read(r#"{"text":[1],"days":"many","names":null}"#);
        assert_eq!((odd.text, odd.days, odd.names), (None, None, Vec::new()));
        assert_eq!(read(r#"{"text":8900000000000000001}"#).text.as_deref(), Some("8900000000000000001"));
        let usual = read(r#"{"text":"a\/b","days":7,"names":["x"]}"#);
        assert_eq!((usual.text.as_deref(), usual.days, usual.names.len()), (Some("a/b"), Some(7), 1));
    }

    #[test]
    fn facts_are_texts_or_numbers() {
        let facts = read(r#"{"facts":{"validity_days":30,"par_value":"5.00","odd":null,"list":[]}}"#).facts;
        let facts: Vec<_> = facts.iter().map(|(name, text)| (name.as_str(), text.as_str())).collect();
        assert_eq!(facts, [("par_value", "5.00"), ("validity_days", "30")]);
        assert!(read(r#"{"facts":null}"#).facts.is_empty());
    }
}
