//! Creates, changes, repairs, rotates and deletes the service user, so that no human ever sees its password.
//!
//! | event | from | what happens |
//! | --- | --- | --- |
//! | `{"RequestType": "Create" \| "Update" \| "Delete", ...}` | CloudFormation, as a custom resource | the user, its group and its SSM parameters become what the environment says |
//! | `{"RequestType": "Rotate"}` | a schedule, or by hand | the functions get another user with a new password, and not one of their calls fails |
//! | `{"RequestType": "Publish"}` | a schedule, or by hand | a token is signed in for and published, so that the functions need not sign in |
//! | `{"RequestType": "Age"}` | a schedule | the password's age becomes a metric, so that an alarm sees when no rotation ran |
//! | `{"RequestType": "Repair"}` | by hand | what was lost or damaged of the user, its group and its parameters comes back |
//!
//! # The custom resource
//! What the service user should be is in the function's environment ([`startup::WantedServiceUser`]), and no event changes
//! it. The properties of the custom resource repeat it, because CloudFormation asks for an update when they change.
//!
//! CloudFormation gets an answer whatever happens: when the environment is not complete, after an error, after a panic,
//! and before Lambda's time is up. What it gets says what is wrong, and no secret. The same event twice leads to the same
//! state, so that a delivery may be repeated. A stored password that signs in is kept: an update breaks no function that
//! runs.
//!
//! # Whose it is
//! The parameter `PREFIX/owner` names the stack that the parameters under the prefix belong to, and the names of the two
//! users end with the stack's id: no stack changes or deletes what is another one's, in whatever order they come and go.
//! Parameters that were made by hand are refused, or adopted if the environment says so: then `owner` keeps what they
//! were, and deleting the resource puts them back.
//!
//! Another pool, user name, prefix or key is another service user. It is refused: deploy a second stack, switch to it, and
//! delete the first one. So a rollback finds everything where it was.
//!
//! # Rotation
//! A Cognito user has one password, so between setting it and storing it a sign-in would fail. Two users take turns
//! instead: the idle one gets a new password and its group and has to sign in, before one write makes it the active one.
//! Whatever is interrupted, the active user is as it was, and the next rotation begins anew. The password that was active
//! before is good until the rotation after: if it leaked, rotate twice.
//!
//! A rotation that meets another one notices and begins anew; but until then, some sign-ins may fail. Start no second one
//! while one runs, or let one invocation run at a time (`ReservedConcurrentExecutions: 1`).

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
