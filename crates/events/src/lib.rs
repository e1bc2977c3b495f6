//! The events that invoke `query` and `mutate`, each answered as its sender expects.
//!
//! All of them name one operation and carry its variables:
//!
//! ```json
//! {"operation": "CancelOrder", "variables": {"id": "order-1", "expectedVersion": 1}}
//! ```
//!
//! | sender | where it is in the event | success | failure |
//! | --- | --- | --- | --- |
//! | the console, Step Functions, another function | the event | GraphQL's own `{"data": ..., "errors": ...}` | the invocation fails with a stable `errorType` |
//! | an EventBridge rule | `detail` | | the invocation fails; EventBridge tries again |
//! | an HTTP API of API Gateway, payload 2.0 | the body | status 200 with the same as the body | a status that fits, and `{"errorType": ..., "errorMessage": ...}` |
//! | an SQS queue, mutations only | the body of each message | | the message is one of `batchItemFailures` |
//!
//! `errors` is there when some fields failed and others did not; without any data, the operation failed. An answer that is larger
//! than Lambda hands over is a failure, `TooLarge`: see [`Answer::too_large`].
//!
//! Over HTTP an operation is executed as the service, too, so that not everybody with a valid token may call it: the token
//! must have one of the groups and scopes that the setting `OPERATION_CALLERS` names, and the API a JWT authorizer that has
//! verified it. Any other caller gets 403, and 401 a request that came through no authorizer.
//!
//! # Repetitions
//! EventBridge and SQS deliver more than once at times, and the HTTP client of an impatient caller asks again. Where the API
//! knows a repetition by a key ([`Operation::CLIENT_TOKEN`](appsync::Operation::CLIENT_TOKEN)) and the variables have
//! none, it is the id of the event or the message, or the header `Idempotency-Key` of the request. A message that was moved
//! back from a dead-letter queue has a new id: it is a new request then, unless its variables have a key.
//!
//! A mutation that has no such key and whose answer was lost is executed once more when its event comes again. One with an
//! expected version is not, but fails: the message of an update that succeeded then ends in the dead-letter queue as
//! `ConditionFailed`.
//!
//! # Messages
//! Up to ten messages of a batch are executed at once; those of one FIFO message group one after the other, and after a
//! failure the rest of the group is handed back untried, so that their order holds. A message that cannot be understood is
//! handed back like any other: the queue's redrive policy moves it to the dead-letter queue, where nothing is lost.

mod answer_size;
mod callers;
mod handle;

mod batch;
mod envelope;
mod http;
mod idempotency;

pub use handle::{Answer, Operations, handle};
pub use idempotency::{IdempotencyKey, is_result_of};
