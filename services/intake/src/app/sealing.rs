//! Has investigation and compensation freeze their parts of a case and prove them, or thaw them again.

use redress_chassis::{Failure, Result};
use redress_domain::{Rejection, RejectionKind, handbook::ClosingBasis};
use redress_proto::{
    compensation::v1::{self as compensation, compensation_service_client::CompensationServiceClient},
    investigation::v1::{self as investigation, investigation_service_client::InvestigationServiceClient},
    types::v1 as types,
};
use tonic::{Code, Status};
use tonic_types::StatusExt as _;
use uuid::Uuid;

use crate::{
    Intake,
    domain::{closing::Seals, gate::not_met},
};

/// What is to be sealed.
#[derive(Clone, Copy, Debug)]
pub struct Sealing<'a> {
    /// Case.
    pub case_id: Uuid,
    /// How it ends.
    pub basis: ClosingBasis,
    /// Revision of the case in intake.
    pub revision: i64,
    /// Trace context.
    pub traceparent: &'a str,
}

/// How one service answered.
enum Sealed {
    /// With its proof.
    Proof(types::Seal),
    /// It has no part in the case.
    NoPart,
    /// Its gate is not met: what is missing.
    Refused(Vec<(String, String)>),
}

/// Has both services seal. When one does not, what the other sealed is broken again.
///
/// # Errors
/// `CLOSING_GATE_NOT_MET` with all that both find missing; unavailable when one does not answer.
pub async fn seal(app: &Intake, sealing: Sealing<'_>) -> Result<Seals> {
    let (investigation, compensation) =
        tokio::join!(seal_investigation(app, sealing), seal_compensation(app, sealing));
    let mut seals = Seals::default();
    let mut missing = Vec::new();
    let mut failure = None;
    for (service, sealed) in [("investigation", investigation), ("compensation", compensation)] {
        match sealed {
            Ok(Sealed::Proof(seal)) if service == "investigation" => seals.investigation = Some(seal),
            Ok(Sealed::Proof(seal)) => seals.compensation = Some(seal),
            // Refused and withdrawn before anything began: there is nothing to prove.
            Ok(Sealed::NoPart)
                if matches!(sealing.basis, ClosingBasis::Refused | ClosingBasis::Withdrawn) => {}
            Ok(Sealed::NoPart) => {
                missing.push(("PART".to_owned(), format!("{service} does not know the case yet")));
            }
            Ok(Sealed::Refused(unmet)) => missing.extend(unmet),
            Err(error) => failure = Some(error),
        }
    }
    let refused = if missing.is_empty() { None } else { Some(not_met(Some(sealing.basis), missing).into()) };
    match refused.or(failure) {
        None => Ok(seals),
        Some(error) => {
            unseal_all(app, sealing.case_id, &seals, sealing.traceparent).await?;
            Err(error)
        }
    }
}

/// Breaks seals after a closing that failed.
///
/// # Errors
/// Unavailable when a service does not answer.
pub async fn unseal_all(app: &Intake, case_id: Uuid, seals: &Seals, traceparent: &str) -> Result<()> {
    for seal in seals.all() {
        unseal(app, case_id, &seal.service, &seal.seal_id, false, traceparent).await?;
    }
    Ok(())
}

/// Breaks one seal. A seal that is broken already stays so.
///
/// # Errors
/// Unavailable when the service does not answer.
pub async fn unseal(
    app: &Intake,
    case_id: Uuid,
    service: &str,
    seal_id: &str,
    reopened: bool,
    traceparent: &str,
) -> Result<()> {
    let channel = app.peers.get(service)?.channel_in(traceparent);
    // The seal's own id: breaking it twice is the same request.
    let (request_id, case_id, seal_id) = (seal_id.to_owned(), case_id.to_string(), seal_id.to_owned());
    let broken = match service {
        "investigation" => InvestigationServiceClient::new(channel)
            .unseal(investigation::UnsealRequest { request_id, case_id, seal_id, reopened })
            .await
            .map(drop),
        _ => CompensationServiceClient::new(channel)
            .unseal(compensation::UnsealRequest { request_id, case_id, seal_id, reopened })
            .await
            .map(drop),
    };
    broken.map_err(|status| unavailable(service, &status))
}

async fn seal_investigation(app: &Intake, sealing: Sealing<'_>) -> Result<Sealed> {
    let request = investigation::SealRequest {
        request_id: fresh_id(app),
        case_id: sealing.case_id.to_string(),
        basis: types::ClosingBasis::from(sealing.basis).into(),
        case_revision: sealing.revision,
    };
    let channel = app.peers.get("investigation")?.channel_in(sealing.traceparent);
    let answer = InvestigationServiceClient::new(channel).seal(request).await;
    sealed("investigation", answer.map(|answer| answer.into_inner().seal))
}

async fn seal_compensation(app: &Intake, sealing: Sealing<'_>) -> Result<Sealed> {
    let request = compensation::SealRequest {
        request_id: fresh_id(app),
        case_id: sealing.case_id.to_string(),
        basis: types::ClosingBasis::from(sealing.basis).into(),
        case_revision: sealing.revision,
    };
    let channel = app.peers.get("compensation")?.channel_in(sealing.traceparent);
    let answer = CompensationServiceClient::new(channel).seal(request).await;
    sealed("compensation", answer.map(|answer| answer.into_inner().seal))
}

/// Each attempt asks anew: an earlier answer may be about a seal that has been broken since.
fn fresh_id(app: &Intake) -> String {
    app.engine.ids().uuid_v4().to_string()
}

fn sealed(service: &str, answer: std::result::Result<Option<types::Seal>, Status>) -> Result<Sealed> {
    let status = match answer {
        Ok(Some(mut seal)) => {
            service.clone_into(&mut seal.service);
            return Ok(Sealed::Proof(seal));
        }
        Ok(None) => return Err(Failure::Internal(anyhow::anyhow!("{service} sealed without a seal"))),
        Err(status) => status,
    };
    match status.code() {
        Code::NotFound => Ok(Sealed::NoPart),
        Code::FailedPrecondition => {
            let details = status.get_error_details();
            let violations = details.precondition_failure().map(|failure| failure.violations.clone());
            let mut unmet: Vec<(String, String)> = violations
                .unwrap_or_default()
                .into_iter()
                .map(|violation| (violation.r#type, violation.description))
                .collect();
            if unmet.is_empty() {
                let reason = details.error_info().map_or("STATE", |info| info.reason.as_str());
                unmet.push((reason.to_owned(), format!("{service}: {}", status.message())));
            }
            Ok(Sealed::Refused(unmet))
        }
        Code::Aborted => Err(Rejection::new(
            RejectionKind::Stale,
            "CONCURRENT_CHANGE",
            format!("{service} is changing its part of the case; try again"),
        )
        .into()),
        _ => Err(unavailable(service, &status)),
    }
}

fn unavailable(service: &str, status: &Status) -> Failure {
    tracing::warn!(service, code = ?status.code(), message = status.message(), "sealing failed");
    Failure::Unavailable(service.to_owned())
}
