use std::{fmt, pin::Pin};

use appsync::{AppSyncClient, AppSyncError, Operation, OperationKind, OperationVisitor};
use serde_json::{Value, value::to_raw_value};

use crate::dispatch::{DispatchError, DynamicAnswer, DynamicRequest};

/// The operations that a function serves: those of one kind.
#[derive(Clone, Debug)]
pub struct Operations {
    all: Vec<DynamicOperation>,
    pub(crate) kind: OperationKind,
}

impl Operations {
    /// The queries among those that the generated `each_operation` tells.
    pub fn queries(each_operation: fn(&mut Self)) -> Self {
        Self::of(OperationKind::Query, each_operation)
    }

    /// The mutations among those that the generated `each_operation` tells.
    pub fn mutations(each_operation: fn(&mut Self)) -> Self {
        Self::of(OperationKind::Mutation, each_operation)
    }

    fn of(kind: OperationKind, each_operation: fn(&mut Self)) -> Self {
        let mut operations = Self { all: Vec::new(), kind };
        each_operation(&mut operations);
        operations
    }

    /// Executes the operation that a request names, if it is one of these, by the deadline of `client`: see
    /// [`AppSyncClient::for_invocation`].
    ///
    /// # Errors
    /// Each variant of [`DispatchError`] has a stable [`error_type`](DispatchError::error_type), made for the `errorType`
    /// of a failed Lambda invocation. An answer with data is none, even if there are errors beside the data.
    pub async fn execute(
        &self,
        client: &AppSyncClient,
        request: DynamicRequest,
    ) -> Result<DynamicAnswer, DispatchError> {
        match self.named(request.operation()).filter(|operation| operation.kind == self.kind) {
            Some(operation) => (operation.execute)(client, request).await,
            None => {
                Err(DispatchError::UnknownOperation { operation: request.operation, known: self.names().collect() })
            }
        }
    }

    /// The names of these operations.
    pub fn names(&self) -> impl Iterator<Item = &'static str> {
        self.all.iter().filter(|operation| operation.kind == self.kind).map(|operation| operation.name)
    }

    /// The operation of this name, of whatever kind.
    pub(crate) fn named(&self, name: &str) -> Option<&DynamicOperation> {
        self.all.iter().find(|operation| operation.name == name)
    }
}

impl OperationVisitor for Operations {
    fn visit<O: Operation>(&mut self) {
        self.all.push(DynamicOperation {
            name: O::NAME,
            kind: O::KIND,
            client_token: O::CLIENT_TOKEN,
            execute: |client, request| Box::pin(execute::<O>(client, request)),
        });
    }
}

/// An [`Operation`] that is chosen by its name at run time, with variables and answer as JSON.
///
/// Variables are checked by the operation's own types, and sent as they came: what is null and what is absent is for AppSync
/// to tell. The answer passes through the types.
#[derive(Clone, Copy)]
pub(crate) struct DynamicOperation {
    pub(crate) name: &'static str,
    pub(crate) kind: OperationKind,
    /// Where in its variables the key is by which the API knows a repetition.
    pub(crate) client_token: Option<&'static [&'static str]>,
    execute: Execute,
}

type Execute = for<'a> fn(&'a AppSyncClient, DynamicRequest) -> ExecuteFuture<'a>;
type ExecuteFuture<'a> = Pin<Box<dyn Future<Output = Result<DynamicAnswer, DispatchError>> + Send + 'a>>;

impl fmt::Debug for DynamicOperation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DynamicOperation").field("name", &self.name).field("kind", &self.kind).finish_non_exhaustive()
    }
}

async fn execute<O: Operation>(
    client: &AppSyncClient,
    request: DynamicRequest,
) -> Result<DynamicAnswer, DispatchError> {
    let DynamicRequest { mut variables, client_token, .. } = request;
    let has_client_token = O::CLIENT_TOKEN.is_some_and(|path| fill(&mut variables, path, client_token));
    check::<O>(&variables).map_err(|reason| DispatchError::InvalidVariables { reason })?;
    let execution = client.execute_as_given::<O>(&variables);
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
