//! Why a WebSocket is closed, in the codes of `graphql-transport-ws` and of RFC 6455.

use axum::extract::ws::{CloseFrame, Message};

/// Bytes of a reason at most: a frame of control has 125, and two are the code's.
const MOST_BYTES: usize = 123;

/// A code and a reason.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Close {
    /// The code.
    pub code: u16,
    reason: String,
}

impl Close {
    fn new(code: u16, reason: impl Into<String>) -> Self {
        let mut reason = reason.into();
        while reason.len() > MOST_BYTES {
            reason.pop();
        }
        Self { code, reason }
    }

    /// The node ends.
    pub fn going_away() -> Self {
        Self::new(1001, "The node ends; connect again.")
    }

    /// The frames are not those of a WebSocket.
    pub fn protocol() -> Self {
        Self::new(1002, "This is not a frame of a WebSocket.")
    }

    /// A message is too long.
    pub fn too_big(most: usize) -> Self {
        Self::new(1009, format!("A message has at most {most} bytes."))
    }

    /// The client reads too slowly; it may come back.
    pub fn too_slow() -> Self {
        Self::new(
            1013,
            "You read too slowly: connect again, and subscribe with the last cursor as `after`.",
        )
    }

    /// Who it is cannot be found out now.
    pub fn unavailable() -> Self {
        Self::new(1013, "The service cannot answer right now; connect again.")
    }

    /// A message is not one of the protocol.
    pub fn malformed(reason: impl Into<String>) -> Self {
        Self::new(4400, reason)
    }

    /// An operation came before the acknowledgement.
    pub fn unauthorized() -> Self {
        Self::new(4401, "Unauthorized")
    }

    /// The credential opens nothing, or no longer does.
    pub fn forbidden(reason: &'static str) -> Self {
        Self::new(4403, reason)
    }

    /// The client speaks another protocol.
    pub fn protocol_not_spoken() -> Self {
        Self::new(4406, "Subprotocol not acceptable")
    }

    /// The client did not say in time who it is.
    pub fn init_timeout() -> Self {
        Self::new(4408, "Connection initialisation timeout")
    }

    /// An id is in use.
    pub fn id_in_use(id: &str) -> Self {
        Self::new(4409, format!("Subscriber for {id} already exists"))
    }

    /// The client said twice who it is.
    pub fn init_again() -> Self {
        Self::new(4429, "Too many initialisation requests")
    }

    /// The frame.
    pub fn message(self) -> Message {
        Message::Close(Some(CloseFrame {
            code: self.code,
            reason: self.reason.into(),
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reason_fits_into_its_frame_whatever_is_repeated_in_it() {
        let close = Close::id_in_use(&"é".repeat(1_000));
        assert!(close.reason.len() <= MOST_BYTES && close.reason.ends_with('é'));
        assert_eq!(Close::unauthorized().reason, "Unauthorized");
    }
}
