use serde::{Serialize, de::DeserializeOwned};

use super::string_scalar;

string_scalar!(
    /// JSON in a string: `"{\"upvotes\": 10}"`.
    AWSJSON,
    "JSON in a string",
    |value| serde_json::from_str::<serde::de::IgnoredAny>(value).is_ok()
);

impl AWSJSON {
    /// A value, written as JSON.
    ///
    /// # Errors
    /// When it cannot be: a map with keys that are no strings, say.
    pub fn of(value: &impl Serialize) -> Result<Self, serde_json::Error> {
        serde_json::to_string(value).map(Self)
    }

    /// What the JSON says.
    ///
    /// # Errors
    /// When it is something else than a `T`.
    pub fn parse_as<T: DeserializeOwned>(&self) -> Result<T, serde_json::Error> {
        serde_json::from_str(self.as_str())
    }
}
