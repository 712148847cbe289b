//! The message channels in `outbound.jsonl`: a line a call, with what was said to whom. It holds personal data.

use std::collections::{BTreeMap, HashMap};
use std::io;
use std::path::Path;
use std::sync::Arc;

use async_trait::async_trait;
use redress_domain::Timestamp;
use serde::{Deserialize, Serialize};

use super::behaviour::{Behaviour, Port};
use super::journal::{Fold, Journal};
use super::outside::{Course, Outside, Standing, beside, check_key};
use crate::{Message, Outbound, PortError, Receipt, ReceiptCursor, ReceiptNotice, ReceiptPage, Sent};

const REASONS: [&str; 3] = ["NUMBER_NOT_IN_SERVICE", "MAILBOX_FULL", "RECIPIENT_REFUSED"];

/// The channels as a file.
pub struct FileOutbound(Arc<Inner>);

struct Inner {
    outside: Arc<Outside>,
    journal: Journal<Messages>,
}

/// A message as the channel's own books have it, whatever its sender was told. Printing it leaves out the personal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MessageRecord {
    /// What was sent.
    pub message: Message,
    /// When it was taken over.
    pub at: Timestamp,
    /// What became of it; never `Unknown` or `Absent`.
    pub receipt: Receipt,
}

#[derive(Serialize, Deserialize)]
struct Entry {
    at: Timestamp,
    key: String,
    behaviour: Behaviour,
    /// A new message.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    message: Option<Message>,
    /// How it goes on, from now; none on a channel without receipts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    course: Option<Course>,
    /// When its receipt comes a second time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    repeats_at: Option<Timestamp>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    unclear_until: Option<Timestamp>,
}

#[derive(Default)]
struct Messages {
    messages: HashMap<String, Item>,
    attempts: HashMap<String, u64>,
    /// In the order of their arrival.
    order: Vec<String>,
    /// Receipts in the order in which they come in. The number grows with the journal, so a receipt that is planned
    /// after a poll sorts behind everything that poll has seen.
    feed: BTreeMap<Place, String>,
    entries: u64,
}

/// Microseconds since 1970, and a number that makes it unique.
type Place = (i64, u64);

struct Item {
    message: Message,
    at: Timestamp,
    course: Option<Course>,
    /// Of its receipt in the feed.
    place: Option<Place>,
    unclear_until: Option<Timestamp>,
}

impl Fold for Messages {
    type Entry = Entry;

    fn apply(&mut self, entry: Entry) {
        *self.attempts.entry(entry.key.clone()).or_default() += 1;
        self.entries += 2;
        let mut place = None;
        if let Some(course) = &entry.course {
            let planned = self.messages.get(&entry.key).and_then(|item| item.place);
            if let Some(planned) = planned {
                self.feed.remove(&planned);
            }
            place = Some((course.settles_at.timestamp_micros(), self.entries));
            let repeated = entry.repeats_at.map(|at| (at.timestamp_micros(), self.entries + 1));
            self.feed.extend(place.into_iter().chain(repeated).map(|place| (place, entry.key.clone())));
        }
        if let Some(item) = self.messages.get_mut(&entry.key) {
            item.course = entry.course.or(item.course.take());
            item.place = place.or(item.place);
            item.unclear_until = entry.unclear_until.or(item.unclear_until);
        } else if let Some(message) = entry.message {
            self.order.push(entry.key.clone());
            let item = Item {
                message,
                at: entry.at,
                course: entry.course,
                place,
                unclear_until: entry.unclear_until,
            };
            self.messages.insert(entry.key, item);
        }
    }
}

impl Item {
    fn receipt(&self, now: Timestamp) -> Receipt {
        match self.course.as_ref().map(|course| course.at(now)) {
            None => Receipt::NotOffered,
            Some(Standing::UnderWay) => Receipt::Pending,
            Some(Standing::Done(at)) => Receipt::Delivered { at },
            Some(Standing::Failed(at, reason)) => Receipt::Failed { at, reason: reason.to_owned() },
        }
    }
}

impl FileOutbound {
    pub(super) fn open(directory: &Path, outside: Arc<Outside>) -> io::Result<Self> {
        let journal = Journal::open(&directory.join("outbound.jsonl"))?;
        Ok(Self(Arc::new(Inner { outside, journal })))
    }

    /// All messages that were ever taken over, oldest first.
    pub async fn messages(&self) -> Result<Vec<MessageRecord>, PortError> {
        self.select(|_| true).await
    }

    /// The messages to one address, on any channel, oldest first.
    pub async fn messages_to(&self, to: &str) -> Result<Vec<MessageRecord>, PortError> {
        let to = to.to_owned();
        self.select(move |message| message.to == to).await
    }

    async fn select(
        &self,
        wanted: impl Fn(&Message) -> bool + Send + 'static,
    ) -> Result<Vec<MessageRecord>, PortError> {
        let inner = self.0.clone();
        beside(move || {
            let now = inner.outside.now();
            inner.journal.with(|page| {
                let items = page.state().order.iter().filter_map(|key| page.state().messages.get(key));
                Ok(Ok(items
                    .filter(|item| wanted(&item.message))
                    .map(|item| MessageRecord {
                        message: item.message.clone(),
                        at: item.at,
                        receipt: item.receipt(now),
                    })
                    .collect()))
            })
        })
        .await
    }
}

