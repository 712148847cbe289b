//! Corrects the classification of a case by hand.

use redress_chassis::{Begin, Call, Result, unit};
use redress_domain::Rejection;
use redress_proto::{
    intake::v1::TextPurpose,
    triage::v1::{ReclassifyRequest, ReclassifyResponse},
};

use super::{change, get_triage::view, id, person};
use crate::{
    Triage,
    domain::{
        Setting,
        case::Case,
        commands::{self, NewClassification},
        words,
    },
};

/// Corrects it; the priority follows from the rules.
pub async fn reclassify(app: &Triage, call: &Call, request: ReclassifyRequest) -> Result<ReclassifyResponse> {
    let case_id = id("case_id", &request.case_id)?;
    let seen = unit::read::<Case>(&app.engine, case_id).await?;
    call.caller.may_see(seen.region(), seen.case_id())?;
    if request.reason.trim().is_empty() {
        return Err(Rejection::invalid("INVALID_FIELDS", "reason", "a reason is needed").into());
    }
    let text_ref =
        app.texts.store(call, &request.request_id, case_id, TextPurpose::Reason, &request.reason).await?;
    let mut unit = match app.engine.begin(call, &request.request_id, &request).await? {
        Begin::Fresh(unit) => unit,
        Begin::Repeated(answer) => return Ok(answer),
    };
    let command = NewClassification {
        category: words::from_wire(request.category().as_str_name(), "CATEGORY_"),
        primary: request.primary_sub_type.clone(),
        further: request.further_sub_types.clone(),
        text_ref,
    };
    let by = person(&call.caller);
    let work =
        |case: &Case, setting: &Setting<'_>| commands::reclassify(case, &command, &by, setting).map(Some);
    let case = match change::revise(&mut unit, case_id, &request.etag, work).await? {
        Some(case) => case,
        None => unit.load::<Case>(case_id).await?,
    };
    let triage = view(app, unit.transaction().connection(), &case).await?;
    unit.commit(ReclassifyResponse { triage: Some(triage) }).await
}
