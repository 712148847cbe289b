//! What a decision is: the next state and everything that must be stored with it, or the reason why not.
//!
//! A service's `src/domain` is a set of functions `decide(state, command, handbook, now)` that return a
//! [`Decision`] or a [`Rejection`]. They compute; the engine in `redress_chassis` stores.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{Limit, Timestamp};

/// The outcome of a command on one aggregate, to be stored in one transaction.
#[derive(Clone, Debug)]
pub struct Decision<S> {
    /// The state after the command.
    pub next: S,
    /// What happened, in order. A decision that changes state states at least one fact.
    pub facts: Vec<Fact>,
    /// Deadlines that the decision opens, meets, moves or ends.
    pub deadlines: Vec<DeadlineChange>,
    /// Calls to outside systems that must follow; made after the commit, under their key.
    pub intents: Vec<IntentDraft>,
    /// The clauses that decided, with the facts they saw.
    pub rulings: Vec<Ruling>,
}

impl<S> Decision<S> {
    /// Starts a decision whose next state is `next`.
    pub fn new(next: S) -> Self {
        Self { next, facts: Vec::new(), deadlines: Vec::new(), intents: Vec::new(), rulings: Vec::new() }
    }

    /// Adds a fact.
    #[must_use]
    pub fn fact(mut self, fact: impl Into<Fact>) -> Self {
        self.facts.push(fact.into());
        self
    }

    /// Adds a deadline change.
    #[must_use]
    pub fn deadline(mut self, change: DeadlineChange) -> Self {
        self.deadlines.push(change);
        self
    }

    /// Adds a call to an outside system.
    #[must_use]
    pub fn intent(mut self, intent: IntentDraft) -> Self {
        self.intents.push(intent);
        self
    }

    /// Adds the clause that decided.
    #[must_use]
    pub fn ruling(mut self, ruling: Ruling) -> Self {
        self.rulings.push(ruling);
        self
    }
}

/// A fact of the contract: the full protobuf name of its message and its encoded bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fact {
    /// Full name, such as `redress.triage.v1.CaseTriaged`.
    pub name: String,
    /// The message, encoded.
    pub payload: Vec<u8>,
}

impl From<(String, Vec<u8>)> for Fact {
    fn from((name, payload): (String, Vec<u8>)) -> Self {
        Self { name, payload }
    }
}

/// The rule of a handbook that decided: its id and the clause of the source it cites.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct RuleRef {
    /// Rule id in the handbook file.
    pub id: String,
    /// Clause in the source.
    pub cite: String,
}

/// One application of one rule: what `ListDecisions` shows.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Ruling {
    /// What was decided, as a snake_case noun such as `priority` or `approval_rung`.
    pub subject: String,
    /// The rule that decided.
    pub rule: RuleRef,
    /// What it decided, such as `urgent`.
    pub outcome: String,
    /// The facts it saw. References only, no personal data.
    pub facts: Value,
}

impl Ruling {
    /// A ruling on `subject` by `rule`.
    pub fn new(subject: &str, rule: RuleRef, outcome: impl Into<String>, facts: Value) -> Self {
        Self { subject: subject.into(), rule, outcome: outcome.into(), facts }
    }
}

/// Where a deadline comes from. The tighter of several leads; statute can be neither paused nor extended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DeadlineBasis {
    /// The handbook's own limit.
    House,
    /// The law's limit (X1).
    Statute,
    /// A promise made to the customer (X7).
    Promise,
    /// Not owed to anybody: a time at which the suite itself acts.
    Action,
}

/// One step of an escalation ladder.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LadderStep {
    /// How long after the due time it is taken.
    pub after: Limit,
    /// The role that is told.
    pub audience: String,
    /// What is asked of it, such as `notify`.
    pub action: String,
    /// Told again after this long, until acknowledged.
    pub repeat: Option<Limit>,
    /// Told at most this often.
    pub times: u32,
}

/// A deadline to be opened.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct DeadlineDraft {
    /// Kind as the handbook names it, such as `first_response`.
    pub kind: String,
    /// Tells several of one kind apart within an aggregate, such as a remedy's id; empty where there is one.
    pub key: String,
    /// Where it comes from.
    pub basis: DeadlineBasis,
    /// The rule that sets it.
    pub rule: RuleRef,
    /// When the limit begins to run.
    pub start: Timestamp,
    /// The limit.
    pub limit: Limit,
    /// Never later than this.
    pub not_after: Option<Timestamp>,
    /// Share of the limit after which it warns, in basis points; none for no warning.
    pub warn_at_basis_points: Option<u32>,
    /// Who is told that it is about to be missed.
    pub warn_audience: Option<String>,
    /// What follows when it is missed.
    pub ladder: Vec<LadderStep>,
}

/// What a decision does to a deadline of its aggregate. `name` is the kind, or `kind:key` where a key is set.
#[derive(Clone, Debug, PartialEq)]
pub enum DeadlineChange {
    /// Opens it. One pending deadline of a name at a time: opening again replaces the pending one.
    Open(DeadlineDraft),
    /// It was met by something that happened at `at`, which may lie before the time it was learnt.
    /// Whether that was in time follows from `at`.
    Meet {
        /// Name of the deadline.
        name: String,
        /// When the fact happened.
        at: Timestamp,
    },
    /// It no longer applies.
    Cancel {
        /// Name of the deadline.
        name: String,
    },
    /// It stands still from `from` on. Refused for statute and promise.
    Pause {
        /// Name of the deadline.
        name: String,
        /// Start of the pause.
        from: Timestamp,
    },
    /// It runs again from `until` on.
    Resume {
        /// Name of the deadline.
        name: String,
        /// End of the pause.
        until: Timestamp,
    },
    /// It runs longer, but never past its `not_after`.
    Extend {
        /// Name of the deadline.
        name: String,
        /// By how much.
        by: Limit,
    },
    /// It falls due at min(old due, `raised_at` + `limit`) (M3.2, *Decisions*).
    Tighten {
        /// Name of the deadline.
        name: String,
        /// The new limit.
        limit: Limit,
        /// When the priority was raised.
        raised_at: Timestamp,
        /// The rule that sets the new limit.
        rule: RuleRef,
    },
}

