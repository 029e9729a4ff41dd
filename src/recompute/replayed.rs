//! What came of replaying operators of a data set, and how it is said.

use serde::Serialize;

use crate::cache::Difference;
use crate::error::{Error, ErrorKind};

/// What came of it.
#[derive(Debug, Serialize)]
pub struct Replayed {
    /// Whether the file was made under the profile that replayed it: then all must be equal.
    pub comparable: bool,
    /// The profile of the file, if it says.
    pub recorded_profile: Option<String>,
    /// The profile here.
    pub profile: String,
    /// The operators, in the order of the file.
    pub operators: Vec<Compared>,
}

/// One operator.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Compared {
    /// Its index.
    pub operator: i64,
    /// Whether everything is equal.
    pub equal: bool,
    /// Parameters that differ: `name: in the file, computed`.
    pub parameters: Vec<String>,
    /// Whether the input differs; `None` if the file has none.
    pub input_differs: Option<bool>,
    /// States compared; 0 if the file has none.
    pub states: usize,
    /// Codes of states that differ.
    pub codes: usize,
    /// The first state that differs: realization, state.
    pub first: Option<(usize, usize)>,
    /// How the states differ.
    pub difference: Difference,
}

impl Replayed {
    /// The first difference of a file that must be equal, as an error of the exit code 5.
    pub fn error(&self) -> Option<Error> {
        let wrong: Vec<&Compared> = self.operators.iter().filter(|one| !one.equal).collect();
        let first = wrong.first().filter(|_| self.comparable)?;
        let count = self.operators.len();
        Some(
            Error::new(
                ErrorKind::NotReproducible,
                format!(
                    "{} of {count} operators came out otherwise, first {}",
                    wrong.len(),
                    first.line()
                ),
            )
            .help("`spinlock validate` alone says whether the file is as it was written"),
        )
    }
}

impl Compared {
    /// What a person is told.
    pub fn line(&self) -> String {
        let mut words = vec![format!("operator {}", self.operator)];
        if self.equal {
            words.push(format!("equal, {} states", self.states));
        }
        if let Some(first) = self.parameters.first() {
            words.push(format!("parameter {first}"));
        }
        if self.input_differs == Some(true) {
            words.push("its input differs".to_owned());
        }
        if let Some((realization, state)) = self.first {
            let Difference { leaves, max_abs, .. } = &self.difference;
            words.push(format!("realization {realization}, state {state}"));
            words.push(format!("{leaves} of {} states differ", self.states));
            words.extend(max_abs.map(|by| format!("by at most {by:.3e}")));
        }
        if self.codes > 0 {
            words.push(format!("{} codes of states differ", self.codes));
        }
        words.join(", ")
    }
}
