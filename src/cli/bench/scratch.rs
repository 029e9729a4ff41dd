//! A folder for what benchmarks write: below the cache, so on the same disk, and gone afterwards.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::cache::Cache;
use crate::error::{Error, IoContext, Result};

/// Removed with everything in it when dropped, also after Ctrl-C.
pub struct Scratch {
    folder: PathBuf,
    /// Whether the folder of the cache was made for it too.
    only: bool,
    interrupt: Arc<AtomicBool>,
}

impl Scratch {
    /// A new folder on the disk of `cache`.
    pub fn new(cache: &Cache) -> Result<Self> {
        let interrupt = Arc::new(AtomicBool::new(false));
        for signal in [signal_hook::consts::SIGINT, signal_hook::consts::SIGTERM] {
            // A second Ctrl-C ends the program at once.
            signal_hook::flag::register_conditional_shutdown(signal, 130, Arc::clone(&interrupt))
                .and_then(|_| signal_hook::flag::register(signal, Arc::clone(&interrupt)))
                .map_err(|e| Error::environment(format!("cannot listen to Ctrl-C: {e}")))?;
        }
        let only = !cache.root().exists();
        sweep(cache.root());
        let folder = cache.root().join(format!("{PREFIX}{}", std::process::id()));
        fs::create_dir_all(&folder).io("make", &folder)?;
        Ok(Self { folder, only, interrupt })
    }

    /// The folder.
    pub fn path(&self) -> &Path {
        &self.folder
    }

    /// Whether the person pressed Ctrl-C.
    pub fn interrupted(&self) -> bool {
        self.interrupt.load(Ordering::Relaxed)
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        // What cannot be removed is not worth failing a benchmark for.
        let _ = fs::remove_dir_all(&self.folder);
        if let Some(cache) = self.folder.parent().filter(|_| self.only) {
            let _ = fs::remove_dir(cache);
        }
    }
}

/// What folders of benchmarks begin with; the number of the process follows.
const PREFIX: &str = "bench-";

/// Removes what benchmarks left that were killed.
fn sweep(cache: &Path) {
    for entry in fs::read_dir(cache).into_iter().flatten().flatten() {
        let name = entry.file_name();
        let process = name.to_str().and_then(|name| name.strip_prefix(PREFIX));
        if process.is_some_and(|process| !Path::new("/proc").join(process).exists()) {
            let _ = fs::remove_dir_all(entry.path());
        }
    }
}
