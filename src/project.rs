//! Where things are: the project root, the cache, the worker's probe.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::Arc;
use std::time::Duration;

use crate::cache::Cache;
use crate::child;
use crate::config::{Device, DeviceChoice, Experiment};
use crate::effect;
use crate::encode::Ffmpeg;
use crate::error::{Error, IoContext, Result};
use crate::operator::rollout::Precision;
use crate::profile::{Probe, Profile, no_cuda, worker_command};
use crate::render::spec::Export;

/// A project: the folder that experiment files and outputs are relative to.
#[derive(Debug, Clone)]
pub struct Project {
    /// Absolute.
    pub root: PathBuf,
}

impl Project {
    /// The nearest ancestor of `start` that has an `experiments` folder, else `start` itself.
    ///
    /// # Errors
    /// If there is no such folder.
    pub fn find(start: &Path) -> Result<Self> {
        let start = start.canonicalize().map_err(|e| {
            let mut error = Error::io("enter", start, e);
            error.kind = crate::error::ErrorKind::Usage;
            error.help("name an existing folder with -C")
        })?;
        let root = start.ancestors().find(|folder| folder.join("experiments").is_dir());
        Ok(Self { root: root.unwrap_or(&start).to_owned() })
    }

    /// The folder of the cache: what the command line says, else `SPINLOCK_CACHE`, else `cache` here.
    pub fn cache_folder(&self, given: Option<&Path>) -> PathBuf {
        match given {
            Some(folder) => folder.to_owned(),
            None => std::env::var_os("SPINLOCK_CACHE")
                .map_or_else(|| self.root.join("cache"), PathBuf::from),
        }
    }
}

const DRIVER: &str = "/proc/driver/nvidia/version";

/// The numerics profile for what the experiment and the command line ask for, and what the person
/// should be told about it.
///
/// # Errors
/// If CUDA is insisted on and cannot be had, or the worker cannot be asked.
pub fn choose_profile(
    device: &Device,
    precision: Precision,
    cache: &Cache,
    worker: Option<&Path>,
) -> Result<(Profile, Option<String>)> {
    let wanted = match &device.choice {
        DeviceChoice::Cpu => return Ok((Profile::cpu(precision)?, None)),
        DeviceChoice::Auto => Vec::new(),
        DeviceChoice::Cuda(ids) => ids.clone(),
    };
    let asked = device.choice != DeviceChoice::Auto;
    let probe = match worker {
        // Without a driver there is no device to ask a worker about.
        Some(worker) if Path::new(DRIVER).exists() => Some(probe(cache, worker)?),
        _ => None,
    };
    match probe.filter(|probe| !probe.cuda.is_empty()) {
        Some(probe) => Ok((Profile::cuda(&probe, &wanted, precision)?, None)),
        None if asked && device.insist => Err(no_cuda("this machine has no CUDA device")),
        None => {
            let note = "this machine has no CUDA device: `simulation.device: cuda` runs on the CPU";
            Ok((Profile::cpu(precision)?, asked.then(|| note.to_owned())))
        }
    }
}

/// What encodes the video of an experiment here, if it asks for any.
///
/// # Errors
/// As [`encoder`].
pub fn encoder_for(
    experiment: &Experiment,
    profile: &Profile,
    cache: &Cache,
) -> Result<Option<Arc<str>>> {
    let has_film = experiment.renders.iter().any(|r| r.spec.exports.contains(&Export::Mp4));
    if has_film { encoder(cache, !profile.cuda.is_empty()) } else { Ok(None) }
}

/// What encodes video here: the `ffmpeg` of the search path, if it is there and has been seen to encode;
/// tried once per program and driver.
///
/// # Errors
/// If the program cannot be looked at.
pub fn encoder(cache: &Cache, on_cuda: bool) -> Result<Option<Arc<str>>> {
    let paths = std::env::var_os("PATH").unwrap_or_default();
    let programs = std::env::split_paths(&paths).map(|folder| folder.join("ffmpeg"));
    let Some(program) = programs.into_iter().find(|program| program.is_file()) else {
        return Ok(None);
    };
    let about = fs::metadata(&program).io("look at", &program)?;
    let driver = fs::read_to_string(DRIVER).unwrap_or_default();
    let identity =
        format!("{}\n{} {}\n{on_cuda} {driver}", program.display(), about.len(), about.mtime());
    let name = blake3::hash(identity.as_bytes()).to_hex();
    let path = cache.root().join("probe").join(format!("{name}.txt"));
    if path.is_file()
        && let Ok(known) = fs::read_to_string(&path)
    {
        return Ok(Some(known.into()));
    }
    let Some(found) = Ffmpeg::find("ffmpeg", None, on_cuda)?.map(|ffmpeg| ffmpeg.identity()) else {
        return Ok(None);
    };
    // Only saves trying again.
    let _ = crate::picture::file::write(&path, found.as_bytes());
    Ok(Some(found.into()))
}

/// How long a worker may take to look at the devices.
const PROBE: Duration = Duration::from_mins(2);

/// What the worker says about libraries and devices; asked once per worker binary and driver.
fn probe(cache: &Cache, worker: &Path) -> Result<Probe> {
    let about = fs::metadata(worker).io("look at", worker)?;
    let driver = fs::read_to_string(DRIVER).unwrap_or_default();
    let identity = format!(
        "{}\n{} {} {}\n{driver}",
        worker.display(),
        about.len(),
        about.mtime(),
        about.mtime_nsec()
    );
    let name = blake3::hash(identity.as_bytes()).to_hex();
    let path = cache.root().join("probe").join(format!("{name}.json"));
    let known = path
        .is_file()
        .then(|| fs::read(&path).ok())
        .flatten()
        .and_then(|text| serde_json::from_slice(&text).ok());
    if let Some(probe) = known {
        return Ok(probe);
    }
    let mut command = worker_command(worker);
    command.arg("--probe").stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let started = effect::spawn("project.probe.spawn", &mut command).io("start", worker)?;
    let output = child::finish(started, Vec::new(), PROBE);
    if output.stopped {
        return Err(Error::environment(format!(
            "`{} --probe` said nothing for {} s; it was stopped",
            worker.display(),
            PROBE.as_secs()
        ))
        .help(
            "is a device stuck, or the disk that holds it slow? see whether `nvidia-smi` answers",
        ));
    }
    let probe: Probe = serde_json::from_slice(&output.stdout).map_err(|_| {
        Error::environment(format!(
            "`{} --probe` failed: {}",
            worker.display(),
            String::from_utf8_lossy(&output.stderr).trim()
        ))
        .help("run `make build` in the checkout of spinlock, which fetches libtorch")
    })?;
    // Only saves asking again: a cache that cannot be written is asked again.
    let _ = crate::picture::file::write(&path, &output.stdout);
    Ok(probe)
}
