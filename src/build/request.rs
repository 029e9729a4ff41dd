//! What a build is asked for.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use crate::exec::Staff;
use crate::recompute::Share;

/// What a build is asked for, besides the experiment.
#[derive(Debug, Clone)]
pub struct Request {
    /// Who computes.
    pub staff: Staff,
    /// Go on with what does not depend on a failure.
    pub keep_going: bool,
    /// Make only artifacts of these kinds, and what they need.
    pub only: Vec<String>,
    /// Overwrite a file that spinlock did not write.
    pub force: bool,
    /// Make so much of it once more afterwards, and compare.
    pub check: Option<Share>,
    /// What becomes of the lock file.
    pub lock: Lock,
    /// Put renders there and remember nothing of them: a person wants to see something once.
    pub elsewhere: Option<Elsewhere>,
    /// Whether a file that lies at an output path is a data set of ours. It is asked of another process,
    /// since the file may be anybody's.
    pub is_ours: fn(&Path) -> bool,
    /// Set by Ctrl-C: end now.
    pub interrupt: Arc<AtomicBool>,
    /// Set by who has something better to build: end when the jobs at hand are done. A data set that
    /// is being assembled is finished.
    pub drain: Arc<AtomicBool>,
}

/// Where renders go that nobody is to remember.
#[derive(Debug, Clone)]
pub enum Elsewhere {
    /// Into a folder, under their own names.
    Folder(PathBuf),
    /// The one that there is, as this file or folder.
    Path(PathBuf),
}

/// What a build has to do with a lock file.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Lock {
    /// It is written after the build.
    #[default]
    Write,
    /// It stays as it is.
    Keep,
    /// The build is what this lock file asks for, and not the experiment as it is now.
    Again(PathBuf),
}
