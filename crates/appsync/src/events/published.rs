use std::fmt;

use serde::Deserialize;

use crate::{AppSyncError, answer::AnswerInfo, exchange::Answer};

/// What became of the events of one request. AppSync takes each of them or refuses it: those that it refused are in
/// [`failed`](Self::failed), and nobody publishes them unless the caller does. An event in neither list was left out by an
/// `onPublish` handler of the API.
#[must_use = "some of the events may have been refused"]
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Published {
    /// The events that AppSync took, to hand them to the channel's subscribers.
    pub successful: Vec<SuccessfulEvent>,
    /// The events that AppSync did not take; empty when all is well.
    pub failed: Vec<FailedEvent>,
    info: AnswerInfo,
}

/// An event that AppSync took.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[non_exhaustive]
pub struct SuccessfulEvent {
    /// Which of the events it was, counted from zero in the order in which they were given.
    pub index: usize,
    /// AppSync's id of the event, as subscribers and AppSync's logs have it.
    pub identifier: Option<String>,
}

/// An event that AppSync did not take.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[non_exhaustive]
pub struct FailedEvent {
    /// Which of the events it was, counted from zero in the order in which they were given.
    pub index: usize,
    /// AppSync's id of the event, as AppSync's logs have it.
    pub identifier: Option<String>,
    /// AppSync's number for what went wrong.
    pub code: Option<i64>,
    /// What went wrong, for people.
    pub message: Option<String>,
}

impl Published {
    /// AppSync's id of the request, for a support case.
    pub fn request_id(&self) -> Option<&str> {
        self.info.request_id.as_deref()
    }

    /// For those to whom a part is not enough.
    ///
    /// # Errors
    /// When AppSync did not take one of the events: the error has them. The others have been published.
    pub fn require_all(self) -> Result<(), NotPublished> {
        if self.failed.is_empty() { Ok(()) } else { Err(NotPublished { failed: self.failed }) }
    }

    /// What an answer with status 200 says of so many events.
    pub(super) fn decode(Answer { info, body }: Answer, events: usize) -> Result<Self, AppSyncError> {
        let (successful, failed) = match serde_json::from_slice(&body) {
            Ok(Body { successful: None, failed: None }) | Err(_) => {
                return Err(AppSyncError::malformed("it does not say which events were published", info));
            }
            Ok(Body { successful, failed }) => (successful.unwrap_or_default(), failed.unwrap_or_default()),
        };
        let mut indexes = successful.iter().map(|event| event.index).chain(failed.iter().map(|event| event.index));
        if successful.len() + failed.len() > events || indexes.any(|index| index >= events) {
            return Err(AppSyncError::malformed("it speaks of events that were not sent", info));
        }
        Ok(Self { successful, failed, info })
    }
}

#[derive(Deserialize)]
struct Body {
    successful: Option<Vec<SuccessfulEvent>>,
    failed: Option<Vec<FailedEvent>>,
}

/// AppSync took only a part of the events, or none; see [`Published::require_all`].
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct NotPublished {
    /// The events that AppSync did not take.
    pub failed: Vec<FailedEvent>,
}

impl fmt::Display for NotPublished {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("not all events were published")?;
        for (nth, FailedEvent { index, code, message, .. }) in self.failed.iter().enumerate() {
            write!(f, "{} events[{index}]: {}", [":", ","][nth.min(1)], message.as_deref().unwrap_or("no message"))?;
            if let Some(code) = code {
                write!(f, " ({code})")?;
            }
        }
        Ok(())
    }
}

impl std::error::Error for NotPublished {}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::ErrorKind;

    /// What becomes of three events.
    fn decode(body: &Value) -> Result<Published, AppSyncError> {
        Published::decode(Answer { info: AnswerInfo::default(), body: body.to_string().into() }, 3)
    }

    #[test]
    fn each_event_that_failed_is_named_with_its_reason() {
        let body = json!({
            "successful": [{"identifier": "a", "index": 1}],
            "failed": [{"identifier": "b", "index": 0, "code": 400, "message": "no"}, {"index": 2}],
        });
        let published = decode(&body).unwrap();
        assert_eq!(published.successful, [SuccessfulEvent { index: 1, identifier: Some("a".to_owned()) }]);
        let error = published.require_all().unwrap_err();
        assert_eq!(error.failed[0].identifier.as_deref(), Some("b"));
        assert_eq!(error.to_string(), "not all events were published: events[0]: no (400), events[2]: no message");
    }

    #[test]
    fn an_answer_without_one_of_the_lists_has_none_of_these_events() {
        let event = json!([{"identifier": "a", "index": 0}]);
        assert_eq!(decode(&json!({"successful": event})).unwrap().require_all(), Ok(()));
        assert_eq!(decode(&json!({"failed": event, "successful": null})).unwrap().failed.len(), 1);
    }

    #[test]
    fn what_does_not_say_what_became_of_the_events_is_malformed() {
        let [zero, three] = [0, 3].map(|index| json!({"index": index}));
        for body in [
            json!({}),
            json!([]),
            json!({"data": {}}),
            json!({"successful": [{"identifier": "a"}]}),
            json!({"successful": [{"index": -1}]}),
            json!({"successful": [three]}),
            json!({"failed": [three]}),
            json!({"successful": [zero, zero], "failed": [zero, zero]}),
        ] {
            let error = decode(&body).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Malformed, "{body}");
            assert!(error.may_have_executed(), "{body}");
        }
    }
}
