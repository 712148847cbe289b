//! Shows the survey of a case.

use std::collections::BTreeMap;

use redress_chassis::{Call, Loaded, Result, identity::READ_ONLY_ROLE};
use redress_proto::survey::v1::{GetSurveyRequest, GetSurveyResponse};

use super::locate;
use crate::{Survey, domain::survey as on_case, grpc::convert};

/// Shows it. Staff who handle cases read what the customer added; that is logged with intake.
pub async fn get_survey(app: &Survey, call: &Call, request: GetSurveyRequest) -> Result<GetSurveyResponse> {
    let survey = locate::survey(app, call, &request.case_id, &request.survey_token).await?;
    let policy = app.engine.policies().get(&survey.row().handbook_hash, &survey.row().calendar_hash).await?;
    let comments = comments(app, call, &survey).await?;
    Ok(GetSurveyResponse { survey: Some(convert::survey(&survey, &policy, &comments)) })
}

async fn comments(
    app: &Survey,
    call: &Call,
    survey: &Loaded<on_case::Survey>,
) -> Result<BTreeMap<String, String>> {
    let mut comments = BTreeMap::new();
    let reads = ["cs-agent", "cs-supervisor", "operations-manager", READ_ONLY_ROLE];
    if !reads.iter().any(|role| call.caller.has(role)) {
        return Ok(comments);
    }
    let answers = survey.state.response.iter().flat_map(|response| &response.answers);
    for answer in answers.filter(|answer| !answer.text_ref.is_empty()) {
        if let Some(text) = app.texts.read(&answer.text_ref, &call.caller.subject, &call.traceparent).await? {
            comments.insert(answer.question_id.clone(), text);
        }
    }
    Ok(comments)
}
