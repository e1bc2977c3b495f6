//! How a value in an operation's variables may be written as JSON, by GraphQL's
//! [input coercion](https://spec.graphql.org/October2021/#sec-Input-Values): an `ID` may be an integer, an `Int` has 32
//! bits, and a list of one may be given as the one.
//!
//! Each type here is decoded in place of a generated one, and becomes it.

use std::{fmt, marker::PhantomData};

use serde::{
    Deserialize, Deserializer,
    de::{
        Error, MapAccess, SeqAccess, Unexpected, Visitor,
        value::{
            BoolDeserializer, F64Deserializer, I64Deserializer, MapAccessDeserializer, StrDeserializer, U64Deserializer,
        },
    },
    forward_to_deserialize_any,
};

use crate::{
    Patch,
    scalars::{ID, ScalarError},
};

/// What is decoded in place of a [`Coerced::Value`].
pub trait Coerced {
    /// The generated type.
    type Value;

    /// The value that was decoded.
    fn into_value(self) -> Self::Value;
}

/// Decodes a value by way of `C`.
///
/// # Errors
/// When it is none, whichever way it is written.
pub fn coerced<'de, C: Coerced + Deserialize<'de>, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<C::Value, D::Error> {
    C::deserialize(deserializer).map(C::into_value)
}

/// Any other type, which is written in one way.
#[derive(Debug, Deserialize)]
#[serde(transparent)]
pub struct AsItIs<T>(T);

impl<T> Coerced for AsItIs<T> {
    type Value = T;

    fn into_value(self) -> T {
        self.0
    }
}

/// An `ID`, which may be an integer.
#[derive(Debug)]
pub struct CoercedId(ID);

impl Coerced for CoercedId {
    type Value = ID;

    fn into_value(self) -> ID {
        self.0
    }
}

impl<'de> Deserialize<'de> for CoercedId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Id;

        impl Visitor<'_> for Id {
            type Value = CoercedId;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an ID: a string or an integer")
            }

            fn visit_str<E: Error>(self, id: &str) -> Result<CoercedId, E> {
                Ok(CoercedId(id.to_owned()))
            }

            fn visit_i64<E: Error>(self, id: i64) -> Result<CoercedId, E> {
                Ok(CoercedId(id.to_string()))
            }

            fn visit_u64<E: Error>(self, id: u64) -> Result<CoercedId, E> {
                Ok(CoercedId(id.to_string()))
            }
        }

        deserializer.deserialize_any(Id)
    }
}

/// One of AppSync's scalars, which is checked here: what AppSync sent is not.
#[derive(Debug)]
pub struct Checked<T>(T);

impl<T> Coerced for Checked<T> {
    type Value = T;

    fn into_value(self) -> T {
        self.0
    }
}

impl<'de, T: TryFrom<String, Error = ScalarError>> Deserialize<'de> for Checked<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        T::try_from(String::deserialize(deserializer)?).map(Self).map_err(|error| {
            // serde would show the value itself.
            let expected = format!("{} ({})", error.expected(), error.scalar());
            D::Error::invalid_value(Unexpected::Other("string"), &expected.as_str())
        })
    }
}

/// An `Int`, which has 32 bits.
#[derive(Debug)]
pub struct CoercedInt(i32);

impl Coerced for CoercedInt {
    type Value = i32;

    fn into_value(self) -> i32 {
        self.0
    }
}

impl<'de> Deserialize<'de> for CoercedInt {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let int = i64::deserialize(deserializer)?;
        let too_large = |_| D::Error::invalid_value(Unexpected::Signed(int), &"an Int of 32 bits");
        i32::try_from(int).map(Self).map_err(too_large)
    }
}

/// A list, which may be given as its only item.
#[derive(Debug)]
pub struct CoercedList<C>(Vec<C>);

impl<C: Coerced> Coerced for CoercedList<C> {
    type Value = Vec<C::Value>;

    fn into_value(self) -> Self::Value {
        self.0.into_iter().map(C::into_value).collect()
    }
}

impl<'de, C: Deserialize<'de>> Deserialize<'de> for CoercedList<C> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct List<C>(PhantomData<C>);

        impl<C> List<C> {
            fn only<'de, D: Deserializer<'de>>(item: D) -> Result<CoercedList<C>, D::Error>
            where
                C: Deserialize<'de>,
            {
                C::deserialize(Only(item)).map(|item| CoercedList(vec![item]))
            }
        }

        impl<'de, C: Deserialize<'de>> Visitor<'de> for List<C> {
            type Value = CoercedList<C>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a list, or its only item")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Self::Value, A::Error> {
                let mut list = Vec::new();
                while let Some(item) = items.next_element()? {
                    list.push(item);
                }
                Ok(CoercedList(list))
            }

            fn visit_map<A: MapAccess<'de>>(self, item: A) -> Result<Self::Value, A::Error> {
                Self::only(MapAccessDeserializer::new(item))
            }

            fn visit_str<E: Error>(self, item: &str) -> Result<Self::Value, E> {
                Self::only(StrDeserializer::new(item))
            }

            fn visit_bool<E: Error>(self, item: bool) -> Result<Self::Value, E> {
                Self::only(BoolDeserializer::new(item))
            }

            fn visit_i64<E: Error>(self, item: i64) -> Result<Self::Value, E> {
                Self::only(I64Deserializer::new(item))
            }

            fn visit_u64<E: Error>(self, item: u64) -> Result<Self::Value, E> {
                Self::only(U64Deserializer::new(item))
            }

            fn visit_f64<E: Error>(self, item: f64) -> Result<Self::Value, E> {
                Self::only(F64Deserializer::new(item))
            }
        }

        deserializer.deserialize_any(List(PhantomData))
    }
}

