//! What the generated code of each operation, enum, union and interface has in common.

/// An operation, from what is its own.
#[doc(hidden)]
#[macro_export]
macro_rules! __operation {
    ($(#[$doc:meta])* $kind:ident $name:ident in $module:ident { $($constant:ident: $value:expr,)* }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug)]
        pub struct $name;

        impl $crate::codegen_support::graphql_client::GraphQLQuery for $name {
            type Variables = $module::Variables;
            type ResponseData = $module::ResponseData;

            fn build_query(
                variables: Self::Variables,
            ) -> $crate::codegen_support::graphql_client::QueryBody<Self::Variables> {
                $crate::codegen_support::graphql_client::QueryBody {
                    variables,
                    query: <Self as $crate::Operation>::DOCUMENT,
                    operation_name: <Self as $crate::Operation>::NAME,
                }
            }
        }

        impl $crate::Operation for $name {
            const KIND: $crate::OperationKind = $crate::OperationKind::$kind;
            $($crate::__operation!(@ $constant $value);)*
        }
    };
    (@ NAME $value:expr) => { const NAME: &'static ::core::primitive::str = $value; };
    (@ DOCUMENT $value:expr) => { const DOCUMENT: &'static ::core::primitive::str = $value; };
    (@ VARIABLES $value:expr) => { const VARIABLES: &'static [&'static ::core::primitive::str] = &$value; };
    (@ CLIENT_TOKEN $value:expr) => {
        const CLIENT_TOKEN: ::core::option::Option<&'static [&'static ::core::primitive::str]> = $value;
    };
}

/// An enum that also takes, and gives back, a value that the schema did not have when the code was generated.
#[doc(hidden)]
#[macro_export]
macro_rules! __enumeration {
    (
        $(#[$doc:meta])*
        pub enum $name:ident {
            $($(#[$variant_doc:meta])* $variant:ident = $value:literal,)*
        } else $other:ident
    ) => {
        $(#[$doc])*
        #[derive(Clone, Debug, Eq, Hash, PartialEq)]
        pub enum $name {
            $(#[doc = concat!("`", $value, "`.")] $(#[$variant_doc])* $variant,)*
            /// A value that the schema did not have when this code was generated.
            $other(::std::string::String),
        }

        impl $name {
            /// The value as GraphQL writes it.
            pub fn as_str(&self) -> &::core::primitive::str {
                match self {
                    $(Self::$variant => $value,)*
                    Self::$other(value) => value,
                }
            }
        }

        impl $crate::codegen_support::serde::Serialize for $name {
            fn serialize<S: $crate::codegen_support::serde::Serializer>(
                &self,
                serializer: S,
            ) -> ::core::result::Result<S::Ok, S::Error> {
                serializer.serialize_str(self.as_str())
            }
        }

        impl<'de> $crate::codegen_support::serde::Deserialize<'de> for $name {
            fn deserialize<D: $crate::codegen_support::serde::Deserializer<'de>>(
                deserializer: D,
            ) -> ::core::result::Result<Self, D::Error> {
                let value = <::std::string::String as $crate::codegen_support::serde::Deserialize>::deserialize(deserializer)?;
                ::core::result::Result::Ok(match value.as_str() {
                    $($value => Self::$variant,)*
                    _ => Self::$other(value),
                })
            }
        }
    };
}

/// The types of a union or an interface, told apart by `__typename`.
///
/// serde's own untagged fallback would also take a known type that fails to decode, and so hide the error; its tagged enums
/// build a tree of all members, known or not, while they look for the tag.
#[doc(hidden)]
#[macro_export]
macro_rules! __one_of {
    (
        $(#[$doc:meta])*
        pub enum $name:ident {
            $($variant:ident($ty:ty) = $typename:literal,)*
        } else $other:ident($other_ty:ty)
    ) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, $crate::codegen_support::serde::Serialize)]
        #[serde(crate = "::appsync::codegen_support::serde", tag = "__typename")]
        pub enum $name {
            $(#[doc = concat!("A `", $typename, "`.")] #[serde(rename = $typename)] $variant($ty),)*
            /// Any other type.
            #[serde(untagged)]
            $other($other_ty),
        }

        impl<'de> $crate::codegen_support::serde::Deserialize<'de> for $name {
            fn deserialize<D: $crate::codegen_support::serde::Deserializer<'de>>(
                deserializer: D,
            ) -> ::core::result::Result<Self, D::Error> {
                let object = <$crate::codegen_support::Object as $crate::codegen_support::serde::Deserialize>::deserialize(deserializer)?;
                match object.typename()?.as_str() {
                    $($typename => object.decode().map(Self::$variant),)*
                    _ => object.decode().map(Self::$other),
                }
            }
        }
    };
}
