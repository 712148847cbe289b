//! Deadlines and what follows when they are in danger or missed.

use chrono::NaiveDate;

use super::names::{Ref, kinds};
use super::problem::Report;
use super::read::{BASIS_POINTS, Cite, TimeOfDay, section};
use super::source::Span;
use super::tables::{ByPriority, Placed};
use super::text::Text;
use super::vocabulary::{DeadlineKind, Priority, Role};
use super::{Handbook, rule_ref};
use crate::{
    Calendar, CalendarError, DeadlineBasis, DeadlineDraft, LadderStep, Limit, RuleRef, Timestamp, Unit,
    deadline,
};

section! {
    /// How a deadline is kept: `[deadlines.<kind>]`.
    pub struct DeadlineRule (check_basis) {
        /// Clause of the source.
        pub cite: Cite,
        /// What it is called in the ledger.
        pub name: Text,
        /// Where it comes from.
        pub basis: Placed<DeadlineBasis>,
        /// How long it may take, once or by priority.
        pub limit: Placed<ByPriority<Limit>>,
        /// It falls due at this local time of the day on which the limit ends.
        pub time_of_day: Option<TimeOfDay>,
        /// It stands still while the customer owes material.
        pub paused_with_customer: bool,
        /// It never falls due later than this deadline, which must be a statutory one.
        pub never_past: Option<Placed<DeadlineKind>>,
        /// The law that sets it; for a statutory one.
        pub law: Option<Law>,
        /// What follows when it is in danger or missed.
        pub ladder: Option<Ref<kinds::Ladder>>,
    }

    /// Where a statutory limit stands.
    pub struct Law {
        /// The instrument.
        pub instrument: Text,
        /// The article.
        pub article: String,
        /// Where it holds.
        pub place: String,
        /// The date since which this wording is in force.
        pub since: Placed<NaiveDate>,
    }

    /// What follows when a deadline is in danger or missed: `[ladders.<name>]`.
    pub struct Ladder (check_warning) {
        /// The share of the limit after which it warns, in basis points.
        pub warn_at_basis_points: Option<Placed<u32>>,
        /// Who is warned.
        pub warn_audience: Option<Role>,
        /// The steps, in order.
        pub steps: Vec<Step>,
    }

    /// One step of an escalation ladder.
    pub struct Step {
        /// How long after the due time.
        pub after: Limit,
        /// Who is told.
        pub audience: Role,
        /// What is asked of them.
        pub action: String,
        /// Told again after this long, until somebody acknowledges.
        pub repeat: Option<Limit>,
        /// Told at most this often.
        pub times: u32,
    }
}

impl DeadlineRule {
    fn check_basis(&self, _at: Span, report: &mut Report<'_>) {
        let statute = self.basis.value == DeadlineBasis::Statute;
        if statute && self.law.is_none() {
            report.add(self.basis.at, "a statutory deadline without its law", "a key `law`");
        }
        if statute && self.paused_with_customer {
            report.add(self.basis.at, "a statutory deadline that pauses", "no `paused_with_customer`");
        }
        if !statute && let Some(law) = &self.law {
            report.add(law.since.at, "a law for a deadline that is not statutory", "basis = \"statute\"");
        }
    }
}

impl Ladder {
    fn check_warning(&self, at: Span, report: &mut Report<'_>) {
        if let Some(share) =
            self.warn_at_basis_points.filter(|share| !(1..BASIS_POINTS).contains(&share.value))
        {
            report.add(share.at, format!("a warning at {} basis points", share.value), "from 1 to 9999");
        }
        if self.warn_at_basis_points.is_some() != self.warn_audience.is_some() {
            report.add(at, "only one of `warn_at_basis_points` and `warn_audience`", "both or none of them");
        }
    }
}

/// A deadline of a handbook, with its ladder.
#[derive(Clone, Copy, Debug)]
pub struct Deadline<'b> {
    kind: DeadlineKind,
    rule: &'b DeadlineRule,
    ladder: Option<&'b Ladder>,
}

impl Handbook {
    /// The rule of a deadline.
    #[must_use]
    pub fn deadline(&self, kind: DeadlineKind) -> Deadline<'_> {
        let rule = self.deadlines.get(kind);
        let ladder = rule.ladder.as_ref().and_then(|ladder| self.ladders.get(ladder));
        Deadline { kind, rule, ladder }
    }
}

impl<'b> Deadline<'b> {
    /// Its kind.
    #[must_use]
    pub const fn kind(&self) -> DeadlineKind {
        self.kind
    }

    /// Everything that the handbook says of it.
    #[must_use]
    pub const fn rule(&self) -> &'b DeadlineRule {
        self.rule
    }

    /// How long it may take.
    #[must_use]
    pub fn limit(&self, priority: Priority) -> Limit {
        *self.rule.limit.value.get(priority)
    }

    /// The rule, for the record.
    #[must_use]
    pub fn rule_ref(&self) -> RuleRef {
        rule_ref("deadline", self.kind.as_str(), &self.rule.cite)
    }

    /// The statutory deadline past which it never falls due.
    #[must_use]
    pub fn never_past(&self) -> Option<DeadlineKind> {
        self.rule.never_past.map(|kind| kind.value)
    }

    /// A draft that opens it at `start`. `key` tells several of one kind apart and is empty where there is one.
    ///
    /// Set [`DeadlineDraft::not_after`] to the due time of the deadline that [`Deadline::never_past`] names, if the
    /// case has it.
    ///
    /// # Errors
    /// [`CalendarError`] where the limit ends at a time of the day and the calendar cannot tell the day.
    pub fn draft(
        &self,
        priority: Priority,
        key: &str,
        start: Timestamp,
        calendar: &Calendar,
    ) -> Result<DeadlineDraft, CalendarError> {
        let mut limit = self.limit(priority);
        let mut not_after = None;
        if let Some(time) = self.rule.time_of_day {
            let day = calendar.local_date(deadline::after(calendar, start, limit)?);
            let end = calendar.instant(day.and_time(time.0))?;
            limit = minutes_until(start, end);
            not_after = Some(end);
        }
        let ladder = self.ladder.map(|ladder| &ladder.steps).into_iter().flatten();
        Ok(DeadlineDraft {
            kind: self.kind.as_str().to_owned(),
            key: key.to_owned(),
            basis: self.rule.basis.value,
            rule: self.rule_ref(),
            start,
            limit,
            not_after,
            warn_at_basis_points: self
                .ladder
                .and_then(|ladder| ladder.warn_at_basis_points)
                .map(|share| share.value),
            warn_audience: self.ladder.and_then(|ladder| ladder.warn_audience).map(|role| role.to_string()),
            ladder: ladder.map(Step::to_ladder_step).collect(),
        })
    }
}

impl Step {
    fn to_ladder_step(&self) -> LadderStep {
        LadderStep {
            after: self.after,
            audience: self.audience.to_string(),
            action: self.action.clone(),
            repeat: self.repeat,
            times: self.times,
        }
    }
}

/// The whole minutes from `start` to `end`, rounded up; no time where `end` is past.
fn minutes_until(start: Timestamp, end: Timestamp) -> Limit {
    let seconds = (end - start).num_seconds().max(0);
    let minutes =
        u32::try_from(seconds.div_euclid(60) + i64::from(seconds % 60 != 0)).unwrap_or(Limit::AMOUNT_MAX);
    Limit::new(minutes.min(Limit::AMOUNT_MAX), Unit::Minutes).unwrap_or_else(|_| Limit::zero())
}
