use serde::Deserialize;
use utoipa::ToSchema;

/// How far an order is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "UPPERCASE")]
pub(crate) enum Status {
    Placed,
    Paid,
    Shipped,
    Cancelled,
}

impl From<Status> for operations::types::OrderStatus {
    fn from(status: Status) -> Self {
        match status {
            Status::Placed => Self::PLACED,
            Status::Paid => Self::PAID,
            Status::Shipped => Self::SHIPPED,
            Status::Cancelled => Self::CANCELLED,
        }
    }
}

/// By ISO 4217.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "UPPERCASE")]
pub(crate) enum Currency {
    Eur,
    Gbp,
    Usd,
}

impl From<Currency> for operations::types::Currency {
    fn from(currency: Currency) -> Self {
        match currency {
            Currency::Eur => Self::EUR,
            Currency::Gbp => Self::GBP,
            Currency::Usd => Self::USD,
        }
    }
}
