//! What GraphQL allows but `graphql_client` cannot give a Rust type: rejected here, with a place and advice, because
//! it would otherwise leave fields out, or generate types that fail to compile or to decode an answer.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
};

use apollo_compiler::{
    ExecutableDocument, Name, Schema,
    executable::{DirectiveList, Field, Selection, SelectionSet},
    parser::SourceSpan,
    schema::ExtendedType,
};

use crate::problem::Problem;

pub(crate) fn check(document: &ExecutableDocument, schema: &Schema, file: &Path) -> Vec<Problem> {
    let mut check = Check { document, schema, file, problems: Vec::new() };
    for operation in document.operations.iter() {
        check.selection_set(&operation.selection_set, operation.location());
    }
    for fragment in document.fragments.values() {
        check.selection_set(&fragment.selection_set, fragment.location());
    }
    check.problems
}

struct Check<'a> {
    document: &'a ExecutableDocument,
    schema: &'a Schema,
    file: &'a Path,
    problems: Vec<Problem>,
}

impl<'a> Check<'a> {
    fn selection_set(&mut self, set: &'a SelectionSet, parent: Option<SourceSpan>) {
        let is_abstract = self.is_abstract(&set.ty);
        if is_abstract && !self.has_typename(set) {
            self.problem(
                parent,
                format!("`__typename` is not selected on `{}`", set.ty),
                "add `__typename`: it tells which of the possible types an answer has",
            );
        }
        if !is_abstract && set.selections.iter().all(is_typename) {
            self.problem(
                parent,
                format!("nothing but `__typename` is selected on `{}`", set.ty),
                "select a field of it: a type without fields cannot be decoded",
            );
        }
        for selection in &set.selections {
            match selection {
                Selection::Field(field) => {
                    self.field(field, field.location());
                    if !field.selection_set.is_empty() {
                        self.selection_set(&field.selection_set, field.location());
                    }
                }
                Selection::FragmentSpread(spread) => {
                    self.unconditional(&spread.directives, spread.location());
                    if let Some(fragment) = spread.fragment_def(self.document) {
                        self.type_condition(
                            &set.ty,
                            fragment.type_condition(),
                            fragment.type_condition() == &set.ty,
                            spread.location(),
                        );
                    }
                }
                Selection::InlineFragment(inline) => {
                    self.unconditional(&inline.directives, inline.location());
                    match &inline.type_condition {
                        Some(condition) => {
                            self.type_condition(&set.ty, condition, false, inline.location());
                        }
                        None => self.problem(
                            inline.location(),
                            "an inline fragment without a type",
                            "write its fields directly",
                        ),
                    }
                    self.selection_set(&inline.selection_set, inline.location());
                }
            }
        }
        self.each_type_in_one_place(set);
        self.each_key_once(set);
    }

    fn field(&mut self, field: &Field, location: Option<SourceSpan>) {
        if field.name == "__typename" && field.alias.is_some() {
            self.problem(location, "`__typename` under another name", "select it as `__typename`");
        }
        if field.ty().is_non_null() && is_conditional(&field.directives) {
            let message = format!("`{}` may be missing although its type is `{}`", field.response_key(), field.ty());
            self.problem(
                location,
                message,
                "@include and @skip can be used on fields that may be null; else write two operations",
            );
        }
    }

    fn unconditional(&mut self, directives: &DirectiveList, location: Option<SourceSpan>) {
        if is_conditional(directives) {
            self.problem(
                location,
                "@include or @skip on a fragment",
                "put it on the fields that may be null, or write two operations",
            );
        }
    }

    /// `same` says whether a condition that names the type itself is fine, which it is for a spread.
    fn type_condition(&mut self, ty: &Name, condition: &Name, same: bool, location: Option<SourceSpan>) {
        let is_member = self.schema.get_object(condition).is_some() && condition != ty;
        if same || (self.is_abstract(ty) && is_member) {
            return;
        }
        let message = format!("a fragment on `{condition}` where the type is `{ty}`");
        let help = if self.is_abstract(ty) {
            format!("use a fragment on `{ty}` itself, or on one of the types it may be")
        } else {
            format!("select the fields of `{ty}` directly, or spread a fragment on `{ty}`")
        };
        self.problem(location, message, help);
    }

