//! Ports to the enterprise's own systems, and the adapters behind them.
//!
//! A service never talks to the order system, a message channel or finance directly: it holds a small trait object from
//! here. What every port promises, and what a caller must never assume, is the same:
//!
//! * **A call out never happens inside a transaction.** The intent is stored first, then the call is made.
//! * **Everything that has an effect is keyed.** The same key twice is one effect; the same key with other content is
//!   refused (`KEY_REUSED`). A repeated call answers with what the first one came to.
//! * **`Timeout` means that nobody knows.** The effect may have happened. It is asked about under the same key (`ask`)
//!   or repeated under the same key, never under a new one.
//! * **`Unknown` is a state, `Absent` is a proof.** `Unknown`: the other system cannot say yet, ask again later.
//!   `Absent`: it answers that it never took this key; only that (or a refusal, or a release) permits another way.
//!
//! | port | for | file adapter |
//! |---|---|---|
//! | [`OrderDirectory`] | what is known about a waybill, who else is on its batch | [`file::FileOrders`] |
//! | [`Outbound`] | a message through a channel, with its receipt | [`file::FileOutbound`] |
//! | [`Payments`] | reserve, pay, release, ask (X11) | [`file::FilePayments`] |
//! | [`Fulfilment`] | goods sent again, coupons, calls, cards | [`file::FileFulfilment`] |
//! | [`BlobStore`] | evidence files, addressed by content | [`file::FileBlobs`] |
//!
//! [`mod@file`] holds adapters that play the outside world in a directory, with its delays and faults. [`mapping`] turns
//! other people's records into [`Order`]s and [`ComplaintRow`]s by a TOML file.

mod blobs;
mod complaints;
mod error;
pub mod file;
mod fulfilment;
pub mod mapping;
mod orders;
mod outbound;
mod payments;
mod settings;

use std::sync::Arc;

pub use blobs::{BlobStore, Chunks, Digest, Expectation, InvalidDigest, StoredBlob, Upload};
pub use complaints::ComplaintRow;
pub use error::PortError;
pub use fulfilment::{Fulfilment, FulfilmentKind, FulfilmentState, FulfilmentTask};
pub use orders::{BatchMember, Leg, Order, OrderDirectory, OrderStatus, Scan};
pub use outbound::{Message, Outbound, Receipt, ReceiptCursor, ReceiptNotice, ReceiptPage, Sent};
pub use payments::{AccountKind, PaymentState, Payments, Reservation};
pub use settings::{ConnectorSettings, Manners};

/// All ports of one enterprise, as services take them. Cloning shares the adapters.
#[derive(Clone)]
pub struct Ports {
    /// Orders and waybills.
    pub orders: Arc<dyn OrderDirectory>,
    /// Messages to customers and staff.
    pub outbound: Arc<dyn Outbound>,
    /// Money out.
    pub payments: Arc<dyn Payments>,
    /// Goods and favours out.
    pub fulfilment: Arc<dyn Fulfilment>,
    /// Evidence files.
    pub blobs: Arc<dyn BlobStore>,
}

impl std::fmt::Debug for Ports {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("Ports")
    }
}
