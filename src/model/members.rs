//! Reads an object member by member, so an unreadable member does not affect the others.
//!
//! This module reads every response type. serde's derived code fails at the first unexpected type and at a duplicate
//! member, and would lose the paid codes of an order or all other items of a list.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;

use rust_decimal::Decimal;
use serde::de::{Error as _, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;
use time::OffsetDateTime;
use zeroize::Zeroizing;

use super::instant::{end, instant};
use super::{repair, scalar};
use crate::Secret;
use crate::http::CALL_LOG;
use crate::http::json_text;

/// A type that the server sends as an object.
pub(crate) trait Model: Sized {
    /// Reads the type. Fails only if a required member is missing or unreadable.
    fn read(from: &Members<'_>) -> Result<Self, ReadError>;

    /// Reads the type from the JSON text of an object.
    fn of(raw: &str) -> Result<Self, ReadError> {
        Self::read(&Members::of(raw).ok_or(ReadError::NotAnObject)?)
    }
}

/// Why an object cannot be read. It holds nothing of the content.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ReadError {
    NotAnObject,
    Member(&'static str),
}

impl fmt::Display for ReadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ReadError::NotAnObject => f.write_str("is not an object"),
            ReadError::Member(name) => write!(f, "has no readable `{name}`"),
        }
    }
}

/// The members of an object, each as its JSON text. The last of several members with one name counts. A null member
/// counts as absent.
#[derive(Default)]
pub(crate) struct Members<'a>(Vec<(Cow<'a, str>, &'a RawValue)>);

impl<'a> Members<'a> {
    pub(crate) fn of(raw: &'a str) -> Option<Self> {
        serde_json::from_str(raw).ok()
    }

    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(|(name, _)| &**name)
    }

    /// Returns the last member with this name, even if it is null.
    pub(crate) fn last(&self, name: &str) -> Option<&'a RawValue> {
        self.0.iter().rev().find(|(found, _)| found == name).map(|(_, raw)| *raw)
    }

    pub(crate) fn get(&self, name: &str) -> Option<&'a RawValue> {
        self.last(name).filter(|raw| raw.get() != "null")
    }

    /// Whether the member exists and is neither null nor an empty string.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.get(name).is_some_and(|raw| raw.get() != "\"\"")
    }

    fn value<T>(&self, name: &str, read: impl FnOnce(&'a RawValue) -> Option<T>) -> Option<T> {
        let value = read(self.get(name)?);
        if value.is_none() {
            self.log_unreadable(name);
        }
        value
    }

    fn log_unreadable(&self, name: &str) {
        if self.has(name) {
            log::debug!(target: CALL_LOG, "the member {name} of a response cannot be read");
        }
    }

    /// Fails if the member is missing or `read` cannot read it.
    pub(crate) fn required<T>(
        &self,
        name: &'static str,
        read: impl FnOnce(&Self, &str) -> Option<T>,
    ) -> Result<T, ReadError> {
        read(self, name).ok_or(ReadError::Member(name))
    }

    /// Reads a string that is not empty, or the digits of a number.
    pub(crate) fn text(&self, name: &str) -> Option<String> {
        let text = self.value(name, |raw| scalar::text(raw.get()))?;
        (!text.is_empty()).then(|| text.into_owned())
    }

    /// Reads the required name of a product or variant. It may be empty.
    pub(crate) fn name(&self) -> Result<String, ReadError> {
        self.required("name", |from, name| {
            from.value(name, |raw| scalar::text(raw.get())).map(Cow::into_owned)
        })
    }

    /// Reads an integer, such as an id.
    pub(crate) fn number<N: TryFrom<i64>>(&self, name: &str) -> Option<N> {
        self.value(name, |raw| scalar::number(raw.get()))
    }

    pub(crate) fn amount(&self, name: &str) -> Option<Decimal> {
        self.value(name, |raw| scalar::amount(raw.get()))
    }

    /// Reads a bound of a range. Fails if it is present but unreadable, because the range must not become unbounded.
    pub(crate) fn bound(&self, name: &'static str) -> Result<Option<Decimal>, ReadError> {
        self.get(name).map(|_| self.amount(name).ok_or(ReadError::Member(name))).transpose()
    }

    pub(crate) fn flag(&self, name: &str) -> Option<bool> {
        self.value(name, |raw| scalar::flag(raw.get()))
    }

    /// Reads a text enum. Returns `Unknown` with an empty text if the member is missing or unreadable.
    pub(crate) fn text_enum<E: for<'t> From<&'t str>>(&self, name: &str) -> E {
        self.optional_text_enum(name).unwrap_or_else(|| E::from(""))
    }

    pub(crate) fn optional_text_enum<E: for<'t> From<&'t str>>(&self, name: &str) -> Option<E> {
        self.text(name).map(|text| E::from(&text))
    }

    /// Reads an instant. A date without a time means its first second.
    pub(crate) fn time(&self, name: &str) -> Option<OffsetDateTime> {
        self.value(name, instant)
    }

    /// Reads the end of a period. A date without a time means its last second.
    pub(crate) fn end(&self, name: &str) -> Option<OffsetDateTime> {
        self.value(name, end)
    }

    pub(crate) fn code(&self, name: &str) -> Option<Secret> {
        self.value(name, |raw| json_text::code(raw.get()))
    }

    pub(crate) fn object<T: Model>(&self, name: &str) -> Option<T> {
        self.value(name, |raw| T::of(raw.get()).ok())
    }

    /// Reads a list without its unreadable elements. A single object counts as a list of one.
    pub(crate) fn list<T: Model>(&self, name: &str) -> Vec<T> {
        self.elements(name, |raw| T::of(raw).ok())
    }

    pub(crate) fn amounts(&self, name: &str) -> Vec<Decimal> {
        self.elements(name, scalar::amount)
    }

    fn elements<T>(&self, name: &str, read: impl Fn(&str) -> Option<T>) -> Vec<T> {
        let elements = self.value(name, |raw| {
            let single = || Members::of(raw.get()).map(|_| vec![raw]);
            Elements::of(raw.get()).map(|elements| elements.0).or_else(single)
        });
        let elements = elements.unwrap_or_default().into_iter().filter(|element| element.get() != "null");
        let readable = elements.filter_map(|element| {
            let value = read(element.get());
            if value.is_none() {
                log::debug!(target: CALL_LOG, "an element of {name} in a response cannot be read");
            }
            value
        });
        readable.collect()
    }

    /// Reads the strings and the digits of the numbers in an object, by name. Leaves out other members.
    pub(crate) fn texts(&self, name: &str) -> BTreeMap<String, String> {
        let mut texts = BTreeMap::new();
        for (name, raw) in
            self.value(name, |raw| Members::of(raw.get())).into_iter().flat_map(|members| members.0)
        {
            match scalar::text(raw.get()) {
                Some(text) => texts.insert(name.into_owned(), text.into_owned()),
                None => texts.remove(&*name),
            };
        }
        texts
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Members<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct MembersVisitor;

        /// Borrowed unless it contains escapes.
        #[derive(Deserialize)]
        struct MemberName<'a>(#[serde(borrow)] Cow<'a, str>);

        impl<'de> Visitor<'de> for MembersVisitor {
            type Value = Members<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<M: MapAccess<'de>>(self, mut map: M) -> Result<Self::Value, M::Error> {
                let mut members = Vec::with_capacity(16);
                while let Some((MemberName(name), raw)) = map.next_entry()? {
                    members.push((name, raw));
                }
                Ok(Members(members))
            }
        }

        deserializer.deserialize_map(MembersVisitor)
    }
}

