//! Renders: what is measured of the states of an operator, frames, and files of them.

use std::rc::Rc;

use super::states::States;
use super::{Context, WHOLE, f64_bytes, f64_values};
use crate::artifact::{
    Artifact, Picture, RenderFile, RenderFrames, RenderTally, RolloutChunk, Row,
};
use crate::cache::{Documents, Dtype, Entry};
use crate::effect;
use crate::encode;
use crate::error::{Error, ErrorKind, IoContext, Result};
use crate::graph::Node;
use crate::picture::{Canvas, png};
use crate::render::draw::{self, Measure, draw};
use crate::render::layout::Label;
use crate::render::list::list;
use crate::render::spec::Export;

/// The states of rows, read from rollouts segment by segment.
struct Shown<'a> {
    context: &'a mut Context,
    picture: &'a Picture,
    rows: &'a [Row],
    /// The row and segment that were read last, with all blocks of realizations.
    held: Option<((usize, usize), Vec<States>)>,
}

impl<'a> Shown<'a> {
    fn new(context: &'a mut Context, picture: &'a Picture, rows: &'a [Row]) -> Self {
        Self { context, picture, rows, held: None }
    }
}

impl draw::States for Shown<'_> {
    fn ensemble(&mut self, row: usize, step: usize) -> Result<Vec<f32>> {
        let blocks = &self.rows[row].blocks;
        let at = blocks[0].partition_point(|(range, _)| range.end as usize <= step);
        if self.held.as_ref().is_none_or(|(held, _)| *held != (row, at)) {
            let shape = &self.picture.shape;
            let size = shape.channels * shape.height * shape.width;
            let mut read = Vec::new();
            for block in blocks {
                let entry = self.context.entry(RolloutChunk::KIND.name, &block[at].1.key())?;
                read.push(States::read(self.context, &entry, self.rows[row].operator, size)?);
            }
            self.held = Some(((row, at), read));
        }
        let (_, read) = self.held.as_ref().expect("it was read just now");
        let t = step - blocks[0][at].0.start as usize;
        let states = read.iter().flat_map(|b| (0..b.realizations).map(move |m| b.state(m, t)));
        Ok(states.flatten().collect())
    }
}

/// Writes the arrays `tally` and `span`, and `diverged`: at which drawn step a realization has diverged
/// first, and how many have in the end; -1 and 0 if none has.
pub fn tally(context: &mut Context, node: &Node, recipe: &RenderTally) -> Result<()> {
    let picture = &*recipe.picture;
    let row = &picture.rows[recipe.row];
    let mut states = Shown::new(context, picture, std::slice::from_ref(row));
    let measure = Measure::of(&picture.spec, &picture.shape, 0, &mut states)?;
    let (step, count) = diverged(context, row, &picture.spec.drawn())?;
    let mut part = context.part(node, WHOLE)?;
    let mut push = |name: &str, dtype, bytes: &[u8]| {
        let shape = [bytes.len() / 8];
        part.push(name, dtype, &shape, shape[0], 1, bytes, context.compression)
    };
    push("tally", Dtype::F64, &f64_bytes(&measure.tally.to_numbers()))?;
    push("span", Dtype::F64, &f64_bytes(&measure.span_numbers()))?;
    push("diverged", Dtype::F64, &f64_bytes(&[step, count]))?;
    part.finish(Documents::new()).map(drop)
}

fn diverged(context: &mut Context, row: &Row, drawn: &[usize]) -> Result<(f64, f64)> {
    let (mut first, mut count) = (None, 0);
    for block in &row.blocks {
        let mut gone: Vec<bool> = Vec::new();
        for (range, rollout) in block {
            let steps: Vec<usize> =
                drawn.iter().copied().filter(|t| range.contains(&(*t as u32))).collect();
            if steps.is_empty() {
                continue;
            }
            let entry = context.entry(RolloutChunk::KIND.name, &rollout.key())?;
            let codes = context.array(&entry, &format!("valid/{}", row.operator))?;
            let length = range.len();
            gone.resize(codes.len() / length, false);
            for (codes, gone) in codes.chunks_exact(length).zip(&mut gone) {
                for step in &steps {
                    // Not finite, or blown up: what is stored from there on is no state.
                    if matches!(codes[step - range.start as usize], 1 | 3) {
                        *gone = true;
                        first = Some(first.map_or(*step, |first: usize| first.min(*step)));
                    }
                }
            }
        }
        count += gone.iter().filter(|gone| **gone).count();
    }
    Ok(first.map_or((-1.0, 0.0), |step| (step as f64, count as f64)))
}

