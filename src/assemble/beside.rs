//! Files that lie beside a data set: each is an array of bytes in an entry, copied out as it is.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::Sources;
use super::stored::{find, values};
use crate::artifact::{Artifact, Statistics};
use crate::cache::{Cache, Entry};
use crate::config::Experiment;
use crate::error::{IoContext, Result};
use crate::graph::Node;
use crate::key::{Digest, Key};
use crate::plan::{Exported, Plan};

/// One file, or the files of one folder.
pub struct Beside {
    /// As in the answer of a build.
    pub kind: &'static str,
    /// The file or the folder.
    pub path: PathBuf,
    /// The files with their arrays; the first one stands for all of them.
    files: Vec<(PathBuf, usize)>,
    entry: Arc<Entry>,
}

impl Beside {
    /// The array `name` of an artifact as the file `path`.
    fn file(
        sources: &Sources<'_>,
        node: &Node,
        name: &str,
        kind: &'static str,
        path: PathBuf,
    ) -> Result<Self> {
        let entry = sources.entry(node)?;
        let piece = find(sources.cache, &entry, name)?;
        Ok(Self { kind, files: vec![(path.clone(), piece)], path, entry })
    }

    /// The key of its artifact.
    pub fn key(&self) -> Key {
        self.entry.key
    }

    /// The file that stands for all of them.
    pub fn representative(&self) -> &Path {
        &self.files[0].0
    }

    /// BLAKE3 of the file, or the tree of those of all files.
    pub fn digest(&self) -> Digest {
        let leaf = |(_, piece): &(PathBuf, usize)| self.entry.pieces[*piece].leaves[0];
        match &self.files[..] {
            [one] => leaf(one),
            all => Digest::tree(&all.iter().map(leaf).collect::<Vec<_>>()),
        }
    }

    /// Length of all files.
    pub fn bytes(&self) -> u64 {
        self.files.iter().map(|(_, piece)| self.length(*piece)).sum()
    }

    fn length(&self, piece: usize) -> u64 {
        self.entry.pieces[piece].decoded_bytes() as u64
    }

    /// Writes what is not there yet. A file with the right content stays; with `quick`, the right length
    /// is enough. Says whether anything was written.
    ///
    /// # Errors
    /// If the entry is damaged (it is set aside) or a file cannot be written.
    pub fn put(&self, cache: &Cache, quick: bool) -> Result<bool> {
        let mut wrote = false;
        for (path, piece) in &self.files {
            let record = &self.entry.pieces[*piece];
            let there = path.metadata().is_ok_and(|m| m.len() == self.length(*piece))
                && (quick || fs::read(path).is_ok_and(|b| Digest::of(&b) == record.leaves[0]));
            if there {
                continue;
            }
            let bytes = values(cache, &self.entry, &record.name)?;
            let folder = path.parent().expect("it lies beside a data set");
            fs::create_dir_all(folder).io("create", folder)?;
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            let half = path.with_file_name(format!(".{name}.tmp-{}", std::process::id()));
            fs::write(&half, &bytes).io("write", &half)?;
            fs::rename(&half, path).io("rename", path)?;
            wrote = true;
        }
        Ok(wrote)
    }
}

/// What an experiment wants beside its data set, as far as it is in the cache: a build may have made only
/// some of it.
///
/// # Errors
/// If an entry is damaged; it has been set aside then.
pub fn wanted(sources: &Sources<'_>) -> Result<Vec<Beside>> {
    let mut out = Vec::new();
    for (node, _) in sources.recipes::<Statistics>() {
        if !sources.cache.has(node.kind.name, &node.key) {
            continue;
        }
        let path = statistics(&sources.experiment.dataset.path);
        out.push(Beside::file(sources, node, "stats.yaml", Statistics::KIND.name, path)?);
    }
    for exported in &sources.plan.expansion.renders {
        let node = sources.plan.graph().node(exported.artifact.node());
        if !sources.cache.has(node.kind.name, &node.key) {
            continue;
        }
        let path = render(&sources.experiment.dataset.path, exported);
        let entry = sources.entry(node)?;
        let mut files = Vec::new();
        for name in &exported.files {
            let piece = find(sources.cache, &entry, name)?;
            let one = exported.files.len() == 1;
            files.push((if one { path.clone() } else { path.join(name) }, piece));
        }
        out.push(Beside { kind: node.kind.name, path, files, entry });
    }
    Ok(out)
}

/// The files of [`wanted`] that stand for the others, known before anything is made.
pub fn paths(experiment: &Experiment, plan: &Plan) -> Vec<PathBuf> {
    let dataset = &experiment.dataset.path;
    let statistics = experiment.features.iter().map(|_| statistics(dataset));
    let renders = plan.expansion.renders.iter().map(|exported| {
        let path = render(dataset, exported);
        if exported.files.len() == 1 { path } else { path.join(&exported.files[0]) }
    });
    statistics.chain(renders).collect()
}

/// The file or folder of a render of a data set: `datasets/x.h5` → `datasets/x.renders/evolution.mp4`.
fn render(dataset: &Path, exported: &Exported) -> PathBuf {
    dataset.with_extension("renders").join(&exported.path)
}

/// The statistics of a data set: `datasets/x.h5` → `datasets/x.stats.yaml`.
fn statistics(dataset: &Path) -> PathBuf {
    dataset.with_extension("stats.yaml")
}
