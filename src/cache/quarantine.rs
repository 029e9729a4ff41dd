//! Where damaged entries go: out of the way of builds, kept for whoever wants to know why.

use std::fs::OpenOptions;
use std::io;
use std::path::PathBuf;

use super::{Cache, layout, plain};
use crate::effect;
use crate::error::{Error, IoContext, Result};
use crate::key::Key;

impl Cache {
    /// Moves an entry out of the cache, so that it is built anew, and writes down why. Returns where
    /// it lies now; `None` if another process was faster.
    pub fn quarantine(&self, kind: &str, key: &Key, why: &str) -> Result<Option<PathBuf>> {
        let from = layout::object(self.root(), kind, key);
        let folder = self.root().join("quarantine");
        effect::create_folder("cache.quarantine.folder", &folder).io("create", &folder)?;
        let to = folder.join(layout::unique(&format!("{kind}-{key}-")));
        self.open_files.forget(&from);
        match effect::rename("cache.quarantine.rename", &from, &to) {
            Ok(()) => {}
            Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(e) => return Err(Error::io("quarantine", &from, e)),
        }
        // Into what was moved, and not through a link in it or in its place.
        if plain::is_folder(&to) {
            let reason = to.join("damage.txt");
            let new = OpenOptions::new().write(true).create_new(true).clone();
            let note = effect::open_as("cache.quarantine.create", &new, &reason);
            let text = format!("{why}\n");
            let written = note.and_then(|mut file| {
                effect::write_all("cache.quarantine.write", &mut file, text.as_bytes())
            });
            match written {
                Err(e) if e.kind() != io::ErrorKind::AlreadyExists => {
                    return Err(Error::io("write", &reason, e));
                }
                _ => {}
            }
        }
        Ok(Some(to))
    }
}
