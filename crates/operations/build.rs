//! Generates the operations; a file that does not fit the schema fails the build.

fn main() -> Result<(), appsync_codegen::Error> {
    appsync_codegen::Codegen::new("../../schema.graphql", "../../graphql").client_token("clientToken").generate()
}
