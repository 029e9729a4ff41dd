//! What the last build of an experiment was, and which key it had under each label: for the reasons in
//! a plan.
//!
//! Advice only: without it, plans and builds are the same, and say less about why. One file for each
//! experiment: a line with the [`Memory`], then a line for each artifact. It appears complete or not at
//! all.

use std::collections::HashMap;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};

use crate::cache::Cache;
use crate::config::Experiment;
use crate::effect;
use crate::key::Key;
use crate::picture::file;
use crate::plan::{Memory, Plan};
use crate::profile::Profile;

/// The last build of an experiment.
#[derive(Debug, Default)]
pub struct History {
    /// The experiment as it was, if that is known.
    pub memory: Option<Memory>,
    keys: HashMap<String, Key>,
}

/// Longest first line that is read.
const LONGEST: u64 = 16 << 20;

fn path(cache: &Cache, experiment: &Path) -> PathBuf {
    let name = blake3::hash(experiment.as_os_str().as_encoded_bytes()).to_hex();
    cache.root().join("log").join(format!("last-{}.txt", &name[..16]))
}

impl History {
    /// The last build of the experiment at this path; empty if there was none.
    pub fn read(cache: &Cache, experiment: &Path) -> Self {
        let path = path(cache, experiment);
        // What is no file could wait for somebody else, or never end.
        if !path.is_file() {
            return Self::default();
        }
        Self::read_from(&path).unwrap_or_default()
    }

    fn read_from(path: &Path) -> std::io::Result<Self> {
        use std::io::Read;
        let mut reader =
            BufReader::with_capacity(1 << 20, effect::open("history.labels.read", path)?);
        let mut line = String::new();
        let mut history = Self::default();
        reader.by_ref().take(LONGEST).read_line(&mut line)?;
        if line.starts_with('{') {
            history.memory = serde_json::from_str(&line).ok();
            line.clear();
        }
        while !line.is_empty() || reader.read_line(&mut line)? > 0 {
            let label = line.trim_end_matches('\n').split_once(' ');
            if let Some((key, label)) = label
                && let Ok(key) = key.parse()
            {
                history.keys.insert(label.to_owned(), key);
            }
            line.clear();
        }
        Ok(history)
    }

    /// The key that a label had.
    pub fn key(&self, label: &str) -> Option<Key> {
        self.keys.get(label).copied()
    }

    /// Whether nothing is known.
    pub fn is_empty(&self) -> bool {
        self.keys.is_empty()
    }

    /// Remembers a plan as built.
    pub fn write(cache: &Cache, experiment: &Experiment, profile: &Profile, plan: &Plan) {
        if let Ok(text) = text(experiment, profile, plan) {
            let _ = file::write(&path(cache, &experiment.file), &text);
        }
    }
}

fn text(experiment: &Experiment, profile: &Profile, plan: &Plan) -> std::io::Result<Vec<u8>> {
    let mut out = serde_json::to_vec(&Memory::new(experiment, profile))?;
    out.push(b'\n');
    for (_, node) in plan.graph().iter() {
        writeln!(out, "{} {}", node.key, node.label())?;
    }
    Ok(out)
}
