//! Port to the message channels: SMS, e-mail, chat, telephone robots, and the staff's own messengers.

use std::fmt;

use async_trait::async_trait;
use redress_domain::Timestamp;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::PortError;

/// Sends a message through a channel and tells what became of it. A message counts when it is *delivered* (X6).
#[async_trait]
pub trait Outbound: Send + Sync {
    /// Hands a message over. The same key twice sends once and answers the same.
    async fn send(&self, message: &Message) -> Result<Sent, PortError>;

    /// What became of the message with this key.
    async fn ask(&self, key: &str) -> Result<Receipt, PortError>;

    /// Receipts that have arrived after `after` (from the beginning without it), oldest first, at most `limit` of them.
    /// The same receipt may come more than once; one that matters and does not come is asked for by [`Outbound::ask`].
    async fn poll_receipts(
        &self,
        after: Option<&ReceiptCursor>,
        limit: usize,
    ) -> Result<ReceiptPage, PortError>;
}

/// A message to one person or staff group. Printing it with `{:?}` leaves out whom it is for and what it says.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Message {
    /// Idempotency key.
    pub key: String,
    /// Channel id of the handbook.
    pub channel: String,
    /// Address in that channel: phone number, e-mail address, conversation, staff group.
    pub to: String,
    /// Subject, where the channel has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subject: Option<String>,
    /// The text as it will be read.
    pub body: String,
    /// Language of the text, such as `zh-CN`.
    pub language: String,
    /// The case it belongs to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub case_id: Option<Uuid>,
}

impl fmt::Debug for Message {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Message")
            .field("key", &self.key)
            .field("channel", &self.channel)
            .field("case_id", &self.case_id)
            .finish_non_exhaustive()
    }
}

/// The channel has taken the message over. That is not delivery.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sent {
    /// When it was taken over; of the first call, if this one repeats it.
    pub at: Timestamp,
    /// Whether this channel ever tells of delivery (X6).
    pub receipt_follows: bool,
}

/// What is known of a message's delivery.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "state")]
pub enum Receipt {
    /// The channel never took a message with this key.
    Absent,
    /// Taken over, nothing heard yet.
    Pending,
    /// Reached the person.
    Delivered {
        /// When it did; often earlier than we learn of it.
        at: Timestamp,
    },
    /// Will not reach the person.
    Failed {
        /// When that was certain.
        at: Timestamp,
        /// The channel's code.
        reason: String,
    },
    /// Taken over by a channel that never tells of delivery.
    NotOffered,
    /// The channel cannot say at the moment.
    Unknown,
}

/// A receipt as it comes in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReceiptNotice {
    /// The message's key.
    pub key: String,
    /// [`Receipt::Delivered`] or [`Receipt::Failed`].
    pub receipt: Receipt,
}

/// A place in the stream of receipts; opaque, to be kept and handed back.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct ReceiptCursor(pub(crate) String);

/// Some receipts and where to go on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReceiptPage {
    /// Oldest first; empty when there is nothing new.
    pub receipts: Vec<ReceiptNotice>,
    /// To be passed next time; the given one when there was nothing new.
    pub next: Option<ReceiptCursor>,
}
