//! The texts that an experiment is read from, and faults in them as errors with snippets.
//!
//! Invariant: `Span::source` is an index into [`Sources`]. It does not know what the texts mean.

use std::path::PathBuf;

use crate::error::{Error, Place};
use crate::node::{Fault, Node, Span};
use crate::yaml;

/// The source of values that nobody wrote: defaults.
pub const DEFAULT: u32 = u32::MAX;

/// At most so many faults are shown; the rest is counted.
const SHOWN: usize = 50;

/// Every text read so far.
#[derive(Debug, Default)]
pub struct Sources {
    texts: Vec<Source>,
    /// The files among them, and those that were looked for and are not there.
    pub files: Vec<PathBuf>,
}

#[derive(Debug)]
struct Source {
    name: String,
    lines: Vec<String>,
}

impl Sources {
    /// Keeps a text under the name that messages give it.
    pub fn add(&mut self, name: impl Into<String>, bytes: &[u8]) -> u32 {
        let lines = String::from_utf8_lossy(bytes).lines().map(str::to_owned).collect();
        self.texts.push(Source { name: name.into(), lines });
        self.texts.len() as u32 - 1
    }

    /// Keeps and reads a text.
    pub fn parse(&mut self, name: impl Into<String>, bytes: &[u8]) -> Result<Node, Box<Fault>> {
        let source = self.add(name, bytes);
        yaml::parse(source, bytes)
    }

    /// `file:line`, the name alone for a text without lines of its own, or `default`.
    pub fn origin(&self, span: Span) -> String {
        match self.texts.get(span.source as usize) {
            None => "default".to_owned(),
            Some(source) if source.name.starts_with("--") => source.name.clone(),
            Some(source) => format!("{}:{}", source.name, span.line),
        }
    }

    /// All faults as one error, in the order of the texts, each once.
    pub fn error(&self, mut faults: Vec<Fault>) -> Option<Error> {
        let place = |fault: &Fault| {
            fault.span.map_or((DEFAULT, 0, 0), |span| (span.source, span.line, span.column))
        };
        faults.sort_by_key(place);
        let mut seen = Vec::new();
        faults.retain(|fault| {
            let key = (place(fault), fault.path.clone(), fault.message.clone());
            let new = !seen.contains(&key);
            if new && seen.len() <= SHOWN {
                seen.push(key);
            }
            new
        });
        let more = faults.len().saturating_sub(SHOWN);
        faults.truncate(SHOWN);
        let mut errors: Vec<Error> = faults.into_iter().map(|fault| self.one(fault)).collect();
        if more > 0 {
            errors.push(Error::usage(format!("{more} more faults")));
        }
        Error::all(errors)
    }

    fn one(&self, fault: Fault) -> Error {
        let mut error = Error::usage(fault.message);
        error.help = fault.help;
        error.path = Some(fault.path).filter(|path| !path.is_empty());
        error.place = fault.span.and_then(|span| self.place(span));
        error
    }

    fn place(&self, span: Span) -> Option<Place> {
        let source = self.texts.get(span.source as usize)?;
        Some(Place {
            file: source.name.clone(),
            line: span.line as usize,
            column: span.column as usize,
            snippet: source.snippet(span),
        })
    }
}

impl Source {
    /// The line with a mark under the fault. Long lines are cut around it.
    fn snippet(&self, span: Span) -> String {
        const BEFORE: usize = 60;
        const WIDTH: usize = 100;
        let Some(line) = (span.line as usize).checked_sub(1).and_then(|at| self.lines.get(at))
        else {
            return String::new();
        };
        let column = (span.column as usize).saturating_sub(1);
        let start = if column < WIDTH - 20 { 0 } else { column - BEFORE };
        let shown: String = line
            .chars()
            .skip(start)
            .take(WIDTH)
            .map(|c| if c.is_control() { ' ' } else { c })
            .collect();
        let number = span.line.to_string();
        let margin = " ".repeat(number.len());
        let room = shown.chars().count().saturating_sub(column - start).max(1);
        let mark = "^".repeat((span.length as usize).clamp(1, room));
        format!(
            " {number} | {}\n {margin} | {}{mark}",
            shown.trim_end(),
            " ".repeat(column - start)
        )
    }
}
