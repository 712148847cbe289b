//! A directory of its own for each test, and a clock that is moved by hand.

use std::path::PathBuf;
use std::sync::Arc;

use chrono::{TimeDelta, TimeZone as _, Utc};
use redress_connectors::file::{Behaviour, FileEnterprise, Port, Profile, Put};
use redress_connectors::{AccountKind, Message, Reservation};
use redress_domain::{Clock as _, Currency, Money, Timestamp, VirtualClock};

pub(crate) struct World {
    pub(crate) directory: PathBuf,
    pub(crate) clock: Arc<VirtualClock>,
    pub(crate) enterprise: FileEnterprise,
}

pub(crate) fn start() -> Timestamp {
    Utc.with_ymd_and_hms(2026, 3, 2, 1, 0, 0).unwrap()
}

/// An empty directory for the test of this name.
pub(crate) fn scratch(test: &str) -> PathBuf {
    let directory = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("connectors-{test}"));
    drop(std::fs::remove_dir_all(&directory));
    std::fs::create_dir_all(&directory).unwrap();
    directory
}

impl World {
    pub(crate) fn quiet(test: &str) -> Self {
        Self::new(test, 1, Profile::quiet())
    }

    pub(crate) fn new(test: &str, seed: u64, profile: Profile) -> Self {
        let directory = scratch(test);
        let clock = Arc::new(VirtualClock::new(start()));
        let enterprise = FileEnterprise::open(&directory, clock.clone(), seed, profile).unwrap();
        Self { directory, clock, enterprise }
    }

    /// The same directory as another process has it.
    pub(crate) fn again(&self) -> FileEnterprise {
        FileEnterprise::open(&self.directory, self.clock.clone(), 1, Profile::quiet()).unwrap()
    }

    pub(crate) fn pass(&self, time: TimeDelta) {
        self.clock.advance_to(self.clock.now() + time);
    }

    pub(crate) fn next(&self, port: Port, behaviours: &[Behaviour]) {
        self.enterprise.faults.push(port, behaviours).unwrap();
    }
}

pub(crate) fn yuan(minor: i64) -> Money {
    Money { minor, currency: Currency::CNY }
}

pub(crate) fn reservation(key: &str) -> Reservation {
    Reservation {
        key: key.to_owned(),
        account: AccountKind::Finance,
        amount: yuan(50_000),
        payee_ref: "payee-1".to_owned(),
    }
}

pub(crate) fn message(key: &str) -> Message {
    Message {
        key: key.to_owned(),
        channel: "sms".to_owned(),
        to: "13800000000".to_owned(),
        subject: None,
        body: "已收到投诉，将启动调查".to_owned(),
        language: "zh-CN".to_owned(),
        case_id: None,
    }
}

/// Orders added, replaced and unchanged.
pub(crate) fn counts(put: Put) -> (usize, usize, usize) {
    (put.added, put.replaced, put.unchanged)
}
