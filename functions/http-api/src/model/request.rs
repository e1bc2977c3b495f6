use appsync::{Patch, scalars::AWSJSON};
use operations::types::{
    CardPaymentInput, CreateOrderInput, MoneyInput, OrderFilter, OrderLineInput, UpdateOrderInput,
};
use serde::{Deserialize, Deserializer};
use serde_json::{Map, Value};
use utoipa::{IntoParams, ToSchema};

use super::{
    checks::Checks,
    values::{Currency, Status},
};
use crate::{cursor, extract::Object, problem::Problem};

/// Which orders, and where to go on.
#[derive(Deserialize, IntoParams)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct ListParameters {
    /// Only orders that are this far.
    #[param(inline)]
    pub(crate) status: Option<Status>,
    /// Only orders of this address.
    #[param(
        max_length = 254,
        pattern = r"^[A-Za-z0-9._%+'-]+@[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?(\.[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?)+$"
    )]
    pub(crate) customer_email: Option<String>,
    /// The size of a page before filtering.
    #[param(minimum = 1, maximum = 100, default = 20)]
    pub(crate) limit: Option<i32>,
    /// Where to go on: from the `Link` or the `nextCursor` of the page before.
    #[param(min_length = 1, pattern = "^[A-Za-z0-9_-]+$")]
    pub(crate) cursor: Option<String>,
}

/// An order to be made.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(example = json!({
    "customerEmail": "ada@example.com",
    "lines": [{"sku": "tea", "quantity": 2, "unitPrice": {"currency": "EUR", "minorUnits": 450}}],
    "card": {"brand": "Visa", "lastFour": "4242"},
    "note": "Ring twice",
}))]
pub(crate) struct NewOrder {
    #[schema(
        max_length = 254,
        pattern = r"^[A-Za-z0-9._%+'-]+@[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?(\.[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?)+$"
    )]
    pub(crate) customer_email: String,
    /// What is ordered, all in one currency.
    #[schema(min_items = 1, max_items = 100, value_type = Vec<Line>)]
    pub(crate) lines: Vec<Object<Line>>,
    /// The card that paid for it.
    #[schema(value_type = Option<Card>)]
    pub(crate) card: Option<Object<Card>>,
    #[schema(max_length = 1000)]
    pub(crate) note: Option<String>,
    /// Free-form attributes of the sales channel.
    pub(crate) attributes: Option<Map<String, Value>>,
}

/// So many of one thing.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Line {
    #[schema(min_length = 1, max_length = 64)]
    pub(crate) sku: String,
    #[schema(minimum = 1, maximum = 2147483647)]
    pub(crate) quantity: i32,
    #[schema(value_type = Money)]
    pub(crate) unit_price: Object<Money>,
}

/// A price.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Money {
    pub(crate) currency: Currency,
    /// In the smallest unit of the currency: cents, pence.
    #[schema(minimum = 0, maximum = 2147483647)]
    pub(crate) minor_units: i32,
}

/// What may be told of a card.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Card {
    #[schema(min_length = 1, max_length = 32, example = "Visa")]
    pub(crate) brand: String,
    #[schema(pattern = "^[0-9]{4}$", example = "4242")]
    pub(crate) last_four: String,
}

/// What is to be otherwise. What is absent stays as it is; null removes it.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(example = json!({"note": "Ring twice"}))]
pub(crate) struct OrderChanges {
    /// Only staff may change it.
    #[serde(default, deserialize_with = "not_null")]
    #[schema(required = false, value_type = Status)]
    status: Option<Status>,
    #[serde(default)]
    #[schema(required = false, value_type = Option<String>, max_length = 1000)]
    note: Patch<String>,
    #[serde(default)]
    #[schema(required = false, value_type = Option<Object>)]
    attributes: Patch<Map<String, Value>>,
}

/// Why an order is cancelled.
#[derive(Default, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(example = json!({"reason": "Ordered twice"}))]
pub(crate) struct Cancellation {
    #[schema(max_length = 1000)]
    reason: Option<String>,
}

