//! The words of every message that the suite sends.

use std::collections::BTreeMap;

use super::problem::Report;
use super::read::{Cite, section};
use super::source::{Span, offset_in_string};
use super::tables::Placed;
use super::text::{Text, WordLists};
use super::vocabulary::{Language, NoticeKey};
use super::{Handbook, rule_ref};
use crate::RuleRef;

section! {
    /// The words of a message: `[notices.<key>]`.
    pub struct NoticeRule {
        /// Clause of the source.
        pub cite: Cite,
        /// The words, with `{placeholders}`.
        pub text: Text,
        /// What the text must contain in each language, so that nobody edits it away.
        pub must_say: WordLists,
    }
}

/// A message of a handbook.
#[derive(Clone, Copy, Debug)]
pub struct Notice<'b> {
    key: NoticeKey,
    rule: &'b NoticeRule,
}

/// A placeholder of a message has no value.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the notice `{notice}` needs a value for `{{{placeholder}}}`")]
pub struct MissingParameter {
    /// The message.
    pub notice: NoticeKey,
    /// The placeholder.
    pub placeholder: String,
}

/// Placeholders that every message may use; the service that sends fills them in.
pub const SENDER_PLACEHOLDERS: &[&str] = &["case_number", "customer_name", "waybill_no"];

impl NoticeKey {
    /// Whether it goes to the customer; otherwise it goes to staff.
    #[must_use]
    pub const fn is_for_customer(self) -> bool {
        !matches!(self, Self::Escalation | Self::RiskReport | Self::ApprovalRequest | Self::EvidenceRequest)
    }

    /// The placeholders that whoever asks for it fills in. A text need not use them all.
    #[must_use]
    pub const fn placeholders(self) -> &'static [&'static str] {
        match self {
            Self::Acknowledgement => &["problem", "reply_by"],
            Self::MissingDetails => &["missing"],
            Self::Progress => &["progress"],
            Self::MaterialRequest | Self::EvidenceRequest => &["materials", "due"],
            Self::ExtensionNotice | Self::Obstacle => &["reason", "due"],
            Self::Findings => &["findings"],
            Self::Offer => &["solution", "prevention"],
            Self::ObjectionReceived => &["due"],
            Self::HandlingNotice => &["findings", "solution", "prevention"],
            Self::PaymentAccepted => &["amount", "due"],
            Self::RemedyExecuted => &["remedy"],
            Self::PromiseInDanger => &["promise", "due"],
            Self::FinalPosition => &["solution", "reason"],
            Self::Refusal => &["reason"],
            Self::WithdrawalConfirmed | Self::Closed | Self::Reopened | Self::FollowUp => &[],
            Self::SurveyInvitation => &["link", "due"],
            Self::Escalation => &["deadline", "due", "action"],
            Self::RiskReport => &["risks"],
            Self::ApprovalRequest => &["amount", "rung", "due"],
        }
    }
}

impl Handbook {
    /// The words of a message.
    #[must_use]
    pub fn notice(&self, key: NoticeKey) -> Notice<'_> {
        Notice { key, rule: self.notices.get(key) }
    }

    /// The phrases in a text that no message to a customer may contain (M2.3a).
    #[must_use]
    pub fn mechanical_phrases<'b>(&'b self, language: Language, text: &str) -> Vec<&'b str> {
        let text = text.to_lowercase();
        self.registration.mechanical_phrases.of(language).filter(|phrase| says(&text, phrase)).collect()
    }
}

/// Whether a text, given in lower case, contains a phrase in any case: sentences begin with capitals.
pub(super) fn says(lower_case_text: &str, phrase: &str) -> bool {
    lower_case_text.contains(&phrase.to_lowercase())
}

impl Notice<'_> {
    /// Which message it is.
    #[must_use]
    pub const fn key(&self) -> NoticeKey {
        self.key
    }

    /// The rule, for the record.
    #[must_use]
    pub fn rule_ref(&self) -> RuleRef {
        rule_ref("notice", self.key.as_str(), &self.rule.cite)
    }

    /// The placeholders that its text uses in a language.
    #[must_use]
    pub fn placeholders(&self, language: Language) -> Vec<&str> {
        pieces(self.rule.text.get(language)).filter_map(|(_, _, placeholder)| placeholder).collect()
    }

    /// The message in a language, its placeholders replaced.
    ///
    /// # Errors
    /// [`MissingParameter`] for a placeholder of the text that has no value.
    pub fn render(
        &self,
        language: Language,
        parameters: &BTreeMap<String, String>,
    ) -> Result<String, MissingParameter> {
        let mut rendered = String::new();
        for (_, words, placeholder) in pieces(self.rule.text.get(language)) {
            rendered.push_str(words);
            if let Some(placeholder) = placeholder {
                let missing = || MissingParameter { notice: self.key, placeholder: placeholder.to_owned() };
                rendered.push_str(parameters.get(placeholder).ok_or_else(missing)?);
            }
        }
        Ok(rendered)
    }
}

/// Notes every placeholder of a text that is none of `known`.
pub(crate) fn check_placeholders(text: &Placed<String>, known: &[&str], report: &mut Report<'_>) {
    for (begin, words, placeholder) in pieces(&text.value) {
        if let Some(placeholder) = placeholder.filter(|placeholder| !known.contains(placeholder)) {
            let start = offset_in_string(report.text, text.at, begin + words.len() + 1);
            report.add_unknown(Span { start, end: start }, "placeholder", placeholder, known);
        }
    }
}

/// Cuts a text at its placeholders: where the piece begins, its words, and the placeholder that follows them.
pub(crate) fn pieces(text: &str) -> impl Iterator<Item = (usize, &str, Option<&str>)> {
    let mut at = 0;
    std::iter::from_fn(move || {
        let rest = text.get(at..).filter(|rest| !rest.is_empty())?;
        let begin = at;
        let placeholder = rest.split_once('{').and_then(|(words, after)| {
            let (placeholder, _) = after.split_once('}')?;
            Some((words, placeholder))
        });
        match placeholder {
            Some((words, placeholder)) => {
                at += words.len() + placeholder.len() + 2;
                Some((begin, words, Some(placeholder)))
            }
            None => {
                at = text.len();
                Some((begin, rest, None))
            }
        }
    })
}
