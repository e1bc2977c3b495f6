//! The types of answers.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::ptr;

use apollo_compiler::{
    Name, Node,
    ast::{DirectiveList, Type},
    executable::{Fragment, SelectionSet},
    schema::ExtendedType,
};

use crate::{
    names::{self, Names},
    selection::{Fields, Of, Part, Selected, Selections},
    text,
};

const STRUCT: &str = "#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]\n#[serde(crate = \"support::serde\", rename_all = \"camelCase\")]\n";

/// A module of types in the making.
pub(crate) struct Module<'a> {
    pub(crate) name: String,
    names: Names,
    items: Vec<String>,
    pub(crate) scalars: BTreeSet<&'static str>,
    /// The modules beside it that it uses.
    siblings: BTreeSet<&'static str>,
    /// The types of objects that are selected more than once by the same text.
    known: BTreeMap<Identity<'a>, String>,
}

impl Module<'_> {
    pub(crate) fn new(name: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            names: Names::new(),
            items: Vec::new(),
            scalars: BTreeSet::new(),
            siblings: BTreeSet::new(),
            known: BTreeMap::new(),
        }
    }

    /// Keeps names from being given to anything else.
    pub(crate) fn reserve<'n>(&mut self, names: impl IntoIterator<Item = &'n str>) {
        names.into_iter().for_each(|name| drop(self.names.take(name.to_owned())));
    }

    pub(crate) fn push(&mut self, item: String) {
        self.items.push(item);
    }

    /// A place for an item that is made after those that it needs: parents stand before their children.
    fn place(&mut self) -> usize {
        self.items.push(String::new());
        self.items.len() - 1
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.items.is_empty()
    }

    /// Its text, which begins with what it uses.
    pub(crate) fn text(&self, doc: &str) -> String {
        let body = self.items.join("\n");
        let scalars: Vec<String> = self.scalars.iter().map(ToString::to_string).collect();
        let siblings: Vec<String> = self.siblings.iter().map(ToString::to_string).collect();
        let mut uses = text::import("", "super", &siblings);
        uses += "use ::appsync::codegen_support as support;\n";
        uses += &text::import("", "::appsync::scalars", &scalars);
        if body.contains("#[derive(") {
            uses += "use support::serde::{Deserialize, Serialize};\n";
        }
        let Self { name, .. } = self;
        format!("{}pub mod {name} {{\n{}}}\n", text::docs(doc), text::indented(&format!("{uses}\n{body}")))
    }

    /// How `name`, of the module `of`, is called here.
    fn path(&mut self, of: &'static str, name: &str) -> String {
        if self.name == of {
            return name.to_owned();
        }
        self.siblings.insert(of);
        format!("{of}::{name}")
    }
}

/// The type of an object, and what is selected of it.
type Identity<'a> = (&'a str, Vec<(*const SelectionSet, bool)>);

/// The schema's types and the fragments that are used so far.
pub(crate) struct Used<'a> {
    pub(crate) selections: Selections<'a>,
    /// Enums and inputs.
    pub(crate) types: BTreeSet<&'a Name>,
    fragments: BTreeSet<&'a Name>,
    waiting: VecDeque<&'a Node<Fragment>>,
    fragment_names: BTreeMap<&'a str, String>,
    type_names: BTreeMap<&'a str, String>,
}

impl<'a> Used<'a> {
    pub(crate) fn new(selections: Selections<'a>) -> Self {
        let types = selections.schema.types.iter().filter(|(_, ty)| ty.is_enum() || ty.is_input_object());
        let types = names::each_once(types.map(|(name, _)| name.as_str()), Names::new(), names::verbatim);
        let fragments = selections.document.fragments.keys().map(Name::as_str);
        let fragments = names::each_once(fragments, Names::new(), names::verbatim);
        Self {
            selections,
            types: BTreeSet::new(),
            fragments: BTreeSet::new(),
            waiting: VecDeque::new(),
            fragment_names: fragments,
            type_names: types,
        }
    }

    /// The type of a whole answer, or of a fragment. What is inside of it is called by `prefix`.
    pub(crate) fn root(&mut self, module: &mut Module<'a>, name: &str, prefix: &str, set: &'a SelectionSet) {
        let parts = Selections::all_of(set);
        match self.selections.only_fragment(&parts, &set.ty, self.of(&set.ty), false) {
            Some(fragment) => {
                let path = self.fragment(module, fragment);
                module.push(format!("pub type {name} = {path};\n"));
            }
            None => self.define(module, name, prefix, &set.ty, &parts),
        }
    }

