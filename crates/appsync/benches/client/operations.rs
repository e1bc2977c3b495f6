//! The operations, and what they are answered.

use appsync::{
    Operation, OperationKind,
    codegen_support::graphql_client::{GraphQLQuery, QueryBody},
};
use serde::{Deserialize, Serialize, de::DeserializeOwned};

/// An operation, and what the benchmark has to know of it.
pub(crate) trait Example: Operation<Variables = Variables, ResponseData: DeserializeOwned> {
    /// Something that is only right when the answer has been decoded.
    fn is_right(data: &Self::ResponseData) -> bool;
}

#[derive(Deserialize, Serialize)]
pub(crate) struct Variables {
    id: String,
    limit: Option<i64>,
}

impl Variables {
    pub(crate) fn example() -> Self {
        Self { id: "order-1".to_owned(), limit: Some(100) }
    }
}

#[derive(Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Order {
    pub(crate) id: String,
    pub(crate) version: i64,
    pub(crate) status: String,
    pub(crate) customer_email: String,
    pub(crate) lines: Vec<Line>,
    pub(crate) total: Money,
    pub(crate) note: Option<String>,
    pub(crate) created_at: String,
}

#[derive(Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Line {
    pub(crate) sku: String,
    pub(crate) quantity: i64,
    pub(crate) unit_price: Money,
}

#[derive(Clone, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Money {
    pub(crate) currency: String,
    pub(crate) minor_units: i64,
}

#[derive(Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct OneOrder {
    pub(crate) get_order: Option<Order>,
}

#[derive(Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ManyOrders {
    pub(crate) list_orders: Vec<Order>,
}

/// So many have about 1 MB.
pub(crate) const ORDERS: usize = 2800;

pub(crate) struct GetOrder;
pub(crate) struct ListOrders;

impl Example for GetOrder {
    fn is_right(data: &OneOrder) -> bool {
        data.get_order.as_ref().is_some_and(|order| order.lines.len() == 2)
    }
}

impl Example for ListOrders {
    fn is_right(data: &ManyOrders) -> bool {
        data.list_orders.len() == ORDERS
    }
}

macro_rules! query {
    ($name:ident, $data:ident, $document:literal) => {
        impl GraphQLQuery for $name {
            type Variables = Variables;
            type ResponseData = $data;

            fn build_query(variables: Variables) -> QueryBody<Variables> {
                QueryBody { variables, query: Self::DOCUMENT, operation_name: Self::NAME }
            }
        }

        impl Operation for $name {
            const NAME: &'static str = stringify!($name);
            const KIND: OperationKind = OperationKind::Query;
            const DOCUMENT: &'static str = $document;
            const VARIABLES: &'static [&'static str] = &["id", "limit"];
        }
    };
}

query!(
    GetOrder,
    OneOrder,
    "query GetOrder($id: ID!) { getOrder(id: $id) { id version status customerEmail lines { sku quantity unitPrice { currency minorUnits } } total { currency minorUnits } note createdAt } }"
);
query!(
    ListOrders,
    ManyOrders,
    "query ListOrders($limit: Int) { listOrders(limit: $limit) { id version status customerEmail lines { sku quantity unitPrice { currency minorUnits } } total { currency minorUnits } note createdAt } }"
);
