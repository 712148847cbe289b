//! Proposes a resolution.

use redress_chassis::{Begin, Call, Result};
use redress_domain::{Rejection, Violation};
use redress_proto::{
    compensation::v1::{ProposeResolutionRequest, ProposeResolutionResponse},
    intake::v1::TextPurpose,
};

use super::{change, exposure, id, person, view};
use crate::{
    Compensation,
    domain::{
        bands::Draft,
        propose::{Proposing, propose},
        state::Resolution,
    },
    grpc::convert,
};

/// Proposes; within the caller's own authority it is approved at once.
pub async fn propose_resolution(
    app: &Compensation,
    call: &Call,
    request: ProposeResolutionRequest,
) -> Result<ProposeResolutionResponse> {
    let case_id = id("case_id", &request.case_id)?;
    let seen = change::seen(app, call, case_id).await?;
    let mut command = Proposing {
        solution: request.solution.clone(),
        upgrades: request.upgrades.clone(),
        drafts: drafts(&request)?,
        has_prevention: !request.prevention_measure.trim().is_empty(),
        ..Proposing::default()
    };
    let by = person(&call.caller);
    let refusal = change::refusal(app, &seen, &request.etag, |resolution, others, setting| {
        propose(resolution, &command, &by, others, setting)
    })
    .await?;
    if refusal.is_none() {
        let (texts, request_id) = (&app.texts, &request.request_id);
        let store = |purpose, text| texts.store(call, request_id, case_id, purpose, text);
        command.prevention_ref = store(TextPurpose::Resolution, &request.prevention_measure).await?;
        command.reason_ref = store(TextPurpose::Reason, &request.reason).await?;
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
        propose(resolution, &command, &by, others, setting)
    })
    .await??;
    let saved = change::save(&mut unit, loaded, decision).await?;
    let resolution = view::saved(&unit, &saved).await?;
    unit.commit(ProposeResolutionResponse { resolution: Some(resolution) }).await
}

fn drafts(request: &ProposeResolutionRequest) -> std::result::Result<Vec<Draft>, Rejection> {
    let mut violations: Vec<Violation> = Vec::new();
    let mut drafts = Vec::new();
    for (index, remedy) in request.remedies.iter().enumerate() {
        match convert::draft(index, remedy) {
            Ok(draft) => drafts.push(draft),
            Err(violation) => violations.push(violation),
        }
    }
    if violations.is_empty() { Ok(drafts) } else { Err(redress_chassis::grpc::invalid_fields(violations)) }
}
