use std::{
    env, fs,
    path::{Path, PathBuf},
};

use crate::{Error, documents, inputs::Inputs, problem::Problem, rust, schema};

/// A schema and a folder of operations, from which code is generated.
#[derive(Debug, Clone)]
pub struct Codegen {
    schema: PathBuf,
    folder: PathBuf,
    client_token: Option<String>,
}

impl Codegen {
    /// `schema` is the SDL as deployed, `folder` holds one operation per file; both relative to the crate's folder.
    pub fn new(schema: impl Into<PathBuf>, folder: impl Into<PathBuf>) -> Self {
        Self { schema: schema.into(), folder: folder.into(), client_token: None }
    }

    /// Says that the API knows a repetition of a mutation by the variable, or the field of an input, of this name: an
    /// idempotency key, which must be an `ID` or a `String`. `appsync::Operation::CLIENT_TOKEN` then tells where a mutation
    /// has it.
    #[must_use]
    pub fn client_token(mut self, name: impl Into<String>) -> Self {
        self.client_token = Some(name.into());
        self
    }

    /// For a build script: writes `operations.rs` into cargo's `OUT_DIR`, and tells cargo when to run again.
    ///
    /// # Errors
    /// Everything that is wrong with the schema and the operations; returned from `main`, cargo prints it.
    pub fn generate(&self) -> Result<(), Error> {
        #[expect(clippy::disallowed_methods, reason = "cargo tells a build script where to write in OUT_DIR")]
        let out_dir = env::var_os("OUT_DIR").ok_or_else(|| {
            Problem::in_file(Path::new("build.rs"), "OUT_DIR is not set")
                .with_help("`generate` is for build scripts; elsewhere use `generate_to`")
        })?;
        let inputs = match Inputs::find(&self.schema, &self.folder) {
            Ok(inputs) => inputs,
            Err(error) => {
                rerun_if_changed(&self.schema);
                rerun_if_changed(&self.folder);
                return Err(error);
            }
        };
        inputs.watched().for_each(rerun_if_changed);
        self.write(&inputs, Path::new(&out_dir)).map(drop)
    }

    /// Writes `operations.rs` into `out_dir`, and returns its path.
    ///
    /// # Errors
    /// Everything that is wrong with the schema and the operations, or that `out_dir` cannot be written to.
    pub fn generate_to(&self, out_dir: impl AsRef<Path>) -> Result<PathBuf, Error> {
        self.write(&Inputs::find(&self.schema, &self.folder)?, out_dir.as_ref())
    }

    /// The files and folders the generated code depends on, which `generate` names to cargo.
    ///
    /// # Errors
    /// The schema or the folder cannot be read, or there is no operation.
    pub fn watched(&self) -> Result<Vec<PathBuf>, Error> {
        let inputs = Inputs::find(&self.schema, &self.folder)?;
        Ok(inputs.watched().map(Path::to_owned).collect())
    }

    fn write(&self, inputs: &Inputs, out_dir: &Path) -> Result<PathBuf, Error> {
        let schema = schema::load(inputs)?;
        let operations = documents::load(inputs, &schema)?;

        // `graphql_client_codegen` takes the schema as a file, and remembers it by its path.
        let sdl = schema::to_plain_sdl(&schema);
        let plain_schema = out_dir.join(format!("schema-{}.graphql", &rust::sha256(&sdl)[..16]));
        write_file(&plain_schema, &sdl)?;
        let code = rust::file(&operations, &schema, &plain_schema, self.client_token.as_deref());
        let _ = fs::remove_file(&plain_schema); // Left behind, it does no harm.

        let file = out_dir.join("operations.rs");
        write_file(&file, &code?)?;
        Ok(file)
    }
}

fn write_file(file: &Path, text: &str) -> Result<(), Error> {
    fs::write(file, text).map_err(|error| Problem::in_file(file, format!("cannot write: {error}")).into())
}

#[expect(clippy::print_stdout, reason = "cargo reads a build script's instructions from its standard output")]
fn rerun_if_changed(path: &Path) {
    println!("cargo::rerun-if-changed={}", path.display());
}
