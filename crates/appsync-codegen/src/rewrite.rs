//! Changes to the types that `graphql_client_codegen` generates. Each says why.

use std::collections::BTreeMap;

use proc_macro2::TokenStream;
use quote::{ToTokens, format_ident, quote};
use syn::{
    Attribute, Field, Fields, GenericArgument, Ident, Item, ItemStruct, PathArguments, Type, Variant, parse_quote,
};

const SERDE: &str = "::appsync::codegen_support::serde";

/// Generated code follows GraphQL's names and leaves most fields without a comment.
pub(crate) fn lints() -> Attribute {
    parse_quote!(#[allow(
        clippy::all,
        clippy::allow_attributes,
        clippy::allow_attributes_without_reason,
        dead_code,
        deprecated,
        missing_docs,
        non_camel_case_types,
        non_snake_case,
        rustdoc::all,
        unreachable_pub,
        unused_imports
    )])
}

/// An operation without variables gets a struct that is `{}` in JSON, where a unit struct would be `null`.
pub(crate) fn variables(mut item: ItemStruct, is_mutation: bool) -> ItemStruct {
    if item.fields.is_empty() {
        item.fields = Fields::Named(parse_quote!({}));
        item.semi_token = None;
    }
    document(&mut item.attrs, Some("The operation's variables."));
    input(item, is_mutation)
}

