use crate::project::{Project, assert_problem};

#[test]
fn a_new_file_is_a_new_operation() {
    let project = Project::new();
    assert!(!project.generated().contains("CancelOrder"));

    let project = project
        .with("graphql/CancelOrder.graphql", "mutation CancelOrder($id: ID!) { cancel(id: $id) { ...OrderFields } }");
    let code = project.generated();
    assert!(code.contains("Mutation CancelOrder in cancel_order {"), "{code}");
    assert!(code.contains("pub mod cancel_order {"), "{code}");
    let list = code.split("pub fn each_operation").nth(1).expect("there is a list");
    let list = list.split('}').next().expect("the list ends");
    assert!(list.find("CancelOrder").expect("it is listed") < list.find("GetOrder").expect("it is listed"), "{list}");
}

#[test]
fn a_field_that_leaves_the_schema_fails_the_generation() {
    let project = Project::new();
    project.generated();

    let problem = project.replacing("schema.graphql", "  status: Status!\n", "  state: Status!\n").problem();
    assert_problem(
        &problem,
        "graphql/fragments/OrderFields.graphql",
        Some((3, 3)),
        "type `Order` does not have a field `status`",
        "did you mean `state`?",
    );
}

#[test]
fn a_change_of_the_schema_changes_the_types() {
    let project = Project::new();
    assert!(project.generated().contains("pub status: types::Status,"));
    let project = project.replacing("schema.graphql", "  status: Status!", "  status: Status");
    assert!(project.generated().contains("pub status: Option<types::Status>,"));
}

#[test]
fn only_spread_fragments_are_sent_sorted_by_name() {
    let code = Project::new()
        .with(
            "graphql/fragments/b.graphql",
            "fragment Unused on Order { note }\nfragment B on Order { createdAt ...A }",
        )
        .with("graphql/fragments/a.graphql", "fragment A on Order { note }")
        .replacing("graphql/GetOrder.graphql", "...OrderFields", "...OrderFields ...B")
        .generated();
    let document = code.lines().find(|line| line.contains("DOCUMENT: \"query GetOrder")).expect("there is a document");
    let fragments: Vec<&str> = document.split("fragment ").skip(1).filter_map(|rest| rest.split(' ').next()).collect();
    assert_eq!(fragments, ["A", "B", "OrderFields"]);
    assert!(!code.contains("Unused"), "{code}");
}

#[test]
fn a_fragment_can_be_called_like_a_type() {
    for name in ["Order", "Status"] {
        let code = Project::new()
            .with("graphql/fragments/OrderFields.graphql", format!("fragment {name} on Order {{ status }}"))
            .replacing("graphql/GetOrder.graphql", "OrderFields", name)
            .generated();
        assert!(code.contains(&format!("pub order: Option<fragments::{name}>,")), "{code}");
    }
}

#[test]
fn a_fragment_beside_other_fields_is_merged_with_them() {
    let code =
        Project::new().replacing("graphql/GetOrder.graphql", "...OrderFields", "note id ...OrderFields").generated();
    let order = code.split("pub struct GetOrderOrder {").nth(1).expect("it is a struct").split('}').next();
    assert_eq!(order.expect("it ends").matches("pub ").count(), 3, "{code}");
}

#[test]
fn the_same_files_give_the_same_text() {
    let project = Project::new()
        .with("graphql/Search.graphql", "query Search($filter: Filter) { search(filter: $filter) { __typename } }");
    assert_eq!(project.generated(), project.generated());
}

#[test]
fn comments_are_not_sent() {
    let code = Project::new().replacing("graphql/GetOrder.graphql", "query", "# internal remark\nquery").generated();
    assert!(!code.contains("internal remark"), "{code}");
}

#[test]
fn a_subscription_has_types_but_is_not_in_the_list() {
    let code = Project::new().with("graphql/OnCancel.graphql", "subscription OnCancel { onCancel { id } }").generated();
    assert!(code.contains("Subscription OnCancel in on_cancel {"), "{code}");
    assert!(code.contains("pub mod on_cancel {"), "{code}");
    assert!(!code.contains("of::<OnCancel>"), "{code}");
}

