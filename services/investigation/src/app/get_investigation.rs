//! Shows an investigation.

use futures::future::join_all;
use redress_chassis::{Call, Loaded, Result};
use redress_deadlines::store::{Filter, list};
use redress_proto::investigation::v1::{self as pb, GetInvestigationRequest, GetInvestigationResponse};
use sea_orm::ConnectionTrait;

use super::{id, look, seal::locate};
use crate::{Investigation, domain::case::Case, grpc::convert};

/// Deadlines of one case that are looked at.
const DEADLINES_MAX: i64 = 1000;

/// Shows it, with the words where intake still has them.
pub async fn get_investigation(
    app: &Investigation,
    call: &Call,
    request: GetInvestigationRequest,
) -> Result<GetInvestigationResponse> {
    let (case, _) = look(app, call, id("case_id", &request.case_id)?).await?;
    let mut investigation = view(app, app.engine.database().pool(), &case).await?;
    fill_in_words(app, call, &mut investigation).await;
    Ok(GetInvestigationResponse { investigation: Some(investigation) })
}

/// An investigation for the wire, without the words: an answer that is kept for repeats has none.
pub(crate) async fn view(
    app: &Investigation,
    connection: &impl ConnectionTrait,
    case: &Loaded<Case>,
) -> Result<pb::Investigation> {
    let policy = app.engine.policies().get(&case.row().handbook_hash, &case.row().calendar_hash).await?;
    let filter = Filter { case_id: Some(case.id()), ..Filter::default() };
    let deadlines = list(connection, &filter, 0, DEADLINES_MAX).await?;
    let mut investigation = convert::investigation(case, &deadlines, &policy);
    if let Some(seal) = &mut investigation.seal {
        locate(connection, case.id(), seal).await?;
    }
    Ok(investigation)
}

async fn fill_in_words(app: &Investigation, call: &Call, investigation: &mut pb::Investigation) {
    let mut words: Vec<(&str, &mut String)> = Vec::new();
    words.extend(
        investigation.evidence.iter_mut().map(|part| (&*part.description_ref, &mut part.description)),
    );
    words.extend(investigation.waivers.iter_mut().map(|part| (&*part.reason_ref, &mut part.reason)));
    words.extend(investigation.preliminary_report.iter_mut().map(|part| (&*part.text_ref, &mut part.text)));
    words.extend(investigation.progress_reports.iter_mut().map(|part| (&*part.text_ref, &mut part.text)));
    words.extend(investigation.extensions.iter_mut().map(|part| (&*part.reason_ref, &mut part.reason)));
    words.extend(investigation.findings.iter_mut().map(|part| (&*part.text_ref, &mut part.text)));
    join_all(words.into_iter().map(async |(text_ref, text)| *text = app.texts.show(call, text_ref).await))
        .await;
}
