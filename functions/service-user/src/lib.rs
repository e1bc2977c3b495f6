//! Creates, changes, rotates and deletes the service user, so that no human ever sees its password.
//!
//! | event | from | what happens |
//! | --- | --- | --- |
//! | `{"RequestType": "Create" \| "Update" \| "Delete", ...}` | CloudFormation, as a custom resource | the user, its group and its SSM parameters become what the properties say |
//! | `{"RequestType": "Rotate"}` | a schedule, or by hand | the functions get another user with a new password, and not one of their calls fails |
//!
//! # The custom resource
//!
//! | property | what it should be |
//! | --- | --- |
//! | `UserPoolId`, `ClientId` | the user pool, and its app client, which allows `ALLOW_ADMIN_USER_PASSWORD_AUTH` |
//! | `Group` | the group that the service user belongs to; it belongs to no other |
//! | `Username` | what the users are called after: `orders` gives `orders-a` and `orders-b`; where a pool wants e-mail addresses, `orders@example.com` gives `orders-a@example.com` and `orders-b@example.com` |
//! | `ParametersPrefix` | where the SSM parameters are, such as `/orders/service-user` |
//! | `ParametersKeyArn` | the KMS key that they are encrypted with, if it is not the account's own key for SSM |
//!
//! CloudFormation gets an answer whatever happens: after an error, after a panic, and before Lambda's time is up. What
//! it gets says what is wrong, and no secret. The same event twice leads to the same state, so that a delivery may be
//! repeated, and a user who exists already is taken over. A stored password that signs in is kept: an update breaks no
//! function that runs.
//!
//! Another pool, user name or prefix is another resource: CloudFormation creates it first and has the old one deleted
//! afterwards, which leaves alone what belongs to the new one by then. A new pool under the same prefix is several
//! writes, between which a sign-in fails: give it a new prefix.
//!
//! # Rotation
//! A Cognito user has one password, so between setting it and storing it a sign-in would fail. Two users take turns
//! instead: the idle one gets a new password and the groups of the active one and has to sign in, before one write
//! makes it the active one. Whatever is interrupted, the active user is as it was, and the next rotation begins anew.
//! The password that was active before is good until the rotation after: if it leaked, rotate twice.
//!
//! A rotation that meets another one notices and begins anew; but until then, some sign-ins may fail. Start no second one
//! while one runs, or let one invocation run at a time (`ReservedConcurrentExecutions: 1`).

mod handler;

mod custom_resource;
mod event;
mod resource;
mod rotation;

mod parameters;
mod password;
mod pool;

mod cloud_formation;
mod error;

pub use error::ServiceUserError;
pub use handler::{ServiceUser, handle};
