//! A schema and a folder of operations in a directory of their own.

use std::{
    fs,
    path::{Path, PathBuf},
    sync::atomic::{AtomicUsize, Ordering},
};

use appsync_codegen::{Codegen, Error, Problem};

const SCHEMA: &str = "\
type Query {
  order(id: ID!): Order @aws_auth(cognito_groups: [\"staff\"])
  search(filter: Filter): [Found!]!
}

type Mutation {
  cancel(id: ID!, reason: String): Order
}

type Subscription {
  onCancel: Order @aws_subscribe(mutations: [\"cancel\"])
}

type Order {
  id: ID!
  status: Status!
  createdAt: AWSDateTime!
  note: String
}

type Customer {
  id: ID!
  email: AWSEmail!
}

union Found = Order | Customer

enum Status {
  OPEN
  CLOSED
}

input Filter {
  status: Status
}
";

pub(crate) struct Project {
    folder: PathBuf,
}

impl Project {
    /// The schema above, and the query `GetOrder` which spreads the fragment `OrderFields`.
    pub(crate) fn new() -> Self {
        static COUNT: AtomicUsize = AtomicUsize::new(0);
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!(
            "codegen-{}-{}",
            std::process::id(),
            COUNT.fetch_add(1, Ordering::Relaxed)
        ));
        fs::create_dir_all(folder.join("graphql/fragments")).expect("a temporary folder can be created");
        fs::create_dir_all(folder.join("out")).expect("a temporary folder can be created");
        Self { folder }
            .with("schema.graphql", SCHEMA)
            .with(
                "graphql/GetOrder.graphql",
                "query GetOrder($id: ID!) {\n  order(id: $id) {\n    ...OrderFields\n  }\n}\n",
            )
            .with("graphql/fragments/OrderFields.graphql", "fragment OrderFields on Order {\n  id\n  status\n}\n")
    }

    pub(crate) fn with(self, file: &str, text: impl AsRef<[u8]>) -> Self {
        if let Some(folder) = self.folder.join(file).parent() {
            fs::create_dir_all(folder).expect("a folder can be created");
        }
        fs::write(self.folder.join(file), text).expect("a file can be written");
        self
    }

    pub(crate) fn without(self, file: &str) -> Self {
        fs::remove_file(self.folder.join(file)).expect("a file can be removed");
        self
    }

    /// In one of the files, `from` becomes `to`.
    pub(crate) fn replacing(self, file: &str, from: &str, to: &str) -> Self {
        let text = fs::read_to_string(self.folder.join(file)).expect("a file can be read");
        assert!(text.contains(from), "{file} should contain {from}");
        self.with(file, text.replace(from, to))
    }

    pub(crate) fn codegen(&self) -> Codegen {
        Codegen::new(self.folder.join("schema.graphql"), self.folder.join("graphql"))
    }

    pub(crate) fn path(&self, file: &str) -> PathBuf {
        self.folder.join(file)
    }

    pub(crate) fn read(&self, file: &str) -> String {
        fs::read_to_string(self.path(file)).expect("a file can be read")
    }

    pub(crate) fn out(&self) -> PathBuf {
        self.folder.join("out")
    }

    pub(crate) fn generate(&self) -> Result<String, Error> {
        let file = self.codegen().generate_to(self.out())?;
        Ok(fs::read_to_string(file).expect("the generated file can be read"))
    }

    pub(crate) fn generated(&self) -> String {
        self.generate().expect("code is generated")
    }

    /// The only problem there is.
    pub(crate) fn problem(&self) -> Problem {
        let error = self.generate().map(drop).expect_err("the files are wrong");
        let [problem] = error.problems() else { panic!("one problem expected: {error}") };
        problem.clone()
    }
}

impl Drop for Project {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.folder);
    }
}

/// Checks the place and the texts of a problem; the texts need only contain what is given.
#[track_caller]
pub(crate) fn assert_problem(problem: &Problem, file: &str, place: Option<(usize, usize)>, message: &str, help: &str) {
    assert!(problem.file().ends_with(file), "{problem}");
    assert_eq!(problem.line_and_column(), place, "{problem}");
    assert!(problem.message().contains(message), "{problem}");
    assert!(problem.help().unwrap_or_default().contains(help), "{problem}");
}
