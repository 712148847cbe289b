//! ActivateHandbook: new rules for new cases; running cases keep theirs.

use redress_chassis::{Begin, Call, Place, Result, policies::content_hash};
use redress_domain::{Calendar, CalendarError, Rejection, RejectionKind, Timestamp, handbook::Handbook};
use redress_proto::{intake::v1 as pb, types::v1 as types};
use redress_storage::policy::PolicyRow;
use uuid::Uuid;

use crate::{
    Intake,
    domain::handbook::{Activate, Activation},
    store::policy,
};

/// Namespace of handbook ids: a handbook's version is one aggregate, whoever activates it.
const HANDBOOKS: Uuid = Uuid::from_u128(0x7d1f_3c52_94b8_5a0e_8a36_1de4_0f27_b6c9);

/// Checks, keeps and activates a handbook with its calendar.
pub async fn activate_handbook(
    app: &Intake,
    call: &Call,
    request: pb::ActivateHandbookRequest,
) -> Result<pb::ActivateHandbookResponse> {
    for region in &request.regions {
        call.caller.may_see(region, None)?;
    }
    let (handbook, calendar) = read(&request)?;
    let checked = types::Policy {
        handbook_id: handbook.id.clone(),
        handbook_version: handbook.version.clone(),
        handbook_hash: content_hash(&request.handbook_toml),
        calendar_id: calendar.id().to_owned(),
        calendar_hash: content_hash(&request.calendar_toml),
    };
    let now = app.engine.now();
    if request.dry_run {
        let replaced = replaced(app, &request.regions, now).await?;
        return Ok(pb::ActivateHandbookResponse { policy: Some(checked), replaced });
    }
    // Kept before they are in force, so that whoever sees them in force finds them.
    for (kind, name, text, hash) in [
        ("handbook", &request.handbook_file, &request.handbook_toml, &checked.handbook_hash),
        ("calendar", &request.calendar_file, &request.calendar_toml, &checked.calendar_hash),
    ] {
        let row = PolicyRow { hash: hash.clone(), kind: kind.into(), name: name.clone(), text: text.clone() };
        app.engine.policies().keep(&row).await?;
    }

    let mut unit = match app.engine.begin(call, &request.request_id, &request).await? {
        Begin::Fresh(unit) => unit,
        Begin::Repeated(answer) => return Ok(answer),
    };
    let ordinal = policy::next_ordinal(unit.transaction()).await?;
    let replaced = replaced(app, &request.regions, now).await?;
    let id = Uuid::new_v5(&HANDBOOKS, format!("{}@{}", handbook.id, handbook.version).as_bytes());
    let known = unit.find::<Activation>(id).await?;
    let command = Activate {
        policy: checked.clone(),
        regions: request.regions.clone(),
        replaced: replaced.clone(),
        since: since(&handbook, &calendar, unit.now())?,
        ordinal,
    };
    let decision = Activation::activate(known.as_ref().map(|known| &known.state), command, unit.now())?;
    match known {
        Some(known) => unit.save(known, decision).await?,
        None => {
            let place = Place {
                id,
                case_id: None,
                region: request.regions.first().cloned().unwrap_or_default(),
                handbook_hash: checked.handbook_hash.clone(),
                calendar_hash: checked.calendar_hash.clone(),
            };
            unit.create(place, decision).await?
        }
    };
    unit.commit(pb::ActivateHandbookResponse { policy: Some(checked), replaced }).await
}

/// From when on it holds: now, or the first day on which the handbook says that cases may be registered under it.
fn since(
    handbook: &Handbook,
    calendar: &Calendar,
    now: Timestamp,
) -> std::result::Result<Timestamp, Rejection> {
    let first = calendar
        .instant(handbook.effective_from.and_time(chrono::NaiveTime::MIN))
        .map_err(|error| Rejection::precondition("CALENDAR_CANNOT_TELL", error.to_string()))?;
    Ok(first.max(now))
}

async fn replaced(app: &Intake, regions: &[String], now: Timestamp) -> Result<Vec<pb::ReplacedPolicy>> {
    let in_force = policy::in_force(app.pool(), now).await?;
    let of = |region: &String| in_force.iter().find(|active| active.region == *region);
    Ok(regions
        .iter()
        .map(|region| pb::ReplacedPolicy {
            region: region.clone(),
            policy: of(region).map(|active| active.policy.clone()),
        })
        .collect())
}

/// Reads both files. Everything that is wrong with either is said at once.
fn read(request: &pb::ActivateHandbookRequest) -> std::result::Result<(Handbook, Calendar), Rejection> {
    let mut rejection = Rejection::new(
        RejectionKind::Invalid,
        "HANDBOOK_INVALID",
        "the handbook or calendar has faults; the active one stays",
    );
    let handbook = Handbook::parse(&request.handbook_file, &request.handbook_toml);
    let calendar = Calendar::parse(&request.calendar_toml);
    if let Err(errors) = &handbook {
        for problem in &errors.problems {
            let field = format!("{}:{}:{}", request.handbook_file, problem.line, problem.column);
            let description = format!("{}; expected {}", problem.wrong, problem.expected);
            rejection = rejection.violation(&field, description, "HANDBOOK_INVALID");
        }
    }
    if let Err(error) = &calendar {
        let (line, column, description) = match error {
            CalendarError::Source { line, column, problem } => (*line, *column, problem.clone()),
            other => (1, 1, other.to_string()),
        };
        let field = format!("{}:{line}:{column}", request.calendar_file);
        rejection = rejection.violation(&field, description, "CALENDAR_INVALID");
    }
    if let (Ok(handbook), Ok(calendar)) = (&handbook, &calendar)
        && handbook.calendar != calendar.id()
    {
        let field = format!("{}:1:1", request.calendar_file);
        let description = format!(
            "is calendar `{}`; expected `{}`, which the handbook names",
            calendar.id(),
            handbook.calendar
        );
        rejection = rejection.violation(&field, description, "CALENDAR_INVALID");
    }
    match (handbook, calendar) {
        (Ok(handbook), Ok(calendar)) if rejection.violations.is_empty() => Ok((handbook, calendar)),
        _ => {
            rejection.message = format!(
                "the handbook or calendar has {} fault(s); the active one stays",
                rejection.violations.len()
            );
            Err(rejection)
        }
    }
}
