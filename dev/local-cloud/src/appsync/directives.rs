//! `@aws_auth`, `@aws_cognito_user_pools` and their siblings: may this caller read this field?

use apollo_compiler::Schema;
use apollo_compiler::ast::{Directive, Value};
use apollo_compiler::schema::FieldDefinition;

use super::authorize::Caller;

/// Those that let a user of a pool in; `cognito_groups` narrows them.
const FOR_USERS: [&str; 2] = ["aws_auth", "aws_cognito_user_pools"];
/// Those that let others in. Alone, they keep users out.
const FOR_OTHERS: [&str; 4] = ["aws_api_key", "aws_iam", "aws_lambda", "aws_oidc"];

/// A field's own directives count; without any, those of its object type; without any, everybody may.
pub(super) fn allow(schema: &Schema, type_name: &str, field: &FieldDefinition, caller: &Caller) -> bool {
    let of_field: Vec<&Directive> = field.directives.iter().map(AsRef::as_ref).collect();
    if let Some(allowed) = decide(&of_field, caller) {
        return allowed;
    }
    let of_type: Vec<&Directive> = match schema.get_object(type_name) {
        Some(object) => object.directives.iter().map(|directive| directive.as_ref()).collect(),
        None => Vec::new(),
    };
    decide(&of_type, caller).unwrap_or(true)
}

fn decide(directives: &[&Directive], caller: &Caller) -> Option<bool> {
    let for_users = directives.iter().find(|directive| FOR_USERS.contains(&directive.name.as_str()));
    match for_users {
        Some(directive) => Some(match groups(directive) {
            Some(groups) => groups.iter().any(|group| caller.groups.contains(group)),
            None => true,
        }),
        None => directives.iter().any(|directive| FOR_OTHERS.contains(&directive.name.as_str())).then_some(false),
    }
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
            allow(&schema, type_name, definition, &Caller { sub: "ada".to_owned(), groups: vec![group.to_owned()] })
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
        assert!(may("strangers", "Open", "x"));
    }
}
