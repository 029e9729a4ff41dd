//! Experiment files: from a name on the command line to a resolved [`Experiment`], or every fault at
//! once.
//!
//! The way goes `locate` (name to file) → `document` (`extends`, `--set`, interpolation: one tree whose
//! every part knows its place) → `schema` (the table of keys) → `read` (typed, checked, defaults
//! filled) → [`Experiment`]. Invariant: an [`Experiment`] has no faults. It does not plan, and makes no
//! files or folders.

pub mod experiment;
pub mod locate;
pub mod schema;

mod canonical;
mod document;
mod edits;
mod interpolate;
mod origins;
mod read;
mod recorded;
mod source;
mod tree;

#[cfg(all(test, feature = "front"))]
pub(crate) use tree::to_json;

use std::path::{Path, PathBuf};
use std::sync::Arc;

pub use canonical::{canonical, features as canonical_features, leaves};
pub use edits::{Edit, Places, between, edits};
pub use experiment::{
    Dataset, Device, DeviceChoice, Execution, Experiment, Features, InputEntry, Layout, Render,
    Sampling, Simulation, StoredDtype,
};
pub use origins::{Line, origins};
pub use recorded::{Rebuild, from_canonical, from_recorded, recorded};
pub use schema::{document, json_schema};

use document::{Loader, Override};
use locate::Bounds;
use read::Resolved;
use source::Sources;

use crate::error::{Error, Result};
use crate::node::{Content, Faults, Node};
use crate::render::spec::Shape;

/// Which experiment, and what the command line says about it.
#[derive(Debug, Clone, Default)]
pub struct Request {
    /// The experiment as typed.
    pub path: PathBuf,
    /// The project root.
    pub root: PathBuf,
    /// `--set`: `a.b=value`.
    pub sets: Vec<String>,
    /// `--device`: then a missing device is an error.
    pub device: Option<String>,
    /// `--precision`.
    pub precision: Option<String>,
    /// `--allow-outside`: paths may leave the project.
    pub allow_outside: bool,
}

/// A document with what it was read from.
struct Loaded {
    file: PathBuf,
    tree: Node,
    sources: Sources,
    faults: Faults,
}

/// Reads and resolves an experiment.
///
/// # Errors
/// A usage error with every fault found, each with its place; [`Error::io`] for a file that cannot be
/// read.
pub fn load(request: &Request) -> Result<Experiment> {
    load_from(request).0
}

/// As [`load`]; also gives the files that the experiment was read from, whether or not it has faults:
/// it, what it extends, and files that it names and that are not there. None if there is no such
/// experiment.
pub fn load_from(request: &Request) -> (Result<Experiment>, Vec<PathBuf>) {
    let mut files = Vec::new();
    let result = read_document(request, &mut files)
        .and_then(|loaded| resolve(loaded, request))
        .map(|(experiment, _)| experiment);
    (result, files)
}

/// As [`load`], of a text in place of the file that the request names.
///
/// # Errors
/// As [`load`].
pub fn load_text(text: &[u8], request: &Request) -> Result<Experiment> {
    let bounds = Bounds { root: &request.root, allow_outside: request.allow_outside };
    let (mut sources, faults) = (Sources::default(), Faults::default());
    let sets: Vec<Override> =
        request.sets.iter().map(|text| Override { option: "--set", text: text.clone() }).collect();
    let tree = Loader::new(bounds, &mut sources, &faults).text(text, &request.path, &sets)?;
    let file = request.path.clone();
    resolve(Loaded { file, tree, sources, faults }, request).map(|(experiment, _)| experiment)
}

/// What a worker needs to resolve the same experiment again, as JSON.
pub fn snapshot(experiment: &Experiment) -> serde_json::Value {
    serde_json::json!({
        "name": experiment.name,
        "file": experiment.file.display().to_string(),
        "insist": experiment.simulation.device.insist,
        "overridden": experiment.overridden,
        "document": experiment.document,
    })
}

/// Resolves an experiment from its [`snapshot`], against the project root `root`. Where its output
/// may lie was decided when the snapshot was made.
///
/// # Errors
/// A usage error if the text is no snapshot of this version.
pub fn from_snapshot(text: &str, root: &Path) -> Result<Experiment> {
    let broken = || Error::usage("this is no snapshot of an experiment");
    let snapshot: serde_json::Value =
        serde_json::from_str(text).map_err(|error| broken().source(error))?;
    let text =
        |name: &str| snapshot.get(name).and_then(serde_json::Value::as_str).ok_or_else(broken);
    let flag =
        |name: &str| snapshot.get(name).and_then(serde_json::Value::as_bool).ok_or_else(broken);
    let loaded = Loaded {
        file: text("file")?.into(),
        tree: tree::from_json(snapshot.get("document").ok_or_else(broken)?),
        sources: Sources::default(),
        faults: Faults::default(),
    };
    let request = Request { root: root.to_owned(), allow_outside: true, ..Request::default() };
    let (mut experiment, _) = resolve(loaded, &request)?;
    text("name")?.clone_into(&mut experiment.name);
    experiment.simulation.device.insist = flag("insist")?;
    experiment.overridden = flag("overridden")?;
    Ok(experiment)
}

