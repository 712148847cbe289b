//! Page tokens: opaque, authenticated, and bound to the filter they were made for.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde::{Serialize, de::DeserializeOwned};

use crate::request::body_hash;

/// Makes a token that carries `position` and holds only for the same `filter`.
pub fn encode(key: &[u8], filter: &[u8], position: &impl Serialize) -> String {
    let body = serde_json::to_vec(position).unwrap_or_default();
    let mut token = tag(key, filter, &body);
    token.extend_from_slice(&body);
    URL_SAFE_NO_PAD.encode(token)
}

/// Reads a token; `None` when it is not one of ours or was made for another filter.
pub fn decode<P: DeserializeOwned>(key: &[u8], filter: &[u8], token: &str) -> Option<P> {
    let bytes = URL_SAFE_NO_PAD.decode(token).ok()?;
    let (given, body) = bytes.split_at_checked(TAG_BYTES)?;
    (given == tag(key, filter, body)).then(|| serde_json::from_slice(body).ok()).flatten()
}

const TAG_BYTES: usize = 16;

fn tag(key: &[u8], filter: &[u8], body: &[u8]) -> Vec<u8> {
    let mut message = (filter.len() as u64).to_be_bytes().to_vec();
    message.extend_from_slice(filter);
    message.extend_from_slice(body);
    let mut tag = body_hash(key, &message);
    tag.truncate(TAG_BYTES);
    tag
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_holds_for_its_key_and_filter_only() {
        let token = encode(b"key", b"open", &(7, "x"));
        assert_eq!(decode::<(i32, String)>(b"key", b"open", &token), Some((7, "x".to_owned())));
        assert_eq!(decode::<(i32, String)>(b"key", b"closed", &token), None);
        assert_eq!(decode::<(i32, String)>(b"yek", b"open", &token), None);
        assert_eq!(decode::<(i32, String)>(b"key", b"open", "AAAA"), None);
        assert_eq!(decode::<(i32, String)>(b"key", b"open", "no token at all"), None);
    }
}
