//! Who is calling: tokens, roles, regions and departments.

use std::{
    collections::{BTreeMap, HashMap},
    sync::{Arc, Mutex},
};

use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use redress_domain::{Rejection, RejectionKind, Timestamp};
use redress_storage::Actor;
use serde::{Deserialize, Serialize};

/// Roles that only read.
pub const READ_ONLY_ROLE: &str = "supervision";
/// Role of the other services.
pub const SERVICE_ROLE: &str = "service";
/// Role of a customer, who sees one case.
pub const CUSTOMER_ROLE: &str = "customer";
const AUDIENCE: &str = "redress";

/// Somebody whose token was checked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Caller {
    /// Subject of the token.
    pub subject: String,
    /// Roles, in kebab case.
    pub roles: Vec<String>,
    /// Department that a member of staff belongs to; may be empty.
    #[serde(default)]
    pub department: String,
    /// Regions that staff may see; empty for all.
    #[serde(default)]
    pub regions: Vec<String>,
    /// The one case that a customer's token opens.
    #[serde(default)]
    pub case_id: String,
}

impl Caller {
    /// Whether the caller has this role.
    pub fn has(&self, role: &str) -> bool {
        self.roles.iter().any(|own| own == role)
    }

    /// Whether the caller is a customer and nothing else.
    pub fn is_customer(&self) -> bool {
        self.has(CUSTOMER_ROLE)
    }

    /// The caller as the actor of an event, in the first of `acting` roles that it has.
    pub fn actor(&self) -> Actor {
        Actor { subject: self.subject.clone(), role: self.roles.first().cloned().unwrap_or_default() }
    }

    /// Refuses a region or a case that the token does not cover.
    pub fn may_see(&self, region: &str, case_id: Option<uuid::Uuid>) -> Result<(), Rejection> {
        if !self.regions.is_empty() && !self.regions.iter().any(|own| own == region) {
            return Err(Rejection::denied(
                "REGION_NOT_ALLOWED",
                format!("the token does not cover region `{region}`"),
            )
            .with("region", region));
        }
        if self.is_customer() && case_id.is_none_or(|id| id.to_string() != self.case_id) {
            return Err(Rejection::denied("CASE_NOT_ALLOWED", "the token opens another case"));
        }
        Ok(())
    }
}

#[derive(Debug, Serialize, Deserialize)]
struct Claims {
    sub: String,
    aud: String,
    iat: i64,
    exp: i64,
    roles: Vec<String>,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    department: String,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    regions: Vec<String>,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    case_id: String,
}

/// Checks tokens against a key set.
#[derive(Clone, Default)]
pub struct Verifier {
    keys: BTreeMap<String, (Algorithm, DecodingKey)>,
    /// Tokens whose signature was checked, with their expiry. Most calls come with a token seen before.
    checked: Arc<Mutex<HashMap<String, (i64, Caller)>>>,
}

/// Checked tokens kept; when there are more, all are checked again.
const CHECKED_TOKENS: usize = 4_096;

impl std::fmt::Debug for Verifier {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Verifier").field("keys", &self.keys.keys()).finish()
    }
}

impl Verifier {
    /// Reads a JSON Web Key Set. Keys of unknown kinds are refused rather than ignored.
    pub fn from_jwks(text: &str) -> anyhow::Result<Self> {
        let set: jsonwebtoken::jwk::JwkSet = serde_json::from_str(text)?;
        let mut keys = BTreeMap::new();
        for key in &set.keys {
            let id = key.common.key_id.clone().ok_or_else(|| anyhow::anyhow!("a key has no `kid`"))?;
            let algorithm = match key.algorithm {
                jsonwebtoken::jwk::AlgorithmParameters::OctetKeyPair(_) => Algorithm::EdDSA,
                jsonwebtoken::jwk::AlgorithmParameters::EllipticCurve(_) => Algorithm::ES256,
                jsonwebtoken::jwk::AlgorithmParameters::RSA(_) => Algorithm::RS256,
                _ => anyhow::bail!("key `{id}` is symmetric; a key set holds public keys only"),
            };
            keys.insert(id, (algorithm, DecodingKey::from_jwk(key)?));
        }
        anyhow::ensure!(!keys.is_empty(), "the key set is empty; nobody could call");
        Ok(Self { keys, checked: Arc::default() })
    }

    /// Checks a bearer token at machine time `now`.
    pub fn verify(&self, token: &str, now: Timestamp) -> Result<Caller, Rejection> {
        let refuse = |why: &str| {
            Rejection::new(RejectionKind::Unauthenticated, "INVALID_TOKEN", format!("token: {why}"))
        };
        if let Ok(checked) = self.checked.lock()
            && let Some((expiry, caller)) = checked.get(token)
            && *expiry > now.timestamp()
        {
            return Ok(caller.clone());
        }
        let header = jsonwebtoken::decode_header(token).map_err(|_| refuse("is not a JSON Web Token"))?;
        let (algorithm, key) = header
            .kid
            .as_deref()
            .and_then(|id| self.keys.get(id))
            .ok_or_else(|| refuse("is signed by an unknown key"))?;
        let mut validation = Validation::new(*algorithm);
        validation.set_audience(&[AUDIENCE]);
        // Expiry is checked below against the time handed in.
        validation.validate_exp = false;
        let claims = jsonwebtoken::decode::<Claims>(token, key, &validation)
            .map_err(|_| refuse("has a wrong signature, audience or claim"))?
            .claims;
        if claims.exp <= now.timestamp() {
            return Err(refuse("has expired"));
        }
        let caller = Caller {
            subject: claims.sub,
            roles: claims.roles,
            department: claims.department,
            regions: claims.regions,
            case_id: claims.case_id,
        };
        if let Ok(mut checked) = self.checked.lock() {
            if checked.len() >= CHECKED_TOKENS {
                checked.clear();
            }
            checked.insert(token.to_owned(), (claims.exp, caller.clone()));
        }
        Ok(caller)
    }
}

