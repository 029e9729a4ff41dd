//! Renders of a data set that exists, whoever made it: its states are read segment by segment, measured,
//! drawn, and written to files.
//!
//! It knows no experiment. The pictures are those that an experiment with the same `renders` section
//! makes of the same states.

use std::fs;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};

use rayon::prelude::*;

use crate::config::Render;
use crate::dataset::{Block, Trajectories, Values, View};
use crate::encode::{self, Encoder};
use crate::error::{Error, ErrorKind, IoContext, Result};
use crate::picture::{Canvas, file, png};
use crate::render::compose::fits;
use crate::render::draw::{Measure, States, at_once, badge, draw};
use crate::render::layout::Label;
use crate::render::list::{LIST, frame_name, is_frame, list};
use crate::render::number::number;
use crate::render::select::Candidate;
use crate::render::spec::{Export, RenderSpec, Shape};

/// An open data set.
pub struct Source {
    states: Trajectories,
    view: View,
}

/// What to write of which states.
pub struct Request<'a> {
    /// How it looks, and which operators.
    pub render: &'a Render,
    /// What stands at the foot of each frame, beside the time.
    pub footer: &'a str,
    /// The encoder of the machine.
    pub encoder: Option<&'a str>,
    /// Where the files go: each export with its path.
    pub outputs: &'a [(Export, PathBuf)],
    /// Set by Ctrl-C: files that are not whole are not written.
    pub interrupt: &'a AtomicBool,
    /// Hears how many frames of how many are drawn.
    pub progress: &'a (dyn Fn(usize, usize) + Sync),
}

impl Source {
    /// Opens a data set.
    ///
    /// # Errors
    /// Usage, if it holds no states in a form that is known; else of the file.
    pub fn open(path: &Path) -> Result<Self> {
        Ok(Self { states: Trajectories::open(path)?, view: View::open(path)? })
    }

    /// What its states are; of several grids, of the first operator.
    pub fn shape(&self) -> Shape {
        self.shape_of(0)
    }

    fn shape_of(&self, row: usize) -> Shape {
        let [channels, height, width] = self.states.shape(row);
        let (realizations, states) = (self.states.realizations, self.states.steps);
        Shape { realizations, states, channels, height, width }
    }

    /// Writes the files.
    ///
    /// # Errors
    /// Usage, if the choice of operators or what is drawn does not fit the data set; else of files.
    pub fn write(&self, request: &Request<'_>) -> Result<Vec<u64>> {
        crate::memory::keep();
        let candidates = self.candidates();
        let chosen = request.render.selection.of(&candidates).map_err(Error::usage)?;
        let row = |index: &u64| {
            candidates.iter().position(|c| c.index == *index).expect("it was chosen of these")
        };
        let rows: Vec<usize> = chosen.iter().map(row).collect();
        let operators = chosen.iter().map(|index| *index as usize).collect();
        let spec = RenderSpec { operators, ..request.render.spec.clone() };
        let shape = self.shape_of(rows[0]);
        spec.check(&shape)?;
        fits(&spec, &shape)?;
        // Nothing is made before it is known that something can be drawn.
        for folder in request.outputs.iter().filter_map(|(_, path)| path.parent()) {
            fs::create_dir_all(folder).io("create", folder)?;
        }
        let (sheets, rest): (Vec<usize>, Vec<usize>) = (0..request.outputs.len())
            .partition(|at| request.outputs[*at].0 == Export::ContactSheet);
        for (spec, which) in [(spec.contact_sheet(), sheets), (spec, rest)] {
            if !which.is_empty() {
                self.render(request, &spec, &shape, &rows, &which)?;
            }
        }
        request.outputs.iter().map(|(_, path)| size(path)).collect()
    }

