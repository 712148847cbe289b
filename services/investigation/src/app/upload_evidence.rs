//! Takes a file in: its description first, then its bytes. It is kept whole or not at all.

use std::{
    io,
    sync::{Arc, Mutex, PoisonError},
};

use bytes::Bytes;
use futures::{Stream, StreamExt as _, stream};
use prost::Message as _;
use redress_chassis::{Begin, Call, Failure, Result, grpc::validate};
use redress_connectors::{Expectation, InvalidDigest, PortError, Upload};
use redress_domain::{Rejection, RejectionKind, Timestamp};
use redress_proto::{
    intake::v1::TextPurpose,
    investigation::v1::{
        EvidenceSource, UploadEvidenceRequest, UploadEvidenceResponse, UploadMetadata,
        upload_evidence_request::Content,
    },
    time_from_wire,
};
use tonic::Status;

use super::{decide, foresee, get_investigation::view, id, person};
use crate::{
    Investigation,
    domain::{
        case::Case,
        evidence::{self, File, Source},
        known::Consent,
    },
    grpc::convert,
};

/// Largest piece of a file, in bytes; as in the contract.
const CHUNK_MAX: usize = 64 * 1024;

/// Takes it in. The rules are asked before the bytes are taken, and once more when they are there.
pub async fn upload_evidence(
    app: &Investigation,
    call: &Call,
    messages: impl Stream<Item = std::result::Result<UploadEvidenceRequest, Status>> + Send + 'static,
) -> Result<UploadEvidenceResponse> {
    let mut messages = Box::pin(messages);
    let metadata = first(messages.next().await)?;
    let case_id = id("metadata.case_id", &metadata.case_id)?;
    let request_id = metadata.request_id.clone();
    // The description has the file's hash in it: the same description is the same upload.
    let body = metadata.encode_to_vec();
    if let Begin::Repeated(answer) = app.engine.begin_hashed(call, &request_id, &body).await? {
        return Ok(answer);
    }
    let file = file_of(&metadata)?;
    foresee(app, call, case_id, &metadata.etag, |case, setting| evidence::admit(case, &file, setting))
        .await?;
    store(app, &file, messages).await?;
    let text = (&*request_id, "description");
    let description = metadata.description.trim();
    let description_ref = app.texts.store(call, text, case_id, TextPurpose::Evidence, description).await?;
    let mut unit = match app.engine.begin_hashed(call, &request_id, &body).await? {
        Begin::Fresh(unit) => unit,
        Begin::Repeated(answer) => return Ok(answer),
    };
    let case = unit.load::<Case>(case_id).await?;
    case.expect_etag(&metadata.etag)?;
    let evidence_id = unit.new_id();
    let by = person(&call.caller);
    let case = decide(&mut unit, case, |case, setting| {
        evidence::receive(case, file, evidence_id, &description_ref, &by, setting)
    })
    .await?;
    let evidence = Some(convert::piece(case.state.piece(evidence_id)?));
    let investigation = Some(view(app, unit.transaction().connection(), &case).await?);
    unit.commit(UploadEvidenceResponse { evidence, investigation }).await
}

/// The description of the file, which has to come first.
fn first(message: Option<std::result::Result<UploadEvidenceRequest, Status>>) -> Result<UploadMetadata> {
    let message = message.transpose().map_err(|_| incomplete())?.unwrap_or_default();
    validate(&message)?;
    match message.content {
        Some(Content::Metadata(metadata)) => Ok(metadata),
        _ => Err(misplaced("the first message has to describe the file").into()),
    }
}

fn file_of(metadata: &UploadMetadata) -> Result<File> {
    let source = match metadata.source() {
        EvidenceSource::Unspecified => {
            return Err(Rejection::invalid("INVALID_FIELDS", "metadata.source", "has to be stated").into());
        }
        EvidenceSource::Internal => Source::Internal,
        EvidenceSource::Customer => Source::Customer,
        EvidenceSource::External => Source::External,
    };
    let captured_at: Option<Timestamp> =
        metadata.capture_time.as_ref().map(time_from_wire).transpose().map_err(|error| {
            Rejection::invalid("INVALID_FIELDS", "metadata.capture_time", error.to_string())
        })?;
    Ok(File {
        item_id: metadata.item_id.clone(),
        source,
        sha256: metadata.sha256.clone(),
        size: u64::try_from(metadata.size_bytes).unwrap_or_default(),
        media_type: metadata.media_type.clone(),
        consent: Consent::from_wire(metadata.consent()),
        lead_id: metadata.lead_id.clone(),
        captured_at,
    })
}

