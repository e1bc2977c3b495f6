//! Batches of an SQS queue, of which each message succeeds or fails by itself:
//! <https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-errorhandling.html>

use std::collections::BTreeMap;

use appsync::{AppSyncClient, Deadline, DispatchError, DynamicRequest};
use auth_cache::ErrorChain;
use aws_lambda_events::sqs::{SqsEvent, SqsMessage};
use futures_util::{StreamExt as _, stream};
use serde_json::{Value, json};
use tracing::{Instrument as _, field::Empty};

use crate::Operations;

/// How many messages are executed at once.
const AT_ONCE: usize = 10;

/// The messages that failed, in the order of the batch.
pub(crate) async fn answer(
    operations: Operations,
    appsync: &AppSyncClient,
    batch: SqsEvent,
    deadline: Deadline,
) -> Value {
    let failed: BTreeMap<usize, Option<String>> = stream::iter(groups(batch.records))
        .map(|group| execute_in_order(operations, appsync, group, deadline))
        .buffer_unordered(AT_ONCE)
        .flat_map(stream::iter)
        .collect()
        .await;
    let failures: Vec<Value> = failed.values().map(|id| json!({"itemIdentifier": id})).collect();
    json!({"batchItemFailures": failures})
}

/// Messages that have to be executed one after the other, with their places in the batch.
type Group = Vec<(usize, SqsMessage)>;

/// Each message by itself, but those of one FIFO message group together.
fn groups(messages: Vec<SqsMessage>) -> Vec<Group> {
    let mut groups: Vec<(Option<String>, Group)> = Vec::new();
    for (at, message) in messages.into_iter().enumerate() {
        let id = message.attributes.get("MessageGroupId").cloned();
        match groups.iter_mut().find(|(known, _)| id.is_some() && *known == id) {
            Some((_, group)) => group.push((at, message)),
            None => groups.push((id, vec![(at, message)])),
        }
    }
    groups.into_iter().map(|(_, group)| group).collect()
}

/// The places and ids of those that failed. After one, the others are not tried: they would overtake it.
async fn execute_in_order(
    operations: Operations,
    appsync: &AppSyncClient,
    mut group: Group,
    deadline: Deadline,
) -> Vec<(usize, Option<String>)> {
    for done in 0..group.len() {
        let (_, message) = &group[done];
        let span = tracing::info_span!("message", messageId = message.message_id, operation = Empty);
        let Err(error) = execute(operations, appsync, message, deadline).instrument(span.clone()).await else {
            continue;
        };
        let _in_span = span.enter();
        tracing::error!(
            error_type = error.error_type(),
            error = %ErrorChain(&error),
            not_tried = group.len() - done - 1,
            "message failed; the queue will deliver it again or move it to its dead-letter queue",
        );
        return group.drain(done..).map(|(at, message)| (at, message.message_id)).collect();
    }
    Vec::new()
}

async fn execute(
    operations: Operations,
    appsync: &AppSyncClient,
    message: &SqsMessage,
    deadline: Deadline,
) -> Result<(), DispatchError> {
    let answer = operations.execute(appsync, request(message)?, deadline).await?;
    if let Some(first) = answer.errors.first() {
        // What was executed must not be executed again for the sake of a field in the answer.
        tracing::warn!(error = %first, "message executed; its answer is incomplete");
    }
    Ok(())
}

/// What a message asks for.
pub(crate) fn request(message: &SqsMessage) -> Result<DynamicRequest, DispatchError> {
    let body = message.body.as_deref().unwrap_or_default();
    let body = serde_json::from_str(body).map_err(|_| DispatchError::invalid_event("the message is not JSON"))?;
    let request = DynamicRequest::parse(body)?;
    Ok(match &message.message_id {
        Some(id) => request.with_client_token(id),
        None => request,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_messages_of_one_fifo_group_wait_for_each_other() {
        let ids = [None, Some("a"), Some("b"), None, Some("a")];
        let messages: Vec<SqsMessage> = ids
            .iter()
            .map(|id| {
                let mut message = SqsMessage::default();
                message.attributes.extend(id.map(|id| ("MessageGroupId".to_owned(), id.to_owned())));
                message
            })
            .collect();
        let places: Vec<Vec<usize>> =
            groups(messages).iter().map(|group| group.iter().map(|(at, _)| *at).collect()).collect();
        assert_eq!(places, [vec![0], vec![1, 4], vec![2], vec![3]]);
    }
}
