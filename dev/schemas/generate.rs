//! Random projects that are legal: a schema, operations and fragments.

use std::fmt::Write;

use fastrand::Rng;

/// What fields, and with a capital letter types, are called: words of Rust and of the generated code among them.
const WORDS: [&str; 24] = [
    "a",
    "Option",
    "type",
    "fooBar",
    "foo_bar",
    "Self",
    "self",
    "_1",
    "Other",
    "gen",
    "String",
    "id",
    "Variables",
    "items",
    "box",
    "ResponseData",
    "typename",
    "Vec",
    "async",
    "FOO_BAR",
    "Ok",
    "types",
    "Serialize",
    "_",
];
const SCALARS: [&str; 8] = ["ID", "String", "Int", "Float", "Boolean", "AWSDateTime", "AWSJSON", "AWSTimestamp"];

pub(crate) struct Project {
    pub(crate) schema: String,
    pub(crate) operations: String,
}

/// Of a field name, everywhere the same type: selections that meet can then be merged.
struct Field {
    name: String,
    ty: String,
    /// The type without lists, if it is one with fields.
    of: Option<usize>,
    argument: Option<String>,
}

struct Composite {
    name: String,
    kind: Kind,
    fields: Vec<usize>,
}

#[derive(PartialEq)]
enum Kind {
    Interface,
    Object { implements: Vec<usize> },
    Union { members: Vec<usize> },
}

struct Generator {
    rng: Rng,
    fields: Vec<Field>,
    composites: Vec<Composite>,
    variables: Vec<String>,
    aliases: usize,
}

pub(crate) fn project(seed: u64) -> Project {
    let mut generator = Generator {
        rng: Rng::with_seed(seed),
        fields: Vec::new(),
        composites: Vec::new(),
        variables: Vec::new(),
        aliases: 0,
    };
    let schema = generator.schema();
    let operations = generator.operations();
    Project { schema, operations }
}

impl Generator {
    fn schema(&mut self) -> String {
        let mut words: Vec<&str> = WORDS.to_vec();
        self.rng.shuffle(&mut words);
        let mut names = words.iter().map(|word| {
            let mut chars = word.chars();
            chars.next().map(|first| first.to_ascii_uppercase().to_string() + chars.as_str()).unwrap_or_default()
        });
        let mut types: Vec<String> = Vec::new();
        while types.len() < 12 {
            let name = names.next().unwrap_or_else(|| "Spare".to_owned());
            let name = if SCALARS.contains(&name.as_str()) { format!("{name}_") } else { name };
            if !types.contains(&name) {
                types.push(name);
            }
        }
        let mut sdl = String::new();
        let (enums, inputs, composites) = (&types[..2], &types[2..4], &types[4..]);
        for name in enums {
            let _ = writeln!(sdl, "enum {name} {{ {} }}", WORDS[self.rng.usize(..12)..].join(" ").replace("true", ""));
        }
        let leaves: Vec<String> = SCALARS.iter().map(ToString::to_string).chain(enums.to_vec()).collect();
        for (at, name) in inputs.iter().enumerate() {
            let _ = write!(sdl, "input {name} {{ ");
            for word in WORDS.iter().take(3 + self.rng.usize(..6)) {
                let leaf = leaves[self.rng.usize(..leaves.len())].clone();
                let ty = if self.rng.bool() { self.wrapped(&leaf) } else { inputs[self.rng.usize(..=at)].clone() };
                let _ = write!(sdl, "{word}: {ty}{} ", if ty == "Int!" { " = 7" } else { "" });
            }
            sdl += "}\n";
        }
        for (at, name) in composites.iter().enumerate() {
            let kind = match at {
                0 | 1 => Kind::Interface,
                6 | 7 => Kind::Union { members: (2..6).filter(|_| self.rng.bool()).collect() },
                _ => Kind::Object { implements: (0..2).filter(|_| self.rng.bool()).collect() },
            };
            self.composites.push(Composite { name: name.clone(), kind, fields: Vec::new() });
        }
        for word in WORDS {
            let of = self.rng.bool().then(|| self.rng.usize(..self.composites.len()));
            let of = of.filter(|of| self.composites[*of].kind != Kind::Union { members: Vec::new() });
            let leaf = match of {
                Some(of) => self.composites[of].name.clone(),
                None => leaves[self.rng.usize(..leaves.len())].clone(),
            };
            let argument = (self.rng.u8(..4) == 0).then(|| {
                let leaf =
                    [&leaves[self.rng.usize(..leaves.len())], &inputs[0], &inputs[1]][self.rng.usize(..3)].clone();
                self.wrapped(&leaf)
            });
            let ty = self.wrapped(&leaf);
            self.fields.push(Field { name: word.to_owned(), ty, of, argument });
        }
        for at in 0..self.composites.len() {
            let mut fields: Vec<usize> = (0..self.fields.len()).filter(|_| self.rng.u8(..3) == 0).collect();
            fields.push(0); // One at least.
            if let Kind::Object { implements } = &self.composites[at].kind {
                fields.extend(implements.iter().flat_map(|interface| &self.composites[*interface].fields));
            }
            fields.sort_unstable();
            fields.dedup();
            self.composites[at].fields = fields;
        }
        for composite in &self.composites {
            let name = |at: &usize| self.composites[*at].name.as_str();
            let _ = match &composite.kind {
                Kind::Union { members } if members.is_empty() => Ok(()),
                Kind::Union { members } => {
                    writeln!(
                        sdl,
                        "union {} = {}",
                        composite.name,
                        members.iter().map(name).collect::<Vec<_>>().join(" | ")
                    )
                }
                Kind::Interface => {
                    writeln!(sdl, "interface {} {{ {} }}", composite.name, self.declared(&composite.fields))
                }
                Kind::Object { implements } => {
                    let interfaces = implements.iter().map(name).collect::<Vec<_>>().join(" & ");
                    let implements =
                        if interfaces.is_empty() { String::new() } else { format!("implements {interfaces}") };
                    writeln!(sdl, "type {} {implements} {{ {} }}", composite.name, self.declared(&composite.fields))
                }
            };
        }
        let all: Vec<usize> = (0..self.fields.len()).collect();
        format!("{sdl}type TheQuery {{ {} }}\nschema {{ query: TheQuery }}\n", self.declared(&all))
    }

