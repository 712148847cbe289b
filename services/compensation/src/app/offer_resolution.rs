//! Offers the approved resolution to the customer.

use redress_chassis::{Begin, Call, Result};
use redress_proto::{
    compensation::v1::{OfferResolutionRequest, OfferResolutionResponse},
    intake::v1::TextPurpose,
};

use super::{change, channel, id, view};
use crate::{
    Compensation,
    domain::{offer::offer, state::Resolution},
};

/// Offers.
pub async fn offer_resolution(
    app: &Compensation,
    call: &Call,
    request: OfferResolutionRequest,
) -> Result<OfferResolutionResponse> {
    let case_id = id("case_id", &request.case_id)?;
    let seen = change::seen(app, call, case_id).await?;
    let through = channel(request.channel());
    let refusal = change::refusal(app, &seen, &request.etag, |resolution, _, setting| {
        offer(resolution, "", through, setting)
    })
    .await?;
    let mut text_ref = String::new();
    if refusal.is_none() {
        let purpose = TextPurpose::Resolution;
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
    let decision =
        change::decide(&unit, &loaded, |resolution, setting| offer(resolution, &text_ref, through, setting))
            .await??;
    let saved = change::save(&mut unit, loaded, decision).await?;
    let resolution = view::saved(&unit, &saved).await?;
    unit.commit(OfferResolutionResponse { resolution: Some(resolution) }).await
}
