//! What `spinlock` and `spinlock-worker` say to each other: one JSON object per line.
//!
//! There is no serialised plan. The worker gets the resolved experiment, plans it again, and is told
//! keys; a key that its own plan does not have means that the two programs differ.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::error::{Error, ErrorKind};
use crate::key::Key;
use crate::profile::Profile;

/// The first line a worker gets.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Hello {
    /// Version of `spinlock`; the worker refuses another one.
    pub version: String,
    /// The project root.
    pub root: PathBuf,
    /// The resolved experiment.
    pub snapshot: serde_json::Value,
    /// Name of the numerics profile, which the worker checks.
    pub profile: String,
    /// Precision of the convolutions.
    pub precision: String,
    /// What encodes video, as the planner found it.
    pub encoder: Option<String>,
    /// CUDA device, or none for the CPU.
    pub cuda: Option<u32>,
    /// It makes only what is the same on every machine, beside workers with devices: it needs none,
    /// and takes the profile as named.
    pub portable: bool,
    /// Threads to compute with.
    pub threads: u32,
    /// The cache.
    pub cache: PathBuf,
    /// Level of the deflate filter for arrays, if they are to be encoded.
    pub compression: Option<u8>,
}

impl Hello {
    /// Whether this profile is the one that was planned for.
    pub fn agrees_with(&self, profile: &Profile) -> bool {
        *self.profile == *profile.name && self.precision == profile.precision.name()
    }

    /// What the worker can be given.
    pub fn takes(&self) -> Takes {
        match (self.portable, self.cuda) {
            (true, _) => Takes::Portable,
            (false, Some(_)) => Takes::Device,
            (false, None) => Takes::Anything,
        }
    }
}

/// What work a worker can be given.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Takes {
    /// A worker on the CPU: all of it.
    Anything,
    /// A worker beside devices: what is the same on every machine.
    Portable,
    /// A worker with a device: only what is computed there, so that the device never waits for a
    /// processor that draws random fields.
    Device,
}

/// A piece of work: some operators of some artifacts.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Job {
    /// Its number.
    pub id: u64,
    /// The artifacts, which share their operators.
    pub keys: Vec<Key>,
    /// Positions of the operators within the artifact: from, to.
    pub units: (usize, usize),
    /// Of rollouts: the features that are to be made of them next, so that the worker takes what they
    /// need while the states are in memory.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub looks: Vec<Key>,
}

/// What a worker answers.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reply {
    /// It has planned and waits for jobs.
    Ready,
    /// It goes on; at most about once a second, and only if its marks moved since the last time.
    Alive {
        /// Number of the job that it is at, if any.
        id: Option<u64>,
        /// A counter that moves with everything that gets done.
        marks: u64,
        /// What it is doing, in words.
        doing: String,
    },
    /// The parts of a job are written: one name for each key, in order.
    Done {
        /// Number of the job.
        id: u64,
        /// Names of the parts.
        parts: Vec<String>,
        /// Seconds spent, all in all.
        seconds: f64,
    },
    /// The job failed, and the worker waits for the next one; without a number, the worker cannot
    /// start at all.
    Failed {
        /// Number of the job.
        id: Option<u64>,
        /// Why.
        error: Failure,
    },
}

/// An error on its way between processes.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Failure {
    /// Exit code of its kind.
    pub code: u8,
    /// What is wrong.
    pub message: String,
    /// What to do.
    pub help: Option<String>,
}

impl From<&Error> for Failure {
    fn from(error: &Error) -> Self {
        Self {
            code: error.kind.exit_code(),
            message: error.message.clone(),
            help: error.help.clone(),
        }
    }
}

impl From<Failure> for Error {
    fn from(failure: Failure) -> Self {
        let kind = match failure.code {
            2 => ErrorKind::Usage,
            3 => ErrorKind::Environment,
            4 => ErrorKind::Integrity,
            _ => ErrorKind::Artifact,
        };
        let mut error = Error::new(kind, failure.message);
        error.help = failure.help;
        error
    }
}

/// The name of the part that holds these units; a build that goes on reads the units from it.
pub fn part_name(units: (usize, usize)) -> String {
    format!("u{}-{}", units.0, units.1)
}

/// The units of a part, from its name.
pub fn part_units(name: &str) -> Option<(usize, usize)> {
    let (from, to) = name.strip_prefix('u')?.split_once('-')?;
    Some((from.parse().ok()?, to.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_name_tells_its_units() {
        assert_eq!(part_units(&part_name((3, 17))), Some((3, 17)));
        assert_eq!(part_units("leaves"), None);
    }
}
