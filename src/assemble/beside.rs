//! Files that lie beside a data set: each is an array of bytes in an entry, copied out as it is.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::Sources;
use super::stored::{find, values};
use crate::artifact::Statistics;
use crate::cache::{Cache, Entry};
use crate::effect;
use crate::error::{Error, IoContext, Result};
use crate::graph::Node;
use crate::key::{Digest, Key};
use crate::picture::file;
use crate::plan::Exported;
use crate::render::list::is_frame;

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
    /// The arrays `names` of an artifact as the file `path`, or as files in the folder `path`.
    fn new(sources: &Sources<'_>, node: &Node, names: &[String], path: PathBuf) -> Result<Self> {
        let entry = sources.entry(node)?;
        let place = |name: &String| {
            let own = if names.len() == 1 { path.clone() } else { path.join(name) };
            find(sources.cache, &entry, name).map(|piece| (own, piece))
        };
        let files = names.iter().map(place).collect::<Result<_>>()?;
        Ok(Self { kind: node.kind.name, path, files, entry })
    }

    /// The same at another path.
    #[must_use]
    pub fn elsewhere(&self, path: &Path) -> Self {
        let moved = |(own, piece): &(PathBuf, usize)| match own.strip_prefix(&self.path) {
            Ok(rest) if rest != Path::new("") => (path.join(rest), *piece),
            _ => (path.to_owned(), *piece),
        };
        let files = self.files.iter().map(moved).collect();
        Self { kind: self.kind, path: path.to_owned(), files, entry: Arc::clone(&self.entry) }
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

    /// Whether every file is there with its length.
    pub fn has_all(&self) -> bool {
        let has = |path: &Path, piece| path.metadata().is_ok_and(|m| m.len() == self.length(piece));
        self.files.iter().all(|(path, piece)| has(path, *piece))
    }

    /// Whether every file is there with its content.
    ///
    /// # Errors
    /// If one cannot be read.
    pub fn is_at_its_place(&self) -> Result<bool> {
        if !self.has_all() {
            return Ok(false);
        }
        for (path, piece) in &self.files {
            let bytes = effect::read("assemble.beside.read", path).io("read", path)?;
            if Digest::of(&bytes) != self.entry.pieces[*piece].leaves[0] {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Writes every file; frames in its folder that are none of these go.
    ///
    /// # Errors
    /// If the entry is damaged (it is set aside) or a file cannot be written.
    pub fn put(&self, cache: &Cache) -> Result<()> {
        if self.path.is_dir() != (self.files.len() > 1) && self.path.exists() {
            let path = self.path.display();
            return Err(Error::environment(format!("`{path}` is in the way"))
                .help("move it away, or write somewhere else"));
        }
        for (path, piece) in &self.files {
            let name = &self.entry.pieces[*piece].name;
            file::write(path, &values(cache, &self.entry, name)?)?;
        }
        if self.files.len() == 1 {
            return Ok(());
        }
        let own: BTreeSet<&Path> = self.files.iter().map(|(path, _)| path.as_path()).collect();
        for file in effect::list("assemble.beside.list", &self.path).io("read", &self.path)? {
            let path = file.io("read", &self.path)?.path();
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            if is_frame(&name) && !own.contains(path.as_path()) {
                effect::remove_file("assemble.beside.remove", &path).io("remove", &path)?;
            }
        }
        Ok(())
    }
}

/// What an experiment wants beside its data set, as far as it is in the cache: a build may have made only
/// some of it.
///
/// # Errors
/// If an entry is damaged; it has been set aside then.
pub fn wanted(sources: &Sources<'_>) -> Result<Vec<Beside>> {
    let mut out = Vec::new();
    let dataset = &sources.experiment.dataset.path;
    let has = |node: &Node| sources.cache.has(node.kind.name, &node.key);
    for (node, _) in sources.recipes::<Statistics>().filter(|(node, _)| has(node)) {
        out.push(Beside::new(sources, node, &["stats.yaml".to_owned()], statistics(dataset))?);
    }
    for exported in &sources.plan.expansion.renders {
        let node = sources.plan.graph().node(exported.artifact.node());
        if has(node) {
            out.push(Beside::new(sources, node, &exported.files, render(dataset, exported))?);
        }
    }
    Ok(out)
}

/// Whether a path is one that [`wanted`] gives to files beside a data set.
pub fn is_beside(dataset: &Path, path: &Path) -> bool {
    // By name alone, so that a path that climbs out again is none of them.
    let climbs = path.components().any(|part| part == std::path::Component::ParentDir);
    path == statistics(dataset) || (path.starts_with(renders(dataset)) && !climbs)
}

/// The statistics of a data set: `datasets/x.h5` → `datasets/x.stats.yaml`.
fn statistics(dataset: &Path) -> PathBuf {
    dataset.with_extension("stats.yaml")
}

/// The folder of renders of a data set: `datasets/x.h5` → `datasets/x.renders`.
pub fn renders(dataset: &Path) -> PathBuf {
    dataset.with_extension("renders")
}

/// The file or folder of a render: `datasets/x.renders/evolution.mp4`.
fn render(dataset: &Path, exported: &Exported) -> PathBuf {
    renders(dataset).join(&exported.path)
}
