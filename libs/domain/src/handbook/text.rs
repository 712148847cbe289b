//! Texts for people, in every language that the handbook speaks.

use std::collections::BTreeSet;

use chrono::NaiveDateTime;
use chrono::format::{Item, StrftimeItems};

use super::notices::check_placeholders;
use super::problem::Report;
use super::read::{FromToml, Node, Section, section};
use super::source::Span;
use super::tables::Placed;
use super::vocabulary::{Language, Word};
use crate::{Limit, Money, Unit};

/// A text in `zh-CN` and `en`, and in other languages where the handbook has it.
#[derive(Clone, Debug)]
pub struct Text(Vec<(Language, Placed<String>)>);

impl Text {
    /// The text in `language`, or in English where there is none.
    #[must_use]
    pub fn get(&self, language: Language) -> &str {
        let find = |wanted| self.0.iter().find(|(known, _)| *known == wanted);
        let found = find(language).or_else(|| find(Language::En));
        found.map(|(_, text)| text.value.as_str()).expect("a loaded text is in English at least")
    }

    /// The languages that it is in, with their texts.
    pub fn languages(&self) -> impl Iterator<Item = (Language, &str)> {
        self.placed().map(|(language, text)| (language, text.value.as_str()))
    }

    /// The same with their places in the file.
    pub(crate) fn placed(&self) -> impl Iterator<Item = (Language, &Placed<String>)> {
        self.0.iter().map(|(language, text)| (*language, text))
    }
}

impl FromToml for Text {
    const EXPECTED: &'static str = "a text in each language: { zh-CN = \"…\", en = \"…\" }";

    fn read(node: &Node<'_>, report: &mut Report<'_>) -> Option<Self> {
        let section = Section::open(node, Self::EXPECTED, report)?;
        section.refuse_unknown(Language::WORDS, report);
        for required in [Language::ZhCn, Language::En] {
            if !section.table.contains_key(required.as_str()) {
                report.add(section.at, format!("missing {required} text"), Self::EXPECTED);
            }
        }
        let read: Vec<_> = Language::ALL
            .iter()
            .map(|language| (*language, section.take::<Option<Placed<String>>>(language.as_str(), report)))
            .collect();
        let mut texts = Vec::new();
        for (language, text) in read {
            texts.extend(text?.map(|text| (language, text)));
        }
        let complete =
            [Language::ZhCn, Language::En].iter().all(|known| texts.iter().any(|(has, _)| has == known));
        complete.then_some(Self(texts))
    }

    fn list_keys(keys: &mut BTreeSet<&'static str>) {
        keys.extend(Language::WORDS);
    }
}

/// Lists of words in each language; any language may be left out.
#[derive(Clone, Debug, Default)]
pub struct WordLists(Vec<(Language, Vec<String>)>);

impl WordLists {
    /// The words of a language.
    pub fn of(&self, language: Language) -> impl Iterator<Item = &str> {
        self.0
            .iter()
            .filter(move |(known, _)| *known == language)
            .flat_map(|(_, words)| words)
            .map(String::as_str)
    }
}

impl FromToml for WordLists {
    const EXPECTED: &'static str = "lists of words: { zh-CN = [\"…\"], en = [\"…\"], pt = [\"…\"] }";

    fn read(node: &Node<'_>, report: &mut Report<'_>) -> Option<Self> {
        let section = Section::open(node, Self::EXPECTED, report)?;
        section.refuse_unknown(Language::WORDS, report);
        let lists: Vec<_> = Language::ALL
            .iter()
            .map(|language| (*language, section.take(language.as_str(), report)))
            .collect();
        let lists: Option<Vec<_>> =
            lists.into_iter().map(|(language, words)| words.map(|words| (language, words))).collect();
        lists.map(Self)
    }

    fn absent() -> Option<Self> {
        Some(Self::default())
    }

    fn list_keys(keys: &mut BTreeSet<&'static str>) {
        Text::list_keys(keys);
    }
}

section! {
    /// How limits, amounts and times are said to customers.
    pub struct Wording (check_patterns) {
        /// A limit in minutes; `{n}` is the number.
        pub minutes: Text,
        /// A limit in hours.
        pub hours: Text,
        /// A limit in calendar days.
        pub days: Text,
        /// A limit in working days.
        pub working_days: Text,
        /// A limit in working hours.
        pub working_hours: Text,
        /// An amount; `{amount}` is the number, `{currency}` its ISO code.
        pub money: Text,
        /// A local time, in chrono's format language.
        pub date_time: Text,
        /// What a customer is called whose name is not known.
        pub unknown_customer: Text,
        /// What stands for a waybill number that is not known.
        pub unknown_waybill: Text,
    }
}

impl Wording {
    fn check_patterns(&self, _at: Span, report: &mut Report<'_>) {
        let limits = [&self.minutes, &self.hours, &self.days, &self.working_days, &self.working_hours];
        for (_, text) in limits.into_iter().flat_map(Text::placed) {
            check_placeholders(text, &["n"], report);
        }
        for (_, text) in self.money.placed() {
            check_placeholders(text, &["amount", "currency"], report);
        }
        for (_, text) in self.date_time.placed() {
            if StrftimeItems::new(&text.value).any(|item| item == Item::Error) {
                report.add(
                    text.at,
                    format!("`{}` is no time format", text.value),
                    "such as \"%Y-%m-%d %H:%M\"",
                );
            }
        }
    }

    /// A limit, such as `3个工作日内`.
    #[must_use]
    pub fn limit(&self, limit: Limit, language: Language) -> String {
        let text = match limit.unit() {
            Unit::Minutes => &self.minutes,
            Unit::Hours => &self.hours,
            Unit::Days => &self.days,
            Unit::WorkingDays => &self.working_days,
            Unit::WorkingHours => &self.working_hours,
        };
        text.get(language).replace("{n}", &limit.amount().to_string())
    }

    /// An amount, such as `500.00元`.
    #[must_use]
    pub fn money(&self, money: Money, language: Language) -> String {
        let shown = money.to_string();
        let (amount, currency) = shown.split_once(' ').unwrap_or((&shown, ""));
        self.money.get(language).replace("{amount}", amount).replace("{currency}", currency)
    }

    /// A local time, such as `11月25日18:00`. The caller turns an instant into local time by its calendar's zone.
    #[must_use]
    pub fn date_time(&self, local: NaiveDateTime, language: Language) -> String {
        local.format(self.date_time.get(language)).to_string()
    }
}
