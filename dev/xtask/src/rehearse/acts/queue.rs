//! Messages: those that are right become orders, and one that never can be ends in the dead-letter queue.

use std::time::Duration;

use anyhow::{Result, bail, ensure};
use serde_json::{Value, json};

use crate::rehearse::stage::{Deployed, Stage};

pub(super) async fn play(stage: &Stage, deployed: &Deployed) -> Result<()> {
    let queue = deployed.output("MutationsQueueUrl")?;
    let line = json!({"sku": "REHEARSED-1", "quantity": 1, "unitPrice": {"currency": "EUR", "minorUnits": 100}});
    let create = |token: &str, lines: Value| {
        let input = json!({"clientToken": token, "customerEmail": "ada@example.com", "lines": lines});
        json!({"operation": "CreateOrder", "variables": {"input": input}}).to_string()
    };
    // In one batch, so that the good ones must not be made again with the bad one.
    let bodies = [
        create("rehearsed-1", json!([line])),
        create("rehearsed-poison", json!([])),
        create("rehearsed-2", json!([line])),
    ];
    let entries: Vec<_> =
        bodies.iter().enumerate().map(|(at, body)| json!({"Id": at.to_string(), "MessageBody": body})).collect();
    sqs(stage, "SendMessageBatch", json!({"QueueUrl": queue, "Entries": entries})).await?;

    for id in ["rehearsed-1", "rehearsed-2"] {
        until(stage, &format!("the order {id}"), async || Ok(order(stage, deployed, id).await?["id"] == id)).await?;
    }
    let failed = deployed.output("FailedMutationsQueueUrl")?;
    until(stage, "the poisoned message in the dead-letter queue", async || Ok(waiting(stage, failed).await? == 1))
        .await?;
    let received = sqs(stage, "ReceiveMessage", json!({"QueueUrl": failed, "MaxNumberOfMessages": 10})).await?;
    let message = &received["Messages"][0];
    ensure!(message["Body"] == bodies[1], "another message is in the dead-letter queue: {received}");
    let handle = &message["ReceiptHandle"];
    sqs(stage, "DeleteMessage", json!({"QueueUrl": failed, "ReceiptHandle": handle})).await?;
    ensure!(order(stage, deployed, "rehearsed-poison").await?.is_null(), "the poisoned message made an order");
    ensure!(waiting(stage, queue).await? == 0, "messages are left in the queue");
    let made = stage.appsync.count_of("CreateOrder");
    stage.began.say(format!(
        "of a batch of three messages two are orders, and the poisoned one is in the dead-letter queue ({made} calls of \
         CreateOrder in all)"
    ));
    Ok(())
}

async fn order(stage: &Stage, deployed: &Deployed, id: &str) -> Result<Value> {
    let event = json!({"operation": "GetOrder", "variables": {"id": id}});
    let answer = stage.emulator.invoke(deployed.output("QueryFunction")?, event).await?;
    ensure!(answer.get("data").is_some(), "query answers {answer}");
    Ok(answer["data"]["getOrder"].clone())
}

/// The messages of a queue, with those that are being worked on.
async fn waiting(stage: &Stage, queue: &str) -> Result<u64> {
    let names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"];
    let found = sqs(stage, "GetQueueAttributes", json!({"QueueUrl": queue, "AttributeNames": names})).await?;
    let count = |name: &str| found["Attributes"][name].as_str().and_then(|count| count.parse::<u64>().ok());
    Ok(names.iter().filter_map(|name| count(name)).sum())
}

async fn sqs(stage: &Stage, operation: &str, input: Value) -> Result<Value> {
    stage.emulator.call("sqs", &format!("AmazonSQS.{operation}"), input).await
}

async fn until(stage: &Stage, what: &str, mut is_there: impl AsyncFnMut() -> Result<bool>) -> Result<()> {
    for _ in 0..ATTEMPTS {
        if is_there().await? {
            return Ok(());
        }
        tokio::time::sleep(PAUSE).await;
    }
    bail!(
        "{what} is not there after {} s (at second {})",
        (PAUSE * ATTEMPTS).as_secs(),
        stage.began.elapsed().as_secs()
    )
}

const PAUSE: Duration = Duration::from_millis(500);
const ATTEMPTS: u32 = 120;
