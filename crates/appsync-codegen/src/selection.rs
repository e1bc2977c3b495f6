//! Which fields an answer has, by the type of its object: selections that meet are one, as GraphQL merges them.

use std::{cell::RefCell, collections::HashSet, ptr};

use apollo_compiler::{
    ExecutableDocument, Name, Node, Schema,
    executable::{DirectiveList, Field, Fragment, InlineFragment, Selection, SelectionSet},
    schema::ExtendedType,
};

/// The object whose fields are collected.
#[derive(Clone, Copy)]
pub(crate) enum Of<'a> {
    /// One of this type.
    Type(&'a Name),
    /// One of a union or an interface, of a type that no selection names, or that the schema does not have yet.
    Other(&'a Name),
}

/// A selection of an object's fields, one of several that meet.
#[derive(Clone, Copy)]
pub(crate) struct Part<'a> {
    pub(crate) set: &'a SelectionSet,
    /// Whether `@include` or `@skip` may leave it out while others remain.
    pub(crate) conditional: bool,
}

/// What an object has under one key.
pub(crate) struct Selected<'a> {
    pub(crate) key: &'a Name,
    pub(crate) field: &'a Field,
    /// Whether `@include` or `@skip` may leave it out.
    pub(crate) conditional: bool,
    pub(crate) parts: Vec<Part<'a>>,
}

/// What an object has.
#[derive(Default)]
pub(crate) struct Fields<'a> {
    /// Its `__typename`, if it has one; true if `@include` or `@skip` may leave it out.
    pub(crate) typename: Option<bool>,
    pub(crate) fields: Vec<Selected<'a>>,
}

impl Fields<'_> {
    fn add_typename(&mut self, conditional: bool) {
        self.typename = Some(conditional && self.typename.unwrap_or(true));
    }

    /// Whether the same is selected, `__typename` aside.
    pub(crate) fn same_as(&self, other: &Self) -> bool {
        self.fields.len() == other.fields.len()
            && self.fields.iter().zip(&other.fields).all(|(a, b)| {
                a.key == b.key
                    && a.conditional == b.conditional
                    && a.parts.len() == b.parts.len()
                    && a.parts.iter().zip(&b.parts).all(|(a, b)| ptr::eq(a.set, b.set))
            })
    }
}

pub(crate) struct Selections<'a> {
    pub(crate) schema: &'a Schema,
    pub(crate) document: &'a ExecutableDocument,
    /// The selections to which `__typename` is added, because the answer's type depends on it.
    typename_added: RefCell<HashSet<*const SelectionSet>>,
}

impl<'a> Selections<'a> {
    pub(crate) fn new(schema: &'a Schema, document: &'a ExecutableDocument) -> Self {
        Self { schema, document, typename_added: RefCell::default() }
    }

    pub(crate) fn all_of(set: &'a SelectionSet) -> Vec<Part<'a>> {
        vec![Part { set, conditional: false }]
    }

    pub(crate) fn collect(&self, parts: &[Part<'a>], of: Of<'_>) -> Fields<'a> {
        let mut fields = Fields::default();
        for part in parts {
            self.add(part.set, part.conditional, of, &mut fields);
        }
        for selected in &mut fields.fields {
            if let [only] = &mut selected.parts[..] {
                only.conditional = false; // Without it there is no object at all.
            }
        }
        fields
    }

    fn add(&self, set: &'a SelectionSet, conditional: bool, of: Of<'_>, fields: &mut Fields<'a>) {
        if self.has_typename_added(set) {
            fields.add_typename(conditional);
        }
        for selection in &set.selections {
            let conditional = conditional || is_conditional(selection.directives());
            match selection {
                Selection::Field(field) if is_typename(field) => {
                    fields.add_typename(conditional);
                }
                Selection::Field(field) => {
                    let key = field.response_key();
                    let part = Part { set: &field.selection_set, conditional };
                    match fields.fields.iter_mut().find(|known| known.key == key) {
                        Some(known) => {
                            known.conditional &= conditional;
                            known.parts.push(part);
                        }
                        None => fields.fields.push(Selected { key, field, conditional, parts: vec![part] }),
                    }
                }
                Selection::InlineFragment(inline) => {
                    if self.holds(inline.type_condition.as_ref(), of) {
                        self.add(&inline.selection_set, conditional, of, fields);
                    }
                }
                Selection::FragmentSpread(spread) => {
                    if let Some(fragment) = spread.fragment_def(self.document)
                        && self.holds(Some(fragment.type_condition()), of)
                    {
                        self.add(&fragment.selection_set, conditional, of, fields);
                    }
                }
            }
        }
    }

    /// The fragment, if nothing but one on `ty` itself is selected. A `__typename` beside it may be `ignored`.
    pub(crate) fn only_fragment(
        &self,
        parts: &[Part<'a>],
        ty: &Name,
        of: Of<'_>,
        typename_ignored: bool,
    ) -> Option<&'a Node<Fragment>> {
        let mut found = None;
        let is_one = parts
            .iter()
            .all(|part| !part.conditional && self.find_only_fragment(part.set, ty, of, typename_ignored, &mut found));
        found.filter(|_| is_one)
    }

    fn find_only_fragment(
        &self,
        set: &'a SelectionSet,
        ty: &Name,
        of: Of<'_>,
        typename_ignored: bool,
        found: &mut Option<&'a Node<Fragment>>,
    ) -> bool {
        let has_typename = !typename_ignored && self.has_typename_added(set);
        !has_typename
            && set.selections.iter().all(|selection| {
                let (condition, inner) = match selection {
                    Selection::Field(field) => return typename_ignored && is_typename(field),
                    Selection::InlineFragment(inline) => (inline.type_condition.as_ref(), &inline.selection_set),
                    Selection::FragmentSpread(spread) => match spread.fragment_def(self.document) {
                        Some(fragment) if fragment.type_condition() == ty && !is_conditional(&spread.directives) => {
                            return ptr::eq(*found.get_or_insert(fragment), fragment);
                        }
                        Some(fragment) => (Some(fragment.type_condition()), &fragment.selection_set),
                        None => return false,
                    },
                };
                match (self.holds(condition, of), of) {
                    (false, Of::Type(_)) => true,   // It adds nothing.
                    (false, Of::Other(_)) => false, // It adds to some of the types.
                    (true, _) => {
                        !is_conditional(selection.directives())
                            && self.find_only_fragment(inner, ty, of, typename_ignored, found)
                    }
                }
            })
    }

    fn holds(&self, condition: Option<&Name>, of: Of<'_>) -> bool {
        let (Of::Type(ty) | Of::Other(ty)) = of;
        condition.is_none_or(|condition| condition == ty || self.schema.is_subtype(condition, ty))
    }

    /// The object types that a union or an interface may be.
    pub(crate) fn possible_types(&self, ty: &Name) -> Vec<&'a Name> {
        let objects = self.schema.types.iter().filter(|(name, it)| it.is_object() && self.schema.is_subtype(ty, name));
        objects.map(|(name, _)| name).collect()
    }

