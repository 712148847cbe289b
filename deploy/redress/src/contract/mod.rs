//! Calls any method of the contract by its name, with JSON in and out, from the descriptors alone.
//!
//! JSON is proto3 JSON with the contract's own field names (`case_id`, not `caseId`), 64-bit integers as numbers.

mod client;
mod codec;
mod json;
mod refusal;

use http::uri::PathAndQuery;
use prost_reflect::{MessageDescriptor, MethodDescriptor, ServiceDescriptor};

pub use client::{Answer, CallError, Client};
pub(crate) use codec::RawCodec;
pub use json::{Fields, mask, message_from_json, message_to_json};
pub use refusal::Refusal;

/// The five services, in the order of the design's ports from 7101.
pub const SERVICES: [&str; 5] = ["intake", "triage", "investigation", "compensation", "survey"];

/// One method of the contract.
#[derive(Clone, Debug)]
pub struct Method(MethodDescriptor);

/// A name that is no method.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("unknown method `{name}`; {hint}")]
pub struct UnknownMethod {
    name: String,
    hint: String,
}

impl Method {
    /// The method called `name`: `redress.intake.v1.IntakeService/GetCase`, or any end of it that says enough, such as
    /// `IntakeService/GetCase`.
    ///
    /// # Errors
    /// [`UnknownMethod`] says what there is instead.
    pub fn find(name: &str) -> Result<Self, UnknownMethod> {
        let wanted = name.trim_start_matches('/');
        let matching: Vec<Self> = all().filter(|method| method.is_called(wanted)).collect();
        match <[Self; 1]>::try_from(matching) {
            Ok([method]) => Ok(method),
            Err(several) => Err(UnknownMethod { name: name.to_owned(), hint: hint(wanted, &several) }),
        }
    }

    fn is_called(&self, wanted: &str) -> bool {
        let full = self.name();
        full.strip_suffix(wanted).is_some_and(|before| before.is_empty() || before.ends_with(['.', '/']))
    }

    /// The full name, `redress.intake.v1.IntakeService/GetCase`.
    #[must_use]
    pub fn name(&self) -> String {
        format!("{}/{}", self.0.parent_service().full_name(), self.0.name())
    }

    /// The service that serves it; `None` for what every service serves for itself (deadlines, event log).
    #[must_use]
    pub fn owner(&self) -> Option<&'static str> {
        let package = self.0.parent_service().package_name().to_owned();
        SERVICES.into_iter().find(|service| package == format!("redress.{service}.v1"))
    }

    /// The message that it takes.
    #[must_use]
    pub fn input(&self) -> MessageDescriptor {
        self.0.input()
    }

    /// The message that it answers with.
    #[must_use]
    pub fn output(&self) -> MessageDescriptor {
        self.0.output()
    }

    /// Names of the roles that may call it.
    #[must_use]
    pub fn roles(&self) -> Vec<String> {
        redress_proto::roles(&self.0).into_iter().map(redress_proto::role_name).collect()
    }

    /// Whether it takes a stream.
    #[must_use]
    pub fn takes_stream(&self) -> bool {
        self.0.is_client_streaming()
    }

    /// Whether it answers with a stream.
    #[must_use]
    pub fn answers_stream(&self) -> bool {
        self.0.is_server_streaming()
    }

    pub(crate) fn path(&self) -> PathAndQuery {
        PathAndQuery::try_from(format!("/{}", self.name())).expect("names in the contract are plain")
    }
}

/// Every method of the suite's services.
pub fn all() -> impl Iterator<Item = Method> {
    let ours = |service: &ServiceDescriptor| service.package_name().starts_with("redress.");
    redress_proto::pool()
        .services()
        .filter(ours)
        .flat_map(|service| service.methods().map(Method).collect::<Vec<_>>())
}

fn hint(wanted: &str, several: &[Method]) -> String {
    let list = |methods: &[Method]| methods.iter().map(Method::name).collect::<Vec<_>>().join(", ");
    if !several.is_empty() {
        return format!("it may be any of {}", list(several));
    }
    let (service, method) = wanted.rsplit_once('/').unwrap_or(("", wanted));
    let by_service: Vec<Method> =
        all().filter(|other| other.name().starts_with(&format!("{service}/"))).collect();
    if !by_service.is_empty() {
        return format!("`{service}` has {}", list(&by_service));
    }
    let by_name: Vec<Method> = all().filter(|other| other.is_called(method)).collect();
    if by_name.is_empty() {
        "`redress call --list` prints all".to_owned()
    } else {
        format!("did you mean {}?", list(&by_name))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_method_is_found_by_any_end_of_its_name_that_says_enough() {
        let full = "redress.intake.v1.IntakeService/GetCase";
        for name in [full, "/redress.intake.v1.IntakeService/GetCase", "IntakeService/GetCase", "GetCase"] {
            assert_eq!(Method::find(name).expect(name).name(), full);
        }
        assert_eq!(Method::find("GetCase").expect("is there").owner(), Some("intake"));
        assert_eq!(Method::find("ListDeadlines").expect("is there").owner(), None);
    }

    #[test]
    fn a_name_that_is_no_method_says_what_there_is() {
        let several = Method::find("ListDecisions").expect_err("several services have it").to_string();
        assert!(several.contains("redress.triage.v1.TriageService/ListDecisions"), "{several}");
        let wrong =
            Method::find("redress.triage.v1.TriageService/GetCase").expect_err("not there").to_string();
        assert!(wrong.contains("GetTriage"), "{wrong}");
        let elsewhere =
            Method::find("redress.intake.v2.IntakeService/GetCase").expect_err("not there").to_string();
        assert!(elsewhere.contains("did you mean redress.intake.v1.IntakeService/GetCase"), "{elsewhere}");
    }
}
