//! What is done outside a transaction: the one-time token is stored with intake, so that it travels to the customer without
//! being in any event.

use redress_chassis::{Attempt, Result, Unit, reactor::unexpected};
use redress_proto::intake::v1::TextPurpose;
use redress_storage::intent::IntentRow;
use serde_json::{Value, json};

use super::{setting, texts};
use crate::{
    Survey,
    domain::survey::{self as on_case, SEND},
};

/// Stores the token of a survey. While intake is away it is tried again; the deadline of sending tells people.
pub(crate) async fn perform(app: &Survey, intent: &IntentRow) -> Attempt {
    let (SEND, Some(case_id)) = (intent.kind.as_str(), intent.case_id) else {
        return Attempt::back_off(intent.attempts, format!("intent `{}` is not known here", intent.kind));
    };
    let survey_id = intent.aggregate_id;
    let token = texts::token(&app.engine, survey_id);
    let text = format!("{}{token}", app.settings.page_url);
    let request_id = texts::request_id(survey_id, "token");
    let purpose = TextPurpose::SurveyToken;
    match app.texts.store(request_id, case_id, purpose, &text, &intent.traceparent).await {
        Ok(text_ref) => Attempt::Conclude(json!({ "text_ref": text_ref })),
        Err(failure) => Attempt::back_off(intent.attempts, failure.to_string()),
    }
}

/// Sends the survey whose token is stored.
pub(crate) async fn conclude(unit: &mut Unit, intent: &IntentRow, outcome: &Value) -> Result<()> {
    let (SEND, Some(text_ref)) = (intent.kind.as_str(), outcome["text_ref"].as_str()) else {
        return Err(unexpected("intent", &intent.kind));
    };
    let survey = unit.load::<on_case::Survey>(intent.aggregate_id).await?;
    let policy = unit.policy(&survey).await?;
    let token_hash = texts::token_hash(&texts::token(unit.engine(), survey.id()));
    let rules = setting(survey.region(), &policy, unit.now());
    if let Some(decision) = survey.state.sent(text_ref, &token_hash, &rules) {
        unit.save(survey, decision).await?;
    }
    Ok(())
}
