use std::{
    fs, io,
    path::{Path, PathBuf},
};

use apollo_compiler::{ast::Document, validation::WithErrors};
use apollo_parser::{Lexer, TokenKind};

use crate::{Error, problem::Problem};

const PRELUDE: &str = "prelude.graphql";

/// The files that code is generated from, as they are on disk.
#[derive(Debug)]
pub(crate) struct Files {
    /// Absolute where possible, so that the paths in messages can be opened from anywhere.
    pub(crate) schemas: Vec<PathBuf>,
    pub(crate) prelude: Option<PathBuf>,
    /// Operations and fragments.
    pub(crate) documents: Vec<PathBuf>,
}

impl Files {
    pub(crate) fn find(schema: &Path, folder: &Path) -> Result<Self, Error> {
        let [schema, folder] =
            [(schema, "the schema"), (folder, "the folder of the operations")].map(|(path, what)| {
                fs::canonicalize(path).map_err(|error| {
                    unreadable(path, what, &error)
                        .with_help("the path is relative to the folder of the crate whose build script runs")
                })
            });
        let (schema, folder) = (schema?, folder?);
        let schemas = if schema.is_dir() { graphql_files(&schema)? } else { vec![schema.clone()] };
        if schemas.is_empty() {
            return Err(Problem::in_file(&schema, "there is no .graphql or .gql file in this folder").into());
        }
        let mut documents = graphql_files(&folder)?;
        documents.retain(|file| !schemas.contains(file));
        let prelude = documents.iter().position(|file| *file == folder.join(PRELUDE));
        let prelude = prelude.map(|at| documents.remove(at));
        if documents.is_empty() {
            let help = "write one into a file, for example GetOrder.graphql with `query GetOrder ...`";
            return Err(Problem::in_file(&folder, "there is no operation in this folder").with_help(help).into());
        }
        Ok(Self { schemas, prelude, documents })
    }
}

/// Reads a file. What is not GraphQL at all is told apart: it would only give misleading messages.
fn read(file: &Path) -> Result<String, Problem> {
    let bytes = fs::read(file).map_err(|error| unreadable(file, "the file", &error))?;
    if bytes.starts_with(b"\xff\xfe") || bytes.starts_with(b"\xfe\xff") {
        return Err(
            Problem::in_file(file, "this file is UTF-16").with_help("save it as UTF-8; PowerShell's `>` writes UTF-16")
        );
    }
    let text = String::from_utf8(bytes).map_err(|error| {
        let line = String::from_utf8_lossy(&error.as_bytes()[..error.utf8_error().valid_up_to()]).lines().count();
        Problem::in_file(file, format!("this file is not UTF-8, in line {line}")).with_help("save it as UTF-8")
    })?;
    let text = text.trim_start_matches('\u{feff}').to_owned();
    let start = text.trim_start().to_lowercase();
    let fetch =
        "fetch the schema as SDL: `aws appsync get-introspection-schema --api-id ID --format SDL schema.graphql`";
    match () {
        () if start.starts_with("{") && text.contains("\"__schema\"") => {
            Err(Problem::in_file(file, "this is the JSON of an introspection, and no SDL").with_help(fetch))
        }
        () if start.starts_with("<!doctype") || start.starts_with("<html") || start.starts_with("<?xml") => {
            Err(Problem::in_file(file, "this is a web page, and no SDL").with_help(fetch))
        }
        () => Ok(text),
    }
}

/// Reads and parses a file of the schema; what is wrong with it becomes problems.
pub(crate) fn parse_schema(file: &Path, problems: &mut Vec<Problem>) -> Document {
    let Some(text) = read_or(file, problems) else { return Document::new() };
    let parsed = Document::parse(&text, file);
    // A name after an interface may also be the first word of the next definition.
    let parsed = parsed.or_else(|failed| match Document::parse(with_ampersands(&text), file) {
        Err(other) if other.errors.len() >= failed.errors.len() => Err(failed),
        better => better,
    });
    document_or(parsed, file, problems)
}

/// Reads and parses a file of operations; what is wrong with it becomes problems.
pub(crate) fn parse_operations(file: &Path, problems: &mut Vec<Problem>) -> Document {
    let Some(text) = read_or(file, problems) else { return Document::new() };
    document_or(Document::parse(text, file), file, problems)
}

fn read_or(file: &Path, problems: &mut Vec<Problem>) -> Option<String> {
    read(file).map_err(|problem| problems.push(problem)).ok()
}

fn document_or(parsed: Result<Document, WithErrors<Document>>, file: &Path, problems: &mut Vec<Problem>) -> Document {
    parsed.unwrap_or_else(|failed| {
        problems.extend(Problem::all_of(&failed.errors, file, |_| None));
        failed.partial
    })
}

/// `implements A, B`, as GraphQL was written before 2018, becomes `implements A, &B`.
fn with_ampersands(text: &str) -> String {
    let mut with = String::new();
    let mut copied = 0;
    // After `implements`: whether the name of an interface came last.
    let mut list: Option<bool> = None;
    for token in Lexer::new(text).lex().0 {
        list = match (token.kind(), list) {
            (TokenKind::Name, _) if token.data() == "implements" => Some(false),
            (TokenKind::Name, Some(is_next)) => {
                if is_next {
                    with += &text[copied..token.index()];
                    with.push('&');
                    copied = token.index();
                }
                Some(true)
            }
            (TokenKind::Amp, Some(_)) => Some(false),
            (TokenKind::Comma | TokenKind::Whitespace | TokenKind::Comment, list) => list,
            _ => None,
        };
    }
    with + &text[copied..]
}

fn graphql_files(folder: &Path) -> Result<Vec<PathBuf>, Error> {
    let entries = fs::read_dir(folder)
        .and_then(Iterator::collect::<io::Result<Vec<_>>>)
        .map_err(|error| unreadable(folder, "the folder", &error))?;
    let mut files = Vec::new();
    for path in entries.into_iter().map(|entry| entry.path()) {
        if path.is_dir() {
            files.extend(graphql_files(&path)?);
        } else if path.extension().is_some_and(|extension| extension == "graphql" || extension == "gql") {
            files.push(path);
        }
    }
    files.sort(); // Folders list in any order; the generated code must not depend on it.
    Ok(files)
}

fn unreadable(path: &Path, what: &str, error: &io::Error) -> Problem {
    Problem::in_file(path, format!("cannot read {what}: {error}"))
}
