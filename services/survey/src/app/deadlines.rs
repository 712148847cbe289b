//! What survey's deadlines do when they fall due. Who is told of a miss is the ladder's, and the engine's to take.

use redress_chassis::{Result, Unit};
use redress_deadlines::{Deadline, Look};
use redress_domain::handbook::DeadlineKind;

use super::reviews;
use crate::domain::survey as on_case;

/// A survey expires, a review is published: both are what their deadline is for. Warnings and rungs change nothing here.
pub(crate) async fn look(unit: &mut Unit, deadline: &Deadline, look: &Look) -> Result<()> {
    let (Look::Missed, Some(due_at)) = (look, deadline.due_at) else { return Ok(()) };
    match deadline.draft.kind.parse() {
        Ok(DeadlineKind::SurveyExpiry) => {
            let Some(survey) = unit.find::<on_case::Survey>(deadline.owner.id).await? else { return Ok(()) };
            if let Some(decision) = survey.state.expired(due_at) {
                unit.save(survey, decision).await?;
            }
            Ok(())
        }
        Ok(DeadlineKind::ReviewPublication) => reviews::publish(unit, deadline.owner.id, due_at).await,
        _ => Ok(()),
    }
}
