//! A complaint handbook, read from one TOML file: the rules that Redress carries out.
//!
//! [`Handbook::parse`] reads a file and notes **everything** that is wrong with it, each with line, column, what is
//! wrong and what was expected; a handbook with a fault is not loaded. After that every question has an answer, and
//! nothing is left to go wrong but arithmetic overflow in a formula.
//!
//! * The chapters ([`registration`], [`triage`], [`investigation`], [`remedies`], [`resolution`], [`closing`],
//!   [`survey`]) hold the structs that mirror the file and, as methods of [`Handbook`], the questions that services
//!   ask. An answer that decides something comes with its [`RuleRef`], so that it can be stored with its clause.
//! * [`vocabulary`] has the closed lists of words that code acts on. What a handbook may name itself is in [`names`].
//! * Conditions and formulas are CEL over the table in [`facts`]; they are checked when the file is loaded.
//! * No figure of a rule stands in this code. How a file is written is told in `deploy/handbooks/README.md`.

mod cel;
mod check;
pub mod closing;
pub mod deadlines;
pub mod facts;
pub mod investigation;
mod keywords;
pub mod names;
pub mod notices;
mod problem;
mod read;
pub mod registration;
pub mod remedies;
pub mod resolution;
mod source;
pub mod survey;
mod tables;
#[cfg(test)]
mod tests;
pub mod text;
pub mod triage;
mod typing;
pub mod vocabulary;
mod words;

use std::collections::BTreeSet;

use chrono::NaiveDate;
use sha2::{Digest, Sha256};
use toml::de::DeTable;

pub use self::cel::{Condition, EvaluationError, Formula, Scope};
pub use self::closing::{Closing, Gate, Reopening, RetentionRule};
pub use self::deadlines::{Deadline, DeadlineRule, Ladder, Law, Step};
pub use self::facts::{
    CaseFacts, CustomerFacts, Domain, FactInfo, FactType, Facts, IncidentFacts, InvestigationFacts,
    OrderFacts, ResolutionFacts, fact_table,
};
pub use self::investigation::{Cause, ChecklistItem, Extension, Investigation, Party};
pub use self::keywords::Place;
pub use self::notices::{MissingParameter, Notice, NoticeRule};
pub use self::problem::{HandbookErrors, Problem};
pub use self::read::{Cite, TimeOfDay};
pub use self::registration::{ChannelRule, FieldRule, RefusalGround, Registration, RiskRule};
pub use self::remedies::{AmountError, AmountRange, Part, Remedy, RemedyKindRule, RemedyMatch};
pub use self::resolution::{Execution, Floor, HandlingNotice, Objection, Resolution, Rung};
pub use self::survey::{FollowUp, Improvement, Question, Review, Survey, Target};
pub use self::tables::{ByPriority, ForEach, List, Named, Placed};
pub use self::text::{Text, WordLists, Wording};
pub use self::triage::{DetectedSignal, DispatchRule, IncidentRule, Subtype, Suggestion, Triage};
pub use self::vocabulary::*;

use self::keywords::Lexicon;
use self::names::kinds;
use self::problem::Report;
use self::read::{FromToml, Section, section};
use self::source::Span;
use crate::{Currency, RuleRef};

section! {
    /// A department: `[departments.<name>]`.
    pub struct Department {
        /// What it is called.
        pub name: Text,
    }

    /// The title of a role: `[roles.<role>]`.
    pub struct RoleRule {
        /// What it is called.
        pub name: Text,
    }
}

