//! GetHandbook: a stored handbook and calendar, by hash or as active in a region.

use redress_chassis::{Call, Result};
use redress_domain::Rejection;
use redress_proto::{intake::v1 as pb, time_to_wire, types::v1 as types};
use redress_storage::policy::{self as stored, PolicyRow};

use crate::{Intake, store::policy};

/// Returns what is asked for. Handbooks are no secret between regions.
pub async fn get_handbook(
    app: &Intake,
    _call: &Call,
    request: pb::GetHandbookRequest,
) -> Result<pb::GetHandbookResponse> {
    let now = app.engine.now();
    let mut wanted = types::Policy {
        handbook_hash: request.handbook_hash.clone(),
        calendar_hash: request.calendar_hash.clone(),
        ..types::Policy::default()
    };
    let mut activated_at = None;
    if wanted.handbook_hash.is_empty() && wanted.calendar_hash.is_empty() {
        if request.region.is_empty() {
            return Err(Rejection::invalid(
                "INVALID_FIELDS",
                "handbook_hash",
                "is empty; set a hash or a region",
            )
            .into());
        }
        let active = policy::of_region(app.pool(), &request.region, now).await?;
        let active = active.ok_or_else(|| not_found("region", &request.region))?;
        activated_at = Some(active.activated_at);
        wanted = active.policy;
    } else if !wanted.handbook_hash.is_empty()
        && let Some(active) = policy::of_handbook(app.pool(), &wanted.handbook_hash).await?
    {
        activated_at = Some(active.activated_at);
    }
    let handbook = read(app, &wanted.handbook_hash, "handbook").await?;
    let calendar = read(app, &wanted.calendar_hash, "calendar").await?;
    if handbook.is_some() {
        let parsed = app.engine.policies().handbook(&wanted.handbook_hash).await?;
        wanted.handbook_id.clone_from(&parsed.id);
        wanted.handbook_version.clone_from(&parsed.version);
    }
    if calendar.is_some() {
        app.engine.policies().calendar(&wanted.calendar_hash).await?.id().clone_into(&mut wanted.calendar_id);
    }
    let in_force = policy::in_force(app.pool(), now).await?;
    let regions = in_force
        .into_iter()
        .filter(|active| handbook.is_some() && active.policy.handbook_hash == wanted.handbook_hash)
        .map(|active| active.region)
        .collect();
    let (handbook_file, handbook_toml) = handbook.map(|row| (row.name, row.text)).unwrap_or_default();
    let (calendar_file, calendar_toml) = calendar.map(|row| (row.name, row.text)).unwrap_or_default();
    Ok(pb::GetHandbookResponse {
        policy: Some(wanted),
        handbook_file,
        handbook_toml,
        calendar_file,
        calendar_toml,
        regions,
        activate_time: activated_at.map(time_to_wire),
    })
}

async fn read(app: &Intake, hash: &str, kind: &str) -> Result<Option<PolicyRow>> {
    if hash.is_empty() {
        return Ok(None);
    }
    let row = stored::read(app.pool(), hash).await?.filter(|row| row.kind == kind);
    row.map(Some).ok_or_else(|| not_found(kind, hash).into())
}

fn not_found(what: &str, value: &str) -> Rejection {
    Rejection::not_found(
        "HANDBOOK_NOT_FOUND",
        format!("no handbook or calendar is known for {what} `{value}`"),
    )
    .with(what, value)
}
