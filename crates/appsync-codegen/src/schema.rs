use std::{collections::BTreeSet, path::Path};

use apollo_compiler::{
    Name, Node, Schema,
    ast::{Definition, Directive, DirectiveList, Document},
    parser::SourceSpan,
    validation::Valid,
};

use crate::{
    Error,
    files::{self, Files},
    problem::Problem,
    suggest,
};

/// What AppSync brings.
const PRELUDE: &str = include_str!("prelude.graphql");

/// The schema as deployed, completed by AppSync's own scalars and directives, and validated.
pub(crate) fn load(files: &Files, warnings: &mut Vec<Problem>) -> Result<Valid<Schema>, Error> {
    let mut problems = Vec::new();
    let given = files.schemas.iter().chain(&files.prelude);
    let given: Vec<(&Path, Document)> =
        given.map(|file| (file.as_path(), files::parse_schema(file, &mut problems))).collect();
    Error::unless_empty(problems)?;
    let empty = given.iter().filter(|(_, document)| document.definitions.is_empty());
    warnings.extend(empty.map(|(file, _)| files::unused(file, "there is no definition in it")));
    let appsync = Document::parse(PRELUDE, "prelude.graphql").unwrap_or_else(|failed| failed.partial);
    let mut problems = custom_scalars(&given, &appsync);
    problems.extend(given.iter().find_map(|(file, document)| amplify_source(document, file)));
    Error::unless_empty(problems)?;

    // What the schema declares counts, then what the folder's prelude declares, then what is built in.
    let mut declared = BTreeSet::new();
    let mut builder = Schema::builder().adopt_orphan_extensions().ignore_builtin_redefinitions();
    for mut document in given.into_iter().map(|(_, document)| document).chain([appsync]) {
        document.definitions.retain(|it| declared_name(it).is_none_or(|name| declared.insert(name)));
        builder = builder.add_ast(&document);
    }
    let file = files.schemas.first().map_or(Path::new(""), |file| file);
    builder.build().and_then(Schema::validate).or_else(|failed| {
        let schema = &failed.partial;
        let mut errors = Problem::all_of(&failed.errors, file, |message| {
            suggest::help_for(message, schema)
                .or_else(|| suggest::other_place(message, &schema.sources, |name| schema.types.get(name)?.location()))
        });
        // AppSync may have more directives, and take them in more places, than this crate knows: they change no type.
        let directives = errors.extract_if(.., |problem| is_about_directive(problem.message()));
        let mut known = BTreeSet::new();
        warnings.extend(directives.filter(|it| known.insert(it.message().to_owned())));
        Error::unless_empty(errors)?;
        Ok(Valid::assume_valid(failed.partial))
    })
}

fn is_about_directive(message: &str) -> bool {
    message.contains("cannot find directive") || message.contains("directive is not supported for")
}

/// The name of a scalar, or of a directive with its `@`.
fn declared_name(definition: &Definition) -> Option<String> {
    match definition {
        Definition::ScalarTypeDefinition(scalar) => Some(scalar.name.to_string()),
        Definition::DirectiveDefinition(directive) => Some(format!("@{}", directive.name)),
        _ => None,
    }
}

/// AppSync takes none: each scalar needs a Rust type, and only AppSync's have one in the client crate.
fn custom_scalars(given: &[(&Path, Document)], appsync: &Document) -> Vec<Problem> {
    const BUILT_IN: [&str; 5] = ["Boolean", "Float", "ID", "Int", "String"];
    let known: Vec<&str> = scalars(appsync).map(Name::as_str).chain(BUILT_IN).collect();
    let unknown = given.iter().flat_map(|(file, document)| scalars(document).map(move |name| (file, document, name)));
    let unknown = unknown.filter(|(_, _, name)| !known.contains(&name.as_str()));
    unknown
        .map(|(file, document, name)| {
            let message = format!("AppSync has no scalar `{name}` and takes no custom ones");
            let help = suggest::did_you_mean(name, known.iter().copied());
            Problem::at(name.location(), &document.sources, file, message)
                .with_help(help.unwrap_or_else(|| "use AWSJSON, String or another of AppSync's own scalars".to_owned()))
        })
        .collect()
}

fn scalars(document: &Document) -> impl Iterator<Item = &Name> {
    document.definitions.iter().filter_map(|definition| match definition {
        Definition::ScalarTypeDefinition(scalar) => Some(&scalar.name),
        _ => None,
    })
}

/// Amplify deploys another schema than the one that is written: with queries, mutations and inputs for each `@model`.
fn amplify_source(document: &Document, file: &Path) -> Option<Problem> {
    let model = document.definitions.iter().find_map(|definition| match definition {
        Definition::ObjectTypeDefinition(object) => location_of(&object.directives, "model"),
        _ => None,
    })?;
    let message = "this is the source of an Amplify API, and not the schema that is deployed";
    let help = "use amplify/backend/api/NAME/build/schema.graphql, which `amplify api gql-compile` writes, or \
                `aws appsync get-introspection-schema --api-id ID --format SDL schema.graphql`";
    Some(Problem::at(Some(model), &document.sources, file, message).with_help(help))
}

fn location_of(directives: &DirectiveList, name: &str) -> Option<SourceSpan> {
    directives.get(name).map(Node::<Directive>::location)?
}
