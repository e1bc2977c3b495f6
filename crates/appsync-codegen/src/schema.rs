use std::{collections::BTreeSet, fmt::Write, path::Path};

use apollo_compiler::{
    Name, Schema,
    ast::{self, Definition, Document, OperationType},
    schema::ExtendedType,
    validation::Valid,
};

use crate::{
    Error,
    inputs::{self, Inputs},
    problem::Problem,
    suggest,
};

/// What AppSync brings and rejects when a schema declares it again.
const PRELUDE: &str = include_str!("prelude.graphql");

/// The schema as deployed, completed by AppSync's own scalars and directives, and validated.
pub(crate) fn load(files: &Inputs) -> Result<Valid<Schema>, Error> {
    let mut problems = Vec::new();
    let schema = inputs::parse(files.schema(), &mut problems)?;
    let prelude = match files.prelude() {
        Some(file) => inputs::parse(file, &mut problems)?,
        None => Document::new(),
    };
    Error::unless_empty(problems)?;

    // What the schema declares counts, then what the folder's prelude declares, then what is built in.
    let appsync = Document::parse(PRELUDE, "prelude.graphql").unwrap_or_else(|failed| failed.partial);
    let mut problems = custom_scalars(&schema, files.schema(), &appsync);
    problems.extend(custom_scalars(&prelude, files.prelude().unwrap_or(files.schema()), &appsync));
    Error::unless_empty(problems)?;
    let prelude = without(prelude, &schema);
    let built_in = without(without(appsync, &schema), &prelude);

    let builder = Schema::builder().add_ast(&schema).add_ast(&prelude).add_ast(&built_in);
    builder.build().and_then(Schema::validate).map_err(|failed| {
        Problem::all_of(&failed.errors, files.schema(), |message| suggest::help_for(message, &failed.partial)).into()
    })
}

/// The part of the schema that code generation needs, in the plainest SDL, so that `graphql_client_codegen`
/// neither meets syntax it cannot read nor a name it does not know, at which it would panic.
pub(crate) fn to_plain_sdl(schema: &Valid<Schema>) -> String {
    let mut sdl = String::from("schema {\n");
    for (kind, word) in [
        (OperationType::Query, "query"),
        (OperationType::Mutation, "mutation"),
        (OperationType::Subscription, "subscription"),
    ] {
        if let Some(name) = schema.root_operation(kind) {
            let _ = writeln!(sdl, "  {word}: {name}");
        }
    }
    sdl.push_str("}\n");
    for (name, ty) in schema.types.iter().filter(|(_, ty)| !ty.is_built_in()) {
        let _ = match ty {
            ExtendedType::Scalar(_) => writeln!(sdl, "scalar {name}"),
            ExtendedType::Enum(ty) => block(&mut sdl, &format!("enum {name}"), ty.values.keys()),
            ExtendedType::Union(ty) => {
                let members: Vec<&str> = ty.members.iter().map(|member| member.as_str()).collect();
                writeln!(sdl, "union {name} = {}", members.join(" | "))
            }
            ExtendedType::Interface(ty) => {
                block(&mut sdl, &format!("interface {name}"), ty.fields.values().map(|it| field(it)))
            }
            ExtendedType::Object(ty) => {
                let interfaces: Vec<&str> = ty.implements_interfaces.iter().map(|name| name.as_str()).collect();
                let head = match interfaces.is_empty() {
                    true => format!("type {name}"),
                    false => format!("type {name} implements {}", interfaces.join(" & ")),
                };
                block(&mut sdl, &head, ty.fields.values().map(|it| field(it)))
            }
            ExtendedType::InputObject(ty) => {
                let fields = ty.fields.values().map(|field| format!("{}: {}", field.name, field.ty));
                block(&mut sdl, &format!("input {name}"), fields)
            }
        };
    }
    sdl
}

fn block<T: std::fmt::Display>(sdl: &mut String, head: &str, lines: impl Iterator<Item = T>) -> std::fmt::Result {
    writeln!(sdl, "{head} {{")?;
    for line in lines {
        writeln!(sdl, "  {line}")?;
    }
    writeln!(sdl, "}}")
}

fn field(definition: &ast::FieldDefinition) -> String {
    let deprecated: Option<String> = definition.directives.get("deprecated").map(|directive| format!(" {directive}"));
    format!("{}: {}{}", definition.name, definition.ty, deprecated.unwrap_or_default())
}

/// The name of a scalar, or of a directive with its `@`.
fn declared_name(definition: &Definition) -> Option<String> {
    match definition {
        Definition::ScalarTypeDefinition(scalar) => Some(scalar.name.to_string()),
        Definition::DirectiveDefinition(directive) => Some(format!("@{}", directive.name)),
        _ => None,
    }
}

/// The document without the scalars and directives that another one declares too.
fn without(mut document: Document, other: &Document) -> Document {
    let declared: BTreeSet<String> = other.definitions.iter().filter_map(declared_name).collect();
    document.definitions.retain(|definition| declared_name(definition).is_none_or(|name| !declared.contains(&name)));
    document
}

/// AppSync takes none: each scalar needs a Rust type, and only AppSync's have one in the client crate.
fn custom_scalars(document: &Document, file: &Path, appsync: &Document) -> Vec<Problem> {
    let known: Vec<&str> = scalars(appsync).map(Name::as_str).collect();
    scalars(document)
        .filter(|name| !known.contains(&name.as_str()))
        .map(|name| {
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
