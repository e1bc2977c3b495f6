use std::collections::BTreeMap;

use apollo_compiler::{
    ExecutableDocument, Name, Schema,
    ast::{Type, Value},
    executable::{DirectiveList, Field, Operation, Selection, SelectionSet},
    schema::ExtendedType,
    validation::Valid,
};
use fastrand::Rng;
use serde_json::json;

/// A member of an object in the making: its key, and its text as it comes and as it is expected to go.
type Member = (String, (String, String));

pub(crate) struct Random<'a> {
    pub(crate) schema: &'a Valid<Schema>,
    pub(crate) document: &'a ExecutableDocument,
    pub(crate) rng: &'a mut Rng,
}

/// The type of an object in an answer: one of the schema, or a newer one behind an interface or a union.
#[derive(Clone, Copy)]
enum Of<'a> {
    Type(&'a Name),
    Newer(&'a Name),
}

impl<'a> Random<'a> {
    /// An answer to the operation, and what it is when it has been decoded and encoded: without unknown members.
    pub(crate) fn answer(&mut self, operation: &'a Operation) -> (String, String) {
        let flags: BTreeMap<&str, bool> =
            operation.variables.iter().map(|variable| (variable.name.as_str(), self.rng.bool())).collect();
        self.object(&[&operation.selection_set], Of::Type(&operation.selection_set.ty), &flags)
    }

    fn object(&mut self, sets: &[&'a SelectionSet], of: Of<'a>, flags: &BTreeMap<&str, bool>) -> (String, String) {
        let mut fields: Vec<(&'a Name, Vec<&'a Field>)> = Vec::new();
        sets.iter().for_each(|set| self.collect(set, of, flags, &mut fields));
        let mut members: Vec<Member> = Vec::new();
        for (key, fields) in fields {
            let (Of::Type(ty) | Of::Newer(ty)) = of;
            let field = fields[0];
            let value = match (field.name.as_str(), of) {
                ("__typename", Of::Type(ty)) => twice(json!(ty.as_str())),
                ("__typename", Of::Newer(_)) => twice(json!("NewerType")),
                (name, _) => {
                    let definition = self.schema.type_field(ty, name).map_or(&field.definition, |it| &it.node);
                    let sets: Vec<_> = fields.iter().map(|field| &field.selection_set).collect();
                    self.value(&definition.ty, &sets, flags)
                }
            };
            members.push((key.to_string(), value));
        }
        let expected = object(members.iter().map(|(key, (_, value))| (key, value)));
        members.push(("unknownMember".to_owned(), twice(json!({"a": [1, {"b": null}]}))));
        self.rng.shuffle(&mut members);
        (object(members.iter().map(|(key, (value, _))| (key, value))), expected)
    }

    /// The fields of an object, as the specification collects them: <https://spec.graphql.org/October2021/#CollectFields()>
    fn collect(
        &self,
        set: &'a SelectionSet,
        of: Of<'a>,
        flags: &BTreeMap<&str, bool>,
        fields: &mut Vec<(&'a Name, Vec<&'a Field>)>,
    ) {
        for selection in set.selections.iter().filter(|selection| is_included(selection.directives(), flags)) {
            let (condition, inner) = match selection {
                Selection::Field(field) => {
                    match fields.iter_mut().find(|(key, _)| *key == field.response_key()) {
                        Some((_, known)) => known.push(field),
                        None => fields.push((field.response_key(), vec![field])),
                    }
                    continue;
                }
                Selection::InlineFragment(inline) => (inline.type_condition.as_ref(), &inline.selection_set),
                Selection::FragmentSpread(spread) => match spread.fragment_def(self.document) {
                    Some(fragment) => (Some(fragment.type_condition()), &fragment.selection_set),
                    None => continue,
                },
            };
            let (Of::Type(ty) | Of::Newer(ty)) = of;
            if condition.is_none_or(|condition| condition == ty || self.schema.is_subtype(condition, ty)) {
                self.collect(inner, of, flags, fields);
            }
        }
    }

    fn value(&mut self, ty: &'a Type, sets: &[&'a SelectionSet], flags: &BTreeMap<&str, bool>) -> (String, String) {
        if !ty.is_non_null() && self.rng.u8(..4) == 0 {
            return twice(json!(null));
        }
        if let Type::List(item) | Type::NonNullList(item) = ty {
            let items: Vec<_> = (0..self.rng.usize(..3)).map(|_| self.value(item, sets, flags)).collect();
            let list = |items: Vec<&str>| format!("[{}]", items.join(","));
            return (list(items.iter().map(|it| &*it.0).collect()), list(items.iter().map(|it| &*it.1).collect()));
        }
        let name = ty.inner_named_type();
        match self.schema.types.get_key_value(name) {
            Some((name, ExtendedType::Object(_))) => self.object(sets, Of::Type(name), flags),
            Some((name, ExtendedType::Interface(_) | ExtendedType::Union(_))) => {
                let schema = self.schema;
                let types = schema.types.iter().filter(|(it, ty)| ty.is_object() && schema.is_subtype(name, it));
                let types: Vec<_> = types.map(|(ty, _)| Of::Type(ty)).chain([Of::Newer(name)]).collect();
                let of = types[self.rng.usize(..types.len())];
                self.object(sets, of, flags)
            }
            _ => twice(self.leaf(name, true)),
        }
    }

    fn leaf(&mut self, name: &Name, in_answer: bool) -> serde_json::Value {
        if let Some(definition) = self.schema.get_enum(name) {
            let newer = if in_answer { vec!["NEWER_VALUE"] } else { Vec::new() };
            let values: Vec<&str> = definition.values.keys().map(|value| value.as_str()).chain(newer).collect();
            return json!(values[self.rng.usize(..values.len())]);
        }
        let mut one_of = |values: &[&str]| json!(values[self.rng.usize(..values.len())]);
        match name.as_str() {
            "Int" => json!(self.rng.i32(..)),
            "Float" => json!(self.rng.f64() * 1e6),
            "Boolean" => json!(self.rng.bool()),
            "AWSTimestamp" => json!(self.rng.i64(-1_000_000..4_000_000_000)),
            "AWSDate" => one_of(&["2026-11-27", "1970-01-01Z", "2026-02-28+01:00"]),
            "AWSTime" => one_of(&["12:30", "12:30:45.5Z", "00:00:00+05:30"]),
            "AWSDateTime" => one_of(&["2026-11-27T10:00:00Z", "1970-01-01T00:00:00.001-08:00"]),
            "AWSEmail" if in_answer => one_of(&["ada@example.com", "not an address"]),
            "AWSEmail" => one_of(&["ada@example.com"]),
            "AWSJSON" => one_of(&["{}", "[1,{\"a\":null}]", "\"text\"", "1.50"]),
            "AWSURL" if in_answer => one_of(&["https://example.com/a?b#c", "example.com"]),
            "AWSURL" => one_of(&["https://example.com/a?b#c"]),
            "AWSPhone" if in_answer => one_of(&["+49 30 123456", "call me"]),
            "AWSPhone" => one_of(&["+49 30 123456"]),
            "AWSIPAddress" => one_of(&["192.0.2.1", "2001:db8::/32"]),
            _ => one_of(&["", "text", "\u{1f980} \"quoted\"\\\n", "12"]),
        }
    }

    /// Variables of the operation, and what they are when they have been decoded and encoded: the same.
    pub(crate) fn variables(&mut self, operation: &Operation) -> (String, String) {
        let members = operation.variables.iter().map(|it| (it.name.as_str(), &*it.ty, it.default_value.as_deref()));
        let text = self.input(members.collect(), 0);
        (text.clone(), text)
    }

    fn input(&mut self, mut members: Vec<(&str, &Type, Option<&Value>)>, depth: u8) -> String {
        self.rng.shuffle(&mut members);
        let mut given = Vec::new();
        for (name, ty, default) in members {
            let may_be_absent = !ty.is_non_null() || default.is_some();
            if !may_be_absent || self.rng.u8(..10) > 3 + depth * 2 {
                given.push((name.to_owned(), self.argument(ty, depth)));
            }
        }
        object(given.iter().map(|(name, value)| (name, value)))
    }

    fn argument(&mut self, ty: &Type, depth: u8) -> String {
        if !ty.is_non_null() && (self.rng.u8(..4) == 0 || depth > 3) {
            return "null".to_owned();
        }
        if let Type::List(item) | Type::NonNullList(item) = ty {
            let length = if depth > 3 { 0 } else { self.rng.usize(..3) };
            let items: Vec<_> = (0..length).map(|_| self.argument(item, depth + 1)).collect();
            return format!("[{}]", items.join(","));
        }
        let name = ty.inner_named_type();
        match self.schema.get_input_object(name) {
            Some(input) => {
                let fields = input.fields.values().map(|it| (it.name.as_str(), &*it.ty, it.default_value.as_deref()));
                self.input(fields.collect(), depth + 1)
            }
            None => self.leaf(name, false).to_string(),
        }
    }
}

fn is_included(directives: &DirectiveList, flags: &BTreeMap<&str, bool>) -> bool {
    let condition = |name: &str| {
        let argument = directives.get(name)?.specified_argument_by_name("if")?;
        argument.to_bool().or_else(|| argument.as_variable().and_then(|name| flags.get(name.as_str()).copied()))
    };
    condition("include").unwrap_or(true) && !condition("skip").unwrap_or(false)
}

fn twice(value: serde_json::Value) -> (String, String) {
    (value.to_string(), value.to_string())
}

fn object<'t>(members: impl Iterator<Item = (&'t String, &'t String)>) -> String {
    format!("{{{}}}", members.map(|(key, value)| format!("{key:?}:{value}")).collect::<Vec<_>>().join(","))
}
