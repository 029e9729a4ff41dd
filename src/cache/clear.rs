//! What `gc` clears besides entries: unfinished work, what was set aside as damaged, old event logs, records of
//! outputs that are gone.
//!
//! Invariant: nothing that a running build writes, and nothing that it may go on from.

use std::path::Path;
use std::time::{Duration, SystemTime};

use super::gc::{GcOptions, GcReport, is_older};
use super::layout::{self, children, in_use, size_of};
use super::needed::{Needed, RUNNING};
use super::{Cache, OutputRecord, plain, scratch};
use crate::error::Result;
use crate::key::Key;

/// So many of the newest logs and traces stay whatever their age: two files a build.
const LOGS: usize = 100;
/// Others stay so long, unless another age is asked for.
const LOG_AGE: Duration = Duration::from_hours(30 * 24);

impl Cache {
    /// Clears what is no entry, as the options say.
    pub(super) fn clear(
        &self,
        options: &GcOptions,
        needed: &Needed,
        now: SystemTime,
        report: &mut GcReport,
    ) -> Result<()> {
        report.staging_bytes = self.clear_staging(options, needed, now)?;
        if !options.kinds.is_empty() {
            return Ok(());
        }
        for folder in ["quarantine", scratch::DIFFERING] {
            for child in children(&self.root().join(folder))? {
                report.quarantine_bytes += clear(&child.path(), options, now)?;
            }
        }
        for path in scratch::leftovers(self.root())? {
            report.staging_bytes += clear(&path, options, now)?;
        }
        report.log_bytes = self.clear_logs(options, now)?;
        for record in self.outputs()? {
            if is_gone(&record) {
                report.outputs_forgotten += 1;
                if !options.dry_run {
                    self.forget_output(&record.path)?;
                }
            }
        }
        Ok(())
    }

    /// Removes what unfinished builds left, unless they are running.
    fn clear_staging(&self, options: &GcOptions, needed: &Needed, now: SystemTime) -> Result<u64> {
        let mut freed = 0;
        for kind in children(&self.root().join("staging"))? {
            if !plain::is_folder(&kind.path()) {
                continue;
            }
            for folder in children(&kind.path())? {
                let names = (kind.file_name().into_string(), folder.file_name().into_string());
                let (Ok(kind), Ok(key)) = names else { continue };
                let Ok(key) = key.parse::<Key>() else { continue };
                if !options.takes(&kind) || needed.why(&key) & RUNNING != 0 {
                    continue;
                }
                if let Some(_free) = self.sweep_lock(&kind, &key, options.dry_run)? {
                    freed += clear(&folder.path(), options, now)?;
                }
            }
        }
        Ok(freed)
    }

    /// Removes old logs and traces of builds that are over; names begin with the time.
    fn clear_logs(&self, options: &GcOptions, now: SystemTime) -> Result<u64> {
        let mut logs = children(&self.root().join("log"))?;
        logs.retain(|file| {
            let name = file.file_name();
            let name = name.to_string_lossy();
            name.ends_with(".jsonl") || name.ends_with(".trace.json")
        });
        logs.truncate(logs.len().saturating_sub(LOGS));
        let age = Some(options.max_age.unwrap_or(LOG_AGE));
        let mut freed = 0;
        for file in logs {
            let path = file.path();
            let written = file.metadata().and_then(|about| about.modified()).ok();
            if is_older(written, age, now) && !in_use(&path)? {
                freed += size_of(&path);
                if !options.dry_run {
                    layout::remove(&path)?;
                }
            }
        }
        Ok(freed)
    }
}

/// Whether an output is gone, as far as can be seen: its folder may lie on another machine.
fn is_gone(record: &OutputRecord) -> bool {
    record.path.parent().is_some_and(Path::is_dir) && record.path.symlink_metadata().is_err()
}

/// Removes a path if it is old enough; the bytes freed.
fn clear(path: &Path, options: &GcOptions, now: SystemTime) -> Result<u64> {
    let modified = path.symlink_metadata().and_then(|m| m.modified()).ok();
    if options.max_age.is_some() && !is_older(modified, options.max_age, now) {
        return Ok(0);
    }
    let bytes = size_of(path);
    if !options.dry_run {
        layout::remove(path)?;
    }
    Ok(bytes)
}
