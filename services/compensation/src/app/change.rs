//! Loading, deciding and saving a resolution; its stake on the waybill is saved with it.

use redress_chassis::{Call, Loaded, Policy, Result, Unit, unit};
use redress_domain::{Decision, Rejection};
use uuid::Uuid;

use super::exposure;
use crate::{
    Compensation,
    domain::{
        Setting,
        context::{self, Context},
        state::Resolution,
        waybill::Stake,
    },
};

/// Reads a resolution for a caller, without locking it.
pub(crate) async fn seen(app: &Compensation, call: &Call, case_id: Uuid) -> Result<Loaded<Resolution>> {
    let seen = unit::read::<Resolution>(&app.engine, case_id).await?;
    call.caller.may_see(seen.region(), seen.case_id())?;
    Ok(seen)
}

/// Why a command would be refused as things stand. Texts are stored with intake only for a command that would not be:
/// a refusal leaves nothing behind.
pub(crate) async fn refusal<T>(
    app: &Compensation,
    seen: &Loaded<Resolution>,
    etag: &str,
    work: impl FnOnce(&Resolution, Stake, &Setting<'_>) -> std::result::Result<T, Rejection>,
) -> Result<Option<Rejection>> {
    if let Err(stale) = seen.expect_etag(etag) {
        return Ok(Some(stale));
    }
    let others = exposure::seen_of_others(app, seen).await?;
    let row = seen.row();
    let policy = app.engine.policies().get(&row.handbook_hash, &row.calendar_hash).await?;
    let new_id = Uuid::nil;
    let setting = Setting {
        case_id: seen.id(),
        book: &policy.handbook,
        calendar: &policy.calendar,
        now: app.engine.now(),
        new_id: &new_id,
    };
    Ok(work(&seen.state, others, &setting).err())
}

/// Decides on a loaded resolution.
pub(crate) async fn decide<T>(
    unit: &Unit,
    loaded: &Loaded<Resolution>,
    work: impl FnOnce(&Resolution, &Setting<'_>) -> T,
) -> Result<T> {
    let policy: Policy = unit.policy(loaded).await?;
    let new_id = || unit.new_id();
    let setting = Setting {
        case_id: loaded.id(),
        book: &policy.handbook,
        calendar: &policy.calendar,
        now: unit.now(),
        new_id: &new_id,
    };
    Ok(work(&loaded.state, &setting))
}

/// Saves a decision, and the case's stake on its waybill where that changed.
pub(crate) async fn save(
    unit: &mut Unit,
    loaded: Loaded<Resolution>,
    decision: Decision<Resolution>,
) -> Result<Loaded<Resolution>> {
    let before = exposure::stake_of(&loaded.state);
    let saved = unit.save(loaded, decision).await?;
    exposure::follow(unit, &saved, before).await?;
    Ok(saved)
}

/// A change that no caller waits for: of a case that is not known here, and one that changes nothing, nothing is saved.
pub(crate) async fn revise(
    unit: &mut Unit,
    case_id: Uuid,
    work: impl FnOnce(
        &Resolution,
        Stake,
        &Setting<'_>,
    ) -> std::result::Result<Option<Decision<Resolution>>, Rejection>,
) -> Result<()> {
    let Some(loaded) = unit.find::<Resolution>(case_id).await? else { return Ok(()) };
    let others = exposure::of_others(unit, &loaded).await?;
    let decision = decide(unit, &loaded, |resolution, setting| work(resolution, others, setting)).await??;
    keep(unit, loaded, decision).await
}

/// As [`revise`], for what others tell of the case. It may tell of another waybill: then the cases on that one count (X10).
pub(crate) async fn learn(unit: &mut Unit, case_id: Uuid, take: impl Fn(&mut Context)) -> Result<()> {
    let Some(loaded) = unit.find::<Resolution>(case_id).await? else { return Ok(()) };
    let mut told = loaded.state.context.clone();
    take(&mut told);
    let others = exposure::of_others_on(unit, &loaded, &told.waybill_no).await?;
    let change =
        |resolution: &Resolution, setting: &Setting<'_>| context::change(resolution, take, others, setting);
    let decision = decide(unit, &loaded, change).await??;
    keep(unit, loaded, decision).await
}

async fn keep(
    unit: &mut Unit,
    loaded: Loaded<Resolution>,
    decision: Option<Decision<Resolution>>,
) -> Result<()> {
    if let Some(decision) = decision {
        save(unit, loaded, decision).await?;
    }
    Ok(())
}
