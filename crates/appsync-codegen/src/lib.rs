#![doc = include_str!("../README.md")]
//! # What is generated
//! For an operation `GetOrder`, or `getOrder`:
//! - `GetOrder`, which implements `appsync::Operation` and `graphql_client::GraphQLQuery`: its name, kind and document,
//! - `get_order::Variables` and `get_order::ResponseData`,
//! - and for all operations together `types` (enums and inputs), `fragments`, and `each_operation`, which tells the queries and
//!   mutations to an `appsync::OperationVisitor`: for a caller that chooses one by name at run time.
//!
//! | GraphQL | Rust |
//! | --- | --- |
//! | `null` in an answer | `None` |
//! | a field that `@include` or `@skip` may leave out | `Option`, or `appsync::Patch` if it may be null too |
//! | optional variable, optional member of an input | `appsync::Patch`: absent, null or a value |
//! | one with a default that may not be null | `Option`; AppSync fills in the default |
//! | variable or member that the schema does not have | refused when decoding |
//! | enum | enum with the names of the schema, and `Other(String)` for values it does not have yet |
//! | union or interface of which parts are selected | enum of these parts; `Other` has what is selected of all types |
//! | interface of which no parts are selected, object | struct |
//! | selection that is one fragment on the same type | the fragment's type, `fragments::OrderFields` |
//! | fragment beside other fields | its fields, in the struct |
//! | `AWSDateTime` and AppSync's other scalars | the type of the same name in `appsync::scalars` |
//! | `Int` | `i32`, as the specification says |
//!
//! An input, or variables, of which some are optional and some are not have `new`, with what is required:
//! `UpdateOrderInput { note: Patch::Null, ..UpdateOrderInput::new(id, 3) }`. If all are optional, there is `Default`.
//!
//! An answer that is decoded and encoded again is the same JSON, except for members that were not selected. An enum of parts
//! is decoded by `serde_json` only, and not inside of `#[serde(flatten)]` or an untagged or tagged enum of your own.
//!
//! The document that is sent has the operation and the fragments it spreads, on one line and without comments. `__typename` is
//! added where the parts of a union or an interface are told apart by it.
//!
//! Names stay GraphQL's, in Rust's case for fields and modules. One that Rust or the generated code keeps for itself ends in
//! `_`: `type_`, `Option_`. Of names that are one in Rust, such as `fooBar` and `foo_bar`, the second ends in `_2`.
//!
//! # Warnings
//! A file that is not used, for it has another ending or nothing but comments; those whose names begin with a dot are an editor's.
//! A fragment that no operation spreads. A directive of the schema that this crate does not know. And a mutation that leaves out
//! fields which a subscription on it may select, for AppSync sends subscribers what the mutation selected, and null for the rest.
//! `# subscribers may miss fields` in the operation, or in front of it, says that this is meant. Objects inside of others that lead
//! back to these, as the two ends of a relation do, are not missed.
//!
//! # What AppSync brings
//! Its scalars (`AWSDateTime`) and directives (`@aws_auth`) are built in; a schema may declare them too.
//! `graphql/prelude.graphql` is read in addition, for directives that this crate does not know yet; what it declares counts more
//! than what is built in, and what the schema itself declares counts most.

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
