//! Port to those who make good in other ways than money (M5.2).

use std::collections::BTreeMap;

use async_trait::async_trait;
use redress_domain::{Money, Timestamp};
use serde::{Deserialize, Serialize};

use crate::PortError;

/// Has goods sent again, coupons issued, calls made; each task under one key for its whole life.
#[async_trait]
pub trait Fulfilment: Send + Sync {
    /// Orders a task. The same key twice is one task; answers with its state now.
    async fn order(&self, task: &FulfilmentTask) -> Result<FulfilmentState, PortError>;

    /// The state of a task. Never changes anything.
    async fn ask(&self, key: &str) -> Result<FulfilmentState, PortError>;
}

/// What is to be done for whom.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FulfilmentTask {
    /// Idempotency key.
    pub key: String,
    /// What kind of task.
    pub kind: FulfilmentKind,
    /// The waybill it makes good.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub waybill: Option<String>,
    /// Reference to the person it is for.
    pub recipient_ref: String,
    /// Value of a coupon or of goods.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub value: Option<Money>,
    /// Further particulars (`quantity`, `caller_role` …), without personal data.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub details: BTreeMap<String, String>,
}

/// Kinds of tasks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FulfilmentKind {
    /// Goods sent again; done when signed for.
    Resend,
    /// The parcel moved to the front; done when signed for.
    PriorityDelivery,
    /// A coupon issued.
    Coupon,
    /// A supervisor apologises by telephone.
    ApologyCall,
    /// A VIP experience card issued.
    VipCard,
}

impl FulfilmentKind {
    /// Whether goods move, so that it ends with somebody signing for them (M7.1).
    pub fn ends_with_signature(self) -> bool {
        matches!(self, Self::Resend | Self::PriorityDelivery)
    }
}

/// The state of a task.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "state")]
pub enum FulfilmentState {
    /// Never taken.
    Absent,
    /// Taken, under way.
    Accepted,
    /// Done.
    Completed {
        /// When it was.
        at: Timestamp,
        /// Goods were signed for (M7.1); always false for kinds in which no goods move.
        signed_for: bool,
    },
    /// It will not be done.
    Failed {
        /// The other system's code.
        reason: String,
    },
    /// The other system cannot say at the moment.
    Unknown,
}
