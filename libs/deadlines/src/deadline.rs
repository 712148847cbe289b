//! A deadline and how it changes. Pure.

use redress_domain::{
    Calendar, CalendarError, DeadlineBasis, DeadlineChange, DeadlineDraft, Limit, Rejection, RejectionKind,
    RuleRef, Timestamp, Unit,
    deadline::{Interval, Term, due},
    deadline_name,
};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// The aggregate that a deadline belongs to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Owner {
    /// Kind of the aggregate.
    pub kind: String,
    /// Its id.
    pub id: Uuid,
    /// Case, where it belongs to one.
    pub case_id: Option<Uuid>,
    /// Region.
    pub region: String,
    /// Handbook.
    pub handbook_hash: String,
    /// Calendar by which it is computed.
    pub calendar_hash: String,
}

/// Where a deadline stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DeadlineState {
    /// Running or paused.
    Pending,
    /// Met in time, by when the fact happened.
    Met,
    /// Not met in time; `met_at` tells whether it was done later.
    Missed,
    /// No longer applies.
    Cancelled,
}

impl DeadlineState {
    /// As stored.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Met => "met",
            Self::Missed => "missed",
            Self::Cancelled => "cancelled",
        }
    }
}

/// A deadline, whole.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Deadline {
    /// Id.
    pub id: Uuid,
    /// Whose it is.
    pub owner: Owner,
    /// As it was opened; `start`, `limit` and `rule` move when it is tightened.
    pub draft: DeadlineDraft,
    /// Pauses.
    #[serde(default)]
    pub pauses: Vec<Interval>,
    /// Extensions.
    #[serde(default)]
    pub extensions: Vec<Limit>,
    /// When it falls due; absent while paused.
    pub due_at: Option<Timestamp>,
    /// When it warns.
    pub warn_at: Option<Timestamp>,
    /// When it did.
    pub warned_at: Option<Timestamp>,
    /// State.
    pub state: DeadlineState,
    /// When what it asks for was done.
    pub met_at: Option<Timestamp>,
    /// When the miss was established.
    pub missed_at: Option<Timestamp>,
    /// Who took notice of the escalation, and when.
    pub acknowledged: Option<(String, Timestamp)>,
    /// How often each rung of the ladder was taken, and when last.
    #[serde(default)]
    pub rungs: Vec<(u32, Option<Timestamp>)>,
    /// Trace context of what opened it.
    #[serde(default)]
    pub traceparent: String,
}

/// What happened to a deadline.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change {
    /// Opened.
    Opened,
    /// Met in time.
    Met,
    /// Done after the due time.
    MetLate,
    /// A miss turned out to have been met in time.
    Corrected,
    /// Ended without effect.
    Cancelled,
    /// Stands still.
    Paused,
    /// Runs again.
    Resumed,
    /// Runs longer.
    Extended,
    /// Falls due earlier.
    Tightened,
    /// About to be missed.
    Warned,
    /// Missed.
    Missed,
    /// A rung of the ladder was taken.
    Escalated,
    /// Somebody took notice.
    Acknowledged,
}

/// What is to be done when a deadline is looked at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Look {
    /// It is about to be missed; tell this role, where one is named.
    Warned {
        /// Role.
        audience: Option<String>,
    },
    /// It is missed.
    Missed,
    /// A rung of the ladder: tell this role.
    Escalated {
        /// Role.
        audience: String,
        /// What is asked of it.
        action: String,
        /// Rung, from 0.
        rung: usize,
        /// How often this rung has been taken, this time included.
        times: u32,
    },
}

impl Deadline {
    /// Its name within its aggregate.
    pub fn name(&self) -> String {
        deadline_name(&self.draft.kind, &self.draft.key)
    }

    /// Opens one.
    pub fn open(
        id: Uuid,
        owner: Owner,
        draft: DeadlineDraft,
        calendar: &Calendar,
        traceparent: &str,
    ) -> Result<Self, Rejection> {
        let rungs = vec![(0, None); draft.ladder.len()];
        let mut deadline = Self {
            id,
            owner,
            draft,
            pauses: Vec::new(),
            extensions: Vec::new(),
            due_at: None,
            warn_at: None,
            warned_at: None,
            state: DeadlineState::Pending,
            met_at: None,
            missed_at: None,
            acknowledged: None,
            rungs,
            traceparent: traceparent.to_owned(),
        };
        deadline.compute(calendar)?;
        Ok(deadline)
    }

