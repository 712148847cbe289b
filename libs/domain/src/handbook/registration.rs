//! What is recorded when a complaint comes in, and what is noticed at once (M2).

use std::collections::BTreeSet;

use super::cel::{Condition, EvaluationError};
use super::facts::Facts;
use super::names::{Id, Ref, kinds};
use super::problem::Report;
use super::read::{Cite, section};
use super::source::Span;
use super::tables::{ForEach, List, Listed, Placed, refuse_repeated};
use super::text::{Text, WordLists};
use super::vocabulary::{Channel, ChannelKind, DesiredSolution, Field, ProblemType, Role};
use super::{Handbook, rule_ref};
use crate::RuleRef;

section! {
    /// The chapter `[registration]`.
    pub struct Registration {
        /// The channels that are offered.
        pub channels: List<ChannelRule>,
        /// What is recorded.
        pub fields: List<FieldRule>,
        /// What customers call their problem.
        pub problem_types: ForEach<ProblemType, ProblemTypeRule>,
        /// What customers ask for.
        pub desired_solutions: ForEach<DesiredSolution, DesiredSolutionRule>,
        /// What is reported to risk management at once.
        pub risk_rules: Vec<RiskRule>,
        /// Why a complaint may be refused.
        pub refusal_grounds: Vec<RefusalGround>,
        /// Patterns that guess the carrier of a waybill number. They never reject one.
        pub carriers: Vec<Carrier>,
        /// Phrases that no message to a customer may contain.
        pub mechanical_phrases: WordLists,
    }

    /// A channel that is offered: `[[registration.channels]]`.
    pub struct ChannelRule {
        /// Which one.
        pub id: Placed<Channel>,
        /// Clause of the source.
        pub cite: Cite,
        /// What it is called.
        pub name: Text,
        /// How it behaves.
        pub kind: ChannelKind,
        /// It proves delivery (X6).
        pub receipts: bool,
        /// Channels that answer in its place where it cannot carry an answer itself, best first.
        pub reply_through: Vec<Placed<Channel>>,
    }

    /// Something that is recorded: `[[registration.fields]]`.
    pub struct FieldRule {
        /// Which one.
        pub id: Placed<Field>,
        /// Clause of the source.
        pub cite: Cite,
        /// What it is called.
        pub name: Text,
        /// Where it is asked for; everywhere if left out.
        pub when: Option<Condition>,
    }

    /// What a customer calls the problem: `[registration.problem_types.<type>]`.
    pub struct ProblemTypeRule {
        /// Clause of the source.
        pub cite: Cite,
        /// What it is called.
        pub name: Text,
        /// The sub-type that it points to, where it points to one.
        pub subtype: Option<Ref<kinds::Subtype>>,
    }

    /// What a customer asks for: `[registration.desired_solutions.<solution>]`.
    pub struct DesiredSolutionRule {
        /// Clause of the source.
        pub cite: Cite,
        /// What it is called.
        pub name: Text,
    }

    /// What is reported at once: `[[registration.risk_rules]]` (M2.3b).
    pub struct RiskRule {
        /// Name of the rule.
        pub id: Id<kinds::RiskRule>,
        /// Clause of the source.
        pub cite: Cite,
        /// What the risk is called.
        pub name: Text,
        /// When it is there.
        pub when: Condition,
        /// To whom it is reported.
        pub audience: Role,
    }

    /// Why a complaint may be refused: `[[registration.refusal_grounds]]`.
    pub struct RefusalGround {
        /// Name of the ground.
        pub id: Id<kinds::RefusalGround>,
        /// Clause of the source.
        pub cite: Cite,
        /// The reason, as the customer is told.
        pub reason: Text,
    }

    /// How a carrier's waybill numbers look: `[[registration.carriers]]`.
    pub struct Carrier {
        /// Code of the carrier.
        pub code: String,
        /// Patterns: `#` is a digit, `@` a letter, `?` either, everything else itself.
        pub patterns: Vec<String>,
    }
}

impl Listed for ChannelRule {
    fn check_list(list: &[Self], at: Span, report: &mut Report<'_>) {
        if list.is_empty() {
            report.add(at, "no channel is offered", "at least one");
        }
        refuse_repeated(list.iter().map(|channel| channel.id), report);
        for reply in list.iter().flat_map(|channel| &channel.reply_through) {
            let carries =
                |channel: &Self| channel.id.value == reply.value && channel.reply_through.is_empty();
            if !list.iter().any(carries) {
                let wrong = format!("answers cannot go through `{}`", reply.value);
                report.add(reply.at, wrong, "an offered channel that carries answers itself");
            }
        }
    }
}

