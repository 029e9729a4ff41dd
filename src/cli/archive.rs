//! `spinlock cache export` and `spinlock cache import`

use std::fs::File;
use std::io::{self, BufReader, BufWriter, IsTerminal, Read};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use serde_json::{Value, json};

use super::common::{Loaded, Overrides, load};
use super::meter::Meter;
use super::{Global, print_json, style};
use crate::artifact::{Artifact, DatasetFile};
use crate::build;
use crate::cache::archive::{self, Imported, Manifest, Recipes};
use crate::cache::{Cache, RootRecord};
use crate::config::{self, Rebuild};
use crate::error::{Error, ErrorKind, IoContext, Result};
use crate::key::Key;
use crate::operator::rollout::Precision;
use crate::plan::{Plan, State, expand};
use crate::profile::Profile;
use crate::units::bytes;

#[derive(Debug, clap::Args)]
pub struct ExportArgs {
    /// Experiment file
    experiment: PathBuf,
    /// The archive, or `-` for standard output [default: NAME.spinlock.tar]
    file: Option<PathBuf>,
    #[command(flatten)]
    overrides: Overrides,
    /// Only artifacts of this kind; may be given several times
    #[arg(long, value_name = "KIND", value_parser = super::build::kinds())]
    kind: Vec<String>,
    /// Export what is there, though some of it is not built
    #[arg(long)]
    partial: bool,
    /// Overwrite a file
    #[arg(long)]
    force: bool,
    /// Print the result as JSON
    #[arg(long)]
    json: bool,
}

#[derive(Debug, clap::Args)]
pub struct ImportArgs {
    /// The archive, or `-` for standard input
    file: PathBuf,
    /// Print the result as JSON
    #[arg(long)]
    json: bool,
}

pub fn export(args: &ExportArgs, global: &Global) -> Result<ExitCode> {
    let loaded = load(&args.experiment, &args.overrides, global)?;
    let plan = Plan::new(&loaded.experiment, &loaded.profile, &loaded.cache)?;
    let keys = wanted(args, &loaded, &plan)?;
    let about = about(args, &loaded);
    let cache = &loaded.cache;
    let default = PathBuf::from(format!("{}.spinlock.tar", file_name(&loaded.experiment.name)));
    let file = args.file.as_ref().unwrap_or(&default);
    let meter = Meter::new("entries", true);
    let mut progress = |done, all| meter.advance(done, all);
    let exported = if file == Path::new("-") {
        if args.json || io::stdout().is_terminal() {
            let why = "an archive on standard output needs a pipe or a file, and no --json";
            return Err(Error::usage(why));
        }
        let mut out = BufWriter::new(io::stdout().lock());
        archive::export(cache, about, &keys, &mut out, &mut progress)
    } else {
        let path = global.path(file);
        if path.exists() && !args.force {
            return Err(Error::usage(format!("`{}` exists", path.display()))
                .help("name another file, or overwrite it with --force"));
        }
        archive::export_to(cache, about, &keys, &path, &mut progress)
    };
    meter.finish();
    let exported = exported?;
    if args.json {
        let mut out = serde_json::to_value(exported).expect("plain numbers");
        out["schema"] = json!(1);
        out["file"] = json!(file);
        out["profile"] = json!(&*loaded.profile.name);
        print_json(&out);
    } else {
        eprintln!(
            "{}: {} entries, {}",
            style::strong(&file.display().to_string()),
            exported.entries,
            bytes(exported.bytes)
        );
    }
    Ok(ExitCode::SUCCESS)
}

/// The keys to export; refuses an experiment that is not built, unless asked for what there is.
fn wanted<'p>(args: &ExportArgs, loaded: &Loaded, plan: &'p Plan) -> Result<Vec<(&'p str, Key)>> {
    let mut missing = Vec::new();
    let mut keys = Vec::new();
    for (at, node) in plan.graph().iter() {
        let kind = node.kind.name;
        if !args.kind.is_empty() && !args.kind.iter().any(|k| k == kind) {
            continue;
        }
        // Of the data set there is a digest at most: the file is assembled where it is wanted.
        let is_there = if kind == DatasetFile::KIND.name {
            loaded.cache.has(kind, &node.key)
        } else {
            plan.states[at] == State::Cached
        };
        if is_there {
            keys.push((kind, node.key));
        } else if kind != DatasetFile::KIND.name {
            missing.push(node.label());
        }
    }
    if let (Some(first), false) = (missing.first(), args.partial) {
        return Err(Error::usage(format!(
            "{} of {} artifacts are not built, first {first}",
            missing.len(),
            missing.len() + keys.len()
        ))
        .help(format!(
            "build it: `spinlock build {}`; or export what there is with --partial",
            args.experiment.display()
        )));
    }
    Ok(keys)
}

/// What the archive says of its entries.
fn about(args: &ExportArgs, loaded: &Loaded) -> Value {
    let (experiment, profile) = (&loaded.experiment, &loaded.profile);
    json!({
        "experiment": config::canonical(experiment, experiment.simulation.precision),
        "resolved": config::recorded(experiment),
        "profile": &*profile.name,
        "precision": experiment.simulation.precision.name(),
        "encoder": profile.encoder.as_deref(),
        "kinds": args.kind,
        "partial": args.partial,
    })
}

