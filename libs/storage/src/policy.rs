//! Handbooks and calendars by content hash, kept whole.

use sea_orm::ConnectionTrait;

use crate::{Result, aggregate::get, database::Database, transaction::query_one};

/// A stored policy text.
#[derive(Clone, Debug)]
pub struct PolicyRow {
    /// SHA-256 of the text, hexadecimal.
    pub hash: String,
    /// `handbook` or `calendar`.
    pub kind: String,
    /// File name, for error texts.
    pub name: String,
    /// The text.
    pub text: String,
}

/// Reads the policy with this hash.
pub async fn read(connection: &impl ConnectionTrait, hash: &str) -> Result<Option<PolicyRow>> {
    let row =
        query_one(connection, "read a policy", "select * from policy where hash = $1", [hash.into()]).await?;
    row.map(|row| {
        Ok(PolicyRow {
            hash: get(&row, "hash")?,
            kind: get(&row, "kind")?,
            name: get(&row, "name")?,
            text: get(&row, "text")?,
        })
    })
    .transpose()
}

/// Keeps a policy. The same hash again changes nothing.
pub async fn keep(database: &Database, row: &PolicyRow) -> Result<()> {
    let transaction = database.begin().await?;
    transaction
        .execute(
            "keep a policy",
            "insert into policy (hash, kind, name, text) values ($1, $2, $3, $4) on conflict do nothing",
            [
                row.hash.as_str().into(),
                row.kind.as_str().into(),
                row.name.as_str().into(),
                row.text.as_str().into(),
            ],
        )
        .await?;
    transaction.commit().await?;
    Ok(())
}