/// What is wrong with the stream of bytes, beside what the blob store finds.
type Fault = Arc<Mutex<Option<Rejection>>>;

async fn store(
    app: &Investigation,
    file: &File,
    messages: impl Stream<Item = std::result::Result<UploadEvidenceRequest, Status>> + Send + Unpin + 'static,
) -> Result<()> {
    let fault = Fault::default();
    let expectation = Expectation {
        size_max: file.size,
        size: Some(file.size),
        sha256: Some(file.sha256.parse().map_err(|error: InvalidDigest| Failure::Internal(error.into()))?),
    };
    let refused = match app.blobs.put(pieces(messages, fault.clone()), expectation).await {
        Ok(_) => return Ok(()),
        Err(PortError::Rejected { code, message }) => match code.as_str() {
            "UPLOAD_CUT" => {
                let noted = fault.lock().unwrap_or_else(PoisonError::into_inner).take();
                noted.unwrap_or_else(incomplete)
            }
            "SIZE_MISMATCH" => incomplete(),
            "EMPTY" => Rejection::new(RejectionKind::Invalid, "UPLOAD_EMPTY", "not a byte of the file came"),
            "TOO_LARGE" => evidence::too_large(file.size),
            "HASH_MISMATCH" => Rejection::new(
                RejectionKind::Invalid,
                "HASH_MISMATCH",
                "the content has another hash than announced",
            ),
            _ => return Err(store_unavailable(PortError::Rejected { code, message })),
        },
        Err(error) => return Err(store_unavailable(error)),
    };
    Err(refused.into())
}

/// The bytes of the messages. A message that does not belong here breaks the upload off and says why in `fault`.
fn pieces(
    messages: impl Stream<Item = std::result::Result<UploadEvidenceRequest, Status>> + Send + Unpin + 'static,
    fault: Fault,
) -> Upload {
    let broken = move |rejection: Rejection| {
        *fault.lock().unwrap_or_else(PoisonError::into_inner) = Some(rejection);
        io::Error::from(io::ErrorKind::InvalidData)
    };
    let pieces = messages.map(move |message| match message {
        Ok(UploadEvidenceRequest { content: Some(Content::Chunk(chunk)) }) if chunk.len() <= CHUNK_MAX => {
            Ok(Bytes::from(chunk))
        }
        Ok(UploadEvidenceRequest { content: Some(Content::Chunk(_)) }) => {
            let limit = format!("at most {CHUNK_MAX} bytes in one message");
            Err(broken(Rejection::invalid("INVALID_FIELDS", "chunk", limit)))
        }
        Ok(_) => Err(broken(misplaced("a later message has to carry a piece of the file"))),
        Err(_) => Err(io::Error::from(io::ErrorKind::ConnectionReset)),
    });
    // Nothing is read after a fault.
    let until_fault = stream::unfold((pieces, false), |(mut pieces, over)| async move {
        if over {
            return None;
        }
        let piece = pieces.next().await?;
        let over = piece.is_err();
        Some((piece, (pieces, over)))
    });
    until_fault.boxed()
}

fn misplaced(message: &str) -> Rejection {
    Rejection::new(RejectionKind::Invalid, "UPLOAD_MISPLACED", message)
}

fn incomplete() -> Rejection {
    Rejection::new(RejectionKind::Invalid, "UPLOAD_INCOMPLETE", "the upload ended before the announced size")
}

/// The blob store is not there; the same request may be sent again.
pub(crate) fn store_unavailable(error: PortError) -> Failure {
    tracing::warn!(%error, "the blob store does not answer");
    Failure::Unavailable("blob store".to_owned())
}
