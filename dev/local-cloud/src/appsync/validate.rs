//! Validation errors in AppSync's words: `Validation error of type FieldUndefined: Field 'x' in type 'Y' is undefined @ 'getOrder/x'`.

mod place;

use apollo_compiler::ast;
use apollo_compiler::diagnostic::ToCliReport as _;
use apollo_compiler::executable::{Field, SelectionSet};
use apollo_compiler::schema::{ExtendedType, Type};
use apollo_compiler::validation::DiagnosticList;
use apollo_compiler::{ExecutableDocument, Node, Schema};
use serde_json::{Number, Value};

use self::place::{Place, describe};
use super::failure::before_execution;
use super::request::GraphQlRequest;
use super::scalars;

/// Every problem that the engine found, as AppSync (which runs graphql-java) would word it.
pub(super) fn explain(schema: &Schema, request: &GraphQlRequest, problems: &DiagnosticList) -> Vec<Value> {
    let mut errors = Vec::new();
    for problem in problems.iter() {
        let offset = problem.error.location().map(|location| location.offset());
        let place = offset.map(|offset| Place::find(schema, &request.document, offset)).unwrap_or_default();
        let text = problem.error.to_string();
        let names: Vec<&str> = text.split('`').skip(1).step_by(2).map(|name| name.trim_start_matches('$')).collect();
        let kind = problem.error.unstable_error_name().unwrap_or("InvalidSyntax");
        // The engine drops an undefined field, and then misses what was inside.
        let consequence = match kind {
            "MissingSubselection" => place.has_selection(),
            "UnusedVariable" => names.first().is_some_and(|name| uses_variable(&request.query, name)),
            _ => false,
        };
        if !consequence {
            let at = problem.line_column_range().map(|range| range.start);
            errors.push(before_execution(place.located(&reword(kind, &text, &names, &place)), at));
        }
    }
    errors
}

/// Whether a variable is named somewhere else than in its declaration.
fn uses_variable(query: &str, name: &str) -> bool {
    let is_name = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let mentions = query.split('$').skip(1).filter(|rest| rest.split(|c| !is_name(c)).next() == Some(name));
    mentions.count() > 1
}

/// The engine's words quote the names in question between backquotes.
fn reword(kind: &str, text: &str, names: &[&str], place: &Place) -> String {
    let name = |index: usize| names.get(index).copied().unwrap_or("?");
    let field = place.path.last().map_or("?", String::as_str);
    match kind {
        "UndefinedField" => format!("FieldUndefined: Field '{}' in type '{}' is undefined", name(1), name(0)),
        "UndefinedArgument" => format!("UnknownArgument: Unknown field argument {}", name(0)),
        "RequiredArgument" => {
            // `Query.getOrder(id:)`
            let argument = name(0).rsplit_once('(').map_or(name(0), |(_, rest)| rest.trim_end_matches([':', ')']));
            format!("MissingFieldArgument: Missing field argument {argument}")
        }
        "RequiredField" => {
            let missing = name(0).rsplit_once('.').map_or(name(0), |(_, field)| field);
            format!("WrongType: {} is missing required fields '[{missing}]'", place.argument())
        }
        "UndefinedInputValue" => {
            format!("WrongType: {} contains a field not in '{}': '{}'", place.argument(), name(1), name(0))
        }
        "UnsupportedValueType" | "UndefinedEnumValue" | "IntCoercionError" | "FloatCoercionError" => {
            format!("WrongType: {} is not a valid '{}'", place.argument(), place.argument_type())
        }
        "DisallowedVariableUsage" => {
            format!("VariableTypeMismatch: Variable type '{}' doesn't match expected type '{}'", name(1), name(3))
        }
        "MissingSubselection" => {
            format!("SubSelectionRequired: Sub selection required for type {} of field {field}", place.field_type())
        }
        "SubselectionOnScalarType" | "SubselectionOnEnumType" => {
            format!("SubSelectionNotAllowed: Sub selection not allowed on leaf type {} of field {field}", name(0))
        }
        "UndefinedDefinition"
        | "UndefinedTypeInNamedFragmentTypeCondition"
        | "UndefinedTypeInInlineFragmentTypeCondition" => {
            format!("UnknownType: Unknown type {}", name(0))
        }
        "UndefinedFragment" => format!("UndefinedFragment: Undefined fragment {}", name(0)),
        "UndefinedVariable" => format!("UndefinedVariable: Undefined variable {}", name(0)),
        "UndefinedDirective" => format!("UnknownDirective: Unknown directive {}", name(0).trim_start_matches('@')),
        "UnusedVariable" => format!("UnusedVariable: Unused variable {}", name(0)),
        "UnusedFragment" => format!("UnusedFragment: Unused fragment {}", name(0)),
        kind if kind.starts_with("ConflictingField") => format!("FieldsConflict: {text}"),
        kind => format!("{kind}: {text}"),
    }
}

