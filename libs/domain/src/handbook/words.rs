//! What a closed list of words is: code acts on each of them, so a handbook can use them and not add to them.

use crate::DeadlineBasis;

/// A closed list of words.
pub trait Word: Copy + Eq + Ord + Sized + 'static {
    /// What one of them is called, such as `priority`.
    const WHAT: &'static str;

    /// All of them as they are written, in their order.
    const WORDS: &'static [&'static str];

    /// All of them, in their order.
    fn all() -> &'static [Self];

    /// The word as it is written in handbooks, facts and events.
    fn word(self) -> &'static str;
}

/// A text that is not in the list it should be from.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is no {what}; expected one of {}", .known.join(", "))]
pub struct UnknownWord {
    /// What it should have been.
    pub what: &'static str,
    /// What was given.
    pub text: String,
    /// What there is.
    pub known: &'static [&'static str],
}

/// Declares closed lists of words.
macro_rules! vocabulary {
    ($($(#[$meta:meta])* $name:ident ($what:literal) {
        $($(#[$variant_meta:meta])* $variant:ident = $word:literal,)+
    })+) => {$(
        $(#[$meta])*
        #[derive(
            Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize, serde::Deserialize,
        )]
        pub enum $name {
            $($(#[$variant_meta])* #[serde(rename = $word)] $variant,)+
        }

        impl $name {
            /// All of them, in their order.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)+];

            /// The word as it is written in handbooks, facts and events.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $word,)+ }
            }
        }

        impl crate::handbook::words::Word for $name {
            const WHAT: &'static str = $what;
            const WORDS: &'static [&'static str] = &[$($word,)+];

            fn all() -> &'static [Self] {
                Self::ALL
            }

            fn word(self) -> &'static str {
                self.as_str()
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                formatter.pad(self.as_str())
            }
        }

        impl std::str::FromStr for $name {
            type Err = crate::handbook::words::UnknownWord;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                crate::handbook::words::parse_word(text)
            }
        }
    )+};
}

/// The word of the list that `text` is.
pub(crate) fn parse_word<W: Word>(text: &str) -> Result<W, UnknownWord> {
    W::all().iter().copied().find(|known| known.word() == text).ok_or_else(|| UnknownWord {
        what: W::WHAT,
        text: text.to_owned(),
        known: W::WORDS,
    })
}
pub(crate) use vocabulary;

impl Word for DeadlineBasis {
    const WHAT: &'static str = "deadline basis";
    const WORDS: &'static [&'static str] = &["house", "statute", "promise", "action"];

    fn all() -> &'static [Self] {
        &[Self::House, Self::Statute, Self::Promise, Self::Action]
    }

    fn word(self) -> &'static str {
        match self {
            Self::House => "house",
            Self::Statute => "statute",
            Self::Promise => "promise",
            Self::Action => "action",
        }
    }
}
