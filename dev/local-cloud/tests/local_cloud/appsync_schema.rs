//! The GraphQL engine serves `schema.graphql`: all of it, and nothing else. The two sides share no parser.

use std::collections::BTreeSet;

use graphql_parser::schema::{Definition, Document, Field, InputValue, TypeDefinition, parse_schema};
use local_cloud::LocalCloud;
use serde_json::{Value, json};

use crate::support::{Cloud, ORDERS, text};

const INTROSPECTION: &str = "{ __schema {
    queryType { name } mutationType { name } subscriptionType { name }
    types {
        kind name
        fields(includeDeprecated: true) { name type { ...T } args { name defaultValue type { ...T } } }
        inputFields { name defaultValue type { ...T } }
        enumValues(includeDeprecated: true) { name }
        interfaces { name }
        possibleTypes { name }
    }
} }
fragment T on __Type { kind name ofType { kind name ofType { kind name ofType { kind name ofType { kind name } } } } }";

#[tokio::test]
async fn the_engine_serves_exactly_what_schema_graphql_says() {
    let cloud = Cloud::start_with(LocalCloud::builder()).await;
    let answer = cloud.graphql(INTROSPECTION, json!({})).await;
    let served = of_introspection(&answer["data"]["__schema"]);
    let document = parse_schema(include_str!("../../../../schema.graphql")).expect("the SDL parses");
    let declared = of_sdl(&document);
    let missing: Vec<_> = declared.difference(&served).collect();
    let invented: Vec<_> = served.difference(&declared).collect();
    assert_eq!((missing, invented), (vec![], vec![]));
}

#[test]
fn the_comparison_sees_every_kind_of_definition() {
    let document = parse_schema(ORDERS).expect("the SDL parses");
    let declared = of_sdl(&document);
    for line in [
        "queryType Query",
        "OBJECT Order",
        "Order implements Versioned",
        "Order.lines: [OrderLine!]!",
        "Query.listOrders(limit: Int = 20)",
        "INTERFACE Versioned",
        "UNION Payment",
        "Payment | CardPayment",
        "ENUM Currency",
        "Currency.EUR",
        "INPUT_OBJECT MoneyInput",
        "MoneyInput.currency: Currency!",
    ] {
        assert!(declared.contains(line), "{line} is not in {declared:#?}");
    }
}

/// One line for each type, field, argument, enum value, input field, member and interface.
fn of_introspection(schema: &Value) -> BTreeSet<String> {
    let mut lines = BTreeSet::new();
    for root in ["queryType", "mutationType", "subscriptionType"] {
        lines.extend(schema[root]["name"].as_str().map(|name| format!("{root} {name}")));
    }
    let list = |value: &Value| value.as_array().cloned().unwrap_or_default();
    for definition in list(&schema["types"]) {
        let (kind, name) = (text(&definition["kind"]), text(&definition["name"]));
        let built_in = name.starts_with("__")
            || kind == "SCALAR"
                && (name.starts_with("AWS") || ["ID", "Int", "Float", "String", "Boolean"].contains(&name.as_str()));
        if built_in {
            continue;
        }
        lines.insert(format!("{kind} {name}"));
        for field in list(&definition["fields"]) {
            let path = format!("{name}.{}", text(&field["name"]));
            lines.insert(format!("{path}: {}", type_reference(&field["type"])));
            for argument in list(&field["args"]) {
                lines.insert(format!("{path}({})", input_value(&argument)));
            }
        }
        lines.extend(list(&definition["inputFields"]).iter().map(|field| format!("{name}.{}", input_value(field))));
        lines.extend(list(&definition["enumValues"]).iter().map(|value| format!("{name}.{}", text(&value["name"]))));
        lines.extend(
            list(&definition["interfaces"]).iter().map(|one| format!("{name} implements {}", text(&one["name"]))),
        );
        if kind == "UNION" {
            lines.extend(
                list(&definition["possibleTypes"]).iter().map(|one| format!("{name} | {}", text(&one["name"]))),
            );
        }
    }
    lines
}

fn input_value(value: &Value) -> String {
    let default = value["defaultValue"].as_str().map(|default| format!(" = {default}")).unwrap_or_default();
    format!("{}: {}{default}", text(&value["name"]), type_reference(&value["type"]))
}

fn type_reference(ty: &Value) -> String {
    match ty["kind"].as_str() {
        Some("NON_NULL") => format!("{}!", type_reference(&ty["ofType"])),
        Some("LIST") => format!("[{}]", type_reference(&ty["ofType"])),
        _ => text(&ty["name"]),
    }
}

fn of_sdl(document: &Document<'_, String>) -> BTreeSet<String> {
    let mut lines = BTreeSet::new();
    for definition in &document.definitions {
        match definition {
            Definition::SchemaDefinition(schema) => {
                lines.extend(schema.query.iter().map(|name| format!("queryType {name}")));
                lines.extend(schema.mutation.iter().map(|name| format!("mutationType {name}")));
                lines.extend(schema.subscription.iter().map(|name| format!("subscriptionType {name}")));
            }
            Definition::TypeDefinition(definition) => lines.extend(of_type(definition)),
            other => panic!("the comparison does not know {other:?}"),
        }
    }
    if !document.definitions.iter().any(|definition| matches!(definition, Definition::SchemaDefinition(_))) {
        for (root, name) in [("queryType", "Query"), ("mutationType", "Mutation"), ("subscriptionType", "Subscription")]
        {
            if lines.contains(&format!("OBJECT {name}")) {
                lines.insert(format!("{root} {name}"));
            }
        }
    }
    lines
}

fn of_type(definition: &TypeDefinition<'_, String>) -> Vec<String> {
    match definition {
        TypeDefinition::Scalar(scalar) => vec![format!("SCALAR {}", scalar.name)],
        TypeDefinition::Object(object) => {
            let mut lines = of_fields("OBJECT", &object.name, &object.fields);
            lines.extend(object.implements_interfaces.iter().map(|one| format!("{} implements {one}", object.name)));
            lines
        }
        TypeDefinition::Interface(interface) => {
            let mut lines = of_fields("INTERFACE", &interface.name, &interface.fields);
            lines.extend(
                interface.implements_interfaces.iter().map(|one| format!("{} implements {one}", interface.name)),
            );
            lines
        }
        TypeDefinition::Union(union) => {
            let mut lines = vec![format!("UNION {}", union.name)];
            lines.extend(union.types.iter().map(|member| format!("{} | {member}", union.name)));
            lines
        }
        TypeDefinition::Enum(definition) => {
            let mut lines = vec![format!("ENUM {}", definition.name)];
            lines.extend(definition.values.iter().map(|value| format!("{}.{}", definition.name, value.name)));
            lines
        }
        TypeDefinition::InputObject(input) => {
            let mut lines = vec![format!("INPUT_OBJECT {}", input.name)];
            lines.extend(input.fields.iter().map(|field| format!("{}.{}", input.name, declared_input(field))));
            lines
        }
    }
}

fn of_fields(kind: &str, name: &str, fields: &[Field<'_, String>]) -> Vec<String> {
    let mut lines = vec![format!("{kind} {name}")];
    for field in fields {
        let path = format!("{name}.{}", field.name);
        lines.push(format!("{path}: {}", field.field_type));
        lines.extend(field.arguments.iter().map(|argument| format!("{path}({})", declared_input(argument))));
    }
    lines
}

fn declared_input(input: &InputValue<'_, String>) -> String {
    let default = input.default_value.as_ref().map(|default| format!(" = {default}")).unwrap_or_default();
    format!("{}: {}{default}", input.name, input.value_type)
}
