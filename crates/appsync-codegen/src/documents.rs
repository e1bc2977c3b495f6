use std::path::{Path, PathBuf};

use apollo_compiler::{
    ExecutableDocument, Schema,
    ast::{Definition, Document},
    validation::{DiagnosticList, Valid},
};

use crate::{
    Error,
    files::{self, Files},
    problem::Problem,
    suggest,
};

/// Reads all operations and fragments, and finds everything that is wrong with them.
pub(crate) fn load(
    files: &Files,
    schema: &Valid<Schema>,
    warnings: &mut Vec<Problem>,
) -> Result<ExecutableDocument, Error> {
    let mut problems = Vec::new();
    let mut documents: Vec<Document> = Vec::new();
    for file in &files.documents {
        let found = problems.len();
        let document = files::parse_operations(file, &mut problems);
        // What is left of a file with errors would only give misleading messages.
        if problems.len() == found {
            problems.extend(document.definitions.iter().filter_map(|it| misplaced(it, &document, file)));
        }
        match () {
            () if problems.len() > found => {}
            () if document.definitions.is_empty() => {
                warnings.push(files::unused(file, "there is no operation and no fragment in it"));
            }
            () => documents.push(document),
        }
    }
    let is_complete = problems.is_empty();

    let mut errors = DiagnosticList::new(Default::default());
    let mut builder = ExecutableDocument::builder(Some(schema), &mut errors);
    for document in &documents {
        builder.add_ast_document(document, true);
    }
    let document = builder.build();
    let help = |message: &str| {
        let help = suggest::help_for(message, schema).or_else(|| suggest::fragment(message, document.fragments.keys()));
        help.or_else(|| {
            suggest::other_place(message, &document.sources, |name| {
                let fragment = document.fragments.get(name).map(|fragment| fragment.location());
                fragment.or_else(|| Some(document.operations.named.get(name)?.location()))?
            })
        })
    };
    let none = PathBuf::new();
    let built = Problem::all_of(&errors, &none, help);
    let validated = match document.clone().validate(schema) {
        Ok(_) => Vec::new(),
        Err(failed) => Problem::all_of(&failed.errors, &none, help),
    };
    for problem in validated {
        let message = problem.message();
        match () {
            // A fragment that is missing here may be in a file that could not be read.
            () if !is_complete && message.contains("cannot find fragment") => {}
            // What a file's first errors left of it would only give misleading messages.
            () if built.iter().any(|known| known.file() == problem.file()) => {}
            () if message.contains("must be used in an operation") => warnings.push(problem),
            () => problems.push(problem),
        }
    }
    problems.extend(built);
    problems.sort_by_key(|problem| (problem.file().to_owned(), problem.line_and_column()));
    Error::unless_empty(problems)?;
    if document.operations.named.is_empty() {
        let file = files.documents.first().unwrap_or(&none);
        return Err(Problem::in_file(file, "there is no operation in these files")
            .with_help("write one, for example `query GetOrder ...`")
            .into());
    }
    Ok(document)
}

/// An operation without a name, and what belongs into the schema.
fn misplaced(definition: &Definition, document: &Document, file: &Path) -> Option<Problem> {
    let problem = |message: &str| Problem::at(definition.location(), &document.sources, file, message);
    match definition {
        Definition::OperationDefinition(operation) if operation.name.is_none() => {
            let stem = file.file_stem().unwrap_or_default().to_string_lossy();
            let help = format!("name it, for example like its file: `{} {stem} ...`", operation.operation_type);
            Some(problem("the operation has no name").with_help(help))
        }
        Definition::OperationDefinition(_) | Definition::FragmentDefinition(_) => None,
        _ => Some(problem("this is not an operation").with_help("types belong into the schema")),
    }
}
