//! Stored weights: the files of the cache, copied to a folder beside the data set.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use super::Sources;
use super::stored::{find, values};
use crate::artifact::Weights;
use crate::effect;
use crate::error::{IoContext, Result};
use crate::key::Digest;
use crate::picture::file;

/// Name of the file in an entry, and of the one array in it.
const FILE: &str = "weights.safetensors";

/// The folder beside a data set: `datasets/x.h5` → `datasets/x.weights/`.
pub fn folder(dataset: &Path) -> PathBuf {
    dataset.with_extension("weights")
}

/// Copies the weights of every chunk to `<data set>.weights/ops<first>-<last>.safetensors`, verified
/// on the way, and removes such files of chunks that are no more. A file that is there already with
/// the right content stays; with `quick`, the right length is enough. Gives folder, digest over all
/// files and bytes.
///
/// # Errors
/// If an entry is damaged (it is set aside) or a file cannot be written.
pub fn export(sources: &Sources<'_>, quick: bool) -> Result<Option<(PathBuf, Digest, u64)>> {
    let folder = folder(&sources.experiment.dataset.path);
    let (mut digests, mut total, mut names) = (Vec::new(), 0, BTreeSet::new());
    for (node, recipe) in sources.recipes::<Weights>().filter(|(_, recipe)| recipe.stored) {
        let entry = sources.entry(node)?;
        let piece = &entry.pieces[find(sources.cache, &entry, FILE)?];
        let (digest, length) = (piece.leaves[0], piece.decoded_bytes() as u64);
        let (first, last) = (&recipe.operators[0], &recipe.operators[recipe.operators.len() - 1]);
        let name = format!("ops{}-{}.safetensors", first.index, last.index);
        let to = folder.join(&name);
        let there = to.metadata().is_ok_and(|m| m.len() == length)
            && (quick
                || effect::read("assemble.weights.read", &to)
                    .is_ok_and(|bytes| Digest::of(&bytes) == digest));
        if !there {
            let bytes = values(sources.cache, &entry, FILE)?;
            file::write(&to, &bytes)?;
        }
        digests.push(digest);
        total += length;
        names.insert(name);
    }
    if digests.is_empty() {
        return Ok(None);
    }
    for file in effect::list("assemble.weights.list", &folder).io("read", &folder)? {
        let path = file.io("read", &folder)?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if is_ours(&name) && !names.contains(&name) {
            effect::remove_file("assemble.weights.remove", &path).io("remove", &path)?;
        }
    }
    Ok(Some((folder, Digest::tree(&digests), total)))
}

/// Whether a file has a name that only this module gives: `ops0-31.safetensors`.
fn is_ours(name: &str) -> bool {
    name.strip_prefix("ops")
        .and_then(|rest| rest.strip_suffix(".safetensors"))
        .and_then(|range| range.split_once('-'))
        .is_some_and(|(a, b)| a.parse::<u64>().is_ok() && b.parse::<u64>().is_ok())
}
