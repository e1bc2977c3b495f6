use crate::project::{Project, assert_problem};

#[test]
fn a_syntax_error() {
    let problem = Project::new().with("graphql/Broken.graphql", "query Broken {\n  order(id: ) { id }\n}").problem();
    assert_problem(&problem, "graphql/Broken.graphql", Some((2, 13)), "syntax error", "");
}

#[test]
fn a_syntax_error_in_the_schema() {
    let error =
        Project::new().replacing("schema.graphql", "enum Status {", "enum Status").generate().expect_err("it is wrong");
    assert!(error.problems()[0].file().ends_with("schema.graphql"), "{error}");
}

#[test]
fn two_operations_in_one_file() {
    let problem = Project::new()
        .with("graphql/One.graphql", "query One { search { __typename } }\nquery Two { search { __typename } }")
        .problem();
    assert_problem(&problem, "graphql/One.graphql", Some((2, 7)), "a second operation", "a file of its own");
}

#[test]
fn an_operation_without_a_name() {
    let problem = Project::new().with("graphql/Find.graphql", "{ search { __typename } }").problem();
    assert_problem(&problem, "graphql/Find.graphql", Some((1, 1)), "has no name", "`query Find ...`");
}

#[test]
fn a_name_that_is_not_that_of_the_file() {
    let problem = Project::new().with("graphql/Find.graphql", "query Search { search { __typename } }").problem();
    assert_problem(
        &problem,
        "graphql/Find.graphql",
        Some((1, 7)),
        "the operation `Search` is in the file Find.graphql",
        "Search.graphql",
    );
}

#[test]
fn a_name_that_is_no_rust_type() {
    let problem = Project::new().with("graphql/find.graphql", "query find { search { __typename } }").problem();
    assert_problem(
        &problem,
        "graphql/find.graphql",
        Some((1, 7)),
        "`find` cannot be the name of a Rust type",
        "`GetOrder`",
    );
}

#[test]
fn a_name_that_no_type_can_have() {
    let problem = Project::new().with("graphql/Self.graphql", "query Self { search { __typename } }").problem();
    assert_problem(&problem, "graphql/Self.graphql", None, "no Rust code can be generated for `Self`", "Rust keyword");
}

#[test]
fn names_that_differ_only_in_capital_letters() {
    let problem = Project::new()
        .with("graphql/FindURL.graphql", "query FindURL { search { __typename } }")
        .with("graphql/FindUrl.graphql", "query FindUrl { search { __typename } }")
        .problem();
    assert_problem(&problem, "graphql/FindUrl.graphql", None, "module `find_url`", "capital letters");
}

#[test]
fn an_empty_file() {
    let problem = Project::new().with("graphql/Find.graphql", "").problem();
    assert_problem(&problem, "graphql/Find.graphql", Some((1, 1)), "syntax error", "");
}

#[test]
fn a_fragment_beside_an_operation() {
    let problem = Project::new()
        .with("graphql/Find.graphql", "query Find { order(id: 1) { ...X } }\nfragment X on Order { id }")
        .problem();
    assert_problem(
        &problem,
        "graphql/Find.graphql",
        Some((2, 10)),
        "a fragment beside an operation",
        "fragments/X.graphql",
    );
}

#[test]
fn a_type_among_the_operations() {
    let problem = Project::new().with("graphql/Find.graphql", "type Find { id: ID }").problem();
    assert_problem(&problem, "graphql/Find.graphql", Some((1, 1)), "not an operation", "schema");
}

#[test]
fn an_operation_among_the_fragments() {
    let problem =
        Project::new().with("graphql/fragments/Find.graphql", "query Find { search { __typename } }").problem();
    assert_problem(&problem, "graphql/fragments/Find.graphql", Some((1, 1)), "not a fragment", "the folder above");
}

#[test]
fn an_unknown_fragment() {
    let problem = Project::new().replacing("graphql/GetOrder.graphql", "OrderFields", "OrderField").problem();
    assert_problem(
        &problem,
        "graphql/GetOrder.graphql",
        Some((3, 8)),
        "there is no fragment `OrderField`",
        "did you mean `OrderFields`?",
    );
}

#[test]
fn an_unknown_fragment_in_a_fragment() {
    let problem = Project::new().replacing("graphql/fragments/OrderFields.graphql", "  id", "  ...Missing").problem();
    assert_problem(
        &problem,
        "graphql/fragments/OrderFields.graphql",
        Some((2, 6)),
        "`Missing`",
        "fragments/Missing.graphql",
    );
}

#[test]
fn the_same_fragment_twice() {
    let problem =
        Project::new().with("graphql/fragments/Other.graphql", "\nfragment OrderFields on Order { id }").problem();
    assert_problem(
        &problem,
        "graphql/fragments/Other.graphql",
        Some((2, 10)),
        "two fragments `OrderFields`",
        "OrderFields.graphql",
    );
}

#[test]
fn a_fragment_called_like_an_enum_or_an_input() {
    for (name, kind) in [("Status", "the name of an enum"), ("Filter", "the name of an input")] {
        let file = "graphql/fragments/Order.graphql";
        let problem = Project::new().with(file, &format!("fragment {name} on Order {{ id }}")).problem();
        assert_problem(&problem, file, Some((1, 10)), kind, &format!("`{name}Fields`"));
    }
}

#[test]
fn a_fragment_called_like_a_part_of_the_answer() {
    let problem = Project::new()
        .with("graphql/fragments/OrderFields.graphql", "fragment GetOrderOrder on Order { id }")
        .replacing("graphql/GetOrder.graphql", "...OrderFields", "note ...GetOrderOrder")
        .problem();
    assert_problem(&problem, "graphql/GetOrder.graphql", None, "would both be `GetOrderOrder`", "graphql_client");
}

