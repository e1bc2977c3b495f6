//! Checks the values of variables before the engine coerces them, to say in AppSync's words what is wrong.

use apollo_compiler::Schema;
use apollo_compiler::executable::Operation;
use apollo_compiler::parser::SourceSpan;
use apollo_compiler::schema::{ExtendedType, InputObjectType, Type};
use serde_json::{Map, Value};

use super::scalars;

#[derive(Debug)]
pub(super) struct Problem {
    pub(super) message: String,
    /// Where the variable is declared.
    pub(super) location: Option<SourceSpan>,
}

pub(super) fn check(schema: &Schema, operation: &Operation, values: &Map<String, Value>) -> Result<(), Problem> {
    for variable in &operation.variables {
        let checked = match values.get(variable.name.as_str()) {
            None if variable.default_value.is_some() => Ok(()),
            None => check_value(schema, &variable.name, &variable.name, &variable.ty, &Value::Null),
            Some(value) => check_value(schema, &variable.name, &variable.name, &variable.ty, value),
        };
        checked.map_err(|message| Problem { message, location: variable.location() })?;
    }
    Ok(())
}

/// `variable` is the one that was sent, `name` the innermost named thing in it that has this type.
fn check_value(schema: &Schema, variable: &str, name: &str, ty: &Type, value: &Value) -> Result<(), String> {
    if value.is_null() {
        return if ty.is_non_null() {
            Err(format!("Variable '{name}' has coerced Null value for NonNull type '{ty}'"))
        } else {
            Ok(())
        };
    }
    let type_name = match (ty, value) {
        (Type::List(inner) | Type::NonNullList(inner), Value::Array(items)) => {
            return items.iter().try_for_each(|item| check_value(schema, variable, name, inner, item));
        }
        // A single value stands for a list of one.
        (Type::List(inner) | Type::NonNullList(inner), value) => {
            return check_value(schema, variable, name, inner, value);
        }
        (Type::Named(type_name) | Type::NonNullNamed(type_name), _) => type_name,
    };
    let fits = match (schema.types.get(type_name), value) {
        (Some(ExtendedType::InputObject(input)), Value::Object(fields)) => {
            return check_fields(schema, variable, input, fields);
        }
        (Some(ExtendedType::Enum(definition)), Value::String(text)) => definition.values.contains_key(text.as_str()),
        (Some(ExtendedType::Scalar(_)), value) => is_scalar(type_name, value),
        _ => false,
    };
    if fits { Ok(()) } else { Err(format!("Variable '{variable}' has an invalid value.")) }
}

fn check_fields(
    schema: &Schema,
    variable: &str,
    input: &InputObjectType,
    fields: &Map<String, Value>,
) -> Result<(), String> {
    if let Some(unknown) = fields.keys().find(|field| !input.fields.contains_key(field.as_str())) {
        // The space at the end is AppSync's.
        return Err(format!(
            "The variables input contains a field name '{unknown}' that is not defined for input object type '{}' ",
            input.name
        ));
    }
    input.fields.values().try_for_each(|field| match fields.get(field.name.as_str()) {
        None if field.default_value.is_some() => Ok(()),
        None => check_value(schema, variable, &field.name, &field.ty, &Value::Null),
        Some(value) => check_value(schema, variable, &field.name, &field.ty, value),
    })
}

fn is_scalar(name: &str, value: &Value) -> bool {
    match name {
        "Int" => value.as_i64().is_some_and(|number| i32::try_from(number).is_ok()),
        "Float" => value.is_number(),
        "String" => value.is_string(),
        "Boolean" => value.is_boolean(),
        "ID" => value.is_string() || value.is_i64(),
        name => scalars::accepts(name, value),
    }
}
