//! Renders: which states they show, and the steps from these to files.

use std::collections::HashMap;
use std::ops::Range;
use std::path::PathBuf;
use std::sync::Arc;

use super::{Expand, pieces};
use crate::artifact::{
    Handle, InitialConditions, Picture, RenderFile, RenderFrames, RenderTally, RolloutChunk, Row,
    Weights,
};
use crate::config::experiment::Render;
use crate::error::{Error, Result};
use crate::graph::Placed;
use crate::operator::{Operator, Policy};
use crate::plan::cost;
use crate::render::compose::fits;
use crate::render::draw::at_once;
use crate::render::number::number;
use crate::render::select::{Candidate, Choice};
use crate::render::spec::{Export, RenderSpec, Shape};
use crate::space::{ParameterId, Setting};

/// Rollouts of one chunk and class, as renders look for them.
#[derive(Debug, Clone)]
pub struct Rolled {
    /// The operators.
    pub operators: Arc<[Operator]>,
    /// The first operator of their chunk, in which other classes may come before them.
    pub chunk: u64,
    /// What they start from.
    pub start: (Handle<Weights>, Handle<InitialConditions>),
    /// Blocks of realizations, each with its segments.
    pub blocks: Blocks,
}

/// Blocks of realizations, each with its segments in order.
pub type Blocks = Vec<Vec<(Range<u32>, Handle<RolloutChunk>)>>;

/// A file, or a folder of files, that a render is handed out as.
#[derive(Debug)]
pub struct Exported {
    /// Its artifact.
    pub artifact: Placed<RenderFile>,
    /// Its path below the folder of renders.
    pub path: PathBuf,
    /// The arrays of the artifact, each a file.
    pub files: Vec<String>,
    /// The form.
    pub export: Export,
    /// What it shows, for people.
    pub title: String,
}

