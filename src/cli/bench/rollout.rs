//! `spinlock bench rollout`

use std::path::PathBuf;

use serde_json::{Value, json};

use super::cases::{CASES, Place};
use super::scratch::Scratch;
use super::{Measured, figure, median, table};
use crate::cli::common::{Overrides, load};
use crate::cli::{Global, style};
use crate::config::{self, Experiment};
use crate::error::{Error, ErrorKind, Result};
use crate::exec::measure::{Answer, Machine, Question, Rollouts};
use crate::exec::process::{ask, find_worker};
use crate::exec::protocol::Hello;
use crate::profile::Profile;
use crate::project::choose_profile;
use crate::units;

#[derive(Debug, Default, clap::Args)]
pub struct RolloutArgs {
    /// Roll out the operators of this experiment [default: five built-in operators]
    #[arg(long, value_name = "EXPERIMENT")]
    experiment: Option<PathBuf>,
    /// Change a value of the experiment: `--set sampling.total_samples=8`; may be given several times
    #[arg(long, value_name = "KEY=VALUE", requires = "experiment")]
    set: Vec<String>,
    /// Where to compute: auto, cpu, cuda, cuda:0 (the first of several devices)
    #[arg(long)]
    device: Option<String>,
    /// Precision of the convolutions: auto, float32, float16, bfloat16
    #[arg(long)]
    precision: Option<String>,
    /// Threads of the worker on the CPU [default: 1, as in a build]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
    threads: Option<u16>,
}

/// One worker per measurement, so that each has a peak of memory of its own.
pub fn run(args: &RolloutArgs, repeat: u32, global: &Global) -> Result<Measured> {
    let worker = find_worker()?;
    let project = global.project()?;
    let cache = global.cache(&project)?;
    let overrides = Overrides {
        set: args.set.clone(),
        device: args.device.clone(),
        precision: args.precision.clone(),
        profile: None,
    };
    let (profile, experiments) = match &args.experiment {
        Some(path) => {
            let loaded = load(path, &overrides, global)?;
            (loaded.profile, vec![(loaded.experiment.name.clone(), loaded.experiment)])
        }
        None => built_in(&overrides, global)?,
    };
    let scratch = Scratch::new(&cache)?;
    let threads = u32::from(args.threads.unwrap_or(1));
    let hello = |experiment: &Experiment, at: usize| {
        Box::new(Hello {
            version: env!("CARGO_PKG_VERSION").to_owned(),
            root: project.root.clone(),
            snapshot: config::snapshot(experiment),
            profile: profile.name.to_string(),
            precision: profile.precision.name().to_owned(),
            encoder: None,
            cuda: profile.cuda.first().copied(),
            portable: false,
            threads,
            cache: scratch.path().join(at.to_string()),
            compression: experiment.dataset.compression,
        })
    };
    let asked = |question: &Question| -> Result<Answer> {
        match ask(&worker, question, threads) {
            _ if scratch.interrupted() => Err(Error::new(ErrorKind::Interrupted, "interrupted")),
            Ok(Answer::Failed(failure)) => Err(failure.into()),
            other => other,
        }
    };
    let strange =
        || Error::environment("spinlock-worker answers another question").help("run `make build`");
    let Answer::Machine(machine) =
        asked(&Question::Machine { hello: hello(&experiments[0].1, 0) })?
    else {
        return Err(strange());
    };
    let mut measured = Vec::new();
    for (at, (name, experiment)) in experiments.iter().enumerate() {
        eprintln!("{}", style::note(&format!("measuring {name}")));
        let question = Question::Rollouts { hello: hello(experiment, at), repeat };
        let Answer::Rollouts(rollouts) = asked(&question)? else { return Err(strange()) };
        measured.push((name.as_str(), experiment, rollouts));
    }
    let about = About { profile: &profile, threads, machine: &machine };
    let data = json!({
        "device": profile.device(),
        "profile": &*profile.name,
        "precision": profile.precision.name(),
        "threads": threads,
        "machine": machine,
        "rollouts": measured.iter().map(|one| about.data(one)).collect::<Vec<_>>(),
    });
    Ok(Measured { name: "rollout", data, table: about.tables(&measured) })
}

