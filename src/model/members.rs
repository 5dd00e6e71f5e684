//! Reads an object member by member, so that an oddity in one never costs the others.
//!
//! An order holds codes that are paid for, and a list holds other items: neither may be lost because one member is of
//! another type than documented. So every type of the server's is read here and not by serde's derived code, which
//! gives up at the first surprise, and at a member that comes twice.

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
use super::{mended, scalar};
use crate::Secret;
use crate::http::CALL_LOG;
use crate::http::json_text;

/// What a server describes as an object.
pub(crate) trait Model: Sized {
    /// Reads it; fails only for want of a member without which it is of no use.
    fn read(from: &Members<'_>) -> Result<Self, Odd>;

    /// Reads it from the JSON text of the object.
    fn of(raw: &str) -> Result<Self, Odd> {
        Self::read(&Members::of(raw).ok_or(Odd::NoObject)?)
    }
}

/// Why an object cannot be read. It does not hold what was there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Odd {
    NoObject,
    Member(&'static str),
}

impl fmt::Display for Odd {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Odd::NoObject => f.write_str("is not an object"),
            Odd::Member(name) => write!(f, "has no `{name}` that can be read"),
        }
    }
}

/// The members of an object, each as its JSON text. Of those with the same name the last counts, and null is as good
/// as absent.
#[derive(Default)]
pub(crate) struct Members<'a>(Vec<(Cow<'a, str>, &'a RawValue)>);

impl<'a> Members<'a> {
    pub(crate) fn of(raw: &'a str) -> Option<Self> {
        serde_json::from_str(raw).ok()
    }

    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(|(name, _)| &**name)
    }

    /// The member with this name, be it null.
    pub(crate) fn last(&self, name: &str) -> Option<&'a RawValue> {
        self.0.iter().rev().find(|(found, _)| found == name).map(|(_, raw)| *raw)
    }

    pub(crate) fn get(&self, name: &str) -> Option<&'a RawValue> {
        self.last(name).filter(|raw| raw.get() != "null")
    }

    /// Whether there is such a member that says anything.
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

    /// A member without which the object is of no use.
    pub(crate) fn needed<T>(
        &self,
        name: &'static str,
        read: impl FnOnce(&Self, &str) -> Option<T>,
    ) -> Result<T, Odd> {
        read(self, name).ok_or(Odd::Member(name))
    }

    /// A text, which is not empty, or a number as its digits.
    pub(crate) fn text(&self, name: &str) -> Option<String> {
        let text = self.value(name, |raw| scalar::text(raw.get()))?;
        (!text.is_empty()).then(|| text.into_owned())
    }

    /// The name of a thing that is on sale. It may be empty.
    pub(crate) fn name(&self) -> Result<String, Odd> {
        self.needed("name", |from, name| from.value(name, |raw| scalar::text(raw.get())).map(Cow::into_owned))
    }

    /// A whole number or an id.
    pub(crate) fn number<N: TryFrom<i64>>(&self, name: &str) -> Option<N> {
        self.value(name, |raw| scalar::number(raw.get()))
    }

    pub(crate) fn amount(&self, name: &str) -> Option<Decimal> {
        self.value(name, |raw| scalar::amount(raw.get()))
    }

    /// The end of a range. One that is there and cannot be read must not become an open end.
    pub(crate) fn bound(&self, name: &'static str) -> Result<Option<Decimal>, Odd> {
        self.get(name).map(|_| self.amount(name).ok_or(Odd::Member(name))).transpose()
    }

    pub(crate) fn flag(&self, name: &str) -> Option<bool> {
        self.value(name, |raw| scalar::flag(raw.get()))
    }

    /// One of the texts that the crate knows, or another; `Unknown` with no text where there is none.
    pub(crate) fn kind<E: for<'t> From<&'t str>>(&self, name: &str) -> E {
        self.kind_if_any(name).unwrap_or_else(|| E::from(""))
    }

    pub(crate) fn kind_if_any<E: for<'t> From<&'t str>>(&self, name: &str) -> Option<E> {
        self.text(name).map(|text| E::from(&text))
    }

    /// An instant; a date alone is its first second.
    pub(crate) fn time(&self, name: &str) -> Option<OffsetDateTime> {
        self.value(name, instant)
    }

    /// The end of something; a date alone is its last second.
    pub(crate) fn end(&self, name: &str) -> Option<OffsetDateTime> {
        self.value(name, end)
    }

    pub(crate) fn code(&self, name: &str) -> Option<Secret> {
        self.value(name, |raw| json_text::code(raw.get()))
    }

    pub(crate) fn object<T: Model>(&self, name: &str) -> Option<T> {
        self.value(name, |raw| T::of(raw.get()).ok())
    }

    /// The entries of a list that can be read. A lone object is a list of one.
    pub(crate) fn list<T: Model>(&self, name: &str) -> Vec<T> {
        self.entries(name, |raw| T::of(raw).ok())
    }

    pub(crate) fn amounts(&self, name: &str) -> Vec<Decimal> {
        self.entries(name, scalar::amount)
    }

    fn entries<T>(&self, name: &str, read: impl Fn(&str) -> Option<T>) -> Vec<T> {
        let entries = self.value(name, |raw| {
            let lone = || Members::of(raw.get()).map(|_| vec![raw]);
            Entries::of(raw.get()).map(|entries| entries.0).or_else(lone)
        });
        let entries = entries.unwrap_or_default().into_iter().filter(|entry| entry.get() != "null");
        let readable = entries.filter_map(|entry| {
            let value = read(entry.get());
            if value.is_none() {
                log::debug!(target: CALL_LOG, "an entry of {name} in a response cannot be read");
            }
            value
        });
        readable.collect()
    }

    /// Texts by name; numbers are taken as their digits, and what is neither is left out.
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
        struct Collect;

        /// Borrowed, unless it has escapes.
        #[derive(Deserialize)]
        struct Name<'a>(#[serde(borrow)] Cow<'a, str>);

        impl<'de> Visitor<'de> for Collect {
            type Value = Members<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<M: MapAccess<'de>>(self, mut map: M) -> Result<Self::Value, M::Error> {
                let mut members = Vec::with_capacity(16);
                while let Some((Name(name), raw)) = map.next_entry()? {
                    members.push((name, raw));
                }
                Ok(Members(members))
            }
        }

        deserializer.deserialize_map(Collect)
    }
}

