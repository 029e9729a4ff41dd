//! Who computes: the worker program, and how many workers stand where.

use std::path::{Path, PathBuf};
use std::time::Duration;

use super::protocol::Hello;
use crate::config::{self, Experiment};
use crate::error::{Error, Result};
use crate::profile::Profile;

/// How many workers on the processors stand beside each device: more than enough to draw inputs as
/// fast as it takes them, few enough to leave memory for its states.
const BESIDE: usize = 8;

/// The workers of a build.
#[derive(Debug, Clone)]
pub struct Staff {
    /// The worker program; only needed if there is something to make.
    pub worker: Result<PathBuf, String>,
    /// Worker processes; `None` takes one per processor, or one per CUDA device and some beside it.
    pub jobs: Option<usize>,
    /// Threads of each worker on the CPU. No result depends on it.
    pub threads: u32,
    /// How long a worker may make no progress before it is stopped; `None` never stops one.
    pub stall: Option<Duration>,
}

impl Staff {
    /// The worker program.
    ///
    /// # Errors
    /// If there is none, with how to get it.
    pub fn program(&self) -> Result<PathBuf> {
        self.worker.clone().map_err(|message| {
            Error::environment(message).help(
                "it computes, and is built with libtorch: run `make build` (or `make install`) in \
                 the checkout of spinlock; planning and reading work without it",
            )
        })
    }

    /// What each worker is told that is to make artifacts of `experiment` in the cache at `cache`.
    pub fn hellos(
        &self,
        root: &Path,
        experiment: &Experiment,
        profile: &Profile,
        cache: &Path,
    ) -> Vec<Hello> {
        let hello = |cuda, portable| Hello {
            version: env!("CARGO_PKG_VERSION").to_owned(),
            root: root.to_owned(),
            snapshot: config::snapshot(experiment),
            profile: profile.name.to_string(),
            precision: profile.precision.name().to_owned(),
            encoder: profile.encoder.as_deref().map(str::to_owned),
            cuda,
            portable,
            threads: self.threads,
            cache: cache.to_owned(),
            compression: experiment.dataset.compression,
        };
        match profile.cuda.as_slice() {
            [] => vec![hello(None, false); self.jobs.unwrap_or_else(processors)],
            devices => {
                // A device is one worker; more jobs than devices would only share it. Beside them, the
                // processors draw what the devices need next.
                let jobs = self.jobs.unwrap_or(usize::MAX).max(1);
                let devices = devices.iter().take(jobs);
                let mut hellos: Vec<Hello> = devices.map(|id| hello(Some(*id), false)).collect();
                let free = processors().saturating_sub(hellos.len()).max(1);
                hellos.extend(vec![hello(None, true); free.min(BESIDE * hellos.len()).min(jobs)]);
                hellos
            }
        }
    }
}

fn processors() -> usize {
    std::thread::available_parallelism().map_or(1, std::num::NonZero::get)
}
