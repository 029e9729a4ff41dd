//! Renders, in the steps that an edit tells apart: what is measured of the states for their colours, the
//! frames, and the files that are handed out.

use std::ops::Range;
use std::path::PathBuf;
use std::sync::Arc;

use super::{Artifact, Handle, RolloutChunk};
use crate::key::{Kind, Manifest};
use crate::render::list::{LIST, frame_name};
use crate::render::spec::{Export, RenderSpec, Shape};

/// The kind of all steps.
const RENDER: Kind = Kind { name: "render", version: 1 };

/// One render with the states that it shows: what its steps have in common.
#[derive(Debug)]
pub struct Picture {
    /// Its name.
    pub name: String,
    /// How it looks.
    pub spec: RenderSpec,
    /// What the states are.
    pub shape: Shape,
    /// Its rows, in order.
    pub rows: Vec<Row>,
    /// What stands at the foot of each frame, beside the time.
    pub footer: String,
}

/// One operator of a render.
#[derive(Debug, Clone)]
pub struct Row {
    /// Its index.
    pub operator: u64,
    /// What stands beside it, line by line.
    pub captions: Vec<String>,
    /// Its rollouts: blocks of realizations, each with its segments in order.
    pub blocks: Vec<Vec<(Range<u32>, Handle<RolloutChunk>)>>,
}

impl Row {
    /// The rollouts that hold any of these steps, block by block.
    fn holding(&self, steps: &[usize]) -> impl Iterator<Item = (usize, Handle<RolloutChunk>)> {
        let holds = |range: &Range<u32>| steps.iter().any(|t| range.contains(&(*t as u32)));
        self.blocks.iter().enumerate().flat_map(move |(block, segments)| {
            let held = segments.iter().filter(move |(range, _)| holds(range));
            held.map(move |(_, handle)| (block, *handle))
        })
    }

    fn describe(&self, row: usize, steps: &[usize], m: &mut dyn Manifest) {
        m.param(&format!("operator of row {row}"), self.operator.into());
        for (at, (block, rollout)) in self.holding(steps).enumerate() {
            m.input(&format!("rollout {row} {block} {at}"), rollout.key());
        }
    }
}

/// What is measured of one operator over all drawn steps: the arrays `tally` and `span`, float64.
#[derive(Debug)]
pub struct RenderTally {
    /// The render.
    pub picture: Arc<Picture>,
    /// Which of its rows.
    pub row: usize,
}

impl Artifact for RenderTally {
    const KIND: Kind = RENDER;

    fn describe(&self, m: &mut dyn Manifest) {
        let Picture { spec, shape, rows, .. } = &*self.picture;
        m.param("step", "tally".into());
        rows[self.row].describe(0, &spec.drawn(), m);
        spec.describe_tally(shape, m);
    }

    fn label(&self) -> String {
        let Picture { name, rows, .. } = &*self.picture;
        format!("render/{name}/tally/op{}", rows[self.row].operator)
    }
}

/// Frames: an array `frame/<number>` `[H, W, 3]` u8 for each.
#[derive(Debug)]
pub struct RenderFrames {
    /// The render.
    pub picture: Arc<Picture>,
    /// Which of its frames, by number.
    pub frames: Range<usize>,
    /// What was measured of each row.
    pub tallies: Vec<Handle<RenderTally>>,
}

impl RenderFrames {
    /// The steps that these frames show: of a strip, which is one frame, all that are drawn.
    pub fn steps(&self) -> Vec<usize> {
        let drawn = self.picture.spec.drawn();
        if self.picture.spec.is_strip() { drawn } else { drawn[self.frames.clone()].to_vec() }
    }
}

impl Artifact for RenderFrames {
    const KIND: Kind = RENDER;

    fn describe(&self, m: &mut dyn Manifest) {
        let Picture { spec, shape, rows, footer, .. } = &*self.picture;
        let steps = self.steps();
        m.param("step", "frames".into());
        for (at, (row, tally)) in rows.iter().zip(&self.tallies).enumerate() {
            row.describe(at, &steps, m);
            m.param(&format!("captions {at}"), row.captions.clone().into());
            m.input(&format!("tally {at}"), tally.key());
        }
        m.param("first frame", self.frames.start.into());
        m.param("steps", steps.into());
        m.param("states", shape.states.into());
        m.param("footer", footer.clone().into());
        spec.describe_frames(shape, m);
    }

    fn label(&self) -> String {
        let (first, last) = (self.frames.start, self.frames.end - 1);
        let what = if self.picture.spec.is_strip() { "strip" } else { "frames" };
        format!("render/{}/{what}{first}-{last}", self.picture.name)
    }
}

/// Files of one form: an array of bytes for each, called as [`RenderFile::files`] says.
#[derive(Debug)]
pub struct RenderFile {
    /// The render.
    pub picture: Arc<Picture>,
    /// The form.
    pub export: Export,
    /// Where the frames are, in order.
    pub frames: Vec<Handle<RenderFrames>>,
    /// The numbers of the frames that go into it.
    pub numbers: Range<usize>,
    /// The encoder of the machine, if it takes one.
    pub encoder: Option<Arc<str>>,
}

impl RenderFile {
    /// The one file, or the folder of several, beside the data set's other files.
    pub fn path(&self) -> PathBuf {
        let name = &self.picture.name;
        PathBuf::from(match self.export {
            Export::Png => format!("{name}.png"),
            Export::Frames => format!("{name}.frames"),
            Export::Mp4 => format!("{name}.mp4"),
            Export::Gif => format!("{name}.gif"),
            Export::Apng => format!("{name}.apng"),
            Export::ContactSheet => format!("{name}.contact-sheet.png"),
        })
    }

    /// The names of the arrays, each a file: of several, the first one lists them.
    pub fn files(&self) -> Vec<String> {
        match self.export {
            Export::Frames => std::iter::once(LIST.to_owned())
                .chain(self.numbers.clone().map(frame_name))
                .collect(),
            _ => vec!["file".to_owned()],
        }
    }
}

impl Artifact for RenderFile {
    const KIND: Kind = RENDER;

    fn describe(&self, m: &mut dyn Manifest) {
        m.param("step", "file".into());
        for (at, frames) in self.frames.iter().enumerate() {
            m.input(&format!("frames {at}"), frames.key());
        }
        m.param("from frame", self.numbers.start.into());
        m.param("to frame", self.numbers.end.into());
        self.picture.spec.describe_encoding(self.export, m);
        if let Some(encoder) = &self.encoder {
            m.param("encoder", encoder.to_string().into());
        }
    }

    fn label(&self) -> String {
        format!("render/{}", self.path().display())
    }
}
