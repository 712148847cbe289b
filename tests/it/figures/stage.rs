//! One suite on which many plays go on at once. They share the clock, so it moves when all of them wait for it.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use anyhow::{Context, Result};
use chrono::TimeDelta;
use redress::contract::{CallError, Client, Fields, Method};
use redress::suite::Suite;
use redress_chassis::Caller;
use redress_domain::Timestamp;
use serde_json::Value;
use tokio::sync::{Notify, Semaphore, oneshot};

/// Calls under way at once.
const CALLS_AT_ONCE: usize = 12;

/// Where plays go on.
pub(super) struct Stage<'a> {
    suite: &'a Suite,
    start: Timestamp,
    waiting: Mutex<Vec<(Timestamp, oneshot::Sender<()>)>>,
    playing: Mutex<usize>,
    changed: Notify,
    calls: Semaphore,
    tokens: Mutex<BTreeMap<(String, String), String>>,
}

impl<'a> Stage<'a> {
    /// A stage for so many plays.
    pub(super) fn new(suite: &'a Suite, plays: usize) -> Self {
        Self {
            suite,
            start: suite.now(),
            waiting: Mutex::default(),
            playing: Mutex::new(plays),
            changed: Notify::new(),
            calls: Semaphore::new(CALLS_AT_ONCE),
            tokens: Mutex::default(),
        }
    }

    pub(super) fn suite(&self) -> &'a Suite {
        self.suite
    }

    /// A play has ended.
    pub(super) fn leave(&self) {
        *self.playing.lock().unwrap_or_else(PoisonError::into_inner) -= 1;
        self.changed.notify_one();
    }

    /// Waits until it is so long after the start and everything due by then is done.
    pub(super) async fn wait(&self, since_start: TimeDelta) {
        let (release, released) = oneshot::channel();
        let time = self.start + since_start;
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner).push((time, release));
        self.changed.notify_one();
        released.await.ok();
    }

    /// Lets time pass until all plays have ended.
    pub(super) async fn conduct(&self) -> Result<()> {
        loop {
            let next = {
                let waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
                let playing = *self.playing.lock().unwrap_or_else(PoisonError::into_inner);
                if playing == 0 {
                    return Ok(());
                }
                let earliest = waiting.iter().map(|(time, _)| *time).min();
                earliest.filter(|_| waiting.len() == playing)
            };
            let Some(time) = next else {
                self.changed.notified().await;
                continue;
            };
            let time = time.max(self.suite.now());
            self.suite.advance_to(time).await?;
            let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
            let (released, left) = waiting.drain(..).partition::<Vec<_>, _>(|(at, _)| *at <= time);
            *waiting = left;
            for (_, release) in released {
                release.send(()).ok();
            }
        }
    }

    /// Calls `Service/Method` of a service, or of the only one that has it.
    pub(super) async fn call(
        &self,
        (role, department): (&str, &str),
        service: Option<&str>,
        method: &str,
        bodies: &[Value],
    ) -> Result<Value, CallError> {
        let problem = |error: anyhow::Error| CallError::Body(format!("{method}: {error:#}"));
        let method = Method::find(method).map_err(|error| CallError::Body(error.to_string()))?;
        let service = service.or(method.owner()).context("say which service").map_err(problem)?;
        let token = self.token(role, department).map_err(problem)?;
        let _turn = self.calls.acquire().await.map_err(|error| problem(error.into()))?;
        let client = Client::new(self.suite.channel(service), Some(token));
        Ok(client.call(&method, bodies).await?.to_json(Fields::Set))
    }

    fn token(&self, role: &str, department: &str) -> Result<String> {
        let mut tokens = self.tokens.lock().unwrap_or_else(PoisonError::into_inner);
        let key = (role.to_owned(), department.to_owned());
        if let Some(token) = tokens.get(&key) {
            return Ok(token.clone());
        }
        let token = self.suite.token_for(&Caller {
            subject: format!("{department}.{role}"),
            roles: vec![role.to_owned()],
            department: department.to_owned(),
            regions: Vec::new(),
            case_id: String::new(),
        })?;
        tokens.insert(key, token.clone());
        Ok(token)
    }
}
