//! Resolvers that come from outside, through [`Builder::resolver`](crate::Builder::resolver).

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

use serde_json::Value;

/// From the arguments of a field to its value.
type Answer = Arc<dyn Fn(&Value) -> Value + Send + Sync>;

/// By the name of the type and of the field.
#[derive(Default, Clone)]
pub(crate) struct Answers(HashMap<(String, String), Answer>);

impl Answers {
    pub(crate) fn add(
        &mut self,
        type_name: &str,
        field: &str,
        answer: impl Fn(&Value) -> Value + Send + Sync + 'static,
    ) {
        self.0.insert((type_name.to_owned(), field.to_owned()), Arc::new(answer));
    }

    pub(super) fn find(&self, type_name: &str, field: &str) -> Option<&Answer> {
        self.0.get(&(type_name.to_owned(), field.to_owned()))
    }
}

impl fmt::Debug for Answers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}
