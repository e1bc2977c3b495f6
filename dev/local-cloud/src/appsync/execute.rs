//! Validates and executes a request against the served schema.

use std::sync::Mutex;

use apollo_compiler::ast::OperationType;
use apollo_compiler::resolvers::{Execution, FieldError, ObjectValue, ResolveInfo, ResolvedValue};
use apollo_compiler::response::{JsonMap, JsonValue, serde_json_bytes};
use apollo_compiler::schema::{ExtendedType, Type};
use apollo_compiler::validation::Valid;
use apollo_compiler::{ExecutableDocument, Schema};
use serde::Serialize;
use serde_json::{Map, Value};

use super::answers::Answers;
use super::authorize::Caller;
use super::failure::{Failure, Problem, before_execution, render};
use super::orders::store::Orders;
use super::request::GraphQlRequest;
use super::resolve::Resolve;
use super::{directives, resolvers, validate, variables};
use crate::lock::lock;

/// The JSON of an answer: `data` always, `errors` only if there are some.
#[derive(Serialize)]
pub(super) struct Response {
    data: Option<JsonMap>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    errors: Vec<Value>,
}

impl Response {
    fn failed(errors: Vec<Value>) -> Self {
        Self { data: None, errors }
    }

    /// For the record of calls.
    pub(super) fn outcome(&self) -> String {
        match self.errors.first() {
            None => "ok".to_owned(),
            Some(error) => error.get("errorType").and_then(Value::as_str).unwrap_or("GraphQL error").to_owned(),
        }
    }

    pub(super) fn into_json(self) -> String {
        serde_json::to_string(&self).expect("it is made of JSON")
    }
}

pub(super) fn execute(
    schema: &Valid<Schema>,
    answers: &Answers,
    orders: &Mutex<Orders>,
    request: &GraphQlRequest,
    caller: &Caller,
    now_millis: i64,
) -> Response {
    let document = match ExecutableDocument::parse_and_validate(schema, request.query.as_str(), "query.graphql") {
        Ok(document) => document,
        Err(problems) => return Response::failed(validate::explain(schema, request, &problems.errors)),
    };
    let wrong_literals = validate::wrong_literals(schema, request, &document);
    if !wrong_literals.is_empty() {
        return Response::failed(wrong_literals);
    }
    let operation = match document.operations.get(request.operation_name.as_deref()) {
        Ok(operation) => operation,
        Err(error) => return Response::failed(vec![before_execution(error.message().to_string(), None)]),
    };
    if operation.operation_type == OperationType::Subscription {
        let message = "local-cloud does not serve subscriptions: they need AppSync's real-time endpoint";
        return Response::failed(vec![before_execution(message, None)]);
    }
    if let Err(problem) = variables::check(schema, operation, &request.variables) {
        let at = problem.location.and_then(|location| location.line_column(&document.sources));
        return Response::failed(vec![before_execution(problem.message, at)]);
    }

    let run = Run { schema, answers, orders, caller, now_millis };
    let root = Object { run: &run, type_name: operation.object_type().to_string(), is_root: true, fields: Map::new() };
    let variables = to_engine(&Value::Object(request.variables.clone()));
    let variables = variables.as_object().cloned().unwrap_or_default();
    let execution = Execution::new(schema, &document)
        .operation(operation)
        .raw_variable_values(&variables)
        .enable_schema_introspection(true);
    match execution.execute_sync(&root) {
        Ok(response) => Response { data: response.data, errors: response.errors.iter().map(render).collect() },
        Err(error) => Response::failed(vec![before_execution(error.message().to_string(), None)]),
    }
}

/// One execution.
struct Run<'a> {
    schema: &'a Schema,
    answers: &'a Answers,
    orders: &'a Mutex<Orders>,
    caller: &'a Caller,
    now_millis: i64,
}

/// An object of the answer: what its resolver gave, field by field.
struct Object<'a> {
    run: &'a Run<'a>,
    type_name: String,
    is_root: bool,
    fields: Map<String, Value>,
}

