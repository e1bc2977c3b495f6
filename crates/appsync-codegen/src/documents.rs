use std::{
    collections::{BTreeMap, BTreeSet},
    path::{Path, PathBuf},
};

use apollo_compiler::{
    ExecutableDocument, Node, Schema,
    ast::{Definition, Document, FragmentDefinition, OperationDefinition, Selection, Type},
    schema::ExtendedType,
    validation::{DiagnosticList, Valid},
};

use crate::{
    Error,
    inputs::{self, Inputs},
    problem::Problem,
    suggest, typable,
};

/// One operation that is valid against the schema and can be given Rust types.
#[derive(Debug)]
pub(crate) struct CheckedOperation {
    pub(crate) file: PathBuf,
    pub(crate) name: String,
    pub(crate) definition: Node<OperationDefinition>,
    /// The fragments it spreads, directly or through others, by name.
    pub(crate) fragments: Vec<Node<FragmentDefinition>>,
}

impl CheckedOperation {
    /// What is sent: the operation and the fragments it spreads, without comments.
    pub(crate) fn document(&self) -> Document {
        let mut document = Document::new();
        document.definitions.push(Definition::OperationDefinition(self.definition.clone()));
        document.definitions.extend(self.fragments.iter().cloned().map(Definition::FragmentDefinition));
        document
    }

    /// The same for `graphql_client_codegen`, which cannot express each default value of a variable: such a variable is
    /// optional, and AppSync fills in the default when it is absent.
    pub(crate) fn document_without_defaults(&self) -> String {
        let mut definition = self.definition.clone();
        for variable in &mut definition.make_mut().variables {
            if variable.default_value.is_some() {
                let variable = variable.make_mut();
                variable.default_value = None;
                variable.ty = Node::new(match variable.ty.as_ref() {
                    Type::NonNullNamed(name) => Type::Named(name.clone()),
                    Type::NonNullList(item) => Type::List(item.clone()),
                    nullable => nullable.clone(),
                });
            }
        }
        Self { file: self.file.clone(), name: self.name.clone(), definition, fragments: self.fragments.clone() }
            .document()
            .to_string()
    }
}

struct Fragment {
    file: PathBuf,
    document: Document,
    definition: Node<FragmentDefinition>,
}

type Fragments = BTreeMap<String, Fragment>;

/// Reads all operations and fragments, and finds everything that is wrong with them.
pub(crate) fn load(files: &Inputs, schema: &Valid<Schema>) -> Result<Vec<CheckedOperation>, Error> {
    let mut problems = Vec::new();
    let fragments = load_fragments(files, schema, &mut problems)?;
    let mut operations = Vec::new();
    for file in files.operations() {
        let found = problems.len();
        let document = inputs::parse(file, &mut problems)?;
        if problems.len() > found {
            continue; // What a syntax error left of the file would only give misleading messages.
        }
        match check(file, &document, &fragments, schema) {
            Ok(operation) => operations.push(operation),
            Err(error) => problems.extend(error.into_problems()),
        }
    }
    Error::unless_empty(problems)?;
    Ok(operations)
}

fn load_fragments(files: &Inputs, schema: &Schema, problems: &mut Vec<Problem>) -> Result<Fragments, Error> {
    let mut fragments = Fragments::new();
    for file in files.fragments() {
        let document = inputs::parse(file, problems)?;
        for definition in &document.definitions {
            let Definition::FragmentDefinition(fragment) = definition else {
                problems.push(
                    Problem::at(definition.location(), &document.sources, file, "this is not a fragment")
                        .with_help("fragments/ holds fragments only; operations are in the folder above it"),
                );
                continue;
            };
            let problem = |message: String| Problem::at(fragment.name.location(), &document.sources, file, message);
            let name = fragment.name.as_str();
            if let Some(kind) = becomes_type(schema, name) {
                problems.push(
                    problem(format!("the fragment `{name}` has the name of {kind} of the schema"))
                        .with_help(format!("both would be Rust types; call it `{name}Fields`, for example")),
                );
            }
            if let Some(other) = fragments.get(name) {
                problems.push(
                    problem(format!("there are two fragments `{name}`")).with_help(format!(
                        "the other one is in {}; give one of them another name",
                        other.file.display()
                    )),
                );
                continue;
            }
            fragments.insert(
                name.to_owned(),
                Fragment {
                    file: file.clone(),
                    document: Document { sources: document.sources.clone(), definitions: vec![definition.clone()] },
                    definition: fragment.clone(),
                },
            );
        }
    }
    Ok(fragments)
}

/// The kind of the type if it is one that `types` may have. A fragment on a type of an answer can be called like the type.
fn becomes_type(schema: &Schema, name: &str) -> Option<&'static str> {
    match schema.types.get(name)? {
        ExtendedType::Scalar(_) => Some("a scalar"),
        ExtendedType::Enum(_) => Some("an enum"),
        ExtendedType::InputObject(_) => Some("an input"),
        ExtendedType::Object(_) | ExtendedType::Interface(_) | ExtendedType::Union(_) => None,
    }
}

