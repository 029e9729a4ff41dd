//! `spinlock bench encode`

use std::fs::File;
use std::io::Write;

use serde_json::json;

use super::scratch::Scratch;
use super::{Measured, cases, figure, table, timed};
use crate::cache::{Cache, Documents, Dtype, Encoder, PartWriter};
use crate::cli::Global;
use crate::error::{IoContext, Result};
use crate::ic::Request;
use crate::key::Key;
use crate::rng::Stream;

#[derive(Debug, clap::Args)]
pub struct EncodeArgs {
    /// Megabytes of float32 states to encode and write
    #[arg(long, value_name = "MB", default_value_t = 16, value_parser = clap::value_parser!(u32).range(1..=4096))]
    megabytes: u32,
}

impl Default for EncodeArgs {
    fn default() -> Self {
        Self { megabytes: 16 }
    }
}

const SIDE: usize = 64;
const CHANNELS: usize = 3;
/// Bytes of a state.
const STATE: usize = 4 * CHANNELS * SIDE * SIDE;
/// States in a piece, as a rollout of 64 steps has them.
const PIECE: usize = 64;

/// Gaussian random fields `[states][3][64][64]`, the default input: little-endian float32.
fn states(count: usize, global: &Global) -> Result<Vec<u8>> {
    let experiment = cases::wide_space(&global.project()?.root, 1)?;
    let settings = &experiment.simulation.inputs[0].settings;
    let mut out = Vec::with_capacity(count * STATE);
    for index in 0..count as u64 {
        let stream = Stream::new(42, "ic", &[index]);
        let fields = settings.draw(&Request { stream, grid: SIDE, channels: CHANNELS }).fields;
        out.extend(fields.iter().flat_map(|v| v.to_le_bytes()));
    }
    Ok(out)
}

/// Each level on one thread; then parts as workers write them, and a file flushed to the disk.
pub fn run(args: &EncodeArgs, repeat: u32, global: &Global) -> Result<Measured> {
    let cache = global.cache(&global.project()?)?;
    let scratch = Scratch::new(&cache)?;
    let count = (args.megabytes as usize * 1_000_000).div_ceil(PIECE * STATE) * PIECE;
    let bytes = states(count, global)?;
    let rate = |seconds: f64| 1e-6 * bytes.len() as f64 / seconds;
    let (mut levels, mut rows) = (Vec::new(), Vec::new());
    for level in 1..=9 {
        let mut encoder = Encoder::new(level)?;
        let (seconds, length) = timed(repeat, || {
            let pieces = bytes.chunks(PIECE * STATE);
            Ok(pieces.map(|piece| encoder.deflate(piece, Dtype::F32).len()).sum::<usize>())
        })?;
        let (speed, share) = (rate(seconds), length as f64 / bytes.len() as f64);
        levels.push(json!({"level": level, "mb_per_s": speed, "stored_share": share}));
        rows.push(vec![format!("shuffle, deflate {level}"), figure(speed), figure(100.0 * share)]);
    }
    let own = Cache::open(scratch.path())?;
    let (part, _) = timed(repeat, || {
        let mut part = PartWriter::create(&own, "bench", &Key([0; 32]), "all")?;
        for (at, piece) in bytes.chunks(PIECE * STATE).enumerate() {
            let shape = [PIECE, CHANNELS, SIDE, SIDE];
            part.push(&at.to_string(), Dtype::F32, &shape, STATE / 4, PIECE, piece, None)?;
        }
        part.finish(Documents::new())
    })?;
    let path = scratch.path().join("file");
    let (file, ()) = timed(repeat, || {
        let mut file = File::create(&path).io("create", &path)?;
        file.write_all(&bytes).and_then(|()| file.sync_all()).io("write", &path)
    })?;
    rows.push(vec!["hash and write a part".into(), figure(rate(part)), "100".into()]);
    rows.push(vec!["write a file, flush to disk".into(), figure(rate(file)), "100".into()]);
    let title = format!(
        "encode: {} MB of float32 Gaussian random fields, one thread",
        figure(1e-6 * bytes.len() as f64)
    );
    let data = json!({
        "bytes": bytes.len(),
        "dtype": "float32",
        "levels": levels,
        "part_mb_per_s": rate(part),
        "file_flushed_mb_per_s": rate(file),
    });
    let head = ["what", "MB/s", "% stored"];
    Ok(Measured { name: "encode", data, table: table(&title, &head, &rows) })
}
