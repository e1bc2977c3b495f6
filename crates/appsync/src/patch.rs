use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A value that may be absent or null: GraphQL tells these apart, and resolvers that update only what is given do so too.
///
/// `appsync-codegen` generates it for the optional members of all inputs, and for the optional variables of mutations.
/// A value, and an `Option` whose `None` is absent, convert into it. In a struct of your own, it needs
/// `#[serde(default, skip_serializing_if = "Patch::is_absent")]`.
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
    /// Nothing is said of the value: it stays as it is, or is the default.
    #[default]
    Absent,
    /// The value is null, or becomes it.
    Null,
    /// The value is this one.
    Value(T),
}

impl<T> Patch<T> {
    /// Whether nothing is said of the value.
    pub const fn is_absent(&self) -> bool {
        matches!(self, Self::Absent)
    }

    /// The value, if there is one.
    pub fn value(self) -> Option<T> {
        match self {
            Self::Value(value) => Some(value),
            Self::Absent | Self::Null => None,
        }
    }

    /// The value, if there is one, without taking it.
    pub const fn as_value(&self) -> Option<&T> {
        match self {
            Self::Value(value) => Some(value),
            Self::Absent | Self::Null => None,
        }
    }

    /// The same with another value.
    pub fn map<U>(self, f: impl FnOnce(T) -> U) -> Patch<U> {
        match self {
            Self::Absent => Patch::Absent,
            Self::Null => Patch::Null,
            Self::Value(value) => Patch::Value(f(value)),
        }
    }
}

/// A value.
impl<T> From<T> for Patch<T> {
    fn from(value: T) -> Self {
        Self::Value(value)
    }
}

/// A value, or nothing.
impl<T> From<Option<T>> for Patch<T> {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Absent, Self::Value)
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
        assert_eq!(Patch::<i64>::from(None::<i64>), Patch::Absent);
        assert_eq!([Patch::from(1).value(), Patch::Null.value(), Patch::Absent.value()], [Some(1), None, None]);
    }
}
