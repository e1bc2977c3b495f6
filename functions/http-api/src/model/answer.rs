use appsync::scalars::{AWSDateTime, AWSEmail};
use operations::{
    fragments::{OrderFields, OrderFieldsLines, OrderFieldsPayment},
    types,
};
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use super::values::{Currency, Status};

/// A page of orders. It can be short or empty although more pages follow: `limit` applies before filtering.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct OrderPage {
    pub(crate) items: Vec<Order>,
    /// Where the next page starts; null on the last one. The `Link` header has the whole address.
    #[schema(required)]
    pub(crate) next_cursor: Option<String>,
}

/// An order.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(example = json!({
    "id": "5f0c7a4e-6c1b-5d3f-9a53-0d0a3b1f8f10",
    "version": 1,
    "owner": null,
    "status": "PLACED",
    "customerEmail": "ada@example.com",
    "lines": [{"sku": "tea", "quantity": 2, "unitPrice": {"currency": "EUR", "minorUnits": 450}}],
    "payment": {"type": "card", "brand": "Visa", "lastFour": "4242"},
    "total": {"currency": "EUR", "minorUnits": 900},
    "note": "Ring twice",
    "attributes": null,
    "cancellationReason": null,
    "createdAt": "2026-11-23T12:00:00.000Z",
    "updatedAt": "2026-11-23T12:00:00.000Z",
}))]
pub(crate) struct Order {
    pub(crate) id: String,
    /// Grows with each change. In quotes, it is the order's ETag.
    pub(crate) version: i32,
    /// The user whose order it is, by the claim `sub`; null for one that a service made.
    #[schema(required)]
    owner: Option<String>,
    #[schema(value_type = Status)]
    status: types::OrderStatus,
    #[schema(value_type = String, format = "email")]
    customer_email: AWSEmail,
    lines: Vec<OrderLine>,
    /// How it is paid; null as long as it is not known.
    #[schema(required)]
    payment: Option<Payment>,
    /// What the lines cost together.
    total: Amount,
    #[schema(required)]
    note: Option<String>,
    /// Free-form attributes of the sales channel.
    #[schema(required, value_type = Option<Value>)]
    attributes: Option<Value>,
    #[schema(required)]
    cancellation_reason: Option<String>,
    #[schema(value_type = String, format = "date-time")]
    created_at: AWSDateTime,
    #[schema(value_type = String, format = "date-time")]
    updated_at: AWSDateTime,
}

/// So many of one thing.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct OrderLine {
    sku: String,
    quantity: i32,
    unit_price: Amount,
}

/// A price or a total.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct Amount {
    #[schema(value_type = Currency)]
    currency: types::Currency,
    /// In the smallest unit of the currency: cents, pence.
    minor_units: i32,
}

/// How an order is paid.
#[derive(Serialize, ToSchema)]
#[serde(tag = "type", rename_all = "lowercase")]
enum Payment {
    #[serde(rename_all = "camelCase")]
    Card { brand: String, last_four: String },
    #[serde(rename_all = "camelCase")]
    Invoice {
        invoice_number: String,
        #[schema(value_type = String, format = "date-time")]
        due_at: AWSDateTime,
    },
    /// A kind of payment that this API does not describe yet.
    Other,
}

impl From<OrderFields> for Order {
    fn from(order: OrderFields) -> Self {
        Self {
            id: order.id,
            version: order.version,
            owner: order.owner,
            status: order.status,
            customer_email: order.customer_email,
            lines: order.lines.into_iter().map(Into::into).collect(),
            payment: order.payment.map(Into::into),
            total: Amount { currency: order.total.currency, minor_units: order.total.minor_units },
            note: order.note,
            attributes: order.attributes.and_then(|attributes| attributes.parse_as().ok()),
            cancellation_reason: order.cancellation_reason,
            created_at: order.created_at,
            updated_at: order.updated_at,
        }
    }
}

impl From<OrderFieldsLines> for OrderLine {
    fn from(OrderFieldsLines { sku, quantity, unit_price }: OrderFieldsLines) -> Self {
        let unit_price = Amount { currency: unit_price.currency, minor_units: unit_price.minor_units };
        Self { sku, quantity, unit_price }
    }
}

impl From<OrderFieldsPayment> for Payment {
    fn from(payment: OrderFieldsPayment) -> Self {
        match payment {
            OrderFieldsPayment::CardPayment(card) => Self::Card { brand: card.brand, last_four: card.last_four },
            OrderFieldsPayment::InvoicePayment(invoice) => {
                Self::Invoice { invoice_number: invoice.invoice_number, due_at: invoice.due_at }
            }
            OrderFieldsPayment::Other(_) => Self::Other,
        }
    }
}
