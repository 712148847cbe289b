//! Hands a file out. Every time is an entry of its custody.

use bytes::Bytes;
use futures::{Stream, StreamExt as _, stream};
use redress_chassis::{Begin, Call, Failure, Result};
use redress_connectors::{Chunks, Digest};
use redress_domain::Rejection;
use redress_proto::investigation::v1::{
    DownloadEvidenceRequest, DownloadEvidenceResponse, download_evidence_response::Content,
};
use redress_storage::StorageError;
use sha2::{Digest as _, Sha256};
use uuid::Uuid;

use super::{
    decide, id, person,
    upload_evidence::store_unavailable,
    verify_archive::{damaged, digest_of},
};
use crate::{
    Investigation,
    domain::{case::Case, evidence},
    grpc::convert,
    store,
};

/// Largest piece in an answer, in bytes; as in the contract.
const CHUNK_MAX: usize = 64 * 1024;

/// Hands it out: its description first, then its bytes. They are hashed on the way; a file that is not what it was ends
/// with an error instead of a clean end.
pub async fn download_evidence(
    app: &Investigation,
    call: &Call,
    request: DownloadEvidenceRequest,
) -> Result<impl Stream<Item = Result<DownloadEvidenceResponse>> + Send + use<>> {
    let evidence_id = id("evidence_id", &request.evidence_id)?;
    let case_id = store::evidence::case_of(app.engine.database().pool(), evidence_id)
        .await?
        .ok_or_else(|| not_found(evidence_id))?;
    let mut unit = match app.engine.begin::<_, DownloadEvidenceResponse>(call, "", &request).await? {
        Begin::Fresh(unit) => unit,
        Begin::Repeated(_) => return Err(StorageError::Conflict("request".to_owned()).into()),
    };
    let case = unit.load::<Case>(case_id).await?;
    call.caller.may_see(case.region(), case.case_id())?;
    let by = person(&call.caller);
    let case =
        decide(&mut unit, case, |case, setting| evidence::hand_out(case, evidence_id, &by, setting)).await?;
    let mut piece = convert::piece(case.state.piece(evidence_id)?);
    let digest = digest_of(case.state.piece(evidence_id)?)?;
    unit.finish().await?;
    // Recorded first: what was handed out is on record even where the connection breaks.
    let chunks = app.blobs.get(&digest).await.map_err(store_unavailable)?;
    let chunks =
        chunks.ok_or_else(|| damaged().unmet("EVIDENCE", &request.evidence_id, "the file is missing"))?;
    piece.description = app.texts.show(call, &piece.description_ref).await;
    let head = DownloadEvidenceResponse { content: Some(Content::Evidence(piece)) };
    Ok(stream::once(async move { Ok(head) }).chain(pieces(chunks, digest, evidence_id)))
}

/// A file on its way out.
struct Outgoing {
    chunks: Chunks,
    /// Bytes that were read and not yet handed out.
    rest: Bytes,
    hasher: Sha256,
    digest: Digest,
    evidence_id: Uuid,
}

fn pieces(
    chunks: Chunks,
    digest: Digest,
    evidence_id: Uuid,
) -> impl Stream<Item = Result<DownloadEvidenceResponse>> + Send {
    let outgoing = Outgoing { chunks, rest: Bytes::new(), hasher: Sha256::new(), digest, evidence_id };
    stream::unfold(Some(outgoing), |outgoing| async move {
        let mut outgoing = outgoing?;
        match outgoing.next().await {
            Ok(Some(piece)) => {
                let answer = DownloadEvidenceResponse { content: Some(Content::Chunk(piece.to_vec())) };
                Some((Ok(answer), Some(outgoing)))
            }
            Ok(None) => None,
            Err(failure) => Some((Err(failure), None)),
        }
    })
}

impl Outgoing {
    async fn next(&mut self) -> Result<Option<Bytes>> {
        while self.rest.is_empty() {
            match self.chunks.next().await {
                Some(chunk) => self.rest = chunk.map_err(store_unavailable)?,
                None => return self.end(),
            }
        }
        let piece = self.rest.split_to(self.rest.len().min(CHUNK_MAX));
        self.hasher.update(&piece);
        Ok(Some(piece))
    }

    fn end(&mut self) -> Result<Option<Bytes>> {
        if *std::mem::take(&mut self.hasher).finalize() == *self.digest.as_bytes() {
            return Ok(None);
        }
        let altered = damaged().unmet("EVIDENCE", &self.evidence_id.to_string(), "the file has another hash");
        Err(Failure::from(altered))
    }
}

fn not_found(evidence_id: Uuid) -> Rejection {
    Rejection::not_found("EVIDENCE_NOT_FOUND", format!("there is no evidence `{evidence_id}`"))
        .with("evidence_id", evidence_id.to_string())
}
