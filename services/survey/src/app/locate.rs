//! Finds the survey that a request means, by its case or by the one-time token.

use redress_chassis::{Call, Loaded, Result, grpc::invalid_fields, unit};
use redress_domain::{Rejection, Violation};

use super::{id, texts::token_hash};
use crate::{Survey, domain::survey as on_case, store};

/// The survey of a token, or the latest one of a case. Where both are given they have to agree.
pub(crate) async fn survey(
    app: &Survey,
    call: &Call,
    case_id: &str,
    token: &str,
) -> Result<Loaded<on_case::Survey>> {
    let pool = app.engine.database().pool();
    let found = if token.is_empty() {
        if case_id.is_empty() {
            return Err(invalid_fields(vec![Violation {
                field: "case_id".into(),
                description: "set the case or the token".into(),
                reason: "REQUIRED".into(),
            }])
            .into());
        }
        let case_id = id("case_id", case_id)?;
        store::survey::latest_of_case(pool, case_id).await?.ok_or_else(|| {
            Rejection::not_found("CASE_NOT_FOUND", format!("case `{case_id}` has no survey here"))
                .with("id", case_id.to_string())
        })?
    } else {
        let hash = hex::encode(token_hash(token));
        store::survey::by_token_hash(pool, &hash).await?.ok_or_else(wrong_token)?
    };
    let survey = unit::read::<on_case::Survey>(&app.engine, found).await?;
    if !token.is_empty() && !case_id.is_empty() && survey.state.case_id != id("case_id", case_id)? {
        return Err(wrong_token().into());
    }
    call.caller.may_see(survey.region(), survey.case_id())?;
    Ok(survey)
}

/// The refusal of a token, which says no more, so that tokens cannot be guessed.
pub(crate) fn wrong_token() -> Rejection {
    Rejection::denied("SURVEY_TOKEN_INVALID", "the survey token is wrong")
}
