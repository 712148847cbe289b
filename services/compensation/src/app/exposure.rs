//! What all cases on a waybill come to: read and kept under the waybill's own lock (X10).

use redress_chassis::{Aggregate, Failure, Loaded, Place, Result, Unit, unit};
use redress_storage::aggregate;
use uuid::Uuid;

use crate::{
    Compensation,
    domain::{
        state::Resolution,
        waybill::{Stake, Waybill, waybill_id},
    },
};

/// A case's stake and the waybill that it counts for.
pub(crate) fn stake_of(resolution: &Resolution) -> (String, Stake) {
    (resolution.context.waybill_no.clone(), resolution.stake())
}

/// What the other cases on the waybill have at stake. Holds the waybill's lock until the transaction ends, so that no
/// other case decides on the same waybill meanwhile.
pub(crate) async fn of_others(unit: &mut Unit, loaded: &Loaded<Resolution>) -> Result<Stake> {
    of_others_on(unit, loaded, &loaded.state.context.waybill_no).await
}

/// The same on the waybill that the case is to stand on, which may be another one than before: holds the locks of both.
pub(crate) async fn of_others_on(
    unit: &mut Unit,
    loaded: &Loaded<Resolution>,
    waybill_no: &str,
) -> Result<Stake> {
    let numbers = [loaded.state.context.waybill_no.as_str(), waybill_no];
    let mut ids: Vec<(Uuid, bool)> = numbers
        .into_iter()
        .filter_map(|number| Some((waybill_id(loaded.region(), number)?, number == waybill_no)))
        .collect();
    // In one order everywhere, so that two cases do not wait for each other.
    ids.sort_unstable();
    ids.dedup();
    let mut others = Stake::NONE;
    for (id, counts) in ids {
        let found = lock(unit, id).await?;
        if let Some(waybill) = found.filter(|_| counts) {
            others = waybill.state.of_others(loaded.id());
        }
    }
    Ok(others)
}

/// The same as it stands, without a lock.
pub(crate) async fn seen_of_others(app: &Compensation, seen: &Loaded<Resolution>) -> Result<Stake> {
    let Some(id) = waybill_id(seen.region(), &seen.state.context.waybill_no) else {
        return Ok(Stake::NONE);
    };
    let row = aggregate::read(app.engine.database().pool(), Waybill::KIND, id).await?;
    let waybill = row.map(unit::decode::<Waybill>).transpose()?;
    Ok(waybill.map_or(Stake::NONE, |waybill| waybill.state.of_others(seen.id())))
}

/// Keeps the waybill in step with a saved resolution.
pub(crate) async fn follow(
    unit: &mut Unit,
    saved: &Loaded<Resolution>,
    before: (String, Stake),
) -> Result<()> {
    let after = stake_of(&saved.state);
    if before == after {
        return Ok(());
    }
    let id_of = |waybill_no: &str| waybill_id(saved.region(), waybill_no);
    let mut moves = vec![(after.0.clone(), after.1)];
    // The same number written in another way is the same waybill.
    if id_of(&before.0) != id_of(&after.0) {
        moves.push((before.0, Stake::NONE));
    }
    // In one order everywhere, so that two cases do not wait for each other.
    moves.sort_by_key(|(waybill_no, _)| id_of(waybill_no));
    for (waybill_no, stake) in moves {
        set(unit, saved, &waybill_no, stake).await?;
    }
    Ok(())
}

async fn set(unit: &mut Unit, saved: &Loaded<Resolution>, waybill_no: &str, stake: Stake) -> Result<()> {
    let Some(id) = waybill_id(saved.region(), waybill_no) else { return Ok(()) };
    let (case_id, currency) = (saved.id(), saved.state.currency);
    match lock(unit, id).await? {
        Some(waybill) => {
            let known = waybill.state.cases.get(&case_id).copied().unwrap_or(Stake::NONE);
            if known != stake {
                let decision = waybill.state.set(case_id, stake, currency);
                unit.save(waybill, decision).await?;
            }
        }
        None if stake == Stake::NONE => {}
        None => {
            let row = saved.row();
            let place = Place {
                id,
                case_id: None,
                region: row.region.clone(),
                handbook_hash: row.handbook_hash.clone(),
                calendar_hash: row.calendar_hash.clone(),
            };
            unit.create(place, Waybill::new(waybill_no).set(case_id, stake, currency)).await?;
        }
    }
    Ok(())
}

/// Locks a waybill, also one that is not stored yet.
async fn lock(unit: &mut Unit, id: Uuid) -> Result<Option<Loaded<Waybill>>> {
    let (high, _) = id.as_u64_pair();
    unit.transaction()
        .execute(
            "lock a waybill",
            "select pg_advisory_xact_lock($1)",
            [i64::from_be_bytes(high.to_be_bytes()).into()],
        )
        .await
        .map_err(Failure::from)?;
    unit.find::<Waybill>(id).await
}