/// Variables and inputs: a name that GraphQL does not know is refused here already, and values may be written in each way
/// that GraphQL takes. If it `tells_null`, an absent value and one that is null are told apart; else an absent one is not sent.
pub(crate) fn input(mut item: ItemStruct, tells_null: bool) -> ItemStruct {
    item.attrs.push(parse_quote!(#[serde(deny_unknown_fields)]));
    let all_optional = item.fields.iter().all(|field| option_of(&field.ty).is_some());
    for field in &mut item.fields {
        let optional = option_of(&field.ty);
        let mut coerced = coerced(optional.as_ref().unwrap_or(&field.ty));
        if let Some(value) = optional {
            let (option, is_absent) = match tells_null {
                true => (quote!(::appsync::Patch), "::appsync::Patch::is_absent"),
                false => (quote!(Option), "Option::is_none"),
            };
            field.ty = parse_quote!(#option<#value>);
            field.attrs.push(parse_quote!(#[serde(default, skip_serializing_if = #is_absent)]));
            coerced = coerced.map(|coerced| quote!(#option<#coerced>));
        }
        if let Some(coerced) = coerced {
            let path = format!("::appsync::codegen_support::coerced::<{coerced}, _>");
            field.attrs.push(parse_quote!(#[serde(deserialize_with = #path)]));
        }
    }
    // `..Default::default()` is worth having where nothing is required; elsewhere it would hide what is.
    if all_optional {
        item.attrs.push(parse_quote!(#[derive(Default)]));
    }
    item
}

/// Names that differ in GraphQL, such as `fooBar` and `foo_bar`, may be one in Rust: the second then ends in `_2`.
pub(crate) fn distinct_fields(item: &mut ItemStruct) {
    let mut taken = BTreeMap::new();
    for field in &mut item.fields {
        let Some(ident) = field.ident.clone() else { continue };
        let count: &mut usize = taken.entry(ident.to_string()).or_default();
        *count += 1;
        if *count > 1 {
            let graphql = serialized_name(field);
            if !any_says(&field.attrs, "rename") {
                field.attrs.push(parse_quote!(#[serde(rename = #graphql)]));
            }
            field.ident = Some(format_ident!("{ident}_{count}"));
        }
    }
}

/// A part of an answer. The enum of a union or an interface becomes one that keeps the name of a type it does not
/// know; `graphql_client_codegen` would drop it.
pub(crate) fn response(item: Item) -> Vec<Item> {
    let mut item = match item {
        Item::Enum(item) => item,
        Item::Struct(item) if item.fields.iter().any(is_flattened) => return flattened(item),
        other => return vec![other],
    };
    item.attrs.push(parse_quote!(#[serde(crate = #SERDE)]));
    let Some(other) = item.variants.iter().position(is_other) else { return vec![Item::Enum(item)] };

    let known: Vec<Variant> =
        item.variants.iter().enumerate().filter(|(at, _)| *at != other).map(|(_, it)| it.clone()).collect();
    let taken = known.iter().any(|variant| variant.ident == "Unknown");
    let unknown = if taken { format_ident!("Unknown_") } else { format_ident!("Unknown") };
    item.variants[other] = parse_quote! {
        /// A type that the schema did not have when this code was generated.
        #[serde(untagged)]
        #unknown {
            /// The name of the type.
            #[serde(rename = "__typename")]
            typename: String,
        }
    };
    derive_all_but_deserialize(&mut item.attrs);
    let deserialize = deserialize_by_typename(&item.ident, &known, &unknown);
    vec![Item::Enum(item), deserialize]
}

/// serde's own untagged fallback would also take a known type that fails to decode, and so hide the error; its tagged enums
/// build a tree of all members, known or not, while they look for the tag.
fn deserialize_by_typename(ident: &Ident, known: &[Variant], unknown: &Ident) -> Item {
    let arms = known.iter().map(|variant| {
        let (name, ident) = (variant.ident.to_string(), &variant.ident);
        match &variant.fields {
            Fields::Unit => quote!(#name => Ok(Self::#ident)),
            _ => quote!(#name => object.decode().map(Self::#ident)),
        }
    });
    parse_quote! {
        impl<'de> Deserialize<'de> for #ident {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> ::std::result::Result<Self, D::Error> {
                let object = ::appsync::codegen_support::Object::deserialize(deserializer)?;
                let typename = object.typename()?;
                match typename.as_str() {
                    #(#arms,)*
                    _ => Ok(Self::#unknown { typename }),
                }
            }
        }
    }
}

/// The same for an object that is in more than one struct: each takes its members from the text.
///
/// The names that begin with two underscores are none of GraphQL's, whose own types may have any other.
fn flattened(mut item: ItemStruct) -> Vec<Item> {
    derive_all_but_deserialize(&mut item.attrs);
    let ident = &item.ident;
    let (parts, members): (Vec<&Field>, Vec<&Field>) = item.fields.iter().partition(|field| is_flattened(field));
    let parts = parts.iter().filter_map(|field| field.ident.as_ref());
    let names: Vec<&Ident> = members.iter().filter_map(|field| field.ident.as_ref()).collect();
    let deserialize = parse_quote! {
        impl<'de> Deserialize<'de> for #ident {
            fn deserialize<__D: serde::Deserializer<'de>>(deserializer: __D) -> ::std::result::Result<Self, __D::Error> {
                #[derive(Deserialize)]
                #[serde(crate = #SERDE)]
                struct __Members {
                    #(#members,)*
                }

                let __object = ::appsync::codegen_support::Object::deserialize(deserializer)?;
                let __Members { #(#names),* } = __object.decode()?;
                Ok(Self {
                    #(#names,)*
                    #(#parts: __object.decode()?,)*
                })
            }
        }
    };
    vec![Item::Struct(item), deserialize]
}

fn is_flattened(field: &Field) -> bool {
    any_says(&field.attrs, "(flatten)")
}

fn derive_all_but_deserialize(attributes: &mut [Attribute]) {
    for attribute in attributes.iter_mut().filter(|attribute| attribute.path().is_ident("derive")) {
        *attribute = parse_quote!(#[derive(Serialize, Debug, Clone, PartialEq)]);
    }
}

pub(crate) fn document(attributes: &mut Vec<Attribute>, description: Option<&str>) {
    if let Some(description) = description {
        let text = format!(" {}", description.trim());
        attributes.insert(0, parse_quote!(#[doc = #text]));
    }
}

pub(crate) fn name(item: &Item) -> Option<&Ident> {
    match item {
        Item::Struct(item) => Some(&item.ident),
        Item::Enum(item) => Some(&item.ident),
        Item::Type(item) => Some(&item.ident),
        _ => None,
    }
}

/// The name of a field in GraphQL.
pub(crate) fn serialized_name(field: &Field) -> String {
    let mut name = field.ident.as_ref().map(ToString::to_string).unwrap_or_default();
    for attribute in field.attrs.iter().filter(|attribute| attribute.path().is_ident("serde")) {
        let _ = attribute.parse_nested_meta(|meta| {
            if meta.path.is_ident("rename") {
                name = meta.value()?.parse::<syn::LitStr>()?.value();
            } else if let Ok(value) = meta.value() {
                value.parse::<syn::Lit>()?;
            }
            Ok(())
        });
    }
    name
}

/// The name, with `_` behind it if Rust keeps it for itself, as `graphql_client_codegen` does.
pub(crate) fn safe_ident(name: &str) -> Ident {
    syn::parse_str(name).unwrap_or_else(|_| format_ident!("{name}_"))
}

/// The `T` of an `Option<T>`, or the `Box<T>` of a `Box<Option<T>>`.
fn option_of(ty: &Type) -> Option<Type> {
    match named(ty)? {
        ("Option", Some(inner)) => Some(inner.clone()),
        ("Box", Some(inner)) => match named(inner)? {
            ("Option", Some(inner)) => Some(parse_quote!(Box<#inner>)),
            _ => None,
        },
        _ => None,
    }
}

/// The type that is decoded in place of one which GraphQL lets be written in several ways.
fn coerced(ty: &Type) -> Option<TokenStream> {
    let support = quote!(::appsync::codegen_support);
    match named(ty)? {
        ("ID", None) => Some(quote!(#support::CoercedId)),
        ("Int", None) => Some(quote!(#support::CoercedInt)),
        ("Vec", Some(item)) => {
            let item = coerced(item).unwrap_or_else(|| quote!(#support::AsItIs<#item>));
            Some(quote!(#support::CoercedList<#item>))
        }
        ("Option", Some(inner)) => coerced(inner).map(|inner| quote!(Option<#inner>)),
        ("Box", Some(inner)) => coerced(inner).map(|inner| quote!(Box<#inner>)),
        _ => None,
    }
}

/// The name of a type, and the type between its angle brackets.
fn named(ty: &Type) -> Option<(&'static str, Option<&Type>)> {
    let Type::Path(path) = ty else { return None };
    let last = path.path.segments.last()?;
    let name = ["Box", "ID", "Int", "Option", "Vec"].into_iter().find(|name| last.ident == name)?;
    let inner = match &last.arguments {
        PathArguments::AngleBracketed(arguments) => match arguments.args.first() {
            Some(GenericArgument::Type(inner)) => Some(inner),
            _ => None,
        },
        _ => None,
    };
    Some((name, inner))
}

fn is_other(variant: &Variant) -> bool {
    any_says(&variant.attrs, "(other)")
}

/// Whether one of the attributes has this text in it.
fn any_says(attributes: &[Attribute], text: &str) -> bool {
    attributes.iter().any(|attribute| attribute.to_token_stream().to_string().contains(text))
}
