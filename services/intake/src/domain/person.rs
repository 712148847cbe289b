//! Who a person is, without saying who: a keyed pseudonym.

use hmac::{Hmac, Mac as _};
use sha2::Sha256;

/// What a customer can be recognised by, best first. Empty where not given.
#[derive(Clone, Copy, Debug, Default)]
pub struct Marks<'a> {
    /// The enterprise's own pseudonym: it decides.
    pub customer_ref: &'a str,
    /// Phone number in any form.
    pub phone: &'a str,
    /// E-mail address.
    pub email: &'a str,
    /// Account in the channel, with the channel's name before it, since accounts of two channels are two people.
    pub account: &'a str,
    /// The order system's pseudonym, where nothing else is known.
    pub order_customer_ref: &'a str,
}

/// The pseudonym: HMAC-SHA-256 of the best mark under `key`, 128 bits in hexadecimal; empty when there is no mark.
pub fn person_ref(key: &[u8], channel: &str, marks: &Marks<'_>) -> String {
    let first = |value: String| (!value.is_empty()).then_some(value);
    let mark = first(marks.customer_ref.trim().to_owned())
        .map(|reference| format!("ref:{reference}"))
        .or_else(|| first(phone(marks.phone)).map(|phone| format!("phone:{phone}")))
        .or_else(|| first(marks.email.trim().to_lowercase()).map(|email| format!("email:{email}")))
        .or_else(|| {
            first(marks.account.trim().to_owned()).map(|account| format!("account:{channel}:{account}"))
        })
        .or_else(|| {
            first(marks.order_customer_ref.trim().to_owned()).map(|reference| format!("ref:{reference}"))
        });
    let Some(mark) = mark else { return String::new() };
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("HMAC takes keys of any length");
    mac.update(b"redress person\0");
    mac.update(mark.as_bytes());
    let mut digest = hex::encode(mac.finalize().into_bytes());
    digest.truncate(32);
    digest
}

/// A phone number without punctuation and without the mainland's own country code.
fn phone(given: &str) -> String {
    let international = given.trim_start().starts_with('+');
    let digits: String = given.chars().filter(char::is_ascii_digit).collect();
    let digits = digits.strip_prefix("00").unwrap_or(&digits);
    let own = (international || digits.len() == 13).then(|| digits.strip_prefix("86")).flatten();
    own.unwrap_or(digits).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn by_phone(phone: &str) -> String {
        person_ref(b"key", "hotline", &Marks { phone, ..Marks::default() })
    }

    #[test]
    fn a_phone_number_is_the_same_person_however_it_is_written() {
        let reference = by_phone("13800138000");
        assert_eq!(reference.len(), 32);
        for form in ["138 0013 8000", "+86 138-0013-8000", "0086 13800138000", "8613800138000"] {
            assert_eq!(by_phone(form), reference, "{form}");
        }
        assert_ne!(by_phone("13800138001"), reference);
        assert_eq!(by_phone(""), "");
    }

    #[test]
    fn the_enterprises_own_pseudonym_decides_and_the_key_separates() {
        let marks = Marks { customer_ref: "c-1", phone: "13800138000", ..Marks::default() };
        let other = Marks { customer_ref: "c-1", email: "a@example.com", ..Marks::default() };
        assert_eq!(person_ref(b"key", "sms", &marks), person_ref(b"key", "email", &other));
        assert_ne!(person_ref(b"key", "sms", &marks), person_ref(b"yek", "sms", &marks));
    }

    #[test]
    fn an_account_belongs_to_its_channel() {
        let marks = Marks { account: "panda", ..Marks::default() };
        assert_ne!(person_ref(b"key", "weibo", &marks), person_ref(b"key", "douyin", &marks));
    }
}
