//! Files that a person edits: says when one of them was saved.
//!
//! A save counts if the content of a file is another one than before, once nothing was written to it
//! for a moment: editors write a temporary file and rename it, or write in several goes. The kernel
//! says at once that something happened in a folder; where it cannot (network file systems, no watches
//! left), the files are looked at every two seconds.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use notify::event::{AccessKind, AccessMode, EventKind};
use notify::{RecommendedWatcher, RecursiveMode, Watcher};

/// How long nothing must be written.
const QUIET: Duration = Duration::from_millis(150);
/// How long to wait for that.
const PATIENCE: Duration = Duration::from_secs(2);
/// How often to look without being told.
const LOOK: Duration = Duration::from_secs(2);

/// The content of a file: none if there is no such file.
type Content = Option<blake3::Hash>;

/// Watches some files.
pub struct Watch {
    watcher: Option<RecommendedWatcher>,
    touched: Receiver<PathBuf>,
    folders: BTreeSet<PathBuf>,
    /// With what is known of their contents.
    files: BTreeMap<PathBuf, Known>,
    looked: Instant,
    /// When something was written first, and when last.
    stir: Option<(Instant, Instant)>,
}

struct Known {
    /// Behind symbolic links.
    real: PathBuf,
    content: Content,
}

impl Default for Watch {
    fn default() -> Self {
        Self::new()
    }
}

impl Watch {
    /// Watches nothing yet.
    pub fn new() -> Self {
        let (sender, touched) = channel();
        let watcher = notify::recommended_watcher(move |event: notify::Result<notify::Event>| {
            let Ok(event) = event else { return };
            // That somebody reads, as we do ourselves, is no news.
            let written = match event.kind {
                EventKind::Access(kind) => kind == AccessKind::Close(AccessMode::Write),
                _ => true,
            };
            if written {
                event.paths.into_iter().for_each(|path| drop(sender.send(path)));
            }
        });
        Self {
            watcher: watcher.ok(),
            touched,
            folders: BTreeSet::new(),
            files: BTreeMap::new(),
            looked: Instant::now(),
            stir: None,
        }
    }

    /// Watches these files, absolute, there or not, in place of those before. Says whether there are new
    /// ones among them: read these again, since they may have been saved before they were watched.
    pub fn set(&mut self, files: &[PathBuf]) -> bool {
        let mut old = std::mem::take(&mut self.files);
        let mut any_new = false;
        for file in files {
            let known = old.remove(file).unwrap_or_else(|| {
                any_new = true;
                Known { real: PathBuf::new(), content: content(file) }
            });
            let real = file.canonicalize().unwrap_or_else(|_| file.clone());
            self.files.insert(file.clone(), Known { real, ..known });
        }
        let mut folders = BTreeSet::new();
        for (file, known) in &self.files {
            folders
                .extend([file, &known.real].iter().filter_map(|p| p.parent()).map(Path::to_owned));
        }
        if let Some(watcher) = &mut self.watcher {
            for gone in self.folders.difference(&folders) {
                let _ = watcher.unwatch(gone);
            }
            // Also what was watched already: a folder may have been made anew. What cannot be watched
            // is looked at all the same.
            for folder in &folders {
                let _ = watcher.watch(folder, RecursiveMode::NonRecursive);
            }
        }
        self.folders = folders;
        any_new
    }

    /// The files that were saved since they were read, or since the last call that named them. Does
    /// not wait.
    pub fn saved(&mut self) -> Vec<PathBuf> {
        let now = Instant::now();
        while let Ok(path) = self.touched.try_recv() {
            if self.files.iter().any(|(file, known)| *file == path || known.real == path) {
                self.stir = Some((self.stir.map_or(now, |(first, _)| first), now));
            }
        }
        if self.stir.is_none() && self.looked.elapsed() >= LOOK {
            self.looked = now;
            if self.files.iter().any(|(file, known)| known.content != content(file)) {
                self.stir = Some((now, now));
            }
        }
        let Some((first, last)) = self.stir else { return Vec::new() };
        if last.elapsed() < QUIET && first.elapsed() < PATIENCE {
            return Vec::new();
        }
        self.stir = None;
        let mut saved = Vec::new();
        for (file, known) in &mut self.files {
            let content = content(file);
            if known.content != content {
                known.content = content;
                saved.push(file.clone());
            }
        }
        saved
    }
}

fn content(file: &Path) -> Content {
    fs::read(file).ok().map(|bytes| blake3::hash(&bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Space {
        folder: tempfile::TempDir,
        watch: Watch,
    }

    impl Space {
        fn new() -> Self {
            let folder = tempfile::tempdir().unwrap();
            fs::write(folder.path().join("x"), "1").unwrap();
            let mut watch = Watch::new();
            assert!(watch.set(&["x", "y"].map(|name| folder.path().join(name))));
            Self { folder, watch }
        }

        fn path(&self, name: &str) -> PathBuf {
            self.folder.path().join(name)
        }

        /// What is saved within so many milliseconds.
        fn saved(&mut self, within: u64) -> Vec<PathBuf> {
            let end = Instant::now() + Duration::from_millis(within);
            loop {
                let saved = self.watch.saved();
                if !saved.is_empty() || Instant::now() > end {
                    return saved;
                }
                std::thread::sleep(Duration::from_millis(5));
            }
        }
    }

    #[test]
    fn a_save_is_told_once_however_the_editor_writes() {
        let mut space = Space::new();
        let [x, y] = ["x", "y"].map(|name| [space.path(name)]);
        fs::write(&x[0], "2").unwrap();
        assert_eq!(space.saved(5000), x, "written in place");
        assert!(space.saved(400).is_empty(), "once");
        fs::write(space.path("x.tmp"), "3").unwrap();
        fs::rename(space.path("x.tmp"), &x[0]).unwrap();
        assert_eq!(space.saved(5000), x, "renamed");
        fs::write(&y[0], "new").unwrap();
        assert_eq!(space.saved(5000), y, "a file that was not there");
        fs::remove_file(&y[0]).unwrap();
        assert_eq!(space.saved(5000), y, "and that is gone");
    }

    #[test]
    fn what_leaves_the_content_as_it_was_is_no_save() {
        let mut space = Space::new();
        fs::write(space.path("x"), "1").unwrap();
        fs::write(space.path("z"), "a stranger").unwrap();
        assert!(space.saved(500).is_empty());
    }

    #[test]
    fn a_file_that_stays_watched_keeps_its_unseen_saves_and_a_new_one_is_told() {
        let mut space = Space::new();
        let [x, z] = ["x", "z"].map(|name| space.path(name));
        fs::write(&x, "2").unwrap();
        fs::write(&z, "1").unwrap();
        assert!(!space.watch.set(std::slice::from_ref(&x)));
        assert!(space.watch.set(&[x.clone(), z]));
        assert_eq!(space.saved(5000), [x]);
    }

    #[test]
    fn without_the_kernel_saves_are_found_by_looking() {
        let mut space = Space::new();
        space.watch.watcher = None;
        fs::write(space.path("x"), "2").unwrap();
        assert_eq!(space.saved(8000), [space.path("x")]);
    }

    #[test]
    fn a_file_behind_a_link_is_watched_where_it_lies() {
        let mut space = Space::new();
        fs::create_dir(space.path("there")).unwrap();
        fs::write(space.path("there/real"), "1").unwrap();
        std::os::unix::fs::symlink("there/real", space.path("link")).unwrap();
        let link = space.path("link");
        space.watch.set(std::slice::from_ref(&link));
        fs::write(space.path("there/real"), "2").unwrap();
        assert_eq!(space.saved(1800), [link]);
    }
}