    fn declared(&self, fields: &[usize]) -> String {
        let declared = fields.iter().map(|at| {
            let Field { name, ty, argument, .. } = &self.fields[*at];
            let argument = argument.as_ref().map(|ty| format!("(arg: {ty})")).unwrap_or_default();
            format!("{name}{argument}: {ty}")
        });
        declared.collect::<Vec<_>>().join(" ")
    }

    fn wrapped(&mut self, leaf: &str) -> String {
        let form = ["T", "T", "T!", "[T]", "[T!]!", "[[T]!]"][self.rng.usize(..6)];
        form.replace('T', leaf)
    }

    fn operations(&mut self) -> String {
        let mut text = String::new();
        for at in 0..self.composites.len() {
            self.variables.clear();
            // A fragment spreads those before it only, and has no variables of its own.
            let selection = self.selection(Some(at), 2, at, false);
            let ty = &self.composites[at].name;
            if self.composites[at].kind != (Kind::Union { members: Vec::new() }) {
                let _ = writeln!(text, "fragment F{at} on {ty} {selection}");
            }
        }
        for name in ["One", "two", "ResponseData", "types", "Self"] {
            self.variables.clear();
            let selection = self.selection(None, 4, self.composites.len(), true);
            let flags = ["$yes: Boolean!".to_owned(), "$no: Boolean = false".to_owned()];
            let variables: Vec<String> = flags.into_iter().chain(self.variables.drain(..)).collect();
            let used = "__typename @include(if: $yes) __typename @skip(if: $no)";
            let _ = writeln!(text, "query {name}({}) {{ {used} ...on TheQuery {selection} }}", variables.join(", "));
        }
        text
    }

    /// A selection of the fields of a type, or of the query's.
    fn selection(&mut self, of: Option<usize>, depth: usize, fragments: usize, with_variables: bool) -> String {
        let mut parts = Vec::new();
        let fields = of.map_or_else(|| (0..self.fields.len()).collect(), |of| self.fields_of(of));
        for _ in 0..1 + self.rng.usize(..4) {
            let Some(at) = self.rng.choice(fields.clone()) else { break };
            let Field { name, of, argument, .. } = &self.fields[at];
            let (name, of, argument) = (name.clone(), *of, argument.clone());
            if (of.is_some() && depth == 0)
                || (argument.is_some() && !with_variables) && argument_is_required(&argument)
            {
                continue;
            }
            let mut part = name;
            let variable = argument.filter(|_| with_variables);
            // With an argument, or now and then, under a name of its own: what meets is the same then.
            if variable.is_some() || self.rng.u8(..4) == 0 {
                self.aliases += 1;
                part = format!("alias{}: {part}", self.aliases);
            }
            if let Some(ty) = variable {
                part += &format!("(arg: $v{})", self.variables.len());
                self.variables.push(format!("$v{}: {ty}", self.variables.len()));
            }
            part += self.condition(with_variables);
            if let Some(of) = of {
                part += &self.selection(Some(of), depth - 1, fragments, with_variables);
            }
            parts.push(part);
        }
        if let Some(of) = of.filter(|_| depth > 0) {
            for target in self.overlapping(of) {
                match self.rng.u8(..4) {
                    0 if target < fragments => parts.push(format!("...F{target}{}", self.condition(with_variables))),
                    1 => {
                        let selection = self.selection(Some(target), depth - 1, fragments, with_variables);
                        let condition = self.condition(with_variables);
                        parts.push(format!("... on {}{condition}{selection}", self.composites[target].name));
                    }
                    _ => {}
                }
            }
        }
        if parts.is_empty() || self.rng.u8(..6) == 0 {
            parts.push("__typename".to_owned());
        }
        self.rng.shuffle(&mut parts);
        format!(" {{ {} }}", parts.join(" "))
    }

    fn condition(&mut self, with_variables: bool) -> &'static str {
        match self.rng.u8(..12) {
            0 if with_variables => " @include(if: $yes)",
            1 if with_variables => " @skip(if: $no)",
            _ => "",
        }
    }

    fn fields_of(&self, of: usize) -> Vec<usize> {
        match self.composites[of].kind {
            Kind::Union { .. } => Vec::new(),
            _ => self.composites[of].fields.clone(),
        }
    }

    /// The objects that a type may be.
    fn possible(&self, of: usize) -> Vec<usize> {
        match &self.composites[of].kind {
            Kind::Union { members } => members.clone(),
            Kind::Object { .. } => vec![of],
            Kind::Interface => (0..self.composites.len())
                .filter(
                    |at| matches!(&self.composites[*at].kind, Kind::Object { implements } if implements.contains(&of)),
                )
                .collect(),
        }
    }

    fn overlapping(&self, of: usize) -> Vec<usize> {
        let possible = self.possible(of);
        let overlaps = |at: &usize| self.possible(*at).iter().any(|object| possible.contains(object));
        (0..self.composites.len()).filter(overlaps).collect()
    }
}

fn argument_is_required(argument: &Option<String>) -> bool {
    argument.as_ref().is_some_and(|ty| ty.ends_with('!'))
}
