//! Generates the operations of each project below the folder that `SCHEMAS` names: `NAME/schema.graphql` and `NAME/graphql/`;
//! or, if it is a number, of as many random projects. Without it, of those in integration-tests/schemas.

mod generate;

use std::{
    env,
    fmt::Write,
    fs,
    path::{Path, PathBuf},
};

use appsync_codegen::Codegen;

/// Of so many random projects the code is compiled too.
const COMPILED: u64 = 20;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    #[expect(clippy::disallowed_methods, reason = "cargo tells a build script where to write, and xtask what to read")]
    let (out, schemas) = (env::var_os("OUT_DIR").ok_or("OUT_DIR is not set")?, env::var("SCHEMAS"));
    let (out, schemas) = (Path::new(&out), schemas.unwrap_or_else(|_| "../../integration-tests/schemas".to_owned()));
    println!("cargo::rerun-if-env-changed=SCHEMAS");
    println!("cargo::rerun-if-changed={schemas}");
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-changed=generate.rs");
    let mut projects: Vec<PathBuf> = match schemas.parse::<u64>() {
        Ok(count) => (0..count).map(|seed| random(out, seed)).collect::<Result<_, _>>()?,
        Err(_) => {
            fs::read_dir(fs::canonicalize(&schemas)?)?.map(|it| it.map(|it| it.path())).collect::<Result<_, _>>()?
        }
    };
    projects.retain(|project| project.is_dir());
    projects.sort();
    let mut code = String::new();
    let mut table = String::new();
    for project in projects {
        println!("cargo::rerun-if-changed={}", project.display());
        let name = project.file_name().unwrap_or_default().to_string_lossy();
        // A name of its own for folders such as `2024` and `type`.
        let module = format!("of_{}", name.replace(|char: char| !char.is_ascii_alphanumeric(), "_"));
        let to = out.join(&module);
        fs::create_dir_all(&to)?;
        let schema = project.join("schema.graphql");
        let generated = match Codegen::new(&schema, project.join("graphql")).generate_to(&to) {
            Ok(file) => {
                let text = fs::read_to_string(&file)?;
                writeln!(code, "mod {module} {{ include!({file:?}); }}")?;
                let checks = operations(&text).map(|operation| format!("check::<{module}::{operation}>,"));
                format!("Ok(({}, &[{}]))", text.lines().count(), checks.collect::<String>())
            }
            Err(error) => format!("Err({:?})", error.to_string()),
        };
        writeln!(table, "Project {{ name: {name:?}, schema: {schema:?}, generated: {generated} }},")?;
    }
    writeln!(code, "const PROJECTS: &[Project] = &[{table}];")?;
    fs::write(out.join("projects.rs"), code)?;
    Ok(())
}

/// The folder of a random project. Of most, the code is only looked at: whether it is Rust.
fn random(out: &Path, seed: u64) -> Result<PathBuf, Box<dyn std::error::Error>> {
    let folder = out.join(format!("random{seed:04}"));
    let generate::Project { schema, operations } = generate::project(seed);
    let graphql = folder.join("graphql");
    fs::create_dir_all(&graphql)?;
    fs::write(folder.join("schema.graphql"), schema)?;
    fs::write(graphql.join("all.graphql"), operations)?;
    if seed >= COMPILED {
        let code = fs::read_to_string(Codegen::new(folder.join("schema.graphql"), &graphql).generate_to(&folder)?)?;
        syn::parse_file(&code).map_err(|error| format!("random{seed:04}: {error}"))?;
        fs::remove_dir_all(&folder)?;
    }
    Ok(folder)
}

/// The types of the operations in generated code.
fn operations(generated: &str) -> impl Iterator<Item = &str> {
    generated.lines().filter_map(|line| {
        let (kind, rest) = line.trim().split_once(' ')?;
        let (operation, rest) = rest.split_once(" in ")?;
        let is_operation = matches!(kind, "Query" | "Mutation" | "Subscription") && rest.ends_with(" {");
        is_operation.then_some(operation)
    })
}