#[test]
fn a_variable_with_a_default_is_optional() {
    let code = Project::new()
        .with(
            "graphql/Cancel.graphql",
            "mutation Cancel($id: ID!, $reason: String! = \"none\") { cancel(id: $id, reason: $reason) { id } }",
        )
        .generated();
    assert!(code.contains("pub reason: Option<String>,"), "{code}");
    assert!(code.contains("$reason: String! = \\\"none\\\""), "{code}");
}

#[test]
fn the_schema_may_declare_what_appsync_brings() {
    let declarations = "\nscalar AWSDateTime\ndirective @aws_auth(cognito_groups: [String]) on FIELD_DEFINITION\n";
    Project::new().replacing("schema.graphql", "input Filter", &format!("{declarations}input Filter")).generated();
}

#[test]
fn descriptions_are_documentation_and_never_code() {
    let schema = "
        \"What is sold.\\n\\n    let indented = \\\"code\\\";\" input Filter { \"\"\"```\nfenced!();\n```\"\"\" status: Status }
        enum Status { \"Not \\u202e yet\" OPEN @deprecated(reason: \"say \\\"NEW\\\"\") CLOSED }
        type Query { search(filter: Filter): Status @deprecated }
    ";
    let code = Project::new()
        .without("graphql/fragments/OrderFields.graphql")
        .with("graphql/GetOrder.graphql", "query GetOrder($filter: Filter) { search(filter: $filter) }")
        .with("schema.graphql", schema)
        .generated();
    for expected in [
        "/// What is sold.\n        ///\n        /// let indented = \"code\";\n",
        "/// \\`\\`\\`\n            /// fenced!();\n",
        "/// Not yet\n                #[deprecated(note = \"say \\\"NEW\\\"\")]\n",
        "#[deprecated(note = \"No longer supported\")]\n            pub search: Option<types::Status>,",
    ] {
        assert!(code.contains(expected), "{expected:?} is not in {code}");
    }
}

#[test]
fn files_are_found_as_teams_have_them() {
    let code = Project::new()
        .without("graphql/GetOrder.graphql")
        .without("graphql/fragments/OrderFields.graphql")
        .with(
            "graphql/orders/reading.gql",
            "query getOrder { order(id: 1) { ...A } } query Again { order(id: 2) { id } }",
        )
        .with(
            "graphql/orders/deep/any name.graphql",
            "fragment A on Order { note ...B } query Third { search { __typename } }",
        )
        .with("graphql/b.graphql", "fragment B on Order { createdAt }")
        .generated();
    assert!(
        code.contains(
            "pub use generated::{Again, GetOrder, Third, again, each_operation, fragments, get_order, third};"
        ),
        "{code}"
    );
    assert!(code.contains(r#"NAME: "getOrder","#), "{code}");
    assert!(code.contains(r#"DOCUMENT: "query Again { order(id: 2) { id } }","#), "each is sent alone: {code}");
}

#[test]
fn a_schema_may_be_several_files_and_be_among_the_operations() {
    let project = Project::new()
        .replacing("schema.graphql", "enum Status {\n  OPEN\n  CLOSED\n}", "")
        .with("graphql/status.graphql", "");
    assert!(project.generate().is_err());
    let project = Project::new();
    let schema = project.read("schema.graphql").replace("enum Status {\n  OPEN\n  CLOSED\n}", "");
    project
        .without("schema.graphql")
        .with("schema.graphql/main.graphql", schema)
        .with("schema.graphql/more/status.gql", "enum Status { OPEN } extend type Query { status: Status }")
        .with("graphql/Status.graphql", "query Status { status }")
        .generated();

    let project = Project::new();
    let schema = project.read("schema.graphql");
    let code = project.with("graphql/schema.graphql", schema);
    appsync_codegen::Codegen::new(code.path("graphql/schema.graphql"), code.path("graphql"))
        .generate_to(code.out())
        .expect("the schema is no operation");
}

#[test]
fn interfaces_may_be_separated_as_they_were_before_2018() {
    for separated in
        ["implements A, B", "implements A B", "implements\n  A\n  B,", "implements A, & B", "implements A & B"]
    {
        let schema = format!(
            "interface A {{ id: ID }} interface B {{ implements: ID }}
             type Order {separated} @aws_iam {{ id: ID implements: ID status: String }} type Query {{ order(id: ID): Order }}"
        );
        Project::new().with("schema.graphql", schema).generated();
    }
}

#[test]
fn a_name_after_an_interface_may_be_the_next_definition() {
    let schema = "
        interface A { id: ID } interface B { id: ID }
        extend type Order implements A
        type Order { id: ID status: Verb }
        enum Verb { extends implements overrides }
        type Query { order(id: ID): Order }
    ";
    Project::new().with("schema.graphql", schema).generated();

    // The lines stay what they are, and nothing that is right is called wrong.
    let old = schema.replace("enum Verb {", "type C implements A\n, B { id: ID }\nenum Verb {\n! ");
    let error = Project::new().with("schema.graphql", old).generate().expect_err("there is a `!`");
    assert_problem(&error.problems()[0], "schema.graphql", Some((8, 1)), "syntax error", "");
}

#[test]
fn a_description_that_looks_like_code_uses_nothing() {
    let schema = "type Query { \"see types::A and fragments::B\" a: Int }";
    let project = Project::new().without("graphql/fragments/OrderFields.graphql").with("schema.graphql", schema);
    let code = project.with("graphql/GetOrder.graphql", "query A { a }").generated();
    assert!(!code.contains("use super::"), "{code}");
}

#[test]
fn directives_of_appsync_are_taken_wherever_it_takes_them_and_others_are_a_warning() {
    let project = Project::new()
        .replacing("schema.graphql", "enum Status {", "enum Status @aws_cognito_user_pools {")
        .replacing("schema.graphql", "input Filter {", "input Filter @aws_iam @renamed(to: \"F\") {")
        .replacing("schema.graphql", "  note: String", "  note: String @hidden @canonical");
    assert_eq!(project.codegen().warnings().expect("it is right"), []);
    let project = project.replacing("schema.graphql", "type Customer", "type Customer @aws_new(a: 1)").replacing(
        "schema.graphql",
        "  email: AWSEmail!",
        "  email: AWSEmail! @aws_new(a: 2)",
    );
    let warnings = project.codegen().warnings().expect("it is right all the same");
    let [warning] = &warnings[..] else { panic!("one warning expected: {warnings:?}") };
    assert_problem(warning, "schema.graphql", Some((21, 15)), "cannot find directive `@aws_new`", "prelude.graphql");
}

#[test]
fn a_fragment_that_no_operation_spreads_is_a_warning() {
    let project = Project::new().with("graphql/Unused.graphql", "fragment Unused on Order { note }");
    let warnings = project.codegen().warnings().expect("it is right");
    let [warning] = &warnings[..] else { panic!("one warning expected: {warnings:?}") };
    assert_problem(warning, "graphql/Unused.graphql", Some((1, 1)), "fragment `Unused` must be used", "");
}

#[test]
fn a_file_that_is_not_used_is_a_warning() {
    let mut project = Project::new().with("graphql/.#Open.graphql", "not GraphQL").with("graphql/.DS_Store", b"\0");
    for (file, text, why) in [
        ("graphql/Comments.graphql", "# Later:\r\n  # query A { a }\n", "no operation and no fragment"),
        ("graphql/Empty.gql", "\u{feff}\n", "no operation and no fragment"),
        ("graphql/sub/types.graphqls", "type A { a: Int }", "does not end in .graphql or .gql"),
        ("graphql/prelude.graphql", "# Nothing yet.", "no definition"),
    ] {
        project = project.with(file, text);
        let warnings = project.codegen().warnings().expect("it is right");
        let [warning] = &warnings[..] else { panic!("one warning expected: {warnings:?}") };
        assert_problem(warning, file, None, "is not used", why);
        project = project.without(file);
    }
    // A file that begins with a comment, in a text with the ends of lines of old.
    project.with("graphql/New.graphql", "# New:\rquery New { order(id: 1) { idd } }").problem();
}

#[cfg(unix)]
#[test]
fn links_are_followed_and_what_they_lead_to_is_read_once() {
    let project = Project::new();
    for (to, link) in [
        ("schema.graphql", "schema.graphql"),
        ("graphql", "fragments/all"),
        ("graphql/GetOrder.graphql", "Again.graphql"),
    ] {
        std::os::unix::fs::symlink(project.path(to), project.path("graphql").join(link)).expect("a link can be made");
    }
    project.generated();
    assert_eq!(project.codegen().warnings().expect("it is right"), []);
}

#[test]
fn a_mutation_that_leaves_out_what_its_subscribers_may_select_is_a_warning() {
    let cancel = "mutation Cancel {\n  cancel(id: 1) { ...OrderFields note }\n}\n";
    let project = Project::new().with("graphql/Cancel.graphql", cancel);
    let warnings = project.codegen().warnings().expect("it is right");
    let [warning] = &warnings[..] else { panic!("one warning expected: {warnings:?}") };
    let message = "subscribers of `cancel` get null for `createdAt`";
    assert_problem(warning, "graphql/Cancel.graphql", Some((2, 3)), message, "`# subscribers may miss fields`");
    for silent in [
        cancel.replace("note", "note createdAt"),
        format!("# subscribers may miss fields\n{cancel}"),
        cancel.replace("note", "note # subscribers may miss fields\n"),
        cancel.replace("note }\n}", "note\n}\n# subscribers may miss fields\n}"),
        cancel.replace("\n}\n", "\n} # subscribers may miss fields"),
    ] {
        let project = Project::new().with("graphql/Cancel.graphql", &silent);
        assert_eq!(project.codegen().warnings().expect("it is right"), [], "{silent}");
    }
    // What it says holds for its own operation.
    let again = cancel.replace("Cancel", "Again");
    for two in [
        format!("# subscribers may miss fields\n{cancel}{again}"),
        format!("{} # subscribers may miss fields\n{again}", cancel.replace('\n', " ")),
        format!("{cancel}query Q {{ search {{ __typename }} }}\n# subscribers may miss fields\n{again}"),
    ] {
        let project = Project::new().with("graphql/Cancel.graphql", &two);
        assert_eq!(project.codegen().warnings().expect("it is right").len(), 1, "{two}");
    }
}

#[test]
fn what_leads_back_to_where_it_is_selected_is_not_missed() {
    let schema = "
        type Query { a: Int } type Mutation { post(id: ID): Post node: Node }
        type Subscription { onPost: Post @aws_subscribe(mutations: \"post\") onNode: Node @aws_subscribe(mutations: [\"node\"]) }
        interface Node { id: ID title: String }
        type Post implements Node { id: ID title: String blog: Blog replies: [Post] comments(limit: Int): Comments }
        type Blog { name: String first: Post posts: Posts about: About owner(id: ID!): String }
        type Posts { items: [Post] } type About { text: String }
        type Comments { items: [Comment]! nextToken: String }
        type Comment { text: String post: Post }
    ";
    let all = "id title blog { name about { text } } replies { id title blog { name about { text } } comments { items { text } nextToken } } comments { items { text } nextToken }";
    for (mutation, missing) in [
        (format!("post {{ {all} }}"), None),
        (format!("post {{ {} }}", all.replace("replies", "r: replies")), None),
        ("post { id title }".to_owned(), Some("null for `blog`, `replies` and `comments`")),
        (
            format!("post {{ {} }}", all.replace("items { text }", "items { __typename }")),
            Some("null for `replies.comments.items.text` and `comments.items.text`"),
        ),
        (
            format!("post {{ {} }}", all.replace("about { text }", "")),
            Some("null for `blog.about` and `replies.blog.about`"),
        ),
        (format!("post {{ {} }}", all.replace("items { text }", "")), None), // As Amplify's generated documents have it.
        ("node { id ... on Post { title } }".to_owned(), Some("subscribers of `node` get null for `title`")),
        ("node { ... on Node { id title } }".to_owned(), None),
    ] {
        let project = Project::new()
            .with("schema.graphql", schema)
            .without("graphql/fragments/OrderFields.graphql")
            .with("graphql/GetOrder.graphql", format!("mutation M {{ {mutation} }}"));
        let warnings = project.codegen().warnings().expect("it is right");
        let message = warnings.first().map(|warning| warning.message());
        assert!(
            message.map_or(missing.is_none(), |it| missing.is_some_and(|missing| it.contains(missing))),
            "{message:?}"
        );
    }
}

#[test]
fn the_prelude_of_the_folder_adds_to_what_is_built_in() {
    let project = Project::new().replacing("schema.graphql", "type Customer", "type Customer @aws_new");
    assert_eq!(project.codegen().warnings().expect("it is right").len(), 1);
    let project = project.with("graphql/prelude.graphql", "scalar AWSDateTime\ndirective @aws_new on OBJECT");
    assert_eq!(project.codegen().warnings().expect("it is right"), []);
}
