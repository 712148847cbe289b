//! Finance in `payments.jsonl`: a line a call, with what it did.

use std::collections::HashMap;
use std::io;
use std::path::Path;
use std::sync::Arc;

use async_trait::async_trait;
use redress_domain::Timestamp;
use serde::{Deserialize, Serialize};

use super::behaviour::{Behaviour, Port};
use super::journal::{Fold, Journal, Page};
use super::outside::{Course, Outside, Standing, beside, check_key};
use crate::{AccountKind, PaymentState, Payments, PortError, Reservation};

const REASONS: [&str; 3] = ["ACCOUNT_FROZEN", "NAME_NOT_CORRECT", "QUOTA_EXCEEDED"];

/// Finance as a file.
pub struct FilePayments(Arc<Inner>);

struct Inner {
    outside: Arc<Outside>,
    journal: Journal<Books>,
}

/// A payment as finance's own books have it, whatever its callers were told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PaymentRecord {
    /// What was reserved.
    pub reservation: Reservation,
    /// Its true state; never `Unknown` or `Absent`.
    pub state: PaymentState,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Operation {
    Reserve,
    Pay,
    Release,
    Ask,
}

#[derive(Serialize, Deserialize)]
struct Entry {
    at: Timestamp,
    operation: Operation,
    key: String,
    behaviour: Behaviour,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    effect: Option<Effect>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    unclear_until: Option<Timestamp>,
}

#[derive(Clone, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Effect {
    Reserved(Reservation),
    /// Refused at the reservation.
    Refused {
        reservation: Reservation,
        reason: String,
    },
    /// Sent on its way, or its end brought forward.
    Paying(Course),
    Released,
}

#[derive(Default)]
struct Books {
    payments: HashMap<String, Payment>,
    attempts: HashMap<(Operation, String), u64>,
    /// In the order of their first effect.
    order: Vec<String>,
}

struct Payment {
    /// None for a key that was barred before any reservation came.
    reservation: Option<Reservation>,
    phase: Phase,
    unclear_until: Option<Timestamp>,
}

#[derive(Clone)]
enum Phase {
    Reserved,
    Paying(Course),
    Refused(String),
    Released,
}

impl Fold for Books {
    type Entry = Entry;

    fn apply(&mut self, entry: Entry) {
        *self.attempts.entry((entry.operation, entry.key.clone())).or_default() += 1;
        if let Some(effect) = entry.effect {
            let (reservation, phase) = match effect {
                Effect::Reserved(reservation) => (Some(reservation), Phase::Reserved),
                Effect::Refused { reservation, reason } => (Some(reservation), Phase::Refused(reason)),
                Effect::Paying(course) => (None, Phase::Paying(course)),
                Effect::Released => (None, Phase::Released),
            };
            if let Some(payment) = self.payments.get_mut(&entry.key) {
                payment.phase = phase;
            } else {
                self.order.push(entry.key.clone());
                let payment = Payment { reservation, phase, unclear_until: None };
                self.payments.insert(entry.key.clone(), payment);
            }
        }
        if let (Some(until), Some(payment)) = (entry.unclear_until, self.payments.get_mut(&entry.key)) {
            payment.unclear_until = Some(until);
        }
    }
}

impl Books {
    fn state(&self, key: &str, now: Timestamp) -> PaymentState {
        self.payments.get(key).map_or(PaymentState::Absent, |payment| payment.state(now))
    }

    fn port(&self, key: &str) -> Port {
        let reservation = self.payments.get(key).and_then(|payment| payment.reservation.as_ref());
        reservation.map_or(Port::Payments, |reservation| port(reservation.account))
    }
}

impl Payment {
    fn state(&self, now: Timestamp) -> PaymentState {
        match &self.phase {
            Phase::Reserved => PaymentState::Reserved,
            Phase::Released => PaymentState::Released,
            Phase::Refused(reason) => PaymentState::Refused { reason: reason.clone() },
            Phase::Paying(course) => match course.at(now) {
                Standing::UnderWay => PaymentState::Reserved,
                Standing::Done(at) => PaymentState::Paid { at },
                Standing::Failed(_, reason) => PaymentState::Refused { reason: reason.to_owned() },
            },
        }
    }

    fn under_way(&self, now: Timestamp) -> bool {
        matches!(&self.phase, Phase::Paying(course) if course.is_open(now))
    }
}

