//! WithdrawCase: the customer takes the complaint back.

use redress_chassis::{Begin, Call, Result};
use redress_domain::handbook::{Channel, NoticeKey};
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

/// Records that the customer withdraws, and confirms it.
pub async fn withdraw_case(
    app: &Intake,
    call: &Call,
    request: pb::WithdrawCaseRequest,
) -> Result<pb::WithdrawCaseResponse> {
    let case_id = convert::id("case_id", &request.case_id)?;
    let mut unit = match app.engine.begin(call, &request.request_id, &request).await? {
        Begin::Fresh(unit) => unit,
        Begin::Repeated(answer) => return complete(app, call, answer).await,
    };
    let case = unit.load::<Case>(case_id).await?;
    call.caller.may_see(case.region(), Some(case_id))?;
    case.expect_etag(&request.etag)?;
    let policy = unit.policy(&case).await?;
    let channel = Channel::try_from(request.channel()).unwrap_or(case.state.channel);
    let text_ref = (!request.text.is_empty()).then(|| unit.new_id());
    let decision = ending::withdraw(&case.state, channel, text_ref)?;
    if let Some(text_ref) = text_ref {
        let text = NewText { text_ref, purpose: pb::TextPurpose::Message, words: request.text.clone() };
        store_texts(&unit, case_id, case.region(), &case.state.language, vec![text]).await?;
    }
    let case = unit.save(case, decision).await?;
    let message = ToCustomer {
        message_id: unit.new_id(),
        words: Words { notice: Some(NoticeKey::WithdrawalConfirmed), ..Words::default() },
        channels: messaging::any_channels(&case.state, &policy.handbook),
        asked_by: Default::default(),
    };
    messaging::tell_customer(&mut unit, &case, &policy, message).await?;
    let answer = unit.commit(pb::WithdrawCaseResponse { case: Some(convert::case(&case)) }).await?;
    complete(app, call, answer).await
}

async fn complete(
    app: &Intake,
    call: &Call,
    answer: pb::WithdrawCaseResponse,
) -> Result<pb::WithdrawCaseResponse> {
    let mut case = view::complete_case(app, &call.caller, answer.case.unwrap_or_default()).await?;
    if call.caller.is_customer() {
        case = view::for_customer(case);
    }
    Ok(pb::WithdrawCaseResponse { case: Some(case) })
}