impl Inner {
    fn send(&self, message: &Message) -> io::Result<Result<Sent, PortError>> {
        use Behaviour::{Delivered, Down, Dropped, Duplicate, Failed, Lost, Refused, Slow, Unknown};
        let key = message.key.as_str();
        if let Err(error) = check_key(key) {
            return Ok(Err(error));
        }
        self.journal.with(|page| {
            if page.state().messages.get(key).is_some_and(|known| known.message != *message) {
                return Ok(Err(PortError::key_reused(key)));
            }
            let known = page.state().messages.contains_key(key);
            let can: &[Behaviour] = if known {
                &[Down, Slow, Lost, Dropped, Unknown]
            } else {
                &[Down, Slow, Lost, Dropped, Unknown, Refused, Failed, Duplicate, Delivered]
            };
            let attempt = page.state().attempts.get(key).copied().unwrap_or(0).to_string();
            let behaviour = self.outside.behaviour(Port::Outbound, can, &["send", key, &attempt])?;
            let takes_over = behaviour.arrives() && behaviour != Refused && !known;
            let receipts = !self.outside.profile.channels_without_receipts.contains(&message.channel);
            let course = (takes_over && receipts)
                .then(|| self.outside.course(Port::Outbound, None, behaviour, key, &REASONS));
            let repeats_at = course.as_ref().filter(|_| behaviour == Duplicate).map(|course| {
                let later = self.outside.course(Port::Outbound, None, behaviour, &format!("{key}#2"), &[]);
                course.settles_at.max(later.settles_at)
            });
            page.append(Entry {
                at: self.outside.now(),
                key: key.to_owned(),
                behaviour,
                message: takes_over.then(|| message.clone()),
                course,
                repeats_at,
                unclear_until: self.outside.unclear_until(behaviour, key),
            })?;
            let sent = page
                .state()
                .messages
                .get(key)
                .map(|item| Sent { at: item.at, receipt_follows: item.course.is_some() });
            let refusal = || PortError::rejected("REFUSED", "the channel does not take this message");
            Ok(behaviour.deliver(sent.ok_or_else(refusal)))
        })
    }

    fn ask(&self, key: &str) -> io::Result<Result<Receipt, PortError>> {
        use Behaviour::{Delivered, Down, Failed, Slow, Unknown};
        self.journal.with(|page| {
            let now = self.outside.now();
            let item = page.state().messages.get(key);
            let under_way =
                item.and_then(|item| item.course.as_ref()).is_some_and(|course| course.is_open(now));
            let unclear = item.and_then(|item| item.unclear_until).is_some_and(|until| now < until);
            let can: &[Behaviour] =
                if under_way { &[Down, Slow, Unknown, Failed, Delivered] } else { &[Down, Slow, Unknown] };
            let behaviour = self.outside.reading(Port::Outbound, can, key)?;
            if matches!(behaviour, Failed | Delivered) {
                let failure = (behaviour == Failed).then(|| self.outside.reason(key, &REASONS));
                page.append(Entry {
                    at: now,
                    key: key.to_owned(),
                    behaviour,
                    message: None,
                    course: Some(Course { settles_at: now, failure }),
                    repeats_at: None,
                    unclear_until: None,
                })?;
            }
            let receipt = page.state().messages.get(key).map(|item| item.receipt(now));
            Ok(match behaviour {
                Unknown => Ok(Receipt::Unknown),
                Behaviour::Normal if unclear => Ok(Receipt::Unknown),
                _ => behaviour.deliver(Ok(receipt.unwrap_or(Receipt::Absent))),
            })
        })
    }

    fn poll(
        &self,
        after: Option<&ReceiptCursor>,
        limit: usize,
    ) -> io::Result<Result<ReceiptPage, PortError>> {
        let from = match after.map(read_cursor) {
            None => None,
            Some(Some(place)) => Some(place),
            Some(None) => return Ok(Err(PortError::rejected("INVALID_CURSOR", "not a cursor of this port"))),
        };
        let now = self.outside.now();
        let page = self.journal.with(|page| {
            let state = page.state();
            let start = from.map_or(std::ops::Bound::Unbounded, std::ops::Bound::Excluded);
            let come_in = state
                .feed
                .range((start, std::ops::Bound::Unbounded))
                .take_while(|((at, _), _)| *at <= now.timestamp_micros())
                .take(limit);
            let mut receipts = Vec::new();
            let mut next = after.cloned();
            for (place, key) in come_in {
                next = Some(write_cursor(*place));
                if let Some(item) = state.messages.get(key) {
                    receipts.push(ReceiptNotice { key: key.clone(), receipt: item.receipt(now) });
                }
            }
            Ok(ReceiptPage { receipts, next })
        })?;
        let cursor = after.map_or("", |cursor| cursor.0.as_str());
        let behaviour = self.outside.reading(Port::Outbound, &[Behaviour::Down, Behaviour::Slow], cursor)?;
        Ok(behaviour.deliver(Ok(page)))
    }
}

fn write_cursor((at, number): Place) -> ReceiptCursor {
    ReceiptCursor(format!("{at:020}.{number:020}"))
}

fn read_cursor(cursor: &ReceiptCursor) -> Option<Place> {
    let (at, number) = cursor.0.split_once('.')?;
    Some((at.parse().ok()?, number.parse().ok()?))
}

#[async_trait]
impl Outbound for FileOutbound {
    async fn send(&self, message: &Message) -> Result<Sent, PortError> {
        let (inner, message) = (self.0.clone(), message.clone());
        beside(move || inner.send(&message)).await
    }

    async fn ask(&self, key: &str) -> Result<Receipt, PortError> {
        let (inner, key) = (self.0.clone(), key.to_owned());
        beside(move || inner.ask(&key)).await
    }

    async fn poll_receipts(
        &self,
        after: Option<&ReceiptCursor>,
        limit: usize,
    ) -> Result<ReceiptPage, PortError> {
        let (inner, after) = (self.0.clone(), after.cloned());
        beside(move || inner.poll(after.as_ref(), limit)).await
    }
}
