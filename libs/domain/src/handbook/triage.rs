//! What a complaint is, how urgent it is, and who gets it (M3).

use super::cel::{Condition, EvaluationError};
use super::facts::Facts;
use super::keywords::Place;
use super::names::{Id, Ref, kinds};
use super::problem::Report;
use super::read::{Cite, section};
use super::source::Span;
use super::tables::{ForEach, List, Listed, Placed};
use super::text::{Text, WordLists};
use super::vocabulary::{
    Category, DeadlineKind, DispatchMode, IncidentKey, Language, Priority, Role, Signal,
};
use super::{Handbook, rule_ref};
use crate::{Limit, RuleRef};

section! {
    /// The chapter `[triage]`.
    pub struct Triage {
        /// The categories.
        pub categories: ForEach<Category, CategoryRule>,
        /// The sub-types.
        pub subtypes: Vec<Subtype>,
        /// The sub-type of a complaint that nothing else tells; a person then classifies it.
        pub unclassified: Ref<kinds::Subtype>,
        /// The priority that no rule raises.
        pub default_priority: DefaultPriority,
        /// What raises the priority. The highest that holds counts, and of equals the first.
        pub priority_rules: Vec<PriorityRule>,
        /// What makes many complaints one incident.
        pub incident: IncidentRule,
        /// How signals are found in texts.
        pub signals: ForEach<Signal, SignalRule>,
        /// Who gets a case: the first that holds.
        pub dispatch: List<DispatchRule>,
    }

    /// A category: `[triage.categories.<category>]`.
    pub struct CategoryRule {
        /// Clause of the source.
        pub cite: Cite,
        /// What it is called.
        pub name: Text,
    }

    /// A sub-type: `[[triage.subtypes]]`.
    pub struct Subtype {
        /// Its name in the system.
        pub id: Id<kinds::Subtype>,
        /// Clause of the source.
        pub cite: Cite,
        /// The category that it belongs to.
        pub category: Category,
        /// What it is called.
        pub name: Text,
        /// Words that point to it.
        pub keywords: WordLists,
        /// Phrases in which these words do not.
        pub except: WordLists,
    }

    /// The priority where no rule says otherwise.
    pub struct DefaultPriority {
        /// Clause of the source.
        pub cite: Cite,
        /// Which one.
        pub priority: Priority,
    }

    /// A rule that sets a priority: `[[triage.priority_rules]]`.
    pub struct PriorityRule {
        /// Name of the rule.
        pub id: Id<kinds::PriorityRule>,
        /// Clause of the source.
        pub cite: Cite,
        /// Which one.
        pub priority: Priority,
        /// When it holds.
        pub when: Condition,
    }

    /// What makes many complaints one incident.
    pub struct IncidentRule (check_size) {
        /// Clause of the source.
        pub cite: Cite,
        /// From how many different people on.
        pub people_min: Placed<u32>,
        /// Within how long.
        pub window: Limit,
        /// What they must share besides the primary sub-type: the first of these that the order has.
        pub same: Vec<IncidentKey>,
    }

    /// How a signal is found in texts: `[triage.signals.<signal>]`.
    pub struct SignalRule {
        /// Clause of the source.
        pub cite: Cite,
        /// What it is called.
        pub name: Text,
        /// Staff may raise it by hand.
        pub by_hand: bool,
        /// Words that point to it.
        pub keywords: WordLists,
        /// Phrases in which these words do not.
        pub except: WordLists,
    }

    /// Who gets a case: `[[triage.dispatch]]`.
    pub struct DispatchRule {
        /// Name of the rule.
        pub id: Id<kinds::DispatchRule>,
        /// Clause of the source.
        pub cite: Cite,
        /// When it holds; always if left out.
        pub when: Option<Condition>,
        /// In which way.
        pub mode: DispatchMode,
        /// Who leads.
        pub lead_roles: Vec<Role>,
        /// The department that handles it.
        pub department: Ref<kinds::Department>,
        /// Departments that may take it over.
        pub alternatives: Vec<Ref<kinds::Department>>,
        /// The deadline of the first deliverable.
        pub deadline: DeadlineKind,
    }
}

impl IncidentRule {
    fn check_size(&self, at: Span, report: &mut Report<'_>) {
        if self.people_min.value < 2 {
            report.add(
                self.people_min.at,
                format!("{} is no group", self.people_min.value),
                "2 or more people",
            );
        }
        if self.same.is_empty() {
            report.add(at, "`same` is empty", "what the complaints must share, such as \"batch\"");
        }
    }
}

