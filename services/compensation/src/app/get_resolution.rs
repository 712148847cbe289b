//! Returns the resolution of a case, with the words of its texts.

use redress_chassis::{Call, Result};
use redress_proto::compensation::v1::{GetResolutionRequest, GetResolutionResponse};

use super::{change, id, view};
use crate::Compensation;

/// Returns it.
pub async fn get_resolution(
    app: &Compensation,
    call: &Call,
    request: GetResolutionRequest,
) -> Result<GetResolutionResponse> {
    let seen = change::seen(app, call, id("case_id", &request.case_id)?).await?;
    let row = seen.row();
    let policy = app.engine.policies().get(&row.handbook_hash, &row.calendar_hash).await?;
    let mut resolution = view::view(&seen, &policy);
    resolution.prevention_measure = app.texts.show(call, &resolution.prevention_measure_ref).await;
    for response in &mut resolution.responses {
        response.text = app.texts.show(call, &response.text_ref).await;
    }
    for (shown, approval) in resolution.approvals.iter_mut().zip(&seen.state.approvals) {
        shown.reason = app.texts.show(call, &approval.reason_ref).await;
    }
    Ok(GetResolutionResponse { resolution: Some(resolution) })
}
