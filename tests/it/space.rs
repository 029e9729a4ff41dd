//! A temporary project in which the real programs run.
//!
//! Every test gets a project of its own with one small experiment, `experiments/x.yaml`, and drives
//! `spinlock` as a person would. The worker must lie beside it: a test that needs one fails without.

use std::ffi::OsStr;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::Value;

/// Eight operators in two chunks, two realizations in one block, eight states in two segments. A
/// tiny network on a tiny grid; noise, all three policies, and parameters of all four groups.
///
/// In artifacts: parameters 8 (2 chunks × 4 groups), weights 2, initial conditions 2, rollouts 4
/// (2 chunks × 1 block × 2 segments), one data set.
pub const BASE: &str = "\
parameter_space:
  architecture:
    num_layers: 1
    base_channels: {type: integer, bounds: [2, 4]}
  stochastic:
    noise_type: gaussian
    noise_scale: {type: continuous, bounds: [0.01, 0.1], log_scale: true}
  operator:
    grid_size: 8
    channels: 2
  evolution:
    update_policy: [autoregressive, residual, convex]
    alpha: {type: continuous, bounds: [0.1, 0.9]}
    dt: {type: continuous, bounds: [0.01, 0.1], log_scale: true}
sampling:
  total_samples: 8
simulation:
  device: cpu
  num_realizations: 2
  num_timesteps: 8
execution: {chunk: 4, realization_block: 2, segment: 4}
dataset:
  output_path: datasets/x.h5
";

/// What [`BASE`] comes to.
pub const BASE_ARTIFACTS: &str =
    "parameters 8, weights 2, initial_conditions 2, rollout 4, dataset 1";

/// `spinlock` as cargo built it for these tests.
pub const SPINLOCK: &str = env!("CARGO_BIN_EXE_spinlock");

/// The worker beside `spinlock`.
///
/// # Panics
/// If it is not there.
pub fn worker() -> PathBuf {
    let path = Path::new(SPINLOCK).with_file_name("spinlock-worker");
    assert!(
        path.is_file(),
        "these tests need `{}`: run `make test`, or first `cargo build --release \
         --no-default-features --features torch --bin spinlock-worker`",
        path.display()
    );
    path
}

/// A temporary project with one experiment.
pub struct TestSpace {
    folder: tempfile::TempDir,
}

impl TestSpace {
    /// A project with [`BASE`] as its experiment.
    pub fn new() -> Self {
        Self::with(BASE)
    }

    /// A project with this experiment.
    pub fn with(text: &str) -> Self {
        worker();
        let space = Self { folder: tempfile::tempdir().unwrap() };
        space.write("experiments/x.yaml", text);
        space
    }

    /// A project with [`BASE`], changed: each pair is replaced as by [`TestSpace::edit`].
    pub fn changed(edits: &[(&str, &str)]) -> Self {
        let space = Self::new();
        space.edits(edits);
        space
    }

    /// The project root.
    pub fn root(&self) -> &Path {
        self.folder.path()
    }

    /// A path in the project.
    pub fn path(&self, name: &str) -> PathBuf {
        self.root().join(name)
    }

    /// Writes a file of the project.
    pub fn write(&self, name: &str, text: impl AsRef<[u8]>) {
        let path = self.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    /// The text of a file of the project.
    pub fn read(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).unwrap()
    }

    /// Replaces a text that occurs once in the experiment.
    #[track_caller]
    pub fn edit(&self, from: &str, to: &str) {
        let text = self.read("experiments/x.yaml");
        assert_eq!(text.matches(from).count(), 1, "`{from}` in\n{text}");
        self.write("experiments/x.yaml", text.replace(from, to));
    }

    /// Several edits.
    #[track_caller]
    pub fn edits(&self, edits: &[(&str, &str)]) {
        for (from, to) in edits {
            self.edit(from, to);
        }
    }

    /// `spinlock`, ready to start in the project, with nothing of this process's own settings.
    pub fn command<S: AsRef<OsStr>>(&self, args: &[S]) -> Command {
        self.program(SPINLOCK, args)
    }

    /// Any program, as [`TestSpace::command`] starts `spinlock`.
    pub fn program<S: AsRef<OsStr>>(&self, program: impl AsRef<OsStr>, args: &[S]) -> Command {
        let mut command = Command::new(program);
        command.args(args).current_dir(self.root()).env("NO_COLOR", "1");
        command.env_remove("SPINLOCK_CACHE").env_remove("SPINLOCK_WORKER");
        command
    }

    /// Runs `spinlock` with these arguments.
    pub fn run<S: AsRef<OsStr>>(&self, args: &[S]) -> Ran {
        finish(self.command(args))
    }

    /// Runs `spinlock`, which must succeed, and reads its standard output as JSON.
    #[track_caller]
    pub fn json<S: AsRef<OsStr>>(&self, args: &[S]) -> Value {
        self.run(args).ok().json()
    }

    /// Builds the experiment with one worker.
    #[track_caller]
    pub fn build(&self) -> Built {
        self.build_with(&["-j1"])
    }

    /// Builds the experiment with further arguments.
    #[track_caller]
    pub fn build_with(&self, args: &[&str]) -> Built {
        let args = [&["build", "experiments/x", "--json"], args].concat();
        Built(self.json(&args))
    }

    /// What is left to make: `weights 1, dataset 1`, counted by `plan --json`.
    #[track_caller]
    pub fn stale(&self, args: &[&str]) -> String {
        let plan = self.json(&[&["plan", "experiments/x", "--json"], args].concat());
        counts(&plan["by_kind"], |kind| count(&kind["stale"]) + count(&kind["blocked"]))
    }

