//! Stored weights: the files of the cache, copied to a folder beside the data set.

use std::fs;
use std::path::{Path, PathBuf};

use super::Sources;
use super::stored::values;
use crate::artifact::Weights;
use crate::error::{IoContext, Result};
use crate::key::Digest;

/// Name of the file in an entry, and of the one array in it.
const FILE: &str = "weights.safetensors";

/// The folder beside a data set: `datasets/x.h5` → `datasets/x.weights/`.
pub fn folder(dataset: &Path) -> PathBuf {
    dataset.with_extension("weights")
}

/// Copies the weights of every chunk to `<data set>.weights/ops<first>-<last>.safetensors`, verified
/// on the way; files that are there already with the right content stay. Gives folder, digest over
/// all files and bytes.
///
/// # Errors
/// If an entry is damaged (it is set aside) or a file cannot be written.
pub fn export(sources: &Sources<'_>) -> Result<Option<(PathBuf, Digest, u64)>> {
    let folder = folder(&sources.experiment.dataset.path);
    let (mut digests, mut total) = (Vec::new(), 0);
    for (node, recipe) in sources.recipes::<Weights>().filter(|(_, recipe)| recipe.stored) {
        let entry = sources.entry(node)?;
        let bytes = values(sources.cache, &entry, FILE)?;
        fs::create_dir_all(&folder).io("create", &folder)?;
        let (first, last) = (&recipe.operators[0], &recipe.operators[recipe.operators.len() - 1]);
        let to = folder.join(format!("ops{}-{}.safetensors", first.index, last.index));
        if fs::read(&to).ok().is_none_or(|there| there != bytes) {
            let half = to.with_extension("tmp");
            fs::write(&half, &bytes).io("write", &half)?;
            fs::rename(&half, &to).io("rename", &to)?;
        }
        digests.push(Digest::of(&bytes));
        total += bytes.len() as u64;
    }
    Ok((!digests.is_empty()).then(|| (folder, Digest::tree(&digests), total)))
}
