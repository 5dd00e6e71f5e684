//! The members of an event, read one by one: what is odd about one of them does not cost the others.

use std::collections::HashMap;

use rust_decimal::Decimal;
use serde_json::value::RawValue;
use time::OffsetDateTime;

use crate::model::{instant, money};

/// The members of a JSON object by name; of one that comes twice, the last.
#[derive(Default)]
pub(super) struct Members<'a>(HashMap<String, &'a RawValue>);

impl<'a> Members<'a> {
    pub(super) fn of(json: &'a str) -> Option<Self> {
        serde_json::from_str(json).ok().map(Members)
    }

    pub(super) fn raw(&self, name: &str) -> Option<&'a RawValue> {
        self.0.get(name).copied()
    }

    /// A text that is not blank, without the blanks around it.
    pub(super) fn string(&self, name: &str) -> Option<String> {
        let text: String = serde_json::from_str(self.raw(name)?.get()).ok()?;
        Some(text.trim().to_owned()).filter(|text| !text.is_empty())
    }

    /// A text, or a number as its digits.
    pub(super) fn text(&self, name: &str) -> Option<String> {
        let raw = self.raw(name)?.get();
        let is_number = raw.starts_with(|first: char| first == '-' || first.is_ascii_digit());
        if is_number { Some(raw.to_owned()) } else { self.string(name) }
    }

    pub(super) fn decimal(&self, name: &str) -> Option<Decimal> {
        money::exact(&self.text(name)?)
    }

    /// A whole number, also one that is written as a text or with a fraction of zero.
    pub(super) fn number<N: TryFrom<i64>>(&self, name: &str) -> Option<N> {
        let number = self.decimal(name).filter(Decimal::is_integer)?;
        i64::try_from(number).ok().and_then(|number| number.try_into().ok())
    }

    pub(super) fn instant(&self, name: &str) -> Option<OffsetDateTime> {
        instant(self.raw(name)?)
    }
}
