//! Texts: intake keeps them. Compensation stores what people write there, keeps the references, and reads the words
//! only to show them.

use redress_chassis::{Call, Failure, Peer, Result};
use redress_proto::intake::v1::{
    ReadPurpose, ReadTextRequest, StoreTextRequest, TextPurpose, intake_service_client::IntakeServiceClient,
};
use tonic::Status;
use uuid::Uuid;

/// Names the request ids that are derived from callers' own.
const NAMESPACE: Uuid = Uuid::from_u128(0x5d0a_1c7d_54f0_4b1e_8a3f_19d4_c077_6e2b);

/// Intake's texts.
#[derive(Debug)]
pub struct Texts {
    intake: Peer,
}

impl Texts {
    /// Texts of `intake`.
    pub fn new(intake: Peer) -> Self {
        Self { intake }
    }

    /// Stores what a caller wrote; nothing for an empty text. A repeated request stores it once.
    pub(crate) async fn store(
        &self,
        call: &Call,
        request_id: &str,
        case_id: Uuid,
        purpose: TextPurpose,
        text: &str,
    ) -> Result<String> {
        let text = text.trim();
        if text.is_empty() {
            return Ok(String::new());
        }
        // Without a request id a repeated call is a new one; the words then tell calls apart.
        let name = format!(
            "{}\n{}\n{request_id}\n{case_id}\n{}\n{text}",
            call.method,
            call.caller.subject,
            purpose.as_str_name()
        );
        let mut client = IntakeServiceClient::new(self.intake.channel_in(&call.traceparent));
        let request = StoreTextRequest {
            request_id: Uuid::new_v5(&NAMESPACE, name.as_bytes()).to_string(),
            case_id: case_id.to_string(),
            purpose: purpose.into(),
            text: text.to_owned(),
            language: String::new(),
        };
        let answer = client.store_text(request).await.map_err(|status| unavailable(&status))?;
        Ok(answer.into_inner().text_ref)
    }

    /// The words of a text to be shown to a caller; empty where they cannot be read now, or not any more.
    pub(crate) async fn show(&self, call: &Call, text_ref: &str) -> String {
        if text_ref.is_empty() {
            return String::new();
        }
        let mut client = IntakeServiceClient::new(self.intake.channel_in(&call.traceparent));
        let request = ReadTextRequest {
            text_ref: text_ref.to_owned(),
            purpose: ReadPurpose::Show.into(),
            on_behalf_of: call.caller.subject.clone(),
        };
        match client.read_text(request).await {
            Ok(answer) => answer.into_inner().text,
            Err(status) => {
                tracing::debug!(text_ref, code = ?status.code(), "a text is not shown");
                String::new()
            }
        }
    }
}

fn unavailable(status: &Status) -> Failure {
    Failure::Unavailable(format!("intake's texts: {}", status.message()))
}
