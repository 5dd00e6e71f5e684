//! The inputs of a top-up order.

use serde::Serialize;

use crate::model::members::{Elements, Members, Model, ReadError, deserialize_models};
use crate::model::scalar;

/// An input of a top-up order, such as the account's phone number.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct TopupInputField {
    /// The key to pass to [`NewTopupOrder::input`](crate::NewTopupOrder::input), such as `phone_number`.
    pub key: String,
    /// The label to show in a form.
    pub label: Option<String>,
    /// Whether an order must contain this input. `None` if the server does not say.
    pub required: Option<bool>,
}

deserialize_models! { TopupInputField }

impl Model for TopupInputField {
    fn read(from: &Members<'_>) -> Result<Self, ReadError> {
        let named =
            |key| Ok(TopupInputField { key, label: from.text("label"), required: from.flag("required") });
        from.text("key").or_else(|| from.text("name")).ok_or(ReadError::Member("key")).and_then(named)
    }
}

impl Members<'_> {
    /// Reads the input fields of a product.
    ///
    /// Their JSON form is not documented, so every likely one is read: an array of names, an array of objects with a
    /// `key` or `name`, and an object whose members are named after the fields. Any other form is ignored, so the
    /// product can still be read.
    pub(super) fn input_fields(&self, name: &str) -> Vec<TopupInputField> {
        let Some(raw) = self.get(name) else { return Vec::new() };
        let bare = |key: &str| TopupInputField { key: key.to_owned(), label: None, required: None };
        if let Some(Elements(elements)) = Elements::of(raw.get()) {
            let one =
                |raw: &str| scalar::text(raw).map(|key| bare(&key)).or_else(|| TopupInputField::of(raw).ok());
            return elements.into_iter().filter_map(|element| one(element.get())).collect();
        }
        Members::of(raw.get()).map(|members| members.names().map(bare).collect()).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fields(json: &str) -> Vec<TopupInputField> {
        Members::of(json).unwrap().input_fields("fields")
    }

    fn keys(json: &str) -> Vec<String> {
        fields(json).into_iter().map(|field| field.key).collect()
    }

    #[test]
    fn every_likely_form_of_the_fields_is_read() {
        for json in [
            r#"{"fields":["player_id","server"]}"#,
            r#"{"fields":[{"key":"player_id","label":"Player","required":true},{"name":"server","label":null}]}"#,
            r#"{"fields":{"player_id":{"type":"text"},"server":true}}"#,
            r#"{"fields":{"0":{"key":"player_id"},"1":"server"}}"#,
            r#"{"fields":[{"key":"player_id","name":"Player"},{"name":"server","key":null}]}"#,
            r#"{"fields":[{"name":"x","key":"player_id","key":"player_id"},null,{"key":"","name":"server"}]}"#,
        ] {
            assert_eq!(keys(json), ["player_id", "server"], "{json}");
        }
    }

    #[test]
    fn fields_of_an_unknown_form_do_not_lose_the_product() {
        for json in ["{}", r#"{"fields":null}"#, r#"{"fields":7}"#, r#"{"fields":[true,{"other":1}]}"#] {
            assert!(keys(json).is_empty(), "{json}");
        }
    }

    #[test]
    fn a_field_keeps_its_label_and_whether_it_is_required() {
        let expected =
            TopupInputField { key: "player_id".into(), label: Some("Player".into()), required: Some(true) };
        for required in ["true", "1", r#""true""#, r#""1""#] {
            let json =
                format!(r#"{{"fields":[{{"key":"player_id","label":"Player","required":{required}}}]}}"#);
            assert_eq!(fields(&json), std::slice::from_ref(&expected), "{required}");
        }
    }
}
