//! Completes an improvement (M7.3).

use redress_chassis::{Begin, Call, Result};
use redress_proto::survey::v1::{CompleteImprovementRequest, CompleteImprovementResponse};

use super::{id, setting};
use crate::{Survey, domain::improvement::Improvement, grpc::convert};

/// Completes it; where the measure ends with an exam, only with the exam passed.
pub async fn complete_improvement(
    app: &Survey,
    call: &Call,
    request: CompleteImprovementRequest,
) -> Result<CompleteImprovementResponse> {
    let mut unit = match app.engine.begin(call, &request.request_id, &request).await? {
        Begin::Fresh(unit) => unit,
        Begin::Repeated(answer) => return Ok(answer),
    };
    let improvement = unit.load::<Improvement>(id("improvement_id", &request.improvement_id)?).await?;
    call.caller.may_see(improvement.region(), None)?;
    improvement.expect_etag(&request.etag)?;
    let policy = unit.policy(&improvement).await?;
    let rules = setting(improvement.region(), &policy, unit.now());
    let decision =
        improvement.state.complete(improvement.id(), &request.outcome, request.exam_passed, &rules)?;
    let improvement = unit.save(improvement, decision).await?;
    unit.commit(CompleteImprovementResponse { improvement: Some(convert::improvement(&improvement)) }).await
}
