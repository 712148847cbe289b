//! What the deadlines of triage do to a case. Who is told is the ladder's, and the engine's to take.

use redress_chassis::{Result, Unit};
use redress_deadlines::{Deadline, Look};

use crate::domain::{case::Case, turns};

/// A deliverable is missed: the queue shows it until it is there. Warnings and rungs change nothing here.
pub(crate) async fn look(unit: &mut Unit, deadline: &Deadline, look: &Look) -> Result<()> {
    let (Look::Missed, Some(due_at)) = (look, deadline.due_at) else { return Ok(()) };
    let Some(case) = unit.find::<Case>(deadline.owner.id).await? else { return Ok(()) };
    if let Some(decision) = turns::overdue(&case.state, &deadline.draft.kind, due_at) {
        unit.save(case, decision).await?;
    }
    Ok(())
}
