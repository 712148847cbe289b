//! Texts and tokens: intake keeps what customers write and the one-time tokens; survey keeps references, and hashes of
//! tokens.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use redress_chassis::{Engine, Failure, Peer, Result};
use redress_proto::intake::v1::{
    ReadPurpose, ReadTextRequest, StoreTextRequest, TextPurpose, intake_service_client::IntakeServiceClient,
};
use redress_storage::request::body_hash;
use sha2::{Digest, Sha256};
use tonic::{Code, Status};
use uuid::Uuid;

/// Intake's texts.
#[derive(Debug)]
pub struct Texts {
    intake: Peer,
}

/// The one-time token of a survey. It follows from the service's secret and the survey, so that a repeated attempt sends
/// the same, and is stored nowhere but with intake.
pub(crate) fn token(engine: &Engine, survey_id: Uuid) -> String {
    URL_SAFE_NO_PAD.encode(body_hash(engine.key(), format!("survey token/{survey_id}").as_bytes()))
}

/// What is kept of a token.
pub(crate) fn token_hash(token: &str) -> Vec<u8> {
    Sha256::digest(token.as_bytes()).to_vec()
}

/// The request id under which a survey's text of this name is stored: the same for the same text.
pub(crate) fn request_id(survey_id: Uuid, name: &str) -> Uuid {
    Uuid::new_v5(&survey_id, name.as_bytes())
}

impl Texts {
    /// Texts of `intake`.
    pub fn new(intake: Peer) -> Self {
        Self { intake }
    }

    /// Stores a text and returns its reference. A repeat under the same request id stores it once.
    pub(crate) async fn store(
        &self,
        request_id: Uuid,
        case_id: Uuid,
        purpose: TextPurpose,
        text: &str,
        traceparent: &str,
    ) -> Result<String> {
        let request = StoreTextRequest {
            request_id: request_id.to_string(),
            case_id: case_id.to_string(),
            purpose: purpose.into(),
            text: text.to_owned(),
            language: String::new(),
        };
        let mut client = IntakeServiceClient::new(self.intake.channel_in(traceparent));
        let answer = client.store_text(request).await.map_err(|status| unavailable(&status))?;
        Ok(answer.into_inner().text_ref)
    }

    /// Reads what a customer added, on behalf of a member of staff; none when intake does not have it (any more).
    pub(crate) async fn read(
        &self,
        text_ref: &str,
        on_behalf_of: &str,
        traceparent: &str,
    ) -> Result<Option<String>> {
        let request = ReadTextRequest {
            text_ref: text_ref.to_owned(),
            purpose: ReadPurpose::Show.into(),
            on_behalf_of: on_behalf_of.to_owned(),
        };
        let mut client = IntakeServiceClient::new(self.intake.channel_in(traceparent));
        match client.read_text(request).await {
            Ok(answer) => Ok(Some(answer.into_inner().text)),
            Err(status) if matches!(status.code(), Code::NotFound | Code::FailedPrecondition) => Ok(None),
            Err(status) => Err(unavailable(&status)),
        }
    }
}

fn unavailable(status: &Status) -> Failure {
    Failure::Unavailable(format!("intake's texts: {}", status.message()))
}
