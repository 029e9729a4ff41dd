//! Where damaged entries go: out of the way of builds, kept for whoever wants to know why.

use std::io;
use std::path::PathBuf;

use super::{Cache, layout};
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
        let reason = to.join("damage.txt");
        effect::write("cache.quarantine.write", &reason, format!("{why}\n").as_bytes())
            .io("write", reason)?;
        Ok(Some(to))
    }
}