/// Signs tokens: customers' by intake, services' own, and everybody's in development.
#[derive(Clone)]
pub struct Issuer {
    key_id: String,
    key: EncodingKey,
}

impl std::fmt::Debug for Issuer {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Issuer").field("key_id", &self.key_id).finish_non_exhaustive()
    }
}

impl Issuer {
    /// An issuer with an Ed25519 private key in PKCS #8 PEM.
    pub fn from_pem(key_id: &str, pem: &str) -> anyhow::Result<Self> {
        Ok(Self { key_id: key_id.to_owned(), key: EncodingKey::from_ed_pem(pem.as_bytes())? })
    }

    /// A token for `caller`, valid from `at` for `valid`.
    pub fn issue(&self, caller: &Caller, at: Timestamp, valid: chrono::Duration) -> anyhow::Result<String> {
        let header = Header { kid: Some(self.key_id.clone()), ..Header::new(Algorithm::EdDSA) };
        let claims = Claims {
            sub: caller.subject.clone(),
            aud: AUDIENCE.to_owned(),
            iat: at.timestamp(),
            exp: (at + valid).timestamp(),
            roles: caller.roles.clone(),
            department: caller.department.clone(),
            regions: caller.regions.clone(),
            case_id: caller.case_id.clone(),
        };
        Ok(jsonwebtoken::encode(&header, &claims, &self.key)?)
    }
}

/// A key pair for development: the private key as PKCS #8 PEM and the key set that verifies it.
pub fn development_keys(key_id: &str, seed: [u8; 32]) -> (String, String) {
    use base64::{Engine as _, engine::general_purpose};
    // PKCS #8 v1 of an Ed25519 key is a fixed prefix and the 32 secret bytes (RFC 8410, section 7).
    const PREFIX: [u8; 16] =
        [0x30, 0x2e, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x04, 0x22, 0x04, 0x20];
    let der: Vec<u8> = PREFIX.iter().chain(&seed).copied().collect();
    let pem = format!(
        "-----BEGIN PRIVATE KEY-----\n{}\n-----END PRIVATE KEY-----\n",
        general_purpose::STANDARD.encode(der)
    );
    let public = ed25519_dalek::SigningKey::from_bytes(&seed).verifying_key();
    let jwks = serde_json::json!({ "keys": [{
        "kty": "OKP", "crv": "Ed25519", "alg": "EdDSA", "use": "sig", "kid": key_id,
        "x": general_purpose::URL_SAFE_NO_PAD.encode(public.as_bytes()),
    }]});
    (pem, jwks.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn caller() -> Caller {
        Caller {
            subject: "li.na".into(),
            roles: vec!["cs-agent".into()],
            department: String::new(),
            regions: vec!["cn".into()],
            case_id: String::new(),
        }
    }

    #[test]
    fn a_token_is_good_until_it_expires_and_for_its_key_only() {
        let (pem, jwks) = development_keys("dev", [7; 32]);
        let (_, other) = development_keys("dev", [8; 32]);
        let at = chrono::DateTime::from_timestamp(1_800_000_000, 0).expect("a valid time");
        let issuer = Issuer::from_pem("dev", &pem).expect("a valid key");
        let token = issuer.issue(&caller(), at, chrono::Duration::hours(1)).expect("signs");
        let verifier = Verifier::from_jwks(&jwks).expect("a valid key set");
        assert_eq!(verifier.verify(&token, at).expect("valid"), caller());
        assert!(verifier.verify(&token, at + chrono::Duration::hours(1)).is_err());
        assert!(Verifier::from_jwks(&other).expect("valid").verify(&token, at).is_err());
        let refused = verifier.verify("garbage", at).expect_err("not a token");
        assert_eq!(refused.reason, "INVALID_TOKEN");
    }

    #[test]
    fn staff_see_their_regions_and_a_customer_one_case() {
        let case = uuid::Uuid::from_u128(5);
        assert!(caller().may_see("cn", Some(case)).is_ok());
        assert_eq!(
            caller().may_see("br", Some(case)).expect_err("other region").reason,
            "REGION_NOT_ALLOWED"
        );
        let customer = Caller {
            roles: vec![CUSTOMER_ROLE.into()],
            regions: vec![],
            case_id: case.to_string(),
            ..caller()
        };
        assert!(customer.may_see("cn", Some(case)).is_ok());
        assert!(customer.may_see("cn", Some(uuid::Uuid::from_u128(6))).is_err());
        assert!(customer.may_see("cn", None).is_err());
    }
}
