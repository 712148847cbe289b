//! What investigation does: one use case a file, all of one shape.

pub mod conclude_investigation;
pub mod deadlines;
pub mod decide_extension;
pub mod download_evidence;
pub mod file_preliminary_report;
pub mod get_investigation;
pub mod list_decisions;
pub mod pause_for_customer;
pub mod reactions;
pub mod report_progress;
pub mod request_evidence;
pub mod request_extension;
pub mod resume_investigation;
pub mod seal;
pub mod texts;
pub mod unseal;
pub mod upload_evidence;
pub mod verify_archive;
pub mod waive_evidence;

use prost::{Message, Name};
use redress_chassis::{Begin, Call, Caller, Failure, Loaded, Policy, Result, unit};
use redress_domain::{Rejection, Timestamp, Violation, handbook::Role};
use uuid::Uuid;

use crate::{
    Investigation,
    domain::{
        Draft, Setting,
        case::{By, Case, Person},
    },
};

/// The rules and the moment of a decision on a case.
pub(crate) fn setting<'a>(case: &'a Loaded<Case>, policy: &'a Policy, now: Timestamp) -> Setting<'a> {
    Setting {
        case_id: case.id(),
        region: case.region(),
        book: &policy.handbook,
        calendar: &policy.calendar,
        now,
    }
}

/// An id from a request that the contract has checked.
pub(crate) fn id(field: &str, text: &str) -> Result<Uuid> {
    Uuid::parse_str(text)
        .map_err(|_| Failure::from(Rejection::invalid("INVALID_FIELDS", field, "is no UUID")))
}

/// The caller as somebody who does something.
pub(crate) fn person(caller: &Caller) -> Person {
    let actor = caller.actor();
    Person { subject: actor.subject, role: actor.role, department: caller.department.clone() }
}

/// The caller as somebody who gives commands.
pub(crate) fn by(caller: &Caller) -> By {
    By {
        person: person(caller),
        roles: caller.roles.iter().filter_map(|role| role.parse::<Role>().ok()).collect(),
    }
}

/// Refuses a text of blanks only.
pub(crate) fn expect_words(field: &str, text: &str) -> Result<()> {
    if text.trim().is_empty() {
        let violation = Violation {
            field: field.to_owned(),
            description: "must have words in it".to_owned(),
            reason: "BLANK".to_owned(),
        };
        return Err(redress_chassis::grpc::invalid_fields(vec![violation]).into());
    }
    Ok(())
}

/// Reads an investigation without locking it, for a caller who may see it.
pub(crate) async fn look(app: &Investigation, call: &Call, case_id: Uuid) -> Result<(Loaded<Case>, Policy)> {
    let case = unit::read::<Case>(&app.engine, case_id).await?;
    call.caller.may_see(case.region(), case.case_id())?;
    case.state.expect_opened()?;
    let policy = app.engine.policies().get(&case.row().handbook_hash, &case.row().calendar_hash).await?;
    Ok((case, policy))
}

/// The answer of a request that was done before.
pub(crate) async fn repeated<Q, R>(
    app: &Investigation,
    call: &Call,
    request_id: &str,
    request: &Q,
) -> Result<Option<R>>
where
    Q: Message + Name,
    R: Message + Default,
{
    if request_id.is_empty() {
        return Ok(None);
    }
    match app.engine.begin(call, request_id, request).await? {
        // Given back unused: texts are stored before the change begins.
        Begin::Fresh(_) => Ok(None),
        Begin::Repeated(answer) => Ok(Some(answer)),
    }
}

/// Refuses what the rules would refuse now, so that a refusal leaves no text behind. The locked state decides later.
pub(crate) async fn foresee<T>(
    app: &Investigation,
    call: &Call,
    case_id: Uuid,
    etag: &str,
    decide: impl FnOnce(&Case, &Setting<'_>) -> std::result::Result<T, Rejection> + Send,
) -> Result<T> {
    let (case, policy) = look(app, call, case_id).await?;
    case.expect_etag(etag)?;
    Ok(decide(&case.state, &setting(&case, &policy, app.engine.now()))?)
}

/// Decides on a loaded investigation.
pub(crate) async fn decide(
    unit: &mut redress_chassis::Unit,
    case: Loaded<Case>,
    decide: impl FnOnce(&Case, &Setting<'_>) -> std::result::Result<Draft, Rejection> + Send,
) -> Result<Loaded<Case>> {
    let policy = unit.policy(&case).await?;
    let decision = decide(&case.state, &setting(&case, &policy, unit.now()))?;
    unit.save(case, decision).await
}
