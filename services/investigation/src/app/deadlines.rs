//! What the deadlines of investigation do to a case. Who is told is the ladder's, and the engine's to take.

use redress_chassis::{Result, Unit};
use redress_deadlines::{Deadline, Look};

use crate::domain::{case::Case, clock, extension};

/// The limit fell due: an extension of which the customer was not told comes to nothing (M4.3).
pub(crate) async fn look(unit: &mut Unit, deadline: &Deadline, look: &Look) -> Result<()> {
    if *look != Look::Missed || deadline.draft.kind != clock::NAME {
        return Ok(());
    }
    let Some(case) = unit.find::<Case>(deadline.owner.id).await? else { return Ok(()) };
    if let Some(decision) = extension::lapsed(&case.state, None) {
        unit.save(case, decision).await?;
    }
    Ok(())
}
