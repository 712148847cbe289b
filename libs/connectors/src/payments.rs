//! Port to finance: money out, in two steps (X11).

use async_trait::async_trait;
use redress_domain::{Money, Timestamp};
use serde::{Deserialize, Serialize};

use crate::PortError;

/// Reserves, pays and releases money, each payment under one key for its whole life.
///
/// ```text
/// (absent) ── reserve ──> Reserved ── pay ──> (still Reserved until it lands) ──> Paid | Refused
///     └─────── release ──────┴── release ──> Released
/// ```
///
/// Every call answers with the state in which the payment is now; a repeated call changes nothing and answers the same
/// way. Another key for the same debt is only right after `Absent`, `Released` or `Refused`, and after a timeout best
/// after a successful `release`: it also bars a reservation that is still under way to the other system.
#[async_trait]
pub trait Payments: Send + Sync {
    /// Sets money aside. Answers `Reserved` or `Refused`.
    async fn reserve(&self, reservation: &Reservation) -> Result<PaymentState, PortError>;

    /// Pays what was reserved. It lands later: ask. Rejected with `NOT_RESERVED` when there is no reservation.
    async fn pay(&self, key: &str) -> Result<PaymentState, PortError>;

    /// Gives a reservation back; on an absent key, bars it for good. Rejected with `PAYMENT_IN_PROGRESS` or
    /// `ALREADY_PAID` when it comes too late.
    async fn release(&self, key: &str) -> Result<PaymentState, PortError>;

    /// The state of a payment. Never changes anything.
    async fn ask(&self, key: &str) -> Result<PaymentState, PortError>;
}

/// What is to be paid to whom.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reservation {
    /// Idempotency key of the payment.
    pub key: String,
    /// From where.
    pub account: AccountKind,
    /// How much; more than nothing.
    pub amount: Money,
    /// Reference to the payee's account; the account itself is personal data and stays where it is kept.
    pub payee_ref: String,
}

/// Where the money comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AccountKind {
    /// The ordinary way through the finance system.
    Finance,
    /// The company account that pays first when finance is down; finance catches up later (M6.3).
    Fallback,
}

/// The state of a payment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "state")]
pub enum PaymentState {
    /// Finance never took a payment with this key: a proof that nothing was and will be paid by what was sent so far
    /// and answered.
    Absent,
    /// Money is set aside, and perhaps on its way.
    Reserved,
    /// The money has arrived.
    Paid {
        /// When it did.
        at: Timestamp,
    },
    /// Given back, or barred; nothing was and will be paid under this key.
    Released,
    /// Refused for good; nothing was and will be paid under this key.
    Refused {
        /// Finance's code, such as `ACCOUNT_FROZEN`.
        reason: String,
    },
    /// Finance cannot say at the moment. Ask again.
    Unknown,
}

impl PaymentState {
    /// Whether it is certain that nothing was and will be paid under this key.
    pub fn proves_nothing_paid(&self) -> bool {
        matches!(self, Self::Absent | Self::Released | Self::Refused { .. })
    }
}
