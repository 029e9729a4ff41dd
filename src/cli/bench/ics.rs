//! `spinlock bench ics`

use std::time::Instant;

use rayon::prelude::*;
use serde_json::json;

use super::{Measured, figure, table, timed};
use crate::error::{Error, Result};
use crate::ic::{self, Family, Request};
use crate::node::{Faults, Fields, known_names};
use crate::rng::Stream;

#[derive(Debug, clap::Args)]
pub struct IcsArgs {
    /// Families [default: all]
    #[arg(long, value_name = "NAME", value_delimiter = ',')]
    types: Vec<String>,
    /// Side of the grid
    #[arg(long, value_name = "N", default_value_t = 64, value_parser = clap::value_parser!(u32).range(8..=4096))]
    grid: u32,
    /// Channels, or as many as a family has
    #[arg(long, value_name = "C", default_value_t = 3, value_parser = clap::value_parser!(u32).range(1..=64))]
    channels: u32,
    /// Also the mean and the standard deviation of every channel over so many samples
    #[arg(long, value_name = "K", value_parser = clap::value_parser!(u64).range(2..=1_000_000))]
    statistics: Option<u64>,
}

impl Default for IcsArgs {
    fn default() -> Self {
        Self { types: Vec::new(), grid: 64, channels: 3, statistics: None }
    }
}

/// How long one timed run should last.
const SECONDS: f64 = 0.25;

/// Each family with its default settings, on all threads.
pub fn run(args: &IcsArgs, repeat: u32) -> Result<Measured> {
    let threads = rayon::current_num_threads();
    let mut head = vec!["family", "cost", "samples/s", "fields/s"];
    if args.statistics.is_some() {
        head.extend(["means of the channels", "standard deviations"]);
    }
    let (mut rows, mut data) = (Vec::new(), serde_json::Map::new());
    for family in families(&args.types)? {
        let channels = match family.channels {
            ic::Channels::Scalar(_) => args.channels as usize,
            ic::Channels::Named(names) => names.len().min(args.channels as usize),
        };
        let faults = Faults::default();
        let settings = family.read(&Fields::new(None, "", &faults));
        let grid = args.grid as usize;
        if let Err(why) = family.check(&*settings, grid, channels) {
            rows.push(
                [vec![family.name.to_owned(), why], vec![String::new(); head.len() - 2]].concat(),
            );
            continue;
        }
        let sample = |i: u64| {
            let stream = Stream::new(42, "ic", &[i]);
            settings.draw(&Request { stream, grid, channels }).fields
        };
        let draw = |i: u64| {
            std::hint::black_box(sample(i));
        };
        let start = Instant::now();
        (0..threads as u64).into_par_iter().for_each(draw);
        let once = start.elapsed().as_secs_f64();
        let count = ((SECONDS / once) as u64 * threads as u64).clamp(threads as u64 * 2, 100_000);
        let (seconds, ()) = timed(repeat, || {
            (0..count).into_par_iter().for_each(draw);
            Ok(())
        })?;
        let samples = count as f64 / seconds;
        let mut row = vec![
            family.name.to_owned(),
            family.cost.name().to_owned(),
            figure(samples),
            figure(samples * channels as f64),
        ];
        let mut about = json!({
            "cost": family.cost.name(),
            "channels": channels,
            "samples_per_s": samples,
            "fields_per_s": samples * channels as f64,
        });
        if let Some(count) = args.statistics {
            let found = statistics(channels, count, sample);
            let column = |of: fn(&(f64, f64)) -> f64| {
                found.iter().map(|channel| format!("{:.3}", of(channel))).collect::<Vec<_>>()
            };
            row.extend([column(|c| c.0).join(", "), column(|c| c.1).join(", ")]);
            about["mean"] = found.iter().map(|channel| json!(channel.0)).collect();
            about["std"] = found.iter().map(|channel| json!(channel.1)).collect();
        }
        rows.push(row);
        data.insert(family.name.to_owned(), about);
    }
    let title = format!(
        "initial conditions: {0} × {0}, {1} channels, {threads} threads",
        args.grid, args.channels
    );
    let data = json!({
        "grid": args.grid, "channels": args.channels, "threads": threads, "families": data,
    });
    Ok(Measured { name: "ics", data, table: table(&title, &head, &rows) })
}

/// Mean and standard deviation of every channel over the pixels of so many samples.
fn statistics(
    channels: usize,
    count: u64,
    sample: impl Fn(u64) -> Vec<f32> + Sync,
) -> Vec<(f64, f64)> {
    let sums = |i: u64| -> Vec<(f64, f64)> {
        let fields = sample(i);
        let area = fields.len() / channels;
        let sum = |field: &[f32], f: fn(f64) -> f64| {
            field.iter().map(|v| f(f64::from(*v))).sum::<f64>() / area as f64
        };
        fields.chunks_exact(area).map(|field| (sum(field, |v| v), sum(field, |v| v * v))).collect()
    };
    let all: Vec<Vec<(f64, f64)>> = (0..count).into_par_iter().map(sums).collect();
    (0..channels)
        .map(|channel| {
            let over = |part: fn(&(f64, f64)) -> f64| {
                all.iter().map(|sample| part(&sample[channel])).sum::<f64>() / count as f64
            };
            let (mean, square) = (over(|s| s.0), over(|s| s.1));
            (mean, (square - mean * mean).max(0.0).sqrt())
        })
        .collect()
}

fn families(names: &[String]) -> Result<Vec<&'static Family>> {
    if names.is_empty() {
        return Ok(ic::FAMILIES.iter().collect());
    }
    names
        .iter()
        .map(|name| {
            ic::family(name).ok_or_else(|| {
                Error::usage(format!("there is no initial condition `{}`", name.escape_debug()))
                    .help(known_names(name, ic::FAMILIES.iter().map(|f| f.name)))
            })
        })
        .collect()
}