#[test]
fn an_unknown_field() {
    let problem = Project::new().replacing("graphql/fragments/OrderFields.graphql", "status", "statsu").problem();
    assert_problem(
        &problem,
        "graphql/fragments/OrderFields.graphql",
        Some((3, 3)),
        "`Order` does not have a field `statsu`",
        "did you mean `status`?",
    );
}

#[test]
fn an_unknown_argument() {
    let problem = Project::new().with("graphql/Find.graphql", "query Find { order(id: 1, idd: 2) { id } }").problem();
    assert_problem(
        &problem,
        "graphql/Find.graphql",
        Some((1, 27)),
        "the argument `idd` is not supported",
        "did you mean `id`?",
    );
}

#[test]
fn an_unknown_type_of_a_variable() {
    let error = Project::new()
        .with("graphql/Find.graphql", "query Find($filter: Filters) { search(filter: $filter) { __typename } }")
        .generate()
        .expect_err("there is no such type");
    assert_problem(
        &error.problems()[0],
        "graphql/Find.graphql",
        Some((1, 12)),
        "cannot find type `Filters`",
        "did you mean `Filter`?",
    );
}

#[test]
fn an_unknown_value_and_an_unknown_field_of_an_input() {
    let error = Project::new()
        .with("graphql/Find.graphql", "query Find { search(filter: {status: OPENED, stats: OPEN}) { __typename } }")
        .generate()
        .expect_err("both are wrong");
    let text = error.to_string();
    assert!(text.contains("did you mean `OPEN`?"), "{text}");
    assert!(text.contains("did you mean `status`?"), "{text}");
}

#[test]
fn an_idempotency_key_that_no_id_fits_into() {
    let schema = "
        type Query { a: Int }
        type Mutation { set(key: Int, input: Input, keys: [ID]): Int }
        input Input { key: Int! name: String! }
    ";
    for (variable, argument, token, found) in [
        ("$key: Int", "key: $key", "key", "`key` of `Set` is of type `Int`"),
        ("$input: Input", "input: $input", "key", "`input.key` of `Set` is of type `Int!`"),
        ("$keys: [ID]", "keys: $keys", "keys", "`keys` of `Set` is of type `[ID]`"),
    ] {
        let project = Project::new()
            .without("graphql/GetOrder.graphql")
            .without("graphql/fragments/OrderFields.graphql")
            .with("schema.graphql", schema)
            .with("graphql/Set.graphql", &format!("mutation Set({variable}) {{ set({argument}) }}"));
        project.generated();
        let error = project.codegen().client_token(token).generate_to(project.out()).expect_err("it does not fit");
        let [problem] = error.problems() else { panic!("one problem expected: {error}") };
        assert_problem(problem, "graphql/Set.graphql", None, found, "`client_token`");
        assert!(project.codegen().client_token("name").generate_to(project.out()).is_ok());
    }
}

#[test]
fn a_scalar_that_the_schema_does_not_declare() {
    let problem =
        Project::new().replacing("schema.graphql", "createdAt: AWSDateTime!", "createdAt: Instant!").problem();
    assert_problem(&problem, "schema.graphql", Some((17, 14)), "cannot find type `Instant`", "AWSDateTime");
}

#[test]
fn a_scalar_that_appsync_does_not_have() {
    let problem =
        Project::new().replacing("schema.graphql", "input Filter", "scalar AWSDatetime2\ninput Filter").problem();
    assert_problem(
        &problem,
        "schema.graphql",
        Some((33, 8)),
        "no scalar `AWSDatetime2`",
        "did you mean `AWSDateTime`?",
    );
}

#[test]
fn a_scalar_of_the_prelude_that_appsync_does_not_have() {
    let problem = Project::new().with("graphql/prelude.graphql", "scalar Instant").problem();
    assert_problem(&problem, "graphql/prelude.graphql", Some((1, 8)), "no scalar `Instant`", "AWSJSON");
}

#[test]
fn a_missing_schema() {
    let problem = Project::new().without("schema.graphql").problem();
    assert_problem(&problem, "schema.graphql", None, "cannot read the schema", "relative to the folder of the crate");
}

#[test]
fn a_folder_without_operations() {
    let problem = Project::new().without("graphql/GetOrder.graphql").problem();
    assert_problem(&problem, "graphql", None, "there is no operation", "GetOrder.graphql");
}

#[test]
fn a_problem_of_a_fragment_is_told_once() {
    let problem = Project::new()
        .with("graphql/Again.graphql", "query Again { order(id: 1) { ...OrderFields } }")
        .replacing("graphql/fragments/OrderFields.graphql", "status", "missing")
        .problem();
    assert_problem(&problem, "graphql/fragments/OrderFields.graphql", Some((3, 3)), "`missing`", "");
}

#[test]
fn everything_that_is_wrong_is_told_at_once_and_readably() {
    let error = Project::new()
        .with("graphql/Find.graphql", "query Find {\n  order(id: 1) {\n    idd\n  }\n}\n")
        .with("graphql/Other.graphql", "query Another { search { __typename } }")
        .generate()
        .expect_err("both are wrong");
    let text = format!("{error:?}");
    assert!(text.starts_with("no code was generated, for 2 reasons\n\nerror: "), "{text}");
    assert!(
        text.contains("Find.graphql:3:5\n  |\n3 |     idd\n  |     ^^^\n  = help: did you mean `id`?\n\nerror: "),
        "{text}"
    );
}
