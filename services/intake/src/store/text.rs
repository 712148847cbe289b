//! Every free text that people type, for all services, and who read it.

use redress_domain::Timestamp;
use redress_proto::intake::v1::TextPurpose;
use redress_storage::{Result, Transaction, transaction::query_all};
use sea_orm::ConnectionTrait;
use uuid::Uuid;

use crate::store::column;

/// A stored text. Printing it leaves the words out.
#[derive(Clone)]
pub struct TextRow {
    /// Reference.
    pub text_ref: Uuid,
    /// Case, where it belongs to one.
    pub case_id: Option<Uuid>,
    /// Region.
    pub region: String,
    /// What it is.
    pub purpose: TextPurpose,
    /// Language, a BCP 47 tag.
    pub language: String,
    /// Subject of whoever stored it.
    pub author: String,
    /// The words; none once the person was erased.
    pub words: Option<String>,
    /// When it was stored.
    pub created_at: Timestamp,
}

impl std::fmt::Debug for TextRow {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("TextRow").field("text_ref", &self.text_ref).finish_non_exhaustive()
    }
}

/// A reading of a text.
#[derive(Clone, Debug)]
pub struct Reading {
    /// Text.
    pub text_ref: Uuid,
    /// Subject of the reader.
    pub reader: String,
    /// Role in which it was read.
    pub role: String,
    /// Purpose, as in `ReadPurpose`.
    pub purpose: String,
    /// On whose behalf.
    pub on_behalf_of: String,
}

/// Stores a text.
pub async fn store(transaction: &Transaction, row: &TextRow) -> Result<()> {
    transaction
        .execute(
            "store a text",
            "insert into text (text_ref, case_id, region, purpose, language, author, words, created_at)
             values ($1, $2, $3, $4, $5, $6, $7, $8)",
            [
                row.text_ref.into(),
                row.case_id.into(),
                row.region.as_str().into(),
                row.purpose.as_str_name().into(),
                row.language.as_str().into(),
                row.author.as_str().into(),
                row.words.clone().into(),
                row.created_at.into(),
            ],
        )
        .await?;
    Ok(())
}

/// Reads a text.
pub async fn read(connection: &impl ConnectionTrait, text_ref: Uuid) -> Result<Option<TextRow>> {
    Ok(read_many(connection, &[text_ref]).await?.into_iter().next())
}

/// Reads texts, in no particular order; unknown ones are left out.
pub async fn read_many(connection: &impl ConnectionTrait, text_refs: &[Uuid]) -> Result<Vec<TextRow>> {
    if text_refs.is_empty() {
        return Ok(Vec::new());
    }
    let wanted = serde_json::json!(text_refs);
    let rows = query_all(
        connection,
        "read texts",
        "select * from text
          where text_ref in (select value::uuid from jsonb_array_elements_text($1) as wanted (value))",
        [wanted.into()],
    )
    .await?;
    rows.iter()
        .map(|row| {
            let purpose: String = column(row, "purpose")?;
            Ok(TextRow {
                text_ref: column(row, "text_ref")?,
                case_id: column(row, "case_id")?,
                region: column(row, "region")?,
                purpose: TextPurpose::from_str_name(&purpose).unwrap_or(TextPurpose::Unspecified),
                language: column(row, "language")?,
                author: column(row, "author")?,
                words: column(row, "words")?,
                created_at: column(row, "created_at")?,
            })
        })
        .collect()
}

/// Records that a text was read.
pub async fn log_reading(transaction: &Transaction, reading: &Reading, at: Timestamp) -> Result<()> {
    transaction
        .execute(
            "log a reading",
            "insert into text_access (text_ref, reader, role, purpose, on_behalf_of, at)
             values ($1, $2, $3, $4, $5, $6)",
            [
                reading.text_ref.into(),
                reading.reader.as_str().into(),
                reading.role.as_str().into(),
                reading.purpose.as_str().into(),
                reading.on_behalf_of.as_str().into(),
                at.into(),
            ],
        )
        .await?;
    Ok(())
}
