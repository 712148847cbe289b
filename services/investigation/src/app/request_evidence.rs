//! Asks departments and the customer for evidence.

use std::collections::BTreeMap;

use redress_chassis::{Begin, Call, Result};
use redress_proto::{
    intake::v1::TextPurpose,
    investigation::v1::{RequestEvidenceRequest, RequestEvidenceResponse},
};

use super::{decide, foresee, get_investigation::view, id, repeated};
use crate::{
    Investigation,
    domain::{
        Setting,
        case::Case,
        request::{self, Holder},
        waiting,
    },
};

/// Asks for it; each holder gets one notice, each item has its deadline.
pub async fn request_evidence(
    app: &Investigation,
    call: &Call,
    request: RequestEvidenceRequest,
) -> Result<RequestEvidenceResponse> {
    if let Some(answer) = repeated(app, call, &request.request_id, &request).await? {
        return Ok(answer);
    }
    let case_id = id("case_id", &request.case_id)?;
    let command = |case: &Case, setting: &Setting<'_>, texts: &BTreeMap<Holder, String>| {
        request::ask(case, &request.item_ids, texts, setting)
    };
    let words = foresee(app, call, case_id, &request.etag, |case, setting| {
        command(case, setting, &BTreeMap::new())?;
        Ok(waiting::words_by_holder(case, &request.item_ids, request.text.trim(), setting))
    })
    .await?;
    let mut texts = BTreeMap::new();
    for (holder, words) in words {
        let part = (&*request.request_id, holder.as_deref().unwrap_or_default());
        let text_ref = app.texts.store(call, part, case_id, TextPurpose::Message, &words).await?;
        texts.insert(holder, text_ref);
    }
    let mut unit = match app.engine.begin(call, &request.request_id, &request).await? {
        Begin::Fresh(unit) => unit,
        Begin::Repeated(answer) => return Ok(answer),
    };
    let case = unit.load::<Case>(case_id).await?;
    case.expect_etag(&request.etag)?;
    let case = decide(&mut unit, case, |case, setting| command(case, setting, &texts)).await?;
    let investigation = view(app, unit.transaction().connection(), &case).await?;
    unit.commit(RequestEvidenceResponse { investigation: Some(investigation) }).await
}
