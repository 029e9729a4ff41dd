//! `spinlock bench`: how fast this machine does the parts of a build, each figure with its unit.

mod cases;
mod encode;
mod fill;
mod ics;
mod plan;
mod renders;
mod rollout;
mod sampling;
mod scratch;

use std::fmt::Write;
use std::process::ExitCode;
use std::time::Instant;

use serde_json::{Map, Value, json};

use super::{Global, print, print_json};
use crate::error::Result;

/// Measure how fast this machine samples, draws, computes, encodes and plans
#[derive(Debug, clap::Args)]
pub struct BenchArgs {
    #[command(subcommand)]
    what: Option<What>,
    /// Timed runs; their median is shown
    #[arg(long, value_name = "R", default_value_t = 3, global = true, value_parser = clap::value_parser!(u32).range(1..=1000))]
    repeat: u32,
    /// Print as JSON
    #[arg(long, global = true)]
    json: bool,
}

/// What to measure; everything with its defaults if none is named.
#[derive(Debug, clap::Subcommand)]
enum What {
    /// Roll out operators in one worker: rates, shares of what the device can do, where the time goes
    Rollout(rollout::RolloutArgs),
    /// Draw sample points and measure their quality
    Sampling(sampling::SamplingArgs),
    /// Draw initial conditions, family by family
    Ics(ics::IcsArgs),
    /// Draw frames of rollouts, encoders apart
    Renders(renders::RendersArgs),
    /// Shuffle, deflate, hash and write arrays
    Encode(encode::EncodeArgs),
    /// Plan an experiment with an empty cache
    Plan(plan::PlanArgs),
    /// Fill a new cache with entries that hold nothing, to measure commands at any size
    #[command(hide = true)]
    Fill(fill::FillArgs),
}

/// One measured part: as data and as a table.
struct Measured {
    name: &'static str,
    data: Value,
    table: String,
}

pub fn run(args: &BenchArgs, global: &Global) -> Result<ExitCode> {
    let repeat = args.repeat;
    let measured = match &args.what {
        Some(What::Rollout(own)) => vec![rollout::run(own, repeat, global)?],
        Some(What::Sampling(own)) => vec![sampling::run(own, repeat)],
        Some(What::Ics(own)) => vec![ics::run(own, repeat)?],
        Some(What::Renders(own)) => vec![renders::run(own, repeat)?],
        Some(What::Encode(own)) => vec![encode::run(own, repeat, global)?],
        Some(What::Plan(own)) => vec![plan::run(own, repeat, global)?],
        Some(What::Fill(own)) => vec![fill::run(own, global)?],
        None => vec![
            sampling::run(&sampling::SamplingArgs::default(), repeat),
            ics::run(&ics::IcsArgs::default(), repeat)?,
            renders::run(&renders::RendersArgs::default(), repeat)?,
            plan::run(&plan::PlanArgs::default(), repeat, global)?,
            encode::run(&encode::EncodeArgs::default(), repeat, global)?,
            rollout::run(&rollout::RolloutArgs::default(), repeat, global)?,
        ],
    };
    if args.json {
        let mut out =
            Map::from_iter([("schema".to_owned(), json!(1)), ("repeat".to_owned(), json!(repeat))]);
        out.extend(measured.into_iter().map(|part| (part.name.to_owned(), part.data)));
        return Ok(print_json(&out));
    }
    let tables: Vec<String> = measured.into_iter().map(|part| part.table).collect();
    Ok(print(&tables.join("\n")))
}

/// Median seconds of `repeat` runs, and what the last one gave.
fn timed<T>(repeat: u32, mut run: impl FnMut() -> Result<T>) -> Result<(f64, T)> {
    let mut seconds = Vec::new();
    let mut last = None;
    for _ in 0..repeat {
        let start = Instant::now();
        last = Some(run()?);
        seconds.push(start.elapsed().as_secs_f64());
    }
    Ok((median(&seconds), last.expect("at least one run")))
}

/// The middle of some numbers, of an even count the mean of the two middle ones.
fn median(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let upper = sorted.len() / 2;
    f64::midpoint(sorted[upper], sorted[(sorted.len() - 1) / 2])
}

/// A number with three significant digits, thousands apart.
fn figure(value: f64) -> String {
    if value >= 999.5 {
        let digits = format!("{value:.0}");
        let mut out = String::new();
        for (at, digit) in digits.chars().enumerate() {
            if at > 0 && (digits.len() - at) % 3 == 0 {
                out.push(',');
            }
            out.push(digit);
        }
        return out;
    }
    let decimals = match value.abs() {
        v if v >= 99.95 => 0,
        v if v >= 9.995 => 1,
        v if v >= 0.9995 || v == 0.0 => 2,
        v => (2 - v.log10().floor() as i32).min(6) as usize,
    };
    format!("{value:.decimals$}")
}

/// A table: the first column to the left, the others to the right, as wide as they must be.
fn table(title: &str, head: &[&str], rows: &[Vec<String>]) -> String {
    let width = |column: usize| {
        let cells = rows.iter().map(|row| row[column].chars().count());
        cells.chain([head[column].chars().count()]).max().unwrap_or(0)
    };
    let widths: Vec<usize> = (0..head.len()).map(width).collect();
    let mut out = format!("{title}\n");
    let head: Vec<String> = head.iter().map(ToString::to_string).collect();
    for row in std::iter::once(&head).chain(rows) {
        let mut line = format!("  {:<1$}", row[0], widths[0]);
        for (cell, width) in row.iter().zip(&widths).skip(1) {
            let _ = write!(line, "  {cell:>width$}");
        }
        out.push_str(line.trim_end());
        out.push('\n');
    }
    out
}

#[cfg(test)]
mod tests {
    use super::{figure, median, table};

    #[test]
    fn figures_have_three_digits_at_least() {
        let all = [0.0, 0.004_567, 0.5, 3.251, 27.18, 161.8, 1234.4, 1_234_567.0].map(figure);
        assert_eq!(all, ["0.00", "0.00457", "0.500", "3.25", "27.2", "162", "1,234", "1,234,567"]);
    }

    #[test]
    fn the_median_is_the_middle() {
        assert_eq!(median(&[3.0, 1.0, 2.0]), 2.0);
        assert_eq!(median(&[4.0, 1.0]), 2.5);
    }

    #[test]
    fn a_table_is_as_wide_as_it_must_be() {
        let rows = [vec!["a".into(), "1.00".into()], vec!["long".into(), "2".into()]];
        assert_eq!(
            table("T", &["what", "s"], &rows),
            "T\n  what     s\n  a     1.00\n  long     2\n"
        );
    }
}
