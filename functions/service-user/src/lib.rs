//! Creates, changes, repairs, rotates and deletes the service user, so that no human ever sees its password.
//!
//! | event | from | what happens |
//! | --- | --- | --- |
//! | `{"RequestType": "Create" \| "Update" \| "Delete", ...}` | CloudFormation, as a custom resource | creates, changes or deletes the user, its group and its SSM parameters as the environment says |
//! | `{"RequestType": "Rotate"}` | a schedule, or by hand | the functions get another user with a new password; no call fails |
//! | `{"RequestType": "Publish"}` | a schedule, or by hand | signs in and publishes the token, so that the functions need not sign in |
//! | `{"RequestType": "Age"}` | a schedule | writes the password's age as a metric, so that an alarm notices missing rotations |
//! | `{"RequestType": "Repair"}` | by hand | restores what was lost or damaged of the user, its group and its parameters |
//!
//! # The custom resource
//! The function's environment defines the service user ([`startup::WantedServiceUser`]); no event changes that. The
//! properties of the custom resource repeat it, because CloudFormation requests an update when they change.
//!
//! CloudFormation always gets a response: with invalid environment variables, after an error, after a panic, and before Lambda's
//! timeout. The response says what is wrong and contains no secret. Events are idempotent, so a delivery may be repeated. A stored
//! password that works is kept, so an update breaks no running function.
//!
//! # Ownership
//! The parameter `PREFIX/owner` names the stack that owns the parameters under the prefix, and the names of the two
//! users end with the stack's id. So no stack changes or deletes another stack's users and parameters, in whatever
//! order stacks are created and deleted. Parameters that were created by hand are refused, unless the environment says
//! to adopt them: then `owner` keeps their old values, and deleting the resource restores them.
//!
//! Another pool, user name, prefix or key means another service user, and is refused: deploy a second stack, switch to it, and
//! delete the first. So a rollback finds everything unchanged.
//!
//! # Rotation
//! A Cognito user has one password, so a sign-in between setting and storing a new one would fail. Therefore two users
//! take turns: the idle user gets a new password and its group and must sign in, before one write makes it the active
//! user. If a rotation is interrupted, the active user is unchanged, and the next rotation starts again. The previous
//! password stays valid until the next rotation: if it leaked, rotate twice.
//!
//! A rotation detects a concurrent one and starts again; until then, some sign-ins may fail. Do not start a second
//! rotation while one runs, or allow one invocation at a time (`ReservedConcurrentExecutions: 1`).

mod handler;
mod service_user;

mod custom_resource;
mod resource;
mod rotation;

mod age;
mod publish;

mod metrics;
mod names;
mod parameters;
mod password;
mod pool;

mod cloud_formation;
mod error;

pub use error::ServiceUserError;
pub use handler::handle;
pub use service_user::ServiceUser;
