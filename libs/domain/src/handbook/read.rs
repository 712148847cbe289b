//! Reads the parts of a handbook from TOML. Unlike serde's derive, which stops at the first error, it notes every
//! missing key, unknown key and wrong type with its place, and goes on.
//!
//! Three kinds of keys may be left out: optional ones, lists (then empty) and flags (then false). Amounts of money
//! are whole numbers of the currency's minor unit, shares are basis points; TOML's decimal numbers are not used.

use std::collections::BTreeSet;

use chrono::NaiveDate;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::problem::Report;
use super::source::Span;
use super::vocabulary::Word;
use crate::{Currency, Limit};

/// The whole of something, in basis points.
pub(crate) const BASIS_POINTS: u32 = 10_000;

/// A value with its place in the file.
pub(crate) type Node<'i> = Spanned<DeValue<'i>>;

/// What can be read from a value of a handbook.
pub(crate) trait FromToml: Sized {
    /// What a right value looks like, for error messages.
    const EXPECTED: &'static str;

    /// Reads it; `None` after noting what is wrong.
    fn read(node: &Node<'_>, report: &mut Report<'_>) -> Option<Self>;

    /// The value where the key is left out, if it may be.
    fn absent() -> Option<Self> {
        None
    }

    /// Adds every key that it knows, itself and in its parts.
    fn list_keys(_keys: &mut BTreeSet<&'static str>) {}
}

/// Declares a struct that is read from a table with one key for each field. A method named in brackets after the
/// struct's name checks what has been read.
macro_rules! section {
    ($($(#[$meta:meta])* pub struct $name:ident $(($check:ident))? {
        $($(#[$field_meta:meta])* pub $field:ident: $type:ty,)+
    })+) => {$(
        $(#[$meta])*
        #[derive(Clone, Debug)]
        pub struct $name {
            $($(#[$field_meta])* pub $field: $type,)+
        }

        impl crate::handbook::read::FromToml for $name {
            const EXPECTED: &'static str = concat!("a table with the keys", $(" ", stringify!($field),)+);

            fn read(
                node: &crate::handbook::read::Node<'_>,
                report: &mut crate::handbook::problem::Report<'_>,
            ) -> Option<Self> {
                let section = crate::handbook::read::Section::open(node, Self::EXPECTED, report)?;
                section.refuse_unknown(&[$(stringify!($field),)+], report);
                $(let $field = section.take::<$type>(stringify!($field), report);)+
                let read = Self { $($field: $field?,)+ };
                $(read.$check(section.at, report);)?
                Some(read)
            }

            fn list_keys(keys: &mut std::collections::BTreeSet<&'static str>) {
                $(keys.insert(stringify!($field));
                <$type as crate::handbook::read::FromToml>::list_keys(keys);)+
            }
        }
    )+};
}
pub(crate) use section;

/// A table that is being read.
pub(crate) struct Section<'a, 'i> {
    /// Its keys and values.
    pub(crate) table: &'a DeTable<'i>,
    /// Its header, or where it begins.
    pub(crate) at: Span,
}

impl<'a, 'i> Section<'a, 'i> {
    /// The table that `node` is.
    pub(crate) fn open(node: &'a Node<'i>, expected: &str, report: &mut Report<'_>) -> Option<Self> {
        match node.get_ref() {
            DeValue::Table(table) => Some(Self { table, at: node.span().into() }),
            _ => wrong_type(node, expected, report),
        }
    }

    /// The whole file.
    pub(crate) fn root(table: &'a DeTable<'i>) -> Self {
        Self { table, at: Span::default() }
    }

    /// Notes every key that is not `known`.
    pub(crate) fn refuse_unknown(&self, known: &[&str], report: &mut Report<'_>) {
        for key in self.table.keys().filter(|key| !known.contains(&key.get_ref().as_ref())) {
            report.add_unknown(key.span().into(), "key", key.get_ref(), known);
        }
    }

    /// The value of `key`.
    pub(crate) fn take<T: FromToml>(&self, key: &str, report: &mut Report<'_>) -> Option<T> {
        match self.table.get(key) {
            Some(node) => T::read(node, report),
            None => T::absent().or_else(|| {
                report.add(self.at, format!("missing key `{key}`"), T::EXPECTED);
                None
            }),
        }
    }
}

/// Notes that a value has the wrong type.
pub(crate) fn wrong_type<T>(node: &Node<'_>, expected: &str, report: &mut Report<'_>) -> Option<T> {
    report.add(node.span().into(), format!("this is of type {}", node.get_ref().type_str()), expected);
    None
}

/// The string that `node` is.
pub(crate) fn string<'a>(node: &'a Node<'_>, expected: &str, report: &mut Report<'_>) -> Option<&'a str> {
    match node.get_ref() {
        DeValue::String(text) => Some(text.as_ref()),
        _ => wrong_type(node, expected, report),
    }
}

impl FromToml for String {
    const EXPECTED: &'static str = "a text that is not empty";

    fn read(node: &Node<'_>, report: &mut Report<'_>) -> Option<Self> {
        let text = string(node, Self::EXPECTED, report)?;
        if text.trim().is_empty() {
            report.add(node.span().into(), "this text is empty", Self::EXPECTED);
            return None;
        }
        Some(text.to_owned())
    }
}

/// The clause of the source that a rule comes from, such as `M3.2 三(二)`. Never empty.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cite(String);

impl Cite {
    /// The clause.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromToml for Cite {
    const EXPECTED: &'static str = "the clause of the source, such as \"M3.2 三(二)\"";

    fn read(node: &Node<'_>, report: &mut Report<'_>) -> Option<Self> {
        let text = string(node, Self::EXPECTED, report)?;
        if text.trim().is_empty() {
            report.add(node.span().into(), "this cite is empty", Self::EXPECTED);
            return None;
        }
        Some(Self(text.to_owned()))
    }
}

impl FromToml for bool {
    const EXPECTED: &'static str = "true or false";

    fn read(node: &Node<'_>, report: &mut Report<'_>) -> Option<Self> {
        match node.get_ref() {
            DeValue::Boolean(flag) => Some(*flag),
            _ => wrong_type(node, Self::EXPECTED, report),
        }
    }

    fn absent() -> Option<Self> {
        Some(false)
    }
}

macro_rules! whole_number {
    ($type:ty, $expected:literal) => {
        impl FromToml for $type {
            const EXPECTED: &'static str = $expected;

            fn read(node: &Node<'_>, report: &mut Report<'_>) -> Option<Self> {
                let DeValue::Integer(number) = node.get_ref() else {
                    return wrong_type(node, Self::EXPECTED, report);
                };
                let value = i64::from_str_radix(number.as_str(), number.radix())
                    .ok()
                    .and_then(|value| Self::try_from(value).ok())
                    .filter(|value| *value >= 0);
                if value.is_none() {
                    report.add(node.span().into(), format!("{number} is out of range"), Self::EXPECTED);
                }
                value
            }
        }
    };
}

whole_number!(i64, "a whole number from 0");

impl FromToml for u32 {
    const EXPECTED: &'static str = "a whole number from 0";

    fn read(node: &Node<'_>, report: &mut Report<'_>) -> Option<Self> {
        let value = i64::read(node, report)?;
        let small = Self::try_from(value).ok();
        if small.is_none() {
            report.add(node.span().into(), format!("{value} is out of range"), "at most 4294967295");
        }
        small
    }
}

impl FromToml for NaiveDate {
    const EXPECTED: &'static str = "a date such as 2026-01-01, without quotes";

    fn read(node: &Node<'_>, report: &mut Report<'_>) -> Option<Self> {
        let DeValue::Datetime(date) = node.get_ref() else {
            return wrong_type(node, Self::EXPECTED, report);
        };
        let read = match (date.date, date.time) {
            (Some(day), None) => Self::from_ymd_opt(day.year.into(), day.month.into(), day.day.into()),
            _ => None,
        };
        if read.is_none() {
            report.add(node.span().into(), format!("`{date}` is no date"), Self::EXPECTED);
        }
        read
    }
}

/// A time of the local day, written `"18:00"`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TimeOfDay(pub chrono::NaiveTime);

impl FromToml for TimeOfDay {
    const EXPECTED: &'static str = "a local time such as \"18:00\"";

    fn read(node: &Node<'_>, report: &mut Report<'_>) -> Option<Self> {
        let text = string(node, Self::EXPECTED, report)?;
        let time = chrono::NaiveTime::parse_from_str(text, "%H:%M").ok().map(Self);
        if time.is_none() {
            report.add(node.span().into(), format!("`{text}` is no time"), Self::EXPECTED);
        }
        time
    }
}

impl FromToml for Limit {
    const EXPECTED: &'static str = "a limit such as \"90m\", \"2h\", \"7d\", \"3wd\" or \"8wh\"";

    fn read(node: &Node<'_>, report: &mut Report<'_>) -> Option<Self> {
        let text = string(node, Self::EXPECTED, report)?;
        let limit = text.parse().ok();
        if limit.is_none() {
            report.add(node.span().into(), format!("`{text}` is no limit"), Self::EXPECTED);
        }
        limit
    }
}

impl FromToml for Currency {
    const EXPECTED: &'static str = "an ISO 4217 currency code such as \"CNY\"";

    fn read(node: &Node<'_>, report: &mut Report<'_>) -> Option<Self> {
        let text = string(node, Self::EXPECTED, report)?;
        let currency = text.parse().ok();
        if currency.is_none() {
            report.add(node.span().into(), format!("`{text}` is no currency"), Self::EXPECTED);
        }
        currency
    }
}

impl<W: Word> FromToml for W {
    const EXPECTED: &'static str = W::WHAT;

    fn read(node: &Node<'_>, report: &mut Report<'_>) -> Option<Self> {
        let text = string(node, W::WHAT, report)?;
        read_word(text, node.span().into(), report)
    }
}

/// The word of the list that `text` is; the nearest one is suggested otherwise.
pub(crate) fn read_word<W: Word>(text: &str, at: Span, report: &mut Report<'_>) -> Option<W> {
    let found = W::all().iter().copied().find(|known| known.word() == text);
    if found.is_none() {
        report.add_unknown(at, W::WHAT, text, W::WORDS);
    }
    found
}

impl<T: FromToml> FromToml for Option<T> {
    const EXPECTED: &'static str = T::EXPECTED;

    fn read(node: &Node<'_>, report: &mut Report<'_>) -> Option<Self> {
        T::read(node, report).map(Some)
    }

    fn absent() -> Option<Self> {
        Some(None)
    }

    fn list_keys(keys: &mut BTreeSet<&'static str>) {
        T::list_keys(keys);
    }
}

impl<T: FromToml> FromToml for Vec<T> {
    const EXPECTED: &'static str = "a list";

    fn read(node: &Node<'_>, report: &mut Report<'_>) -> Option<Self> {
        let DeValue::Array(items) = node.get_ref() else {
            return wrong_type(node, &format!("a list, each {}", T::EXPECTED), report);
        };
        // Reads all before it fails, so that the problems of every item are noted.
        let read: Vec<Option<T>> = items.iter().map(|item| T::read(item, report)).collect();
        read.into_iter().collect()
    }

    fn absent() -> Option<Self> {
        Some(Self::new())
    }

    fn list_keys(keys: &mut BTreeSet<&'static str>) {
        T::list_keys(keys);
    }
}
