//! Lists of records, of which each succeeds or fails by itself, as the messages of a queue do:
//! <https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-errorhandling.html>

use std::collections::BTreeMap;

use auth_cache::ErrorChain;
use futures_util::{StreamExt as _, stream};
use metrics::{Unit, counter, describe_counter};
use serde_json::{Value, json};
use tracing::{Instrument as _, field::Empty};

use crate::{
    dispatch::DispatchError,
    envelope,
    invocation::{Invocation, told},
};

/// How many records are executed at once.
const AT_ONCE: usize = 10;

/// The records that failed, in the order of the batch.
///
/// # Errors
/// When one failed that has no id by which it could be handed back.
pub(crate) async fn answer(invocation: Invocation<'_>, records: Vec<Value>) -> Result<Value, DispatchError> {
    let failed: BTreeMap<usize, Failed> = stream::iter(groups(records))
        .map(|group| execute_in_order(invocation, group))
        .buffer_unordered(AT_ONCE)
        .flat_map(stream::iter)
        .collect()
        .await;
    let ids: Option<Vec<&String>> = failed.values().map(|failed| failed.id.as_ref()).collect();
    if let Some(ids) = ids {
        let failures: Vec<Value> = ids.iter().map(|id| json!({"itemIdentifier": id})).collect();
        return Ok(json!({"batchItemFailures": failures}));
    }
    let error = failed.into_values().find_map(|failed| failed.error);
    Err(error.unwrap_or_else(|| DispatchError::invalid_event("a record has no id")))
}

struct Failed {
    id: Option<String>,
    /// `None` if it was not tried.
    error: Option<DispatchError>,
}

/// Records that have to be executed one after the other, with their places in the batch.
type Group = Vec<(usize, Value)>;

/// Each record by itself, but those of one message group of a FIFO queue together. Groups of other queues order nothing.
fn groups(records: Vec<Value>) -> Vec<Group> {
    let mut groups: Vec<(Option<[String; 2]>, Group)> = Vec::new();
    for (at, record) in records.into_iter().enumerate() {
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let queue = text(&record["eventSourceARN"]);
        let id = queue.ends_with(".fifo").then(|| [queue, text(&record["attributes"]["MessageGroupId"])]);
        match groups.iter_mut().find(|(known, _)| id.is_some() && *known == id) {
            Some((_, group)) => group.push((at, record)),
            None => groups.push((id, vec![(at, record)])),
        }
    }
    groups.into_iter().map(|(_, group)| group).collect()
}

/// Those that failed, by their places. After one, the others are not tried: they would overtake it.
async fn execute_in_order(invocation: Invocation<'_>, group: Group) -> Vec<(usize, Failed)> {
    let mut records = group.into_iter();
    while let Some((at, record)) = records.next() {
        let id = id(&record);
        let span = tracing::info_span!("message", messageId = id, operation = Empty);
        let Err(error) = execute(invocation, at, record).instrument(span.clone()).await else { continue };
        let _in_span = span.enter();
        tracing::error!(
            error_type = error.error_type(),
            error = told(ErrorChain(&error)),
            not_tried = records.len(),
            "message failed; the queue will deliver it again or move it to its dead-letter queue",
        );
        describe_counter!("MessagesFailed", Unit::Count, "");
        counter!("MessagesFailed").increment(1);
        let rest = records.map(|(at, record)| (at, Failed { id: self::id(&record), error: None }));
        return std::iter::once((at, Failed { id, error: Some(error) })).chain(rest).collect();
    }
    Vec::new()
}

/// What a record is handed back by.
fn id(record: &Value) -> Option<String> {
    record["messageId"].as_str().map(str::to_owned)
}

async fn execute(invocation: Invocation<'_>, at: usize, record: Value) -> Result<(), DispatchError> {
    let (request, key) = envelope::operation(record)?;
    let key = key.or_else(|| invocation.last_key(format_args!("-{at}")));
    let answer = invocation.execute(request, key).await?;
    if let Some(first) = answer.errors.first() {
        // What was executed must not be executed again for the sake of a field in the answer.
        tracing::warn!(error = %first, "message executed; its answer is incomplete");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_messages_of_one_fifo_group_wait_for_each_other() {
        let places = |queue: &str| -> Vec<Vec<usize>> {
            let record = |group: &Option<&str>| {
                let arn = format!("arn:aws:sqs:eu-west-1:123456789012:{queue}");
                json!({"eventSourceARN": arn, "attributes": group.map(|id| json!({"MessageGroupId": id}))})
            };
            let records = [None, Some("a"), Some("b"), None, Some("a")].iter().map(record).collect();
            groups(records).iter().map(|group| group.iter().map(|(at, _)| *at).collect()).collect()
        };
        assert_eq!(places("orders.fifo"), [vec![0, 3], vec![1, 4], vec![2]]);
        for queue in ["orders", "fifo", "orders.fifo.old"] {
            assert_eq!(places(queue), [[0], [1], [2], [3], [4]], "{queue}");
        }
        assert_eq!(groups(vec![json!(null), json!({"eventSourceARN": 1})]).len(), 2);
    }
}
