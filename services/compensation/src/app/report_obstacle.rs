//! Reports an obstacle to a remedy.

use redress_chassis::{Begin, Call, Result};
use redress_domain::Rejection;
use redress_proto::{
    compensation::v1::{ReportObstacleRequest, ReportObstacleResponse},
    intake::v1::TextPurpose,
};

use super::{change, id, view};
use crate::{
    Compensation,
    domain::{
        obstacle::report,
        state::{ObstacleKind, Resolution},
    },
};

/// Reports it: the customer is told first, then the fallback starts.
pub async fn report_obstacle(
    app: &Compensation,
    call: &Call,
    request: ReportObstacleRequest,
) -> Result<ReportObstacleResponse> {
    let case_id = id("case_id", &request.case_id)?;
    let remedy_id = id("remedy_id", &request.remedy_id)?;
    let kind = ObstacleKind::from_wire(request.obstacle())
        .ok_or_else(|| Rejection::invalid("INVALID_FIELDS", "obstacle", "is not specified"))?;
    let obstacle = (kind, !request.text.trim().is_empty());
    let seen = change::seen(app, call, case_id).await?;
    let refusal = change::refusal(app, &seen, &request.etag, |resolution, _, setting| {
        report(resolution, remedy_id, obstacle, "", setting)
    })
    .await?;
    let mut text_ref = String::new();
    if refusal.is_none() {
        let purpose = TextPurpose::Reason;
        text_ref = app.texts.store(call, &request.request_id, case_id, purpose, &request.text).await?;
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
    let decision = change::decide(&unit, &loaded, |resolution, setting| {
        report(resolution, remedy_id, obstacle, &text_ref, setting)
    })
    .await??;
    let saved = change::save(&mut unit, loaded, decision).await?;
    let resolution = view::saved(&unit, &saved).await?;
    unit.commit(ReportObstacleResponse { resolution: Some(resolution) }).await
}
