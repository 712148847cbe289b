//! RefuseCase: not taken as a complaint, and the customer is told why.

use std::collections::BTreeMap;

use redress_chassis::{Begin, Call, Result, unit};
use redress_domain::{
    Rejection,
    handbook::{Language, NoticeKey},
};
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
    grpc::convert::{self, Checks},
    store::closing_copy,
};

/// Refuses a complaint.
pub async fn refuse_case(
    app: &Intake,
    call: &Call,
    request: pb::RefuseCaseRequest,
) -> Result<pb::RefuseCaseResponse> {
    let case_id = convert::id("case_id", &request.case_id)?;
    if request.duplicate_of == request.case_id {
        return Err(Rejection::invalid("INVALID_FIELDS", "duplicate_of", "is the case itself").into());
    }
    if !request.duplicate_of.is_empty() {
        let other =
            unit::read::<Case>(&app.engine, convert::id("duplicate_of", &request.duplicate_of)?).await?;
        call.caller.may_see(other.region(), Some(other.id()))?;
    }
    let mut unit = match app.engine.begin(call, &request.request_id, &request).await? {
        Begin::Fresh(unit) => unit,
        Begin::Repeated(answer) => return complete(app, call, answer).await,
    };
    let case = unit.load::<Case>(case_id).await?;
    call.caller.may_see(case.region(), Some(case_id))?;
    case.expect_etag(&request.etag)?;
    let policy = unit.policy(&case).await?;
    let book = &policy.handbook;
    let mut checks = Checks::default();
    checks.words("text", &request.text, &case.state.language, book);
    checks.finish()?;
    let ground = ending::ground(book, &request.ground)?;
    let offered = closing_copy::read(unit.transaction().connection(), case_id).await?.offered;
    let text_ref = (!request.text.is_empty()).then(|| unit.new_id());
    let decision = ending::refuse(&case.state, ground, &request.duplicate_of, text_ref, offered)?;
    let language = book.language_of(&case.state.language);
    let mut reason = ground.reason.get(language).to_owned();
    if let Some(text_ref) = text_ref {
        reason = match language {
            Language::ZhCn => format!("{reason}（{}）", request.text),
            _ => format!("{reason} ({})", request.text),
        };
        let words = request.text.clone();
        let text = NewText { text_ref, purpose: pb::TextPurpose::Reason, words };
        store_texts(&unit, case_id, case.region(), language.as_str(), vec![text]).await?;
    }
    let case = unit.save(case, decision).await?;
    let message = ToCustomer {
        message_id: unit.new_id(),
        words: Words {
            notice: Some(NoticeKey::Refusal),
            parameters: BTreeMap::from([("reason".to_owned(), reason)]),
            own: String::new(),
        },
        channels: messaging::any_channels(&case.state, book),
        asked_by: Default::default(),
    };
    messaging::tell_customer(&mut unit, &case, &policy, message).await?;
    let answer = unit.commit(pb::RefuseCaseResponse { case: Some(convert::case(&case)) }).await?;
    complete(app, call, answer).await
}

async fn complete(
    app: &Intake,
    call: &Call,
    answer: pb::RefuseCaseResponse,
) -> Result<pb::RefuseCaseResponse> {
    let case = view::complete_case(app, &call.caller, answer.case.unwrap_or_default()).await?;
    Ok(pb::RefuseCaseResponse { case: Some(case) })
}
