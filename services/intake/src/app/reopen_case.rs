//! ReopenCase: a closed, refused or withdrawn case goes on.

use redress_chassis::{Begin, Call, Result};
use redress_domain::handbook::NoticeKey;
use redress_proto::intake::v1 as pb;

use crate::{
    Intake,
    app::{
        messaging::{self, ToCustomer, Words},
        register_complaint::store_texts,
        registration::NewText,
        view,
    },
    domain::{case::Case, ending},
    grpc::convert,
};

/// Opens a case again. Its seals are broken after the commit, until every service has done so.
pub async fn reopen_case(
    app: &Intake,
    call: &Call,
    request: pb::ReopenCaseRequest,
) -> Result<pb::ReopenCaseResponse> {
    let case_id = convert::id("case_id", &request.case_id)?;
    let mut unit = match app.engine.begin(call, &request.request_id, &request).await? {
        Begin::Fresh(unit) => unit,
        Begin::Repeated(answer) => return complete(app, call, answer).await,
    };
    let case = unit.load::<Case>(case_id).await?;
    call.caller.may_see(case.region(), Some(case_id))?;
    case.expect_etag(&request.etag)?;
    let policy = unit.policy(&case).await?;
    let text_ref = (!request.text.is_empty()).then(|| unit.new_id());
    let (book, calendar) = (&policy.handbook, &policy.calendar);
    let decision = ending::reopen(&case.state, request.reason(), text_ref, book, calendar, unit.now())?;
    if let Some(text_ref) = text_ref {
        let text = NewText { text_ref, purpose: pb::TextPurpose::Reason, words: request.text.clone() };
        store_texts(&unit, case_id, case.region(), &case.state.language, vec![text]).await?;
    }
    let case = unit.save(case, decision).await?;
    let message = ToCustomer {
        message_id: unit.new_id(),
        words: Words { notice: Some(NoticeKey::Reopened), ..Words::default() },
        channels: messaging::any_channels(&case.state, book),
        asked_by: Default::default(),
    };
    messaging::tell_customer(&mut unit, &case, &policy, message).await?;
    let answer = unit.commit(pb::ReopenCaseResponse { case: Some(convert::case(&case)) }).await?;
    complete(app, call, answer).await
}

async fn complete(
    app: &Intake,
    call: &Call,
    answer: pb::ReopenCaseResponse,
) -> Result<pb::ReopenCaseResponse> {
    let case = view::complete_case(app, &call.caller, answer.case.unwrap_or_default()).await?;
    Ok(pb::ReopenCaseResponse { case: Some(case) })
}
