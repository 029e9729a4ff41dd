//! `spinlock bench fill`: a cache in which everything of an experiment is, without computing it.
//!
//! Entries are published under the planned keys by the code that builds use, and hold nothing; the data set is a
//! short file that the cache knows. So plans, builds with nothing to do, `status` and `gc` can be measured
//! at any size. Invariant: only a cache that was new, or that this made, is ever filled, since what is in it is
//! worth nothing.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Instant;

use rayon::prelude::*;
use serde_json::json;

use super::{Measured, figure, table};
use crate::artifact::{Artifact, DatasetFile};
use crate::cache::{Cache, Documents, OutputRecord, PartWriter, Pending, RootRecord, identity};
use crate::cli::Global;
use crate::cli::common::{Overrides, load};
use crate::error::{Error, IoContext, Result};
use crate::exec::protocol::part_name;
use crate::graph::Node;
use crate::key::{Digest, Key};
use crate::plan::{Plan, State};

#[derive(Debug, clap::Args)]
pub struct FillArgs {
    /// Experiment file; the cache must be a new one, so name it by `--cache`
    experiment: PathBuf,
    #[command(flatten)]
    overrides: Overrides,
    /// Leave out one artifact in so many, so that there is something to do
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    but: Option<u64>,
}

/// The file that marks a cache as filled.
const MARK: &str = "filled-by-bench";
/// How many entries share a flush to disk, as in a build.
const BATCH: usize = 128;

/// Publishes everything that an experiment needs; seconds for each tenth of it.
pub fn run(args: &FillArgs, global: &Global) -> Result<Measured> {
    let loaded = load(&args.experiment, &args.overrides, global)?;
    let root = loaded.cache.root();
    if root.join("format").exists() && !root.join(MARK).exists() {
        return Err(Error::usage(format!("the cache `{}` is in use", root.display())).help(
            "entries without content would go into it; name a folder that is not there by --cache",
        ));
    }
    let path = &loaded.experiment.dataset.path;
    let cache = Cache::open(root)?;
    let written =
        |path: &Path| fs::write(path, "filled by `spinlock bench fill`\n").io("write", path);
    written(&root.join(MARK))?;
    let plan = Plan::new(&loaded.experiment, &loaded.profile, &cache)?;
    let graph = plan.graph();
    let keys = graph.iter().map(|(_, node)| node.key).collect();
    let name = loaded.experiment.file.display().to_string();
    let mut build = cache.register(RootRecord::new(name.clone(), None, String::new()), keys)?;
    let dataset = plan.expansion.dataset.node();
    let left_out = |at: usize| args.but.is_some_and(|n| (at as u64).is_multiple_of(n));
    let wanted: Vec<&Node> = graph
        .iter()
        .filter(|(at, _)| plan.states[*at] != State::Cached && *at != dataset && !left_out(*at))
        .map(|(_, node)| node)
        .collect();
    let mut tenths = Vec::new();
    for tenth in wanted.chunks(wanted.len().div_ceil(10).max(1)) {
        let start = Instant::now();
        tenth.par_chunks(BATCH).try_for_each(|batch| publish(&cache, batch))?;
        tenths.push(start.elapsed().as_secs_f64() / tenth.len() as f64);
    }
    let node = graph.node(dataset);
    publish(&cache, &[node])?;
    if !path.exists() {
        let folder = path.parent().unwrap_or(Path::new("."));
        fs::create_dir_all(folder).io("create", folder)?;
        written(path)?;
    }
    remember(&cache, name, path, node.key)?;
    build.done()?;
    let rows: Vec<Vec<String>> = tenths
        .iter()
        .enumerate()
        .map(|(at, s)| vec![format!("{} %", (at + 1) * 10), figure(s * 1e6)])
        .collect();
    let title = format!("published {} entries into {}", wanted.len(), root.display());
    let data = json!({"entries": wanted.len(), "seconds_per_entry": tenths});
    Ok(Measured { name: "fill", data, table: table(&title, &["so far", "µs an entry"], &rows) })
}

/// Makes entries without content.
fn publish(cache: &Cache, nodes: &[&Node]) -> Result<()> {
    let mut batch = Vec::with_capacity(nodes.len());
    for node in nodes {
        let (kind, name) = (node.kind.name, part_name((0, 1)));
        let mut documents = Documents::from([("bench".to_owned(), json!(true))]);
        if kind == DatasetFile::KIND.name {
            documents.insert("dataset".into(), json!({"digest": digest(), "bytes": 0}));
        }
        PartWriter::create(cache, kind, &node.key, &name)?.finish(documents)?;
        batch.push(Pending {
            kind: kind.to_owned(),
            key: node.key,
            recipe: node.recipe_text(),
            parts: vec![cache.finished_part(kind, &node.key, &name)?],
            notes: Documents::new(),
        });
    }
    cache.publish_batch(batch).map(drop)
}

/// The digest that the data set is said to have.
fn digest() -> Digest {
    Digest::of(b"filled")
}

/// Makes the file at `path` the output of the experiment.
fn remember(cache: &Cache, experiment: String, path: &Path, key: Key) -> Result<()> {
    let there = identity(path)?.ok_or_else(|| {
        Error::environment(format!("`{}` vanished after it was written", path.display()))
    })?;
    cache.record_output(&OutputRecord {
        path: path.to_owned(),
        experiment,
        key,
        digest: digest(),
        bytes: there.bytes,
        mtime_ns: there.mtime_ns,
        inode: there.inode,
    })
}