macro_rules! handbook {
    ($($(#[$meta:meta])* $field:ident: $type:ty,)+) => {
        /// A handbook, loaded and checked.
        #[derive(Clone, Debug)]
        pub struct Handbook {
            $($(#[$meta])* pub $field: $type,)+
            hash: String,
            subtype_words: Lexicon,
            signal_words: Lexicon,
        }

        /// What could be read of a handbook.
        struct Draft {
            $($field: Option<$type>,)+
        }

        impl Draft {
            fn read(section: &Section<'_, '_>, report: &mut Report<'_>) -> Self {
                section.refuse_unknown(&[$(stringify!($field),)+], report);
                Self { $($field: section.take(stringify!($field), report),)+ }
            }

            fn finish(self, hash: String) -> Option<Handbook> {
                Some(Handbook {
                    $($field: self.$field?,)+
                    hash,
                    subtype_words: Lexicon::default(),
                    signal_words: Lexicon::default(),
                })
            }
        }

        impl Handbook {
            /// Every key that a handbook file can have, at any depth.
            #[must_use]
            pub fn keys() -> BTreeSet<&'static str> {
                let mut keys = BTreeSet::new();
                $(keys.insert(stringify!($field));
                <$type as FromToml>::list_keys(&mut keys);)+
                keys
            }
        }
    };
}

handbook! {
    /// Its name, such as `courier-manual`.
    id: String,
    /// Its version, such as `2026.1`.
    version: String,
    /// Its title.
    title: Text,
    /// The document that it puts into rules.
    source: Text,
    /// The clause that puts it in force.
    cite: Cite,
    /// The first day on which cases may be registered under it.
    effective_from: NaiveDate,
    /// The calendar that its limits are counted in.
    calendar: String,
    /// The currency of all its amounts.
    currency: Currency,
    /// The language of customers who have stated none.
    language: Language,
    /// Figures that conditions and formulas can use as `figures.<name>`.
    figures: Named<kinds::Figure, i64>,
    /// The departments.
    departments: Named<kinds::Department, Department>,
    /// The titles of the roles.
    roles: ForEach<Role, RoleRule>,
    /// The escalation ladders.
    ladders: Named<kinds::Ladder, Ladder>,
    /// The deadlines.
    deadlines: ForEach<DeadlineKind, DeadlineRule>,
    /// What is recorded when a complaint comes in.
    registration: Registration,
    /// What a complaint is, how urgent it is, who gets it.
    triage: Triage,
    /// How it is found out what happened.
    investigation: Investigation,
    /// What is offered, who approves it, how it is carried out.
    resolution: Resolution,
    /// When a case may be closed.
    closing: Closing,
    /// What customers are asked, and what the review looks at.
    survey: Survey,
    /// The words of every message.
    notices: ForEach<NoticeKey, NoticeRule>,
    /// How limits, amounts and times are said.
    wording: Wording,
}

/// The longest text that is read as a handbook, in bytes.
pub const HANDBOOK_BYTES_MAX: usize = 4_000_000;

impl Handbook {
    /// Reads and checks a handbook. `file` is only used to name it in errors.
    ///
    /// # Errors
    /// [`HandbookErrors`] with every problem. While the file is no TOML, only that is reported.
    pub fn parse(file: &str, text: &str) -> Result<Self, HandbookErrors> {
        let mut report = Report::new(text);
        let handbook = Self::load(text, &mut report);
        match handbook {
            Some(handbook) if report.is_clean() => Ok(handbook),
            _ => Err(HandbookErrors { file: file.to_owned(), problems: report.into_problems() }),
        }
    }

    fn load(text: &str, report: &mut Report<'_>) -> Option<Self> {
        if text.len() > HANDBOOK_BYTES_MAX {
            let wrong = format!("this file has {} bytes", text.len());
            report.add(Span::default(), wrong, format!("at most {HANDBOOK_BYTES_MAX}"));
            return None;
        }
        let (table, errors) = DeTable::parse_recoverable(text);
        for error in &errors {
            let at = error.span().map(Span::from).unwrap_or_default();
            let (wrong, expected) =
                error.message().split_once(", expected ").unwrap_or((error.message(), "TOML"));
            report.add(at, wrong, expected);
        }
        if !errors.is_empty() {
            return None;
        }
        let draft = Draft::read(&Section::root(table.get_ref()), report);
        report.resolve();
        check::Chapters {
            deadlines: draft.deadlines.as_ref(),
            registration: draft.registration.as_ref(),
            investigation: draft.investigation.as_ref(),
            resolution: draft.resolution.as_ref(),
            survey: draft.survey.as_ref(),
            notices: draft.notices.as_ref(),
        }
        .check(report);
        let mut handbook = draft.finish(hex::encode(Sha256::digest(text.as_bytes())))?;
        handbook.index_words();
        Some(handbook)
    }

    fn index_words(&mut self) {
        for (target, subtype) in self.triage.subtypes.iter().enumerate() {
            self.subtype_words.add(target, &subtype.keywords, &subtype.except);
        }
        for (target, (_, signal)) in self.triage.signals.iter().enumerate() {
            self.signal_words.add(target, &signal.keywords, &signal.except);
        }
    }

    /// SHA-256 of the file's text, in lower-case hexadecimal digits.
    #[must_use]
    pub fn hash(&self) -> &str {
        &self.hash
    }

    /// The facts and figures in a form in which conditions and formulas can be evaluated.
    #[must_use]
    pub fn scope(&self, facts: &Facts) -> Scope {
        Scope::new(facts, self.figures.iter().map(|(name, figure)| (name, *figure)))
    }

    /// The language of messages to a customer who has stated `tag`, a BCP 47 tag or nothing: that one where notices
    /// can be written in it, else the handbook's own where nothing is stated, else English.
    #[must_use]
    pub fn language_of(&self, tag: &str) -> Language {
        if tag.is_empty() { self.language } else { Language::of_tag(tag).unwrap_or(Language::En) }
    }

    /// What a department is called.
    #[must_use]
    pub fn department(&self, name: &str) -> Option<&Text> {
        self.departments.get(name).map(|department| &department.name)
    }

    /// What a role is called.
    #[must_use]
    pub fn role(&self, role: Role) -> &Text {
        &self.roles.get(role).name
    }
}

/// A rule for the record: `<kind>.<name>`, such as `priority.special_goods`.
fn rule_ref(kind: &str, name: &str, cite: &Cite) -> RuleRef {
    RuleRef { id: format!("{kind}.{name}"), cite: cite.as_str().to_owned() }
}
