//! The events that invoke `query` and `mutate`, each answered as its sender expects.
//!
//! All of them name one operation and carry its variables:
//!
//! ```json
//! {"operation": "CancelOrder", "variables": {"id": "order-1", "expectedVersion": 1}}
//! ```
//!
//! Senders put envelopes around it, at times several: a rule sends to a topic, the topic to a queue. Each is taken off, as
//! one table says (`envelope.rs`), until there is an operation. It may be JSON or text with JSON in it, in any of them.
//!
//! | sender | where the operation is | key | success | failure | test |
//! | --- | --- | --- | --- | --- | --- |
//! | direct, synchronous: the console, another function | the event | the request id, new each time | GraphQL's own `{"data": ..., "errors": ...}` | the invocation fails with a stable `errorType` | `a_direct_invocation_gets_what_graphql_answers`, `errors_without_any_data_fail_the_invocation` |
//! | direct, asynchronous | the event | the invocation's request id | the same, for a destination | the same; Lambda tries twice more | `an_asynchronous_invocation_that_lambda_repeats_makes_one_order` |
//! | Step Functions | the input, or its `Payload` | the request id, new with each attempt | the same | the same, for `Retry` and `Catch` | `a_step_function_that_tries_again_is_known_by_the_key_in_its_variables` |
//! | EventBridge rule | `detail` | the event's `id` | as asynchronous | as asynchronous | `an_eventbridge_rule_invokes_with_the_detail_of_its_event`, `an_event_that_eventbridge_delivers_again_makes_one_order` |
//! | EventBridge Scheduler | the schedule's input, or its `Payload` | the invocation's request id | as asynchronous | as asynchronous | `scheduler_invokes_with_its_input` |
//! | EventBridge Pipes, of a queue | the `body` of each record | `messageId` | `batchItemFailures` is empty | the message is one of `batchItemFailures` | `pipes_hands_over_a_list_of_messages_and_gets_back_those_that_failed` |
//! | EventBridge Pipes, with an input template | each item | request id and place | `batchItemFailures` is empty | all are tried, and the invocation fails | `pipes_tries_a_list_without_ids_again_as_a_whole` |
//! | SQS, standard | the `body` of each message | `messageId` | `batchItemFailures` is empty | the message is one of `batchItemFailures` | `a_batch_hands_back_the_messages_that_failed_and_no_other`, `a_message_that_is_delivered_again_makes_one_order` |
//! | SQS, standard with message groups ("fair") | the same | the same | the same | the same: groups order nothing | `message_groups_of_a_standard_queue_order_nothing` |
//! | SQS, FIFO (its ARN ends in `.fifo`) | the same | the same | the same | and so are those after it in its group, untried | `messages_of_one_fifo_group_are_executed_in_order_until_one_fails` |
//! | EventBridge in SQS | `detail` in the body | the event's `id` | as SQS | as SQS | `a_queue_that_a_rule_sends_to_has_events_in_it` |
//! | SNS in SQS, raw message delivery | the body | `messageId` | as SQS | as SQS | `a_queue_that_a_topic_sends_to_has_messages_or_notifications_in_it` |
//! | SNS in SQS, enveloped | `Message` in the body | SNS's `MessageId` | as SQS | as SQS | the same |
//! | SNS | `Message` | SNS's `MessageId` | as asynchronous | as asynchronous | `sns_invokes_with_its_message` |
//! | HTTP API of API Gateway, payload 2.0 | the body | caller, operation and `Idempotency-Key` | status 200 with GraphQL's answer as the body | a status that fits, and `{"errorType": ..., "errorMessage": ...}` | `an_http_request_gets_the_same_json_as_a_body`, `a_failure_of_an_http_request_is_a_status_with_the_stable_error_type` |
//! | function URL | the same | the same | the same | the same | `a_function_url_gets_what_an_http_api_gets` |
//!
//! The tests are in `integration-tests/tests/it`, `events.rs` and `reported.rs`. `errors` is there when some fields failed
//! and others did not; without any data, the operation failed. An answer that is larger than Lambda hands over is a failure,
//! `TooLarge`: see [`Answer::too_large`]. Lists, those of SQS and Pipes, are for mutations only: nobody would get the data.
//!
//! What holds no operation is refused by name, with what to switch on or to put in between: requests in payload format 1.0
//! (REST APIs, and HTTP APIs set to it), of an Application Load Balancer, of VPC Lattice and of WebSocket APIs; records of S3,
//! DynamoDB, Kinesis, Kafka, Amazon MQ and CloudWatch Logs; confirmations of SNS, records of Lambda destinations, pointers of
//! the SQS Extended Client Library. The test is `what_holds_no_operation_is_refused_by_name_with_advice`.
//!
//! Over HTTP an operation is executed as the service, too, so that not everybody with a valid token may call it: the token
//! must have one of the groups and scopes that the setting `OPERATION_CALLERS` names, and the API a JWT authorizer that has
//! verified it. Any other caller gets 403, and 401 a request that came through no authorizer.
//!
//! # Repetitions
//! Where the API knows a repetition by a key ([`Operation::CLIENT_TOKEN`](appsync::Operation::CLIENT_TOKEN)), it gets the
//! innermost one that there is: that of the variables, or else of the innermost envelope which has one, or else the request
//! id of the invocation, which stays the same when Lambda repeats an asynchronous one. With any of them, the operation is
//! also sent again at once when its answer was lost. A rule with an input transformer, or a message that was moved back from
//! a dead-letter queue, has another key than before, unless there is one inside. Step Functions can put `$$.Execution.Name`
//! into the variables, and Scheduler `<aws.scheduler.scheduled-time>`, which stay the same in all attempts.
//!
//! A mutation that has no place for a key and whose answer was lost is executed once more when its event comes again. One with
//! an expected version is not, but fails: the message of an update that succeeded then ends in the dead-letter queue as
//! `ConditionFailed`.
//!
//! ## Idempotency-Key
//! An HTTP client's key is its own: what the API gets is derived from the caller, the operation and the key, by
//! [`IdempotencyKey::for_api`]. The caller is the claim `sub` of a JWT, the ARN and the Cognito identity of IAM credentials, or
//! the whole context of a Lambda authorizer, in which nothing should change between two requests of one caller. A header
//! that is no key gets 400. An operation without a place for a key takes no notice of it.
//!
//! The same key with another body gets 422. Nothing is stored for that: the API answers a repetition with what it made the
//! first time, and [`is_result_of`] compares that with the variables. So it can only tell what the answer shows by the name
//! that it has in the variables. It does not see a member that the second body leaves out or has as null, for the API may
//! have filled it in, nor one that the operation does not select or that is called otherwise. What was changed since
//! (`version` is above 1, or `updatedAt` is not `createdAt`) is not compared: select these. Where an API does not keep what
//! it is given, but trims or rounds it, even the first request gets 422: its clients should send a key in the variables,
//! which is not compared.
//!
//! # Messages
//! Up to ten messages of a batch are executed at once; those of one FIFO message group one after the other, and after a
//! failure the rest of the group is handed back untried, so that their order holds. A message that cannot be understood is
//! handed back like any other: the queue's redrive policy moves it to the dead-letter queue, where nothing is lost.

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