fn port(account: AccountKind) -> Port {
    match account {
        AccountKind::Finance => Port::Payments,
        AccountKind::Fallback => Port::PaymentsFallback,
    }
}

impl FilePayments {
    pub(super) fn open(directory: &Path, outside: Arc<Outside>) -> io::Result<Self> {
        let journal = Journal::open(&directory.join("payments.jsonl"))?;
        Ok(Self(Arc::new(Inner { outside, journal })))
    }

    /// All payments that were ever reserved or refused, as finance's books have them at this time.
    pub async fn payments(&self) -> Result<Vec<PaymentRecord>, PortError> {
        self.beside(|inner| {
            let now = inner.outside.now();
            inner.journal.with(|page| {
                let books = page.state();
                let payments = books.order.iter().filter_map(|key| books.payments.get(key));
                let reserved = payments.filter_map(|payment| {
                    let reservation = payment.reservation.clone()?;
                    Some(PaymentRecord { reservation, state: payment.state(now) })
                });
                Ok(Ok(reserved.collect()))
            })
        })
        .await
    }

    async fn beside<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Inner) -> io::Result<Result<T, PortError>> + Send + 'static,
    ) -> Result<T, PortError> {
        let inner = self.0.clone();
        beside(move || work(&inner)).await
    }
}

impl Inner {
    /// One call: how it behaves, what it does to the books if it arrives, and what its caller gets to see.
    fn call(
        &self,
        page: &mut Page<'_, Books>,
        operation: Operation,
        (port, key): (Port, &str),
        can: &[Behaviour],
        decide: impl Fn(&Books, Behaviour) -> Result<Option<Effect>, PortError>,
    ) -> io::Result<Result<PaymentState, PortError>> {
        let now = self.outside.now();
        let attempt = page.state().attempts.get(&(operation, key.to_owned())).copied().unwrap_or(0);
        let name = match operation {
            Operation::Reserve => "reserve",
            Operation::Pay => "pay",
            Operation::Release => "release",
            Operation::Ask => "ask",
        };
        let behaviour = self.outside.behaviour(port, can, &[name, key, &attempt.to_string()])?;

        let arrivals = match behaviour {
            Behaviour::Down | Behaviour::Lost => 0,
            Behaviour::Duplicate => 2,
            _ => 1,
        };
        let mut answer = Ok(());
        for arrival in 0..arrivals.max(1) {
            let decided = if behaviour.arrives() { decide(page.state(), behaviour) } else { Ok(None) };
            let effect = decided.as_ref().ok().cloned().flatten();
            if arrival == 0 {
                answer = decided.map(|_| ());
            }
            let unclear_until = self.outside.unclear_until(behaviour, key);
            page.append(Entry { at: now, operation, key: key.to_owned(), behaviour, effect, unclear_until })?;
        }
        Ok(behaviour.deliver(answer.map(|()| page.state().state(key, now))))
    }

    fn reserve(&self, reservation: &Reservation) -> io::Result<Result<PaymentState, PortError>> {
        use Behaviour::{Down, Dropped, Duplicate, Lost, Refused, Slow, Unknown};
        let key = reservation.key.as_str();
        if let Err(error) = check_key(key) {
            return Ok(Err(error));
        }
        if reservation.amount.minor <= 0 {
            return Ok(Err(PortError::rejected("INVALID_AMOUNT", "the amount has to be more than nothing")));
        }
        self.journal.with(|page| {
            let known = page.state().payments.get(key).and_then(|payment| payment.reservation.as_ref());
            if known.is_some_and(|known| known != reservation) {
                return Ok(Err(PortError::key_reused(key)));
            }
            let can = [Down, Slow, Lost, Dropped, Unknown, Refused, Duplicate];
            let place = (port(reservation.account), key);
            self.call(page, Operation::Reserve, place, &can, |books, behaviour| {
                if books.payments.contains_key(key) {
                    return Ok(None);
                }
                let reservation = reservation.clone();
                Ok(Some(if behaviour == Refused {
                    Effect::Refused { reservation, reason: self.outside.reason(key, &REASONS) }
                } else {
                    Effect::Reserved(reservation)
                }))
            })
        })
    }