/// The `features` section of a file, or the default without one, with options of a command laid over
/// it, each with its name and as `features.x=value`. Of the rest of the file only the form is checked.
///
/// # Errors
/// A usage error with every fault found, each with its place, or if the file has no such section;
/// [`Error::io`] for a file that cannot be read.
pub fn features(request: &Request, options: &[(&'static str, String)]) -> Result<Features> {
    let root = std::path::absolute(&request.root)
        .map_err(|error| Error::io("find", &request.root, error))?;
    let bounds = Bounds { root: &root, allow_outside: request.allow_outside };
    let (mut sources, faults) = (Sources::default(), Faults::default());
    let sets: Vec<Override> =
        options.iter().map(|(option, text)| Override { option, text: text.clone() }).collect();
    let loader = Loader::new(bounds, &mut sources, &faults);
    let tree = if request.path.as_os_str().is_empty() {
        loader.of("{features: {}}", &sets)
    } else {
        let (file, shown) = locate::experiment(&request.path, &root)?;
        loader.load(&file, &shown, &sets)?
    };
    let wanted = if faults.is_empty() { read::features(&tree, &faults) } else { None };
    if let Some(error) = sources.error(faults.into_vec()) {
        return Err(error);
    }
    wanted.ok_or_else(|| {
        Error::usage(format!("`{}` has no section `features`", request.path.display()))
            .help("give it one, `features: {}` at least, or leave the file out")
    })
}

/// One render of states of this shape, with options of a command as its settings, each with its name and
/// as `renders.<name>.x=value`.
///
/// # Errors
/// A usage error with every fault found.
pub fn render(name: &str, options: &[(&'static str, String)], shape: &Shape) -> Result<Render> {
    let bounds = Bounds { root: Path::new("/"), allow_outside: false };
    let (mut sources, faults) = (Sources::default(), Faults::default());
    let sets: Vec<Override> =
        options.iter().map(|(option, text)| Override { option, text: text.clone() }).collect();
    let tree = Loader::new(bounds, &mut sources, &faults)
        .of(&format!("{{renders: {{{name}: {{}}}}}}"), &sets);
    let mut found =
        if faults.is_empty() { read::renders(&tree, &faults, shape) } else { Vec::new() };
    match sources.error(faults.into_vec()) {
        Some(error) => Err(error),
        None => Ok(found.pop().expect("the document has one")),
    }
}

fn read_document(request: &Request, files: &mut Vec<PathBuf>) -> Result<Loaded> {
    let root = std::path::absolute(&request.root)
        .map_err(|error| Error::io("find", &request.root, error))?;
    let bounds = Bounds { root: &root, allow_outside: request.allow_outside };
    let (file, shown) = locate::experiment(&request.path, &root)?;
    bounds.refuse_linked(&file, &shown)?;
    let mut sources = Sources::default();
    let faults = Faults::default();
    let option = |option, key: &str, value: &Option<String>| {
        value.as_ref().map(|value| Override { option, text: format!("{key}={value}") })
    };
    let mut sets: Vec<Override> =
        request.sets.iter().map(|text| Override { option: "--set", text: text.clone() }).collect();
    sets.extend(option("--device", "simulation.device", &request.device));
    sets.extend(option("--precision", "simulation.precision", &request.precision));
    let tree = Loader::new(bounds, &mut sources, &faults).load(&file, &shown, &sets);
    files.append(&mut sources.files);
    Ok(Loaded { file: shown, tree: tree?, sources, faults })
}

/// Reads the tree; also hands back tree and sources for what shows them.
fn resolve(loaded: Loaded, request: &Request) -> Result<(Experiment, (Node, Sources))> {
    let Loaded { file, tree, sources, faults } = loaded;
    let root = std::path::absolute(&request.root)
        .map_err(|error| Error::io("find", &request.root, error))?;
    let bounds = Bounds { root: &root, allow_outside: request.allow_outside };
    // A document that could not be read has one fault; reading on would only add to it.
    let empty = Node { value: Content::Null, span: tree.span };
    let readable = faults.is_empty();
    let stem = locate::stem(&file);
    let insist = request.device.is_some();
    let document = if readable { &tree } else { &empty };
    let resolved = read::resolve(document, &stem, insist, bounds, &faults);
    if let Some(error) = sources.error(faults.into_vec()) {
        return Err(error);
    }
    let Resolved {
        name,
        space,
        sampling,
        simulation,
        execution,
        features,
        renders,
        dataset,
        notes,
        ..
    } = resolved;
    let experiment = Experiment {
        name,
        file,
        document: tree::to_json(&tree),
        places: Arc::new(edits::places(&tree, &sources)),
        overridden: !request.sets.is_empty() || request.precision.is_some(),
        space,
        sampling,
        simulation,
        execution,
        features,
        renders,
        dataset,
        notes,
    };
    Ok((experiment, (tree, sources)))
}
