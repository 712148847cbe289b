//! What follows when a deadline of a resolution warns or is missed. Escalations to staff are the engine's and intake's.

use redress_chassis::{Aggregate, Result, Unit};
use redress_deadlines::{Deadline, Look};
use redress_domain::{DeadlineBasis, handbook::DeadlineKind};
use uuid::Uuid;

use super::change;
use crate::domain::{reminders, state::Resolution};

/// Looks at a deadline that needs it.
pub(crate) async fn look(unit: &mut Unit, deadline: &Deadline, look: &Look) -> Result<()> {
    if deadline.owner.kind != Resolution::KIND {
        return Ok(());
    }
    let (case_id, draft) = (deadline.owner.id, &deadline.draft);
    match look {
        Look::Missed if draft.kind == DeadlineKind::OfferResponse.as_str() => {
            change::revise(unit, case_id, |resolution, _, setting| {
                Ok(reminders::ask_again(resolution, setting))
            })
            .await
        }
        Look::Warned { .. } if draft.basis == DeadlineBasis::Promise => {
            let (Ok(remedy_id), Some(due_at)) = (Uuid::parse_str(&draft.key), deadline.due_at) else {
                return Ok(());
            };
            change::revise(unit, case_id, |resolution, _, setting| {
                Ok(reminders::promise_in_danger(resolution, &draft.kind, remedy_id, due_at, setting))
            })
            .await
        }
        Look::Missed | Look::Warned { .. } | Look::Escalated { .. } => Ok(()),
    }
}
