//! `spinlock bench renders`

use rayon::prelude::*;
use serde_json::json;

use super::{Measured, figure, table, timed};
use crate::error::Result;
use crate::ic::{self, Request};
use crate::node::{Faults, Fields};
use crate::picture::png;
use crate::render::draw::{Measure, States, draw};
use crate::render::layout::Label;
use crate::render::spec::{Column, RenderSpec, Shape};
use crate::rng::Stream;

#[derive(Debug, clap::Args)]
pub struct RendersArgs {
    /// Operators: rows of a frame
    #[arg(long, value_name = "N", default_value_t = 10, value_parser = clap::value_parser!(u32).range(1..=64))]
    operators: u32,
    /// Realizations of each
    #[arg(long, value_name = "M", default_value_t = 10, value_parser = clap::value_parser!(u32).range(2..=1000))]
    realizations: u32,
    /// Frames
    #[arg(long, value_name = "T", default_value_t = 20, value_parser = clap::value_parser!(u32).range(2..=1000))]
    frames: u32,
    /// Side of the grid
    #[arg(long, value_name = "N", default_value_t = 64, value_parser = clap::value_parser!(u32).range(8..=512))]
    grid: u32,
    /// Columns
    #[arg(long, value_name = "NAME", value_delimiter = ',', default_values = ["realization:0", "realization:1", "mean", "envelope", "entropy"])]
    columns: Vec<String>,
}

impl Default for RendersArgs {
    fn default() -> Self {
        let columns = ["realization:0", "realization:1", "mean", "envelope", "entropy"];
        let columns = columns.map(str::to_owned).to_vec();
        Self { operators: 10, realizations: 10, frames: 20, grid: 64, columns }
    }
}

/// Random fields that stand in for rollouts: each step mixes two of them anew.
struct Mixed {
    ends: [Vec<f32>; 2],
    last: usize,
}

impl States for &Mixed {
    fn ensemble(&mut self, row: usize, step: usize) -> Result<Vec<f32>> {
        let share = step as f32 / self.last as f32 + row as f32;
        let (sin, cos) = share.sin_cos();
        let [a, b] = &self.ends;
        Ok(a.iter().zip(b).map(|(a, b)| cos * a + sin * b).collect())
    }
}

/// Measuring and drawing frames, and encoding them as PNG, on all threads.
pub fn run(args: &RendersArgs, repeat: u32) -> Result<Measured> {
    let threads = rayon::current_num_threads();
    let grid = args.grid as usize;
    let shape = Shape {
        realizations: args.realizations as usize,
        states: args.frames as usize,
        channels: 3,
        height: grid,
        width: grid,
    };
    let columns: Vec<Column> =
        args.columns.iter().map(|name| Column::of_name(name)).collect::<Result<_>>()?;
    let rows: Vec<usize> = (0..args.operators as usize).collect();
    let spec = RenderSpec { columns, ..RenderSpec::usual(&shape, rows.clone()) };
    spec.check(&shape)?;
    let states = fields(&shape);
    let (measuring, measures) = timed(repeat, || {
        let of = |row: &usize| Measure::of(&spec, &shape, *row, &mut &states);
        rows.par_iter().map(of).collect::<Result<Vec<Measure>>>()
    })?;
    let label = |row: &usize| Label { title: format!("op {row}"), ..Label::default() };
    let drawn: Vec<(Label, Measure)> = rows.iter().map(label).zip(measures).collect();
    let (drawing, canvases) = timed(repeat, || {
        draw(&spec, &shape, drawn.clone(), &mut &states, "bench", 0..shape.states)
    })?;
    let (encoding, ()) = timed(repeat, || {
        canvases.par_iter().for_each(|canvas| {
            std::hint::black_box(png::encode_quickly(canvas, &[]));
        });
        Ok(())
    })?;
    let count = canvases.len() as f64;
    let rate = |seconds: f64| count / seconds;
    let both = measuring + drawing;
    let row = |what: &str, seconds: f64| {
        let each = figure(1e3 * seconds / count);
        vec![what.to_owned(), each, figure(rate(seconds)), figure(rate(seconds) / threads as f64)]
    };
    let title = format!(
        "renders: {} operators × {} realizations × {} states of {grid}² × 3, columns {}, {} × {} pixels, \
         {threads} threads",
        args.operators,
        args.realizations,
        args.frames,
        args.columns.join(" "),
        canvases[0].width(),
        canvases[0].height(),
    );
    let head = ["", "ms a frame", "frames/s", "frames/s and thread"];
    let table = table(
        &title,
        &head,
        &[row("measure", measuring), row("draw", drawing), row("both", both), row("PNG", encoding)],
    );
    let data = json!({
        "operators": args.operators, "realizations": args.realizations, "frames": args.frames,
        "grid": args.grid, "columns": args.columns, "threads": threads,
        "measure_s": measuring, "draw_s": drawing, "png_s": encoding,
        "frames_per_s": rate(both),
    });
    Ok(Measured { name: "renders", data, table })
}

/// Two fields of every realization.
fn fields(shape: &Shape) -> Mixed {
    let family = ic::family("gaussian_random_field").expect("it is registered");
    let settings = family.read(&Fields::new(None, "", &Faults::default()));
    let end = |end: u64| {
        let draw = |m: usize| {
            let stream = Stream::new(42, "ic", &[end, m as u64]);
            let (grid, channels) = (shape.height, shape.channels);
            settings.draw(&Request { stream, grid, channels }).fields
        };
        (0..shape.realizations).flat_map(draw).collect()
    };
    Mixed { ends: [end(0), end(1)], last: shape.states - 1 }
}
