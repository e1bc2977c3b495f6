//! "Did you mean ...?", from the names the schema does have.

use std::path::Path;

use apollo_compiler::{
    Name, Schema,
    parser::{SourceMap, SourceSpan},
    schema::ExtendedType,
};

use crate::problem::Problem;

/// What to do about a message of the validation, if one of the schema's names is what was meant.
pub(crate) fn help_for(message: &str, schema: &Schema) -> Option<String> {
    let quoted: Vec<&str> = message.split('`').skip(1).step_by(2).collect();
    match quoted[..] {
        [ty, field] if message.contains("does not have a field") => {
            did_you_mean(field, fields_of(schema, ty))
        }
        [name, owner] if message.contains("does not exist on") => {
            did_you_mean(name, members_of(schema, owner))
        }
        [argument, coordinate] if message.contains("is not supported by") => {
            let (ty, field) = coordinate.split_once('.')?;
            let field = field.split('(').next()?;
            let definition = schema.type_field(ty, field).ok()?;
            did_you_mean(
                argument,
                definition.arguments.iter().map(|known| known.name.as_str()),
            )
        }
        [ty] if message.contains("cannot find type") => {
            did_you_mean(ty, type_names(schema)).or_else(|| {
                Some(format!(
                    "define `{ty}` in the schema; AppSync has its own scalars (AWSDateTime, AWSJSON, ...) and takes no others"
                ))
            })
        }
        [ty, ..] if message.contains("is not a type defined in the schema") => {
            did_you_mean(ty, type_names(schema))
        }
        [directive] if message.contains("cannot find directive") => did_you_mean(
            directive.trim_start_matches('@'),
            schema.directive_definitions.keys().map(AsRef::as_ref),
        )
        .or_else(|| {
            Some("if AppSync has it, declare it in prelude.graphql beside the operations".to_owned())
        }),
        _ => None,
    }
}

/// What to do about a fragment that is not there.
pub(crate) fn fragment<'a>(message: &str, known: impl Iterator<Item = &'a Name>) -> Option<String> {
    let name = message.strip_prefix("cannot find fragment `")?.split('`').next()?;
    did_you_mean(name, known.map(Name::as_str))
        .or_else(|| Some(format!("write `fragment {name} on ...` into one of the files")))
}

/// Where else a name that is defined twice is defined.
pub(crate) fn other_place(
    message: &str,
    sources: &SourceMap,
    find: impl Fn(&str) -> Option<SourceSpan>,
) -> Option<String> {
    let name = message.split_once("` is defined multiple times")?.0.rsplit('`').next()?;
    let other = Problem::at(find(name), sources, Path::new(""), "").place();
    Some(format!("the other one is {other}; give one of them another name"))
}

/// The candidate nearest to `wrong`, if one is near enough to have been meant.
pub(crate) fn did_you_mean<'a>(wrong: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<String> {
    let wrong = wrong.to_lowercase();
    let near = candidates.into_iter().map(|it| (strsim::levenshtein(&wrong, &it.to_lowercase()), it));
    let length = wrong.chars().count();
    let nearest = near.filter(|(distance, _)| *distance < length && *distance <= (length / 3).max(1)).min();
    nearest.map(|(_, candidate)| format!("did you mean `{candidate}`?"))
}

fn fields_of<'a>(schema: &'a Schema, ty: &str) -> Vec<&'a str> {
    match schema.types.get(ty) {
        Some(ExtendedType::Object(ty)) => ty.fields.keys().map(AsRef::as_ref).collect(),
        Some(ExtendedType::Interface(ty)) => ty.fields.keys().map(AsRef::as_ref).collect(),
        _ => Vec::new(),
    }
}

fn members_of<'a>(schema: &'a Schema, ty: &str) -> Vec<&'a str> {
    match schema.types.get(ty) {
        Some(ExtendedType::Enum(ty)) => ty.values.keys().map(AsRef::as_ref).collect(),
        Some(ExtendedType::InputObject(ty)) => ty.fields.keys().map(AsRef::as_ref).collect(),
        _ => Vec::new(),
    }
}

fn type_names(schema: &Schema) -> impl Iterator<Item = &str> {
    schema.types.keys().map(AsRef::as_ref).filter(|name: &&str| !name.starts_with("__"))
}

#[cfg(test)]
mod tests {
    use super::did_you_mean;

    #[test]
    fn only_a_near_name_is_suggested() {
        let names = ["status", "customerEmail", "note"];
        assert_eq!(did_you_mean("customerMail", names).as_deref(), Some("did you mean `customerEmail`?"));
        assert_eq!(did_you_mean("payment", names), None);
        assert_eq!(did_you_mean("u", ["a"]), None);
    }
}