/// What stands beside a row, and what was measured of it.
fn row(context: &Context, picture: &Picture, row: &Row, entry: &Entry) -> Result<(Label, Measure)> {
    let of = |name: &str| context.array(entry, name).map(|bytes| f64_values(&bytes));
    let (span, tally, diverged) = (of("span")?, of("tally")?, of("diverged")?);
    let measure = Measure::from_numbers(&picture.spec, &picture.shape, &span, &tally)
        .ok_or_else(|| Error::integrity(format!("render {}: no such measure", entry.key)))?;
    let badge = (diverged[0] >= 0.0).then(|| {
        draw::badge(diverged[0] as usize, diverged[1] as usize, picture.shape.realizations)
    });
    let label = Label {
        title: format!("op {}", row.operator),
        shows: String::new(),
        captions: row.captions.clone(),
        badges: badge.into_iter().collect(),
    };
    Ok((label, measure))
}

/// Writes the arrays `frame/<number>`.
pub fn frames(context: &mut Context, node: &Node, recipe: &RenderFrames) -> Result<()> {
    let picture = &*recipe.picture;
    let mut rows = Vec::new();
    for (own, tally) in picture.rows.iter().zip(&recipe.tallies) {
        let entry = context.entry(RenderTally::KIND.name, &tally.key())?;
        rows.push(row(context, picture, own, &entry)?);
    }
    let numbers = recipe.frames.clone();
    let mut states = Shown::new(context, picture, &picture.rows);
    let (spec, shape) = (&picture.spec, &picture.shape);
    let canvases = draw(spec, shape, rows, &mut states, &picture.footer, numbers.clone());
    // Only with its texts and colour bars is the picture too large: a fault of this artifact alone.
    let canvases = canvases.map_err(|error| match error.kind {
        ErrorKind::Usage => Error { kind: ErrorKind::Artifact, ..error },
        _ => error,
    })?;
    let mut part = context.part(node, WHOLE)?;
    for (number, canvas) in numbers.zip(canvases) {
        let bytes = canvas.pixels().as_flattened();
        let (name, shape) = (format!("frame/{number}"), [canvas.height(), canvas.width(), 3]);
        part.push(&name, Dtype::U8, &shape, bytes.len(), 1, bytes, context.compression)?;
    }
    part.finish(Documents::new()).map(drop)
}

/// Writes each file as an array of bytes.
pub fn file(context: &mut Context, node: &Node, recipe: &RenderFile) -> Result<()> {
    let (spec, key) = (&recipe.picture.spec, node.key.to_string());
    let notes = [("Software", "spinlock"), ("Key", key.as_str())];
    let mut part = context.part(node, WHOLE)?;
    let mut push = |name: &str, bytes: &[u8]| {
        part.push(name, Dtype::U8, &[bytes.len()], bytes.len(), 1, bytes, None)
    };
    match recipe.export {
        Export::Png | Export::ContactSheet => {
            each(context, recipe, |canvas| push(FILE, &png::encode(canvas, &notes)))?;
        }
        Export::Frames => {
            let names = recipe.files();
            let operators: Vec<u64> = recipe.picture.rows.iter().map(|row| row.operator).collect();
            push(&names[0], list(spec, &recipe.picture.shape, &operators).as_bytes())?;
            let mut names = names[1..].iter();
            each(context, recipe, |canvas| {
                let name = names.next().expect("a name for each frame");
                push(name, &png::encode_quickly(canvas, &notes))
            })?;
        }
        Export::Mp4 | Export::Gif | Export::Apng => {
            let path = context.cache.scratch(node.kind.name, &node.key, "film");
            let encoder = recipe.encoder.as_deref();
            let mut film = None;
            let written = each(context, recipe, |canvas| {
                if film.is_none() {
                    let size = (canvas.width(), canvas.height());
                    film = Some(encode::start(recipe.export, &path, size, spec, encoder)?);
                }
                film.as_mut().expect("it was started just now").frame(canvas)
            });
            let finished = written.and_then(|()| film.expect("there is a frame").finish());
            let bytes =
                finished.and_then(|()| effect::read("worker.film.read", &path).io("read", &path));
            let _ = effect::remove_file("worker.film.remove", &path);
            push(FILE, &bytes?)?;
        }
    }
    part.finish(Documents::new()).map(drop)
}

/// The array of a single file.
const FILE: &str = "file";

/// Hands over the frames of a file one after the other.
fn each(
    context: &mut Context,
    recipe: &RenderFile,
    mut take: impl FnMut(&Canvas) -> Result<()>,
) -> Result<()> {
    let mut held: Option<Rc<Entry>> = None;
    let mut blocks = recipe.frames.iter();
    for number in recipe.numbers.clone() {
        let name = format!("frame/{number}");
        while held.as_ref().is_none_or(|entry| entry.piece(&name).is_none()) {
            let frames = blocks.next().ok_or_else(|| {
                Error::integrity(format!("render {}: frame {number} is missing", recipe.label()))
            })?;
            held = Some(context.entry(RenderFrames::KIND.name, &frames.key())?);
        }
        let entry = held.as_ref().expect("it was found just now");
        let bytes = context.array(entry, &name)?;
        let width = entry.piece(&name).expect("it was read just now").shape[1];
        take(&Canvas::of_bytes(&bytes, width))?;
    }
    Ok(())
}