    /// Of several selections on one type, an inline fragment would lose its fields.
    fn each_type_in_one_place(&mut self, set: &'a SelectionSet) {
        for (index, selection) in set.selections.iter().enumerate() {
            let Some(condition) = self.condition(selection) else { continue };
            let is_second = set.selections[..index].iter().any(|earlier| {
                self.condition(earlier) == Some(condition)
                    && (earlier.as_inline_fragment().is_some() || selection.as_inline_fragment().is_some())
            });
            if is_second {
                let message = format!("a second fragment on `{condition}` in the same place");
                let help = format!("select everything of `{condition}` in one fragment");
                self.problem(location(selection), message, help);
            }
        }
    }

    /// serde gives a key of the answer to one field of one struct: a second one would not see it.
    fn each_key_once(&mut self, set: &'a SelectionSet) {
        // What is selected for every type, and what only for one of the types a union or interface may be.
        let mut everywhere = BTreeSet::new();
        let mut by_type: BTreeMap<&Name, BTreeSet<&Name>> = BTreeMap::new();
        let (on_types, on_all): (Vec<_>, Vec<_>) =
            set.selections.iter().partition(|selection| self.condition(selection).is_some_and(|ty| *ty != set.ty));
        for selection in on_all.into_iter().chain(on_types) {
            let condition = self.condition(selection).filter(|ty| **ty != set.ty);
            for key in self.keys(selection) {
                let is_new = match condition {
                    None => everywhere.insert(key),
                    Some(ty) => !everywhere.contains(key) && by_type.entry(ty).or_default().insert(key),
                };
                if !is_new {
                    let message = format!("`{key}` is selected twice on `{}`", condition.unwrap_or(&set.ty));
                    self.problem(location(selection), message, "select it once: either directly or in a fragment");
                }
            }
        }
    }

    /// The type that a fragment is on.
    fn condition(&self, selection: &'a Selection) -> Option<&'a Name> {
        match selection {
            Selection::Field(_) => None,
            Selection::InlineFragment(inline) => inline.type_condition.as_ref(),
            Selection::FragmentSpread(spread) => Some(spread.fragment_def(self.document)?.type_condition()),
        }
    }

    /// The keys that a selection adds to its object.
    fn keys(&self, selection: &'a Selection) -> Vec<&'a Name> {
        let inner = match selection {
            Selection::Field(field) if field.name == "__typename" => return Vec::new(),
            Selection::Field(field) => return vec![field.response_key()],
            Selection::InlineFragment(inline) => &inline.selection_set,
            Selection::FragmentSpread(spread) => match spread.fragment_def(self.document) {
                Some(fragment) => &fragment.selection_set,
                None => return Vec::new(),
            },
        };
        inner.selections.iter().flat_map(|selection| self.keys(selection)).collect()
    }

    fn has_typename(&self, set: &SelectionSet) -> bool {
        set.selections.iter().any(|selection| match selection {
            Selection::Field(field) => field.name == "__typename",
            Selection::InlineFragment(_) => false,
            Selection::FragmentSpread(spread) => spread.fragment_def(self.document).is_some_and(|fragment| {
                fragment.type_condition() == &set.ty && self.has_typename(&fragment.selection_set)
            }),
        })
    }

    fn is_abstract(&self, ty: &Name) -> bool {
        matches!(self.schema.types.get(ty), Some(ExtendedType::Interface(_) | ExtendedType::Union(_)))
    }

    fn problem(&mut self, location: Option<SourceSpan>, message: impl Into<String>, help: impl Into<String>) {
        self.problems.push(Problem::at(location, &self.document.sources, self.file, message).with_help(help));
    }
}

fn location(selection: &Selection) -> Option<SourceSpan> {
    match selection {
        Selection::Field(field) => field.location(),
        Selection::InlineFragment(inline) => inline.location(),
        Selection::FragmentSpread(spread) => spread.location(),
    }
}

fn is_typename(selection: &Selection) -> bool {
    selection.as_field().is_some_and(|field| field.name == "__typename")
}

fn is_conditional(directives: &DirectiveList) -> bool {
    directives.has("include") || directives.has("skip")
}
