//! `spinlock features`

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Instant;

use serde_json::{Map, Value, json};

use super::common::{interrupts, quoted};
use super::meter::Meter;
use super::{Global, print_json, style};
use crate::config;
use crate::dataset;
use crate::error::Result;
use crate::extract::{Extracted, Request, extract, look};
use crate::features::Stage;
use crate::units;

/// Compute features of a data set that exists, whoever made it
#[derive(Debug, clap::Args)]
#[expect(clippy::struct_excessive_bools, reason = "each is a switch of the command line")]
pub struct FeaturesArgs {
    /// Data set, with states in `/outputs/fields`
    pub(super) file: PathBuf,
    /// Which features: sdf-1.0 (59), sdf-2.0 (153), sdf-extended (all there are) [default: sdf-2.0]
    #[arg(long, value_name = "SET")]
    set: Option<String>,
    /// Whose definitions: standard (the accepted ones), compat (the Python reference's) [default: standard]
    #[arg(long, value_name = "WHOSE")]
    definitions: Option<String>,
    /// Categories to compute; `spinlock list features` names them [default: all of the set]
    #[arg(long, value_name = "NAME", num_args = 1.., value_delimiter = ',')]
    categories: Vec<String>,
    /// Features to mark as not requested
    #[arg(long, value_name = "NAME", num_args = 1.., value_delimiter = ',')]
    exclude: Vec<String>,
    /// File with a section `features`, an experiment for instance; options win over it
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// File of their own to write features to [default: into the data set]
    #[arg(short, long, value_name = "FILE")]
    pub(super) output: Option<PathBuf>,
    /// Replace features that are there
    #[arg(long)]
    overwrite: bool,
    /// Look at the first N operators only
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    max_samples: Option<u64>,
    /// Say what would be computed, and compute nothing
    #[arg(short = 'n', long)]
    dry_run: bool,
    /// Print what was done as JSON
    #[arg(long)]
    json: bool,
    /// Say nothing
    #[arg(short, long)]
    quiet: bool,
}

/// An extraction as it was asked for, in either spelling.
#[derive(Debug)]
pub struct Asked {
    /// The data set, as typed.
    pub file: PathBuf,
    /// The file with a section `features`.
    pub config: Option<PathBuf>,
    /// Options that say the same as a key: the option, and `key=value`.
    pub options: Vec<(&'static str, String)>,
    /// The file to write to.
    pub output: Option<PathBuf>,
    /// Whether features that are there may be replaced.
    pub overwrite: bool,
    /// How many operators.
    pub most: Option<u64>,
    /// Whether nothing is computed.
    pub dry_run: bool,
    /// Whether notes and progress are shown.
    pub talk: bool,
}

pub fn run(args: &FeaturesArgs, global: &Global, start: Instant) -> Result<ExitCode> {
    let mut options = Vec::new();
    let mut option = |name, key: &str, value: Option<String>| {
        if let Some(value) = value {
            options.push((name, format!("features.{key}={value}")));
        }
    };
    let list = |names: &[String]| {
        let all: Vec<String> = names.iter().map(|name| quoted(name)).collect();
        (!all.is_empty()).then(|| format!("[{}]", all.join(", ")))
    };
    option("--set", "set", args.set.as_deref().map(quoted));
    option("--definitions", "definitions", args.definitions.as_deref().map(quoted));
    option("--categories", "categories", list(&args.categories));
    option("--exclude", "exclude", list(&args.exclude));
    let asked = Asked {
        file: args.file.clone(),
        config: args.config.clone(),
        options,
        output: args.output.clone(),
        overwrite: args.overwrite,
        most: args.max_samples,
        dry_run: args.dry_run,
        talk: !args.quiet,
    };
    let done = asked.run(global)?;
    if !args.quiet {
        eprintln!("{}", done.line(start));
    }
    Ok(if args.json { print_json(&done.json(start)) } else { ExitCode::SUCCESS })
}

/// What was done.
pub struct Done {
    extracted: Extracted,
    file: String,
    output: Option<String>,
    dry_run: bool,
}

impl Asked {
    /// Does it.
    pub fn run(&self, global: &Global) -> Result<Done> {
        let project = global.project()?;
        let config = self.config.as_ref().map(|path| global.path(path)).unwrap_or_default();
        let request = config::Request {
            path: config,
            root: project.root,
            // A person named the file on the command line.
            allow_outside: true,
            ..config::Request::default()
        };
        let wanted = config::features(&request, &self.options)?;
        // The data set is as it was until it is replaced.
        let interrupt = interrupts()?;
        let (file, output) =
            (global.path(&self.file), self.output.as_ref().map(|o| global.path(o)));
        let meter = Meter::new("operators", self.talk && !self.dry_run);
        let request = Request {
            file: &file,
            output: output.as_deref(),
            wanted: &wanted,
            overwrite: self.overwrite,
            most: self.most.map(|most| usize::try_from(most).unwrap_or(usize::MAX)),
            interrupt: &interrupt,
            progress: &|done, all| meter.advance(done, all),
        };
        let found = if self.dry_run { look(&request) } else { extract(&request) };
        meter.finish();
        let extracted = found?;
        let note = |text: &str| {
            if self.talk {
                eprintln!("{}", style::note(text));
            }
        };
        if wanted.sensitivity && wanted.has(Stage::Trajectory) && !extracted.sensitivity {
            note(
                "the operator sensitivity needs the operator, which is no part of a data set: its \
                 columns are undefined (code 11)",
            );
        }
        if output.is_none() && dataset::is_ours(&file) {
            note(
                "the next `spinlock build` of its experiment makes this file again, without these \
                 features; a section `features` in the experiment keeps them as artifacts",
            );
        }
        let shown = |path: &Path| path.display().to_string();
        Ok(Done {
            extracted,
            file: shown(&self.file),
            output: self.output.as_deref().map(shown),
            dry_run: self.dry_run,
        })
    }
}

impl Done {
    /// What was done, in one line.
    pub fn line(&self, start: Instant) -> String {
        let Extracted { operators: (count, all), realizations, steps, columns, .. } =
            &self.extracted;
        let of = |table: &str| columns.iter().find(|(name, _)| name == table).map_or(0, |c| c.1);
        let features = of("per_timestep/features") + of("per_trajectory/features");
        let of_all = if count == all { String::new() } else { format!(" of {all}") };
        let what = format!("{features} features of {count}{of_all} operators");
        let file = self.output.as_ref().unwrap_or(&self.file);
        if self.dry_run {
            let each = format!("{realizations} realizations of {steps} states each");
            return format!("would compute {what}, {each}, and write {file}");
        }
        format!(
            "computed {what} in {}: {file}, {}",
            units::seconds(start.elapsed().as_secs_f64()),
            units::bytes(self.extracted.bytes)
        )
    }

    fn json(&self, start: Instant) -> Value {
        let Extracted { operators: (count, all), realizations, steps, .. } = &self.extracted;
        let columns: Map<String, Value> =
            self.extracted.columns.iter().map(|(t, n)| (t.clone(), (*n).into())).collect();
        json!({
            "schema": 1,
            "file": self.file,
            "output": self.output,
            "dry_run": self.dry_run,
            "operators": count,
            "of_operators": all,
            "realizations": realizations,
            "timesteps": steps,
            "columns": columns,
            "undefined": self.extracted.undefined,
            "digest": self.extracted.digest,
            "bytes": self.extracted.bytes,
            "wall_s": start.elapsed().as_secs_f64(),
        })
    }
}
