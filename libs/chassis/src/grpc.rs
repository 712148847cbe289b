//! The way in for every RPC: the checked caller, the checked message, the trace context.

use std::sync::LazyLock;

use prost::{Message, Name};
use prost_reflect::DynamicMessage;
use redress_domain::{Rejection, RejectionKind, Violation};
use tonic::Request;

use crate::{
    access::{MethodPath, TraceParent},
    failure::{Failure, Result},
    identity::Caller,
    validation::Validator,
};

/// One call of a method by a caller whose token and role were checked.
#[derive(Clone, Debug)]
pub struct Call {
    /// Who.
    pub caller: Caller,
    /// Full method name, such as `redress.intake.v1.IntakeService/CloseCase`.
    pub method: String,
    /// W3C trace context of the call.
    pub traceparent: String,
}

static VALIDATOR: LazyLock<Validator> = LazyLock::new(Validator::default);

/// Opens a unary request: fails with every violation of the contract's limits at once.
pub fn accept<Q: Message + Name>(request: Request<Q>) -> Result<(Call, Q)> {
    let call = caller_of(&request)?;
    let message = request.into_inner();
    validate(&message)?;
    Ok((call, message))
}

/// Who calls, for requests whose message is a stream.
pub fn caller_of<T>(request: &Request<T>) -> Result<Call> {
    let extensions = request.extensions();
    let (Some(caller), Some(MethodPath(path))) = (extensions.get::<Caller>(), extensions.get::<MethodPath>())
    else {
        return Err(Rejection::new(RejectionKind::Unauthenticated, "INVALID_TOKEN", "no caller").into());
    };
    Ok(Call {
        caller: caller.clone(),
        method: path.trim_start_matches('/').to_owned(),
        traceparent: extensions
            .get::<TraceParent>()
            .map(|TraceParent(text)| text.clone())
            .unwrap_or_default(),
    })
}

/// Checks a message against the limits of the contract, and its texts for control characters.
pub fn validate<Q: Message + Name>(message: &Q) -> Result<()> {
    let internal = |what: &str| Failure::Internal(anyhow::anyhow!("{what}: `{}`", Q::full_name()));
    let descriptor = redress_proto::pool()
        .get_message_by_name(&Q::full_name())
        .ok_or_else(|| internal("message is not in the descriptor set"))?;
    let dynamic = DynamicMessage::decode(descriptor, message.encode_to_vec().as_slice())
        .map_err(|error| Failure::Internal(error.into()))?;
    let violations = VALIDATOR.validate(&dynamic);
    if violations.is_empty() { Ok(()) } else { Err(invalid_fields(violations).into()) }
}

/// The refusal that carries all violations of a request.
pub fn invalid_fields(violations: Vec<Violation>) -> Rejection {
    let fields = violations.iter().map(|violation| violation.field.as_str()).collect::<Vec<_>>().join(", ");
    let mut rejection =
        Rejection::new(RejectionKind::Invalid, "INVALID_FIELDS", format!("invalid fields: {fields}"));
    rejection.metadata.insert("fields".into(), fields);
    rejection.violations = violations;
    rejection
}
