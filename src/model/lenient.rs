//! Reads what is useful but not essential, so that an oddity in it never costs the whole object.

use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;
use time::OffsetDateTime;

use super::instant::instant;
use super::scalar;

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
    Ok(scalar::text(raw.get()).filter(|text| !text.is_empty()).map(Into::into))
}

/// An instant, in any spelling that can be read; a date alone is its first second.
pub(crate) fn timestamp<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<OffsetDateTime>, D::Error> {
    Ok(instant(&Box::<RawValue>::deserialize(deserializer)?))
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
    fn a_time_that_is_none_is_no_time() {
        for json in
            ["{}", r#"{"at":null}"#, r#"{"at":""}"#, r#"{"at":"soon"}"#, r#"{"at":17}"#, r#"{"at":{"a":[]}}"#]
        {
            assert_eq!(read(json).at, None, "{json}");
        }
    }

    #[test]
    fn the_wrong_type_is_nothing() {
        let odd = read(r#"{"text":[1],"days":"many"}"#);
        assert_eq!((odd.text, odd.days), (None, None));
        assert_eq!(read(r#"{"text":8900000000000000001}"#).text.as_deref(), Some("8900000000000000001"));
        let usual = read(r#"{"text":"a\/b","days":7}"#);
        assert_eq!((usual.text.as_deref(), usual.days), (Some("a/b"), Some(7)));
    }
}
