//! The body of `POST /event`: events for one channel. Any namespace exists, and no handler stands in between.
//!
//! <https://docs.aws.amazon.com/appsync/latest/eventapi/publish-http.html> says what is sent. It does not say how a single
//! event is refused: what is answered then has the members that AWS's own clients read.

use serde::Deserialize;
use serde_json::{Value, json};

use crate::calls::PublishedEvent;
use crate::ids;

/// A request that is taken, although some of its events may not be.
pub(super) struct Batch {
    channel: String,
    events: Vec<String>,
}

#[derive(Deserialize)]
struct Body {
    channel: String,
    events: Vec<String>,
}

const MOST_EVENTS: usize = 5;
const LARGEST_EVENT: usize = 240 * 1024;
const MOST_SEGMENTS: usize = 5;
const LONGEST_SEGMENT: usize = 50;

impl Batch {
    /// # Errors
    /// The message with which the request is refused.
    pub(super) fn parse(body: &[u8]) -> Result<Self, String> {
        let Body { channel, events } =
            serde_json::from_slice(body).map_err(|_| "The request is not a channel and a list of strings.")?;
        let segments: Vec<&str> = channel.strip_prefix('/').unwrap_or(&channel).split('/').collect();
        let is_segment = |segment: &&str| {
            (1..=LONGEST_SEGMENT).contains(&segment.len())
                && segment.chars().all(|c| c.is_ascii_alphanumeric() || c == '-')
        };
        if segments.len() > MOST_SEGMENTS || !segments.iter().all(is_segment) {
            return Err("The channel is not valid.".to_owned());
        }
        if !(1..=MOST_EVENTS).contains(&events.len()) {
            return Err(format!("A request has 1 to {MOST_EVENTS} events, and this one has {}.", events.len()));
        }
        Ok(Self { channel, events })
    }

    /// The body of the answer, and the events that it says were published.
    pub(super) fn publish(self) -> (Value, Vec<PublishedEvent>) {
        let (mut successful, mut failed, mut published) = (Vec::new(), Vec::new(), Vec::new());
        for (index, event) in self.events.iter().enumerate() {
            let identifier = ids::uuid();
            let problem = match serde_json::from_str(event) {
                Ok(event_data) if event.len() <= LARGEST_EVENT => {
                    successful.push(json!({"identifier": identifier, "index": index}));
                    published.push(PublishedEvent { channel: self.channel.clone(), event: event_data });
                    continue;
                }
                Ok(_) => "The event is too large.",
                Err(_) => "The event is not valid JSON.",
            };
            failed.push(json!({"identifier": identifier, "index": index, "code": 400, "message": problem}));
        }
        (json!({"failed": failed, "successful": successful}), published)
    }
}
