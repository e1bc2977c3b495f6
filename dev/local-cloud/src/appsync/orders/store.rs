//! Orders and the rules that hold whoever changes them.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::appsync::authorize::Caller;
use crate::appsync::failure::Failure;
use crate::clock::format_date_time;
use crate::ids;

const DAY: i64 = 24 * 3600 * 1000;

/// On whose behalf orders are read and changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Party {
    /// Sees and changes all orders.
    Service,
    /// Sees and changes the orders with this owner.
    Customer(String),
}

impl Party {
    pub(super) fn of(caller: &Caller) -> Self {
        match caller {
            Caller::OfPool { sub, groups, scopes }
                if !groups.iter().any(|group| group == SERVICES)
                    && !scopes.iter().any(|scope| scope == SERVICE_SCOPE) =>
            {
                Self::Customer(sub.clone())
            }
            _ => Self::Service,
        }
    }

    /// The owner of what it creates.
    pub(super) fn owner(&self) -> Option<&str> {
        match self {
            Self::Service => None,
            Self::Customer(sub) => Some(sub),
        }
    }

    pub(super) fn sees(&self, order: &Order) -> bool {
        *self == Self::Service || self.owner() == order.owner.as_deref()
    }
}

/// The group of those who are not customers.
const SERVICES: &str = "order-services";
/// The scope of machines that are not.
const SERVICE_SCOPE: &str = "orders/service";

/// All orders of one stand-in, oldest first.
#[derive(Debug, Default)]
pub(crate) struct Orders {
    orders: Vec<Order>,
    next_sequence: u64,
}

