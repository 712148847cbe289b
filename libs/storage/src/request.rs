//! Request ids: the same request gives the same answer, the same id with another body is an error.

use redress_domain::Timestamp;
use sha2::{Digest, Sha256};
use uuid::Uuid;

use crate::{Result, Transaction, aggregate::get};

/// What an id was used for before.
#[derive(Debug)]
pub enum Claim {
    /// Never: go on, and record the answer before the commit.
    Fresh,
    /// For this very request: the answer that was given, encoded.
    Repeated(Vec<u8>),
    /// For another body.
    Reused,
}

/// The key under which a request is remembered.
#[derive(Clone, Debug)]
pub struct RequestKey {
    /// Subject of the caller's token.
    pub caller: String,
    /// Full method name.
    pub method: String,
    /// What the caller chose.
    pub request_id: String,
    /// Keyed hash of the decoded body, without the id itself.
    pub body_hash: Vec<u8>,
}

/// Hashes a decoded body under the service's key, so that the table does not tell what was in it.
pub fn body_hash(key: &[u8], body: &[u8]) -> Vec<u8> {
    use hmac::Mac as _;
    match hmac::Hmac::<Sha256>::new_from_slice(key) {
        Ok(mut mac) => {
            mac.update(body);
            mac.finalize().into_bytes().to_vec()
        }
        // HMAC takes keys of any length; a plain digest keeps the function total.
        Err(_) => Sha256::digest(body).to_vec(),
    }
}

/// Claims the id. A concurrent holder of the same id is waited for, then its outcome is seen.
pub async fn claim(transaction: &Transaction, key: &RequestKey, at: Timestamp) -> Result<Claim> {
    let inserted = transaction
        .execute(
            "claim a request id",
            "insert into request (caller, method, request_id, body_hash, response, at)
             values ($1, $2, $3, $4, '', $5) on conflict do nothing",
            [
                key.caller.as_str().into(),
                key.method.as_str().into(),
                key.request_id.as_str().into(),
                key.body_hash.clone().into(),
                at.into(),
            ],
        )
        .await?;
    if inserted.rows_affected() == 1 {
        return Ok(Claim::Fresh);
    }
    let row = transaction
        .one(
            "read a request id",
            "select body_hash, response from request where caller = $1 and method = $2 and request_id = $3",
            [key.caller.as_str().into(), key.method.as_str().into(), key.request_id.as_str().into()],
        )
        .await?;
    match row {
        None => Err(crate::StorageError::Conflict("request id".into())),
        Some(row) => {
            let stored: Vec<u8> = get(&row, "body_hash")?;
            Ok(if stored == key.body_hash { Claim::Repeated(get(&row, "response")?) } else { Claim::Reused })
        }
    }
}

/// Records the answer under the claimed id.
pub async fn record(
    transaction: &Transaction,
    key: &RequestKey,
    case_id: Option<Uuid>,
    response: Vec<u8>,
) -> Result<()> {
    transaction
        .execute(
            "record a request's answer",
            "update request set response = $4, case_id = $5 where caller = $1 and method = $2 and request_id = $3",
            [
                key.caller.as_str().into(),
                key.method.as_str().into(),
                key.request_id.as_str().into(),
                response.into(),
                case_id.into(),
            ],
        )
        .await?;
    Ok(())
}
