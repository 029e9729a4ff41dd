//! Where damaged entries go: out of the way of builds, kept for whoever wants to know why.

use std::fs::OpenOptions;
use std::io;
use std::path::PathBuf;

use super::entry::damage;
use super::{Cache, layout, plain};
use crate::effect;
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
        effect::create_folder("cache.quarantine.folder", &folder).io("create", &folder)?;
        let to = folder.join(layout::unique(&format!("{kind}-{key}-")));
        self.open_files.forget(&from);
        match effect::rename("cache.quarantine.rename", &from, &to) {
            Ok(()) => {}
            Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(e) => return Err(Error::io("quarantine", &from, e)),
        }
        // Into what was moved, and not through a link in it or in its place. It is out of the way, which
        // matters; on a full disk the reason may not fit.
        if plain::is_folder(&to) {
            let new = OpenOptions::new().write(true).create_new(true).clone();
            let reason = to.join("damage.txt");
            let _ =
                effect::open_as("cache.quarantine.create", &new, &reason).and_then(|mut file| {
                    let text = format!("{why}\n");
                    effect::write_all("cache.quarantine.write", &mut file, text.as_bytes())
                });
        }
        Ok(Some(to))
    }

    /// Moves an entry out of the cache that turned out damaged for a reader, and names the damage. It is
    /// damage also where the cache cannot be written and the entry has to stay.
    pub(super) fn condemn(&self, kind: &str, key: &Key, why: &str) -> Error {
        let damage = damage(kind, key, why);
        match self.quarantine(kind, key, why) {
            Ok(_) => damage,
            Err(error) => damage.help(format!(
                "it could not be set aside ({}); run `spinlock cache fsck` where the cache can be written",
                error.message
            )),
        }
    }

    /// Whether nothing here can be set aside or removed.
    pub(super) fn is_read_only(&self) -> bool {
        effect::writable("cache.root.write", self.root()).is_err()
    }
}
