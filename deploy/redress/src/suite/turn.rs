//! A service's turn on the virtual clock: everything that it has to do now, and nothing that it need not even look for.
//!
//! The services of a suite share a process, so it is known how often each has committed. A log that has not moved since it
//! was last read to its head is not read again, and nothing is looked for that is not due. On the real clock the services'
//! own workers run instead, and know nothing of this.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
};

use anyhow::Result;
use redress_chassis::{
    Peers, Runtime, deadline_worker::DeadlineWorker, intent_worker::IntentWorker, subscriber::Subscriber,
};
use redress_domain::Timestamp;

/// Takes one service's turns.
#[derive(Debug)]
pub(super) struct Turn {
    runtime: Arc<Runtime>,
    readers: Vec<Reader>,
    intents: IntentWorker,
    deadlines: DeadlineWorker,
    /// When something of its own is due next, as of so many commits; none when it has to be asked for.
    due: Mutex<Option<(u64, Option<Timestamp>)>>,
    /// Whether lifecycle spans are sent, which only the runtime's own step does.
    traced: bool,
}

/// Reads one log.
#[derive(Debug)]
struct Reader {
    subscriber: Subscriber,
    state: Mutex<Reading>,
}

/// How far a log has been read.
#[derive(Clone, Copy, Debug, Default)]
struct Reading {
    /// The source's commits when it was last read to its head; none before.
    commits: Option<u64>,
    /// Whether events are left that wait for events of other logs.
    waiting: bool,
}

impl Turn {
    /// The turns of a service; it reaches the logs of the others through `peers`.
    pub(super) fn new(runtime: &Arc<Runtime>, peers: &Peers, traced: bool) -> Result<Self> {
        let (engine, reactor) = (runtime.engine(), runtime.reactor());
        let mut readers = Vec::new();
        for source in reactor.sources() {
            let subscriber = Subscriber::new(engine.clone(), reactor.clone(), source, peers.get(source)?);
            readers.push(Reader { subscriber, state: Mutex::default() });
        }
        Ok(Self {
            runtime: runtime.clone(),
            readers,
            intents: IntentWorker::new(engine.clone(), reactor.clone()),
            deadlines: DeadlineWorker::new(engine.clone(), reactor.clone()),
            due: Mutex::default(),
            traced,
        })
    }

    /// When something of its own is due next. Asked for again only when the service has committed since, or has done
    /// some of it.
    pub(super) async fn next_due(&self) -> Result<Option<Timestamp>> {
        let commits = *self.runtime.engine().hints().log.borrow();
        let known = *self.due.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((at, due)) = known
            && at == commits
        {
            return Ok(due);
        }
        let due = self.runtime.next_due().await?;
        *self.due.lock().unwrap_or_else(PoisonError::into_inner) = Some((commits, due));
        Ok(due)
    }

    /// Forgets what is due next: a call from outside may have changed it without an event.
    pub(super) fn forget(&self) {
        *self.due.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }

    /// Takes a turn; `commits` tells how often each service has committed. Gives how much was done.
    pub(super) async fn take(&self, now: Timestamp, commits: &BTreeMap<&str, u64>) -> Result<usize> {
        let mut done = 0;
        for reader in &self.readers {
            let head = commits.get(reader.subscriber.source()).copied().unwrap_or_default();
            let reading = *reader.state.lock().unwrap_or_else(PoisonError::into_inner);
            if reading.commits == Some(head) && !reading.waiting {
                continue;
            }
            let pulled = reader.subscriber.pull(false).await?;
            done += pulled.applied;
            let reading = Reading { commits: Some(head), waiting: pulled.waiting };
            *reader.state.lock().unwrap_or_else(PoisonError::into_inner) = reading;
        }
        if self.next_due().await?.is_some_and(|due| due <= now) {
            done += self.intents.run_once().await?;
            done += self.deadlines.claim().await?.0;
            done += self.deadlines.sweep().await?;
            self.forget();
        }
        if self.traced {
            done += self.runtime.step().await?;
        }
        Ok(done)
    }
}
