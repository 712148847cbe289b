//! Between the wire's remedies and the domain's.

use redress_domain::{Money, Violation, handbook::RemedyKind};
use redress_proto::compensation::v1 as pb;

use crate::domain::bands::{Draft, Planned};

/// A remedy as it is asked for. The contract's limits are checked; what is left is whether the amount is one.
pub(crate) fn draft(index: usize, wire: &pb::RemedyDraft) -> Result<Draft, Violation> {
    let violation = |field: &str, description: String| Violation {
        field: format!("remedies[{index}].{field}"),
        description,
        reason: "INVALID_FIELDS".to_owned(),
    };
    let kind = RemedyKind::try_from(wire.kind()).map_err(|error| violation("kind", error.to_string()))?;
    let amount = wire.amount.as_ref().map(Money::try_from).transpose();
    let amount = amount.map_err(|error| violation("amount", error.to_string()))?;
    if amount.is_some_and(Money::is_negative) {
        return Err(violation("amount", "is less than nothing".to_owned()));
    }
    Ok(Draft {
        kind,
        upgrade: wire.upgrade,
        amount,
        basis_points: wire.basis_points,
        quantity: wire.quantity,
    })
}

/// A suggested remedy, as it can be proposed. Goods are counted at their value by themselves.
pub(crate) fn planned_to_wire(planned: &Planned) -> pb::RemedyDraft {
    pb::RemedyDraft {
        amount: planned.amount.filter(|_| planned.kind != RemedyKind::Resend).map(Into::into),
        ..unpriced_to_wire(planned.kind, planned.upgrade)
    }
}

/// A suggested remedy whose amount is not known.
pub(crate) fn unpriced_to_wire(kind: RemedyKind, upgrade: bool) -> pb::RemedyDraft {
    pb::RemedyDraft { kind: pb::RemedyKind::from(kind).into(), upgrade, ..pb::RemedyDraft::default() }
}
