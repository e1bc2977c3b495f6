//! The SDL that is served, and AppSync's own scalars and directives around it.

use apollo_compiler::Schema;
use apollo_compiler::validation::Valid;

/// Parses an SDL as deployed to AppSync: one that declares neither AWS scalars nor directives.
pub(super) fn parse(sdl: &str) -> Result<Valid<Schema>, String> {
    let built = Schema::builder()
        .parse(include_str!("aws.graphql"), "AppSync's own definitions")
        .parse(sdl, "schema.graphql")
        .build();
    let schema = built.map_err(|problems| problems.errors.to_string())?;
    schema.validate().map_err(|problems| problems.errors.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_schema_that_declares_an_aws_scalar_is_refused_as_appsync_refuses_it() {
        let problem = parse("scalar AWSDate type Query { a: AWSDate }").expect_err("declared twice");
        assert!(problem.contains("AWSDate"), "{problem}");
        assert!(parse("type Query { a: AWSDate }").is_ok());
    }

    #[test]
    fn a_schema_with_an_unknown_type_is_refused_with_its_line() {
        let problem = parse("type Query {\n  a: Unknown\n}").expect_err("Unknown is not defined");
        assert!(problem.contains("schema.graphql:2"), "{problem}");
    }
}