#[derive(Debug, Clone)]
pub(super) struct Order {
    pub(super) id: String,
    /// Tells orders of the same millisecond apart.
    pub(super) sequence: u64,
    pub(super) version: i64,
    /// The customer, by `sub`, whose order it is.
    pub(super) owner: Option<String>,
    pub(super) status: String,
    pub(super) customer_email: String,
    pub(super) lines: Vec<Line>,
    pub(super) payment: Option<Value>,
    pub(super) note: Option<String>,
    pub(super) attributes: Option<String>,
    pub(super) cancellation_reason: Option<String>,
    pub(super) created_at: i64,
    pub(super) updated_at: i64,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Line {
    sku: String,
    quantity: i64,
    unit_price: Money,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Money {
    currency: String,
    minor_units: i64,
}

impl Order {
    /// A new order, to be filled in.
    pub(super) fn placed(now_millis: i64) -> Self {
        Self {
            id: String::new(),
            sequence: 0,
            version: 1,
            owner: None,
            status: "PLACED".to_owned(),
            customer_email: String::new(),
            lines: Vec::new(),
            payment: None,
            note: None,
            attributes: None,
            cancellation_reason: None,
            created_at: now_millis,
            updated_at: now_millis,
        }
    }

    pub(super) fn changed(&mut self, now_millis: i64) {
        self.version += 1;
        self.updated_at = now_millis;
    }

    pub(super) fn to_json(&self) -> Value {
        json!({
            "__typename": "Order",
            "id": self.id,
            "version": self.version,
            "owner": self.owner,
            "status": self.status,
            "customerEmail": self.customer_email,
            "lines": self.lines,
            "payment": self.payment,
            "note": self.note,
            "attributes": self.attributes,
            "cancellationReason": self.cancellation_reason,
            "createdAt": format_date_time(self.created_at),
            "updatedAt": format_date_time(self.updated_at),
            "expiresAt": (self.created_at + 90 * DAY) / 1000,
        })
    }
}

/// What the lines cost together.
pub(super) fn total(lines: &[Line]) -> Result<Money, Failure> {
    let invalid = |problem: &str| Failure::new("InvalidOrder", problem);
    let first = lines.first().ok_or_else(|| invalid("An order needs at least one line"))?;
    let currency = &first.unit_price.currency;
    let mut minor_units = 0_i64;
    for line in lines {
        if line.quantity < 1 {
            return Err(invalid("quantity must be at least 1"));
        }
        if line.unit_price.minor_units < 0 {
            return Err(invalid("unitPrice must not be negative"));
        }
        if line.unit_price.currency != *currency {
            return Err(invalid("All lines of an order must be in the same currency"));
        }
        minor_units = minor_units.saturating_add(line.quantity.saturating_mul(line.unit_price.minor_units));
    }
    // GraphQL's Int has 32 bits.
    if i32::try_from(minor_units).is_err() {
        return Err(invalid("The total is too large"));
    }
    Ok(Money { currency: currency.clone(), minor_units })
}

impl Orders {
    pub(super) fn get(&self, id: &str) -> Option<&Order> {
        self.orders.iter().find(|order| order.id == id)
    }

    pub(super) fn newest_first(&self) -> impl Iterator<Item = &Order> {
        self.orders.iter().rev()
    }

    pub(super) fn add(&mut self, order: Order) -> &Order {
        let index = self.orders.len();
        self.orders.push(Order { sequence: self.next_sequence, ..order });
        self.next_sequence += 1;
        &self.orders[index]
    }

    /// The order to change, if `party` may see it and it still has this version: DynamoDB's condition, with its error
    /// when it does not hold.
    pub(super) fn at_version(&mut self, party: &Party, id: &str, expected: i64) -> Result<&mut Order, Failure> {
        let order = self.orders.iter_mut().find(|order| order.id == id && party.sees(order));
        let current = order.as_ref().map_or(Value::Null, |order| json!({"id": order.id, "version": order.version}));
        order.filter(|order| order.version == expected).ok_or_else(|| {
            let request = ids::uuid().replace('-', "").to_uppercase();
            let message =
                format!("The conditional request failed (Service: DynamoDb, Status Code: 400, Request ID: {request})");
            Failure::new("DynamoDB:ConditionalCheckFailedException", message).with_data(current)
        })
    }

    /// Gives how many there were.
    pub(super) fn remove_created_before(&mut self, millis: i64) -> usize {
        let before = self.orders.len();
        self.orders.retain(|order| order.created_at >= millis);
        before - self.orders.len()
    }

    /// The example's orders: `order-1` placed, `order-2` paid, `order-3` (the newest) shipped.
    pub(crate) fn seed(&mut self, now_millis: i64) {
        let line = |sku: &str, quantity, minor_units| Line {
            sku: sku.to_owned(),
            quantity,
            unit_price: Money { currency: "EUR".to_owned(), minor_units },
        };
        let card = json!({"__typename": "CardPayment", "brand": "Visa", "lastFour": "4242"});
        let invoice = json!({
            "__typename": "InvoicePayment",
            "invoiceNumber": "2026-0001",
            "dueAt": format_date_time(now_millis + 30 * DAY),
        });
        let orders = [
            ("order-1", "PLACED", "ada@example.com", vec![line("keyboard", 1, 12_900), line("cable", 2, 990)], None),
            ("order-2", "PAID", "grace@example.com", vec![line("monitor", 1, 34_900)], Some(card)),
            ("order-3", "SHIPPED", "ada@example.com", vec![line("mouse", 3, 2_500)], Some(invoice)),
        ];
        for (days_ago, (id, status, email, lines, payment)) in (1..=3).rev().zip(orders) {
            self.add(Order {
                id: id.to_owned(),
                status: status.to_owned(),
                customer_email: email.to_owned(),
                lines,
                payment,
                attributes: Some(r#"{"channel":"web"}"#.to_owned()),
                ..Order::placed(now_millis - days_ago * DAY)
            });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(quantity: i64, currency: &str, minor_units: i64) -> Line {
        Line { sku: "x".to_owned(), quantity, unit_price: Money { currency: currency.to_owned(), minor_units } }
    }

    #[test]
    fn a_total_is_the_sum_of_its_lines() {
        let money = total(&[line(2, "EUR", 150), line(1, "EUR", 5)]).expect("valid");
        assert_eq!(money, Money { currency: "EUR".to_owned(), minor_units: 305 });
    }

    #[test]
    fn lines_that_make_no_order_are_refused() {
        let message = |lines: &[Line]| total(lines).expect_err("invalid").message;
        assert_eq!(message(&[]), "An order needs at least one line");
        assert_eq!(message(&[line(0, "EUR", 1)]), "quantity must be at least 1");
        assert_eq!(message(&[line(1, "EUR", -1)]), "unitPrice must not be negative");
        assert_eq!(
            message(&[line(1, "EUR", 1), line(1, "USD", 1)]),
            "All lines of an order must be in the same currency"
        );
        assert_eq!(message(&[line(2, "EUR", i64::from(i32::MAX))]), "The total is too large");
    }
}
