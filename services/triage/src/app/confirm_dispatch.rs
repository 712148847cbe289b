//! Those responsible confirm a dispatch with its deliverable.

use redress_chassis::{Begin, Call, Result};
use redress_domain::handbook::Role;
use redress_proto::triage::v1::{ConfirmDispatchRequest, ConfirmDispatchResponse};

use super::{get_triage::view, id, person, setting};
use crate::{
    Triage,
    domain::{
        case::{Case, TaskForceMember},
        commands::{self, Confirmation},
        words,
    },
};

/// Confirms it.
pub async fn confirm_dispatch(
    app: &Triage,
    call: &Call,
    request: ConfirmDispatchRequest,
) -> Result<ConfirmDispatchResponse> {
    let case_id = id("case_id", &request.case_id)?;
    let mut unit = match app.engine.begin(call, &request.request_id, &request).await? {
        Begin::Fresh(unit) => unit,
        Begin::Repeated(answer) => return Ok(answer),
    };
    let case = unit.load::<Case>(case_id).await?;
    call.caller.may_see(case.region(), case.case_id())?;
    case.expect_etag(&request.etag)?;
    let policy = unit.policy(&case).await?;
    let command = Confirmation {
        contact: request.contact.clone(),
        task_force: request
            .task_force
            .iter()
            .filter_map(|member| {
                let role: Role = words::role_from_wire(member.role())?;
                let (subject, department) = (member.subject.clone(), member.department.clone());
                Some(TaskForceMember { subject, role, department })
            })
            .collect(),
    };
    let setting = setting(case_id, case.region(), &policy, unit.now());
    let decision = commands::confirm(&case.state, &command, &person(&call.caller), &setting)?;
    let case = unit.save(case, decision).await?;
    let triage = view(app, unit.transaction().connection(), &case).await?;
    unit.commit(ConfirmDispatchResponse { triage: Some(triage) }).await
}
