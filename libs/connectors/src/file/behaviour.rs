//! How an outside system may behave on one call.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::PortError;

/// A port as case scripts name it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Port {
    /// `orders`
    Orders,
    /// `outbound`
    Outbound,
    /// `payments`: the finance system.
    Payments,
    /// `payments_fallback`: the company account, which goes on when finance is down (M6.3).
    PaymentsFallback,
    /// `fulfilment`
    Fulfilment,
    /// `blobs`
    Blobs,
}

/// What happens to one call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Behaviour {
    /// `normal`: taken and answered.
    Normal,
    /// `down`: not taken; the caller is told so.
    Down,
    /// `slow`: taken, but the answer does not come in time, and what follows takes ten times as long.
    Slow,
    /// `lost`: not taken, and the caller is not told.
    Lost,
    /// `dropped`: taken; the answer is lost on the way back.
    Dropped,
    /// `unknown`: taken, the answer is lost, and for a while the other system cannot say either.
    /// An order lookup answers that there is no such waybill.
    Unknown,
    /// `refused`: refused at once.
    Refused,
    /// `failed`: taken, and goes wrong later. An upload breaks off half-way.
    Failed,
    /// `duplicate`: the call arrives twice, or its receipt comes twice.
    Duplicate,
    /// `paid`: the money arrives at once.
    Paid,
    /// `delivered`: the message or the goods arrive at once.
    Delivered,
}

const PORTS: [Port; 6] =
    [Port::Orders, Port::Outbound, Port::Payments, Port::PaymentsFallback, Port::Fulfilment, Port::Blobs];

const BEHAVIOURS: [Behaviour; 11] = [
    Behaviour::Normal,
    Behaviour::Down,
    Behaviour::Slow,
    Behaviour::Lost,
    Behaviour::Dropped,
    Behaviour::Unknown,
    Behaviour::Refused,
    Behaviour::Failed,
    Behaviour::Duplicate,
    Behaviour::Paid,
    Behaviour::Delivered,
];

impl Port {
    /// The name in scripts.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Orders => "orders",
            Self::Outbound => "outbound",
            Self::Payments => "payments",
            Self::PaymentsFallback => "payments_fallback",
            Self::Fulfilment => "fulfilment",
            Self::Blobs => "blobs",
        }
    }

    /// Whether any call of this port can behave so.
    pub fn can(self, behaviour: Behaviour) -> bool {
        match behaviour {
            Behaviour::Normal | Behaviour::Down | Behaviour::Slow | Behaviour::Unknown => true,
            Behaviour::Lost | Behaviour::Dropped | Behaviour::Refused | Behaviour::Failed => {
                self != Self::Orders
            }
            Behaviour::Duplicate => !matches!(self, Self::Orders | Self::Blobs),
            Behaviour::Paid => matches!(self, Self::Payments | Self::PaymentsFallback),
            Behaviour::Delivered => matches!(self, Self::Outbound | Self::Fulfilment),
        }
    }
}

impl Behaviour {
    /// The name in scripts.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Normal => "normal",
            Self::Down => "down",
            Self::Slow => "slow",
            Self::Lost => "lost",
            Self::Dropped => "dropped",
            Self::Unknown => "unknown",
            Self::Refused => "refused",
            Self::Failed => "failed",
            Self::Duplicate => "duplicate",
            Self::Paid => "paid",
            Self::Delivered => "delivered",
        }
    }

    /// Whether the call reaches the other system.
    pub(super) fn arrives(self) -> bool {
        !matches!(self, Self::Down | Self::Lost)
    }

    /// What the caller gets to see instead of `answer`.
    pub(super) fn deliver<T>(self, answer: Result<T, PortError>) -> Result<T, PortError> {
        match self {
            Self::Down => Err(PortError::unavailable("it refuses connections")),
            Self::Slow | Self::Lost | Self::Dropped | Self::Unknown => Err(PortError::Timeout),
            Self::Normal | Self::Refused | Self::Failed | Self::Duplicate | Self::Paid | Self::Delivered => {
                answer
            }
        }
    }
}

/// A name that is no port or no behaviour.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("unknown {kind} `{name}`; expected one of {expected}")]
pub struct UnknownName {
    kind: &'static str,
    name: String,
    expected: String,
}

impl FromStr for Port {
    type Err = UnknownName;

    fn from_str(name: &str) -> Result<Self, UnknownName> {
        PORTS.into_iter().find(|port| port.as_str() == name).ok_or_else(|| UnknownName {
            kind: "port",
            name: name.to_owned(),
            expected: PORTS.map(Self::as_str).join(", "),
        })
    }
}

impl FromStr for Behaviour {
    type Err = UnknownName;

    fn from_str(name: &str) -> Result<Self, UnknownName> {
        BEHAVIOURS.into_iter().find(|behaviour| behaviour.as_str() == name).ok_or_else(|| UnknownName {
            kind: "behaviour",
            name: name.to_owned(),
            expected: BEHAVIOURS.map(Self::as_str).join(", "),
        })
    }
}

impl fmt::Display for Port {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}

impl fmt::Display for Behaviour {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}
