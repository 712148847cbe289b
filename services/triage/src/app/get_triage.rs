//! Shows the triage of a case.

use redress_chassis::{Call, Loaded, Result, unit};
use redress_proto::{
    intake::v1::ReadPurpose,
    triage::v1::{GetTriageRequest, GetTriageResponse, Triage as TriageView},
};
use sea_orm::ConnectionTrait;

use super::id;
use crate::{Triage, domain::case::Case, grpc::convert, store::queue};

/// Shows it, with the words of its progress reports where intake still has them.
pub async fn get_triage(app: &Triage, call: &Call, request: GetTriageRequest) -> Result<GetTriageResponse> {
    let case = unit::read::<Case>(&app.engine, id("case_id", &request.case_id)?).await?;
    call.caller.may_see(case.region(), case.case_id())?;
    let mut triage = view(app, app.engine.database().pool(), &case).await?;
    for report in &mut triage.progress_reports {
        let read = app
            .texts
            .read(&report.text_ref, ReadPurpose::Show, &call.caller.subject, &call.traceparent)
            .await;
        // The rest of the answer does not depend on intake.
        match read {
            Ok(text) => report.text = text.map(|(text, _)| text).unwrap_or_default(),
            Err(failure) => tracing::warn!(error = %failure, "progress report shown without its words"),
        }
    }
    Ok(GetTriageResponse { triage: Some(triage) })
}

/// A case for the wire.
pub(crate) async fn view(
    app: &Triage,
    connection: &impl ConnectionTrait,
    case: &Loaded<Case>,
) -> Result<TriageView> {
    let deadline_id = match &case.state.dispatch {
        Some(dispatch) => queue::deadline_of(connection, case.id(), dispatch.deliverable.as_str()).await?,
        None => None,
    };
    let policy = app.engine.policies().get(&case.row().handbook_hash, &case.row().calendar_hash).await?;
    Ok(convert::triage(case, deadline_id, &policy))
}
