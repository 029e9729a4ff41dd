//! What subcommands share: where things are, and an experiment with its options.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use crate::cache::Cache;
use crate::config::{self, Experiment};
use crate::error::{Error, Result};
use crate::exec::process::find_worker;
use crate::profile::Profile;
use crate::project::{Project, choose_profile, encoder_for};
use crate::render::spec::Export;

/// Options of every subcommand.
#[derive(Debug, clap::Args)]
pub struct Global {
    /// Act as if started in this folder
    #[arg(short = 'C', value_name = "DIR", global = true)]
    folder: Option<PathBuf>,
    /// Folder of the cache [default: `SPINLOCK_CACHE`, or `cache` at the project root]
    #[arg(long, value_name = "DIR", global = true)]
    cache: Option<PathBuf>,
    /// Allow paths in experiments that leave the project
    #[arg(long, global = true)]
    allow_outside: bool,
}

impl Global {
    /// The project.
    pub fn project(&self) -> Result<Project> {
        Project::find(self.folder.as_deref().unwrap_or(Path::new(".")))
    }

    /// Whether paths in experiments may leave the project.
    pub fn allows_outside(&self) -> bool {
        self.allow_outside
    }

    /// A path as typed: relative to the folder that -C names, if it names one.
    pub fn path(&self, typed: &Path) -> PathBuf {
        match &self.folder {
            Some(folder) => folder.join(typed),
            None => typed.to_owned(),
        }
    }

    /// The cache of the project, perhaps still to be made.
    pub fn cache(&self, project: &Project) -> Result<Arc<Cache>> {
        let given = self.cache.as_ref().map(|cache| self.path(cache));
        Cache::look(project.cache_folder(given.as_deref())).map(Arc::new)
    }
}

/// Changes to an experiment for one command.
#[derive(Debug, Default, clap::Args)]
pub struct Overrides {
    /// Change a value: `--set simulation.num_realizations=5`; may be given several times
    #[arg(long, value_name = "KEY=VALUE")]
    pub set: Vec<String>,
    /// Where to compute: auto, cpu, cuda, cuda:0, cuda:0,1
    #[arg(long)]
    pub device: Option<String>,
    /// Precision of the convolutions: auto, float32, float16, bfloat16
    #[arg(long)]
    pub precision: Option<String>,
    /// Plan for another machine: its numerics profile by name, as `config show` prints it
    #[arg(long, value_name = "NAME")]
    pub profile: Option<String>,
}

/// An experiment with the machine it is planned for.
pub struct Loaded {
    /// The project.
    pub project: Project,
    /// The experiment.
    pub experiment: Experiment,
    /// The numerics profile.
    pub profile: Profile,
    /// The cache.
    pub cache: Arc<Cache>,
}

/// The request for an experiment.
pub fn request(
    project: &Project,
    experiment: &Path,
    overrides: &Overrides,
    global: &Global,
) -> config::Request {
    config::Request {
        path: global.path(experiment),
        root: project.root.clone(),
        sets: overrides.set.clone(),
        device: overrides.device.clone(),
        precision: overrides.precision.clone(),
        allow_outside: global.allow_outside,
    }
}

/// Loads an experiment and decides where it runs; says on standard error what the person should know.
pub fn load(experiment: &Path, overrides: &Overrides, global: &Global) -> Result<Loaded> {
    let (loaded, warnings) = load_from(experiment, overrides, global, &mut Vec::new())?;
    for warning in warnings {
        eprintln!("{}", super::style::warning(&warning));
    }
    Ok(loaded)
}

/// As [`load`], with what the person should know. Adds the files that the experiment is read from to
/// `files`, also if there are faults in them.
pub fn load_from(
    experiment: &Path,
    overrides: &Overrides,
    global: &Global,
    files: &mut Vec<PathBuf>,
) -> Result<(Loaded, Vec<String>)> {
    let project = global.project()?;
    let (experiment, mut read) =
        config::load_from(&request(&project, experiment, overrides, global));
    files.append(&mut read);
    let experiment = experiment?;
    let cache = global.cache(&project)?;
    let (profile, warnings) = machine_called(&experiment, &cache, overrides.profile.as_deref())?;
    Ok((Loaded { project, experiment, profile, cache }, warnings))
}

/// The machine that an experiment is planned for, with what a person should know about it.
pub fn machine(experiment: &Experiment, cache: &Cache) -> Result<(Profile, Vec<String>)> {
    machine_called(experiment, cache, None)
}

fn machine_called(
    experiment: &Experiment,
    cache: &Cache,
    name: Option<&str>,
) -> Result<(Profile, Vec<String>)> {
    let simulation = &experiment.simulation;
    let worker = find_worker().ok();
    let (mut profile, note) =
        choose_profile(&simulation.device, simulation.precision, cache, worker.as_deref())?;
    if let Some(name) = name {
        profile = Profile::named(name, simulation.precision);
    }
    let mut warnings: Vec<String> =
        note.into_iter().chain(profile.replaced(simulation.precision)).collect();
    profile.encoder = encoder_for(experiment, &profile, cache)?;
    let has_film = experiment.renders.iter().any(|r| r.spec.exports.contains(&Export::Mp4));
    if has_film && profile.encoder.is_none() {
        let warning = "no `ffmpeg` here encodes H.264: renders become GIF instead of MP4";
        warnings.push(warning.to_owned());
    }
    Ok((profile, warnings))
}

/// Set by the first Ctrl-C, or by being asked to end. The second one ends the program at once: the cache
/// is whole at every moment, and so are data sets.
///
/// # Errors
/// If the system refuses to listen.
pub fn interrupts() -> Result<Arc<AtomicBool>> {
    let interrupt = Arc::new(AtomicBool::new(false));
    for signal in [signal_hook::consts::SIGINT, signal_hook::consts::SIGTERM] {
        signal_hook::flag::register_conditional_shutdown(signal, 130, Arc::clone(&interrupt))
            .and_then(|_| signal_hook::flag::register(signal, Arc::clone(&interrupt)))
            .map_err(|e| Error::environment(format!("cannot listen to Ctrl-C: {e}")))?;
    }
    Ok(interrupt)
}

/// The one artifact of a plan that `name` means: a label, a key, or a unique beginning of either.
pub fn find_node(graph: &crate::graph::Graph, name: &str) -> Result<usize> {
    let mut begins = Vec::new();
    for (at, node) in graph.iter() {
        let (label, key) = (node.label(), node.key.to_string());
        if label == name || key == name {
            return Ok(at);
        }
        if label.starts_with(name) || (name.len() >= 4 && key.starts_with(name)) {
            begins.push((at, label));
        }
    }
    match begins.as_slice() {
        [(at, _)] => Ok(*at),
        [] => Err(Error::usage(format!("no artifact is called `{name}`"))
            .help("`spinlock plan --all` lists labels and keys")),
        several => {
            let some: Vec<&str> = several.iter().take(5).map(|(_, label)| label.as_str()).collect();
            Err(Error::usage(format!("`{name}` is the beginning of {} labels", several.len()))
                .help(format!("for instance {}", some.join(", "))))
        }
    }
}

/// A text that YAML reads as a text, whatever it looks like.
pub fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}
