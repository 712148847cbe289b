//! Texts: intake keeps them. Investigation stores what staff write there before it decides, and reads it to show it.

use redress_chassis::{Call, Failure, Peer, Result, identity::READ_ONLY_ROLE};
use redress_domain::{Rejection, RejectionKind};
use redress_proto::intake::v1::{
    ReadPurpose, ReadTextRequest, StoreTextRequest, TextPurpose, intake_service_client::IntakeServiceClient,
};
use tonic::{Code, Status};
use uuid::Uuid;

/// Names the request ids that are derived from callers' own.
const NAMESPACE: Uuid = Uuid::from_u128(0x7be5_0c1a_4f0d_5a2e_9d57_3f0e_8c64_b1a2);

/// Intake's texts.
#[derive(Clone, Debug)]
pub struct Texts {
    intake: Peer,
}

impl Texts {
    /// Texts of `intake`.
    pub fn new(intake: Peer) -> Self {
        Self { intake }
    }

    /// Stores what a caller wrote; nothing for an empty text. A repeated request stores it once. `part` tells several
    /// texts of one request apart.
    pub(crate) async fn store(
        &self,
        call: &Call,
        (request_id, part): (&str, &str),
        case_id: Uuid,
        purpose: TextPurpose,
        text: &str,
    ) -> Result<String> {
        if text.is_empty() {
            return Ok(String::new());
        }
        // Without a request id a repeated call is a new one; the words then tell calls apart.
        let name =
            format!("{}\n{}\n{request_id}\n{part}\n{case_id}\n{text}", call.method, call.caller.subject);
        let mut client = IntakeServiceClient::new(self.intake.channel_in(&call.traceparent));
        let request = StoreTextRequest {
            request_id: Uuid::new_v5(&NAMESPACE, name.as_bytes()).to_string(),
            case_id: case_id.to_string(),
            purpose: purpose.into(),
            text: text.to_owned(),
            language: String::new(),
        };
        match client.store_text(request).await {
            Ok(answer) => Ok(answer.into_inner().text_ref),
            // Intake's own limit on a text that was put together from the handbook's words and the caller's.
            Err(status) if status.code() == Code::InvalidArgument => {
                let message = "intake does not take the text as it is put together";
                Err(Rejection::new(RejectionKind::Invalid, "INVALID_FIELDS", message).into())
            }
            Err(status) => Err(unavailable(&status)),
        }
    }

    /// Reads a text to show it to the caller; empty when intake does not have it (any more) or does not answer.
    pub(crate) async fn show(&self, call: &Call, text_ref: &str) -> String {
        if text_ref.is_empty() {
            return String::new();
        }
        let supervises = call.caller.has(READ_ONLY_ROLE);
        let purpose = if supervises { ReadPurpose::Supervise } else { ReadPurpose::Show };
        let request = ReadTextRequest {
            text_ref: text_ref.to_owned(),
            purpose: purpose.into(),
            on_behalf_of: call.caller.subject.clone(),
        };
        let mut client = IntakeServiceClient::new(self.intake.channel_in(&call.traceparent));
        match client.read_text(request).await {
            Ok(answer) => answer.into_inner().text,
            // The rest of the answer does not depend on intake.
            Err(status) => {
                tracing::warn!(code = ?status.code(), "shown without its words");
                String::new()
            }
        }
    }
}

fn unavailable(status: &Status) -> Failure {
    Failure::Unavailable(format!("intake's texts: {}", status.message()))
}