    pub(crate) fn is_abstract(&self, ty: &Name) -> bool {
        matches!(self.schema.types.get(ty), Some(ExtendedType::Interface(_) | ExtendedType::Union(_)))
    }

    fn has_typename_added(&self, set: &SelectionSet) -> bool {
        self.typename_added.borrow().contains(&ptr::from_ref(set))
    }

    /// How many selections have `__typename` added.
    pub(crate) fn added(&self) -> usize {
        self.typename_added.borrow().len()
    }

    /// Adds `__typename` to each selection that has none of its own.
    pub(crate) fn add_typename(&self, parts: &[Part<'a>]) {
        for Part { set, .. } in parts {
            let has_it = |selection: &Selection| selection.as_field().is_some_and(|field| is_plain_typename(field));
            if !set.selections.iter().any(has_it) {
                self.typename_added.borrow_mut().insert(ptr::from_ref(*set));
            }
        }
    }

    /// The selection as it is sent, with each `__typename` that was added.
    pub(crate) fn sent(&self, set: &SelectionSet) -> SelectionSet {
        let mut sent = SelectionSet::new(set.ty.clone());
        if self.has_typename_added(set)
            && let Ok(typename) = set.new_field(self.schema, apollo_compiler::name!("__typename"))
        {
            sent.push(typename);
        }
        sent.extend(set.selections.iter().map(|selection| match selection {
            Selection::Field(field) => {
                let selection_set = self.sent(&field.selection_set);
                Selection::from(Node::new(Field { selection_set, ..Field::clone(field) }))
            }
            Selection::InlineFragment(inline) => {
                let selection_set = self.sent(&inline.selection_set);
                Selection::from(Node::new(InlineFragment { selection_set, ..InlineFragment::clone(inline) }))
            }
            spread @ Selection::FragmentSpread(_) => spread.clone(),
        }));
        sent
    }

    /// The fragments that a selection spreads, directly or through others.
    pub(crate) fn fragments(&self, set: &'a SelectionSet) -> Vec<&'a Node<Fragment>> {
        let mut found: Vec<&'a Node<Fragment>> = Vec::new();
        let mut sets = vec![set];
        while let Some(set) = sets.pop() {
            for selection in &set.selections {
                match selection {
                    Selection::Field(field) => sets.push(&field.selection_set),
                    Selection::InlineFragment(inline) => sets.push(&inline.selection_set),
                    Selection::FragmentSpread(spread) => {
                        let fragment = spread.fragment_def(self.document);
                        let fragment = fragment.filter(|new| !found.iter().any(|known| known.name == new.name));
                        found.extend(fragment);
                        sets.extend(fragment.map(|fragment| &fragment.selection_set));
                    }
                }
            }
        }
        found.sort_by(|a, b| a.name.cmp(&b.name));
        found
    }
}

fn is_typename(field: &Field) -> bool {
    field.response_key() == "__typename"
}

fn is_plain_typename(field: &Field) -> bool {
    is_typename(field) && !is_conditional(&field.directives)
}

fn is_conditional(directives: &DirectiveList) -> bool {
    directives.has("include") || directives.has("skip")
}
