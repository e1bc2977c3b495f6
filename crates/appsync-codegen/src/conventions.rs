/// What the names in a schema mean beyond GraphQL.
#[derive(Debug, Clone, Default)]
pub(crate) struct Conventions {
    /// The name of the variable or input field by which the API knows a repetition.
    pub(crate) client_token: Option<String>,
    /// Further inputs whose absent fields mean something else than null.
    pub(crate) changes: Vec<String>,
}

impl Conventions {
    /// Whether the input's absent fields mean something else than null.
    pub(crate) fn is_change(&self, input: &str) -> bool {
        ["Update", "Patch"].iter().any(|prefix| input.starts_with(prefix)) || self.changes.iter().any(|it| it == input)
    }
}