    /// One operator of the data set.
    #[track_caller]
    pub fn row(&self, index: usize) -> Value {
        self.json(&["info", "experiments/x", "--json", "--row", &index.to_string()])
    }

    /// The one file of `folder`, at any depth, whose path has all these texts in it, or the first of
    /// several in the order of their names.
    #[track_caller]
    pub fn find(&self, folder: &str, texts: &[&str]) -> PathBuf {
        let mut found: Vec<PathBuf> = files(&self.path(folder))
            .into_iter()
            .filter(|path| texts.iter().all(|text| path.to_string_lossy().contains(text)))
            .collect();
        found.sort();
        found.into_iter().next().unwrap_or_else(|| panic!("no {texts:?} in {folder}"))
    }

    /// Writes an executable script. In a process of its own: a file that this one holds open for
    /// writing cannot be started, and a test beside this one may start a process, which inherits
    /// what is open, at any moment.
    pub fn script(&self, name: &str, text: &str) -> PathBuf {
        let path = self.path(name);
        let write = "printf %s \"$1\" > \"$2\" && chmod +x \"$2\"";
        let path_text = path.to_str().unwrap();
        finish(self.program("sh", &["-c", write, "sh", text, path_text])).ok();
        path
    }

    /// Every file below the project with a hash of its content: nothing was written if it stays the
    /// same.
    pub fn content(&self) -> Vec<(PathBuf, blake3::Hash)> {
        let mut all: Vec<_> = files(self.root())
            .into_iter()
            .map(|path| (path.clone(), blake3::hash(&fs::read(path).unwrap())))
            .collect();
        all.sort_by(|a, b| a.0.cmp(&b.0));
        all
    }
}

/// All files below a folder.
pub fn files(folder: &Path) -> Vec<PathBuf> {
    walkdir::WalkDir::new(folder)
        .into_iter()
        .map(Result::unwrap)
        .filter(|entry| entry.file_type().is_file())
        .map(walkdir::DirEntry::into_path)
        .collect()
}

/// Turns one bit of a file around, write-protected or not.
#[track_caller]
pub fn damage(path: &Path, at: usize) {
    use std::os::unix::fs::PermissionsExt;
    let mut bytes = fs::read(path).unwrap();
    bytes[at] ^= 4;
    fs::set_permissions(path, fs::Permissions::from_mode(0o644)).unwrap();
    fs::write(path, bytes).unwrap();
}

/// Runs a command to its end.
pub fn finish(mut command: Command) -> Ran {
    Ran::from(command.output().unwrap_or_else(|error| panic!("{command:?}: {error}")))
}

/// What a program did.
#[derive(Debug)]
pub struct Ran {
    /// Its exit code; none if a signal ended it.
    pub code: Option<i32>,
    pub stdout: String,
    pub stderr: String,
}

impl From<Output> for Ran {
    fn from(output: Output) -> Self {
        Self {
            code: output.status.code(),
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
        }
    }
}

impl Ran {
    /// It succeeded.
    #[track_caller]
    pub fn ok(self) -> Self {
        assert_eq!(self.code, Some(0), "{}{}", self.stdout, self.stderr);
        self
    }

    /// It ended with this code, and its message has all these texts in it.
    #[track_caller]
    pub fn fails(self, code: i32, texts: &[&str]) -> Self {
        assert_eq!(self.code, Some(code), "{}{}", self.stdout, self.stderr);
        self.says(texts)
    }

    /// Its messages have all these texts in them.
    #[track_caller]
    pub fn says(self, texts: &[&str]) -> Self {
        for text in texts {
            assert!(self.stderr.contains(text), "no `{text}` in\n{}", self.stderr);
        }
        self
    }

    /// Its standard output as JSON of the first schema.
    #[track_caller]
    pub fn json(&self) -> Value {
        let value: Value = serde_json::from_str(&self.stdout)
            .unwrap_or_else(|error| panic!("{error}: {}{}", self.stdout, self.stderr));
        assert_eq!(value["schema"], 1, "{value}");
        value
    }
}

/// The answer of `build --json`.
#[derive(Debug)]
pub struct Built(pub Value);

impl Built {
    /// Artifacts made, kinds with none left out: `weights 1, dataset 1`.
    pub fn built(&self) -> String {
        counts(&self.0["built"], count)
    }

    /// Artifacts that were there, as [`Built::built`].
    pub fn cached(&self) -> String {
        counts(&self.0["cached"], count)
    }

    /// Exactly these were made, and exactly these were there.
    #[track_caller]
    pub fn is(&self, built: &str, cached: &str) -> &Self {
        assert_eq!((&*self.built(), &*self.cached()), (built, cached), "(built, cached)");
        self
    }

    /// Digest of the data set.
    #[track_caller]
    pub fn digest(&self) -> String {
        let digest = self.0["outputs"][0]["digest"].as_str().expect("a data set was made");
        assert_eq!(self.0["outputs"][0]["kind"], "dataset");
        assert!(digest.len() == 64 && digest.bytes().all(|c| c.is_ascii_hexdigit()), "{digest}");
        digest.to_owned()
    }
}

/// A whole number of JSON.
#[track_caller]
pub fn count(value: &Value) -> u64 {
    value.as_u64().unwrap_or_else(|| panic!("no whole number: {value}"))
}

/// Counts by kind in the order of the answer, without zeros.
fn counts(by_kind: &Value, count: impl Fn(&Value) -> u64) -> String {
    let mut out = String::new();
    for (kind, value) in by_kind.as_object().expect("counts by kind") {
        let number = count(value);
        if number > 0 {
            let comma = if out.is_empty() { "" } else { ", " };
            let _ = write!(out, "{comma}{kind} {number}");
        }
    }
    out
}
