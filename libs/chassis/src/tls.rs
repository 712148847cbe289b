//! TLS between services, in both directions: each shows a certificate of the same authority. Staff and systems come over TLS
//! as well, and show a token alone.

use std::time::Duration;

use anyhow::Context as _;
use http::Extensions;
use redress_domain::{Rejection, RejectionKind};
use serde::Deserialize;
use tonic::transport::{
    Certificate, ClientTlsConfig, Identity, ServerTlsConfig,
    server::{TcpConnectInfo, TlsConnectInfo},
};
use x509_parser::prelude::{FromDer as _, GeneralName, X509Certificate};

/// Certificates, all PEM files. Either all three are set or none.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct TlsSettings {
    /// This service's certificate and those above it, its own first. Its names include the one under which others reach it,
    /// and one whose first label is the service's name, such as `intake` or `redress-intake.complaints.svc`.
    pub certificate_file: String,
    /// The certificate's private key.
    pub key_file: String,
    /// The authority that signs the services' certificates. Nobody else's are trusted.
    pub authority_file: String,
}

impl TlsSettings {
    /// Whether TLS is wanted.
    pub fn is_set(&self) -> bool {
        !self.certificate_file.is_empty()
    }

    /// Whether all is set, or nothing.
    pub(crate) fn is_whole(&self) -> bool {
        let files = [&self.certificate_file, &self.key_file, &self.authority_file];
        files.iter().all(|file| file.is_empty()) || files.iter().all(|file| !file.is_empty())
    }

    /// Reads the files; `None` where TLS is not wanted.
    pub fn read(&self) -> anyhow::Result<Option<Tls>> {
        if !self.is_set() {
            return Ok(None);
        }
        let read = |path: &str| std::fs::read(path).with_context(|| format!("failed to read `{path}`"));
        let (certificate, key) = (read(&self.certificate_file)?, read(&self.key_file)?);
        Ok(Some(Tls::from_pem(certificate, key, read(&self.authority_file)?)))
    }
}

/// How long a connection may take to show who it is.
const HANDSHAKE: Duration = Duration::from_secs(10);

/// What a service shows, and what it wants to be shown.
#[derive(Clone)]
pub struct Tls {
    identity: Identity,
    authority: Certificate,
}

impl std::fmt::Debug for Tls {
    /// Without the private key.
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Tls").finish_non_exhaustive()
    }
}

impl Tls {
    /// A service's certificate and key, and the authority of all services.
    pub fn from_pem(
        certificate: impl AsRef<[u8]>,
        key: impl AsRef<[u8]>,
        authority: impl AsRef<[u8]>,
    ) -> Self {
        Self { identity: Identity::from_pem(certificate, key), authority: Certificate::from_pem(authority) }
    }

    /// For the server: a caller may show a certificate of the authority; one of another authority ends the connection.
    pub fn server(&self) -> ServerTlsConfig {
        ServerTlsConfig::new()
            .identity(self.identity.clone())
            .client_ca_root(self.authority.clone())
            .client_auth_optional(true)
            .timeout(HANDSHAKE)
    }

    /// For calls to other services.
    pub fn client(&self) -> ClientTlsConfig {
        ClientTlsConfig::new().identity(self.identity.clone()).ca_certificate(self.authority.clone())
    }
}

/// Refuses a service's token that does not come with that service's certificate: a stolen token alone opens nothing.
///
/// # Errors
/// `INVALID_TOKEN`.
pub(crate) fn shows_certificate_of(service: &str, connection: &Extensions) -> Result<(), Rejection> {
    let certificates =
        connection.get::<TlsConnectInfo<TcpConnectInfo>>().and_then(TlsConnectInfo::peer_certs);
    let own = certificates.as_deref().and_then(|chain| chain.first());
    let refuse = |why: &str| Err(Rejection::new(RejectionKind::Unauthenticated, "INVALID_TOKEN", why));
    match own {
        None => refuse("token: a service's token comes with its certificate"),
        Some(own) if names(own).iter().any(|name| is_name_of(service, name)) => Ok(()),
        Some(_) => refuse("token: it is not the token of the service whose certificate came"),
    }
}

fn is_name_of(service: &str, name: &str) -> bool {
    let label = name.split('.').next().unwrap_or_default();
    label.strip_prefix("redress-").unwrap_or(label) == service
}

/// The DNS names in a certificate.
fn names(certificate: &[u8]) -> Vec<String> {
    let Ok((_, certificate)) = X509Certificate::from_der(certificate) else { return Vec::new() };
    let Ok(Some(names)) = certificate.subject_alternative_name() else { return Vec::new() };
    let dns = |name: &GeneralName<'_>| match name {
        GeneralName::DNSName(name) => Some((*name).to_owned()),
        _ => None,
    };
    names.value.general_names.iter().filter_map(dns).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_service_is_known_by_the_first_label_of_a_name() {
        for name in ["intake", "redress-intake", "intake.complaints.svc", "redress-intake.complaints.svc"] {
            assert!(is_name_of("intake", name), "{name}");
        }
        for name in ["", "triage", "complaints.intake", "redress-intake-2", "intakes", "*.complaints.svc"] {
            assert!(!is_name_of("intake", name), "{name}");
        }
    }

    #[test]
    fn half_of_the_files_are_a_mistake() {
        let mut settings = TlsSettings::default();
        assert!(settings.is_whole() && !settings.is_set());
        settings.key_file = "key.pem".into();
        assert!(!settings.is_whole());
        settings.certificate_file = "certificate.pem".into();
        settings.authority_file = "authority.pem".into();
        assert!(settings.is_whole() && settings.is_set());
    }
}