/// The entries of a list, each as its JSON text. An object whose members are numbered is a list too.
pub(crate) struct Entries<'a>(pub(crate) Vec<&'a RawValue>);

impl<'a> Entries<'a> {
    pub(crate) fn of(raw: &'a str) -> Option<Self> {
        serde_json::from_str(raw).ok()
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Entries<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Collect;

        impl<'de> Visitor<'de> for Collect {
            type Value = Entries<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a list")
            }

            fn visit_seq<S: SeqAccess<'de>>(self, mut list: S) -> Result<Self::Value, S::Error> {
                let mut entries = Vec::new();
                while let Some(entry) = list.next_element()? {
                    entries.push(entry);
                }
                Ok(Entries(entries))
            }

            fn visit_map<M: MapAccess<'de>>(self, mut map: M) -> Result<Self::Value, M::Error> {
                let mut entries = BTreeMap::new();
                while let Some((name, entry)) = map.next_entry::<Cow<'de, str>, _>()? {
                    // The name stays out of the message: errors never quote the server's values.
                    let number: u32 =
                        name.parse().map_err(|_| M::Error::custom("an object is not a list"))?;
                    entries.insert(number, entry);
                }
                Ok(Entries(entries.into_values().collect()))
            }
        }

        deserializer.deserialize_any(Collect)
    }
}

/// Reads a model through any deserializer of JSON: from text, from a reader, from a `Value`.
pub(crate) fn deserialize<'de, T: Model, D: Deserializer<'de>>(deserializer: D) -> Result<T, D::Error> {
    let raw = Zeroizing::new(String::from(Box::<str>::from(Box::<RawValue>::deserialize(deserializer)?)));
    T::of(&mended(raw.as_bytes())).map_err(|odd| D::Error::custom(format_args!("what is there {odd}")))
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
