//! What the generated operations promise to the functions that use them.

use appsync::{Operation, OperationKind, OperationVisitor, Patch};
use operations::{
    CancelOrder, CreateOrder, GetOrder, ListOrders, UpdateOrder, each_operation,
    fragments::{OrderFields, OrderFieldsPayment, OrderFieldsPaymentOther},
    get_order, list_orders,
    types::{Currency, OrderStatus, UpdateOrderInput},
    update_order,
};
use serde_json::{Value, json};

fn answer(payment: Value) -> Value {
    json!({
        "getOrder": {
            "id": "order-1",
            "version": 3,
            "owner": null,
            "status": "PAID",
            "customerEmail": "ada@example.com",
            "lines": [
                {"sku": "TEA-1", "quantity": 2, "unitPrice": {"currency": "EUR", "minorUnits": 450}},
                {"sku": "CUP-7", "quantity": 1, "unitPrice": {"currency": "EUR", "minorUnits": 1200}},
            ],
            "payment": payment,
            "total": {"currency": "EUR", "minorUnits": 2100},
            "note": null,
            "attributes": "{\"channel\":\"web\"}",
            "cancellationReason": null,
            "createdAt": "2026-03-01T09:30:00.000Z",
            "updatedAt": "2026-03-02T10:00:00.000Z",
        }
    })
}

/// Decodes and encodes an answer; it must not change on the way.
fn round_trip(answer: &Value) -> OrderFields {
    let data: get_order::ResponseData = serde_json::from_value(answer.clone()).expect("the answer decodes");
    assert_eq!(&serde_json::to_value(&data).expect("the answer encodes"), answer);
    data.get_order.expect("there is an order")
}

#[test]
fn an_order_paid_by_card_round_trips() {
    let order = round_trip(&answer(json!({"__typename": "CardPayment", "brand": "visa", "lastFour": "4242"})));
    assert_eq!(order.status, OrderStatus::PAID);
    assert_eq!(order.lines[1].unit_price.currency, Currency::EUR);
    let Some(OrderFieldsPayment::CardPayment(card)) = order.payment else { panic!("paid by card") };
    assert_eq!(card.last_four, "4242");
}

#[test]
fn an_order_paid_by_invoice_round_trips() {
    let payment = json!({"__typename": "InvoicePayment", "invoiceNumber": "I-9", "dueAt": "2026-04-01T00:00:00Z"});
    let order = round_trip(&answer(payment));
    assert!(matches!(order.payment, Some(OrderFieldsPayment::InvoicePayment(_))));
}

#[test]
fn an_unpaid_order_round_trips_with_its_nulls() {
    assert_eq!(round_trip(&answer(Value::Null)).payment, None);
}

#[test]
fn a_kind_of_payment_added_later_keeps_its_name() {
    let order = round_trip(&answer(json!({"__typename": "GiftCardPayment"})));
    assert_eq!(
        order.payment,
        Some(OrderFieldsPayment::Other(OrderFieldsPaymentOther { typename: "GiftCardPayment".to_owned() }))
    );
}

#[test]
fn a_status_added_later_keeps_its_name() {
    let mut answer = answer(Value::Null);
    answer["getOrder"]["status"] = json!("ON_HOLD");
    let order = round_trip(&answer);
    assert_eq!(order.status, OrderStatus::Other("ON_HOLD".to_owned()));
    assert_eq!(order.status.as_str(), "ON_HOLD");
}

#[test]
fn a_known_payment_that_does_not_decode_is_an_error_rather_than_unknown() {
    let answer = answer(json!({"__typename": "CardPayment", "brand": "visa"}));
    let error = serde_json::from_value::<get_order::ResponseData>(answer).expect_err("lastFour is missing");
    assert!(error.to_string().contains("lastFour"), "{error}");
}

#[test]
fn a_list_is_no_payment() {
    for list in [json!([]), json!(["GiftCardPayment"]), json!(["CardPayment", "visa", "4242"])] {
        assert!(serde_json::from_value::<get_order::ResponseData>(answer(list.clone())).is_err(), "{list}");
    }
}

