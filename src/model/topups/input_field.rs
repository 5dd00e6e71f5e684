//! What an order has to say about the account it tops up.

use std::collections::BTreeMap;

use serde::{Deserialize, Deserializer, Serialize};
use serde_json::value::RawValue;

use crate::model::lenient;

/// One thing that an order has to say about the account it tops up.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct TopupInputField {
    /// Its name, as [`NewTopupOrder::input`](crate::NewTopupOrder::input) takes it, such as `phone_number`.
    #[serde(alias = "name")]
    pub key: String,
    /// How to call it in a form.
    #[serde(default, deserialize_with = "lenient::text")]
    pub label: Option<String>,
    /// Whether an order must have it, if the server says so.
    #[serde(default, deserialize_with = "lenient::or_none")]
    pub required: Option<bool>,
}

impl TopupInputField {
    fn named(key: String) -> Self {
        TopupInputField { key, label: None, required: None }
    }
}

/// Reads the fields of a product.
///
/// Their form on the wire is not documented, so each likely one is read: a list of names, a list of objects
/// with a `key` or `name`, and an object whose members are named after the fields. What has none of these
/// forms is left out; the product itself is not lost over it.
pub(super) fn list<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<TopupInputField>, D::Error> {
    let raw = Box::<RawValue>::deserialize(deserializer)?;
    if let Ok(entries) = serde_json::from_str::<Vec<&RawValue>>(raw.get()) {
        return Ok(entries.into_iter().filter_map(one).collect());
    }
    let members = serde_json::from_str::<BTreeMap<String, &RawValue>>(raw.get()).unwrap_or_default();
    Ok(members.into_keys().map(TopupInputField::named).collect())
}

fn one(entry: &RawValue) -> Option<TopupInputField> {
    let named = serde_json::from_str(entry.get()).map(TopupInputField::named);
    named.or_else(|_| serde_json::from_str(entry.get())).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Deserialize)]
    struct Read {
        #[serde(default, deserialize_with = "list")]
        fields: Vec<TopupInputField>,
    }

    fn keys(json: &str) -> Vec<String> {
        let read: Read = serde_json::from_str(json).unwrap();
        read.fields.into_iter().map(|field| field.key).collect()
    }

    #[test]
    fn every_likely_form_of_the_fields_is_read() {
        for json in [
            r#"{"fields":["player_id","server"]}"#,
            r#"{"fields":[{"key":"player_id","label":"Player","required":true},{"name":"server","label":null}]}"#,
            r#"{"fields":{"player_id":{"type":"text"},"server":true}}"#,
        ] {
            assert_eq!(keys(json), ["player_id", "server"], "{json}");
        }
    }

    #[test]
    fn fields_of_an_unknown_form_do_not_lose_the_product() {
        for json in ["{}", r#"{"fields":null}"#, r#"{"fields":7}"#, r#"{"fields":[7,{"other":1}]}"#] {
            assert!(keys(json).is_empty(), "{json}");
        }
    }

    #[test]
    fn a_field_keeps_its_label_and_whether_it_is_required() {
        let json = r#"{"fields":[{"key":"player_id","label":"Player","required":true}]}"#;
        let read: Read = serde_json::from_str(json).unwrap();
        let expected =
            TopupInputField { key: "player_id".into(), label: Some("Player".into()), required: Some(true) };
        assert_eq!(read.fields, [expected]);
    }
}
