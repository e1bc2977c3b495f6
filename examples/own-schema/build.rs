//! Generates the operations.

fn main() -> Result<(), appsync_codegen::Error> {
    appsync_codegen::Codegen::new("schema.graphql", "graphql").client_token("requestId").generate()
}
