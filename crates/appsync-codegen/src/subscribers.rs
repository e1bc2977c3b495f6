//! A subscription shows what the mutation selected: a field that the mutation leaves out arrives as null.

use std::{collections::BTreeSet, path::Path};

use apollo_compiler::{
    ExecutableDocument, Name, Node, Schema, ast::OperationType, executable::Operation, schema::ExtendedType,
};

use crate::{
    problem::Problem,
    selection::{Of, Part, Selections},
};

/// The comment in an operation that says that it leaves out fields on purpose.
const ALLOWED: &str = "# subscribers may miss fields";

/// A warning for each mutation that leaves out fields which a subscription on it may select.
pub(crate) fn warnings(document: &ExecutableDocument, schema: &Schema) -> Vec<Problem> {
    let subscribed = subscribed(schema);
    let selections = Selections::new(schema, document);
    let mutations = document.operations.named.values().filter(|operation| operation.is_mutation());
    mutations
        .filter(|mutation| !allows(mutation, document))
        .flat_map(|mutation| {
            let root = &mutation.selection_set;
            let fields = selections.collect(&Selections::all_of(root), Of::Type(&root.ty)).fields;
            let subscribed = fields.into_iter().filter(|it| subscribed.contains(it.field.name.as_str()));
            let warnings: Vec<Problem> = subscribed
                .filter_map(|selected| {
                    let mut missing = Vec::new();
                    let ty = selected.field.ty().inner_named_type();
                    find_missing(&selections, &[ty], &selected.parts, "", &mut missing);
                    let last = missing.pop()?;
                    let missing = if missing.is_empty() { last } else { format!("{} and {last}", missing.join(", ")) };
                    let message = format!("subscribers of `{}` get null for {missing}", selected.field.name);
                    let problem = Problem::at(selected.key.location(), &document.sources, Path::new(""), message);
                    let help = format!("select what subscriptions may select, or write `{ALLOWED}` into the operation");
                    Some(problem.with_help(help))
                })
                .collect();
            warnings
        })
        .collect()
}

/// The fields of `Mutation` that a subscription names.
fn subscribed(schema: &Schema) -> BTreeSet<&str> {
    let root = schema.root_operation(OperationType::Subscription);
    let fields = root.and_then(|root| schema.get_object(root)).into_iter().flat_map(|root| root.fields.values());
    let directives = fields.filter_map(|field| field.directives.get("aws_subscribe"));
    let mutations = directives.filter_map(|directive| directive.specified_argument_by_name("mutations"));
    // GraphQL takes a single item for a list of one.
    mutations
        .flat_map(|value| value.as_list().unwrap_or(std::slice::from_ref(value)))
        .filter_map(|value| value.as_str())
        .collect()
}

/// Fields that are objects themselves, and not selected at all, are told; what is inside of those that are is looked at. `types`
/// are those of the objects on the way: what leads back to one of them could be selected without end, and is not told.
fn find_missing(
    selections: &Selections<'_>,
    types: &[&Name],
    parts: &[Part<'_>],
    path: &str,
    missing: &mut Vec<String>,
) {
    let Some(ty) = types.last() else { return };
    let (fields, of) = match selections.schema.types.get(*ty) {
        Some(ExtendedType::Object(object)) => (&object.fields, Of::Type(ty)),
        Some(ExtendedType::Interface(interface)) => (&interface.fields, Of::Other(ty)),
        _ => return,
    };
    let selected = selections.collect(parts, of).fields;
    for (name, definition) in fields {
        let ty = definition.ty.inner_named_type();
        match selected.iter().find(|selected| selected.field.name == *name) {
            None if definition.arguments.iter().any(|argument| argument.is_required()) => {}
            None if types.len() > 1 && leads_back(selections.schema, ty, types) => {}
            None => missing.push(format!("`{path}{name}`")),
            Some(found) => {
                find_missing(selections, &[types, &[ty]].concat(), &found.parts, &format!("{path}{name}."), missing);
            }
        }
    }
}

/// Whether an object of the type `ty` may hold one of `types`, or something that does.
fn leads_back(schema: &Schema, ty: &Name, types: &[&Name]) -> bool {
    let mut known = BTreeSet::new();
    let mut waiting = vec![ty];
    while let Some(ty) = waiting.pop() {
        if types.contains(&ty) {
            return true;
        }
        if !known.insert(ty) {
            continue;
        }
        match schema.types.get(ty) {
            Some(ExtendedType::Object(object)) => {
                waiting.extend(object.fields.values().map(|field| field.ty.inner_named_type()));
            }
            Some(ExtendedType::Interface(interface)) => {
                waiting.extend(interface.fields.values().map(|field| field.ty.inner_named_type()));
            }
            Some(ExtendedType::Union(union)) => waiting.extend(union.members.iter().map(|member| &member.name)),
            _ => {}
        }
    }
    false
}

/// Whether its text says so, or what is between it and the definition before it.
fn allows(operation: &Node<Operation>, document: &ExecutableDocument) -> bool {
    let Some(span) = operation.location() else { return false };
    let Some(source) = document.sources.get(&span.file_id()) else { return false };
    let text = source.source_text();
    let end_of_line = |end: usize| text[end..].find('\n').map_or(text.len(), |at| end + at);
    let operations = document.operations.named.values().map(Node::location);
    let others = operations.chain(document.fragments.values().map(Node::location)).flatten();
    let ends = others.filter(|other| other.file_id() == span.file_id()).map(|other| other.end_offset());
    let before = ends.filter(|end| *end <= span.offset()).max().map_or(0, end_of_line);
    text[before.min(span.offset())..end_of_line(span.end_offset())].contains(ALLOWED)
}
