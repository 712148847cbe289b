//! The contract of the suite as Rust code: messages, clients and servers generated from `proto/`, the descriptor set with
//! its options, and the conversions between wire and domain.
//!
//! `redress.<service>.v1` is [`intake::v1`], [`triage::v1`] and so on; what all share is [`types::v1`], [`eventlog::v1`]
//! and [`deadlines::v1`]. Nothing here decides anything.

mod contract;
mod convert;
mod generated;
mod payload;
mod words;

pub use contract::{is_personal, pool, role_from_name, role_name, roles};
pub use convert::{TimeOutOfRange, time_from_wire, time_to_wire};
pub use generated::google;
pub use generated::redress::{
    compensation, deadlines, eventlog, intake, investigation, survey, triage, types,
};
pub use payload::{Payload, fact};
pub use words::Unspecified;

/// The descriptor set of the whole contract, with imports, options and comments; what reflection serves.
pub const FILE_DESCRIPTOR_SET: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/redress.binpb"));