fn file_name(name: &str) -> String {
    let plain = |c: char| if c.is_alphanumeric() || "._-".contains(c) { c } else { '_' };
    name.chars().map(plain).collect::<String>().trim_start_matches('.').to_owned()
}

pub fn import(args: &ImportArgs, global: &Global) -> Result<ExitCode> {
    let project = global.project()?;
    let cache = Cache::open(global.cache(&project)?.root())?;
    let mut input: Box<dyn Read> = if args.file == Path::new("-") {
        Box::new(io::stdin().lock())
    } else {
        let path = global.path(&args.file);
        Box::new(BufReader::with_capacity(1 << 20, File::open(&path).io("open", &path)?))
    };
    let kinds = build::kinds();
    let meter = Meter::new("entries", true);
    let mut known = false;
    let mut expect = |manifest: &Manifest| {
        let free = build::free_bytes(cache.root()).unwrap_or(u64::MAX);
        let files = manifest.entries.iter().flat_map(|entry| &entry.files);
        let need = files.fold(0_u64, |sum, file| sum.saturating_add(file.bytes));
        if need > free {
            return Err(Error::environment(format!(
                "the archive holds {}, and {} are free under `{}`",
                bytes(need),
                bytes(free),
                cache.root().display()
            ))
            .help("free some space (`spinlock cache gc`), or name another cache with --cache"));
        }
        let recipes = recipes(manifest, &project.root);
        known = recipes.is_some();
        Ok(recipes)
    };
    let result = archive::import(&cache, &mut input, &kinds, &mut expect, &mut |done, all| {
        meter.advance(done, all);
    });
    meter.finish();
    let (manifest, imported) = result?;
    if imported.imported + imported.kept > 0 {
        register(&cache, &manifest)?;
    }
    if args.json {
        let mut out = serde_json::to_value(&imported).expect("plain values");
        out["schema"] = json!(1);
        out["profile"] = manifest.about["profile"].clone();
        out["experiment"] = manifest.about["resolved"]["file"].clone();
        out["recipes_known"] = known.into();
        print_json(&out);
    } else {
        eprintln!(
            "{} entries imported ({}), {} were here already",
            imported.imported,
            bytes(imported.bytes),
            imported.kept
        );
    }
    if !known {
        let by = &manifest.spinlock;
        eprintln!(
            "{}",
            style::note(&format!(
                "keys were not computed again from their recipes: the archive is of spinlock {by}, or \
                 its experiment cannot be read here"
            ))
        );
    }
    match trouble(&imported) {
        None => Ok(ExitCode::SUCCESS),
        Some(error) => {
            eprintln!("{}", style::error(&error));
            Ok(ExitCode::from(error.kind.exit_code()))
        }
    }
}

/// The recipes of the experiment that an archive is of, by key: as planned here. `None` if that is another
/// version's, or cannot be read.
fn recipes(manifest: &Manifest, root: &Path) -> Option<Recipes> {
    if manifest.spinlock != env!("CARGO_PKG_VERSION") {
        return None;
    }
    let about = &manifest.about;
    let rebuild = Rebuild { allow_outside: true, ..Rebuild::default() };
    let experiment = config::from_recorded(&about["resolved"], root, &rebuild).ok()?;
    let precision = [Precision::Float32, Precision::Float16, Precision::Bfloat16]
        .into_iter()
        .find(|p| about["precision"] == p.name())
        .unwrap_or(Precision::Auto);
    let mut profile = Profile::named(about["profile"].as_str()?, precision);
    profile.encoder = about["encoder"].as_str().map(Into::into);
    let expansion = expand(&experiment, &profile);
    let nodes = expansion.graph.iter();
    Some(nodes.map(|(_, node)| (node.key, node.recipe_text())).collect())
}

/// Keeps what came in from the next `gc`, as a build would.
fn register(cache: &Cache, manifest: &Manifest) -> Result<()> {
    let file = manifest.about["resolved"]["file"].as_str().unwrap_or("an archive").to_owned();
    let keys = manifest.entries.iter().map(|entry| entry.key).collect();
    let profile = manifest.about["profile"].as_str().unwrap_or_default().to_owned();
    cache.register(RootRecord::new(file, None, profile), keys)?.done()
}

/// What a person must know, as an error: damage before what differs.
fn trouble(imported: &Imported) -> Option<Error> {
    if let Some(first) = imported.damaged.first() {
        let count = imported.damaged.len();
        return Some(
            Error::integrity(format!(
                "{count} entries of the archive were not taken, first {} {}: {}",
                first.kind, first.key, first.what
            ))
            .help(
                "copy the archive again; what was imported is sound, and importing again goes on",
            ),
        );
    }
    if let Some(why) = &imported.stopped {
        return Some(
            Error::integrity(format!("the archive is damaged: {why}"))
                .help("copy it again; what was imported is sound, and importing again goes on"),
        );
    }
    let first = imported.differing.first()?;
    Some(
        Error::new(
            ErrorKind::NotReproducible,
            format!(
                "{} entries are here with other content, which stays; first {} {}: here {}, in the \
                 archive {}",
                imported.differing.len(),
                first.kind,
                first.key,
                first.here,
                first.there
            ),
        )
        .help("`spinlock build --check=1` says which of the two this machine makes"),
    )
}