    /// Draws one picture and writes it in each of the forms `which`.
    fn render(
        &self,
        request: &Request<'_>,
        spec: &RenderSpec,
        shape: &Shape,
        rows: &[usize],
        which: &[usize],
    ) -> Result<()> {
        let labels = rows.iter().map(|row| self.label(spec, *row));
        let measures: Vec<Measure> = rows
            .par_iter()
            .map(|row| {
                Measure::of(spec, shape, 0, &mut Shown::new(self, std::slice::from_ref(row)))
            })
            .collect::<Result<_>>()?;
        let rows_drawn: Vec<(Label, Measure)> = labels.zip(measures).collect();
        let mut writers = Vec::new();
        for at in which {
            let (export, path) = &request.outputs[*at];
            writers.push(Writer { export: *export, path, film: None });
        }
        let count = spec.frames();
        for numbers in blocks(count, at_once(spec, shape)) {
            if request.interrupt.load(Ordering::Relaxed) {
                return Err(Error::new(ErrorKind::Interrupted, "interrupted")
                    .help("files that were not whole are not there"));
            }
            let mut states = Shown::new(self, rows);
            let canvases = draw(
                spec,
                shape,
                rows_drawn.clone(),
                &mut states,
                request.footer,
                numbers.clone(),
            )?;
            for writer in &mut writers {
                writer.frames((spec, shape), &canvases, numbers.clone(), count, request.encoder)?;
            }
            (request.progress)(numbers.end, count);
        }
        writers.into_iter().try_for_each(|writer| match writer.film {
            Some(film) => film.finish(),
            None => Ok(()),
        })
    }

    /// The operators as a choice sees them.
    fn candidates(&self) -> Vec<Candidate> {
        let count = self.states.operators();
        let texts = |name: &str| self.view.texts(name);
        let (policies, inputs) = (texts("evolution_policies"), texts("ic_types"));
        let of = |texts: Option<&[String]>, row: usize| {
            texts.and_then(|texts| texts.get(row)).cloned().unwrap_or_default()
        };
        // Each sampled number from 0 to 1 over the data set; names count as numbers of their own.
        let columns: Vec<Vec<f64>> = self
            .view
            .columns(count)
            .into_iter()
            .filter(|column| column.about == crate::dataset::About::Parameter)
            .map(|column| unit(&column.values))
            .collect();
        let candidate = |row: usize| Candidate {
            index: self.view.operator(row) as u64,
            policy: of(policies, row).into(),
            input: of(inputs, row).into(),
            grid: self.states.shape(row)[1] as u32,
            point: columns.iter().map(|column| column.get(row).copied().unwrap_or(0.0)).collect(),
        };
        (0..count).map(candidate).collect()
    }

    /// What stands beside an operator.
    fn label(&self, spec: &RenderSpec, row: usize) -> Label {
        let text = |name: &str| self.view.texts(name).and_then(|texts| texts.get(row)).cloned();
        let captions = if spec.captions.is_empty() {
            let policy = text("evolution_policies").filter(|_| self.states.steps > 1);
            policy.into_iter().chain(text("ic_types")).collect()
        } else {
            self.named(spec, row)
        };
        let badges = self.view.codes(row).and_then(|(codes, m)| diverged(codes, m));
        Label {
            title: format!("op {}", self.view.operator(row)),
            shows: String::new(),
            captions,
            badges: badges.into_iter().collect(),
        }
    }

    /// The values of the parameters that stand beside rows.
    fn named(&self, spec: &RenderSpec, row: usize) -> Vec<String> {
        let columns = self.view.columns(row + 1);
        let value = |name: &String| {
            let column = columns.iter().find(|c| c.name == name.replace('_', " "))?;
            Some(match &column.values {
                Values::Texts(texts) => format!("{name} {}", texts.get(row)?),
                Values::Numbers(numbers) => format!("{name} {}", number(*numbers.get(row)?)),
            })
        };
        spec.captions.iter().filter_map(value).collect()
    }
}

/// Numbers in pieces of `size`.
fn blocks(count: usize, size: usize) -> impl Iterator<Item = Range<usize>> {
    (0..count).step_by(size).map(move |from| from..(from + size).min(count))
}

/// A column from 0 to 1; names are numbered in the order of the alphabet.
fn unit(values: &Values) -> Vec<f64> {
    let numbers = match values {
        Values::Numbers(numbers) => numbers.clone(),
        Values::Texts(texts) => {
            let mut names: Vec<&String> = texts.iter().collect();
            names.sort_unstable();
            names.dedup();
            texts.iter().map(|text| names.partition_point(|name| *name < text) as f64).collect()
        }
    };
    let finite = || numbers.iter().copied().filter(|v| v.is_finite());
    let (low, high) = (finite().fold(f64::MAX, f64::min), finite().fold(f64::MIN, f64::max));
    let place = |v: &f64| if v.is_finite() && high > low { (v - low) / (high - low) } else { 0.0 };
    numbers.iter().map(place).collect()
}

