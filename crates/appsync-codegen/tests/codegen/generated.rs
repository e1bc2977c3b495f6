use std::path::Path;

use crate::project::{Project, assert_problem};

#[test]
fn a_new_file_is_a_new_operation() {
    let project = Project::new();
    assert!(!project.generated().contains("CancelOrder"));

    let project = project
        .with("graphql/CancelOrder.graphql", "mutation CancelOrder($id: ID!) { cancel(id: $id) { ...OrderFields } }");
    let code = project.generated();
    assert!(code.contains("pub struct CancelOrder;"), "{code}");
    assert!(code.contains("pub mod cancel_order {"), "{code}");
    let list = code.split("pub const OPERATIONS").nth(1).expect("there is a list");
    let list = list.split("];").next().expect("the list ends");
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
    assert!(project.generated().contains("pub status: Status,"));
    let project = project.replacing("schema.graphql", "  status: Status!", "  status: Status");
    assert!(project.generated().contains("pub status: Option<Status>,"));
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
    let document = code.lines().find(|line| line.contains("const DOCUMENT: ")).expect("there is a document");
    let fragments: Vec<&str> = document.split("fragment ").skip(1).filter_map(|rest| rest.split(' ').next()).collect();
    assert_eq!(fragments, ["A", "B", "OrderFields"]);
    assert!(!code.contains("Unused"), "{code}");
}

#[test]
fn a_fragment_can_be_called_like_the_type_it_is_on() {
    let code = Project::new()
        .with("graphql/fragments/OrderFields.graphql", "fragment Order on Order { id }")
        .replacing("graphql/GetOrder.graphql", "...OrderFields", "status ...Order")
        .generated();
    let fragments = code.split("pub mod fragments {").nth(1).expect("there are fragments");
    assert!(fragments.contains("pub struct Order {"), "{code}");
    assert!(code.contains("pub order: Order,"), "{code}");
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
    assert!(code.contains("::appsync::OperationKind::Subscription"), "{code}");
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
    assert!(code.contains("pub reason: ::appsync::Patch<String>,"), "{code}");
    assert!(code.contains("$reason: String! = \\\"none\\\""), "{code}");
}

#[test]
fn the_schema_may_declare_what_appsync_brings() {
    let declarations = "\nscalar AWSDateTime\ndirective @aws_auth(cognito_groups: [String]) on FIELD_DEFINITION\n";
    Project::new().replacing("schema.graphql", "input Filter", &format!("{declarations}input Filter")).generated();
}

#[test]
fn the_prelude_of_the_folder_adds_to_what_is_built_in() {
    let project = Project::new().replacing("schema.graphql", "type Customer", "type Customer @aws_new");
    assert_problem(
        &project.problem(),
        "schema.graphql",
        Some((21, 15)),
        "cannot find directive `@aws_new`",
        "prelude.graphql",
    );
    project.with("graphql/prelude.graphql", "scalar AWSDateTime\ndirective @aws_new on OBJECT").generated();
}

#[test]
fn each_file_and_the_folder_are_watched_and_nothing_else() {
    let project = Project::new().with("graphql/prelude.graphql", "scalar AWSDate").with("graphql/notes.txt", "");
    let watched = project.codegen().watched().expect("the files are there");
    let ends = [
        "schema.graphql",
        "graphql",
        "graphql/prelude.graphql",
        "graphql/GetOrder.graphql",
        "graphql/fragments/OrderFields.graphql",
    ];
    assert_eq!(watched.len(), ends.len(), "{watched:?}");
    for (path, end) in watched.iter().zip(ends) {
        assert!(path.ends_with(Path::new(end)), "{path:?} should end with {end}");
    }
}