impl ObjectValue for Object<'_> {
    fn type_name(&self) -> &str {
        &self.type_name
    }

    fn resolve_field<'a>(&'a self, info: &'a ResolveInfo<'a>) -> Result<ResolvedValue<'a>, FieldError> {
        self.value_of(info)
            .and_then(|value| self.resolved(value, info.field_definition().ty.clone(), info.field_name()))
            .map_err(Problem::into_field_error)
    }
}

impl<'r> Object<'r> {
    fn value_of(&self, info: &ResolveInfo<'_>) -> Result<Value, Problem> {
        let field = info.field_name();
        let definition = info.field_definition();
        if !directives::allow(info.schema(), &self.type_name, definition, self.run.caller) {
            return Err(Failure::unauthorized(&self.type_name, field).into());
        }
        let value = if let Some(answer) = self.run.answers.find(&self.type_name, field) {
            answer(&arguments(info))
        } else if let Some(resolver) = resolvers::find(&self.type_name, field) {
            resolver(Resolve {
                arguments: arguments(info).as_object().cloned().unwrap_or_default(),
                source: &self.fields,
                caller: self.run.caller,
                orders: &mut lock(self.run.orders),
                now_millis: self.run.now_millis,
            })?
        } else if self.is_root {
            return Err(resolvers::missing(&self.type_name, field).into());
        } else {
            self.fields.get(field).cloned().unwrap_or(Value::Null)
        };
        if value.is_null() && definition.ty.is_non_null() {
            let ty = definition.ty.inner_named_type().to_string();
            return Err(Problem::Null { ty, parent: self.type_name.clone() });
        }
        Ok(value)
    }

    fn resolved<'a>(&self, value: Value, ty: Type, field: &str) -> Result<ResolvedValue<'a>, Problem>
    where
        'r: 'a,
    {
        match (value, ty) {
            (Value::Array(items), Type::List(inner) | Type::NonNullList(inner)) => {
                let items: Result<Vec<_>, _> =
                    items.into_iter().map(|item| self.resolved(item, (*inner).clone(), field)).collect();
                Ok(ResolvedValue::list(items?))
            }
            (Value::Object(fields), Type::Named(name) | Type::NonNullNamed(name)) => {
                let type_name = match self.run.schema.types.get(&name) {
                    Some(ExtendedType::Object(_)) => name.to_string(),
                    Some(ExtendedType::Interface(_) | ExtendedType::Union(_)) => {
                        let concrete = fields.get("__typename").and_then(Value::as_str);
                        let missing =
                            || Failure::new("MissingTypename", format!("{field} needs a __typename to be a {name}"));
                        concrete.ok_or_else(missing)?.to_owned()
                    }
                    _ => return Ok(ResolvedValue::Leaf(to_engine(&Value::Object(fields)))),
                };
                Ok(ResolvedValue::object(Object { run: self.run, type_name, is_root: false, fields }))
            }
            (value, _) => Ok(ResolvedValue::Leaf(to_engine(&value))),
        }
    }
}

/// As the schema says: coerced, with defaults.
fn arguments(info: &ResolveInfo<'_>) -> Value {
    let mut arguments = serde_json::to_value(info.arguments()).expect("arguments are JSON");
    for argument in &info.field_definition().arguments {
        if let Some(value) = arguments.get_mut(argument.name.as_str()) {
            write_ids_as_text(info.schema(), &argument.ty, value);
        }
    }
    arguments
}

fn to_engine(value: &Value) -> JsonValue {
    serde_json_bytes::to_value(value).expect("JSON is JSON")
}

/// An ID may be given as an integer, and is a string: the engine leaves it as it is.
fn write_ids_as_text(schema: &Schema, ty: &Type, value: &mut Value) {
    let name = ty.inner_named_type();
    match value {
        Value::Number(number) if name == "ID" => *value = number.to_string().into(),
        Value::Array(items) => items.iter_mut().for_each(|item| write_ids_as_text(schema, ty, item)),
        Value::Object(fields) => {
            let Some(ExtendedType::InputObject(input)) = schema.types.get(name) else { return };
            for (name, value) in fields {
                if let Some(field) = input.fields.get(name.as_str()) {
                    write_ids_as_text(schema, &field.ty, value);
                }
            }
        }
        _ => {}
    }
}
