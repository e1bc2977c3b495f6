//! Where in a query a problem is: the path, field and argument that graphql-java names in its messages.

use apollo_compiler::ast::{Argument, Definition, Document, Selection, Value};
use apollo_compiler::parser::SourceSpan;
use apollo_compiler::{Node, Schema};

#[derive(Debug, Default)]
pub(super) struct Place {
    /// The fragment, if any, and the fields down to the problem.
    pub(super) path: Vec<String>,
    field_type: Option<String>,
    has_selection: bool,
    argument: Option<Node<Argument>>,
    argument_type: Option<String>,
}

impl Place {
    /// The innermost field and argument around a byte of the query.
    pub(super) fn find(schema: &Schema, document: &Document, offset: usize) -> Self {
        let mut place = Self::default();
        for definition in &document.definitions {
            if !contains(definition.location(), offset) {
                continue;
            }
            match definition {
                Definition::OperationDefinition(operation) => {
                    let root = schema.root_operation(operation.operation_type).map_or("", |name| name.as_str());
                    place.descend(schema, root, &operation.selection_set, offset);
                }
                Definition::FragmentDefinition(fragment) => {
                    place.path.push(fragment.name.to_string());
                    place.descend(schema, &fragment.type_condition, &fragment.selection_set, offset);
                }
                _ => {}
            }
        }
        place
    }

    fn descend(&mut self, schema: &Schema, parent: &str, selections: &[Selection], offset: usize) {
        for selection in selections {
            match selection {
                Selection::Field(field) if contains(field.location(), offset) => {
                    self.path.push(field.name.to_string());
                    let definition = schema.type_field(parent, &field.name).ok();
                    let field_type = definition.map(|definition| definition.ty.inner_named_type().to_string());
                    self.argument =
                        field.arguments.iter().find(|argument| contains(argument.location(), offset)).cloned();
                    self.argument_type = self.argument.as_ref().and_then(|argument| {
                        let definition = definition?.argument_by_name(&argument.name)?;
                        Some(definition.ty.inner_named_type().to_string())
                    });
                    self.field_type.clone_from(&field_type);
                    self.has_selection = !field.selection_set.is_empty();
                    self.descend(schema, field_type.as_deref().unwrap_or_default(), &field.selection_set, offset);
                }
                Selection::InlineFragment(inline) if contains(inline.location(), offset) => {
                    let parent = inline.type_condition.as_ref().map_or(parent, |condition| condition.as_str());
                    self.descend(schema, parent, &inline.selection_set, offset);
                }
                _ => {}
            }
        }
    }

    /// The whole message, with the path if there is one.
    pub(super) fn located(&self, problem: &str) -> String {
        if self.path.is_empty() {
            format!("Validation error of type {problem}")
        } else {
            format!("Validation error of type {problem} @ '{}'", self.path.join("/"))
        }
    }

    pub(super) fn argument(&self) -> String {
        match &self.argument {
            Some(argument) => format!("argument '{}' with value '{}'", argument.name, describe(&argument.value)),
            None => "a value".to_owned(),
        }
    }

    pub(super) fn argument_type(&self) -> &str {
        self.argument_type.as_deref().unwrap_or("?")
    }

    /// Whether the query, if not the schema, selects something inside the field.
    pub(super) fn has_selection(&self) -> bool {
        self.has_selection
    }

    pub(super) fn field_type(&self) -> &str {
        self.field_type.as_deref().unwrap_or("null")
    }
}

/// A literal as graphql-java prints it.
pub(super) fn describe(value: &Value) -> String {
    match value {
        Value::Null => "NullValue{}".to_owned(),
        Value::Variable(name) => format!("VariableReference{{name='{name}'}}"),
        Value::Enum(name) => format!("EnumValue{{name='{name}'}}"),
        Value::String(text) => format!("StringValue{{value='{text}'}}"),
        Value::Boolean(value) => format!("BooleanValue{{value={value}}}"),
        Value::Int(number) => format!("IntValue{{value={}}}", number.as_str()),
        Value::Float(number) => format!("FloatValue{{value={}}}", number.as_str()),
        Value::List(items) => {
            let items: Vec<String> = items.iter().map(|item| describe(item)).collect();
            format!("ArrayValue{{values=[{}]}}", items.join(", "))
        }
        Value::Object(members) => {
            let members: Vec<String> = members
                .iter()
                .map(|(name, value)| format!("ObjectField{{name='{name}', value={}}}", describe(value)))
                .collect();
            format!("ObjectValue{{objectFields=[{}]}}", members.join(", "))
        }
    }
}

fn contains(span: Option<SourceSpan>, offset: usize) -> bool {
    span.is_some_and(|span| (span.offset()..span.end_offset()).contains(&offset))
}
