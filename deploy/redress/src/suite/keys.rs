//! Keys for development: whoever has them can sign a token for anybody. Never for production.

use std::sync::Arc;

use anyhow::{Context, Result};
use redress_chassis::{Caller, Issuer, Verifier, identity::development_keys};
use redress_domain::{Clock, SystemClock};
use sha2::{Digest, Sha256};

/// Name of the key in key sets and tokens.
const KEY_ID: &str = "development";

/// A key pair, and the secrets that follow from the same seed.
#[derive(Clone, Debug)]
pub struct Keys {
    seed: [u8; 32],
    private_pem: String,
    jwks: String,
    issuer: Arc<Issuer>,
    verifier: Arc<Verifier>,
}

impl Keys {
    /// The keys of a seed.
    ///
    /// # Errors
    /// When the library refuses them, which would be a bug.
    pub fn from_seed(seed: [u8; 32]) -> Result<Self> {
        let (private_pem, jwks) = development_keys(KEY_ID, seed);
        Ok(Self {
            seed,
            issuer: Arc::new(Issuer::from_pem(KEY_ID, &private_pem)?),
            verifier: Arc::new(Verifier::from_jwks(&jwks)?),
            private_pem,
            jwks,
        })
    }

    /// Fresh keys from the operating system's randomness.
    ///
    /// # Errors
    /// When there is no randomness.
    pub fn random() -> Result<Self> {
        use std::io::Read as _;
        let mut seed = [0; 32];
        std::fs::File::open("/dev/urandom")
            .and_then(|mut source| source.read_exact(&mut seed))
            .context("cannot read random bytes")?;
        Self::from_seed(seed)
    }

    /// The private key, PKCS #8 PEM.
    #[must_use]
    pub fn private_pem(&self) -> &str {
        &self.private_pem
    }

    /// The key set that verifies tokens.
    #[must_use]
    pub fn jwks(&self) -> &str {
        &self.jwks
    }

    /// Signs.
    #[must_use]
    pub fn issuer(&self) -> Arc<Issuer> {
        self.issuer.clone()
    }

    /// Verifies.
    #[must_use]
    pub fn verifier(&self) -> Arc<Verifier> {
        self.verifier.clone()
    }

    /// A service's own secret, under which it hashes bodies and signs page tokens.
    #[must_use]
    pub fn secret(&self, service: &str) -> Vec<u8> {
        let mut hash = Sha256::new();
        hash.update(self.seed);
        hash.update(service);
        hash.finalize().to_vec()
    }

    /// A token that is valid from now, in machine time.
    ///
    /// # Errors
    /// When it cannot be signed.
    pub fn token(&self, caller: &Caller, valid: chrono::Duration) -> Result<String> {
        self.issuer.issue(caller, SystemClock.now(), valid)
    }
}

/// A token signed with a private key that was read from a file.
///
/// # Errors
/// When the key cannot be read or the token not be signed.
pub(crate) fn token_with(private_pem: &str, caller: &Caller, valid: chrono::Duration) -> Result<String> {
    Issuer::from_pem(KEY_ID, private_pem)?.issue(caller, SystemClock.now(), valid)
}
