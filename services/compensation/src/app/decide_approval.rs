//! Approves or rejects a proposal.

use redress_chassis::{Begin, Call, Result};
use redress_proto::{
    compensation::v1::{ApprovalVerdict, DecideApprovalRequest, DecideApprovalResponse},
    intake::v1::TextPurpose,
};

use super::{change, exposure, id, person, view};
use crate::{
    Compensation,
    domain::{
        approve::{self, Deciding},
        state::Resolution,
    },
    store::approvals,
};

/// Decides; of two decisions at once the second is refused.
pub async fn decide_approval(
    app: &Compensation,
    call: &Call,
    request: DecideApprovalRequest,
) -> Result<DecideApprovalResponse> {
    let approval_id = id("approval_id", &request.approval_id)?;
    let case_id = approvals::case_of(app.engine.database().pool(), approval_id)
        .await?
        .ok_or_else(|| approve::not_found(approval_id))?;
    let seen = change::seen(app, call, case_id).await?;
    let mut command = Deciding {
        approve: request.verdict() == ApprovalVerdict::Approved,
        has_reason: !request.reason.trim().is_empty(),
        reason_ref: String::new(),
        minutes_reference: request.minutes_reference.clone(),
    };
    let by = person(&call.caller);
    let refusal = change::refusal(app, &seen, &request.etag, |resolution, others, setting| {
        approve::decide(resolution, approval_id, &command, &by, others, setting)
    })
    .await?;
    if refusal.is_none() {
        command.reason_ref =
            app.texts.store(call, &request.request_id, case_id, TextPurpose::Reason, &request.reason).await?;
    }
    let mut unit = match app.engine.begin(call, &request.request_id, &request).await? {
        Begin::Fresh(unit) => unit,
        Begin::Repeated(answer) => return Ok(answer),
    };
    let loaded = unit.load::<Resolution>(case_id).await?;
    loaded.expect_etag(&request.etag)?;
    if let Some(refusal) = refusal {
        return Err(refusal.into());
    }
    let others = exposure::of_others(&mut unit, &loaded).await?;
    let decision = change::decide(&unit, &loaded, |resolution, setting| {
        approve::decide(resolution, approval_id, &command, &by, others, setting)
    })
    .await??;
    let saved = change::save(&mut unit, loaded, decision).await?;
    let resolution = view::saved(&unit, &saved).await?;
    let approval =
        resolution.approvals.iter().find(|approval| approval.approval_id == request.approval_id).cloned();
    unit.commit(DecideApprovalResponse { approval, resolution: Some(resolution) }).await
}