    fn pay(&self, key: &str) -> io::Result<Result<PaymentState, PortError>> {
        use Behaviour::{Down, Dropped, Duplicate, Failed, Lost, Paid, Refused, Slow, Unknown};
        self.journal.with(|page| {
            let now = self.outside.now();
            let place = (page.state().port(key), key);
            let payable = page.state().state(key, now) == PaymentState::Reserved;
            let can: &[Behaviour] = if payable {
                &[Down, Slow, Lost, Dropped, Unknown, Refused, Failed, Duplicate, Paid]
            } else {
                &[Down, Slow, Lost, Dropped, Duplicate]
            };
            self.call(page, Operation::Pay, place, can, |books, behaviour| match books.payments.get(key) {
                None => Err(PortError::rejected("NOT_RESERVED", "nothing is reserved under this key")),
                Some(payment) => match (&payment.phase, behaviour) {
                    (Phase::Reserved, _) => Ok(Some(self.paying(place.0, behaviour, key))),
                    (Phase::Paying(course), Paid | Refused) if course.is_open(now) => {
                        Ok(Some(self.paying(place.0, behaviour, key)))
                    }
                    _ => Ok(None),
                },
            })
        })
    }

    fn release(&self, key: &str) -> io::Result<Result<PaymentState, PortError>> {
        use Behaviour::{Down, Dropped, Duplicate, Lost, Slow};
        if let Err(error) = check_key(key) {
            return Ok(Err(error));
        }
        self.journal.with(|page| {
            let now = self.outside.now();
            let place = (page.state().port(key), key);
            let can = [Down, Slow, Lost, Dropped, Duplicate];
            self.call(page, Operation::Release, place, &can, |books, _| match books.payments.get(key) {
                None => Ok(Some(Effect::Released)),
                Some(payment) => match payment.state(now) {
                    PaymentState::Reserved if payment.under_way(now) => {
                        Err(PortError::rejected("PAYMENT_IN_PROGRESS", "the money is on its way"))
                    }
                    PaymentState::Reserved => Ok(Some(Effect::Released)),
                    PaymentState::Paid { .. } => {
                        Err(PortError::rejected("ALREADY_PAID", "the money has arrived"))
                    }
                    PaymentState::Absent
                    | PaymentState::Released
                    | PaymentState::Refused { .. }
                    | PaymentState::Unknown => Ok(None),
                },
            })
        })
    }

    fn ask(&self, key: &str) -> io::Result<Result<PaymentState, PortError>> {
        use Behaviour::{Down, Paid, Refused, Slow, Unknown};
        self.journal.with(|page| {
            let now = self.outside.now();
            let port = page.state().port(key);
            let payment = page.state().payments.get(key);
            let under_way = payment.is_some_and(|payment| payment.under_way(now));
            let unclear = payment.and_then(|payment| payment.unclear_until).is_some_and(|until| now < until);
            let can: &[Behaviour] =
                if under_way { &[Down, Slow, Unknown, Paid, Refused] } else { &[Down, Slow, Unknown] };
            let behaviour = self.outside.reading(port, can, key)?;
            if matches!(behaviour, Paid | Refused) {
                page.append(Entry {
                    at: now,
                    operation: Operation::Ask,
                    key: key.to_owned(),
                    behaviour,
                    effect: Some(self.paying(port, behaviour, key)),
                    unclear_until: None,
                })?;
            }
            Ok(match behaviour {
                Unknown => Ok(PaymentState::Unknown),
                Behaviour::Normal if unclear => Ok(PaymentState::Unknown),
                _ => behaviour.deliver(Ok(page.state().state(key, now))),
            })
        })
    }

    fn paying(&self, port: Port, behaviour: Behaviour, key: &str) -> Effect {
        Effect::Paying(self.outside.course(port, None, behaviour, key, &REASONS))
    }
}

#[async_trait]
impl Payments for FilePayments {
    async fn reserve(&self, reservation: &Reservation) -> Result<PaymentState, PortError> {
        let reservation = reservation.clone();
        self.beside(move |inner| inner.reserve(&reservation)).await
    }

    async fn pay(&self, key: &str) -> Result<PaymentState, PortError> {
        let key = key.to_owned();
        self.beside(move |inner| inner.pay(&key)).await
    }

    async fn release(&self, key: &str) -> Result<PaymentState, PortError> {
        let key = key.to_owned();
        self.beside(move |inner| inner.release(&key)).await
    }

    async fn ask(&self, key: &str) -> Result<PaymentState, PortError> {
        let key = key.to_owned();
        self.beside(move |inner| inner.ask(&key)).await
    }
}
