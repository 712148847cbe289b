//! How a case's facts change: find its incident, rank it, and raise the others that became part of a group complaint.
//!
//! Locks are taken in one order: the keys of incidents (sorted), the incidents, the case itself, then the other
//! members by id. So that the case is known before it is locked, the change is worked out twice: once to see which
//! incidents it touches, and again on the locked row.

use std::collections::BTreeSet;

use redress_chassis::{Aggregate as _, Failure, Loaded, Place, Policy, Result, Unit, unit};
use redress_domain::{CalendarError, Rejection, handbook::ClosingBasis};
use redress_storage::{StorageError, aggregate};
use uuid::Uuid;

use super::setting;
use crate::{
    domain::{
        Setting,
        case::{Case, Stage},
        commands::Revision,
        incident::{self, Incident, Key, Member},
        rank, turns,
    },
    store,
};

/// From which incident to which a change of facts takes a case.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Move {
    from: Option<Key>,
    to: Option<Key>,
}

/// The incidents of a move, locked.
#[derive(Debug, Default)]
struct Held {
    from: Option<Loaded<Incident>>,
    to: Option<(Key, Option<Loaded<Incident>>)>,
}

/// Begins the triage of a case.
pub(crate) async fn register(
    unit: &mut Unit,
    place: Place,
    policy: &Policy,
    revision: Revision,
) -> Result<()> {
    let region = place.region.clone();
    let setting = setting(place.id, &region, policy, unit.now());
    let to = Move { from: None, to: revision.draft.incident_key(&setting) };
    let held = hold(unit, None, &to).await?;
    settle(unit, Target::New(place), revision, held, &setting).await?;
    Ok(())
}