fn check(
    file: &Path,
    document: &Document,
    fragments: &Fragments,
    schema: &Valid<Schema>,
) -> Result<CheckedOperation, Error> {
    let (name, definition) = only_operation(file, document)?;
    let spread = spread_fragments(file, document, &definition, fragments)?;

    let mut diagnostics = DiagnosticList::new(Default::default());
    let mut builder = ExecutableDocument::builder(Some(schema), &mut diagnostics);
    builder.add_ast_document(document, true);
    for fragment in &spread {
        builder.add_ast_document(&fragment.document, true);
    }
    let executable = builder.build();
    // Only a document that could be built is worth validating further.
    let executable = if diagnostics.is_empty() {
        executable.validate(schema).map_err(|failed| failed.errors)
    } else {
        Err(diagnostics)
    };
    let executable = executable.map_err(|diagnostics| {
        Error::from(Problem::all_of(&diagnostics, file, |message| suggest::help_for(message, schema)))
    })?;
    Error::unless_empty(typable::check(&executable, schema, file))?;
    Ok(CheckedOperation {
        file: file.to_owned(),
        name,
        definition,
        fragments: spread.iter().map(|fragment| fragment.definition.clone()).collect(),
    })
}

/// The operation of a file, which holds nothing else and is called like its operation.
fn only_operation(file: &Path, document: &Document) -> Result<(String, Node<OperationDefinition>), Error> {
    let stem = file.file_stem().unwrap_or_default().to_string_lossy();
    let problem = |location, message: &str, help: &str| {
        Error::from(Problem::at(location, &document.sources, file, message).with_help(help))
    };
    let mut operation = None;
    for definition in &document.definitions {
        match definition {
            Definition::OperationDefinition(found) if operation.is_none() => operation = Some(found),
            Definition::OperationDefinition(second) => {
                let location = second.name.as_ref().map_or(second.location(), |name| name.location());
                let help = "one operation per file: move it to a file of its own";
                return Err(problem(location, "a second operation in this file", help));
            }
            Definition::FragmentDefinition(fragment) => {
                let name = &fragment.name;
                let help = format!("move it to fragments/{name}.graphql; every operation can then spread it");
                return Err(problem(name.location(), "a fragment beside an operation", &help));
            }
            other => {
                let help = "types belong into the schema";
                return Err(problem(other.location(), "this is not an operation", help));
            }
        }
    }
    let Some(operation) = operation else {
        let help = format!("write one called `{stem}`, or remove the file");
        return Err(problem(None, "there is no operation in this file", &help));
    };
    let Some(name) = &operation.name else {
        let help = format!("call it like its file: `{} {stem} ...`", operation.operation_type);
        return Err(problem(operation.location(), "the operation has no name", &help));
    };
    if *name != *stem {
        let help = format!("call the file {name}.graphql, or the operation `{stem}`");
        return Err(problem(name.location(), &format!("the operation `{name}` is in the file {stem}.graphql"), &help));
    }
    if !name.starts_with(|first: char| first.is_ascii_uppercase()) || name.contains('_') {
        let help = "operations are called like types: `GetOrder`";
        return Err(problem(name.location(), &format!("`{name}` cannot be the name of a Rust type"), help));
    }
    Ok((name.to_string(), operation.clone()))
}

/// The fragments that an operation spreads, directly or through others, sorted by name.
fn spread_fragments<'a>(
    file: &Path,
    document: &Document,
    operation: &OperationDefinition,
    fragments: &'a Fragments,
) -> Result<Vec<&'a Fragment>, Error> {
    let mut problems = Vec::new();
    let mut names = BTreeSet::new();
    let mut queue = vec![(&operation.selection_set, document, file)];
    while let Some((selections, document, file)) = queue.pop() {
        for selection in selections {
            match selection {
                Selection::Field(field) => queue.push((&field.selection_set, document, file)),
                Selection::InlineFragment(inline) => {
                    queue.push((&inline.selection_set, document, file));
                }
                Selection::FragmentSpread(spread) => {
                    let name = spread.fragment_name.as_str();
                    let Some(fragment) = fragments.get(name) else {
                        let help = suggest::did_you_mean(name, fragments.keys().map(String::as_str));
                        problems.push(
                            Problem::at(
                                spread.fragment_name.location(),
                                &document.sources,
                                file,
                                format!("there is no fragment `{name}`"),
                            )
                            .with_help(help.unwrap_or_else(|| format!("write it in fragments/{name}.graphql"))),
                        );
                        continue;
                    };
                    if names.insert(name) {
                        queue.push((&fragment.definition.selection_set, &fragment.document, &fragment.file));
                    }
                }
            }
        }
    }
    Error::unless_empty(problems)?;
    Ok(names.into_iter().map(|name| &fragments[name]).collect())
}
