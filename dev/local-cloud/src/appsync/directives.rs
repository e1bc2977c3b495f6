//! `@aws_auth`, `@aws_cognito_user_pools` and their siblings: may this caller read this field?

use apollo_compiler::Schema;
use apollo_compiler::ast::{Directive, Value};
use apollo_compiler::schema::FieldDefinition;

use super::authorize::Caller;

/// Those that let a user of a pool in; `cognito_groups` narrows them.
const FOR_USERS: [&str; 2] = ["aws_auth", "aws_cognito_user_pools"];
const FOR_IAM: &str = "aws_iam";
/// Those that let somebody in, and keep out whom none of them lets in.
const ALL: [&str; 6] = ["aws_auth", "aws_cognito_user_pools", FOR_IAM, "aws_api_key", "aws_lambda", "aws_oidc"];

/// A field's own directives count; without any, those of its object type; without any, the API's default mode does, which is the
/// user pool.
pub(super) fn allow(schema: &Schema, type_name: &str, field: &FieldDefinition, caller: &Caller) -> bool {
    let of_field: Vec<&Directive> = field.directives.iter().map(AsRef::as_ref).collect();
    if let Some(allowed) = decide(&of_field, caller) {
        return allowed;
    }
    let of_type: Vec<&Directive> = match schema.get_object(type_name) {
        Some(object) => object.directives.iter().map(|directive| directive.as_ref()).collect(),
        None => Vec::new(),
    };
    decide(&of_type, caller).unwrap_or(matches!(caller, Caller::OfPool { .. }))
}

fn decide(directives: &[&Directive], caller: &Caller) -> Option<bool> {
    let is_any_of =
        |names: &[&str]| directives.iter().find(|directive| names.contains(&directive.name.as_str())).copied();
    let lets_in = match caller {
        Caller::Iam => is_any_of(&[FOR_IAM]).is_some(),
        Caller::OfPool { groups: of_caller, .. } => is_any_of(&FOR_USERS).is_some_and(|directive| {
            groups(directive).is_none_or(|groups| groups.iter().any(|group| of_caller.contains(group)))
        }),
    };
    is_any_of(&ALL).map(|_| lets_in)
}

fn groups(directive: &Directive) -> Option<Vec<String>> {
    let groups = directive.specified_argument_by_name("cognito_groups")?.as_list()?;
    Some(groups.iter().filter_map(|group| Value::as_str(group)).map(ToOwned::to_owned).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::appsync::schema;

    #[test]
    fn a_fields_directive_wins_over_its_types() {
        let sdl = r#"
            type Query @aws_auth(cognito_groups: ["readers"]) {
                byType: Int
                byField: Int @aws_auth(cognito_groups: ["writers", "owners"])
                anyUser: Int @aws_cognito_user_pools
                machines: Int @aws_iam
                both: Int @aws_iam @aws_cognito_user_pools(cognito_groups: ["readers"])
                open: Open
            }
            type Open { x: Int }
        "#;
        let schema = schema::parse(sdl).expect("valid");
        let may = |group: &str, type_name: &str, field: &str| {
            let definition = schema.type_field(type_name, field).expect("defined");
            let caller = match group {
                "IAM" => Caller::Iam,
                group => Caller::OfPool { sub: "ada".to_owned(), groups: vec![group.to_owned()], scopes: Vec::new() },
            };
            allow(&schema, type_name, definition, &caller)
        };
        let readable = |group| {
            ["byType", "byField", "anyUser", "machines", "both"]
                .into_iter()
                .filter(|field| may(group, "Query", field))
                .collect::<Vec<_>>()
        };
        assert_eq!(readable("readers"), ["byType", "anyUser", "both"]);
        assert_eq!(readable("owners"), ["byField", "anyUser"]);
        assert_eq!(readable("strangers"), ["anyUser"]);
        assert_eq!(readable("IAM"), ["machines", "both"]);
        assert!(may("strangers", "Open", "x") && !may("IAM", "Open", "x"));
    }
}
