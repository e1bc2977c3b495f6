use std::{
    fmt::{self, Display, Formatter},
    path::{Path, PathBuf},
};

use apollo_compiler::{
    diagnostic::{Diagnostic, ToCliReport},
    parser::{SourceMap, SourceSpan},
    validation::{DiagnosticData, DiagnosticList},
};

/// One thing that is wrong with the schema or an operation. `Display` prints it as rustc prints what follows its `error: `.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    message: String,
    file: PathBuf,
    excerpt: Option<Excerpt>,
    help: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Excerpt {
    line: usize,
    column: usize,
    text: String,
    width: usize,
}

impl Excerpt {
    /// Counts lines and characters as editors do; apollo counts bytes, and more ends of lines than GraphQL has.
    fn of(source: &str, start: usize, end: usize) -> Self {
        const ENDS: [char; 2] = ['\n', '\r'];
        let (before, rest) = source.split_at(start);
        let rest = rest.split(ENDS).next().unwrap_or_default();
        let width = rest.char_indices().take_while(|(at, _)| start + at < end).count();
        let beginning = before.rsplit(ENDS).next().unwrap_or_default();
        Self {
            line: before.replace("\r\n", "\n").matches(ENDS).count() + 1,
            column: beginning.chars().count() + 1,
            text: format!("{beginning}{rest}"),
            width: width.max(1),
        }
    }
}

impl Problem {
    /// What is wrong.
    pub fn message(&self) -> &str {
        &self.message
    }

    /// The file, or the folder, it is wrong in.
    pub fn file(&self) -> &Path {
        &self.file
    }

    /// Line and column, both from 1, where they are known.
    pub fn line_and_column(&self) -> Option<(usize, usize)> {
        let excerpt = self.excerpt.as_ref()?;
        Some((excerpt.line, excerpt.column))
    }

    /// What to do about it, where that can be said.
    pub fn help(&self) -> Option<&str> {
        self.help.as_deref()
    }

    pub(crate) fn in_file(file: &Path, message: impl Into<String>) -> Self {
        Self { message: message.into(), file: file.to_owned(), excerpt: None, help: None }
    }

    /// `file` is where the problem is when `span` does not tell.
    pub(crate) fn at(span: Option<SourceSpan>, sources: &SourceMap, file: &Path, message: impl Into<String>) -> Self {
        let problem = Self::in_file(file, message);
        let Some((span, source)) = span.and_then(|span| Some((span, sources.get(&span.file_id())?))) else {
            return problem;
        };
        let excerpt = Excerpt::of(source.source_text(), span.offset(), span.end_offset());
        Self { file: source.path().to_owned(), excerpt: Some(excerpt), ..problem }
    }

    pub(crate) fn with_help(self, help: impl Into<String>) -> Self {
        Self { help: Some(help.into()), ..self }
    }

    /// For cargo, which prints a warning of one line.
    pub(crate) fn on_one_line(&self) -> String {
        let help = self.help().map(|help| format!(" ({help})")).unwrap_or_default();
        format!("{}: {}{help}", self.place(), self.message)
    }

    /// `schema.graphql:3:5`, as editors open it.
    pub(crate) fn place(&self) -> String {
        let place = self.line_and_column().map(|(line, column)| format!(":{line}:{column}")).unwrap_or_default();
        format!("{}{place}", self.file.display())
    }

    /// The diagnostics of a parser or a validation. `help` is asked for each message.
    pub(crate) fn all_of(
        diagnostics: &DiagnosticList,
        file: &Path,
        help: impl Fn(&str) -> Option<String>,
    ) -> Vec<Self> {
        let problem = |diagnostic: Diagnostic<'_, DiagnosticData>| {
            let message = diagnostic.error.to_string();
            let help = help(&message);
            Self { help, ..Self::at(diagnostic.error.location(), diagnostic.sources, file, message) }
        };
        diagnostics.iter().map(problem).collect()
    }
}

impl Display for Problem {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}", self.message)?;
        write!(f, "  --> {}", self.file.display())?;
        let margin = match &self.excerpt {
            None => {
                writeln!(f)?;
                String::new()
            }
            Some(Excerpt { line, column, text, width }) => {
                let margin = " ".repeat(line.to_string().len());
                writeln!(f, ":{line}:{column}")?;
                writeln!(f, "{margin} |")?;
                writeln!(f, "{line} | {text}")?;
                // A tab is as wide here as above.
                let before: String =
                    text.chars().take(column - 1).map(|char| if char == '\t' { char } else { ' ' }).collect();
                writeln!(f, "{margin} | {before}{}", "^".repeat(*width))?;
                margin
            }
        };
        match &self.help {
            Some(help) => writeln!(f, "{margin} = help: {help}"),
            None => Ok(()),
        }
    }
}
