//! Calls to the other services: who we are, how long we wait, which trace we belong to.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
    time::Duration,
};

use redress_domain::{Clock, SystemClock, Timestamp};
use tonic::{
    Request, Status,
    metadata::{Ascii, MetadataValue},
    service::{Interceptor, interceptor::InterceptedService},
    transport::{Channel, Endpoint},
};

use crate::{
    identity::{Caller, Issuer, SERVICE_ROLE},
    tls::Tls,
};

/// How long a call may take.
const TIMEOUT: Duration = Duration::from_secs(10);
/// A service's token lives this long and is renewed at half of it.
const TOKEN_HOURS: i64 = 1;

/// The other services. Cheap to clone; connects when first used.
#[derive(Clone, Debug)]
pub struct Peers {
    channels: BTreeMap<String, Channel>,
    bearer: Bearer,
}

/// One other service.
#[derive(Clone, Debug)]
pub struct Peer {
    channel: Channel,
    bearer: Bearer,
}

#[derive(Clone, Debug)]
struct Bearer {
    issuer: Arc<Issuer>,
    service: &'static str,
    current: Arc<Mutex<Option<Current>>>,
}

#[derive(Debug)]
struct Current {
    renew_at: Timestamp,
    token: MetadataValue<Ascii>,
}

/// A channel that carries this service's token.
pub type PeerChannel = InterceptedService<Channel, PeerAuth>;

/// Puts the service's token on every call.
#[derive(Clone, Debug)]
pub struct PeerAuth {
    bearer: Bearer,
    traceparent: Option<MetadataValue<Ascii>>,
}

impl Peers {
    /// Channels to `addresses` for `service`, which signs its own tokens. With `tls` it shows its certificate and wants to
    /// see theirs.
    pub fn new(
        service: &'static str,
        addresses: &BTreeMap<String, String>,
        issuer: Arc<Issuer>,
        tls: Option<&Tls>,
    ) -> anyhow::Result<Self> {
        let mut channels = BTreeMap::new();
        for (name, address) in addresses {
            let mut endpoint = Endpoint::from_shared(address.clone())?
                .timeout(TIMEOUT)
                .connect_timeout(Duration::from_secs(3))
                .http2_keep_alive_interval(Duration::from_secs(15))
                .keep_alive_while_idle(true);
            if let Some(tls) = tls {
                endpoint = endpoint.tls_config(tls.client())?;
            }
            channels.insert(name.clone(), endpoint.connect_lazy());
        }
        Ok(Self { channels, bearer: Bearer { issuer, service, current: Arc::default() } })
    }

    /// The service called `name`.
    pub fn get(&self, name: &str) -> anyhow::Result<Peer> {
        let channel = self
            .channels
            .get(name)
            .cloned()
            .ok_or_else(|| anyhow::anyhow!("no address for service `{name}` is configured"))?;
        Ok(Peer { channel, bearer: self.bearer.clone() })
    }
}

impl Peer {
    /// A channel for a generated client.
    pub fn channel(&self) -> PeerChannel {
        self.channel_in("")
    }

    /// A channel whose calls belong to a trace.
    pub fn channel_in(&self, traceparent: &str) -> PeerChannel {
        let traceparent = if traceparent.is_empty() { None } else { traceparent.parse().ok() };
        InterceptedService::new(self.channel.clone(), PeerAuth { bearer: self.bearer.clone(), traceparent })
    }
}

impl Bearer {
    fn token(&self) -> anyhow::Result<MetadataValue<Ascii>> {
        // Tokens live in machine time.
        let now = SystemClock.now();
        let mut current = self.current.lock().map_err(|_| anyhow::anyhow!("token is poisoned"))?;
        if let Some(current) = current.as_ref()
            && now < current.renew_at
        {
            return Ok(current.token.clone());
        }
        let caller = Caller {
            subject: self.service.to_owned(),
            roles: vec![SERVICE_ROLE.to_owned()],
            department: String::new(),
            regions: Vec::new(),
            case_id: String::new(),
        };
        let valid = chrono::Duration::hours(TOKEN_HOURS);
        let token: MetadataValue<Ascii> =
            format!("Bearer {}", self.issuer.issue(&caller, now, valid)?).parse()?;
        *current = Some(Current { renew_at: now + valid / 2, token: token.clone() });
        Ok(token)
    }
}

impl Interceptor for PeerAuth {
    fn call(&mut self, mut request: Request<()>) -> Result<Request<()>, Status> {
        let token =
            self.bearer.token().map_err(|error| Status::internal(format!("no service token: {error}")))?;
        request.metadata_mut().insert("authorization", token);
        if let Some(traceparent) = &self.traceparent {
            request.metadata_mut().insert("traceparent", traceparent.clone());
        }
        Ok(request)
    }
}
