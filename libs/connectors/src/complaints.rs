//! A complaint as it is imported.

use std::fmt;

use redress_domain::Timestamp;
use serde::{Deserialize, Serialize};

/// One complaint of an import file, before registration. What is missing stays missing (M2.2).
/// Printing it with `{:?}` leaves out everything personal.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ComplaintRow {
    /// Stable id in the source, so that a second import finds the first one's rows.
    pub source_id: String,
    /// Waybill number, where the customer gave one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub waybill: Option<String>,
    /// When the complaint arrived.
    pub received_at: Timestamp,
    /// Channel id of the handbook.
    pub channel: String,
    /// Language of the narrative, such as `zh-CN` or `pt`.
    pub language: String,
    /// What the customer wrote.
    pub narrative: String,
    /// Region id, where it is not the importer's default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub region: Option<String>,
    /// The source's pseudonym of the person.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub customer_ref: Option<String>,
    /// Name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub customer_name: Option<String>,
    /// Phone number, e-mail address or other contact.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub contact: Option<String>,
    /// Problem type as the customer chose it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub problem_type: Option<String>,
    /// What the customer wants.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub desired_solution: Option<String>,
}

impl fmt::Debug for ComplaintRow {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("ComplaintRow")
            .field("source_id", &self.source_id)
            .field("received_at", &self.received_at)
            .field("channel", &self.channel)
            .field("language", &self.language)
            .finish_non_exhaustive()
    }
}
