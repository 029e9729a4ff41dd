//! The one error type: what went wrong, where, and what to do about it.
//!
//! Messages are lower case, name the wrong value in backquotes, and do not end with a full stop.
//! Library code returns errors; only `main` prints them and turns [`ErrorKind`] into an exit code.

use std::fmt;
use std::path::{Path, PathBuf};

/// The result of everything that can fail in this crate.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// What sort of failure it is; this alone decides the exit code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ErrorKind {
    /// Some artifacts could not be built (exit 1).
    Artifact,
    /// Wrong use of the command line, or a fault in an experiment file (exit 2).
    Usage,
    /// The machine: device, disk, permissions, a missing worker or library (exit 3).
    Environment,
    /// Something stored is damaged (exit 4).
    Integrity,
    /// A result differs from what was recorded (exit 5).
    NotReproducible,
    /// Ctrl-C (exit 130).
    Interrupted,
}

impl ErrorKind {
    /// The exit code of the process.
    pub fn exit_code(self) -> u8 {
        match self {
            ErrorKind::Artifact => 1,
            ErrorKind::Usage => 2,
            ErrorKind::Environment => 3,
            ErrorKind::Integrity => 4,
            ErrorKind::NotReproducible => 5,
            ErrorKind::Interrupted => 130,
        }
    }
}

/// Where in a text a fault lies. Lines and columns count from 1, columns in characters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// The file as the person named it, or `--set`.
    pub file: String,
    /// Line, from 1.
    pub line: usize,
    /// Column in characters, from 1.
    pub column: usize,
    /// The lines around the fault with a mark under it, ready to print; may be empty.
    pub snippet: String,
}

/// One failure.
#[derive(Debug)]
pub struct Error {
    /// Decides the exit code.
    pub kind: ErrorKind,
    /// What is wrong.
    pub message: String,
    /// The dotted path of the key in an experiment (`sampling.total_samples`).
    pub path: Option<String>,
    /// Where in which file.
    pub place: Option<Place>,
    /// What to do about it.
    pub help: Option<String>,
    /// The underlying failure.
    pub source: Option<Box<dyn std::error::Error + Send + Sync>>,
    /// Further faults found in the same pass; each is printed like the first.
    pub also: Vec<Error>,
}

impl Error {
    /// An error of `kind` that says `message`.
    pub fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        Self {
            kind,
            message: message.into(),
            path: None,
            place: None,
            help: None,
            source: None,
            also: Vec::new(),
        }
    }

    /// A fault in an experiment or on the command line.
    pub fn usage(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::Usage, message)
    }

    /// A fault of the machine.
    pub fn environment(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::Environment, message)
    }

    /// Damage in something stored.
    pub fn integrity(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::Integrity, message)
    }

    /// An artifact that could not be built.
    pub fn artifact(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::Artifact, message)
    }

    /// A failed operation on a file: names the action, the path and the system's reason, and says
    /// what to do for the reasons a person meets (full disk, no permission, read-only).
    pub fn io(action: &str, path: &Path, source: std::io::Error) -> Self {
        use std::io::ErrorKind as Io;
        let help = match source.kind() {
            Io::StorageFull | Io::QuotaExceeded => Some(
                "free some space (`spinlock cache gc` drops what no experiment needs) and run \
                 the same command again: finished work is kept",
            ),
            Io::PermissionDenied => Some("check the owner and mode of the folder"),
            Io::ReadOnlyFilesystem => {
                Some("the file system is read-only; name another cache with --cache DIR")
            }
            _ => None,
        };
        let mut error =
            Self::environment(format!("cannot {action} `{}`: {}", path.display(), plain(&source)));
        error.help = help.map(str::to_owned);
        error.source = Some(Box::new(source));
        error
    }

    /// Says what to do.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// Names the dotted path of the key at fault.
    #[must_use]
    pub fn at(mut self, path: impl Into<String>) -> Self {
        self.path = Some(path.into());
        self
    }

    /// Names the place in a file.
    #[must_use]
    pub fn place(mut self, place: Place) -> Self {
        self.place = Some(place);
        self
    }

    /// Keeps the underlying failure.
    #[must_use]
    pub fn source(mut self, source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        self.source = Some(source.into());
        self
    }

    /// One error out of many faults found in one pass; `None` if there are none.
    pub fn all(faults: Vec<Error>) -> Option<Error> {
        let mut faults = faults.into_iter();
        let mut first = faults.next()?;
        first.also.extend(faults);
        Some(first)
    }
}

/// The system's reason without the code that Rust appends.
fn plain(error: &std::io::Error) -> String {
    let text = error.to_string();
    match text.find(" (os error") {
        Some(end) => text[..end].to_lowercase(),
        None => text,
    }
}

impl fmt::Display for Error {
    /// The message as a person reads it, without colour: path, message, place, snippet, help, then
    /// the further faults.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "error: ")?;
        if let Some(path) = &self.path {
            write!(f, "{path}: ")?;
        }
        write!(f, "{}", self.message)?;
        if let Some(place) = &self.place {
            write!(f, "\n  --> {}:{}:{}", place.file, place.line, place.column)?;
            if !place.snippet.is_empty() {
                write!(f, "\n{}", place.snippet.trim_end())?;
            }
        }
        if let Some(help) = &self.help {
            write!(f, "\n  help: {help}")?;
        }
        for other in &self.also {
            write!(f, "\n\n{other}")?;
        }
        Ok(())
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.source.as_deref().map(|s| s as _)
    }
}

/// Adds the action and the path to a failed file operation.
pub trait IoContext<T> {
    /// `std::fs::read(p).io("read", p)?`
    fn io(self, action: &str, path: impl Into<PathBuf>) -> Result<T>;
}

impl<T> IoContext<T> for std::io::Result<T> {
    fn io(self, action: &str, path: impl Into<PathBuf>) -> Result<T> {
        self.map_err(|source| Error::io(action, &path.into(), source))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_says_what_where_and_what_to_do() {
        let error = Error::usage("`fast` is no precision")
            .at("simulation.precision")
            .place(Place {
                file: "experiments/x.yaml".into(),
                line: 4,
                column: 14,
                snippet: String::new(),
            })
            .help("allowed: auto, float32, float16, bfloat16");
        assert_eq!(
            error.to_string(),
            "error: simulation.precision: `fast` is no precision\n  \
             --> experiments/x.yaml:4:14\n  help: allowed: auto, float32, float16, bfloat16"
        );
    }

    #[test]
    fn a_full_disk_says_how_to_free_space() {
        let error = Error::io(
            "write",
            Path::new("cache/x"),
            std::io::Error::from(std::io::ErrorKind::StorageFull),
        );
        assert_eq!(error.kind.exit_code(), 3);
        assert!(error.help.unwrap().contains("spinlock cache gc"));
    }
}
