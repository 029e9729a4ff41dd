//! `spinlock cache …`

use std::fmt::Write;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use serde_json::json;

use super::common::{Overrides, load};
use super::{Global, print, print_json, style};
use crate::cache::{Cache, FsckOptions, GcOptions, PinRecord};
use crate::error::{Error, Result};
use crate::key::Key;
use crate::plan::Plan;
use crate::units::bytes;

/// Look after the cache
#[derive(Debug, clap::Subcommand)]
pub enum CacheCommand {
    /// Say what the cache holds
    Status(JsonArgs),
    /// Verify every stored byte; damaged entries are set aside, to be built again
    Fsck(FsckArgs),
    /// Remove entries that no lock file, pin or recent build needs
    Gc(GcArgs),
    /// Keep what an experiment needs now, whatever becomes of it
    Pin(PinArgs),
}

#[derive(Debug, clap::Args)]
pub struct JsonArgs {
    /// Print as JSON
    #[arg(long)]
    json: bool,
}

#[derive(Debug, clap::Args)]
pub struct FsckArgs {
    /// Decode every array too, and verify every state and row
    #[arg(long)]
    deep: bool,
    /// Change nothing
    #[arg(short = 'n', long)]
    dry_run: bool,
    /// Print as JSON
    #[arg(long)]
    json: bool,
}

#[derive(Debug, clap::Args)]
pub struct GcArgs {
    /// Remove only what is older than so many days
    #[arg(long, value_name = "DAYS")]
    older_than: Option<f64>,
    /// Remove the oldest until the cache is no larger: 20GB, 500MB
    #[arg(long, value_name = "SIZE", value_parser = size)]
    max_size: Option<u64>,
    /// Builds that keep what they need even without a lock file
    #[arg(long, value_name = "N", default_value_t = GcOptions::default().newest_builds)]
    keep_builds: usize,
    /// Say what would be removed, and remove nothing
    #[arg(short = 'n', long)]
    dry_run: bool,
    /// Print as JSON
    #[arg(long)]
    json: bool,
}

#[derive(Debug, clap::Args)]
pub struct PinArgs {
    /// Experiment file [default: list the pins]
    experiment: Option<PathBuf>,
    #[command(flatten)]
    overrides: Overrides,
    /// Name of the pin [default: the name of the experiment]
    #[arg(long)]
    name: Option<String>,
    /// Why it is kept
    #[arg(long, default_value = "")]
    note: String,
    /// Drop the pin of this name
    #[arg(long, value_name = "NAME", conflicts_with = "experiment")]
    remove: Option<String>,
    /// Print as JSON
    #[arg(long)]
    json: bool,
}

/// Bytes from `20GB`.
fn size(text: &str) -> Result<u64, String> {
    let units = [("TB", 1e12), ("GB", 1e9), ("MB", 1e6), ("kB", 1e3), ("B", 1.0)];
    let (number, factor) = units
        .iter()
        .find_map(|(unit, factor)| Some((text.strip_suffix(unit)?, *factor)))
        .unwrap_or((text, 1.0));
    match number.trim().parse::<f64>() {
        Ok(value) if value >= 0.0 && value.is_finite() => Ok((value * factor) as u64),
        _ => Err("a size is a number with B, kB, MB, GB or TB".into()),
    }
}

pub fn run(command: &CacheCommand, global: &Global) -> Result<ExitCode> {
    match command {
        CacheCommand::Status(args) => status(args, global),
        CacheCommand::Fsck(args) => fsck(args, global),
        CacheCommand::Gc(args) => gc(args, global),
        CacheCommand::Pin(args) => pin(args, global),
    }
}

fn status(args: &JsonArgs, global: &Global) -> Result<ExitCode> {
    let project = global.project()?;
    let cache = global.cache(&project)?;
    let status = cache.status()?;
    if args.json {
        let mut value = serde_json::to_value(&status).expect("plain numbers");
        value["schema"] = json!(1);
        value["folder"] = json!(cache.root());
        return Ok(print_json(&value));
    }
    let mut out = format!("{}\n", cache.root().display());
    for (kind, about) in &status.kinds {
        let _ = writeln!(out, "{kind:<20} {:>9} entries {:>10}", about.entries, bytes(about.bytes));
    }
    if status.kinds.is_empty() {
        out.push_str("empty\n");
    }
    if status.staging_bytes > 0 {
        let _ = writeln!(out, "unfinished work      {:>28}", bytes(status.staging_bytes));
    }
    if status.quarantined > 0 {
        let bytes = bytes(status.quarantine_bytes);
        let _ = writeln!(out, "set aside as damaged {:>9} entries {bytes:>10}", status.quarantined);
    }
    for (name, record) in cache.pins()? {
        let _ = writeln!(out, "pin {name}: {} artifacts {}", record.keys.len(), record.note);
    }
    Ok(print(&out))
}

