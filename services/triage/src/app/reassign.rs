//! Hands a case to another department or staff member.

use redress_chassis::{Begin, Call, Result, unit};
use redress_proto::{
    intake::v1::TextPurpose,
    triage::v1::{ReassignRequest, ReassignResponse},
};

use super::{get_triage::view, id, person, setting};
use crate::{
    Triage,
    domain::{case::Case, commands},
};

/// Hands it over; the deadline of the dispatch goes on.
pub async fn reassign(app: &Triage, call: &Call, request: ReassignRequest) -> Result<ReassignResponse> {
    let case_id = id("case_id", &request.case_id)?;
    let seen = unit::read::<Case>(&app.engine, case_id).await?;
    call.caller.may_see(seen.region(), seen.case_id())?;
    let text_ref =
        app.texts.store(call, &request.request_id, case_id, TextPurpose::Reason, &request.reason).await?;
    let mut unit = match app.engine.begin(call, &request.request_id, &request).await? {
        Begin::Fresh(unit) => unit,
        Begin::Repeated(answer) => return Ok(answer),
    };
    let case = unit.load::<Case>(case_id).await?;
    case.expect_etag(&request.etag)?;
    let policy = unit.policy(&case).await?;
    let by = person(&call.caller);
    let decision = commands::reassign(
        &case.state,
        &request.department,
        &request.assignee,
        &text_ref,
        &by,
        &setting(case_id, case.region(), &policy, unit.now()),
    )?;
    let case = unit.save(case, decision).await?;
    let triage = view(app, unit.transaction().connection(), &case).await?;
    unit.commit(ReassignResponse { triage: Some(triage) }).await
}