/// The elements of a list, each as its JSON text. An object whose names are all numbers counts as a list.
pub(crate) struct Elements<'a>(pub(crate) Vec<&'a RawValue>);

impl<'a> Elements<'a> {
    pub(crate) fn of(raw: &'a str) -> Option<Self> {
        serde_json::from_str(raw).ok()
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Elements<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct ElementsVisitor;

        impl<'de> Visitor<'de> for ElementsVisitor {
            type Value = Elements<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an array")
            }

            fn visit_seq<S: SeqAccess<'de>>(self, mut list: S) -> Result<Self::Value, S::Error> {
                let mut elements = Vec::new();
                while let Some(element) = list.next_element()? {
                    elements.push(element);
                }
                Ok(Elements(elements))
            }

            fn visit_map<M: MapAccess<'de>>(self, mut map: M) -> Result<Self::Value, M::Error> {
                let mut elements = BTreeMap::new();
                while let Some((name, element)) = map.next_entry::<Cow<'de, str>, _>()? {
                    // The message omits the name, because errors never quote the server.
                    let number: u32 =
                        name.parse().map_err(|_| M::Error::custom("not all names are numbers"))?;
                    elements.insert(number, element);
                }
                Ok(Elements(elements.into_values().collect()))
            }
        }

        deserializer.deserialize_any(ElementsVisitor)
    }
}

/// Reads a model from any JSON deserializer, whether its input is a string, a reader or a `Value`.
pub(crate) fn deserialize<'de, T: Model, D: Deserializer<'de>>(deserializer: D) -> Result<T, D::Error> {
    let raw = Zeroizing::new(String::from(Box::<str>::from(Box::<RawValue>::deserialize(deserializer)?)));
    T::of(&repair(raw.as_bytes())).map_err(|error| D::Error::custom(format_args!("the JSON value {error}")))
}

/// Implements `Deserialize` for models.
macro_rules! deserialize_models {
    ($($name:ident)+) => {$(
        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                crate::model::members::deserialize(deserializer)
            }
        }
    )+};
}

pub(crate) use deserialize_models;
