//! Records the customer's answer.

use redress_chassis::{Begin, Call, Result};
use redress_proto::{
    compensation::v1::{RecordResponseRequest, RecordResponseResponse, ResponseKind as WireKind},
    intake::v1::TextPurpose,
};

use super::{change, channel, id, person, time, view};
use crate::{
    Compensation,
    domain::{
        respond::{Answering, respond},
        state::{Resolution, ResponseKind},
    },
};

/// Records it; accepted, the execution begins.
pub async fn record_response(
    app: &Compensation,
    call: &Call,
    request: RecordResponseRequest,
) -> Result<RecordResponseResponse> {
    let case_id = id("case_id", &request.case_id)?;
    let seen = change::seen(app, call, case_id).await?;
    let mut command = Answering {
        kind: match request.response() {
            WireKind::NoFurtherDemand => ResponseKind::NoFurtherDemand,
            WireKind::Objected => ResponseKind::Objected,
            // The contract's limits let nothing unspecified through.
            WireKind::Accepted | WireKind::Unspecified => ResponseKind::Accepted,
        },
        point: request.point(),
        has_text: !request.text.trim().is_empty(),
        text_ref: String::new(),
        channel: channel(request.channel()),
        said_at: time("response_time", request.response_time.as_ref())?,
        payee_ref: String::new(),
        has_payee: !request.payee_account.trim().is_empty(),
    };
    let by = person(&call.caller);
    let refusal = change::refusal(app, &seen, &request.etag, |resolution, _, setting| {
        respond(resolution, &command, &by, setting)
    })
    .await?;
    if refusal.is_none() {
        let (texts, request_id) = (&app.texts, &request.request_id);
        let store = |purpose, text| texts.store(call, request_id, case_id, purpose, text);
        command.text_ref = store(TextPurpose::Objection, &request.text).await?;
        command.payee_ref = store(TextPurpose::PayeeAccount, &request.payee_account).await?;
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
        change::decide(&unit, &loaded, |resolution, setting| respond(resolution, &command, &by, setting))
            .await??;
    let saved = change::save(&mut unit, loaded, decision).await?;
    let resolution = view::saved(&unit, &saved).await?;
    unit.commit(RecordResponseResponse { resolution: Some(resolution) }).await
}
