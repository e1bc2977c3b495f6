use std::{
    collections::BTreeSet,
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
    pub(crate) fn find(schema: &Path, folder: &Path, warnings: &mut Vec<Problem>) -> Result<Self, Error> {
        let find = |path: &Path, what, help: String| {
            fs::canonicalize(path).map_err(|error| {
                let relative = "the path is relative to the folder of the crate whose build script runs";
                unreadable(path, what, &error).with_help(relative.to_owned() + &help)
            })
        };
        let schema = find(schema, "the schema", format!("; {FETCH} fetches the schema of an API"))?;
        let folder = find(folder, "the folder of the operations", String::new())?;
        let schemas = if schema.is_dir() { graphql_files(&schema, warnings)? } else { vec![schema.clone()] };
        if schemas.is_empty() {
            return Err(Problem::in_file(&schema, "there is no .graphql or .gql file in this folder").into());
        }
        let mut documents = graphql_files(&folder, warnings)?;
        let prelude = fs::canonicalize(folder.join(PRELUDE)).ok();
        documents.retain(|file| !schemas.contains(file) && prelude.as_ref() != Some(file));
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
    if bytes.starts_with(b"\xff\xfe") || bytes.starts_with(b"\xfe\xff") || bytes.contains(&0) {
        return Err(
            Problem::in_file(file, "this file is UTF-16").with_help("save it as UTF-8; PowerShell's `>` writes UTF-16")
        );
    }
    let text = String::from_utf8(bytes).map_err(|error| {
        let valid = &error.as_bytes()[..error.utf8_error().valid_up_to()];
        let line = valid.split(|byte| *byte == b'\n').count();
        Problem::in_file(file, format!("this file is not UTF-8, in line {line}")).with_help("save it as UTF-8")
    })?;
    let text = text.trim_start_matches('\u{feff}').to_owned();
    let mut start = text.chars().filter(|char| !char.is_whitespace());
    let what = match (start.next(), start.next()) {
        (Some('<'), _) => "a web page or XML",
        (Some('{'), Some('"' | '}')) | (Some('['), _) => "JSON, such as that of an introspection",
        _ => return Ok(text),
    };
    Err(Problem::in_file(file, format!("this is {what}, and no GraphQL"))
        .with_help(format!("fetch the schema as SDL: {FETCH}")))
}

/// Fetches the schema that is deployed.
const FETCH: &str = "`aws appsync get-introspection-schema --api-id ID --format SDL schema.graphql`";

/// A file that has no place in what is generated.
pub(crate) fn unused(file: &Path, why: &str) -> Problem {
    Problem::in_file(file, "this file is not used").with_help(why)
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

/// The text of a file; nothing if it cannot be read, or has only comments.
fn read_or(file: &Path, problems: &mut Vec<Problem>) -> Option<String> {
    let text = read(file).map_err(|problem| problems.push(problem)).ok()?;
    let is_blank = |line: &str| line.trim_start().is_empty() || line.trim_start().starts_with('#');
    if text.split(['\n', '\r']).all(is_blank) { None } else { Some(text) }
}

/// The document; what is wrong with it becomes problems, one for each line, without those that only follow from another.
fn document_or(parsed: Result<Document, WithErrors<Document>>, file: &Path, problems: &mut Vec<Problem>) -> Document {
    parsed.unwrap_or_else(|failed| {
        let mut lines = BTreeSet::new();
        // After an error the parser takes each further word for the beginning of a definition.
        let follows = |problem: &Problem| {
            problem.message().contains("expected definition") || problem.message().contains("expected a StringValue")
        };
        let errors = Problem::all_of(&failed.errors, file, |_| None).into_iter();
        let errors = errors.enumerate().filter(|(at, problem)| *at == 0 || !follows(problem));
        problems.extend(
            errors.map(|(_, problem)| problem).filter(|it| lines.insert(it.line_and_column().map(|(line, _)| line))),
        );
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

/// The files of a folder and its folders, sorted: the generated code must not depend on how a folder lists them.
fn graphql_files(folder: &Path, warnings: &mut Vec<Problem>) -> Result<Vec<PathBuf>, Error> {
    let mut files = BTreeSet::new();
    let mut folders = vec![folder.to_owned()];
    let mut known = BTreeSet::new();
    while let Some(folder) = folders.pop() {
        if !known.insert(folder.clone()) {
            continue;
        }
        let entries = fs::read_dir(&folder)
            .and_then(Iterator::collect::<io::Result<Vec<_>>>)
            .map_err(|error| unreadable(&folder, "the folder", &error))?;
        // Those whose names begin with a dot are an editor's, or the operating system's.
        for entry in entries.iter().filter(|entry| !entry.file_name().as_encoded_bytes().starts_with(b".")) {
            let path = entry.path();
            // What two links lead to is read once.
            let file = fs::canonicalize(&path).map_err(|error| unreadable(&path, "the file", &error))?;
            if file.is_dir() {
                folders.push(file);
            } else if path.extension().is_some_and(|extension| extension == "graphql" || extension == "gql") {
                files.insert(file);
            } else {
                warnings.push(unused(&path, "its name does not end in .graphql or .gql"));
            }
        }
    }
    Ok(files.into_iter().collect())
}

fn unreadable(path: &Path, what: &str, error: &io::Error) -> Problem {
    Problem::in_file(path, format!("cannot read {what}: {error}"))
}
