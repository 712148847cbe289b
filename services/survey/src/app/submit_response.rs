//! Records what the customer answers, once (M7.2).

use std::collections::BTreeMap;

use redress_chassis::{Begin, Call, Loaded, Result};
use redress_proto::{
    intake::v1::TextPurpose,
    survey::v1::{SubmitResponseRequest, SubmitResponseResponse},
};
use redress_storage::request::body_hash;

use super::{locate, setting, texts};
use crate::{
    Survey,
    domain::{survey as on_case, words},
    grpc::convert,
};

/// Records it. A survey page proves by the token that the customer sent it; customers by their own token, and staff write
/// down what they are told by phone.
pub async fn submit_response(
    app: &Survey,
    call: &Call,
    request: SubmitResponseRequest,
) -> Result<SubmitResponseResponse> {
    let speaks_for_itself =
        ["customer", "cs-agent", "cs-supervisor"].iter().any(|role| call.caller.has(role));
    if request.survey_token.is_empty() && !speaks_for_itself {
        return Err(locate::wrong_token().into());
    }
    let found = locate::survey(app, call, &request.case_id, &request.survey_token).await?;
    let policy = app.engine.policies().get(&found.row().handbook_hash, &found.row().calendar_hash).await?;
    let channel = words::channel_from_wire(request.channel());

    // Tried first, so that no words are stored for an answer that is refused.
    let rules = setting(found.region(), &policy, app.engine.now());
    let tried = found.state.respond(&request.answers, &BTreeMap::new(), channel, &rules);
    let text_refs =
        if tried.is_ok() { store_words(app, call, &found, &request).await? } else { BTreeMap::new() };

    let mut unit = match app.engine.begin(call, &request.request_id, &request).await? {
        Begin::Fresh(unit) => unit,
        Begin::Repeated(answer) => return Ok(answer),
    };
    tried?;
    let survey = unit.load::<on_case::Survey>(found.id()).await?;
    let rules = setting(survey.region(), &policy, unit.now());
    let decision = survey.state.respond(&request.answers, &text_refs, channel, &rules)?;
    let survey = unit.save(survey, decision).await?;
    // The answer is kept for repeats, and so has no words in it.
    let answer = SubmitResponseResponse { survey: Some(convert::survey(&survey, &policy, &BTreeMap::new())) };
    unit.commit(answer).await
}

async fn store_words(
    app: &Survey,
    call: &Call,
    survey: &Loaded<on_case::Survey>,
    request: &SubmitResponseRequest,
) -> Result<BTreeMap<String, String>> {
    let mut text_refs = BTreeMap::new();
    for answer in request.answers.iter().filter(|answer| !answer.comment.is_empty()) {
        // Keyed, so that the id does not tell the words.
        let words = hex::encode(body_hash(app.engine.key(), answer.comment.as_bytes()));
        let request_id = texts::request_id(survey.id(), &format!("answer/{}/{words}", answer.question_id));
        let purpose = TextPurpose::SurveyAnswer;
        let case_id = survey.state.case_id;
        let text_ref =
            app.texts.store(request_id, case_id, purpose, &answer.comment, &call.traceparent).await?;
        text_refs.insert(answer.question_id.clone(), text_ref);
    }
    Ok(text_refs)
}
