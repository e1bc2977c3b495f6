//! The types of variables, and the enums and inputs of the schema.

use std::collections::{BTreeMap, BTreeSet};

use apollo_compiler::{
    Name, Schema,
    ast::Type,
    executable::Operation,
    schema::{EnumType, ExtendedType, InputObjectType},
};

use crate::{
    answer::{self, Module, Used},
    names::{self, Names},
    text,
};

/// A variable or a member of an input.
struct Member<'a> {
    name: &'a Name,
    ty: &'a Type,
    has_default: bool,
    description: &'a str,
    deprecated: Option<String>,
    /// Whether it contains itself, and so has to be in a box.
    boxed: bool,
}

pub(crate) fn variables<'a>(operation: &'a Operation, module: &mut Module<'a>, used: &mut Used<'a>) {
    let members = operation.variables.iter().map(|variable| Member {
        name: &variable.name,
        ty: &variable.ty,
        has_default: variable.default_value.is_some(),
        description: "",
        deprecated: None,
        boxed: false,
    });
    let item = structure("Variables", "The operation's variables.", &members.collect::<Vec<_>>(), module, used);
    module.push(item);
}

/// The enums and inputs that are used, and those that these use.
pub(crate) fn types<'a>(schema: &'a Schema, used: &mut Used<'a>) -> Module<'a> {
    let mut module = Module::new("types");
    let mut items = BTreeMap::new();
    while let Some(name) = used.types.iter().find(|name| !items.contains_key(**name)).copied() {
        let item = match &schema.types[name] {
            ExtendedType::Enum(definition) => enumeration(used.type_name(name), definition),
            ExtendedType::InputObject(definition) => input(name, definition, schema, &mut module, used),
            _ => String::new(),
        };
        items.insert(name, item);
    }
    items.into_values().for_each(|item| module.push(item));
    module
}

fn input<'a>(
    name: &'a Name,
    definition: &'a InputObjectType,
    schema: &Schema,
    module: &mut Module<'a>,
    used: &mut Used<'a>,
) -> String {
    let members = definition.fields.values().map(|field| Member {
        name: &field.name,
        ty: &field.ty,
        has_default: field.default_value.is_some(),
        description: field.description.as_deref().unwrap_or_default(),
        deprecated: answer::deprecated(&field.directives),
        boxed: !field.ty.is_list() && contains(schema, field.ty.inner_named_type(), name),
    });
    let description = definition.description.as_deref().map_or_else(|| format!("The input `{name}`."), str::to_owned);
    let rust = used.type_name(name).to_owned();
    structure(&rust, &description, &members.collect::<Vec<_>>(), module, used)
}

/// Whether an input of the type `outer` holds one of the type `inner`, other than in a list.
fn contains(schema: &Schema, outer: &Name, inner: &Name) -> bool {
    let mut seen = BTreeSet::new();
    let mut waiting = vec![outer];
    while let Some(name) = waiting.pop() {
        if name == inner {
            return true;
        }
        if let Some(input) = schema.get_input_object(name).filter(|_| seen.insert(name)) {
            waiting.extend(input.fields.values().filter(|it| !it.ty.is_list()).map(|it| it.ty.inner_named_type()));
        }
    }
    false
}

