//! What operations have in common, generated once: enums, inputs and scalars in `types`, fragments in `fragments`.

use std::collections::{BTreeMap, BTreeSet};

use apollo_compiler::{
    Node, Schema,
    schema::{EnumType, ExtendedType},
};
use quote::{ToTokens, format_ident, quote};
use syn::{Item, ItemStruct, ItemType, parse_quote};

use crate::rewrite;

pub(crate) struct Shared<'a> {
    schema: &'a Schema,
    types: BTreeMap<String, Item>,
    fragments: BTreeMap<String, Vec<Item>>,
    /// Every name in the generated code, among them those of the enums.
    used: BTreeSet<String>,
}

impl<'a> Shared<'a> {
    pub(crate) fn new(schema: &'a Schema) -> Self {
        Self { schema, types: BTreeMap::new(), fragments: BTreeMap::new(), used: BTreeSet::new() }
    }

    /// The enums that `graphql_client_codegen` leaves to this crate: all.
    pub(crate) fn enum_names(&self) -> Vec<String> {
        self.enums().map(|(name, _)| name.to_owned()).collect()
    }

    pub(crate) fn scalar(&mut self, mut alias: ItemType) -> Result<(), String> {
        alias.vis = parse_quote!(pub);
        alias.attrs.clear();
        let name = alias.ident.to_string();
        let doc = format!(" The scalar `{name}`.");
        alias.attrs.push(parse_quote!(#[doc = #doc]));
        if name == "ID" {
            *alias.ty = parse_quote!(::appsync::scalars::ID);
        }
        self.insert_type(&name, Item::Type(alias))
    }

    pub(crate) fn input(&mut self, item: ItemStruct) -> Result<(), String> {
        let name = item.ident.to_string();
        let mut item = rewrite::input(item, true);
        if let Some(ExtendedType::InputObject(input)) = self.schema.types.get(name.as_str()) {
            rewrite::document(&mut item.attrs, input.description.as_deref());
            for field in &mut item.fields {
                let definition = input.fields.get(rewrite::serialized_name(field).as_str());
                let description = definition.and_then(|definition| definition.description.as_deref());
                rewrite::document(&mut field.attrs, description);
            }
        }
        self.insert_type(&name, Item::Struct(item))
    }

    /// The items that one type of a fragment became.
    pub(crate) fn fragment(&mut self, items: Vec<Item>) -> Result<(), String> {
        let Some(name) = items.iter().find_map(rewrite::name).map(ToString::to_string) else { return Ok(()) };
        match self.fragments.get(&name) {
            Some(known) if tokens(known) != tokens(&items) => {
                Err(format!("two parts of fragments would both be called `{name}`"))
            }
            _ => {
                self.fragments.insert(name, items);
                Ok(())
            }
        }
    }

    /// An enum is only generated for items that name it.
    pub(crate) fn mark_used(&mut self, items: &[Item]) {
        self.used.extend(tokens(items).split_whitespace().map(str::to_owned));
    }

    pub(crate) fn into_modules(mut self) -> [Item; 2] {
        let shared: Vec<Item> = self.types.values().chain(self.fragments.values().flatten()).cloned().collect();
        self.mark_used(&shared);
        let enums = self.enums().filter(|(name, _)| self.used.contains(*name));
        let enums = enums.map(|(name, definition)| enum_items(name, definition));
        let types = self.types.values().map(ToTokens::to_token_stream).chain(enums);
        let fragments = self.fragments.values().flatten();
        let allow = rewrite::lints();
        [
            parse_quote! {
                /// The types of the schema that the operations use: enums, inputs and scalars.
                #allow
                pub mod types {
                    use ::appsync::codegen_support::serde::{self, Deserialize, Serialize};

                    #(#types)*
                }
            },
            parse_quote! {
                /// The fragments that the operations spread.
                #allow
                pub mod fragments {
                    use ::appsync::codegen_support::serde::{self, Deserialize, Serialize};
                    use super::types::*;

                    #(#fragments)*
                }
            },
        ]
    }

    fn enums(&self) -> impl Iterator<Item = (&'a str, &'a Node<EnumType>)> + use<'a> {
        self.schema.types.iter().filter_map(|(name, ty)| match ty {
            ExtendedType::Enum(definition) if !ty.is_built_in() => Some((name.as_str(), definition)),
            _ => None,
        })
    }

    fn insert_type(&mut self, name: &str, item: Item) -> Result<(), String> {
        match self.types.get(name) {
            Some(known) if known.to_token_stream().to_string() != item.to_token_stream().to_string() => {
                Err(format!("two types would both be called `{name}`"))
            }
            _ => {
                self.types.insert(name.to_owned(), item);
                Ok(())
            }
        }
    }
}

fn tokens(items: &[Item]) -> String {
    items.iter().map(|item| item.to_token_stream().to_string()).collect()
}

/// An enum that also takes, and gives back, a value that the schema did not have when the code was generated.
fn enum_items(name: &str, definition: &EnumType) -> proc_macro2::TokenStream {
    let ident = rewrite::safe_ident(name);
    let values: Vec<&str> = definition.values.keys().map(|value| value.as_str()).collect();
    let variants: Vec<_> = values.iter().map(|value| rewrite::safe_ident(value)).collect();
    let variant_docs = definition.values.values().map(|value| {
        let description = value.description.as_deref().map_or_else(|| format!("`{}`.", value.value), str::to_owned);
        format!(" {}", description.trim())
    });
    let unknown = if values.contains(&"Other") { format_ident!("Other_") } else { format_ident!("Other") };
    let doc = match definition.description.as_deref() {
        Some(description) => format!(" {}", description.trim()),
        None => format!(" The enum `{name}`."),
    };
    quote! {
        #[doc = #doc]
        #[derive(Clone, Debug, Eq, Hash, PartialEq)]
        pub enum #ident {
            #(#[doc = #variant_docs] #variants,)*
            /// A value that the schema did not have when this code was generated.
            #unknown(String),
        }

        impl #ident {
            /// The value as GraphQL writes it.
            pub fn as_str(&self) -> &str {
                match self {
                    #(Self::#variants => #values,)*
                    Self::#unknown(value) => value,
                }
            }
        }

        impl Serialize for #ident {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> ::std::result::Result<S::Ok, S::Error> {
                serializer.serialize_str(self.as_str())
            }
        }

        impl<'de> Deserialize<'de> for #ident {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> ::std::result::Result<Self, D::Error> {
                let value: String = Deserialize::deserialize(deserializer)?;
                Ok(match value.as_str() {
                    #(#values => Self::#variants,)*
                    _ => Self::#unknown(value),
                })
            }
        }
    }
}
