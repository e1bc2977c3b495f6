use serde::{Serialize, Serializer, ser::Error};

use crate::Patch;

/// A `Float`, or several, in variables.
pub trait Floats {
    /// Whether JSON can hold each of them.
    fn are_finite(&self) -> bool;
}

impl Floats for f64 {
    fn are_finite(&self) -> bool {
        self.is_finite()
    }
}

impl<T: Floats> Floats for Option<T> {
    fn are_finite(&self) -> bool {
        self.iter().all(T::are_finite)
    }
}

impl<T: Floats> Floats for Patch<T> {
    fn are_finite(&self) -> bool {
        self.as_value().is_none_or(T::are_finite)
    }
}

impl<T: Floats> Floats for Vec<T> {
    fn are_finite(&self) -> bool {
        self.iter().all(T::are_finite)
    }
}

/// Encodes floats. JSON has no infinity and no NaN: `serde_json` would make them null, which means something else.
///
/// # Errors
/// When one is not finite.
pub fn finite<T: Floats + Serialize, S: Serializer>(floats: &T, serializer: S) -> Result<S::Ok, S::Error> {
    match floats.are_finite() {
        true => floats.serialize(serializer),
        false => Err(S::Error::custom("a Float is a finite number, neither NaN nor infinite")),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{json, value::Serializer};

    use super::*;

    #[test]
    fn what_json_cannot_hold_is_an_error_rather_than_null() {
        assert_eq!(finite(&Patch::Value(vec![Some(1.5), None]), Serializer).unwrap(), json!([1.5, null]));
        assert_eq!(finite(&Patch::<f64>::Null, Serializer).unwrap(), json!(null));
        for float in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
            finite(&float, Serializer).unwrap_err();
            finite(&Patch::Value(vec![Some(1.5), Some(float)]), Serializer).unwrap_err();
        }
    }
}
