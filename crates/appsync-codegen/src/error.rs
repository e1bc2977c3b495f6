use std::{
    error,
    fmt::{self, Display, Formatter},
};

use crate::problem::Problem;

/// Why no code was generated: everything that is wrong with the GraphQL files, not just the first thing.
///
/// `Debug` prints the same text as `Display`, because that is what cargo shows when the `main` of a build script
/// returns an error.
pub struct Error {
    problems: Vec<Problem>,
}

impl Error {
    /// What is wrong, in the order of the files; never empty.
    pub fn problems(&self) -> &[Problem] {
        &self.problems
    }

    pub(crate) fn unless_empty(problems: Vec<Problem>) -> Result<(), Self> {
        if problems.is_empty() { Ok(()) } else { Err(problems.into()) }
    }
}

impl From<Vec<Problem>> for Error {
    /// A fragment's problem is found again in each operation that spreads it: it is kept once.
    fn from(problems: Vec<Problem>) -> Self {
        let mut distinct: Vec<Problem> = Vec::with_capacity(problems.len());
        for problem in problems {
            if !distinct.contains(&problem) {
                distinct.push(problem);
            }
        }
        Self { problems: distinct }
    }
}

impl From<Problem> for Error {
    fn from(problem: Problem) -> Self {
        Self { problems: vec![problem] }
    }
}

impl Display for Error {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self.problems.len() {
            1 => writeln!(f, "no code was generated, for 1 reason")?,
            count => writeln!(f, "no code was generated, for {count} reasons")?,
        }
        for problem in &self.problems {
            write!(f, "\nerror: {problem}")?;
        }
        Ok(())
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        Display::fmt(self, f)
    }
}

impl error::Error for Error {}
