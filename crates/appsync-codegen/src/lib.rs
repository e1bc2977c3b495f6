#![doc = include_str!("../README.md")]
//! # What is generated
//! For an operation `GetOrder`, or `getOrder`:
//! - `GetOrder`, which implements `appsync::Operation` and `graphql_client::GraphQLQuery`: its name, kind and document,
//! - `get_order::Variables` and `get_order::ResponseData`,
//! - for all operations together: `types` (enums and inputs), `fragments`, and `each_operation`, which passes each query and
//!   mutation to an `appsync::OperationVisitor`, so that a caller can choose an operation by name at run time.
//!
//! | GraphQL | Rust |
//! | --- | --- |
//! | `null` in a response | `None` |
//! | field that `@include` or `@skip` may leave out | `Option`, or `appsync::Patch` if it is also nullable |
//! | optional variable, optional member of an input | `appsync::Patch`: absent, null or a value |
//! | non-null variable or member with a default | `Option`; AppSync fills in the default |
//! | variable or member that the schema does not have | an error when decoding |
//! | enum | enum with the schema's names, and `Other(String)` for values that are not in the schema yet |
//! | union or interface with selections on some of its types | enum of these types; `Other` has the fields that are selected on all types |
//! | interface without such selections, object | struct |
//! | selection of only one fragment on the same type | the fragment's type, `fragments::OrderFields` |
//! | fragment together with other fields | its fields, in the struct |
//! | `AWSDateTime` and AppSync's other scalars | the type of the same name in `appsync::scalars` |
//! | `Int` | `i32`, as the specification says |
//!
//! If some members of an input, or some variables, are required, `new` takes these:
//! `UpdateOrderInput { note: Patch::Null, ..UpdateOrderInput::new(id, 3) }`. If all are optional, use `Default`.
//!
//! A response that is decoded and encoded again is the same JSON, without members that were not selected. Only `serde_json`
//! decodes the enum of a union or an interface, and not inside `#[serde(flatten)]` or your own untagged or tagged enum.
//!
//! The sent document has the operation and the fragments that it spreads, on one line and without comments. `__typename` is
//! added where it distinguishes the types of a union or an interface.
//!
//! Names are GraphQL's, in Rust's case for fields and modules. A name that is reserved by Rust or the generated code gets a
//! final `_`: `type_`, `Option_`. If two names are equal in Rust, such as `fooBar` and `foo_bar`, the second gets `_2`.
//!
//! # Warnings
//! The build warns of:
//! - a file that is not used, because it has another extension or only comments (files whose names begin with a dot are ignored);
//! - a fragment that no operation spreads;
//! - a directive of the schema that this crate does not know;
//! - a mutation that leaves out fields that a subscription on it may select: AppSync sends subscribers the mutation's selection,
//!   and null for the other fields. The comment `# subscribers may miss fields` in or before the operation disables this. Nested
//!   objects that lead back to their parent, as in a relation, may be left out.
//!
//! # AppSync's own definitions
//! AppSync's scalars (`AWSDateTime`) and directives (`@aws_auth`) are built in; a schema may declare them too. Declare directives
//! that this crate does not know in `graphql/prelude.graphql`. It overrides the built-in definitions, and the schema overrides
//! both.

mod codegen;
mod error;
mod problem;

mod documents;
mod files;
mod schema;
mod subscribers;
mod suggest;

mod answer;
mod generated;
mod input;
mod names;
mod selection;
mod text;

pub use codegen::Codegen;
pub use error::Error;
pub use problem::Problem;
