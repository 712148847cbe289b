//! Calls as somebody.

use std::{collections::BTreeMap, sync::Mutex};

use anyhow::{Context as _, Result};
use redress_chassis::Caller;
use serde_json::Value;

use crate::{
    contract::{CallError, Client, Fields, Method},
    suite::Suite,
};

/// Where staff and systems call the services from. Tokens are signed once for each caller.
#[derive(Debug)]
pub struct Desk<'a> {
    suite: &'a Suite,
    tokens: Mutex<BTreeMap<(String, String, String), String>>,
}

/// A caller: role, department, and the case of a customer's token.
#[derive(Clone, Copy, Debug)]
pub(super) struct As<'a> {
    pub(super) role: &'a str,
    pub(super) department: &'a str,
    pub(super) case_id: &'a str,
}

impl<'a> From<&'a str> for As<'a> {
    fn from(role: &'a str) -> Self {
        Self { role, department: "", case_id: "" }
    }
}

impl<'a> Desk<'a> {
    /// A desk in a suite.
    ///
    /// # Errors
    /// None yet; it may have to ask for tokens one day.
    pub fn new(suite: &'a Suite) -> Result<Self> {
        Ok(Self { suite, tokens: Mutex::default() })
    }

    pub(super) fn suite(&self) -> &'a Suite {
        self.suite
    }

    /// Calls `Service/Method` with one message.
    pub(super) async fn call<'c>(
        &self,
        caller: impl Into<As<'c>>,
        method: &str,
        body: Value,
    ) -> Result<Value, CallError> {
        self.stream(caller, method, &[body]).await
    }

    /// Calls `Service/Method` with a stream of messages.
    pub(super) async fn stream<'c>(
        &self,
        caller: impl Into<As<'c>>,
        method: &str,
        bodies: &[Value],
    ) -> Result<Value, CallError> {
        let problem = |error: anyhow::Error| CallError::Body(format!("{method}: {error:#}"));
        let method = Method::find(method).map_err(|error| CallError::Body(error.to_string()))?;
        let service = method.owner().context("belongs to no service").map_err(problem)?;
        let token = self.token(caller.into()).map_err(problem)?;
        let client = Client::new(self.suite.channel(service), Some(token));
        Ok(client.call(&method, bodies).await?.to_json(Fields::All))
    }

    fn token(&self, caller: As<'_>) -> Result<String> {
        let key = (caller.role.to_owned(), caller.department.to_owned(), caller.case_id.to_owned());
        let mut tokens = self.tokens.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        if let Some(token) = tokens.get(&key) {
            return Ok(token.clone());
        }
        let subject = if caller.department.is_empty() {
            caller.role.to_owned()
        } else {
            format!("{}.{}", caller.department, caller.role)
        };
        let token = self.suite.token_for(&Caller {
            subject,
            roles: vec![caller.role.to_owned()],
            department: caller.department.to_owned(),
            regions: Vec::new(),
            case_id: caller.case_id.to_owned(),
        })?;
        tokens.insert(key, token.clone());
        Ok(token)
    }
}
