//! From GraphQL's names to Rust's.

use std::collections::{BTreeMap, BTreeSet};

use heck::{ToSnakeCase, ToUpperCamelCase};

/// The words that Rust keeps for itself, and `_`.
#[rustfmt::skip]
const KEYWORDS: &[&str] = &[
    "_", "Self", "abstract", "as", "async", "await", "become", "box", "break", "const", "continue", "crate", "do", "dyn", "else",
    "enum", "extern", "false", "final", "fn", "for", "gen", "if", "impl", "in", "let", "loop", "macro", "match", "mod", "move",
    "mut", "override", "priv", "pub", "ref", "return", "self", "static", "struct", "super", "trait", "true", "try", "type",
    "typeof", "unsafe", "unsized", "use", "virtual", "where", "while", "yield",
];

/// What generated code, or that of `serde_derive`, calls by its bare name.
#[rustfmt::skip]
const USED: &[&str] = &[
    "AWSDate", "AWSDateTime", "AWSEmail", "AWSIPAddress", "AWSJSON", "AWSPhone", "AWSTime", "AWSTimestamp", "AWSURL", "Box",
    "Deserialize", "Err", "ID", "each_operation", "None", "Ok", "Option", "Serialize", "Some", "String", "Vec", "bool", "f64",
    "fragments", "generated", "i32", "str", "support", "types", "u64", "u8", "usize",
];

/// The names in one module, each given once.
pub(crate) struct Names(BTreeSet<String>);

impl Names {
    pub(crate) fn new() -> Self {
        Self(USED.iter().map(ToString::to_string).collect())
    }

    /// Those of fields and variants, which hide nothing.
    pub(crate) fn for_members() -> Self {
        Self(BTreeSet::new())
    }

    /// The name, or the name with a number behind it if it has been given.
    pub(crate) fn take(&mut self, name: String) -> String {
        let free = match self.0.contains(&name) {
            false => name,
            true => (2..).map(|n| format!("{name}_{n}")).find(|name| !self.0.contains(name)).unwrap_or(name),
        };
        self.0.insert(free.clone());
        free
    }
}

/// What each name is called. Those that stay as they are come first, so that others are called differently.
pub(crate) fn each_once<'a>(
    names: impl Iterator<Item = &'a str>,
    mut taken: Names,
    rust: fn(&str) -> String,
) -> BTreeMap<&'a str, String> {
    let mut names: Vec<(bool, &str)> = names.map(|name| (rust(name) != name, name)).collect();
    names.sort_unstable();
    names.into_iter().map(|(_, name)| (name, taken.take(rust(name)))).collect()
}

/// What a variant for all other values or types is called beside those of the schema.
pub(crate) fn other<'a>(known: impl Iterator<Item = &'a str> + Clone) -> String {
    let mut other = "Other".to_owned();
    while known.clone().any(|known| known == other) {
        other.push('_');
    }
    other
}

/// A type of the schema, or a fragment: called as in GraphQL.
pub(crate) fn verbatim(name: &str) -> String {
    if USED.contains(&name) { format!("{name}_") } else { variant(name) }
}

/// The value of an enum, or a type of a union or an interface: called as in GraphQL.
pub(crate) fn variant(name: &str) -> String {
    if KEYWORDS.contains(&name) { format!("{name}_") } else { name.to_owned() }
}

/// An operation: called as in GraphQL where that is the name of a type.
pub(crate) fn operation(name: &str) -> String {
    let mut chars = name.chars();
    let camel = match chars.next() {
        _ if name.contains('_') => name.to_upper_camel_case(),
        Some(first) => first.to_ascii_uppercase().to_string() + chars.as_str(),
        None => String::new(),
    };
    verbatim(&starting_with_a_letter(camel, name))
}

/// A module or the field of a struct.
pub(crate) fn snake(name: &str) -> String {
    let snake = starting_with_a_letter(name.to_snake_case(), name);
    if KEYWORDS.contains(&snake.as_str()) { format!("{snake}_") } else { snake }
}

/// A part of a type's name.
pub(crate) fn camel(name: &str) -> String {
    let camel = name.to_upper_camel_case();
    if camel.is_empty() { name.to_owned() } else { camel }
}

/// What serde makes of a field's name by `rename_all = "camelCase"`.
pub(crate) fn camel_by_serde(field: &str) -> String {
    let mut upper = false;
    let mut camel = String::new();
    for char in field.chars() {
        match char {
            '_' => upper = true,
            _ if upper && !camel.is_empty() => {
                camel.push(char.to_ascii_uppercase());
                upper = false;
            }
            _ => {
                camel.push(char);
                upper = false;
            }
        }
    }
    camel
}

fn starting_with_a_letter(converted: String, name: &str) -> String {
    match converted.chars().next() {
        None => format!("_{name}"),
        Some('0'..='9') => format!("_{converted}"),
        Some(_) => converted,
    }
}
