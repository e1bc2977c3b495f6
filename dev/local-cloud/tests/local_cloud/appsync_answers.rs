//! HTTP 200 and what can be in it: data, validation errors, coercion errors, refused fields, missing resolvers.

use local_cloud::LocalCloud;
use serde_json::{Value, json};

use crate::support::{Cloud, ORDERS};

/// `errors[0]` of a request that must give nothing else.
async fn only_error(cloud: &Cloud, query: &str, variables: Value) -> Value {
    let answer = cloud.graphql(query, variables).await;
    assert_eq!(answer["data"], Value::Null, "{answer}");
    assert_eq!(answer["errors"].as_array().map(Vec::len), Some(1), "{answer}");
    answer["errors"][0].clone()
}

async fn message(cloud: &Cloud, query: &str, variables: Value) -> String {
    let error = only_error(cloud, query, variables).await;
    assert_eq!((&error["path"], error.get("errorType")), (&Value::Null, None), "{error}");
    error["message"].as_str().expect("a message").to_owned()
}

#[tokio::test]
async fn a_success_has_data_and_says_what_it_cost() {
    let cloud = Cloud::start().await;
    let token = cloud.access_token().await;
    let body = json!({"query": "query ($id: ID!) { getOrder(id: $id) { id } }", "variables": {"id": "order-1"}});
    let reply = cloud.graphql_as(Some(&token), &body.to_string()).await;
    assert_eq!(reply.text, r#"{"data":{"getOrder":{"id":"order-1"}}}"#);
    assert_eq!(reply.header("content-type"), "application/json;charset=UTF-8");
    assert_eq!(reply.header("x-amzn-requestid").len(), 36);
    assert_eq!(reply.header("x-amzn-appsync-tokensconsumed"), "1");
}

#[tokio::test]
async fn validation_errors_are_worded_and_shaped_as_appsyncs() {
    let cloud = Cloud::start().await;
    let error = only_error(&cloud, r#"{ getOrder(id: "1") { x } }"#, json!({})).await;
    let wanted = json!({
        "path": null,
        "locations": [{"line": 1, "column": 23, "sourceName": null}],
        "message": "Validation error of type FieldUndefined: Field 'x' in type 'Order' is undefined @ 'getOrder/x'",
    });
    assert_eq!(error, wanted);
    for (query, wanted) in [
        ("{ getOrder { id } }", "MissingFieldArgument: Missing field argument id @ 'getOrder'"),
        ("{ getOrder(id: 1, x: 2) { id } }", "UnknownArgument: Unknown field argument x @ 'getOrder'"),
        (
            r#"{ getOrder(id: "1") }"#,
            "SubSelectionRequired: Sub selection required for type Order of field getOrder @ 'getOrder'",
        ),
        (
            r#"{ getOrder(id: "1") { id { x } } }"#,
            "SubSelectionNotAllowed: Sub selection not allowed on leaf type ID of field id @ 'getOrder/id'",
        ),
        (
            r#"{ listOrders(limit: "x") { nextToken } }"#,
            "WrongType: argument 'limit' with value 'StringValue{value='x'}' is not a valid 'Int' @ 'listOrders'",
        ),
        (
            "{ listOrders(filter: {status: NOPE}) { nextToken } }",
            "WrongType: argument 'filter' with value 'ObjectValue{objectFields=[ObjectField{name='status', value=EnumValue{name='NOPE'}}]}' is not a valid 'OrderFilter' @ 'listOrders'",
        ),
        (
            r#"{ listOrders(filter: {customerEmail: "nope"}) { nextToken } }"#,
            "WrongType: argument 'filter' with value 'ObjectValue{objectFields=[ObjectField{name='customerEmail', value=StringValue{value='nope'}}]}' is not a valid 'OrderFilter' @ 'listOrders'",
        ),
        (r#"{ getOrder(id: "1") { ... on Nope { id } } }"#, "UnknownType: Unknown type Nope @ 'getOrder'"),
        (
            "query ($id: String) { getOrder(id: $id) { id } }",
            "VariableTypeMismatch: Variable type 'String' doesn't match expected type 'ID!' @ 'getOrder'",
        ),
        ("{ getOrder(id: $id) { id } }", "UndefinedVariable: Undefined variable id @ 'getOrder'"),
        (
            "query ($id: ID!) { nope(id: $id) { id } }",
            "FieldUndefined: Field 'nope' in type 'Query' is undefined @ 'nope'",
        ),
        ("query ($id: ID) { listOrders { nextToken } }", "UnusedVariable: Unused variable id"),
        (r#"{ getOrder(id: "1") { ...F } }"#, "UndefinedFragment: Undefined fragment F @ 'getOrder'"),
        (
            r#"query { getOrder(id: "1") { ...F } } fragment F on Order { payment { ... on CardPayment { x } } }"#,
            "FieldUndefined: Field 'x' in type 'CardPayment' is undefined @ 'F/payment/x'",
        ),
        (r#"{ getOrder(id: "1") { id @nope } }"#, "UnknownDirective: Unknown directive nope @ 'getOrder/id'"),
    ] {
        let wanted = format!("Validation error of type {wanted}");
        assert_eq!(message(&cloud, query, json!({})).await, wanted, "{query}");
    }
}

#[tokio::test]
async fn variables_that_do_not_fit_are_worded_as_appsyncs() {
    let cloud = Cloud::start().await;
    let get = "query ($id: ID!) { getOrder(id: $id) { id } }";
    let null = "Variable 'id' has coerced Null value for NonNull type 'ID!'";
    assert_eq!(message(&cloud, get, json!({})).await, null);
    assert_eq!(message(&cloud, get, json!({"id": null})).await, null);
    assert_eq!(message(&cloud, get, json!({"id": true})).await, "Variable 'id' has an invalid value.");
    assert_eq!(only_error(&cloud, get, json!({})).await["locations"][0]["column"], 8);

    let list = "query ($filter: OrderFilter, $limit: Int) { listOrders(filter: $filter, limit: $limit) { nextToken } }";
    for (variables, wanted) in [
        (json!({"limit": "1"}), "Variable 'limit' has an invalid value."),
        (json!({"limit": 5_000_000_000_i64}), "Variable 'limit' has an invalid value."),
        (json!({"filter": {"status": "NOPE"}}), "Variable 'filter' has an invalid value."),
        (json!({"filter": {"customerEmail": "nope"}}), "Variable 'filter' has an invalid value."),
        (json!({"filter": "x"}), "Variable 'filter' has an invalid value."),
        (
            json!({"filter": {"x": 1}}),
            "The variables input contains a field name 'x' that is not defined for input object type 'OrderFilter' ",
        ),
    ] {
        assert_eq!(message(&cloud, list, variables).await, wanted);
    }
    let create = "mutation ($input: CreateOrderInput!) { createOrder(input: $input) { id } }";
    let wanted = "Variable 'customerEmail' has coerced Null value for NonNull type 'AWSEmail!'";
    assert_eq!(message(&cloud, create, json!({"input": {"lines": []}})).await, wanted);
}

#[tokio::test]
async fn a_field_of_another_group_is_refused_in_appsyncs_shape() {
    let cloud = Cloud::start().await;
    let answer = cloud.graphql("mutation { purgeOrders(before: 0) }", json!({})).await;
    let wanted = json!({
        "data": null,
        "errors": [{
            "path": ["purgeOrders"],
            "data": null,
            "errorType": "Unauthorized",
            "errorInfo": null,
            "locations": [{"line": 1, "column": 12, "sourceName": null}],
            "message": "Not Authorized to access purgeOrders on type Mutation",
        }],
    });
    assert_eq!(answer, wanted);
    let groups = json!({"UserPoolId": cloud.seed().user_pool_id, "Username": cloud.seed().username, "GroupName": "order-admins"});
    cloud.cognito("CreateGroup", groups.clone()).await.ok();
    cloud.cognito("AdminAddUserToGroup", groups).await.ok();
    let answer = cloud.graphql("mutation { purgeOrders(before: 4102444800) }", json!({})).await;
    assert_eq!(answer, json!({"data": {"purgeOrders": 3}}));
}

#[tokio::test]
async fn directives_of_nested_fields_and_of_types_are_enforced() {
    let sdl = ORDERS
        .replacen("note: String\n", "note: String @aws_auth(cognito_groups: [\"order-admins\"])\n", 1)
        .replace("type Money {", "type Money @aws_cognito_user_pools(cognito_groups: [\"order-admins\"]) {")
        .replace("total: Money!", "total: Money");
    let cloud = Cloud::start_with(LocalCloud::builder().schema(sdl)).await;
    let query = r#"{ getOrder(id: "order-1") { id note total { currency } } }"#;
    let answer = cloud.graphql(query, json!({})).await;
    assert_eq!(answer["data"], json!({"getOrder": {"id": "order-1", "note": null, "total": null}}));
    let messages: Vec<&str> =
        answer["errors"].as_array().expect("errors").iter().filter_map(|error| error["message"].as_str()).collect();
    assert_eq!(
        messages,
        ["Not Authorized to access note on type Order", "Not Authorized to access currency on type Money"]
    );
    assert_eq!(answer["errors"][1]["path"], json!(["getOrder", "total", "currency"]));
}

#[tokio::test]
async fn a_root_field_without_a_resolver_says_where_to_add_one() {
    let cloud =
        Cloud::start_with(LocalCloud::builder().schema("type Query { foo(a: Int): Foo } type Foo { x: Int }")).await;
    let answer = cloud.graphql("{ foo { x } }", json!({})).await;
    assert_eq!(answer["data"], json!({"foo": null}));
    let message = answer["errors"][0]["message"].as_str().expect("a message");
    assert_eq!(
        message,
        "local-cloud has no resolver for Query.foo: add one with Builder::resolver, or to local-cloud itself in \
         dev/local-cloud/src/appsync/resolvers.rs"
    );
}

#[tokio::test]
async fn a_project_gives_resolvers_of_its_own() {
    let sdl = "type Query { room(id: ID!, beds: Int = 2): Room } type Room { id: ID! beds: Int! guests: [String!]! }";
    let builder = LocalCloud::builder()
        .schema(sdl)
        .resolver("Query", "room", |arguments| json!({"id": arguments["id"], "beds": arguments["beds"]}))
        .resolver("Room", "guests", |_| json!(["ada"]));
    let cloud = Cloud::start_with(builder).await;
    let answer = cloud.graphql("{ room(id: 7) { id beds guests } }", json!({})).await;
    assert_eq!(answer, json!({"data": {"room": {"id": "7", "beds": 2, "guests": ["ada"]}}}));
}

#[tokio::test]
async fn a_resolver_that_no_longer_fits_a_changed_schema_says_so() {
    let sdl = "type Query { getOrder(id: ID!): Order } type Order { id: ID! weight: Float! }";
    let cloud = Cloud::start_with(LocalCloud::builder().schema(sdl)).await;
    let answer = cloud.graphql(r#"{ getOrder(id: "order-1") { id weight } }"#, json!({})).await;
    assert_eq!(answer["data"], json!({"getOrder": null}));
    let message = "Cannot return null for non-nullable type: 'Float' within parent 'Order' (/getOrder/weight)";
    assert_eq!(answer["errors"][0]["message"], message);
}

#[tokio::test]
async fn an_invalid_schema_is_refused_at_the_start_with_its_line() {
    let problem = LocalCloud::builder().schema("type Query {\n  a: Nope\n}").start().await.expect_err("invalid");
    assert_eq!(problem.kind(), std::io::ErrorKind::InvalidInput);
    assert!(problem.to_string().contains("schema.graphql:2:6"), "{problem}");
}

#[tokio::test]
async fn the_operation_is_chosen_by_name_and_subscriptions_are_not_served() {
    let cloud = Cloud::start().await;
    let token = cloud.access_token().await;
    let query = r#"query A { a: getOrder(id: "order-1") { id } } query B { b: getOrder(id: "order-2") { id } }"#;
    let ask = |name: Value| json!({"query": query, "operationName": name}).to_string();
    let answer = cloud.graphql_as(Some(&token), &ask(json!("B"))).await.ok();
    assert_eq!(answer, json!({"data": {"b": {"id": "order-2"}}}));
    for name in [json!("C"), json!(null)] {
        assert_eq!(cloud.graphql_as(Some(&token), &ask(name)).await.ok()["data"], Value::Null);
    }
    assert_eq!(cloud.count_of("B"), 1);
    let message = message(&cloud, "subscription { onOrderChanged { id } }", json!({})).await;
    assert!(message.contains("does not serve subscriptions"), "{message}");
}