fn fsck(args: &FsckArgs, global: &Global) -> Result<ExitCode> {
    let project = global.project()?;
    let cache = global.cache(&project)?;
    let options = FsckOptions { deep: args.deep, dry_run: args.dry_run };
    let report = cache.fsck(options, &mut |_| ())?;
    let sound = report.damaged.is_empty() && report.damaged_records.is_empty();
    if args.json {
        let mut value = serde_json::to_value(&report).expect("plain values");
        value["schema"] = json!(1);
        print_json(&value);
    } else {
        let mut out = String::new();
        for damage in &report.damaged {
            let _ = writeln!(out, "damaged: {} {}: {}", damage.kind, damage.key, damage.what);
        }
        for path in &report.damaged_records {
            let _ = writeln!(out, "damaged: {}", path.display());
        }
        for leftover in &report.leftovers {
            let what = if args.dry_run { "left over" } else { "removed" };
            let _ =
                writeln!(out, "{what}: {} ({})", leftover.path.display(), bytes(leftover.bytes));
        }
        for path in &report.foreign {
            let _ = writeln!(out, "not an entry, left alone: {}", path.display());
        }
        if report.resumable.parts > 0 {
            let bytes = bytes(report.resumable.bytes);
            let _ = writeln!(out, "unfinished work that a build goes on from: {bytes}");
        }
        let _ = writeln!(
            out,
            "{} entries, {} verified, {} damaged",
            report.entries,
            bytes(report.bytes),
            report.damaged.len()
        );
        print(&out);
    }
    if sound {
        return Ok(ExitCode::SUCCESS);
    }
    let entries = report.damaged.len() + report.damaged_records.len();
    eprintln!(
        "{}",
        style::error(
            &Error::integrity(format!("{entries} damaged files"))
                .help("entries were set aside; the next build makes them again from their recipes")
        )
    );
    Ok(ExitCode::from(4))
}

fn gc(args: &GcArgs, global: &Global) -> Result<ExitCode> {
    let project = global.project()?;
    let cache = global.cache(&project)?;
    let days = args.older_than.filter(|days| *days >= 0.0 && days.is_finite());
    if args.older_than.is_some() && days.is_none() {
        return Err(Error::usage("an age is a number of days, at least 0").at("--older-than"));
    }
    let report = cache.gc(&GcOptions {
        newest_builds: args.keep_builds,
        // Longer than a clock can say is as long as it can.
        max_age: days
            .map(|days| Duration::try_from_secs_f64(days * 86_400.0).unwrap_or(Duration::MAX)),
        max_bytes: args.max_size,
        dry_run: args.dry_run,
    })?;
    if args.json {
        let mut value = serde_json::to_value(&report).expect("plain values");
        value["schema"] = json!(1);
        return Ok(print_json(&value));
    }
    let what = if args.dry_run { "would remove" } else { "removed" };
    let mut out = format!(
        "{what} {} entries ({}); {} stay ({})\n",
        report.removed.len(),
        bytes(report.removed_bytes + report.staging_bytes + report.quarantine_bytes),
        report.kept,
        bytes(report.kept_bytes)
    );
    if report.locked > 0 {
        let _ = writeln!(out, "{} are being used by a build", report.locked);
    }
    Ok(print(&out))
}

fn pin(args: &PinArgs, global: &Global) -> Result<ExitCode> {
    if let Some(name) = &args.remove {
        let project = global.project()?;
        if global.cache(&project)?.unpin(name)? {
            return Ok(ExitCode::SUCCESS);
        }
        return Err(Error::usage(format!("there is no pin `{name}`"))
            .help("`spinlock cache pin` lists the pins"));
    }
    let Some(experiment) = &args.experiment else {
        let project = global.project()?;
        let pins = global.cache(&project)?.pins()?;
        if args.json {
            let pins: Vec<_> = pins
                .iter()
                .map(|(name, r)| json!({"name": name, "note": r.note, "keys": r.keys.len()}))
                .collect();
            return Ok(print_json(&json!({"schema": 1, "pins": pins})));
        }
        let mut out = String::new();
        for (name, record) in &pins {
            let _ = writeln!(out, "{name}: {} artifacts {}", record.keys.len(), record.note);
        }
        return Ok(print(&out));
    };
    let loaded = load(experiment, &args.overrides, global)?;
    let plan = Plan::new(&loaded.experiment, &loaded.profile, &loaded.cache)?;
    let keys: Vec<Key> = plan.graph().iter().map(|(_, node)| node.key).collect();
    let name = args.name.as_ref().unwrap_or(&loaded.experiment.name);
    let count = keys.len();
    // A pin makes the cache if there is none.
    Cache::open(loaded.cache.root())?;
    loaded.cache.pin(name, &PinRecord { note: args.note.clone(), keys })?;
    eprintln!("pinned {count} artifacts as `{name}`");
    Ok(ExitCode::SUCCESS)
}

#[cfg(test)]
mod tests {
    use super::size;

    #[test]
    fn sizes_read_as_people_write_them() {
        assert_eq!(size("20GB"), Ok(20_000_000_000));
        assert_eq!(size("1.5 MB"), Ok(1_500_000));
        assert_eq!(size("7"), Ok(7));
        assert!(size("-1GB").is_err());
        assert!(size("many").is_err());
    }
}
