use serde::{
    Deserialize, Deserializer,
    de::{DeserializeOwned, Error},
};
use serde_json::value::RawValue;

/// An object of an answer whose type is only known when it has been looked at, or that is decoded into more than one type.
/// It is kept as its text: what has no place in any of the types takes no more memory than that.
#[derive(Debug)]
pub struct Object(Box<RawValue>);

impl<'de> Deserialize<'de> for Object {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = Box::<RawValue>::deserialize(deserializer)?;
        match text.get().starts_with('{') {
            true => Ok(Self(text)),
            // serde would take a list for a struct.
            false => Err(D::Error::custom("it is not an object")),
        }
    }
}

impl Object {
    /// Its `__typename`.
    pub fn typename<E: Error>(&self) -> Result<String, E> {
        #[derive(Deserialize)]
        struct Tag {
            __typename: String,
        }
        self.decode().map(|Tag { __typename }| __typename)
    }

    /// What `T` has of it.
    pub fn decode<T: DeserializeOwned, E: Error>(&self) -> Result<T, E> {
        serde_json::from_str(self.0.get()).map_err(E::custom)
    }
}
