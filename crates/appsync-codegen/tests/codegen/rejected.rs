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
fn an_operation_without_a_name() {
    let problem = Project::new().with("graphql/Find.graphql", "{ search { __typename } }").problem();
    assert_problem(&problem, "graphql/Find.graphql", Some((1, 1)), "has no name", "`query Find ...`");
}

#[test]
fn what_follows_from_a_syntax_error_is_not_told() {
    for (from, to, place) in [
        ("  id: ID!\n  status", "  id ID!\n  status", (15, 6)),
        ("type Order {", "typ Order {", (14, 1)),
        ("  id: ID!\n  status", "  id: ID!!\n  status", (15, 10)),
        ("cancel(id: ID!, reason: String): Order\n}", "cancel(id: ID!, reason: String): Order\n}}", (8, 2)),
    ] {
        let error = Project::new().replacing("schema.graphql", from, to).generate().expect_err("it is wrong");
        assert_problem(&error.problems()[0], "schema.graphql", Some(place), "syntax error", "");
        assert!(error.problems().len() <= 3, "{error}");
    }
    // One in each of several definitions is told, and nothing about names.
    let error =
        Project::new().with("graphql/Find.graphql", "query A { }\nquer B { id }\nquery C { a(: 1) }").generate();
    let error = error.expect_err("all three are wrong");
    let lines: Vec<_> = error.problems().iter().filter_map(|it| Some(it.line_and_column()?.0)).collect();
    assert_eq!(lines, [1, 3], "{error}");
}

#[test]
fn a_place_is_what_an_editor_calls_it() {
    for (text, place, excerpt) in [
        (
            "query A {\r\n\torder(id: \"\u{1f980}\") { idd }\r\n}",
            (2, 19),
            "\n2 | \torder(id: \"\u{1f980}\") { idd }\n  | \t                 ^^^\n",
        ),
        ("query A {\r  order(id: 1) {\r    idd\r  }\r}", (3, 5), "\n3 |     idd\n"),
        ("query A { order(id: \"\u{2028}\") {\n  idd } }", (2, 3), "\n2 |   idd } }\n"),
    ] {
        let problem = Project::new().with("graphql/Find.graphql", text).problem();
        assert_problem(&problem, "graphql/Find.graphql", Some(place), "does not have a field `idd`", "`id`");
        assert!(problem.to_string().contains(excerpt), "{problem}");
    }
}

#[test]
fn a_type_among_the_operations() {
    let problem = Project::new().with("graphql/Find.graphql", "type Find { id: ID }").problem();
    assert_problem(&problem, "graphql/Find.graphql", Some((1, 1)), "not an operation", "schema");
}

#[test]
fn an_unknown_fragment() {
    let problem = Project::new().replacing("graphql/GetOrder.graphql", "OrderFields", "OrderField").problem();
    assert_problem(
        &problem,
        "graphql/GetOrder.graphql",
        Some((3, 5)),
        "cannot find fragment `OrderField`",
        "did you mean `OrderFields`?",
    );
}

#[test]
fn an_unknown_fragment_in_a_fragment() {
    let problem = Project::new().replacing("graphql/fragments/OrderFields.graphql", "  id", "  ...Missing").problem();
    assert_problem(
        &problem,
        "graphql/fragments/OrderFields.graphql",
        Some((2, 3)),
        "cannot find fragment `Missing`",
        "`fragment Missing on ...`",
    );
}

#[test]
fn the_same_name_twice() {
    let problem =
        Project::new().with("graphql/fragments/Other.graphql", "\nfragment OrderFields on Order { id }").problem();
    assert_problem(
        &problem,
        "graphql/fragments/Other.graphql",
        Some((2, 10)),
        "the fragment `OrderFields` is defined multiple times",
        "OrderFields.graphql:1:1;",
    );
    let project = Project::new();
    let schema = project.read("schema.graphql");
    let folder = project.without("schema.graphql").with("schema.graphql/a.graphql", schema);
    let problem = folder.with("schema.graphql/b.graphql", "type Order { id: ID }").problem();
    assert_problem(
        &problem,
        "b.graphql",
        Some((1, 6)),
        "the type `Order` is defined multiple times",
        "a.graphql:14:1;",
    );
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
            .with("graphql/Set.graphql", format!("mutation Set({variable}) {{ set({argument}) }}"));
        project.generated();
        let error = project.codegen().client_token(token).generate_to(project.out()).expect_err("it does not fit");
        let [problem] = error.problems() else { panic!("one problem expected: {error}") };
        assert_problem(problem, "graphql/Set.graphql", Some((1, 1)), found, "`client_token`");
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
fn what_is_no_sdl_at_all_is_told_apart() {
    let utf_16: Vec<u8> = "\u{feff}type Query { a: Int }".encode_utf16().flat_map(u16::to_le_bytes).collect();
    for (text, message, help) in [
        (&utf_16[..], "is UTF-16", "save it as UTF-8"),
        (&utf_16[2..], "is UTF-16", "save it as UTF-8"),
        (b"type Query {\n  a: String # caf\xe9\n}", "is not UTF-8, in line 2", "save it as UTF-8"),
        (b"\xe9", "is not UTF-8, in line 1", "save it as UTF-8"),
        (b"{\"data\": {\"__schema\": {}}}", "JSON, such as that of an introspection", "get-introspection-schema"),
        (b"{\n  \"__schema\": {}\n}", "JSON, such as that of an introspection", "--format SDL"),
        (b"{\"message\": \"Forbidden\"}", "JSON", "--format SDL"),
        (b"<!-- saved --><html></html>", "a web page", "get-introspection-schema"),
        (b"<Error><Code>AccessDenied</Code></Error>", "XML", "get-introspection-schema"),
        (b"<!DOCTYPE html>\n<html></html>", "a web page", "get-introspection-schema"),
    ] {
        assert_problem(&Project::new().with("schema.graphql", text).problem(), "schema.graphql", None, message, help);
    }
}

#[test]
fn the_source_of_an_amplify_api() {
    let problem = Project::new().replacing("schema.graphql", "type Customer", "type Customer @model").problem();
    assert_problem(&problem, "schema.graphql", Some((21, 15)), "the source of an Amplify API", "build/schema.graphql");
}

#[test]
fn a_missing_schema() {
    let problem = Project::new().without("schema.graphql").problem();
    assert_problem(&problem, "schema.graphql", None, "cannot read the schema", "relative to the folder of the crate");
    let fetch = "aws appsync get-introspection-schema --api-id ID --format SDL schema.graphql";
    assert_problem(&problem, "schema.graphql", None, "cannot read the schema", fetch);
}

#[test]
fn a_folder_without_operations() {
    let project = Project::new().without("graphql/GetOrder.graphql");
    let help = "`query GetOrder ...`";
    assert_problem(&project.problem(), "OrderFields.graphql", None, "there is no operation in these files", help);
    let project = project.without("graphql/fragments/OrderFields.graphql");
    assert_problem(&project.problem(), "graphql", None, "there is no operation in this folder", help);
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
        .with("graphql/Other.graphql", "query { search { __typename } }")
        .generate()
        .expect_err("both are wrong");
    let text = format!("{error:?}");
    assert!(text.starts_with("no code was generated, for 2 reasons\n\nerror: "), "{text}");
    assert!(
        text.contains("Find.graphql:3:5\n  |\n3 |     idd\n  |     ^^^\n  = help: did you mean `id`?\n\nerror: "),
        "{text}"
    );
}
