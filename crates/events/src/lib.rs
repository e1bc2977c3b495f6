//! The events that invoke `query` and `mutate`, and the response that each sender expects.
//!
//! Each event names one operation and has its variables:
//!
//! ```json
//! {"operation": "CancelOrder", "variables": {"id": "order-1", "expectedVersion": 1}}
//! ```
//!
//! Senders put one or more envelopes around it: for example, a rule sends to a topic, and the topic to a queue. The table in
//! `envelope.rs` lists the envelopes; they are removed until the operation is found. Inside any envelope, the content may be JSON
//! or a string of JSON.
//!
//! | sender | where the operation is | key | success | failure | test |
//! | --- | --- | --- | --- | --- | --- |
//! | direct, synchronous: the console, another function | the event | the request id, new each time | GraphQL's `{"data": ..., "errors": ...}` | the invocation fails with a stable `errorType` | `a_direct_invocation_gets_what_graphql_answers`, `errors_without_any_data_fail_the_invocation` |
//! | direct, asynchronous | the event | the invocation's request id | the same, for a destination | the same; Lambda retries twice | `an_asynchronous_invocation_that_lambda_repeats_makes_one_order` |
//! | Step Functions | the input, or its `Payload` | the request id, new with each attempt | the same | the same, for `Retry` and `Catch` | `a_step_function_that_tries_again_is_known_by_the_key_in_its_variables` |
//! | EventBridge rule | `detail` | the event's `id` | as asynchronous | as asynchronous | `an_eventbridge_rule_invokes_with_the_detail_of_its_event`, `an_event_that_eventbridge_delivers_again_makes_one_order` |
//! | EventBridge Scheduler | the schedule's input, or its `Payload` | the invocation's request id | as asynchronous | as asynchronous | `scheduler_invokes_with_its_input` |
//! | EventBridge Pipes, from a queue | the `body` of each record | `messageId` | `batchItemFailures` is empty | the message is one of `batchItemFailures` | `pipes_hands_over_a_list_of_messages_and_gets_back_those_that_failed` |
//! | EventBridge Pipes, with an input template | each item | request id and place | `batchItemFailures` is empty | all items are tried, and the invocation fails | `pipes_tries_a_list_without_ids_again_as_a_whole` |
//! | SQS, standard | the `body` of each message | `messageId` | `batchItemFailures` is empty | the message is one of `batchItemFailures` | `a_batch_hands_back_the_messages_that_failed_and_no_other`, `a_message_that_is_delivered_again_makes_one_order` |
//! | SQS, standard with message groups ("fair") | the same | the same | the same | the same: groups imply no order | `message_groups_of_a_standard_queue_order_nothing` |
//! | SQS, FIFO (its ARN ends in `.fifo`) | the same | the same | the same | the same, and so are the later messages of its group, untried | `messages_of_one_fifo_group_are_executed_in_order_until_one_fails` |
//! | EventBridge in SQS | `detail` in the body | the event's `id` | as SQS | as SQS | `a_queue_that_a_rule_sends_to_has_events_in_it` |
//! | SNS in SQS, raw message delivery | the body | `messageId` | as SQS | as SQS | `a_queue_that_a_topic_sends_to_has_messages_or_notifications_in_it` |
//! | SNS in SQS, enveloped | `Message` in the body | SNS's `MessageId` | as SQS | as SQS | the same |
//! | SNS | `Message` | SNS's `MessageId` | as asynchronous | as asynchronous | `sns_invokes_with_its_message` |
//! | HTTP API of API Gateway, payload 2.0 | the body | caller, operation and `Idempotency-Key` | status 200 with GraphQL's response as the body | a matching status, and `{"errorType": ..., "errorMessage": ...}` | `an_http_request_gets_the_same_json_as_a_body`, `a_failure_of_an_http_request_is_a_status_with_the_stable_error_type` |
//! | function URL | the same | the same | the same | the same | `a_function_url_gets_what_an_http_api_gets` |
//!
//! The tests are in `integration-tests/tests/it`, `events.rs` and `reported.rs`. `errors` is present when some fields failed;
//! if there is no data at all, the operation failed. A response above Lambda's payload limit is the failure `TooLarge`: see
//! [`Answer::too_large`]. Lists, from SQS and Pipes, may contain only mutations: nobody would get a query's data.
//!
//! Events without an operation are rejected. The error names the sender and what to change. These are requests in payload format
//! 1.0 (REST APIs, and HTTP APIs set to it) and from an Application Load Balancer, VPC Lattice and WebSocket APIs; records from
//! S3, DynamoDB, Kinesis, Kafka, Amazon MQ and CloudWatch Logs; SNS confirmations, records of Lambda destinations, and pointers
//! of the SQS Extended Client Library. The test is `what_holds_no_operation_is_refused_by_name_with_advice`.
//!
//! An operation that is called over HTTP is executed as the service too, so a valid token alone is not enough. The token must
//! have one of the groups and scopes in the setting `OPERATION_CALLERS`, and the API needs a JWT authorizer that verifies it. Any
//! other caller gets 403. A request without an authorizer gets 401.
//!
//! # Repetitions
//! If a mutation has an idempotency argument ([`Operation::CLIENT_TOKEN`](appsync::Operation::CLIENT_TOKEN)), the API gets the
//! innermost key: the one in the variables; otherwise that of the innermost envelope with a key; otherwise the request id of the
//! invocation, which stays the same when Lambda retries an asynchronous one. With a key, the operation is also retried at once
//! when its response was lost. A rule with an input transformer, or a message that was moved back from a dead-letter queue,
//! changes the key, unless there is one inside. These values stay the same in all attempts: `$$.Execution.Name`, which Step
//! Functions can put into the variables, and Scheduler's `<aws.scheduler.scheduled-time>`.
//!
//! If a mutation without such an argument loses its response, it is executed again when its event is repeated. A mutation with an
//! expected version fails instead: the message of an update that succeeded then ends in the dead-letter queue as
//! `ConditionFailed`.
//!
//! ## Idempotency-Key
//! HTTP clients do not share keys: [`IdempotencyKey::for_api`] derives the API's key from the caller, the operation and the
//! client's key. The caller is the claim `sub` of a JWT, the ARN and the Cognito identity of IAM credentials, or the whole context
//! of a Lambda authorizer, which must not change between two requests of one caller. A malformed header gets 400. An operation
//! without an idempotency argument ignores the header.
//!
//! The same key with another body gets 422. Nothing is stored for this: the API responds to a repeated request with the first
//! result, and [`is_result_of`] compares that with the variables. So it compares only fields that the response has under the same
//! name. It ignores members that the second body leaves out or sets to null, because the API may have filled them in, and members
//! that the operation does not select. An item that was changed since (`version` is above 1, or `updatedAt` is not `createdAt`) is
//! not compared: select these fields. If an API trims or rounds its input, even the first request gets 422: its clients should
//! send a key in the variables, which is not compared.
//!
//! # Messages
//! Up to ten messages of a batch are executed at the same time. Messages of one FIFO group are executed one after the other; after
//! a failure the rest of the group is returned to the queue untried, so that the order is kept. A malformed message is returned
//! too: the queue's redrive policy moves it to the dead-letter queue, where it is kept.

mod answer;
mod batch;
mod callers;
mod dispatch;
mod envelope;
mod handle;
mod http;
mod idempotency;
mod invocation;
mod operation;

pub use answer::Answer;
pub use callers::{groups, scopes};
pub use dispatch::{DispatchError, DynamicAnswer, DynamicRequest};
pub use handle::handle;
pub use http::retry_after;
pub use idempotency::{IdempotencyKey, is_result_of};
pub use operation::Operations;