/// Literals that are no values of AppSync's own scalars: the engine takes anything for a custom scalar.
pub(super) fn wrong_literals(schema: &Schema, request: &GraphQlRequest, document: &ExecutableDocument) -> Vec<Value> {
    let mut fields = Vec::new();
    document.operations.iter().for_each(|operation| collect(&operation.selection_set, &mut fields));
    document.fragments.values().for_each(|fragment| collect(&fragment.selection_set, &mut fields));
    let mut errors = Vec::new();
    for field in fields {
        for argument in &field.arguments {
            let definition = field.definition.argument_by_name(&argument.name);
            if definition.is_none_or(|definition| fits(schema, &definition.ty, &argument.value)) {
                continue;
            }
            let location = argument.location();
            let offset = location.map_or(0, |location| location.offset());
            let place = Place::find(schema, &request.document, offset);
            let expected =
                definition.map(|definition| definition.ty.inner_named_type().to_string()).unwrap_or_default();
            let problem = format!(
                "WrongType: argument '{}' with value '{}' is not a valid '{expected}'",
                argument.name,
                describe(&argument.value)
            );
            let at = location.and_then(|location| location.line_column(&document.sources));
            errors.push(before_execution(place.located(&problem), at));
        }
    }
    errors
}

fn collect<'a>(selections: &'a SelectionSet, fields: &mut Vec<&'a Node<Field>>) {
    use apollo_compiler::executable::Selection;
    for selection in &selections.selections {
        match selection {
            Selection::Field(field) => {
                fields.push(field);
                collect(&field.selection_set, fields);
            }
            Selection::InlineFragment(inline) => collect(&inline.selection_set, fields),
            Selection::FragmentSpread(_) => {}
        }
    }
}

fn fits(schema: &Schema, ty: &Type, value: &ast::Value) -> bool {
    match (ty, value) {
        (_, ast::Value::Null | ast::Value::Variable(_)) => true,
        (Type::List(inner) | Type::NonNullList(inner), ast::Value::List(items)) => {
            items.iter().all(|item| fits(schema, inner, item))
        }
        (Type::List(inner) | Type::NonNullList(inner), value) => fits(schema, inner, value),
        (Type::Named(name) | Type::NonNullNamed(name), value) => match (schema.types.get(name), value) {
            (Some(ExtendedType::InputObject(input)), ast::Value::Object(members)) => {
                members.iter().all(|(member, value)| {
                    input.fields.get(member).is_none_or(|definition| fits(schema, &definition.ty, value))
                })
            }
            (Some(ExtendedType::Scalar(_)), value) => scalars::accepts(name, &to_json(value)),
            _ => true,
        },
    }
}

fn to_json(value: &ast::Value) -> Value {
    match value {
        ast::Value::Null | ast::Value::Variable(_) => Value::Null,
        ast::Value::String(text) => text.as_str().into(),
        ast::Value::Enum(name) => name.as_str().into(),
        ast::Value::Boolean(value) => (*value).into(),
        ast::Value::Int(number) => number.as_str().parse::<Number>().map_or(Value::Null, Value::Number),
        ast::Value::Float(number) => number.as_str().parse::<Number>().map_or(Value::Null, Value::Number),
        ast::Value::List(items) => items.iter().map(|item| to_json(item)).collect(),
        ast::Value::Object(members) => members.iter().map(|(name, value)| (name.to_string(), to_json(value))).collect(),
    }
}
