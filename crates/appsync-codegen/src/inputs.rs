use std::{
    fs, io,
    path::{Path, PathBuf},
};

use apollo_compiler::ast::Document;

use crate::{Error, problem::Problem};

const PRELUDE: &str = "prelude.graphql";
const FRAGMENTS: &str = "fragments";

/// The files that code is generated from, as they are on disk.
#[derive(Debug)]
pub(crate) struct Inputs {
    /// Absolute where possible, so that the paths in messages can be opened from anywhere.
    schema: PathBuf,
    folder: PathBuf,
    prelude: Option<PathBuf>,
    operations: Vec<PathBuf>,
    fragments: Vec<PathBuf>,
}

impl Inputs {
    pub(crate) fn find(schema: &Path, folder: &Path) -> Result<Self, Error> {
        let schema = fs::canonicalize(schema).map_err(|error| {
            unreadable(schema, "the schema", &error)
                .with_help("the path is relative to the folder of the crate whose build script runs")
        })?;
        let folder = fs::canonicalize(folder).map_err(|error| {
            unreadable(folder, "the folder of the operations", &error)
                .with_help("the path is relative to the folder of the crate whose build script runs")
        })?;
        let (prelude, operations): (Vec<_>, Vec<_>) =
            graphql_files(&folder)?.into_iter().partition(|path| path.file_name().is_some_and(|name| name == PRELUDE));
        let fragments_folder = folder.join(FRAGMENTS);
        let fragments = if fragments_folder.is_dir() { graphql_files(&fragments_folder)? } else { Vec::new() };
        if operations.is_empty() {
            return Err(Problem::in_file(&folder, "there is no operation in this folder")
                .with_help(
                    "put each operation into a file of its name, for example GetOrder.graphql with `query GetOrder ...`",
                )
                .into());
        }
        Ok(Self { schema, folder, prelude: prelude.into_iter().next(), operations, fragments })
    }

    pub(crate) fn schema(&self) -> &Path {
        &self.schema
    }

    pub(crate) fn prelude(&self) -> Option<&Path> {
        self.prelude.as_deref()
    }

    pub(crate) fn operations(&self) -> &[PathBuf] {
        &self.operations
    }

    pub(crate) fn fragments(&self) -> &[PathBuf] {
        &self.fragments
    }

    /// Everything whose change may change the code: the files, and the folder, in which a file may appear.
    pub(crate) fn watched(&self) -> impl Iterator<Item = &Path> {
        [self.schema.as_path(), self.folder.as_path()]
            .into_iter()
            .chain(self.prelude.as_deref())
            .chain(self.operations.iter().chain(&self.fragments).map(PathBuf::as_path))
    }
}

/// Reads and parses one file; syntax errors become problems.
pub(crate) fn parse(file: &Path, problems: &mut Vec<Problem>) -> Result<Document, Error> {
    let text = fs::read_to_string(file).map_err(|error| unreadable(file, "the file", &error))?;
    Ok(Document::parse(text, file).unwrap_or_else(|failed| {
        problems.extend(Problem::all_of(&failed.errors, file, |_| None));
        failed.partial
    }))
}

fn graphql_files(folder: &Path) -> Result<Vec<PathBuf>, Error> {
    let entries = fs::read_dir(folder)
        .and_then(Iterator::collect::<io::Result<Vec<_>>>)
        .map_err(|error| unreadable(folder, "the folder", &error))?;
    let mut files: Vec<PathBuf> = entries
        .into_iter()
        .map(|entry| entry.path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "graphql"))
        .collect();
    files.sort(); // Folders list in any order; the generated code must not depend on it.
    Ok(files)
}

fn unreadable(path: &Path, what: &str, error: &io::Error) -> Problem {
    Problem::in_file(path, format!("cannot read {what}: {error}"))
}