/// The built-in cases, with the profile of the device that is asked for.
fn built_in(overrides: &Overrides, global: &Global) -> Result<(Profile, Experiments)> {
    let project = global.project()?;
    let mut place = Place {
        device: overrides.device.as_deref().unwrap_or("auto"),
        insist: overrides.device.is_some(),
        precision: overrides.precision.as_deref().unwrap_or("auto"),
        cuda: false,
    };
    let simulation = CASES[0].experiment(&project.root, &place)?.simulation;
    let (cache, worker) = (global.cache(&project)?, find_worker().ok());
    let (profile, note) =
        choose_profile(&simulation.device, simulation.precision, &cache, worker.as_deref())?;
    if let Some(note) = note {
        eprintln!("{}", style::warning(&note));
    }
    place.cuda = !profile.cuda.is_empty();
    let experiments = CASES
        .iter()
        .map(|case| Ok((case.name.to_owned(), case.experiment(&project.root, &place)?)));
    Ok((profile, experiments.collect::<Result<_>>()?))
}

/// Experiments by name.
type Experiments = Vec<(String, Experiment)>;

/// What was measured, by the name of its experiment.
type Measurement<'a> = (&'a str, &'a Experiment, Rollouts);

/// What figures are held against.
struct About<'a> {
    profile: &'a Profile,
    threads: u32,
    machine: &'a Machine,
}

impl About<'_> {
    fn data(&self, (name, experiment, rollouts): &Measurement<'_>) -> Value {
        let seconds = median(&rollouts.runs_s);
        let rate = rollouts.gflop / seconds;
        let stages: serde_json::Map<String, Value> = rollouts
            .stages_s
            .iter()
            .map(|(name, seconds)| (format!("{name}_s"), json!(seconds)))
            .collect();
        json!({
            "name": name,
            "operators": rollouts.operators,
            "realizations": experiment.simulation.num_realizations,
            "states": experiment.simulation.num_timesteps,
            "seconds": seconds,
            "runs_s": rollouts.runs_s,
            "realization_steps": rollouts.realization_steps,
            "realization_steps_per_s": rollouts.realization_steps as f64 / seconds,
            "gflop": rollouts.gflop,
            "gflop_per_s": rate,
            "share_of_matmul": rate / self.machine.matmul_gflop_per_s,
            "activation_gb": rollouts.activation_gb,
            "share_of_bandwidth": rollouts.activation_gb / seconds / self.machine.triad_gb_per_s,
            "stages": stages,
            "written_bytes": rollouts.written_bytes,
            "peak_memory_bytes": rollouts.peak_memory_bytes,
        })
    }

    fn tables(&self, measured: &[Measurement<'_>]) -> String {
        let machine = self.machine;
        let title = format!(
            "rollout: {}, {}, threads {}; matrix product {} GFLOP/s (side {}), triad {} GB/s",
            self.profile.name,
            self.profile.precision.name(),
            self.threads,
            figure(machine.matmul_gflop_per_s),
            machine.matmul_side,
            figure(machine.triad_gb_per_s),
        );
        let rates = measured.iter().map(|one| {
            let data = self.data(one);
            let number = |name: &str| data[name].as_f64().expect("a number");
            vec![
                one.0.to_owned(),
                figure(number("seconds")),
                figure(number("realization_steps_per_s")),
                figure(number("gflop")),
                figure(number("gflop_per_s")),
                figure(100.0 * number("share_of_matmul")),
                figure(100.0 * number("share_of_bandwidth")),
                units::bytes(one.2.written_bytes),
                units::bytes(one.2.peak_memory_bytes),
            ]
        });
        let head = [
            "operators",
            "s",
            "steps/s",
            "GFLOP",
            "GFLOP/s",
            "% of product",
            "% of triad",
            "written",
            "peak memory",
        ];
        let rates = table(&title, &head, &rates.collect::<Vec<_>>());
        let shares = measured.iter().map(|(name, _, rollouts)| {
            let total: f64 = rollouts.stages_s.iter().map(|(_, seconds)| seconds).sum();
            let share = |seconds: f64| format!("{:.1}", 100.0 * seconds / total);
            std::iter::once((*name).to_owned())
                .chain(rollouts.stages_s.iter().map(|(_, seconds)| share(*seconds)))
                .collect()
        });
        let stages = measured[0].2.stages_s.iter().map(|(name, _)| name.as_str());
        let head: Vec<&str> = std::iter::once("% of the time").chain(stages).collect();
        format!("{rates}\n{}", table("where the time goes", &head, &shares.collect::<Vec<_>>()))
    }
}