    /// The term by which its due time is computed.
    pub fn term(&self) -> Term {
        Term {
            start: self.draft.start,
            limit: self.draft.limit,
            pauses: self.pauses.clone(),
            extensions: self.extensions.clone(),
            not_after: self.draft.not_after,
        }
    }

    fn compute(&mut self, calendar: &Calendar) -> Result<(), Rejection> {
        self.due_at = due(calendar, &self.term()).map_err(not_computable)?;
        self.warn_at = match (self.due_at, self.draft.warn_at_basis_points) {
            (Some(due_at), Some(share)) => {
                let span = due_at - self.draft.start;
                let offset =
                    span.num_milliseconds().checked_mul(i64::from(share)).map(|scaled| scaled / 10_000);
                offset.map(|offset| self.draft.start + chrono::Duration::milliseconds(offset))
            }
            _ => None,
        };
        Ok(())
    }

    /// What `change` (other than opening) does; `None` when it does nothing, as when the deadline has ended.
    pub fn apply(
        &mut self,
        change: &DeadlineChange,
        calendar: &Calendar,
    ) -> Result<Option<Change>, Rejection> {
        match change {
            DeadlineChange::Open(_) => Ok(None),
            DeadlineChange::Meet { at, .. } => Ok(self.meet(*at)),
            DeadlineChange::Cancel { .. } => Ok(match self.state {
                DeadlineState::Pending => {
                    self.state = DeadlineState::Cancelled;
                    Some(Change::Cancelled)
                }
                // A miss stays a miss; only its ladder ends.
                DeadlineState::Missed if self.met_at.is_none() && self.acknowledged.is_none() => {
                    self.acknowledged = Some((String::new(), self.missed_at.unwrap_or(self.draft.start)));
                    Some(Change::Acknowledged)
                }
                _ => None,
            }),
            DeadlineChange::Extend { by, .. } if self.state == DeadlineState::Missed => {
                self.extend_missed(*by, calendar)
            }
            _ if self.state != DeadlineState::Pending => Ok(None),
            DeadlineChange::Pause { from, .. } => {
                if matches!(self.draft.basis, DeadlineBasis::Statute | DeadlineBasis::Promise)
                    || self.pauses.iter().any(|pause| pause.until.is_none())
                {
                    return Ok(None);
                }
                self.pauses.push(Interval { from: *from, until: None });
                self.compute(calendar)?;
                Ok(Some(Change::Paused))
            }
            DeadlineChange::Resume { until, .. } => {
                let Some(pause) = self.pauses.iter_mut().find(|pause| pause.until.is_none()) else {
                    return Ok(None);
                };
                pause.until = Some((*until).max(pause.from));
                self.compute(calendar)?;
                Ok(Some(Change::Resumed))
            }
            DeadlineChange::Extend { by, .. } => {
                if self.draft.basis == DeadlineBasis::Statute {
                    return Err(Rejection::precondition(
                        "STATUTORY_DEADLINE_FIXED",
                        "a statutory deadline cannot be extended",
                    ));
                }
                self.extensions.push(*by);
                self.compute(calendar)?;
                Ok(Some(Change::Extended))
            }
            DeadlineChange::Tighten { limit, raised_at, rule, .. } => {
                self.tighten(*limit, *raised_at, rule, calendar)
            }
        }
    }

    /// Met or missed follows when the fact happened, not when it was learnt.
    fn meet(&mut self, at: Timestamp) -> Option<Change> {
        let in_time = self.due_at.is_none_or(|due_at| at <= due_at);
        match self.state {
            DeadlineState::Pending => {
                self.met_at = Some(at);
                if in_time {
                    self.state = DeadlineState::Met;
                    Some(Change::Met)
                } else {
                    self.state = DeadlineState::Missed;
                    self.missed_at = self.due_at;
                    Some(Change::MetLate)
                }
            }
            DeadlineState::Missed if self.met_at.is_none_or(|known| at < known) => {
                self.met_at = Some(at);
                if in_time {
                    self.state = DeadlineState::Met;
                    Some(Change::Corrected)
                } else {
                    Some(Change::MetLate)
                }
            }
            _ => None,
        }
    }

    /// An extension that took effect in time and is learnt of after the miss undoes it, unless it is over as well.
    fn extend_missed(&mut self, by: Limit, calendar: &Calendar) -> Result<Option<Change>, Rejection> {
        let mut extended = self.clone();
        extended.extensions.push(by);
        extended.compute(calendar)?;
        let undone = self.met_at.is_none() && extended.due_at > self.missed_at;
        if !undone || self.draft.basis == DeadlineBasis::Statute {
            return Ok(None);
        }
        extended.state = DeadlineState::Pending;
        extended.missed_at = None;
        extended.warned_at = None;
        extended.acknowledged = None;
        extended.rungs = vec![(0, None); extended.draft.ladder.len()];
        *self = extended;
        Ok(Some(Change::Corrected))
    }