/// The only item of a list, which is no null: serde's own take a value for something else than an option's.
struct Only<D>(D);

impl<'de, D: Deserializer<'de>> Deserializer<'de> for Only<D> {
    type Error = D::Error;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, D::Error> {
        self.0.deserialize_any(visitor)
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, D::Error> {
        visitor.visit_some(self.0)
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf unit unit_struct newtype_struct
        seq tuple tuple_struct map struct enum identifier ignored_any
    }
}

/// A value that has a default where it is absent, and that may not be null.
#[derive(Debug, Deserialize)]
#[serde(transparent)]
pub struct Given<C>(C);

impl<C: Coerced> Coerced for Given<C> {
    type Value = Option<C::Value>;

    fn into_value(self) -> Self::Value {
        Some(self.0.into_value())
    }
}

impl<C: Coerced> Coerced for Option<C> {
    type Value = Option<C::Value>;

    fn into_value(self) -> Self::Value {
        self.map(C::into_value)
    }
}

impl<C: Coerced> Coerced for Box<C> {
    type Value = Box<C::Value>;

    fn into_value(self) -> Self::Value {
        Box::new((*self).into_value())
    }
}

impl<C: Coerced> Coerced for Patch<C> {
    type Value = Patch<C::Value>;

    fn into_value(self) -> Patch<C::Value> {
        self.map(C::into_value)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn decoded<C: Coerced + for<'de> Deserialize<'de>>(json: Value) -> Result<C::Value, String> {
        coerced::<C, _>(json).map_err(|error| error.to_string())
    }

    #[test]
    fn an_id_may_be_an_integer() {
        for (json, id) in [(json!("a"), "a"), (json!("7"), "7"), (json!(7), "7"), (json!(-7), "-7")] {
            assert_eq!(decoded::<CoercedId>(json).unwrap(), id);
        }
        for json in [json!(1.5), json!(true), json!(null), json!(["a"])] {
            let error = decoded::<CoercedId>(json).unwrap_err();
            assert!(error.ends_with("expected an ID: a string or an integer"), "{error}");
        }
    }

    #[test]
    fn an_int_has_32_bits() {
        for int in [0, i32::MAX, i32::MIN] {
            assert_eq!(decoded::<CoercedInt>(json!(int)).unwrap(), int);
        }
        for json in [json!(i64::from(i32::MAX) + 1), json!(i64::from(i32::MIN) - 1), json!("1"), json!(1.5)] {
            decoded::<CoercedInt>(json).unwrap_err();
        }
    }

    #[test]
    fn a_list_of_one_may_be_given_as_the_one() {
        type Ids = CoercedList<Option<CoercedId>>;
        let ids = |ids: &[Option<&str>]| ids.iter().map(|id| id.map(str::to_owned)).collect::<Vec<_>>();
        assert_eq!(decoded::<Ids>(json!(["a", null, 1])).unwrap(), ids(&[Some("a"), None, Some("1")]));
        assert_eq!(decoded::<Ids>(json!("a")).unwrap(), ids(&[Some("a")]));
        assert_eq!(decoded::<Ids>(json!(1)).unwrap(), ids(&[Some("1")]));
        assert_eq!(decoded::<Ids>(json!([])).unwrap(), ids(&[]));
        decoded::<Ids>(json!(null)).unwrap_err();
        assert_eq!(decoded::<Option<Ids>>(json!(null)).unwrap(), None);
        assert_eq!(decoded::<Given<Ids>>(json!(1)).unwrap(), Some(ids(&[Some("1")])));
        decoded::<Given<AsItIs<String>>>(json!(null)).unwrap_err();
        assert_eq!(decoded::<CoercedList<CoercedList<CoercedInt>>>(json!([1, [2, 3]])).unwrap(), [vec![1], vec![2, 3]]);
        let object = decoded::<CoercedList<AsItIs<serde_json::Map<String, Value>>>>(json!({"a": 1})).unwrap();
        assert_eq!(object[0]["a"], 1);
        assert_eq!(decoded::<Patch<CoercedList<AsItIs<bool>>>>(json!(true)).unwrap(), Patch::Value(vec![true]));
        assert_eq!(decoded::<Patch<CoercedList<AsItIs<f64>>>>(json!(null)).unwrap(), Patch::Null);
    }
}
