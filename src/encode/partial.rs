//! A file that gets its name when it is whole.

use std::fs::File;
use std::path::{Path, PathBuf};

use crate::effect;
use crate::error::{IoContext, Result};
use crate::picture::file::create_half;

/// A file under a temporary name beside its place; removed when dropped.
#[derive(Debug)]
pub struct Partial {
    half: PathBuf,
    target: PathBuf,
}

impl Partial {
    /// The temporary name for `target`, whose folder is made if need be.
    ///
    /// # Errors
    /// If the folder cannot be made.
    pub fn new(target: &Path) -> Result<Self> {
        let folder = target.parent().filter(|p| !p.as_os_str().is_empty());
        let folder = folder.unwrap_or(Path::new("."));
        effect::create_folder("encode.file.folder", folder).io("create", folder)?;
        let name = target.file_name().unwrap_or_default().to_string_lossy();
        let half = folder.join(format!(".{name}.{}.tmp", std::process::id()));
        Ok(Self { half, target: target.to_owned() })
    }

    /// The same with the file open for writing.
    ///
    /// # Errors
    /// If it cannot be made.
    pub fn create(target: &Path) -> Result<(Self, File)> {
        let made = Self::new(target)?;
        let file = create_half("encode.file.create", &made.half).io("create", target)?;
        Ok((made, file))
    }

    /// The temporary name.
    pub fn half(&self) -> &Path {
        &self.half
    }

    /// Its name to be.
    pub fn target(&self) -> &Path {
        &self.target
    }

    /// Gives the written file its name.
    ///
    /// # Errors
    /// If it cannot be flushed or renamed.
    pub fn publish(&self, file: &File) -> Result<()> {
        let done = effect::sync("encode.file.sync", file)
            .and_then(|()| effect::rename("encode.file.rename", &self.half, &self.target));
        done.io("write", &self.target)
    }
}

impl Drop for Partial {
    fn drop(&mut self) {
        // After publishing there is nothing of that name.
        let _ = effect::remove_file("encode.file.remove", &self.half);
    }
}
