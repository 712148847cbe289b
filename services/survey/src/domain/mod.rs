//! What survey decides. Pure: time, rules and what others know come in as arguments.
//!
//! * [`survey`] is the survey on a closed case, [`answers`] the check of what the customer
//!   answers, [`follow_up`] what follows a low score.
//! * [`case`] is what a case adds to the months' figures; [`report`] and [`problems`] make a review of the sums.
//! * [`review`] opens, publishes and freezes a month's review, [`improvement`] is what follows from it.

pub mod answers;
pub mod case;
pub mod follow_up;
pub mod improvement;
pub mod month;
pub mod problems;
pub mod report;
pub mod review;
pub mod survey;
#[cfg(test)]
mod tests;
pub mod words;

use redress_domain::{
    Calendar, DeadlineDraft, Timestamp,
    deadline::{Term, due},
    handbook::{DeadlineKind, Handbook, Priority},
};
use uuid::Uuid;

use self::month::Month;

/// Names the ids that follow from what they stand for.
const NAMESPACE: Uuid = Uuid::from_u128(0x6f1d_02c4_55b7_5e0e_9a6c_3b1f_d9a4_7e21);

/// The rules, the place and the moment of a decision.
#[derive(Clone, Copy, Debug)]
pub struct Setting<'a> {
    /// Region.
    pub region: &'a str,
    /// Handbook that the aggregate is pinned to.
    pub book: &'a Handbook,
    /// Calendar that it is pinned to.
    pub calendar: &'a Calendar,
    /// Business time of the decision.
    pub now: Timestamp,
}

impl Setting<'_> {
    /// A deadline of the handbook from `start`, and when it falls due. None where the calendar cannot tell, because it has
    /// no notice of the year: a survey or a review is not held up by that, and nobody is held to an unknown time.
    pub fn deadline(
        &self,
        kind: DeadlineKind,
        priority: Priority,
        start: Timestamp,
    ) -> Option<(DeadlineDraft, Timestamp)> {
        let draft = self.book.deadline(kind).draft(priority, "", start, self.calendar).ok()?;
        let mut term = Term::new(draft.start, draft.limit);
        term.not_after = draft.not_after;
        let due_at = due(self.calendar, &term).ok()??;
        Some((draft, due_at))
    }

    /// The local month of an instant.
    pub fn month(&self, at: Timestamp) -> Month {
        Month::of(self.calendar, at)
    }
}

/// A count on the wire.
pub(crate) fn count(number: impl TryInto<i32>) -> i32 {
    number.try_into().unwrap_or(i32::MAX)
}
