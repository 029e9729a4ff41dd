//! Where damaged entries go: out of the way of builds, kept for whoever wants to know why.

use std::fs;
use std::io;
use std::path::PathBuf;

use super::{Cache, layout};
use crate::error::{Error, IoContext, Result};
use crate::key::Key;

impl Cache {
    /// Kinds and keys of what lies in quarantine.
    ///
    /// # Errors
    /// If the folder cannot be read.
    pub fn quarantined(&self) -> Result<Vec<(String, Key)>> {
        let key = |name: String| {
            // `<kind>-<key>-<number>`; names of kinds have no hyphen.
            let (kind, rest) = name.split_once('-')?;
            Some((kind.to_owned(), rest.get(..64)?.parse().ok()?))
        };
        let names = layout::children(&self.root().join("quarantine"))?.into_iter();
        Ok(names.filter_map(|child| key(child.file_name().into_string().ok()?)).collect())
    }

    /// Moves an entry out of the cache, so that it is built anew, and writes down why. Returns where
    /// it lies now; `None` if another process was faster.
    pub fn quarantine(&self, kind: &str, key: &Key, why: &str) -> Result<Option<PathBuf>> {
        let from = layout::object(self.root(), kind, key);
        let folder = self.root().join("quarantine");
        fs::create_dir_all(&folder).io("create", &folder)?;
        let to = folder.join(layout::unique(&format!("{kind}-{key}-")));
        self.open_files.forget(&from);
        match fs::rename(&from, &to) {
            Ok(()) => {}
            Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(e) => return Err(Error::io("quarantine", &from, e)),
        }
        let reason = to.join("damage.txt");
        fs::write(&reason, format!("{why}\n")).io("write", reason)?;
        Ok(Some(to))
    }
}
