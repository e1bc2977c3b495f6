use std::{fmt, pin::Pin};

use graphql_client::GraphQLQuery;
use serde::{Serialize, de::DeserializeOwned};
use serde_json::{Value, value::to_raw_value};

use crate::{AppSyncClient, AppSyncError, Deadline, DynamicAnswer, DynamicRequest};

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

/// An [`Operation`] that is chosen by its name at run time, with variables and answer as JSON.
///
/// Variables are checked by the operation's own types, and sent as they came: what is null and what is absent is for AppSync
/// to tell. The answer passes through the types.
#[derive(Clone, Copy)]
pub struct DynamicOperation {
    name: &'static str,
    kind: OperationKind,
    client_token: Option<&'static [&'static str]>,
    execute: Execute,
}

type Execute = for<'a> fn(&'a AppSyncClient, DynamicRequest, Deadline) -> ExecuteFuture<'a>;
type ExecuteFuture<'a> = Pin<Box<dyn Future<Output = Result<DynamicAnswer, DynamicError>> + Send + 'a>>;

impl DynamicOperation {
    /// The operation `O`.
    pub const fn of<O: Operation>() -> Self {
        Self {
            name: O::NAME,
            kind: O::KIND,
            client_token: O::CLIENT_TOKEN,
            execute: |client, request, deadline| Box::pin(execute::<O>(client, request, deadline)),
        }
    }

    /// The operation's name.
    pub const fn name(&self) -> &'static str {
        self.name
    }

    /// The operation's kind.
    pub const fn kind(&self) -> OperationKind {
        self.kind
    }

    /// Where in its variables the key is by which the API knows a repetition: [`Operation::CLIENT_TOKEN`].
    pub const fn client_token(&self) -> Option<&'static [&'static str]> {
        self.client_token
    }

    /// Executes it with the variables of `request`.
    ///
    /// A mutation that has a key by which the API knows a repetition is sent as an idempotent one.
    ///
    /// # Errors
    /// When the variables do not fit the operation, nothing is sent; else as
    /// [`Partial::require_data`](crate::Partial::require_data).
    pub async fn execute(
        &self,
        client: &AppSyncClient,
        request: DynamicRequest,
        deadline: Deadline,
    ) -> Result<DynamicAnswer, DynamicError> {
        (self.execute)(client, request, deadline).await
    }
}

impl fmt::Debug for DynamicOperation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DynamicOperation").field("name", &self.name).field("kind", &self.kind).finish_non_exhaustive()
    }
}

/// Why a [`DynamicOperation`] gave no answer.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DynamicError {
    /// The variables do not fit the operation; nothing was sent.
    #[error("{0}")]
    Variables(String),
    /// The operation failed.
    #[error(transparent)]
    AppSync(#[from] AppSyncError),
}

async fn execute<O: Operation>(
    client: &AppSyncClient,
    request: DynamicRequest,
    deadline: Deadline,
) -> Result<DynamicAnswer, DynamicError> {
    let DynamicRequest { mut variables, client_token, .. } = request;
    let has_client_token = O::CLIENT_TOKEN.is_some_and(|path| fill(&mut variables, path, client_token));
    check::<O>(&variables).map_err(DynamicError::Variables)?;
    let execution = client.execute_as_given::<O>(&variables).until(deadline);
    let execution = if has_client_token { execution.idempotent() } else { execution };
    let (data, errors) = execution.partial().await?.require_data()?;
    let data = to_raw_value(&data).map_err(AppSyncError::unwritable)?;
    Ok(DynamicAnswer { data, errors })
}

/// Puts `token` at `path` if there is nothing. Returns whether something is there now.
fn fill(variables: &mut Value, path: &[&str], token: Option<String>) -> bool {
    let Some((last, parents)) = path.split_last() else { return false };
    let object = parents.iter().try_fold(variables, |value, name| value.get_mut(name));
    let Some(Value::Object(object)) = object else { return false };
    if object.get(*last).is_none_or(Value::is_null)
        && let Some(token) = token
    {
        object.insert((*last).to_owned(), Value::String(token));
    }
    object.get(*last).is_some_and(|token| !token.is_null())
}

/// Whether these can be the variables of `O`; says what is wrong with them, without showing a value.
fn check<O: Operation>(variables: &Value) -> Result<(), String> {
    let name = O::NAME;
    let Value::Object(given) = variables else {
        return Err(format!("the variables of {name} should be a JSON object"));
    };
    if let Some(unknown) = given.keys().find(|key| !O::VARIABLES.contains(&key.as_str())) {
        return Err(format!("{name} has no variable `{unknown}`; it takes {}", list(O::VARIABLES)));
    }
    let typed: Result<O::Variables, _> = serde_path_to_error::deserialize(variables);
    typed.map(drop).map_err(|error| match error.path().to_string().as_str() {
        "." => format!("variables of {name}: {}", reason(error.inner())),
        path => format!("variable `{path}` of {name}: {}", reason(error.inner())),
    })
}

fn list(names: &[&str]) -> String {
    match names {
        [] => "none".to_owned(),
        names => names.join(", "),
    }
}

/// What a value should have been, without the value itself: serde's messages show it.
fn reason(error: &serde_json::Error) -> String {
    let message = error.to_string();
    // The last one: the value itself may contain these words.
    match message.rsplit_once(", expected ") {
        Some((_value, expected)) => format!("expected {expected}"),
        None if message.starts_with("missing field") => message,
        None => "not valid".to_owned(),
    }
}