/// Changes the facts of a case and ranks it again. `work` gives `None` when there is nothing to change; the answer is
/// `None` when there is no such case.
pub(crate) async fn revise(
    unit: &mut Unit,
    case_id: Uuid,
    etag: &str,
    work: impl Fn(&Case, &Setting<'_>) -> std::result::Result<Option<Revision>, Rejection> + Send + Sync,
) -> Result<Option<Loaded<Case>>> {
    let Some(seen) = look(unit, case_id).await? else { return Ok(None) };
    seen.expect_etag(etag)?;
    let policy = unit.policy(&seen).await?;
    let region = seen.region().to_owned();
    let setting = setting(case_id, &region, &policy, unit.now());
    let Some(foreseen) = work(&seen.state, &setting)? else { return Ok(Some(seen)) };
    let plan = moves(&seen.state, &foreseen.draft, &setting);
    let held = hold(unit, Some(&seen.state), &plan).await?;
    let loaded = unit.load::<Case>(case_id).await?;
    loaded.expect_etag(etag)?;
    let Some(revision) = work(&loaded.state, &setting)? else { return Ok(Some(loaded)) };
    if moves(&loaded.state, &revision.draft, &setting) != plan || loaded.state.incident != seen.state.incident
    {
        return Err(overtaken(case_id));
    }
    settle(unit, Target::Known(Box::new(loaded)), revision, held, &setting).await.map(Some)
}

/// Ends the triage of a case. A complaint that was refused is no part of an incident, unless that is recognised.
pub(crate) async fn end(
    unit: &mut Unit,
    case_id: Uuid,
    basis: Option<ClosingBasis>,
    closed: bool,
) -> Result<()> {
    let Some(seen) = look(unit, case_id).await? else { return Ok(()) };
    let policy = unit.policy(&seen).await?;
    let region = seen.region().to_owned();
    let setting = setting(case_id, &region, &policy, unit.now());
    let refused = basis == Some(ClosingBasis::Refused) && seen.state.stage != Stage::Ended;
    let plan = Move {
        from: seen.state.incident_key(&setting).filter(|_| refused && is_waiting(&seen.state)),
        to: None,
    };
    let held = hold(unit, Some(&seen.state), &plan).await?;
    let loaded = unit.load::<Case>(case_id).await?;
    if loaded.state.incident != seen.state.incident {
        return Err(overtaken(case_id));
    }
    let Some(mut decision) = turns::ended(&loaded.state, basis, closed) else { return Ok(()) };
    if let Some(from) = held.from {
        leave(unit, from, case_id).await?;
        decision.next.incident = None;
    }
    unit.save(loaded, decision).await?;
    Ok(())
}

/// Reads a case without locking it.
async fn look(unit: &Unit, case_id: Uuid) -> Result<Option<Loaded<Case>>> {
    let row = aggregate::read(unit.transaction().connection(), Case::KIND, case_id).await?;
    row.map(unit::decode::<Case>).transpose()
}

/// Whether a case may still change its incident: a place in a recognised one is kept for good.
fn is_waiting(case: &Case) -> bool {
    case.incident.as_ref().is_some_and(|membership| !membership.recognised)
}

fn moves(before: &Case, draft: &Case, setting: &Setting<'_>) -> Move {
    let (from, to) = (before.incident_key(setting), draft.incident_key(setting));
    if from == to || before.incident.as_ref().is_some_and(|membership| membership.recognised) {
        return Move::default();
    }
    Move { from: from.filter(|_| is_waiting(before)), to }
}

async fn hold(unit: &mut Unit, before: Option<&Case>, plan: &Move) -> Result<Held> {
    let keys: BTreeSet<&Key> = plan.from.iter().chain(&plan.to).collect();
    for key in keys {
        store::incident::lock(unit.transaction(), key).await?;
    }
    let mut held = Held::default();
    if plan.from.is_some()
        && let Some(membership) = before.and_then(|case| case.incident.as_ref())
    {
        held.from = unit.find::<Incident>(membership.incident_id).await?;
    }
    if let Some(key) = &plan.to {
        let latest = match store::incident::latest(unit.transaction(), key).await? {
            Some(id) => unit.find::<Incident>(id).await?,
            None => None,
        };
        held.to = Some((key.clone(), latest));
    }
    Ok(held)
}

/// Where a ranking is stored.
enum Target {
    New(Place),
    Known(Box<Loaded<Case>>),
}

async fn settle(
    unit: &mut Unit,
    target: Target,
    mut revision: Revision,
    held: Held,
    setting: &Setting<'_>,
) -> Result<Loaded<Case>> {
    if let Some(from) = held.from {
        leave(unit, from, setting.case_id).await?;
        revision.draft.incident = None;
    }
    let mut joined = None;
    if let Some((key, latest)) = held.to {
        joined = Some(join(unit, &target, &mut revision, &key, latest, setting).await?);
    }
    let before = match &target {
        Target::New(_) => None,
        Target::Known(loaded) => Some(&loaded.state),
    };
    let decision = rank::rank(before, revision.draft, revision.occasion, setting)?;
    let saved = match target {
        Target::New(place) => unit.create(place, decision).await?,
        Target::Known(loaded) => unit.save(*loaded, decision).await?,
    };
    if let Some((incident, others)) = joined {
        for other in others {
            raise(unit, other, &incident).await?;
        }
    }
    Ok(saved)
}

/// Puts a case into its incident. Gives the incident and the other cases that became part of the group complaint.
async fn join(
    unit: &mut Unit,
    target: &Target,
    revision: &mut Revision,
    key: &Key,
    latest: Option<Loaded<Incident>>,
    setting: &Setting<'_>,
) -> Result<(Incident, Vec<Loaded<Case>>)> {
    let (rule, rule_ref) = setting.book.incident();
    let newcomer = Member {
        case_id: setting.case_id,
        person_ref: revision.draft.known.person_ref.clone(),
        received_at: revision.draft.known.received_at,
        grouped: false,
        linked_only: false,
    };
    let known = latest.as_ref().map(|latest| &latest.state);
    let admission = incident::admit(known, key, newcomer, (rule, &rule_ref), setting.calendar, setting.now)
        .map_err(calendar_cannot_tell)?;
    let mut others = Vec::new();
    for case_id in admission.grouped.iter().filter(|case_id| **case_id != setting.case_id) {
        others.push(unit.load::<Case>(*case_id).await?);
    }
    let mut linked: BTreeSet<Uuid> =
        others.iter().filter(|case| case.state.is_only_linked()).map(Loaded::id).collect();
    if revision.draft.is_only_linked() {
        linked.insert(setting.case_id);
    }
    let latest = latest.filter(|_| !admission.opened);
    let before = latest.as_ref().map(|latest| latest.state.clone());
    let decision = incident::admitted(before.as_ref(), admission, setting.case_id, &linked);
    let saved = match latest {
        Some(latest) => unit.save(latest, decision).await?,
        None => {
            let (handbook_hash, calendar_hash) = match target {
                Target::New(place) => (place.handbook_hash.clone(), place.calendar_hash.clone()),
                Target::Known(loaded) => {
                    (loaded.row().handbook_hash.clone(), loaded.row().calendar_hash.clone())
                }
            };
            let region = setting.region.to_owned();
            let place = Place { id: decision.next.id(), case_id: None, region, handbook_hash, calendar_hash };
            unit.create(place, decision).await?
        }
    };
    turns::join(revision, &saved.state, setting);
    Ok((saved.state, others))
}

/// Raises an earlier case whose incident became a group complaint.
async fn raise(unit: &mut Unit, case: Loaded<Case>, incident: &Incident) -> Result<()> {
    let policy = unit.policy(&case).await?;
    let region = case.region().to_owned();
    let setting = setting(case.id(), &region, &policy, unit.now());
    let decision = turns::grouped(&case.state, incident, &setting)?;
    unit.save(case, decision).await?;
    Ok(())
}

async fn leave(unit: &mut Unit, incident: Loaded<Incident>, case_id: Uuid) -> Result<()> {
    if let Some(decision) = incident::leave(&incident.state, case_id) {
        unit.save(incident, decision).await?;
    }
    Ok(())
}

fn calendar_cannot_tell(error: CalendarError) -> Rejection {
    Rejection::precondition("CALENDAR_CANNOT_TELL", error.to_string())
}

fn overtaken(case_id: Uuid) -> Failure {
    StorageError::Conflict(format!("{}/{case_id}", Case::KIND)).into()
}
