//! What the last build of an experiment had under each label: for the reasons in a plan.
//!
//! Advice only: without it, plans and builds are the same, and say less about why.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use crate::cache::Cache;
use crate::effect;
use crate::key::Key;
use crate::picture::file;
use crate::plan::Plan;

/// Keys by label.
#[derive(Debug, Default)]
pub struct History(HashMap<String, Key>);

fn path(cache: &Cache, experiment: &Path) -> PathBuf {
    let name = blake3::hash(experiment.as_os_str().as_encoded_bytes()).to_hex();
    cache.root().join("log").join(format!("last-{}.txt", &name[..16]))
}

impl History {
    /// The last build of the experiment at this path; empty if there was none.
    pub fn read(cache: &Cache, experiment: &Path) -> Self {
        let path = path(cache, experiment);
        if !path.is_file() {
            return Self::default();
        }
        let text = effect::read_text("history.labels.read", &path).unwrap_or_default();
        let line = |line: &str| {
            let (key, label) = line.split_once(' ')?;
            Some((label.to_owned(), key.parse().ok()?))
        };
        Self(text.lines().filter_map(line).collect())
    }

    /// The key that a label had.
    pub fn key(&self, label: &str) -> Option<Key> {
        self.0.get(label).copied()
    }

    /// Remembers a plan as built.
    pub fn write(cache: &Cache, experiment: &Path, plan: &Plan) {
        use std::fmt::Write as _;
        let mut text = String::new();
        for (_, node) in plan.graph().iter() {
            let _ = writeln!(text, "{} {}", node.key, node.label());
        }
        let path = path(cache, experiment);
        let _ = file::write(&path, text.as_bytes());
    }
}
