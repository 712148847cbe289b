//! Events as messages and as bytes.

use prost::{DecodeError, Message, Name};

use crate::eventlog::v1::Event;

/// A message that can be the payload of an event. Every generated message is one.
pub trait Payload: Message + Name + Default {
    /// The full proto name and the bytes: what an event row stores.
    fn fact(&self) -> (String, Vec<u8>) {
        (Self::full_name(), self.encode_to_vec())
    }

    /// The payload of `event`, or `None` when the event is of another type.
    ///
    /// # Errors
    /// When the type is this one but the bytes are not.
    fn from_event(event: &Event) -> Result<Option<Self>, DecodeError> {
        if event.r#type != Self::full_name() {
            return Ok(None);
        }
        Self::decode(event.payload.as_slice()).map(Some)
    }
}

impl<M: Message + Name + Default> Payload for M {}

/// The full proto name and the bytes of `message`.
pub fn fact<M: Payload>(message: &M) -> (String, Vec<u8>) {
    message.fact()
}
