//! Texts: intake keeps them. Triage stores what staff write there, and reads what customers wrote to classify it,
//! keeping only what it found.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
};

use redress_chassis::{Call, Failure, Peer, Result};
use redress_proto::intake::v1::{
    ReadPurpose, ReadTextRequest, StoreTextRequest, TextPurpose, intake_service_client::IntakeServiceClient,
};
use tonic::{Code, Status};
use uuid::Uuid;

use crate::domain::case::Suggestion;

/// Findings kept until their event is applied. They are found again when they are gone.
const FINDINGS_MAX: usize = 4096;
/// Names the request ids that are derived from callers' own.
const NAMESPACE: Uuid = Uuid::from_u128(0x1c7d_54f0_9b1e_5d0a_8a3f_6e2b_77c0_4d19);

/// Intake's texts.
#[derive(Debug)]
pub struct Texts {
    intake: Peer,
    found: Mutex<HashMap<Uuid, Suggestion>>,
}

impl Texts {
    /// Texts of `intake`.
    pub fn new(intake: Peer) -> Self {
        Self { intake, found: Mutex::default() }
    }

    /// Reads a text; `None` when intake does not have it (any more).
    pub(crate) async fn read(
        &self,
        text_ref: &str,
        purpose: ReadPurpose,
        on_behalf_of: &str,
        traceparent: &str,
    ) -> Result<Option<(String, String)>> {
        let mut client = IntakeServiceClient::new(self.intake.channel_in(traceparent));
        let request = ReadTextRequest {
            text_ref: text_ref.to_owned(),
            purpose: purpose.into(),
            on_behalf_of: on_behalf_of.to_owned(),
        };
        match client.read_text(request).await {
            Ok(answer) => {
                let answer = answer.into_inner();
                Ok(Some((answer.text, answer.language)))
            }
            Err(status) if matches!(status.code(), Code::NotFound | Code::FailedPrecondition) => Ok(None),
            Err(status) => Err(unavailable(&status)),
        }
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
        if text.is_empty() {
            return Ok(String::new());
        }
        // Without a request id a repeated call is a new one; the words then tell calls apart.
        let name = format!("{}\n{}\n{request_id}\n{case_id}\n{text}", call.method, call.caller.subject);
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

    /// Keeps what was found in an event's text until the event is applied.
    pub(crate) fn keep(&self, event_id: Uuid, found: Suggestion) {
        let mut kept = self.found.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.len() >= FINDINGS_MAX {
            kept.clear();
        }
        kept.insert(event_id, found);
    }

    /// Takes what was found in an event's text.
    pub(crate) fn take(&self, event_id: Uuid) -> Option<Suggestion> {
        self.found.lock().unwrap_or_else(PoisonError::into_inner).remove(&event_id)
    }
}

fn unavailable(status: &Status) -> Failure {
    Failure::Unavailable(format!("intake's texts: {}", status.message()))
}
