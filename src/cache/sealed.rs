//! Small JSON files that prove themselves whole.
//!
//! A sealed file is one line, `{"checksum":"<64 digits>","<name>":<value>}`, where the checksum is
//! the BLAKE3 hash of the text of the value. A file is accepted only if it is byte for byte what
//! sealing its value text gives, so that no bit of it can change unnoticed.

use std::io;
use std::path::Path;

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::layout::{steady, write_atomic};
use super::plain;
use crate::error::{Error, Result};
use crate::key::Digest;

/// Why something stored cannot be used.
#[derive(Debug)]
pub(super) enum Trouble {
    /// It is not there.
    Absent,
    /// It is not what was written; the text says how.
    Damaged(String),
    /// The machine could not read it, which says nothing about its content.
    Failed(Error),
}

impl From<Error> for Trouble {
    fn from(error: Error) -> Self {
        Trouble::Failed(error)
    }
}

impl Trouble {
    /// A failed read of a file that must exist: a missing or short file is damage.
    pub(super) fn reading(path: &Path, error: io::Error) -> Self {
        let name = path.file_name().unwrap_or_default().display();
        match error.kind() {
            io::ErrorKind::NotFound => Trouble::Damaged(format!("`{name}` is missing")),
            io::ErrorKind::UnexpectedEof => Trouble::Damaged(format!("`{name}` is cut short")),
            _ => Trouble::Failed(Error::io("read", path, error)),
        }
    }
}

/// The bytes of a sealed file.
pub(super) fn seal(name: &str, value: &impl Serialize) -> Result<Vec<u8>> {
    let text = serde_json::to_string(value).map_err(|e| {
        Error::environment(format!("this {name} cannot be written as JSON: {e}")).source(e)
    })?;
    Ok(wrap(name, &text))
}

/// The bytes of a sealed file, of the text of its value.
pub fn wrap(name: &str, text: &str) -> Vec<u8> {
    let checksum = Digest::of(text.as_bytes());
    format!("{{\"checksum\":\"{checksum}\",\"{name}\":{text}}}\n").into_bytes()
}

/// The value in the bytes of a sealed file.
pub(super) fn unseal<T: DeserializeOwned>(name: &str, bytes: &[u8]) -> Result<T, Trouble> {
    let damaged = || Trouble::Damaged(format!("the checksum of the {name} does not fit"));
    let empty = wrap(name, "").len();
    // The value stands before the closing brace and the line's end.
    let start = empty - 2;
    let text = bytes.get(start..bytes.len().saturating_sub(2)).ok_or_else(damaged)?;
    let text = std::str::from_utf8(text).map_err(|_| damaged())?;
    if wrap(name, text) != bytes {
        return Err(damaged());
    }
    serde_json::from_str(text)
        .map_err(|e| Trouble::Damaged(format!("the {name} has another form than expected: {e}")))
}

/// Writes a sealed file under its final name at once.
pub(super) fn write(path: &Path, name: &str, value: &impl Serialize) -> Result<()> {
    write_atomic(path, &seal(name, value)?)
}

/// Reads a sealed file.
pub(super) fn read<T: DeserializeOwned>(path: &Path, name: &str) -> Result<T, Trouble> {
    match steady(|| plain::read("cache.record.read", path)) {
        Ok(bytes) => unseal(name, &bytes),
        Err(e) if e.kind() == io::ErrorKind::NotFound => Err(Trouble::Absent),
        Err(e) => Err(Trouble::reading(path, e)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_bit_of_a_sealed_file_changes_unnoticed() {
        let value = vec!["abc".to_owned(), "ä".to_owned()];
        let sealed = seal("list", &value).unwrap();
        assert_eq!(unseal::<Vec<String>>("list", &sealed).unwrap(), value);
        for bit in 0..sealed.len() * 8 {
            let mut flipped = sealed.clone();
            flipped[bit / 8] ^= 1 << (bit % 8);
            assert!(unseal::<Vec<String>>("list", &flipped).is_err(), "bit {bit}");
        }
        for length in 0..sealed.len() {
            assert!(unseal::<Vec<String>>("list", &sealed[..length]).is_err());
        }
        assert!(unseal::<Vec<String>>("other", &sealed).is_err());
    }
}