impl Listed for FieldRule {
    fn check_list(list: &[Self], _at: Span, report: &mut Report<'_>) {
        refuse_repeated(list.iter().map(|field| field.id), report);
    }
}

impl Handbook {
    /// The rule of a channel, if the handbook offers it.
    #[must_use]
    pub fn channel(&self, channel: Channel) -> Option<&ChannelRule> {
        self.registration.channels.iter().find(|rule| rule.id.value == channel)
    }

    /// The channels through which an answer to a complaint from `channel` goes, best first: the original one unless
    /// it cannot carry answers (M2.3a).
    #[must_use]
    pub fn reply_channels(&self, channel: Channel) -> Vec<Channel> {
        match self.channel(channel) {
            Some(rule) if !rule.reply_through.is_empty() => {
                rule.reply_through.iter().map(|reply| reply.value).collect()
            }
            _ => vec![channel],
        }
    }

    /// What should have been recorded and is not among `present` (M2.2).
    ///
    /// # Errors
    /// [`EvaluationError`] on arithmetic overflow in a condition.
    pub fn missing_fields(
        &self,
        present: &BTreeSet<Field>,
        facts: &Facts,
    ) -> Result<Vec<&FieldRule>, EvaluationError> {
        let scope = self.scope(facts);
        let mut missing = Vec::new();
        for rule in self.registration.fields.iter() {
            if !present.contains(&rule.id.value) && scope.holds_if_any(rule.when.as_ref())? {
                missing.push(rule);
            }
        }
        Ok(missing)
    }

    /// What a problem type means.
    #[must_use]
    pub fn problem_type(&self, problem: ProblemType) -> &ProblemTypeRule {
        self.registration.problem_types.get(problem)
    }

    /// What a desired solution means.
    #[must_use]
    pub fn desired_solution(&self, solution: DesiredSolution) -> &DesiredSolutionRule {
        self.registration.desired_solutions.get(solution)
    }

    /// The risks that must be reported (M2.3b).
    ///
    /// # Errors
    /// [`EvaluationError`] on arithmetic overflow in a condition.
    pub fn risks(&self, facts: &Facts) -> Result<Vec<&RiskRule>, EvaluationError> {
        let scope = self.scope(facts);
        let mut risks = Vec::new();
        for rule in &self.registration.risk_rules {
            if scope.holds(&rule.when)? {
                risks.push(rule);
            }
        }
        Ok(risks)
    }

    /// A ground for refusing, if the handbook knows it.
    #[must_use]
    pub fn refusal_ground(&self, id: &str) -> Option<&RefusalGround> {
        self.registration.refusal_grounds.iter().find(|ground| ground.id.as_str() == id)
    }

    /// The carrier that a waybill number looks like.
    #[must_use]
    pub fn guess_carrier(&self, waybill_no: &str) -> Option<&str> {
        let waybill_no: String = waybill_no.chars().filter(|c| !c.is_whitespace() && *c != '-').collect();
        let carriers = &self.registration.carriers;
        let found =
            carriers.iter().find(|carrier| carrier.patterns.iter().any(|pattern| fits(pattern, &waybill_no)));
        found.map(|carrier| carrier.code.as_str())
    }
}

impl RiskRule {
    /// The rule, for the record.
    #[must_use]
    pub fn rule_ref(&self) -> RuleRef {
        rule_ref("risk", &self.id, &self.cite)
    }
}

impl RefusalGround {
    /// The rule, for the record.
    #[must_use]
    pub fn rule_ref(&self) -> RuleRef {
        rule_ref("refusal", &self.id, &self.cite)
    }
}

impl FieldRule {
    /// The rule, for the record.
    #[must_use]
    pub fn rule_ref(&self) -> RuleRef {
        rule_ref("field", self.id.value.as_str(), &self.cite)
    }
}

impl ChannelRule {
    /// The rule, for the record.
    #[must_use]
    pub fn rule_ref(&self) -> RuleRef {
        rule_ref("channel", self.id.value.as_str(), &self.cite)
    }
}

fn fits(pattern: &str, text: &str) -> bool {
    pattern.chars().count() == text.chars().count()
        && pattern.chars().zip(text.chars()).all(|(wanted, found)| match wanted {
            '#' => found.is_ascii_digit(),
            '@' => found.is_ascii_alphabetic(),
            '?' => found.is_ascii_alphanumeric(),
            _ => wanted.eq_ignore_ascii_case(&found),
        })
}
