//! `spinlock cache …`

use std::fmt::Write;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use clap::builder::PossibleValuesParser;
use serde_json::json;

use super::archive::{self, ExportArgs, ImportArgs};
use super::common::{Overrides, load};
use super::{Global, print, print_json, style};
use crate::build;
use crate::cache::{Cache, FsckOptions, GcOptions, GcReport, KindGc, PinRecord, Share};
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
    /// Write what an experiment needs of the cache into one file
    Export(ExportArgs),
    /// Take the entries of such a file into the cache
    Import(ImportArgs),
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
    /// Remove only entries of this kind; may be given several times
    #[arg(long, value_name = "KIND", value_parser = PossibleValuesParser::new(build::kinds()))]
    kind: Vec<String>,
    /// The last builds that keep what they need even without a lock file; 32 are remembered
    #[arg(long, value_name = "K", default_value_t = GcOptions::default().newest_builds)]
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
        CacheCommand::Export(args) => archive::export(args, global),
        CacheCommand::Import(args) => archive::import(args, global),
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
            let what = if report.dry_run { "left over" } else { "removed" };
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
    let help = match (report.dry_run, args.dry_run) {
        (false, _) => "entries were set aside; the next build makes them again from their recipes",
        (true, true) => {
            "without --dry-run entries are set aside, and the next build makes them again"
        }
        (true, false) => {
            "nothing was changed, since the cache cannot be written; run the same command where it can"
        }
    };
    let error = Error::integrity(format!("{entries} damaged files")).help(help);
    eprintln!("{}", style::error(&error));
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
        kinds: args.kind.clone(),
        dry_run: args.dry_run,
    })?;
    if args.json {
        let mut value = serde_json::to_value(&report).expect("plain values");
        value["schema"] = json!(1);
        return Ok(print_json(&value));
    }
    Ok(print(&gc_text(&report, args.dry_run)))
}

/// What a column shows of a kind.
type Column = fn(&KindGc) -> Share;

/// What goes and what stays, by kind and reason, and what else could go.
fn gc_text(report: &GcReport, dry_run: bool) -> String {
    let mut out = String::new();
    let reasons: [(&str, Column); 7] = [
        ("removed", |kind| kind.removed),
        ("running builds", |kind| kind.running),
        ("lock files", |kind| kind.lock_files),
        ("pins", |kind| kind.pins),
        ("last builds", |kind| kind.newest_builds),
        ("being made", |kind| kind.locked),
        ("spared", |kind| kind.spared),
    ];
    let shown = |of: &Column| report.by_kind.values().any(|kind| of(kind).entries > 0);
    // The first column always, the others where there is something to show.
    let columns: Vec<_> =
        reasons.iter().enumerate().filter(|(at, (_, of))| *at == 0 || shown(of)).collect();
    if !report.by_kind.is_empty() {
        let _ = write!(out, "{:<20}", "entries");
        for (at, (name, _)) in &columns {
            let name = if *at == 0 && dry_run { "would go" } else { name };
            let _ = write!(out, " {name:>22}");
        }
        out.push('\n');
    }
    for (name, kind) in &report.by_kind {
        let _ = write!(out, "{name:<20}");
        for (_, (_, of)) in &columns {
            let share = of(kind);
            let cell = match share.entries {
                0 => "-".to_owned(),
                count => format!("{count} ({})", bytes(share.bytes)),
            };
            let _ = write!(out, " {cell:>22}");
        }
        out.push('\n');
    }
    let what = if dry_run { "would remove" } else { "removed" };
    let _ = writeln!(
        out,
        "{what} {} entries ({}); {} stay ({})",
        report.removed.len(),
        bytes(report.removed_bytes),
        report.kept,
        bytes(report.kept_bytes)
    );
    for (size, of) in [
        (report.staging_bytes, "unfinished work"),
        (report.quarantine_bytes, "damaged entries set aside"),
        (report.log_bytes, "old event logs"),
    ] {
        if size > 0 {
            let _ = writeln!(out, "{what} {} of {of}", bytes(size));
        }
    }
    for (share, of, how) in [
        (report.only_newest_builds, "one of the last builds", "`--keep-builds 0`"),
        (report.only_pins, "a pin", "`spinlock cache pin --remove NAME`"),
        (report.only_lock_files, "a lock file", "deleting the lock file"),
    ] {
        if share.entries > 0 {
            let (count, size) = (share.entries, bytes(share.bytes));
            let _ = writeln!(out, "{how} would free what only {of} keeps: {count} entries, {size}");
        }
    }
    out
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
