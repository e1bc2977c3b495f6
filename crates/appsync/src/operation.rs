use graphql_client::GraphQLQuery;
use serde::{Serialize, de::DeserializeOwned};

/// What the generated code says about one GraphQL operation, beyond the types of its variables and its answer.
///
/// `appsync-codegen` implements it for each `.graphql` file.
pub trait Operation:
    GraphQLQuery<Variables: Serialize + DeserializeOwned + Send, ResponseData: Serialize + Send> + 'static
{
    /// The operation's name, such as `GetOrder`.
    const NAME: &'static str;
    /// Whether it reads, writes or subscribes.
    const KIND: OperationKind;
    /// The document that is sent: the operation and the fragments it spreads.
    const DOCUMENT: &'static str;
    /// The names of its variables.
    const VARIABLES: &'static [&'static str];
    /// Where in its variables the key is by which the API knows a repetition of it, such as `["input", "clientToken"]`;
    /// `None` if it has none.
    const CLIENT_TOKEN: Option<&'static [&'static str]> = None;
}

/// What is to be done with each operation of a project: the generated `each_operation` calls it for every query and mutation.
/// A table by name for operations that are chosen at run time can be made with it.
pub trait OperationVisitor {
    /// Is called for the operation `O`.
    fn visit<O: Operation>(&mut self);
}

/// The three kinds of GraphQL operations.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OperationKind {
    /// Reads.
    Query,
    /// Writes.
    Mutation,
    /// Stays open; AppSync serves these over WebSockets only, which this client does not speak.
    Subscription,
}
