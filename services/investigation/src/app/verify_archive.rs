//! Checks that every kept file is there, unaltered.

use std::collections::BTreeMap;

use futures::StreamExt as _;
use redress_chassis::{Begin, Call, Failure, Result};
use redress_connectors::Digest;
use redress_domain::Rejection;
use redress_proto::investigation::v1::{VerifyArchiveRequest, VerifyArchiveResponse};
use sha2::{Digest as _, Sha256};

use super::{
    decide, get_investigation::view, id, look, person, repeated, upload_evidence::store_unavailable,
};
use crate::{
    Investigation,
    domain::{archive, case::Case, evidence::Evidence},
};

/// Checks them outside the transaction, then records it.
pub async fn verify_archive(
    app: &Investigation,
    call: &Call,
    request: VerifyArchiveRequest,
) -> Result<VerifyArchiveResponse> {
    if let Some(answer) = repeated(app, call, &request.request_id, &request).await? {
        return Ok(answer);
    }
    let case_id = id("case_id", &request.case_id)?;
    let (seen, _) = look(app, call, case_id).await?;
    seen.expect_etag(&request.etag)?;
    seen.state.expect_stage(archive::STAGES)?;
    let checked = check(app, &seen.state).await?;
    let mut unit = match app.engine.begin(call, &request.request_id, &request).await? {
        Begin::Fresh(unit) => unit,
        Begin::Repeated(answer) => return Ok(answer),
    };
    let case = unit.load::<Case>(case_id).await?;
    case.expect_etag(&request.etag)?;
    let by = person(&call.caller);
    let case =
        decide(&mut unit, case, |case, setting| archive::verified(case, &checked, &by, setting)).await?;
    let investigation = view(app, unit.transaction().connection(), &case).await?;
    unit.commit(VerifyArchiveResponse { investigation: Some(investigation) }).await
}

/// The sizes of the files by hash, once each of them was read; refuses with all that are missing or altered.
async fn check(app: &Investigation, case: &Case) -> Result<BTreeMap<String, u64>> {
    let mut checked = BTreeMap::new();
    let mut damaged = damaged();
    for evidence in archive::kept(case) {
        if checked.contains_key(&evidence.file.sha256) {
            continue;
        }
        match read(app, evidence).await? {
            Ok(()) => drop(checked.insert(evidence.file.sha256.clone(), evidence.file.size)),
            Err(why) => damaged = damaged.unmet("EVIDENCE", &evidence.id.to_string(), why),
        }
    }
    if damaged.unmet.is_empty() { Ok(checked) } else { Err(damaged.into()) }
}

/// The refusal when files are not what they were.
pub(crate) fn damaged() -> Rejection {
    Rejection::precondition("ARCHIVE_DAMAGED", "files of the archive are missing or altered")
}

/// Reads a file to its end; tells what is wrong with it.
async fn read(app: &Investigation, evidence: &Evidence) -> Result<std::result::Result<(), &'static str>> {
    let digest = digest_of(evidence)?;
    let Some(mut chunks) = app.blobs.get(&digest).await.map_err(store_unavailable)? else {
        return Ok(Err("the file is missing"));
    };
    let mut hasher = Sha256::new();
    while let Some(chunk) = chunks.next().await {
        hasher.update(chunk.map_err(store_unavailable)?);
    }
    let intact = *hasher.finalize() == *digest.as_bytes();
    Ok(if intact { Ok(()) } else { Err("the file has another hash") })
}

/// The address of a file.
pub(crate) fn digest_of(evidence: &Evidence) -> Result<Digest> {
    let digest = evidence.file.sha256.parse();
    digest.map_err(|error: redress_connectors::InvalidDigest| Failure::Internal(error.into()))
}