    fn tighten(
        &mut self,
        limit: Limit,
        raised_at: Timestamp,
        rule: &RuleRef,
        calendar: &Calendar,
    ) -> Result<Option<Change>, Rejection> {
        let mut tighter = self.clone();
        tighter.draft.start = raised_at;
        tighter.draft.limit = limit;
        tighter.draft.rule = rule.clone();
        // What was granted for the longer limit is no part of the shorter one.
        tighter.extensions.clear();
        // While paused, the two are compared as if the pause ended now.
        let closed = |deadline: &Self| -> Result<Option<Timestamp>, Rejection> {
            let mut term = deadline.term();
            for pause in &mut term.pauses {
                if pause.until.is_none() {
                    pause.until = Some(raised_at.max(pause.from));
                }
            }
            due(calendar, &term).map_err(not_computable)
        };
        if closed(&tighter)? >= closed(self)? {
            return Ok(None);
        }
        tighter.compute(calendar)?;
        // The share of the limit that has run counts from the first start, so that a warning is not skipped.
        *self = tighter;
        Ok(Some(Change::Tightened))
    }

    /// Somebody took notice of the escalation: the ladder ends.
    pub fn acknowledge(&mut self, by: &str, at: Timestamp) -> bool {
        if self.state != DeadlineState::Missed || self.acknowledged.is_some() {
            return false;
        }
        self.acknowledged = Some((by.to_owned(), at));
        true
    }

    /// When to look next; `None` for never again.
    pub fn next_look(&self) -> Option<Timestamp> {
        match self.state {
            DeadlineState::Pending => {
                let due_at = self.due_at?;
                Some(match (self.warn_at, self.warned_at) {
                    (Some(warn_at), None) => warn_at.min(due_at),
                    _ => due_at,
                })
            }
            DeadlineState::Missed if self.met_at.is_none() && self.acknowledged.is_none() => {
                self.next_rung().map(|(_, at)| at)
            }
            _ => None,
        }
    }

    fn next_rung(&self) -> Option<(usize, Timestamp)> {
        let due_at = self.due_at?;
        let steps = self.draft.ladder.iter().zip(&self.rungs).enumerate();
        steps
            .filter_map(|(rung, (step, (times, last)))| {
                let at = match (last, step.repeat) {
                    (None, _) => due_at + elapsed(step.after),
                    (Some(last), Some(repeat)) if *times < step.times => *last + elapsed(repeat),
                    _ => return None,
                };
                Some((rung, at))
            })
            .min_by_key(|(rung, at)| (*at, *rung))
    }

    /// Takes the one thing that is due at `now`; `None` when nothing is, as when the row has moved meanwhile.
    pub fn look(&mut self, now: Timestamp) -> Option<Look> {
        if self.next_look()? > now {
            return None;
        }
        match self.state {
            DeadlineState::Pending if self.due_at.is_some_and(|due_at| due_at <= now) => {
                self.state = DeadlineState::Missed;
                self.missed_at = Some(now);
                Some(Look::Missed)
            }
            DeadlineState::Pending => {
                self.warned_at = Some(now);
                Some(Look::Warned { audience: self.draft.warn_audience.clone() })
            }
            DeadlineState::Missed => {
                let (rung, _) = self.next_rung()?;
                let step = self.draft.ladder.get(rung)?.clone();
                let (times, last) = self.rungs.get_mut(rung)?;
                *times += 1;
                *last = Some(now);
                Some(Look::Escalated { audience: step.audience, action: step.action, rung, times: *times })
            }
            DeadlineState::Met | DeadlineState::Cancelled => None,
        }
    }
}

/// The span of a rung's offset. Escalation runs by the wall clock, so working time counts as if it were elapsed.
fn elapsed(limit: Limit) -> chrono::Duration {
    let amount = i64::from(limit.amount());
    match limit.unit() {
        Unit::Minutes => chrono::Duration::minutes(amount),
        Unit::Hours | Unit::WorkingHours => chrono::Duration::hours(amount),
        Unit::Days | Unit::WorkingDays => chrono::Duration::days(amount),
    }
}

fn not_computable(error: CalendarError) -> Rejection {
    Rejection::new(RejectionKind::Precondition, "CALENDAR_CANNOT_TELL", error.to_string())
}