impl Expand<'_> {
    /// Every render of the experiment. Faults are those that show only now that the operators are known.
    pub(super) fn renders(&mut self) -> (Vec<Exported>, Vec<Error>) {
        let (mut out, mut faults) = (Vec::new(), Vec::new());
        if self.experiment.renders.is_empty() {
            return (out, faults);
        }
        let candidates = self.candidates();
        let mut extra = HashMap::new();
        for render in &self.experiment.renders {
            let path = format!("renders.{}", render.name);
            match render.selection.of(&candidates) {
                Err(why) => faults.push(Error::usage(why).at(format!("{path}.operators"))),
                Ok(chosen) => match self.render(render, &chosen, &candidates, &mut extra) {
                    Err(error) => faults.push(error.at(path)),
                    Ok(files) => out.extend(files),
                },
            }
        }
        (out, faults)
    }

    /// The operators as a choice sees them.
    fn candidates(&self) -> Vec<Candidate> {
        let total = self.experiment.sampling.total_samples;
        let sampler = &self.experiment.sampling.sampler;
        let sampled = self.experiment.space.sampled();
        let is_spread = |render: &Render| matches!(render.selection.choice, Choice::Diverse(_));
        let columns: Vec<Vec<f64>> = if self.experiment.renders.iter().any(is_spread) {
            sampled.map(|(id, _)| sampler.column(id.get().dimension, 0..total)).collect()
        } else {
            Vec::new()
        };
        let candidate = |(at, operator): (usize, &Operator)| Candidate {
            index: operator.index,
            policy: operator.policy.name().into(),
            input: self.input(at).into(),
            grid: operator.grid,
            point: columns.iter().map(|column| column[at]).collect(),
        };
        self.operators.iter().enumerate().map(candidate).collect()
    }

    /// Type of the initial condition of an operator.
    fn input(&self, at: usize) -> &'static str {
        self.experiment.simulation.inputs[self.entries[at] as usize].family.name
    }

    fn render(
        &mut self,
        render: &Render,
        chosen: &[u64],
        candidates: &[Candidate],
        extra: &mut HashMap<u64, Blocks>,
    ) -> Result<Vec<Exported>> {
        let simulation = &self.experiment.simulation;
        let side = candidates[chosen[0] as usize].grid as usize;
        let shape = Shape {
            realizations: simulation.num_realizations as usize,
            states: simulation.num_timesteps as usize,
            channels: simulation.channels as usize,
            height: side,
            width: side,
        };
        let operators = chosen.iter().map(|index| *index as usize).collect();
        let spec = RenderSpec { operators, ..render.spec.clone() };
        spec.check(&shape)?;
        fits(&spec, &shape)?;
        let footer = format!("seed {}", self.experiment.sampling.seed);
        let mut rows = Vec::new();
        for index in chosen {
            rows.push(Row {
                operator: *index,
                captions: self.captions(&spec, *index),
                blocks: self.states(*index, extra),
            });
        }
        let name = render.name.clone();
        let sheet = spec.exports.contains(&Export::ContactSheet).then(|| Picture {
            name: name.clone(),
            spec: spec.contact_sheet(),
            shape,
            rows: rows.clone(),
            footer: footer.clone(),
        });
        let mut out = self.files(Picture { name, spec, shape, rows, footer });
        if let Some(sheet) = sheet {
            let sheet = Arc::new(sheet);
            let frames = self.frames(&sheet);
            out.push(self.file(&sheet, Export::ContactSheet, frames, 0..1));
        }
        Ok(out)
    }

    /// The files of a render, but for its contact sheet, which is a picture of its own.
    fn files(&mut self, picture: Picture) -> Vec<Exported> {
        let picture = Arc::new(picture);
        let count = picture.spec.frames();
        // Without an encoder of the machine the animation is one that needs none.
        let possible = |export: &Export| match export {
            Export::Mp4 if self.profile.encoder.is_none() => Export::Gif,
            other => *other,
        };
        let mut exports: Vec<Export> = picture.spec.exports.iter().map(possible).collect();
        exports.sort_unstable();
        exports.dedup();
        exports.retain(|export| *export != Export::ContactSheet);
        if exports.is_empty() {
            return Vec::new();
        }
        let frames = self.frames(&picture);
        let mut out = Vec::new();
        for export in exports {
            let (frames, numbers) = match export {
                // The last frame.
                Export::Png => (frames[frames.len() - 1..].to_vec(), count - 1..count),
                _ => (frames.clone(), 0..count),
            };
            out.push(self.file(&picture, export, frames, numbers));
        }
        out
    }

    fn file(
        &mut self,
        picture: &Arc<Picture>,
        export: Export,
        frames: Vec<Handle<RenderFrames>>,
        numbers: Range<usize>,
    ) -> Exported {
        let encoder = (export == Export::Mp4).then(|| self.profile.encoder.clone()).flatten();
        let recipe = RenderFile { picture: picture.clone(), export, frames, numbers, encoder };
        let (path, files) = (recipe.path(), recipe.files());
        let what = match export {
            Export::Png if picture.spec.is_strip() => "strip",
            Export::Png => "last frame",
            Export::Frames => "frames",
            Export::Mp4 | Export::Gif | Export::Apng => "film",
            Export::ContactSheet => "contact sheet",
        };
        let title = format!("{}: {what}", picture.name);
        let cost = cost::render_file(&recipe);
        let handle = self.graph.add(recipe, cost);
        Exported { artifact: self.graph.placed(handle), path, files, export, title }
    }

    fn frames(&mut self, picture: &Arc<Picture>) -> Vec<Handle<RenderFrames>> {
        let mut tallies = Vec::new();
        for row in 0..picture.rows.len() {
            let recipe = RenderTally { picture: picture.clone(), row };
            let cost = cost::render_tally(&recipe);
            tallies.push(self.graph.add(recipe, cost));
        }
        let mut out = Vec::new();
        let block = at_once(&picture.spec, &picture.shape);
        for frames in pieces(picture.spec.frames() as u32, block as u32) {
            let frames = frames.start as usize..frames.end as usize;
            let recipe =
                RenderFrames { picture: picture.clone(), frames, tallies: tallies.clone() };
            let cost = cost::render_frames(&recipe);
            out.push(self.graph.add(recipe, cost));
        }
        out
    }

    /// What stands beside an operator.
    fn captions(&self, spec: &RenderSpec, index: u64) -> Vec<String> {
        let operator = &self.operators[index as usize];
        if !spec.captions.is_empty() {
            let ids = spec.captions.iter().filter_map(|name| ParameterId::named(name));
            return ids
                .map(|id| format!("{} {}", id.get().name, self.setting(id, index)))
                .collect();
        }
        let mut out = Vec::new();
        if self.experiment.simulation.num_timesteps > 1 {
            let policy = operator.policy.name();
            out.push(match operator.policy {
                Policy::Autoregressive => policy.to_owned(),
                Policy::Residual { dt } | Policy::EulerMaruyama { dt } => {
                    format!("{policy} dt={}", number(dt))
                }
                Policy::Convex { alpha } => format!("{policy} α={}", number(alpha)),
            });
        }
        if let Some(noise) = &operator.noise {
            out.push(format!("{} {}", noise.law.name(), number(noise.scale)));
        }
        out.push(self.input(index as usize).to_owned());
        out
    }

    /// The value of a parameter for an operator, in short.
    fn setting(&self, id: ParameterId, index: u64) -> String {
        let sampled = self.experiment.space.sampled().find(|(sampled, _)| *sampled == id);
        let value = match sampled {
            Some((_, spec)) => {
                let sampler = &self.experiment.sampling.sampler;
                spec.value(sampler.column(id.get().dimension, index..index + 1)[0])
            }
            None => self.given.constants.0[id.0],
        };
        match value {
            Setting::Int(v) => v.to_string(),
            Setting::Float(v) => number(v),
            Setting::Name(v) => v.to_owned(),
        }
    }

    /// The rollouts of an operator with its states: those of its chunk if they keep states, else of its
    /// own, made for this.
    fn states(&mut self, index: u64, extra: &mut HashMap<u64, Blocks>) -> Blocks {
        let after = self.rolled.partition_point(|rolled| rolled.chunk <= index);
        let holds = |rolled: &&Rolled| rolled.operators.iter().any(|o| o.index == index);
        let rolled =
            self.rolled[..after].iter().rev().find(holds).expect("it is rolled out").clone();
        if self.experiment.dataset.trajectories {
            return rolled.blocks;
        }
        let operator = self.operators[index as usize];
        extra.entry(index).or_insert_with(|| self.kept(operator, rolled.start)).clone()
    }
}