/// The states of rows, read segment by segment.
struct Shown<'a> {
    source: &'a Source,
    /// Rows of the data set.
    rows: &'a [usize],
    /// The row and the steps that were read last.
    held: Option<(usize, Range<usize>, crate::dataset::Slab)>,
}

impl<'a> Shown<'a> {
    fn new(source: &'a Source, rows: &'a [usize]) -> Self {
        Self { source, rows, held: None }
    }
}

impl States for Shown<'_> {
    fn ensemble(&mut self, row: usize, step: usize) -> Result<Vec<f32>> {
        let (states, operator) = (&self.source.states, self.rows[row]);
        let is_other = |held: &(usize, Range<usize>, _)| held.0 != row || !held.1.contains(&step);
        if self.held.as_ref().is_none_or(is_other) {
            let steps = states.segment(operator, step);
            let block = Block { realizations: 0..states.realizations, steps: steps.clone() };
            let slab = states.read(&states.alone(operator), &block)?;
            self.held = Some((row, steps, slab));
        }
        let (_, steps, slab) = self.held.as_ref().expect("it was read just now");
        let form = states.shape(operator);
        let state = |m| slab.state(0, m, step - steps.start, form);
        Ok((0..states.realizations).flat_map(state).collect())
    }
}

/// One file, or folder, in the making.
struct Writer<'a> {
    export: Export,
    path: &'a Path,
    film: Option<Box<dyn Encoder>>,
}

impl Writer<'_> {
    /// Takes the frames of these numbers, of so many.
    fn frames(
        &mut self,
        (spec, shape): (&RenderSpec, &Shape),
        canvases: &[Canvas],
        numbers: Range<usize>,
        count: usize,
        encoder: Option<&str>,
    ) -> Result<()> {
        const NOTES: [(&str, &str); 1] = [("Software", "spinlock")];
        match self.export {
            Export::Png | Export::ContactSheet => match canvases.last() {
                // The last frame of a grid.
                Some(canvas) if numbers.end == count => {
                    file::write(self.path, &png::encode(canvas, &NOTES))
                }
                _ => Ok(()),
            },
            Export::Frames => {
                if numbers.start == 0 {
                    fresh(self.path)?;
                    let operators: Vec<u64> = spec.operators.iter().map(|o| *o as u64).collect();
                    let list = list(spec, shape, &operators);
                    file::write(&self.path.join(LIST), list.as_bytes())?;
                }
                let named = numbers.zip(canvases).collect::<Vec<_>>();
                named.into_par_iter().try_for_each(|(number, canvas)| {
                    let path = self.path.join(frame_name(number));
                    file::write(&path, &png::encode_quickly(canvas, &NOTES))
                })
            }
            Export::Mp4 | Export::Gif | Export::Apng => {
                for canvas in canvases {
                    if self.film.is_none() {
                        let size = (canvas.width(), canvas.height());
                        self.film =
                            Some(encode::start(self.export, self.path, size, spec, encoder)?);
                    }
                    self.film.as_mut().expect("it was started just now").frame(canvas)?;
                }
                Ok(())
            }
        }
    }
}

/// The badge of an operator whose states have these codes, `[M, T]`.
fn diverged(codes: &[u8], realizations: usize) -> Option<String> {
    let first = |codes: &[u8]| codes.iter().position(|code| matches!(code, 1 | 3));
    let own = codes.chunks(codes.len() / realizations.max(1)).filter_map(first);
    let (step, count) = own.fold((usize::MAX, 0), |(step, n), own| (step.min(own), n + 1));
    (count > 0).then(|| badge(step, count, realizations))
}

/// A folder without frames of an earlier render.
fn fresh(folder: &Path) -> Result<()> {
    fs::create_dir_all(folder).io("create", folder)?;
    for file in fs::read_dir(folder).io("read", folder)? {
        let path = file.io("read", folder)?.path();
        if path.file_name().is_some_and(|name| is_frame(&name.to_string_lossy())) {
            fs::remove_file(&path).io("remove", &path)?;
        }
    }
    Ok(())
}

/// Length of a file, or of all files of a folder.
fn size(path: &Path) -> Result<u64> {
    let about = path.metadata().io("look at", path)?;
    if about.is_file() {
        return Ok(about.len());
    }
    let mut sum = 0;
    for file in fs::read_dir(path).io("read", path)? {
        sum += file.and_then(|file| file.metadata()).io("read", path)?.len();
    }
    Ok(sum)
}
