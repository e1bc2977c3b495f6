//! `cargo bench -p appsync-codegen`: how long code is generated for 200 operations on a schema of some 2,000 lines. A build
//! script runs without optimization as a rule: `cargo bench -p appsync-codegen --profile dev` shows that.

use std::{fmt::Write, fs, path::Path};

use appsync_codegen::Codegen;
use criterion::Criterion;

const MODELS: usize = 100;

fn main() {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("generate");
    fs::create_dir_all(folder.join("graphql")).expect("a folder can be created");
    let (schema, operations) = project();
    let (lines, count) = (schema.lines().count(), operations.matches("($").count());
    fs::write(folder.join("schema.graphql"), schema).expect("a file can be written");
    fs::write(folder.join("graphql/all.graphql"), operations).expect("a file can be written");
    let codegen = Codegen::new(folder.join("schema.graphql"), folder.join("graphql"));

    let mut criterion = Criterion::default().sample_size(10).configure_from_args();
    criterion.bench_function(&format!("{count} operations on a schema of {lines} lines"), |bencher| {
        bencher.iter(|| codegen.generate_to(&folder).expect("it is right"));
    });
    criterion.final_summary();
}

fn project() -> (String, String) {
    let (mut types, mut queries, mut mutations, mut operations) =
        (String::new(), String::new(), String::new(), String::new());
    for at in 0..MODELS {
        let next = (at + 1) % MODELS;
        let _ = writeln!(queries, "  getModel{at}(id: ID!): Model{at}");
        let _ = writeln!(mutations, "  updateModel{at}(input: Input{at}!): Model{at}");
        let _ = writeln!(
            types,
            "type Model{at} {{\n  id: ID!\n  name: String\n  next: Model{next}\n  all: [Model{next}!]\n  state: State{at}\n  \
             at: AWSDateTime!\n}}\ninput Input{at} {{\n  id: ID!\n  name: String\n  state: State{at}\n  not: Input{at}\n}}\n\
             enum State{at} {{\n  ON\n  OFF\n}}"
        );
        let _ = writeln!(
            operations,
            "query GetModel{at}($id: ID!) {{ getModel{at}(id: $id) {{ ...Fields{at} all {{ ...Fields{next} next {{ id }} }} }} }}\n\
             mutation UpdateModel{at}($input: Input{at}!) {{ updateModel{at}(input: $input) {{ ...Fields{at} }} }}\n\
             fragment Fields{at} on Model{at} {{ id name state at next {{ id name }} }}"
        );
    }
    (format!("{types}type Query {{\n{queries}}}\ntype Mutation {{\n{mutations}}}\n"), operations)
}
