//! Tables with other than fixed keys: by name, by word, by priority.

use std::collections::{BTreeMap, BTreeSet};
use std::marker::PhantomData;
use std::ops::Deref;

use super::names::{Id, Kind, is_name, kinds};
use super::problem::Report;
use super::read::{FromToml, Node, Section, read_word};
use super::source::Span;
use super::vocabulary::{Priority, Word};

/// A value that keeps its place, for checks that come later.
#[derive(Clone, Copy, Debug)]
pub struct Placed<T> {
    /// The value.
    pub value: T,
    pub(crate) at: Span,
}

impl<T: FromToml> FromToml for Placed<T> {
    const EXPECTED: &'static str = T::EXPECTED;

    fn read(node: &Node<'_>, report: &mut Report<'_>) -> Option<Self> {
        Some(Self { value: T::read(node, report)?, at: node.span().into() })
    }

    fn list_keys(keys: &mut BTreeSet<&'static str>) {
        T::list_keys(keys);
    }
}

/// A table whose keys are names that it defines, such as `[departments.<name>]`.
#[derive(Clone, Debug)]
pub struct Named<K, V> {
    values: BTreeMap<String, V>,
    kind: PhantomData<fn() -> K>,
}

impl<K, V> Named<K, V> {
    /// The value of a name.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&V> {
        self.values.get(name)
    }

    /// All names with their values.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &V)> {
        self.values.iter().map(|(name, value)| (name.as_str(), value))
    }
}

impl<K: Kind, V: FromToml> FromToml for Named<K, V> {
    const EXPECTED: &'static str = "a table of tables, one for each name";

    fn read(node: &Node<'_>, report: &mut Report<'_>) -> Option<Self> {
        let section = Section::open(node, Self::EXPECTED, report)?;
        let mut values = Some(BTreeMap::new());
        for (key, value) in section.table {
            let name = key.get_ref().as_ref();
            if !is_name(name) {
                let expected = Id::<kinds::Figure>::EXPECTED;
                report.add(key.span().into(), format!("`{name}` is no name"), expected);
            }
            report.define(K::KIND, name, key.span().into());
            match (V::read(value, report), &mut values) {
                (Some(value), Some(values)) => drop(values.insert(name.to_owned(), value)),
                (None, _) => values = None,
                (Some(_), None) => {}
            }
        }
        values.map(|values| Self { values, kind: PhantomData })
    }

    fn absent() -> Option<Self> {
        Some(Self { values: BTreeMap::new(), kind: PhantomData })
    }

    fn list_keys(keys: &mut BTreeSet<&'static str>) {
        V::list_keys(keys);
    }
}

/// Rules in a list that only makes sense as a whole.
#[derive(Clone, Debug)]
pub struct List<T>(Vec<T>);

/// Rules that are checked together.
pub(crate) trait Listed: FromToml {
    /// Notes what is wrong with the list that begins at `at`.
    fn check_list(list: &[Self], at: Span, report: &mut Report<'_>);
}

impl<T> Deref for List<T> {
    type Target = [T];

    fn deref(&self) -> &[T] {
        &self.0
    }
}

impl<T: Listed> FromToml for List<T> {
    const EXPECTED: &'static str = "a list";

    fn read(node: &Node<'_>, report: &mut Report<'_>) -> Option<Self> {
        let list = Vec::<T>::read(node, report)?;
        T::check_list(&list, node.span().into(), report);
        Some(Self(list))
    }

    fn list_keys(keys: &mut BTreeSet<&'static str>) {
        T::list_keys(keys);
    }
}

/// Notes every value that stands in a list twice.
pub(crate) fn refuse_repeated<W: Word>(values: impl Iterator<Item = Placed<W>>, report: &mut Report<'_>) {
    let mut seen = BTreeSet::new();
    for value in values {
        if !seen.insert(value.value) {
            let wrong = format!("duplicate {} `{}`", W::WHAT, value.value.word());
            report.add(value.at, wrong, format!("each {} once", W::WHAT));
        }
    }
}

/// A table with one value for every word of a list, such as `[deadlines.<kind>]`.
#[derive(Clone, Debug)]
pub struct ForEach<W, V>(Vec<(W, V)>);

impl<W: Word, V> ForEach<W, V> {
    /// The value of a word.
    #[must_use]
    pub fn get(&self, word: W) -> &V {
        self.0
            .iter()
            .find(|(known, _)| *known == word)
            .map(|(_, value)| value)
            .expect("a table for each word is only made when it has them all")
    }

    /// All words with their values.
    pub fn iter(&self) -> impl Iterator<Item = (W, &V)> {
        self.0.iter().map(|(word, value)| (*word, value))
    }
}

impl<W: Word, V: FromToml> FromToml for ForEach<W, V> {
    const EXPECTED: &'static str = "a table of tables, one for each word of the list";

    fn read(node: &Node<'_>, report: &mut Report<'_>) -> Option<Self> {
        let section = Section::open(node, Self::EXPECTED, report)?;
        for key in section.table.keys() {
            let _: Option<W> = read_word(key.get_ref(), key.span().into(), report);
        }
        let mut values = Vec::new();
        let mut complete = true;
        for word in W::all() {
            match section.table.get(word.word()) {
                Some(node) => match V::read(node, report) {
                    Some(value) => values.push((*word, value)),
                    None => complete = false,
                },
                None => {
                    let wrong = format!("there is nothing for the {} `{}`", W::WHAT, word.word());
                    report.add(section.at, wrong, format!("a key `{}` with {}", word.word(), V::EXPECTED));
                    complete = false;
                }
            }
        }
        complete.then_some(Self(values))
    }

    fn list_keys(keys: &mut BTreeSet<&'static str>) {
        keys.extend(W::all().iter().map(|word| word.word()));
        V::list_keys(keys);
    }
}

/// A value for each priority: written once, or as `{ urgent = …, important = …, general = … }`.
#[derive(Clone, Copy, Debug)]
pub struct ByPriority<T> {
    urgent: T,
    important: T,
    general: T,
}

impl<T> ByPriority<T> {
    /// The value for a priority.
    #[must_use]
    pub fn get(&self, priority: Priority) -> &T {
        match priority {
            Priority::Urgent => &self.urgent,
            Priority::Important => &self.important,
            Priority::General => &self.general,
        }
    }
}

impl<T: FromToml + Clone> FromToml for ByPriority<T> {
    const EXPECTED: &'static str = T::EXPECTED;

    fn read(node: &Node<'_>, report: &mut Report<'_>) -> Option<Self> {
        if !node.get_ref().is_table() {
            let value = T::read(node, report)?;
            return Some(Self { urgent: value.clone(), important: value.clone(), general: value });
        }
        let section = Section::open(node, Self::EXPECTED, report)?;
        section.refuse_unknown(&["urgent", "important", "general"], report);
        let [urgent, important, general] =
            ["urgent", "important", "general"].map(|priority| section.take(priority, report));
        Some(Self { urgent: urgent?, important: important?, general: general? })
    }

    fn list_keys(keys: &mut BTreeSet<&'static str>) {
        keys.extend(["urgent", "important", "general"]);
        T::list_keys(keys);
    }
}
