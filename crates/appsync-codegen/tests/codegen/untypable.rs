use crate::project::{Project, assert_problem};

fn query(selection: &str) -> Project {
    Project::new()
        .with("graphql/fragments/Id.graphql", "fragment Id on Order { id }")
        .with("graphql/Find.graphql", &format!("query Find {{\n{selection}\n}}"))
}

#[track_caller]
fn assert_rejected(selection: &str, column: usize, message: &str) {
    let problem = query(selection).problem();
    assert_problem(&problem, "graphql/Find.graphql", Some((2, column)), message, "");
    assert!(problem.help().is_some(), "{problem}");
}

#[test]
fn a_union_without_its_typename() {
    assert_rejected("search { ... on Order { id } }", 1, "`__typename` is not selected on `Found`");
}

#[test]
fn a_typename_under_another_name() {
    assert_rejected("search { __typename kind: __typename }", 21, "under another name");
}

#[test]
fn a_key_selected_directly_and_in_a_fragment() {
    assert_rejected("order(id: 1) { id ...Id }", 19, "`id` is selected twice on `Order`");
}

#[test]
fn two_inline_fragments_on_one_type() {
    assert_rejected(
        "search { __typename ... on Order { id } ... on Order { note } }",
        41,
        "a second fragment on `Order`",
    );
}

#[test]
fn a_fragment_inside_an_object() {
    assert_rejected("order(id: 1) { note ... on Order { id } }", 21, "a fragment on `Order` where the type is `Order`");
}

#[test]
fn an_inline_fragment_without_a_type() {
    assert_rejected("order(id: 1) { note ... { id } }", 21, "without a type");
}

#[test]
fn an_object_of_which_only_the_typename_is_selected() {
    assert_rejected("order(id: 1) { __typename }", 1, "nothing but `__typename`");
}

#[test]
fn a_required_field_that_may_be_skipped() {
    assert_rejected("order(id: 1) { note id @skip(if: true) }", 21, "`id` may be missing");
}

#[test]
fn a_fragment_that_may_be_skipped() {
    assert_rejected("order(id: 1) { note ...Id @include(if: true) }", 21, "@include or @skip on a fragment");
}

#[test]
fn what_has_a_type_is_accepted() {
    query("search { __typename ... on Order { ...Id note @skip(if: false) } ... on Customer { id email } }\nmore: search { __typename }\norder(id: 1) { ...Id note }")
        .generated();
}