impl ListParameters {
    /// AppSync's filter and token, for a list of `scope`.
    pub(crate) fn resolve(&self, scope: &str) -> Result<(Option<OrderFilter>, Option<String>), Problem> {
        if self.limit.is_some_and(|limit| !(1..=100).contains(&limit)) {
            return Err(Problem::invalid_parameter("limit", "should be 1 to 100"));
        }
        let customer_email = match &self.customer_email {
            Some(email) => Some(
                super::checks::email(email)
                    .ok_or_else(|| Problem::invalid_parameter("customerEmail", "should be an e-mail address"))?,
            ),
            None => None,
        };
        let token = match &self.cursor {
            Some(cursor) => Some(
                cursor::to_token(scope, cursor)
                    .ok_or_else(|| Problem::invalid_parameter("cursor", "is not one that this list gave"))?,
            ),
            None => None,
        };
        let filter = OrderFilter { status: self.status.map(Into::into).into(), customer_email: customer_email.into() };
        Ok(((filter != OrderFilter::default()).then_some(filter), token))
    }
}

impl NewOrder {
    /// AppSync's input, for the order that will have this id.
    pub(crate) fn into_input(self, id: String) -> Result<CreateOrderInput, Problem> {
        let mut checks = Checks::default();
        let customer_email = checks.email("/customerEmail", &self.customer_email);
        check_lines(&mut checks, &self.lines);
        if let Some(Object(Card { brand, last_four })) = &self.card {
            checks.length("/card/brand", brand, 1..=32);
            let is_fine = last_four.len() == 4 && last_four.bytes().all(|byte| byte.is_ascii_digit());
            checks.holds(is_fine, "/card/lastFour", "should be four digits");
        }
        if let Some(note) = &self.note {
            checks.length("/note", note, 0..=1000);
        }
        let customer_email = checks.finish(customer_email)?;
        Ok(CreateOrderInput {
            client_token: id.into(),
            customer_email,
            lines: self.lines.into_iter().map(|Object(line)| line.into()).collect(),
            card: self.card.map(|Object(Card { brand, last_four })| CardPaymentInput { brand, last_four }).into(),
            note: self.note.into(),
            attributes: self.attributes.map(json).into(),
        })
    }
}

fn check_lines(checks: &mut Checks, lines: &[Object<Line>]) {
    checks.holds((1..=100).contains(&lines.len()), "/lines", "should have 1 to 100 items");
    for (index, Object(line)) in lines.iter().enumerate() {
        checks.length(format!("/lines/{index}/sku"), &line.sku, 1..=64);
        checks.holds(line.quantity >= 1, format!("/lines/{index}/quantity"), "should be at least 1");
        let Object(price) = &line.unit_price;
        let pointer = format!("/lines/{index}/unitPrice");
        checks.holds(price.minor_units >= 0, format!("{pointer}/minorUnits"), "should not be negative");
        let is_same = price.currency == lines[0].0.unit_price.0.currency;
        checks.holds(is_same, format!("{pointer}/currency"), "should be the currency of all lines");
    }
}

impl From<Line> for OrderLineInput {
    fn from(Line { sku, quantity, unit_price }: Line) -> Self {
        let unit_price = MoneyInput { currency: unit_price.0.currency.into(), minor_units: unit_price.0.minor_units };
        Self { sku, quantity, unit_price }
    }
}

impl OrderChanges {
    /// AppSync's input, for this version of this order.
    pub(crate) fn into_input(self, id: String, expected_version: i32) -> Result<UpdateOrderInput, Problem> {
        let mut checks = Checks::default();
        if let Patch::Value(note) = &self.note {
            checks.length("/note", note, 0..=1000);
        }
        checks.finish(Some(()))?;
        let status = self.status.map(Into::into).into();
        Ok(UpdateOrderInput { id, expected_version, status, note: self.note, attributes: self.attributes.map(json) })
    }
}

impl Cancellation {
    pub(crate) fn into_reason(self) -> Result<Option<String>, Problem> {
        let mut checks = Checks::default();
        if let Some(reason) = &self.reason {
            checks.length("/reason", reason, 0..=1000);
        }
        checks.finish(Some(self.reason))
    }
}

fn json(attributes: Map<String, Value>) -> AWSJSON {
    AWSJSON::new(Value::Object(attributes).to_string()).expect("JSON is written as JSON")
}

/// A member that may be absent and not null.
fn not_null<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Status>, D::Error> {
    Status::deserialize(deserializer).map(Some)
}
