//! `spinlock bench sampling`

use serde_json::json;

use super::{Measured, figure, table, timed};
use crate::sampling::{
    Sampler, Scramble, Sobol, assess, correlations, coverage_1d, coverage_2d, pairs,
};

#[derive(Debug, clap::Args)]
pub struct SamplingArgs {
    /// Points of the scrambled Sobol sequence
    #[arg(long, value_name = "N", default_value_t = 10_000, value_parser = clap::value_parser!(u64).range(2..=1_000_000))]
    points: u64,
    /// Their dimensions
    #[arg(long, value_name = "D", default_value_t = 14, value_parser = clap::value_parser!(u32).range(1..=256))]
    dimensions: u32,
}

impl Default for SamplingArgs {
    fn default() -> Self {
        Self { points: 10_000, dimensions: 14 }
    }
}

/// Points, then each group of measures alone, then what a build does: all measures.
pub fn run(args: &SamplingArgs, repeat: u32) -> Measured {
    let sobol = Sobol::new(42, Scramble::Owen);
    let draw =
        || (1..=args.dimensions).map(|d| sobol.column(d, 0..args.points)).collect::<Vec<_>>();
    let always = |run: &dyn Fn()| {
        let (seconds, ()) = timed(repeat, || {
            run();
            Ok(())
        })
        .expect("nothing here fails");
        seconds
    };
    let columns = draw();
    let slices: Vec<&[f64]> = columns.iter().map(Vec::as_slice).collect();
    let names: Vec<String> = (1..=args.dimensions).map(|d| d.to_string()).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let use_up = |value: &dyn std::any::Any| {
        std::hint::black_box(value);
    };
    let parts = [
        ("points", always(&|| use_up(&draw()))),
        ("discrepancies_distances", always(&|| use_up(&pairs(&slices)))),
        ("correlations", always(&|| use_up(&correlations(&columns)))),
        ("coverage", always(&|| use_up(&(coverage_1d(&columns), coverage_2d(&columns))))),
        ("all_measures", always(&|| use_up(&assess(&columns, &names, &[])))),
    ];
    let total = parts[0].1 + parts[4].1;
    let rows: Vec<Vec<String>> = parts
        .iter()
        .map(|(name, seconds)| vec![name.replace('_', " "), figure(*seconds)])
        .chain([vec!["points and all measures".to_owned(), figure(total)]])
        .collect();
    let title = format!("sampling: {} points in {} dimensions", args.points, args.dimensions);
    let seconds: serde_json::Map<_, _> =
        parts.iter().map(|(name, seconds)| (format!("{name}_s"), json!(seconds))).collect();
    let mut data = json!({
        "points": args.points,
        "dimensions": args.dimensions,
        "scramble": Scramble::Owen.name(),
        "total_s": total,
    });
    data.as_object_mut().expect("made just above").extend(seconds);
    Measured { name: "sampling", data, table: table(&title, &["part", "s"], &rows) }
}
