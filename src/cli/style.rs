//! Colour on terminals: only where a person sees it, never with `NO_COLOR`.

use std::io::IsTerminal;
use std::sync::OnceLock;

use crate::error::Error;

/// Whether standard error gets colour.
pub fn coloured() -> bool {
    static COLOURED: OnceLock<bool> = OnceLock::new();
    *COLOURED.get_or_init(|| {
        std::env::var_os("NO_COLOR").is_none_or(|v| v.is_empty())
            && std::env::var_os("TERM").is_none_or(|v| v != "dumb")
            && std::io::stderr().is_terminal()
    })
}

fn paint(text: &str, code: &str) -> String {
    if coloured() { format!("\x1b[{code}m{text}\x1b[0m") } else { text.to_owned() }
}

/// A warning, as printed.
pub fn warning(message: &str) -> String {
    format!("{} {}", paint("warning:", "1;33"), super::harmless(message))
}

/// Something to know, as printed.
pub fn note(message: &str) -> String {
    format!("{} {}", paint("note:", "1;36"), super::harmless(message))
}

/// Weak text.
pub fn weak(text: &str) -> String {
    paint(text, "2")
}

/// Strong text.
pub fn strong(text: &str) -> String {
    paint(text, "1")
}

/// An error with all that belongs to it.
pub fn error(error: &Error) -> String {
    // Names and texts of files are in it.
    let text = super::harmless(&error.to_string());
    if !coloured() {
        return text;
    }
    text.lines()
        .map(|line| match line.strip_prefix("error:") {
            Some(rest) => format!("{}{rest}", paint("error:", "1;31")),
            None => match line.strip_prefix("  help:") {
                Some(rest) => format!("  {}{rest}", paint("help:", "1;32")),
                None => line.to_owned(),
            },
        })
        .collect::<Vec<_>>()
        .join("\n")
}
