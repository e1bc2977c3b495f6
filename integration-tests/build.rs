//! Generates the operations on schemas of the kinds that others have.

use std::{env, fs, path::Path};

use appsync_codegen::Codegen;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    #[expect(clippy::disallowed_methods, reason = "cargo tells a build script where to write in OUT_DIR")]
    let out_dir = env::var_os("OUT_DIR").ok_or("OUT_DIR is not set")?;
    for (name, client_token) in
        [("amplify", None), ("console", None), ("social", Some("requestId")), ("words", Some("ref"))]
    {
        let (schema, folder) = (format!("schemas/{name}/schema.graphql"), format!("schemas/{name}/graphql"));
        let codegen = Codegen::new(schema, folder);
        let codegen = client_token.into_iter().fold(codegen, Codegen::client_token);
        let folder = Path::new(&out_dir).join(name);
        fs::create_dir_all(&folder)?;
        codegen.generate_to(folder)?;
    }
    println!("cargo::rerun-if-changed=schemas");
    Ok(())
}
