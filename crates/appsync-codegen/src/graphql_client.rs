//! One operation's types from `graphql_client_codegen`, put into the shape this crate promises.

use std::{
    any::Any,
    collections::BTreeSet,
    panic::{self, AssertUnwindSafe},
    path::Path,
};

use apollo_compiler::ast::OperationType;
use graphql_client_codegen::{CodegenMode, GraphQLClientCodegenOptions, generate_module_token_stream_from_string};
use proc_macro2::{Group, Ident, TokenStream, TokenTree};
use syn::{Item, ItemMod, Visibility, parse_quote};

use crate::{documents::CheckedOperation, problem::Problem, rewrite, shared::Shared};

/// The module with the operation's `Variables` and `ResponseData`; what other operations use too goes to `shared`.
pub(crate) fn module(
    operation: &CheckedOperation,
    plain_schema: &Path,
    shared: &mut Shared<'_>,
) -> Result<ItemMod, Box<Problem>> {
    let failed = |what: String| {
        let message = format!("no Rust code can be generated for `{}`: {what}", operation.name);
        let help =
            "the operation is valid, but graphql_client cannot express it; a name that is a Rust keyword is one reason";
        Box::new(Problem::in_file(&operation.file, message).with_help(help.to_owned()))
    };
    let document = operation.document_without_defaults();
    // It panics at what it does not expect. The validation before leaves no known way there.
    let tokens = panic::catch_unwind(AssertUnwindSafe(|| {
        generate_module_token_stream_from_string(&document, plain_schema, options(shared))
            .map_err(|error| error.to_string())
    }))
    .unwrap_or_else(|panic| Err(panic_message(panic.as_ref())))
    .map_err(failed)?;
    let generated: syn::File = syn::parse2(with_safe_module(tokens)).map_err(|error| failed(error.to_string()))?;

    let module = generated.items.into_iter().find_map(|item| match item {
        Item::Mod(module) => Some(module),
        _ => None,
    });
    let Some(ItemMod { ident, content: Some((_, generated)), .. }) = module else {
        return Err(failed("it has no module".to_owned()));
    };
    let is_mutation = operation.definition.operation_type == OperationType::Mutation;
    let items = own_items(generated, is_mutation, shared).map_err(failed)?;
    let doc = format!(" The variables and the answer of [`{}`].", operation.name);
    let allow = rewrite::lints();
    Ok(parse_quote! {
        #[doc = #doc]
        #allow
        pub mod #ident {
            use ::appsync::codegen_support::serde::{self, Deserialize, Serialize};
            pub use super::{fragments::*, types::*};

            #(#items)*
        }
    })
}

/// The module of an operation `Move` would be `move`, which is a word of Rust: where it is declared and where a path
/// begins with it, it is `move_`.
fn with_safe_module(tokens: TokenStream) -> TokenStream {
    let mut declared = tokens.clone().into_iter().skip_while(|token| token.to_string() != "mod").skip(1);
    let Some(TokenTree::Ident(module)) = declared.next() else { return tokens };
    let safe = rewrite::safe_ident(&module.to_string());
    if safe == module { tokens } else { renamed(tokens, &module, &safe) }
}

fn renamed(tokens: TokenStream, module: &Ident, safe: &Ident) -> TokenStream {
    let mut tokens = tokens.into_iter().peekable();
    let mut result = TokenStream::new();
    let mut follows_mod = false;
    while let Some(token) = tokens.next() {
        result.extend([match token {
            TokenTree::Group(group) => Group::new(group.delimiter(), renamed(group.stream(), module, safe)).into(),
            TokenTree::Ident(ident) => {
                let begins_path = matches!(tokens.peek(), Some(TokenTree::Punct(next)) if next.as_char() == ':');
                let is_module = ident == *module && (follows_mod || begins_path);
                follows_mod = ident == "mod";
                if is_module { safe.clone().into() } else { ident.into() }
            }
            other => other,
        }]);
    }
    result
}

/// The generated items come in this order.
#[derive(Clone, Copy, PartialEq)]
enum Part {
    Inputs,
    Fragments,
    Answer,
}

/// What stays in the operation's module.
fn own_items(generated: Vec<Item>, is_mutation: bool, shared: &mut Shared<'_>) -> Result<Vec<Item>, String> {
    let mut own = Vec::new();
    let mut imported = BTreeSet::new();
    let mut part = Part::Inputs;
    for mut item in generated {
        if let Item::Struct(item) = &mut item {
            rewrite::distinct_fields(item);
        }
        let name = rewrite::name(&item).cloned();
        match item {
            Item::Type(alias) if matches!(alias.vis, Visibility::Inherited) => shared.scalar(alias)?,
            Item::Struct(item) if item.ident == "Variables" => {
                own.push(Item::Struct(rewrite::variables(item, is_mutation)));
                part = Part::Fragments;
            }
            Item::Struct(item) if part == Part::Inputs => {
                imported.extend(name);
                shared.input(item)?;
            }
            Item::Struct(_) | Item::Enum(_) | Item::Type(_) => {
                if name.as_ref().is_some_and(|name| name == "ResponseData") {
                    part = Part::Answer;
                }
                let items = rewrite::response(item);
                match part {
                    Part::Answer => own.extend(items),
                    Part::Inputs | Part::Fragments => {
                        imported.extend(name);
                        shared.fragment(items)?;
                    }
                }
            }
            // Imports, constants and constructors of default values: written anew, or not needed.
            Item::Use(_) | Item::Const(_) | Item::Impl(_) => {}
            _ => return Err("it has an item of an unexpected kind".to_owned()),
        }
    }
    // A type of the module's own would hide the imported one of its name, and be decoded in its place.
    let mut names: Vec<_> = own.iter().filter_map(rewrite::name).chain(&imported).collect();
    names.sort();
    if let Some([twice, _]) = names.array_windows().find(|[a, b]| a == b) {
        return Err(format!("two parts of the answer would both be `{twice}`; give one of their fields an alias"));
    }
    shared.mark_used(&own);
    Ok(own)
}

fn options(shared: &Shared<'_>) -> GraphQLClientCodegenOptions {
    let mut options = GraphQLClientCodegenOptions::new(CodegenMode::Cli);
    options.set_response_derives("Serialize,Debug,Clone,PartialEq".to_owned());
    options.set_variables_derives("Deserialize,Debug,Clone,PartialEq".to_owned());
    options.set_fragments_other_variant(true);
    options.set_custom_scalars_module(parse_quote!(::appsync::scalars));
    options.set_serde_path(parse_quote!(::appsync::codegen_support::serde));
    options.set_extern_enums(shared.enum_names());
    options
}

fn panic_message(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    text.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("it panicked").to_owned()
}
