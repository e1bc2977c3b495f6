//! Generates a type for each operation in graphql/.

fn main() -> Result<(), appsync_codegen::Error> {
    appsync_codegen::Codegen::new("schema.graphql", "graphql").generate()
}
