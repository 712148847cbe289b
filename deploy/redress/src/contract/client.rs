//! Makes calls.

use std::time::Duration;

use bytes::Bytes;
use futures::{StreamExt, stream::BoxStream};
use prost::Message as _;
use prost_reflect::DynamicMessage;
use serde_json::{Value, json};
use tonic::{Request, client::Grpc, metadata::MetadataValue, transport::Channel};

use super::{Fields, Method, Refusal, codec::RawCodec, message_from_json, message_to_json};

/// How long a call may take. Streams that are followed have none.
const TIMEOUT: Duration = Duration::from_secs(60);
/// Largest page that list methods give.
const PAGE_MAX: usize = 200;
/// Largest answer taken, in bytes.
const ANSWER_BYTES_MAX: usize = 64 * 1024 * 1024;

/// Makes calls to one service as one caller. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Client {
    channel: Channel,
    token: Option<String>,
}

/// What a method answered.
#[derive(Clone, Debug, PartialEq)]
pub enum Answer {
    /// One message.
    One(DynamicMessage),
    /// All messages of a stream that ended well.
    Stream(Vec<DynamicMessage>),
}

/// Why there is no answer.
#[derive(Clone, Debug, thiserror::Error)]
pub enum CallError {
    /// The body does not fit the method; nothing was sent.
    #[error("{0}")]
    Body(String),
    /// The call was refused, or did not come through.
    #[error(transparent)]
    Refused(Box<Refusal>),
}

impl CallError {
    /// The refusal, where it is one.
    #[must_use]
    pub fn refusal(&self) -> Option<&Refusal> {
        match self {
            Self::Refused(refusal) => Some(refusal),
            Self::Body(_) => None,
        }
    }
}

impl From<tonic::Status> for CallError {
    fn from(status: tonic::Status) -> Self {
        Self::Refused(Box::new(Refusal::from_status(&status)))
    }
}

impl Answer {
    /// As JSON; a stream as `{"responses": […]}`.
    #[must_use]
    pub fn to_json(&self, fields: Fields) -> Value {
        match self {
            Self::One(message) => message_to_json(message, fields),
            Self::Stream(messages) => {
                json!({ "responses": messages.iter().map(|message| message_to_json(message, fields)).collect::<Vec<_>>() })
            }
        }
    }
}

impl Client {
    /// Calls over `channel` with this bearer token, if there is one.
    #[must_use]
    pub fn new(channel: Channel, token: Option<String>) -> Self {
        Self { channel, token }
    }

    /// Calls `method`. A method that takes one message gets the only one of `bodies`; a stream gets all.
    ///
    /// # Errors
    /// [`CallError::Body`] before anything is sent, else [`CallError::Refused`].
    pub async fn call(&self, method: &Method, bodies: &[Value]) -> Result<Answer, CallError> {
        let messages = self.messages(method, bodies)?;
        let mut grpc = self.grpc(method).await?;
        let path = method.path();
        if method.answers_stream() {
            let request = self.request(futures::stream::iter(messages), true)?;
            let mut stream = grpc.streaming(request, path, RawCodec).await?.into_inner();
            let mut answers = Vec::new();
            while let Some(bytes) = stream.message().await? {
                answers.push(decode(method, bytes)?);
            }
            return Ok(Answer::Stream(answers));
        }
        let bytes = if method.takes_stream() {
            let request = self.request(futures::stream::iter(messages), true)?;
            grpc.client_streaming(request, path, RawCodec).await?.into_inner()
        } else {
            let message = messages.into_iter().next().unwrap_or_default();
            grpc.unary(self.request(message, true)?, path, RawCodec).await?.into_inner()
        };
        Ok(Answer::One(decode(method, bytes)?))
    }

    /// As [`Self::call`], for one body and with the answer as JSON in which what is not set is left out.
    ///
    /// # Errors
    /// As [`Self::call`].
    pub async fn json(&self, method: &str, body: Value) -> Result<Value, CallError> {
        let method = Method::find(method).map_err(|error| CallError::Body(error.to_string()))?;
        Ok(self.call(&method, &[body]).await?.to_json(Fields::Set))
    }

    /// All pages of a list method put together: at most `limit` entries of `field`.
    ///
    /// # Errors
    /// As [`Self::call`].
    pub async fn list(
        &self,
        method: &str,
        mut body: Value,
        field: &str,
        limit: usize,
    ) -> Result<Vec<Value>, CallError> {
        let mut entries = Vec::new();
        while entries.len() < limit {
            body["page_size"] = json!((limit - entries.len()).min(PAGE_MAX));
            let mut page = self.json(method, body.clone()).await?;
            if let Value::Array(more) = page[field].take() {
                entries.extend(more);
            }
            let next = page["next_page_token"].take();
            if next.as_str().unwrap_or_default().is_empty() {
                break;
            }
            body["page_token"] = next;
        }
        Ok(entries)
    }

    /// Calls a method that takes one message and answers with a stream: message by message and without a time limit.
    /// The stream ends at the first error.
    ///
    /// # Errors
    /// As [`Self::call`].
    pub async fn follow(
        &self,
        method: &Method,
        body: &Value,
    ) -> Result<BoxStream<'static, Result<DynamicMessage, CallError>>, CallError> {
        let message = encode(method, body)?;
        let mut grpc = self.grpc(method).await?;
        let request = self.request(futures::stream::iter([message]), false)?;
        let stream = grpc.streaming(request, method.path(), RawCodec).await?.into_inner();
        let method = method.clone();
        Ok(stream.map(move |bytes| decode(&method, bytes?)).boxed())
    }

    fn messages(&self, method: &Method, bodies: &[Value]) -> Result<Vec<Bytes>, CallError> {
        if !method.takes_stream() && bodies.len() != 1 {
            let problem = format!("`{}` takes one message, not {}", method.name(), bodies.len());
            return Err(CallError::Body(problem));
        }
        bodies.iter().map(|body| encode(method, body)).collect()
    }

    async fn grpc(&self, method: &Method) -> Result<Grpc<Channel>, CallError> {
        let mut grpc = Grpc::new(self.channel.clone()).max_decoding_message_size(ANSWER_BYTES_MAX);
        grpc.ready().await.map_err(|error| {
            let message = format!("`{}` cannot be reached: {}", method.name(), chain(&error));
            tonic::Status::unavailable(message)
        })?;
        Ok(grpc)
    }

    fn request<T>(&self, content: T, limited: bool) -> Result<Request<T>, CallError> {
        let mut request = Request::new(content);
        if limited {
            request.set_timeout(TIMEOUT);
        }
        if let Some(token) = &self.token {
            let bearer = MetadataValue::try_from(format!("Bearer {token}"))
                .map_err(|_| CallError::Body("the token has characters that no token has".to_owned()))?;
            request.metadata_mut().insert("authorization", bearer);
        }
        Ok(request)
    }
}

fn encode(method: &Method, body: &Value) -> Result<Bytes, CallError> {
    let message = message_from_json(method.input(), body)
        .map_err(|problem| CallError::Body(format!("not a {}: {problem}", method.input().full_name())))?;
    Ok(message.encode_to_vec().into())
}

fn decode(method: &Method, bytes: Bytes) -> Result<DynamicMessage, CallError> {
    DynamicMessage::decode(method.output(), bytes).map_err(|error| {
        tonic::Status::internal(format!("the answer is no {}: {error}", method.output().full_name())).into()
    })
}

/// An error with its causes, in a line.
fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text.push_str(": ");
        text.push_str(&cause.to_string());
        source = cause.source();
    }
    text
}