    /// The fragments that are types of answers, and those that these use.
    pub(crate) fn fragments(&mut self) -> Module<'a> {
        let mut module = Module::new("fragments");
        module.reserve(self.fragment_names.values().map(String::as_str));
        while let Some(fragment) = self.waiting.pop_front() {
            let name = self.fragment_names[fragment.name.as_str()].clone();
            self.root(&mut module, &name, &name, &fragment.selection_set);
        }
        module
    }

    /// The Rust type of an object of the type `ty` of which `parts` are selected; a new one is called by `name`.
    fn object(&mut self, module: &mut Module<'a>, name: String, ty: &'a Name, parts: &[Part<'a>]) -> String {
        if let Some(fragment) = self.selections.only_fragment(parts, ty, self.of(ty), false) {
            return self.fragment(module, fragment);
        }
        let key = (ty.as_str(), parts.iter().map(Part::identity).collect());
        if let Some(known) = module.known.get(&key) {
            return known.clone();
        }
        let name = module.names.take(name);
        module.known.insert(key, name.clone());
        self.define(module, &name, &name, ty, parts);
        name
    }

    fn define(&mut self, module: &mut Module<'a>, name: &str, prefix: &str, ty: &'a Name, parts: &[Part<'a>]) {
        let fields = self.selections.collect(parts, self.of(ty));
        let variants = if self.selections.is_abstract(ty) { self.variants(ty, parts, &fields) } else { Vec::new() };
        if variants.is_empty() {
            self.structure(module, name, prefix, ty, &fields, fields.typename);
        } else {
            self.selections.add_typename(parts);
            self.enumeration(module, name, prefix, ty, parts, (fields, variants));
        }
    }

    fn fragment(&mut self, module: &mut Module<'_>, fragment: &'a Node<Fragment>) -> String {
        if self.fragments.insert(&fragment.name) {
            self.waiting.push_back(fragment);
        }
        module.path("fragments", &self.fragment_names[fragment.name.as_str()])
    }

    /// The types of which something else is selected than of others.
    fn variants(&self, ty: &Name, parts: &[Part<'a>], others: &Fields<'a>) -> Vec<(&'a Name, Fields<'a>)> {
        let types = self.selections.possible_types(ty).into_iter();
        let fields = types.map(|ty| (ty, self.selections.collect(parts, Of::Type(ty))));
        fields.filter(|(_, fields)| !fields.same_as(others) || fields.typename != others.typename).collect()
    }

    fn enumeration(
        &mut self,
        module: &mut Module<'a>,
        name: &str,
        prefix: &str,
        ty: &'a Name,
        parts: &[Part<'a>],
        (others, variants): (Fields<'a>, Vec<(&'a Name, Fields<'a>)>),
    ) {
        let at = module.place();
        let types = variants.iter().map(|(ty, _)| ty.as_str());
        let other_variant = names::other(types.clone());
        let names = names::each_once(types, Names::for_members(), names::variant);
        let mut item = format!("support::one_of! {{\n    pub enum {name} {{\n");
        for (ty, fields) in variants {
            let fragment = self.selections.only_fragment(parts, ty, Of::Type(ty), true);
            let without_typename = fragment.filter(|fragment| {
                let parts = Selections::all_of(&fragment.selection_set);
                self.selections.collect(&parts, Of::Type(ty)).typename.is_none()
            });
            let path = match without_typename {
                Some(fragment) => self.fragment(module, fragment),
                None => {
                    let name = module.names.take(format!("{prefix}On{}", names::camel(ty)));
                    self.structure(module, &name, &name, ty, &fields, None);
                    name
                }
            };
            item += &format!("        {}({path}) = {:?},\n", names[ty.as_str()], ty.as_str());
        }
        let other = module.names.take(format!("{prefix}Other"));
        self.structure(module, &other, prefix, ty, &others, Some(false));
        module.items[at] = format!("{item}    }} else {other_variant}({other})\n}}\n");
    }

    fn structure(
        &mut self,
        module: &mut Module<'a>,
        name: &str,
        prefix: &str,
        ty: &'a Name,
        fields: &Fields<'a>,
        typename: Option<bool>,
    ) {
        let at = module.place();
        let mut taken = Names::for_members();
        let mut members = String::new();
        if let Some(conditional) = typename {
            let mut attributes = vec!["rename = \"__typename\"".to_owned()];
            let ty = if conditional { optional(&mut attributes, "String") } else { "String".to_owned() };
            let field = taken.take("typename".to_owned());
            members += &text::field("The name of its type.", None, &attributes, &field, &ty);
        }
        for selected in &fields.fields {
            members += &self.field(module, prefix, ty, selected, &mut taken);
        }
        module.items[at] = format!("{STRUCT}{}", text::structure(name, &members));
    }

    fn field(
        &mut self,
        module: &mut Module<'a>,
        prefix: &str,
        ty: &Name,
        Selected { key, field, conditional, parts }: &Selected<'a>,
        taken: &mut Names,
    ) -> String {
        let schema = self.selections.schema;
        // The field may have a narrower type on the object than on the interface where it was selected.
        let definition = schema.type_field(ty, &field.name).map_or(&field.definition, |component| &component.node);
        let named = schema.types.get_key_value(definition.ty.inner_named_type());
        let leaf = match named {
            Some((name, ExtendedType::Enum(_))) => self.named(module, name),
            Some((name, ExtendedType::Object(_) | ExtendedType::Interface(_) | ExtendedType::Union(_))) => {
                self.object(module, format!("{prefix}{}", names::camel(key)), name, parts)
            }
            _ => scalar(&mut module.scalars, definition.ty.inner_named_type()),
        };
        let ident = taken.take(names::snake(key));
        let mut attributes = text::rename(&ident, key);
        let ty = match (conditional, definition.ty.is_non_null()) {
            (false, _) => nullable(&definition.ty, &leaf),
            (true, true) => optional(&mut attributes, &nullable(&definition.ty, &leaf)),
            (true, false) => patch(&mut attributes, &required(&definition.ty, &leaf)),
        };
        let description = definition.description.as_deref().unwrap_or_default();
        text::field(description, deprecated(&definition.directives).as_deref(), &attributes, &ident, &ty)
    }

    fn of(&self, ty: &'a Name) -> Of<'a> {
        if self.selections.is_abstract(ty) { Of::Other(ty) } else { Of::Type(ty) }
    }

    pub(crate) fn named(&mut self, module: &mut Module<'_>, name: &'a Name) -> String {
        self.types.insert(name);
        module.path("types", &self.type_names[name.as_str()])
    }

    /// What an enum or an input is called.
    pub(crate) fn type_name(&self, name: &str) -> &str {
        &self.type_names[name]
    }
}

/// The scalars that have a type of the same name in the client crate.
pub(crate) const SCALARS: [&str; 10] = [
    "AWSDate",
    "AWSDateTime",
    "AWSEmail",
    "AWSIPAddress",
    "AWSJSON",
    "AWSPhone",
    "AWSTime",
    "AWSTimestamp",
    "AWSURL",
    "ID",
];

/// The Rust type of a scalar; a schema has no others than these.
pub(crate) fn scalar(used: &mut BTreeSet<&'static str>, name: &str) -> String {
    if let Some(scalar) = SCALARS.iter().find(|scalar| **scalar == name) {
        used.insert(scalar);
    }
    match name {
        "Boolean" => "bool",
        "Float" => "f64",
        "Int" => "i32",
        other => other,
    }
    .to_owned()
}

pub(crate) fn nullable(ty: &Type, leaf: &str) -> String {
    let required = required(ty, leaf);
    if ty.is_non_null() { required } else { format!("Option<{required}>") }
}

pub(crate) fn required(ty: &Type, leaf: &str) -> String {
    match ty {
        Type::Named(_) | Type::NonNullNamed(_) => leaf.to_owned(),
        Type::List(item) | Type::NonNullList(item) => format!("Vec<{}>", nullable(item, leaf)),
    }
}

pub(crate) fn optional(attributes: &mut Vec<String>, ty: &str) -> String {
    attributes.push("default, skip_serializing_if = \"Option::is_none\"".to_owned());
    format!("Option<{ty}>")
}

pub(crate) fn patch(attributes: &mut Vec<String>, ty: &str) -> String {
    attributes.push("default, skip_serializing_if = \"::appsync::Patch::is_absent\"".to_owned());
    format!("::appsync::Patch<{ty}>")
}

/// Why not to use something, if the schema says that one should not.
pub(crate) fn deprecated(directives: &DirectiveList) -> Option<String> {
    let directive = directives.get("deprecated")?;
    let reason = directive.specified_argument_by_name("reason").and_then(|reason| reason.as_str());
    Some(reason.unwrap_or("No longer supported").to_owned())
}

impl<'a> Part<'a> {
    fn identity(&self) -> (*const SelectionSet, bool) {
        (ptr::from_ref(self.set), self.conditional)
    }
}
