use std::{
    env, fs,
    path::{Path, PathBuf},
};

use crate::{Error, documents, files::Files, generated, problem::Problem, schema, subscribers};

/// A schema and a folder of operations, from which code is generated.
#[derive(Debug, Clone)]
pub struct Codegen {
    schema: PathBuf,
    folder: PathBuf,
    client_token: Option<String>,
}

impl Codegen {
    /// `schema` is the SDL as deployed, or a folder of files that make it up; `folder` holds the operations and fragments, in
    /// `.graphql` and `.gql` files, and may have folders of its own. Both are relative to the crate's folder.
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

    /// For a build script: writes `operations.rs` into cargo's `OUT_DIR`, tells cargo when to run again, and has it print the
    /// [warnings](Self::warnings).
    ///
    /// # Errors
    /// Everything that is wrong with the schema and the operations; returned from `main`, cargo prints it.
    #[expect(clippy::print_stdout, reason = "cargo reads a build script's instructions from its standard output")]
    pub fn generate(&self) -> Result<(), Error> {
        #[expect(clippy::disallowed_methods, reason = "cargo tells a build script where to write in OUT_DIR")]
        let out_dir = env::var_os("OUT_DIR").ok_or_else(|| {
            Problem::in_file(Path::new("build.rs"), "OUT_DIR is not set")
                .with_help("`generate` is for build scripts; elsewhere use `generate_to`")
        })?;
        for path in [&self.schema, &self.folder] {
            println!("cargo::rerun-if-changed={}", path.display()); // Of a folder, everything in it.
        }
        let (code, warnings) = self.code()?;
        for warning in warnings {
            println!("cargo::warning={}", warning.on_one_line());
        }
        write_file(Path::new(&out_dir), &code).map(drop)
    }

    /// Writes `operations.rs` into `out_dir`, and returns its path.
    ///
    /// # Errors
    /// Everything that is wrong with the schema and the operations, or that `out_dir` cannot be written to.
    pub fn generate_to(&self, out_dir: impl AsRef<Path>) -> Result<PathBuf, Error> {
        write_file(out_dir.as_ref(), &self.code()?.0)
    }

    /// What is no error but deserves a look: a file that is not used, a fragment that no operation spreads, a directive that this
    /// crate does not know, a mutation that leaves out what its subscribers may select.
    ///
    /// # Errors
    /// As for [`Codegen::generate`].
    pub fn warnings(&self) -> Result<Vec<Problem>, Error> {
        self.code().map(|(_, warnings)| warnings)
    }

    fn code(&self) -> Result<(String, Vec<Problem>), Error> {
        let mut warnings = Vec::new();
        let files = Files::find(&self.schema, &self.folder, &mut warnings)?;
        let schema = schema::load(&files, &mut warnings)?;
        let document = documents::load(&files, &schema, &mut warnings)?;
        warnings.extend(subscribers::warnings(&document, &schema));
        Ok((generated::file(&document, &schema, self.client_token.as_deref())?, warnings))
    }
}

fn write_file(folder: &Path, code: &str) -> Result<PathBuf, Error> {
    let file = folder.join("operations.rs");
    match fs::write(&file, code) {
        Ok(()) => Ok(file),
        Err(error) => Err(Problem::in_file(&file, format!("cannot write: {error}")).into()),
    }
}