#[test]
fn what_a_payment_has_too_much_takes_little_more_memory_than_its_text() {
    const SIZE: usize = 4 << 20;
    for typename in ["CardPayment", "GiftCardPayment"] {
        for element in [r#"{"a":1}"#, "[[],[]]", "1"] {
            let junk = vec![element; SIZE / (element.len() + 1)].join(",");
            let payment = json!({"__typename": typename, "brand": "visa", "lastFour": "4242"});
            let body = answer(payment).to_string().replacen(r#""brand""#, &format!(r#""junk":[{junk}],"brand""#), 1);
            assert!(body.len() > SIZE - 16);
            let used = allocation_counter::measure(|| {
                let data: get_order::ResponseData = serde_json::from_str(&body).expect("it decodes");
                assert!(data.get_order.is_some_and(|order| order.payment.is_some()));
            });
            assert!(used.bytes_max < 3 * SIZE as u64, "{} bytes for {element} in a {typename}", used.bytes_max);
        }
    }
}

#[test]
fn an_order_that_does_not_exist_is_none() {
    let data: get_order::ResponseData = serde_json::from_value(json!({"getOrder": null})).expect("it decodes");
    assert_eq!(data.get_order, None);
}

#[test]
fn absent_variables_are_not_sent_and_null_ones_are() {
    let variables = list_orders::Variables { limit: 5.into(), ..Default::default() };
    assert_eq!(serde_json::to_value(variables).expect("it encodes"), json!({"limit": 5}));

    let input = UpdateOrderInput {
        status: OrderStatus::SHIPPED.into(),
        note: Patch::Null,
        ..UpdateOrderInput::new("order-1".to_owned(), 3)
    };
    assert_eq!(
        serde_json::to_value(update_order::Variables { input }).expect("it encodes"),
        json!({"input": {"id": "order-1", "expectedVersion": 3, "status": "SHIPPED", "note": null}})
    );
}

#[test]
fn variables_that_the_schema_does_not_have_are_refused() {
    for unknown in [json!({"limt": 5}), json!({"filter": {"state": "PAID"}})] {
        assert!(serde_json::from_value::<list_orders::Variables>(unknown.clone()).is_err(), "{unknown}");
    }
}

#[test]
fn the_list_has_each_query_and_mutation_by_name() {
    struct Names(Vec<&'static str>);
    impl OperationVisitor for Names {
        fn visit<O: Operation>(&mut self) {
            self.0.push(O::NAME);
        }
    }
    let mut names = Names(Vec::new());
    each_operation(&mut names);
    assert_eq!(names.0, ["CancelOrder", "CreateOrder", "GetOrder", "ListOrders", "UpdateOrder"]);
}

#[test]
fn each_operation_knows_its_kind_and_its_variables() {
    assert_eq!((GetOrder::NAME, GetOrder::KIND, GetOrder::VARIABLES), ("GetOrder", OperationKind::Query, &["id"][..]));
    assert_eq!(
        (ListOrders::KIND, ListOrders::VARIABLES),
        (OperationKind::Query, &["filter", "limit", "nextToken"][..])
    );
    assert_eq!(
        (CancelOrder::KIND, CancelOrder::VARIABLES),
        (OperationKind::Mutation, &["id", "expectedVersion", "reason"][..])
    );
    assert_eq!((CreateOrder::KIND, CreateOrder::VARIABLES), (OperationKind::Mutation, &["input"][..]));
    assert_eq!((UpdateOrder::KIND, UpdateOrder::VARIABLES), (OperationKind::Mutation, &["input"][..]));
}

#[test]
fn an_operation_that_can_be_repeated_knows_where_its_key_is() {
    assert_eq!(CreateOrder::CLIENT_TOKEN, Some(&["input", "clientToken"][..]));
    assert_eq!([GetOrder::CLIENT_TOKEN, UpdateOrder::CLIENT_TOKEN, CancelOrder::CLIENT_TOKEN], [None; 3]);
}

#[test]
fn a_document_is_one_operation_and_the_fragments_it_spreads() {
    let document = GetOrder::DOCUMENT;
    assert!(document.starts_with("query GetOrder($id: ID!) { getOrder(id: $id) {"), "{document}");
    assert_eq!(document.matches("fragment OrderFields on Order").count(), 1);
    assert_eq!(document.matches("query ").count() + document.matches("mutation ").count(), 1);
    assert!(!document.contains("AWSDateTime"), "the prelude is not sent");
}
