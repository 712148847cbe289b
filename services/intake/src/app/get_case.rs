//! GetCase: a case with its ledger row, by id or by number.

use redress_chassis::{Call, Result, unit};
use redress_domain::{CaseNumber, Rejection};
use redress_proto::intake::v1 as pb;

use crate::{
    Intake,
    app::{ledger, view},
    domain::case::Case,
    grpc::convert,
    store::case_index,
};

/// Returns a case. Personal fields are masked for those who do not handle cases.
pub async fn get_case(app: &Intake, call: &Call, request: pb::GetCaseRequest) -> Result<pb::GetCaseResponse> {
    let case_id = match (request.case_id.as_str(), request.case_number.as_str()) {
        ("", "") => {
            return Err(Rejection::invalid(
                "INVALID_FIELDS",
                "case_id",
                "is empty; name a case by id or number",
            )
            .into());
        }
        ("", number) => {
            let number = CaseNumber::parse(number)
                .map_err(|error| Rejection::invalid("INVALID_FIELDS", "case_number", error.to_string()))?;
            case_index::by_number(app.pool(), &number.to_string()).await?.ok_or_else(|| {
                Rejection::not_found("CASE_NOT_FOUND", format!("there is no case `{number}`"))
                    .with("case_number", number.to_string())
            })?
        }
        (id, _) => convert::id("case_id", id)?,
    };
    let case = unit::read::<Case>(&app.engine, case_id).await?;
    call.caller.may_see(case.region(), Some(case_id))?;
    let ledger = ledger::row(app.pool(), case_id).await?;
    let case = view::complete_case(app, &call.caller, convert::case(&case)).await?;
    Ok(pb::GetCaseResponse { case: Some(case), ledger })
}
