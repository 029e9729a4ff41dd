//! What a build is asked for.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use crate::exec::Staff;

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
    /// Put renders there and remember nothing of them: a person wants to see something once.
    pub elsewhere: Option<Elsewhere>,
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
