use std::path::PathBuf;

/// One way of writing the function.
#[derive(Clone, Debug)]
pub(crate) struct Variant {
    /// What it is called in results and on the command line.
    pub(crate) name: &'static str,
    /// What it is, for people.
    pub(crate) title: &'static str,
    /// Program and arguments.
    pub(crate) command: Vec<String>,
    /// Where it is started.
    pub(crate) folder: PathBuf,
    /// What it finds in its environment beside what all have.
    pub(crate) environment: Vec<(String, String)>,
    /// What is in its zip: its code, and what it needs that Lambda's runtime does not bring.
    pub(crate) files: Vec<PathBuf>,
}

pub(crate) const OURS: &str = "ours";
pub(crate) const FLOOR: &str = "floor";
pub(crate) const HELLO: &str = "hello";
pub(crate) const NAIVE: &str = "naive";
pub(crate) const NODE_CACHED: &str = "node-cached";
pub(crate) const NODE_EACH_TIME: &str = "node-each-time";
pub(crate) const PYTHON: &str = "python";

impl Variant {
    /// Whether it answers with the order. One does not: it shows what the runtime alone costs.
    pub(crate) fn queries(&self) -> bool {
        self.name != HELLO
    }
}

/// What `name` is, for people.
pub(crate) fn title(name: &str) -> &'static str {
    match name {
        OURS => "this workspace",
        FLOOR => "floor: one fixed request",
        HELLO => "bare lambda_runtime hello",
        NAIVE => "Rust, the obvious way",
        NODE_CACHED => "Node, token in a static field",
        NODE_EACH_TIME => "Node, sign-in each time",
        PYTHON => "Python, token in a global",
        _ => "another",
    }
}
