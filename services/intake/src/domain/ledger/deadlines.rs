//! The deadlines of a case that one service keeps, as its `DeadlineChanged` events tell them.

use std::collections::{BTreeMap, BTreeSet};

use redress_domain::Timestamp;
use redress_proto::{
    deadlines::v1::{Deadline, DeadlineBasis, DeadlineState},
    intake::v1::LedgerDeadline,
    time_to_wire,
    types::v1::RuleRef,
};
use serde::{Deserialize, Serialize};

use super::time;

/// What is still outstanding, and what was missed.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Deadlines {
    /// Deadlines that still ask for something, by id: running, paused, or overdue.
    pub outstanding: BTreeMap<String, Outstanding>,
    /// Ids of those that stand as missed, done since or not.
    pub missed: BTreeSet<String>,
}

/// A deadline that still asks for something.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Outstanding {
    /// Kind in the handbook.
    pub kind: String,
    /// What it rests on: number of `DeadlineBasis`.
    pub basis: i32,
    /// When it falls due, or fell; none while it is paused.
    pub due_at: Option<Timestamp>,
    /// Whether the due time passed first.
    pub overdue: bool,
    /// Rule that sets it.
    pub rule_id: String,
    /// Its clause.
    pub cite: String,
}

impl Deadlines {
    /// Takes in a deadline as it is after a change.
    pub fn fold(&mut self, deadline: &Deadline) {
        let id = &deadline.deadline_id;
        let state = deadline.state();
        if state == DeadlineState::Missed {
            self.missed.insert(id.clone());
        } else {
            self.missed.remove(id);
        }
        let overdue = state == DeadlineState::Missed && deadline.done_time.is_none();
        if !overdue && !matches!(state, DeadlineState::Pending | DeadlineState::Paused) {
            self.outstanding.remove(id);
            return;
        }
        let rule = deadline.rule.clone().unwrap_or_default();
        let outstanding = Outstanding {
            kind: deadline.kind.clone(),
            basis: deadline.basis,
            due_at: time(deadline.due_time.as_ref()),
            overdue,
            rule_id: rule.id,
            cite: rule.cite,
        };
        self.outstanding.insert(id.clone(), outstanding);
    }
}

impl Outstanding {
    /// Whether it is running towards a due time that somebody is owed. A time at which the suite itself acts is not.
    pub fn is_next(&self) -> bool {
        !self.overdue && self.due_at.is_some() && !self.rests_on(DeadlineBasis::Action)
    }

    /// Whether it rests on this.
    pub fn rests_on(&self, basis: DeadlineBasis) -> bool {
        self.basis == i32::from(basis)
    }

    /// As the ledger shows it.
    pub fn to_wire(&self, service: &str, id: &str) -> LedgerDeadline {
        LedgerDeadline {
            service: service.to_owned(),
            deadline_id: id.to_owned(),
            kind: self.kind.clone(),
            basis: self.basis,
            due_time: self.due_at.map(time_to_wire),
            rule: Some(RuleRef { id: self.rule_id.clone(), cite: self.cite.clone() }),
        }
    }
}
