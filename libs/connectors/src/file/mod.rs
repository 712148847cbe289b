//! The outside world in a directory: adapters for the demo, for case scripts and for tests.
//!
//! They behave like the systems they stand for. Nothing important succeeds at once: a payment lands after some minutes,
//! a receipt comes later than its message, goods are signed for after days. By seed, calls are refused, answers get
//! lost after the effect, receipts come twice, and for a while nobody can say what became of a key ([`Profile`]). A case
//! script can order the next answers itself ([`Faults`]).
//!
//! How it works. Each adapter is a journal of JSON lines and the fold over it: a call takes the file's lock, reads what
//! others have appended, decides, and appends one line with the call, its behaviour and its effect. So several processes
//! may share a directory, and a process may be killed at any instant: the line is there or not; a torn one is cut off
//! by the next. What will come of a key (when it lands, or why not) is decided when it is taken on and written down, so
//! answers depend on the journal and the clock alone. Chance is a hash of the seed, the key and the attempt: the same
//! seed misbehaves the same way in whatever order the calls come.
//!
//! Limits. Nothing is flushed to the disk: it survives the death of processes, not of the machine. The journals grow for
//! ever and are folded in memory. The directory must not be cleared while it is open.

mod behaviour;
mod blobs;
mod faults;
mod fulfilment;
mod journal;
mod orders;
mod outbound;
mod outside;
mod payments;
mod profile;

use std::io;
use std::path::Path;
use std::sync::Arc;

use redress_domain::Clock;

pub use behaviour::{Behaviour, Port, UnknownName};
pub use blobs::FileBlobs;
pub use faults::{FaultError, Faults};
pub use fulfilment::{FileFulfilment, TaskRecord};
pub use orders::{FileOrders, Put};
pub use outbound::{FileOutbound, MessageRecord};
pub use payments::{FilePayments, PaymentRecord};
pub use profile::{Delay, Manner, Profile, ProfileError, Rates};

use crate::Ports;
use outside::Outside;

/// All file adapters over one directory.
#[derive(Clone)]
pub struct FileEnterprise {
    /// Orders; also taken in here.
    pub orders: Arc<FileOrders>,
    /// Messages; what was sent can be read back.
    pub outbound: Arc<FileOutbound>,
    /// Payments; can be listed.
    pub payments: Arc<FilePayments>,
    /// Tasks; can be listed.
    pub fulfilment: Arc<FileFulfilment>,
    /// Evidence files.
    pub blobs: Arc<FileBlobs>,
    /// Orders the next behaviours of the ports.
    pub faults: Faults,
}

impl FileEnterprise {
    /// Opens or creates the directory. Every process that shares it should bring the same seed and profile.
    pub fn open(directory: &Path, clock: Arc<dyn Clock>, seed: u64, profile: Profile) -> io::Result<Self> {
        profile.check().map_err(|error| io::Error::new(io::ErrorKind::InvalidInput, error))?;
        std::fs::create_dir_all(directory)?;
        let faults = Faults::open(directory)?;
        let outside = Arc::new(Outside::new(clock, seed, profile, faults.clone()));
        Ok(Self {
            orders: Arc::new(FileOrders::open(directory, outside.clone())?),
            outbound: Arc::new(FileOutbound::open(directory, outside.clone())?),
            payments: Arc::new(FilePayments::open(directory, outside.clone())?),
            fulfilment: Arc::new(FileFulfilment::open(directory, outside.clone())?),
            blobs: Arc::new(FileBlobs::open(directory, outside)?),
            faults,
        })
    }

    /// The adapters as ports.
    pub fn ports(&self) -> Ports {
        Ports {
            orders: self.orders.clone(),
            outbound: self.outbound.clone(),
            payments: self.payments.clone(),
            fulfilment: self.fulfilment.clone(),
            blobs: self.blobs.clone(),
        }
    }
}
