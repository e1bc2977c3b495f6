//! Pieces of the generated text.

use crate::names;

/// A documentation comment. It is text, whatever is in it: no code that `cargo test` would run.
pub(crate) fn docs(description: &str) -> String {
    let lines = description.trim().lines().map(|line| {
        let line = line.replace(turns_text, "");
        let line = line.split_whitespace().collect::<Vec<_>>().join(" "); // Indented text would be code.
        let line = line.replace("```", "\\`\\`\\`").replace("~~~", "\\~\\~\\~");
        if line.is_empty() { "///\n".to_owned() } else { format!("/// {line}\n") }
    });
    lines.collect()
}

/// Whether it changes the direction of the text around it, which rustc refuses in a comment.
fn turns_text(char: char) -> bool {
    matches!(char, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// The serde attribute of a field, if GraphQL's name is not what `rename_all` makes of it.
pub(crate) fn rename(field: &str, graphql: &str) -> Vec<String> {
    let differs = names::camel_by_serde(field) != graphql;
    differs.then(|| format!("rename = {graphql:?}")).into_iter().collect()
}

/// A field of a struct, with its serde attributes.
pub(crate) fn field(doc: &str, deprecated: Option<&str>, attributes: &[String], name: &str, ty: &str) -> String {
    let mut field = docs(doc);
    field += &deprecation(deprecated);
    for attribute in attributes {
        field += &format!("#[serde({attribute})]\n");
    }
    indented(&format!("{field}pub {name}: {ty},\n"))
}

/// A struct with these fields.
pub(crate) fn structure(name: &str, fields: &str) -> String {
    if fields.is_empty() { format!("pub struct {name} {{}}\n") } else { format!("pub struct {name} {{\n{fields}}}\n") }
}

pub(crate) fn deprecation(reason: Option<&str>) -> String {
    reason.map(|reason| format!("#[deprecated(note = {reason:?})]\n")).unwrap_or_default()
}

pub(crate) fn indented(text: &str) -> String {
    text.lines().map(|line| if line.is_empty() { "\n".to_owned() } else { format!("    {line}\n") }).collect()
}

/// `use` of these names, as many on a line as there is room for.
pub(crate) fn import(visibility: &str, path: &str, names: &[String]) -> String {
    let mut lines = vec![String::new()];
    for name in names {
        match lines.last_mut() {
            Some(line) if line.len() + name.len() < 90 => *line += &format!("{name}, "),
            _ => lines.push(format!("{name}, ")),
        }
    }
    match (names, &lines[..]) {
        ([], _) => String::new(),
        ([name], _) => format!("{visibility}use {path}::{name};\n"),
        (_, [line]) => format!("{visibility}use {path}::{{{}}};\n", line.trim_end_matches(", ")),
        (_, lines) => {
            let lines: String = lines.iter().map(|line| format!("    {}\n", line.trim_end())).collect();
            format!("{visibility}use {path}::{{\n{lines}}};\n")
        }
    }
}

/// On one line if that is short, else with each item on a line of its own.
pub(crate) fn wrapped(open: &str, items: &[String], close: &str) -> String {
    let line = format!("{open}{}{close}", items.join(", "));
    match line.len() < 80 {
        true => line,
        false => format!("{}\n{},\n{}", open.trim_end(), indented(&items.join(",\n")).trim_end(), close.trim_start()),
    }
}
