//! Which services a command talks to, and as whom.

use std::{path::PathBuf, time::Duration};

use anyhow::Context as _;
use clap::Args;
use redress_chassis::Caller;
use serde_json::Value;
use tonic::transport::{Certificate, ClientTlsConfig, Endpoint};

use super::{
    Failure,
    state::{self, Development},
};
use crate::{
    contract::{Client, SERVICES},
    suite,
};

/// The services, and the caller.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Connection")]
pub(crate) struct Connection {
    /// Where the services are: a host that has all five on ports 7101 to 7105, or SERVICE=URL, repeated. Without it:
    /// `REDRESS_ADDRESS_<SERVICE>`, else those of the running `redress up`, else 127.0.0.1.
    #[arg(long, value_name = "HOST|SERVICE=URL")]
    address: Vec<String>,
    /// PEM file of the authority that signed the services' certificates, where their addresses are https.
    #[arg(long, env = "REDRESS_AUTHORITY", value_name = "FILE")]
    authority: Option<PathBuf>,
    /// Bearer token. Without it one is signed with the key of the running `redress up`.
    #[arg(long, env = "REDRESS_TOKEN", hide_env_values = true)]
    token: Option<String>,
    /// Role of the token that is signed.
    #[arg(long = "as", value_name = "ROLE")]
    role: Option<String>,
    /// Directory in which `redress up` leaves its key and addresses.
    #[arg(long, env = "REDRESS_STATE", value_name = "DIRECTORY")]
    state: Option<PathBuf>,
}

impl Connection {
    /// Calls to a service, with `role` unless the caller says otherwise.
    pub(super) async fn client(&self, service: &str, role: &str) -> Result<Client, Failure> {
        let development = self.development()?;
        let address = self.address_of(service, development.as_ref())?;
        let endpoint = Endpoint::from_shared(address.clone())
            .map_err(|_| Failure::Usage(format!("`{address}` is no URL such as http://127.0.0.1:7101")))?;
        let endpoint = self.trusting(endpoint, &address)?;
        let token = self.token(role, development.as_ref())?;
        let channel = endpoint.connect_timeout(Duration::from_secs(5)).connect().await;
        let channel = channel
            .map_err(|_| Failure::Unavailable(format!("nobody answers for {service} at {address}")))?;
        Ok(Client::new(channel, Some(token)))
    }

    fn trusting(&self, endpoint: Endpoint, address: &str) -> Result<Endpoint, Failure> {
        let secret = address.starts_with("https://");
        if !secret && self.authority.is_some() {
            let text =
                format!("`{address}` is not https, and there is an authority: nothing is sent in the clear");
            return Err(Failure::Usage(text));
        }
        if !secret {
            return Ok(endpoint);
        }
        let Some(path) = &self.authority else {
            let text =
                format!("`{address}` needs --authority or REDRESS_AUTHORITY: who signed its certificate");
            return Err(Failure::Usage(text));
        };
        let authority =
            std::fs::read(path).with_context(|| format!("failed to read `{}`", path.display()))?;
        let trust = ClientTlsConfig::new().ca_certificate(Certificate::from_pem(authority));
        Ok(endpoint.tls_config(trust).with_context(|| format!("`{}` is no certificate", path.display()))?)
    }

    /// Calls a method of a service as `role`.
    pub(super) async fn ask(
        &self,
        service: &str,
        role: &str,
        method: &str,
        body: Value,
    ) -> Result<Value, Failure> {
        Ok(self.client(service, role).await?.json(method, body).await?)
    }

    /// All pages of a list method of a service, put together: at most `limit` entries of `field`.
    pub(super) async fn list(
        &self,
        service: &str,
        method: &str,
        body: Value,
        field: &str,
        limit: usize,
    ) -> Result<Vec<Value>, Failure> {
        Ok(self.client(service, "supervision").await?.list(method, body, field, limit).await?)
    }

    /// What the running `redress up` left.
    pub(super) fn development(&self) -> Result<Option<Development>, Failure> {
        Ok(Development::load(&state::directory(self.state.as_deref())?)?)
    }

    fn token(&self, role: &str, development: Option<&Development>) -> Result<String, Failure> {
        if let Some(token) = &self.token {
            return Ok(token.clone());
        }
        let role = self.role.as_deref().unwrap_or(role);
        if redress_proto::role_from_name(role).is_none() {
            return Err(Failure::Usage(format!("there is no role `{role}`")));
        }
        let Some(development) = development else {
            let text =
                "no token: give one with --token or REDRESS_TOKEN, or start `redress up` on this machine";
            return Err(Failure::Usage(text.to_owned()));
        };
        let caller = Caller {
            subject: role.to_owned(),
            roles: vec![role.to_owned()],
            department: String::new(),
            regions: Vec::new(),
            case_id: String::new(),
        };
        Ok(suite::token_with(&development.private_pem, &caller, chrono::Duration::minutes(10))?)
    }

    fn address_of(&self, service: &str, development: Option<&Development>) -> Result<String, Failure> {
        let mut host = None;
        for given in &self.address {
            match given.split_once('=') {
                Some((own, url)) if own == service => return Ok(url.to_owned()),
                Some((own, _)) if suite::is_service(own) => {}
                Some((own, _)) => return Err(Failure::Usage(format!("there is no service `{own}`"))),
                None => host = Some(given.trim_end_matches('/')),
            }
        }
        let index = SERVICES.iter().position(|own| *own == service).unwrap_or_default();
        let at = |host: &str| {
            let scheme = if self.authority.is_some() { "https" } else { "http" };
            let host = if host.contains("://") { host.to_owned() } else { format!("{scheme}://{host}") };
            format!("{host}:{}", 7101 + index)
        };
        if let Some(host) = host {
            return Ok(at(host));
        }
        if let Ok(url) = std::env::var(format!("REDRESS_ADDRESS_{}", service.to_ascii_uppercase())) {
            return Ok(url);
        }
        let running = development.and_then(|development| development.addresses.get(service));
        Ok(running.cloned().unwrap_or_else(|| at("127.0.0.1")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn connection(address: &[&str]) -> Connection {
        let address = address.iter().map(|&address| address.to_owned()).collect();
        Connection { address, authority: None, token: None, role: None, state: None }
    }

    #[test]
    fn addresses_are_given_by_host_or_by_service() {
        let at =
            |given: &[&str], service: &str| connection(given).address_of(service, None).expect("an address");
        assert_eq!(at(&["10.0.0.5"], "triage"), "http://10.0.0.5:7102");
        assert_eq!(at(&["https://redress.example/"], "survey"), "https://redress.example:7105");
        assert_eq!(at(&["10.0.0.5", "intake=http://a:1"], "intake"), "http://a:1");
        assert_eq!(at(&["intake=http://a:1"], "compensation"), "http://127.0.0.1:7104");
        assert!(connection(&["intak=http://a:1"]).address_of("intake", None).is_err());
    }
}
