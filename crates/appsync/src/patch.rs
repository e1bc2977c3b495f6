use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A change to a value that may be null: leave it, set it to null, or set it.
///
/// GraphQL tells an absent input field from one that is null, and resolvers that update only what is given do so too.
/// `appsync-codegen` generates it for the optional fields of inputs that are changes, such as `UpdateOrderInput`. In a
/// struct of your own, it needs `#[serde(default, skip_serializing_if = "Patch::is_absent")]`.
///
/// ```
/// use appsync::Patch;
///
/// #[derive(serde::Serialize, serde::Deserialize)]
/// struct Changes {
///     #[serde(default, skip_serializing_if = "Patch::is_absent")]
///     note: Patch<String>,
/// }
///
/// for (json, note) in [
///     ("{}", Patch::Absent),
///     (r#"{"note":null}"#, Patch::Null),
///     (r#"{"note":"ring twice"}"#, Patch::Value("ring twice".to_owned())),
/// ] {
///     let changes: Changes = serde_json::from_str(json)?;
///     assert_eq!(changes.note, note);
///     assert_eq!(serde_json::to_string(&changes)?, json);
/// }
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Patch<T> {
    /// The value stays as it is.
    #[default]
    Absent,
    /// The value becomes null.
    Null,
    /// The value becomes this one.
    Value(T),
}

impl<T> Patch<T> {
    /// Whether the value stays as it is.
    pub const fn is_absent(&self) -> bool {
        matches!(self, Self::Absent)
    }

    /// The new value, if there is one.
    pub fn value(self) -> Option<T> {
        match self {
            Self::Value(value) => Some(value),
            Self::Absent | Self::Null => None,
        }
    }

    /// The same change with another new value.
    pub fn map<U>(self, f: impl FnOnce(T) -> U) -> Patch<U> {
        match self {
            Self::Absent => Patch::Absent,
            Self::Null => Patch::Null,
            Self::Value(value) => Patch::Value(f(value)),
        }
    }
}

/// Sets the value.
impl<T> From<T> for Patch<T> {
    fn from(value: T) -> Self {
        Self::Value(value)
    }
}

/// An absent value cannot be written by itself: the field that holds it has to be skipped. Else it is null.
impl<T: Serialize> Serialize for Patch<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Absent | Self::Null => serializer.serialize_none(),
            Self::Value(value) => value.serialize(serializer),
        }
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Patch<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Option::deserialize(deserializer).map(|value| value.map_or(Self::Null, Self::Value))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_is_mapped_only_if_there_is_a_value() {
        assert_eq!(Patch::from(2).map(|value| value + 1), Patch::Value(3));
        assert_eq!(Patch::<i64>::Null.map(|value| value + 1), Patch::Null);
        assert_eq!(Patch::<i64>::Absent.map(|value| value + 1), Patch::Absent);
        assert_eq!([Patch::from(1).value(), Patch::Null.value(), Patch::Absent.value()], [Some(1), None, None]);
    }
}