impl Listed for DispatchRule {
    fn check_list(list: &[Self], at: Span, report: &mut Report<'_>) {
        if list.last().is_none_or(|last| last.when.is_some()) {
            let at = list.last().map_or(at, |last| last.id.at());
            report.add(at, "cases that no rule holds for go to nobody", "a last rule without `when`");
        }
    }
}

/// A sub-type that a text points to.
#[derive(Clone, Debug)]
pub struct Suggestion<'b> {
    /// The sub-type.
    pub subtype: &'b Subtype,
    /// How many different words point to it.
    pub score: u32,
    /// Where they stand in the text.
    pub matches: Vec<Place>,
}

/// A signal that a text gives.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DetectedSignal {
    /// The signal.
    pub signal: Signal,
    /// Where its words stand in the text.
    pub matches: Vec<Place>,
    /// The rule that found it.
    pub rule: RuleRef,
}

impl Handbook {
    /// A sub-type, if the handbook has it.
    #[must_use]
    pub fn subtype(&self, id: &str) -> Option<&Subtype> {
        self.triage.subtypes.iter().find(|subtype| subtype.id.as_str() == id)
    }

    /// The sub-type of complaints that nothing else tells.
    #[must_use]
    pub fn unclassified(&self) -> &Subtype {
        self.subtype(&self.triage.unclassified).expect("a loaded handbook defines every name that it uses")
    }

    /// The priority and the rule that sets it (M3.2).
    ///
    /// # Errors
    /// [`EvaluationError`] on arithmetic overflow in a condition.
    pub fn priority(&self, facts: &Facts) -> Result<(Priority, RuleRef), EvaluationError> {
        let scope = self.scope(facts);
        let default = &self.triage.default_priority;
        let mut highest = (default.priority, rule_ref("priority", "default", &default.cite));
        for rule in &self.triage.priority_rules {
            if rule.priority > highest.0 && scope.holds(&rule.when)? {
                highest = (rule.priority, rule_ref("priority", &rule.id, &rule.cite));
            }
        }
        Ok(highest)
    }

    /// Who gets the case (M3.3).
    ///
    /// # Errors
    /// [`EvaluationError`] on arithmetic overflow in a condition.
    pub fn dispatch(&self, facts: &Facts) -> Result<(&DispatchRule, RuleRef), EvaluationError> {
        let scope = self.scope(facts);
        let (last, others) = self
            .triage
            .dispatch
            .split_last()
            .expect("a loaded handbook has a dispatch rule that always holds");
        let mut chosen = last;
        for rule in others.iter().rev() {
            if scope.holds_if_any(rule.when.as_ref())? {
                chosen = rule;
            }
        }
        Ok((chosen, rule_ref("dispatch", &chosen.id, &chosen.cite)))
    }

    /// What makes many complaints one incident, and the rule for the record (M3.2).
    #[must_use]
    pub fn incident(&self) -> (&IncidentRule, RuleRef) {
        (&self.triage.incident, rule_ref("incident", "recognition", &self.triage.incident.cite))
    }

    /// The sub-types that a text points to, the strongest first.
    #[must_use]
    pub fn suggest_types(&self, language: Option<Language>, text: &str) -> Vec<Suggestion<'_>> {
        let mut suggestions: Vec<Suggestion<'_>> = self
            .subtype_words
            .find(language, text)
            .into_iter()
            .filter_map(|(target, hits)| {
                let subtype = self.triage.subtypes.get(target)?;
                Some(Suggestion { subtype, score: hits.words, matches: hits.places })
            })
            .collect();
        suggestions.sort_by_key(|suggestion| {
            (std::cmp::Reverse(suggestion.score), suggestion.matches.first().map(|place| place.from))
        });
        suggestions
    }

    /// The signals that a text gives, in the order of the vocabulary.
    #[must_use]
    pub fn detect_signals(&self, language: Option<Language>, text: &str) -> Vec<DetectedSignal> {
        let found = self.signal_words.find(language, text);
        let rules = self.triage.signals.iter().enumerate();
        rules
            .filter_map(|(target, (signal, rule))| {
                let hits = found.get(&target)?;
                let rule = rule_ref("signal", signal.as_str(), &rule.cite);
                Some(DetectedSignal { signal, matches: hits.places.clone(), rule })
            })
            .collect()
    }

    /// The rule of a signal, for the record of one that was not found in a text.
    #[must_use]
    pub fn signal(&self, signal: Signal) -> (&SignalRule, RuleRef) {
        let rule = self.triage.signals.get(signal);
        (rule, rule_ref("signal", signal.as_str(), &rule.cite))
    }
}

impl Subtype {
    /// The rule, for the record.
    #[must_use]
    pub fn rule_ref(&self) -> RuleRef {
        rule_ref("subtype", &self.id, &self.cite)
    }
}