/// The name of a deadline within its aggregate: its kind, or `kind:key`.
pub fn deadline_name(kind: &str, key: &str) -> String {
    if key.is_empty() { kind.to_owned() } else { format!("{kind}:{key}") }
}

/// A call to an outside system that has been decided on and must be made.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct IntentDraft {
    /// What to do, such as `send_message` or `pay`.
    pub kind: String,
    /// Idempotency key towards the outside system; the same intent always carries the same key.
    pub key: String,
    /// Parameters. References only, no personal data.
    pub payload: Value,
    /// Not before this business time; `None` for at once.
    pub not_before: Option<Timestamp>,
}

/// Why a command is refused. Nothing has changed, and the same command may be corrected and sent again.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct Rejection {
    /// The class of the refusal.
    pub kind: RejectionKind,
    /// Name of a value of the service's `ErrorReason`, without its prefix.
    pub reason: &'static str,
    /// For people: lower case, no full stop, values in backticks.
    pub message: String,
    /// Every dynamic part of the message. No personal data.
    pub metadata: BTreeMap<String, String>,
    /// Everything that is wrong with the request, each with its field path.
    pub violations: Vec<Violation>,
    /// For [`RejectionKind::Precondition`]: what is missing, each with a short type and a description.
    pub unmet: Vec<Unmet>,
}

/// The class of a refusal; the wire has one status code for each.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RejectionKind {
    /// The request is malformed whatever the state.
    Invalid,
    /// There is no such thing.
    NotFound,
    /// The caller may not.
    Denied,
    /// Not in this state.
    Precondition,
    /// The state has moved since the caller looked.
    Stale,
    /// The id was used for something else.
    Exists,
    /// A limit is reached.
    Exhausted,
    /// Who is calling is not known.
    Unauthenticated,
    /// Something needed is not there right now; the same request may be sent again.
    Unavailable,
}

/// One thing that is wrong with a request.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Violation {
    /// Path of the field in the request, such as `customer.phone`.
    pub field: String,
    /// What is wrong and what is expected.
    pub description: String,
    /// Short machine-readable reason, such as `TOO_LONG`.
    pub reason: String,
}

/// One condition that does not hold.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Unmet {
    /// Short upper-case type, such as `STATE` or `ACCEPTANCE`.
    pub kind: String,
    /// The subject it is about, such as a state's name.
    pub subject: String,
    /// What is missing.
    pub description: String,
}

impl Rejection {
    /// A refusal of class `kind`.
    pub fn new(kind: RejectionKind, reason: &'static str, message: impl Into<String>) -> Self {
        Self {
            kind,
            reason,
            message: message.into(),
            metadata: BTreeMap::new(),
            violations: Vec::new(),
            unmet: Vec::new(),
        }
    }

    /// There is no such thing.
    pub fn not_found(reason: &'static str, message: impl Into<String>) -> Self {
        Self::new(RejectionKind::NotFound, reason, message)
    }

    /// The caller may not.
    pub fn denied(reason: &'static str, message: impl Into<String>) -> Self {
        Self::new(RejectionKind::Denied, reason, message)
    }

    /// The request is malformed: one violation.
    pub fn invalid(reason: &'static str, field: &str, description: impl Into<String>) -> Self {
        let description = description.into();
        Self::new(RejectionKind::Invalid, reason, format!("`{field}`: {description}")).violation(
            field,
            description,
            reason,
        )
    }

    /// Not in this state. `allowed` names the states in which it is.
    pub fn state(reason: &'static str, current: &str, allowed: &[&str]) -> Self {
        Self::new(
            RejectionKind::Precondition,
            reason,
            format!("cannot do this in state `{current}`; allowed in {}", allowed.join(", ")),
        )
        .with("state", current)
        .with("allowed_states", allowed.join(","))
        .unmet("STATE", current, format!("allowed states: {}", allowed.join(", ")))
    }

    /// Something that must hold does not.
    pub fn precondition(reason: &'static str, message: impl Into<String>) -> Self {
        Self::new(RejectionKind::Precondition, reason, message)
    }

    /// Adds a dynamic part of the message.
    #[must_use]
    pub fn with(mut self, key: &str, value: impl Into<String>) -> Self {
        self.metadata.insert(key.into(), value.into());
        self
    }

    /// Adds a violation.
    #[must_use]
    pub fn violation(mut self, field: &str, description: impl Into<String>, reason: &str) -> Self {
        self.violations.push(Violation {
            field: field.into(),
            description: description.into(),
            reason: reason.into(),
        });
        self
    }

    /// Adds a condition that does not hold.
    #[must_use]
    pub fn unmet(mut self, kind: &str, subject: &str, description: impl Into<String>) -> Self {
        self.unmet.push(Unmet {
            kind: kind.into(),
            subject: subject.into(),
            description: description.into(),
        });
        self
    }
}
