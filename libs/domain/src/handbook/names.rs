//! Names that a handbook defines, and their uses. [`Id`] defines, [`Ref`] uses; both are resolved when the whole
//! file has been read, so the order in the file does not matter.

use std::collections::BTreeMap;
use std::fmt;
use std::marker::PhantomData;
use std::ops::Deref;

use super::problem::Report;
use super::read::{FromToml, Node, string};
use super::source::Span;

macro_rules! name_kinds {
    ($($(#[$meta:meta])* $kind:ident = $what:literal,)+) => {
        /// What a name stands for. Names of different kinds do not collide.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
        pub enum NameKind {
            $($(#[$meta])* $kind,)+
        }

        impl NameKind {
            /// What it is called in messages.
            #[must_use]
            pub const fn what(self) -> &'static str {
                match self { $(Self::$kind => $what,)+ }
            }
        }

        /// The kinds of names as types, for [`Id`] and [`Ref`].
        pub mod kinds {
            $($(#[$meta])* #[derive(Clone, Copy, Debug)] pub struct $kind;
            impl super::Kind for $kind {
                const KIND: super::NameKind = super::NameKind::$kind;
            })+
        }
    };
}

name_kinds! {
    /// A department of the enterprise.
    Department = "department",
    /// An escalation ladder.
    Ladder = "ladder",
    /// A figure that conditions can use.
    Figure = "figure",
    /// A ground for refusing a complaint.
    RefusalGround = "refusal ground",
    /// A rule that reports a risk.
    RiskRule = "risk rule",
    /// A sub-type of a category.
    Subtype = "sub-type",
    /// A rule that sets the priority.
    PriorityRule = "priority rule",
    /// A rule that dispatches.
    DispatchRule = "dispatch rule",
    /// An item of the evidence checklist.
    ChecklistItem = "checklist item",
    /// A cause that an investigation can find.
    Cause = "cause",
    /// A party that can be responsible.
    Party = "party",
    /// A principle of solutions.
    Principle = "principle",
    /// A solution.
    Remedy = "remedy",
    /// A step of the approval ladder.
    Rung = "rung",
    /// A rule that asks for at least a rung.
    Floor = "floor",
    /// A rule on how long a closed case is kept.
    RetentionRule = "retention rule",
    /// A question of the survey.
    Question = "question",
    /// A target of the monthly review.
    Target = "target",
    /// A measure of improvement.
    Improvement = "improvement",
}

/// A kind of names as a type.
pub trait Kind {
    /// The same as a value.
    const KIND: NameKind;
}

/// A name at the place that defines it.
pub struct Id<K>(Name<K>);

/// A name at a place that uses it. In a loaded handbook it is always defined.
pub struct Ref<K>(Name<K>);

struct Name<K> {
    text: String,
    at: Span,
    kind: PhantomData<fn() -> K>,
}

macro_rules! name_access {
    ($name:ident) => {
        impl<K> $name<K> {
            /// The name.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0.text
            }
        }

        impl<K> Clone for $name<K> {
            fn clone(&self) -> Self {
                Self(Name { text: self.0.text.clone(), at: self.0.at, kind: PhantomData })
            }
        }

        impl<K> Deref for $name<K> {
            type Target = str;

            fn deref(&self) -> &str {
                &self.0.text
            }
        }

        impl<K> fmt::Display for $name<K> {
            fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.pad(&self.0.text)
            }
        }

        impl<K> fmt::Debug for $name<K> {
            fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Debug::fmt(&self.0.text, formatter)
            }
        }
    };
}

name_access!(Id);
name_access!(Ref);

impl<K> Id<K> {
    /// Where it stands in the file.
    pub(crate) fn at(&self) -> Span {
        self.0.at
    }
}

impl<K: Kind> FromToml for Id<K> {
    const EXPECTED: &'static str = "a name of lower-case letters, digits and `_`";

    fn read(node: &Node<'_>, report: &mut Report<'_>) -> Option<Self> {
        let name = read_name(node, Self::EXPECTED, report)?;
        report.define(K::KIND, &name.text, name.at);
        Some(Self(name))
    }
}

impl<K: Kind> FromToml for Ref<K> {
    const EXPECTED: &'static str = "a name that the handbook defines";

    fn read(node: &Node<'_>, report: &mut Report<'_>) -> Option<Self> {
        let name = read_name(node, Self::EXPECTED, report)?;
        report.refer(K::KIND, &name.text, name.at);
        Some(Self(name))
    }
}

fn read_name<K>(node: &Node<'_>, expected: &str, report: &mut Report<'_>) -> Option<Name<K>> {
    let text = string(node, expected, report)?.to_owned();
    let at = Span::from(node.span());
    if !is_name(&text) {
        report.add(at, format!("`{text}` is no name"), Id::<kinds::Rung>::EXPECTED);
        return None;
    }
    Some(Name { text, at, kind: PhantomData })
}

/// Whether `text` can name something: `snake_case` in ASCII.
pub(crate) fn is_name(text: &str) -> bool {
    text.starts_with(|first: char| first.is_ascii_lowercase())
        && text.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_')
}

/// The names that a handbook has defined, in the order of the file.
#[derive(Default)]
pub(crate) struct Definitions(BTreeMap<NameKind, Vec<(String, Span)>>);

impl Definitions {
    /// Adds a name; gives the place of an earlier definition if there is one.
    pub(crate) fn define(&mut self, kind: NameKind, name: &str, at: Span) -> Option<Span> {
        let defined = self.0.entry(kind).or_default();
        if let Some((_, first)) = defined.iter().find(|(known, _)| known == name) {
            return Some(*first);
        }
        defined.push((name.to_owned(), at));
        None
    }

    /// All names of a kind.
    pub(crate) fn names(&self, kind: NameKind) -> Vec<&str> {
        self.0.get(&kind).into_iter().flatten().map(|(name, _)| name.as_str()).collect()
    }
}
