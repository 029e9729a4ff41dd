//! Where damaged entries go: out of the way of builds, kept for whoever wants to know why.

use std::fs;
use std::io::{self, Write};
use std::path::PathBuf;

use super::{Cache, layout, plain};
use crate::error::{Error, IoContext, Result};
use crate::key::Key;

impl Cache {
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
        // Into what was moved, and not through a link in it or in its place.
        if plain::is_folder(&to) {
            let reason = to.join("damage.txt");
            let note = fs::File::create_new(&reason);
            match note.and_then(|mut file| file.write_all(format!("{why}\n").as_bytes())) {
                Err(e) if e.kind() != io::ErrorKind::AlreadyExists => {
                    return Err(Error::io("write", &reason, e));
                }
                _ => {}
            }
        }
        Ok(Some(to))
    }
}
