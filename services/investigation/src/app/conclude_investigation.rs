//! Concludes the investigation with findings.

use redress_chassis::{Begin, Call, Result};
use redress_domain::{Rejection, handbook::Validity};
use redress_proto::{
    intake::v1::TextPurpose,
    investigation::v1::{ConcludeInvestigationRequest, ConcludeInvestigationResponse},
};
use uuid::Uuid;

use super::{decide, expect_words, foresee, get_investigation::view, id, person, repeated};
use crate::{
    Investigation,
    domain::{
        Setting,
        case::Case,
        findings::{self, Conclusion},
    },
};

/// Concludes it.
pub async fn conclude_investigation(
    app: &Investigation,
    call: &Call,
    request: ConcludeInvestigationRequest,
) -> Result<ConcludeInvestigationResponse> {
    if let Some(answer) = repeated(app, call, &request.request_id, &request).await? {
        return Ok(answer);
    }
    let case_id = id("case_id", &request.case_id)?;
    expect_words("findings", &request.findings)?;
    let conclusion = conclusion(&request)?;
    let by = person(&call.caller);
    let command = |case: &Case, setting: &Setting<'_>, text_ref: &str| {
        findings::conclude(
            case,
            Conclusion { text_ref: text_ref.to_owned(), ..conclusion.clone() },
            &by,
            setting,
        )
    };
    foresee(app, call, case_id, &request.etag, |case, setting| command(case, setting, "")).await?;
    let text = (&*request.request_id, "findings");
    let text_ref = app.texts.store(call, text, case_id, TextPurpose::Findings, &request.findings).await?;
    let mut unit = match app.engine.begin(call, &request.request_id, &request).await? {
        Begin::Fresh(unit) => unit,
        Begin::Repeated(answer) => return Ok(answer),
    };
    let case = unit.load::<Case>(case_id).await?;
    case.expect_etag(&request.etag)?;
    let case = decide(&mut unit, case, |case, setting| command(case, setting, &text_ref)).await?;
    let investigation = view(app, unit.transaction().connection(), &case).await?;
    unit.commit(ConcludeInvestigationResponse { investigation: Some(investigation) }).await
}

fn conclusion(request: &ConcludeInvestigationRequest) -> Result<Conclusion> {
    let validity = Validity::try_from(request.validity())
        .map_err(|_| Rejection::invalid("INVALID_FIELDS", "validity", "has to be stated"))?;
    let evidence_ids: Result<Vec<Uuid>> =
        request.evidence_ids.iter().map(|text| id("evidence_ids", text)).collect();
    Ok(Conclusion {
        validity,
        cause: request.cause.clone(),
        party: request.responsible_party.clone(),
        unit: request.responsible_unit.clone(),
        evidence_ids: evidence_ids?,
        corrected_sub_type: request.corrected_sub_type.clone(),
        text_ref: String::new(),
    })
}
