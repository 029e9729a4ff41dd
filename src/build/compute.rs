//! The stage of a build in which workers make what is missing.

use std::sync::Arc;

use super::Request;
use crate::cache::Cache;
use crate::config::Experiment;
use crate::error::Result;
use crate::exec::log::EventLog;
use crate::exec::progress::Progress;
use crate::exec::{self, Outcome};
use crate::plan::Plan;
use crate::profile::Profile;
use crate::project::Project;

/// Makes what is missing.
#[expect(clippy::too_many_arguments, reason = "the parts of one build, each of its own type")]
pub fn make(
    project: &Project,
    experiment: &Experiment,
    profile: &Profile,
    cache: &Cache,
    request: &Request,
    plan: &Plan,
    progress: &mut dyn Progress,
    log: &mut EventLog,
) -> Result<Outcome> {
    let to_make = plan.to_make(&request.only);
    if to_make.is_empty() {
        return Ok(Outcome::default());
    }
    let worker = request.staff.program()?;
    let hellos = request.staff.hellos(&project.root, experiment, profile, cache.root());
    let options = exec::Options {
        worker,
        hellos,
        keep_going: request.keep_going,
        stall: request.staff.stall,
        interrupt: Arc::clone(&request.interrupt),
        drain: Arc::clone(&request.drain),
    };
    exec::run(plan, &to_make, cache, &options, progress, log)
}