fn structure<'a>(
    name: &str,
    doc: &str,
    members: &[Member<'a>],
    module: &mut Module<'a>,
    used: &mut Used<'a>,
) -> String {
    let mut taken = Names::for_members();
    let mut fields = String::new();
    let (mut parameters, mut values) = (Vec::new(), Vec::new());
    for member in members {
        let schema = used.selections.schema;
        let leaf = match schema.types.get_key_value(member.ty.inner_named_type()) {
            Some((name, ExtendedType::Enum(_) | ExtendedType::InputObject(_))) => used.named(module, name),
            _ => answer::scalar(&mut module.scalars, member.ty.inner_named_type()),
        };
        let leaf = if member.boxed { format!("Box<{leaf}>") } else { leaf };
        let ident = taken.take(names::snake(member.name));
        let mut attributes = text::rename(&ident, member.name);
        let required = answer::required(member.ty, &leaf);
        let mut coerced = coerced(member.ty, &leaf);
        let ty = match (member.ty.is_non_null(), member.has_default) {
            (true, false) => {
                parameters.push(format!("{ident}: {required}"));
                values.push(ident.clone());
                required
            }
            (true, true) => {
                values.push(format!("{ident}: None"));
                coerced =
                    Some(format!("support::Given<{}>", coerced.unwrap_or(format!("support::AsItIs<{required}>"))));
                answer::optional(&mut attributes, &required)
            }
            (false, _) => {
                values.push(format!("{ident}: ::appsync::Patch::Absent"));
                coerced = coerced.map(|coerced| format!("::appsync::Patch<{coerced}>"));
                answer::patch(&mut attributes, &required)
            }
        };
        if let Some(coerced) = coerced {
            attributes.push(format!("deserialize_with = \"support::coerced::<{coerced}, _>\""));
        }
        if member.ty.inner_named_type() == "Float" {
            attributes.push("serialize_with = \"support::finite\"".to_owned());
        }
        fields += &text::field(member.description, member.deprecated.as_deref(), &attributes, &ident, &ty);
    }
    let default = if parameters.is_empty() { "Default, " } else { "" };
    let mut item = format!(
        "{}#[derive(Clone, Debug, {default}Deserialize, PartialEq, Serialize)]\n\
         #[serde(crate = \"support::serde\", rename_all = \"camelCase\", deny_unknown_fields)]\n\
         {}",
        text::docs(doc),
        text::structure(name, &fields)
    );
    if !parameters.is_empty() && parameters.len() < members.len() {
        let head = text::wrapped("pub fn new(", &parameters, ") -> Self {\n");
        let body = text::indented(&text::wrapped("Self { ", &values, " }\n"));
        let doc = "/// With what is required; all else is absent.";
        item += &format!("\nimpl {name} {{\n{}}}\n", text::indented(&format!("{doc}\n{head}{body}}}\n")));
    }
    item
}

/// The type that is decoded in place of one which GraphQL lets be written in several ways.
fn coerced(ty: &Type, leaf: &str) -> Option<String> {
    match ty {
        Type::Named(name) | Type::NonNullNamed(name) => match name.as_str() {
            "ID" => Some("support::CoercedId".to_owned()),
            "Int" => Some("support::CoercedInt".to_owned()),
            "AWSTimestamp" => None,
            scalar if answer::SCALARS.contains(&scalar) => Some(format!("support::Checked<{scalar}>")),
            _ => None,
        },
        Type::List(item) | Type::NonNullList(item) => {
            let coerced = coerced(item, leaf).map(|coerced| match item.is_non_null() {
                true => coerced,
                false => format!("Option<{coerced}>"),
            });
            let item = coerced.unwrap_or_else(|| format!("support::AsItIs<{}>", answer::nullable(item, leaf)));
            Some(format!("support::CoercedList<{item}>"))
        }
    }
}

/// An enum that also takes, and gives back, a value that the schema did not have when the code was generated.
fn enumeration(name: &str, definition: &EnumType) -> String {
    let values = definition.values.keys().map(Name::as_str);
    let other = names::other(values.clone());
    let variants = names::each_once(values, Names::for_members(), names::variant);
    let doc = definition.description.as_deref();
    let doc = doc.map_or_else(|| format!("The enum `{}`.", definition.name), str::to_owned);
    let mut item = format!("support::enumeration! {{\n{}    pub enum {name} {{\n", text::indented(&text::docs(&doc)));
    for (value, definition) in &definition.values {
        let deprecated = answer::deprecated(&definition.directives);
        let head = text::docs(definition.description.as_deref().unwrap_or_default())
            + &text::deprecation(deprecated.as_deref());
        let variant = format!("{head}{} = {:?},\n", variants[value.as_str()], value.as_str());
        item += &text::indented(&text::indented(&variant));
    }
    item + &format!("    }} else {other}\n}}\n")
}
