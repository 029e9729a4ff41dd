//! From a name as typed to a file, and where files may lie.
//!
//! Invariant: what [`Bounds`] lets through lies in the project, symbolic links followed. It does not
//! read files.

use std::path::{Component, Path, PathBuf};

use crate::error::{Error, Result};

/// The extensions of an experiment file, the usual one first.
const EXTENSIONS: [&str; 2] = ["yaml", "yml"];

/// The experiment that `name` stands for: a file with or without its extension, or a folder that
/// holds `experiment.yaml`; relative to the project root, else to the working directory. Returns
/// the file to open, and its name: relative to the root if it lies there.
///
/// # Errors
/// A usage error that names the experiments most like it.
pub fn experiment(name: &Path, root: &Path) -> Result<(PathBuf, PathBuf)> {
    if let Some(shown) = complete(root, name) {
        return Ok((root.join(&shown), shown));
    }
    if let Some(found) = complete(Path::new(""), name) {
        let file = std::path::absolute(&found).map_err(|e| Error::io("find", &found, e))?;
        let shown = file.strip_prefix(root).unwrap_or(&file).to_owned();
        return Ok((file, shown));
    }
    let mut error = Error::usage(format!("there is no experiment `{}`", name.display()));
    let known = experiments(root);
    error.help = Some(match closest(name, &known).as_slice() {
        [] => "`spinlock init NAME` makes one in `experiments/`".to_owned(),
        near => format!("nearest: {}", near.join(", ")),
    });
    Err(error)
}

/// `name` with what is missing from it, if such a file lies in `base`.
pub fn complete(base: &Path, name: &Path) -> Option<PathBuf> {
    completions(name).find(|path| base.join(path).is_file())
}

/// What `name` may stand for: itself, or with what is missing from it.
pub fn completions(name: &Path) -> impl Iterator<Item = PathBuf> {
    let with_extension = EXTENSIONS.iter().map(|extension| {
        let mut name = name.as_os_str().to_owned();
        name.push(".");
        name.push(extension);
        PathBuf::from(name)
    });
    let in_folder = EXTENSIONS.iter().map(|extension| name.join(format!("experiment.{extension}")));
    std::iter::once(name.to_owned()).chain(with_extension).chain(in_folder)
}

/// The name of the experiment in `file`: the file's, or its folder's for `experiment.yaml`.
pub fn stem(file: &Path) -> String {
    let stem = |path: &Path| path.file_stem().map(|s| s.to_string_lossy().into_owned());
    match stem(file).as_deref() {
        Some("experiment") => file.parent().and_then(stem),
        other => other.map(str::to_owned),
    }
    .unwrap_or_else(|| "experiment".to_owned())
}

/// Every experiment file below `experiments/`, relative to the root, sorted.
pub fn experiments(root: &Path) -> Vec<PathBuf> {
    let mut found: Vec<PathBuf> = walkdir::WalkDir::new(root.join("experiments"))
        .max_depth(4)
        .into_iter()
        .filter_map(Result::ok)
        .filter(|entry| {
            let extension = entry.path().extension().and_then(|e| e.to_str());
            entry.file_type().is_file() && extension.is_some_and(|e| EXTENSIONS.contains(&e))
        })
        .filter_map(|entry| entry.path().strip_prefix(root).ok().map(Path::to_owned))
        .collect();
    found.sort();
    found
}

/// Up to three of `known`, those with the names most like `name` first.
fn closest(name: &Path, known: &[PathBuf]) -> Vec<String> {
    let wanted = stem(name);
    let mut ranked: Vec<(usize, &PathBuf)> = known
        .iter()
        .map(|path| (strsim::damerau_levenshtein(&wanted, &stem(path)), path))
        .collect();
    ranked.sort();
    ranked.iter().take(3).map(|(_, path)| path.display().to_string()).collect()
}

/// Where the files that an experiment names may lie.
#[derive(Debug, Clone, Copy)]
pub struct Bounds<'a> {
    /// The project root; relative paths start here.
    pub root: &'a Path,
    /// Whether paths may leave it.
    pub allow_outside: bool,
}

impl Bounds<'_> {
    /// The absolute path of `path`.
    ///
    /// # Errors
    /// Why it is not allowed.
    pub fn resolve(&self, path: &Path) -> std::result::Result<PathBuf, String> {
        let full = plain(&self.root.join(path));
        if self.allow_outside || self.holds(&full) {
            return Ok(full);
        }
        Err(format!("`{}` leaves the project", path.display()))
    }

    /// Whether a path lies in the project, by name and after following symbolic links.
    fn holds(&self, full: &Path) -> bool {
        let root = plain(self.root);
        let real_root = root.canonicalize().unwrap_or_else(|_| root.clone());
        if !full.starts_with(&root) && !full.starts_with(&real_root) {
            return false;
        }
        // What does not exist yet cannot be a link; its nearest existing folder can. A link that leads to
        // nothing may lead anywhere.
        let there = full.ancestors().find(|ancestor| ancestor.symlink_metadata().is_ok());
        there
            .is_none_or(|there| there.canonicalize().is_ok_and(|real| real.starts_with(&real_root)))
    }

    /// Refuses an experiment that lies in the project by name and, through a link, somewhere else. One that
    /// a person names by a path outside is meant.
    ///
    /// # Errors
    /// Usage, in that case.
    pub fn refuse_linked(&self, file: &Path, shown: &Path) -> Result<()> {
        if self.allow_outside || shown.is_absolute() || self.holds(&plain(file)) {
            return Ok(());
        }
        Err(Error::usage(format!("`{}` is a link that leaves the project", shown.display()))
            .help("name the file itself, or permit it with `--allow-outside`"))
    }
}

/// The path without `.` and `..`, by name alone.
fn plain(path: &Path) -> PathBuf {
    let mut out = PathBuf::new();
    for part in path.components() {
        match part {
            Component::CurDir => {}
            Component::ParentDir => {
                out.pop();
            }
            part => out.push(part),
        }
    }
    out
}
