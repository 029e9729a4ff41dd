//! GIF: 256 colours a frame, a clock of 10 ms, shown everywhere.
//!
//! Each frame after the first holds the rectangle that changed, with a palette of its own. Delays are rounded so that the clip as a whole keeps its rate; players
//! take no frame shorter than 20 ms, so beyond 50 frames in a second a clip plays slower.

use std::fs::File;
use std::io::BufWriter;
use std::path::Path;

use gif::{DisposalMethod, EncodingError, Frame, Repeat};

use super::Encoder;
use super::palette::{Indexed, indexed};
use super::partial::Partial;
use crate::error::{Error, IoContext, Result};
use crate::picture::{Canvas, Rect};

/// The shortest delay that players respect, in ticks of 10 ms.
const SHORTEST: u16 = 2;

/// A GIF file.
pub struct Gif {
    file: Partial,
    out: State,
    fps: u32,
    frames: u32,
    /// The last frame: the next holds what differs from it.
    last: Option<Canvas>,
}

enum State {
    Fresh(BufWriter<File>),
    Open(Box<gif::Encoder<BufWriter<File>>>),
    Failed,
}

impl Gif {
    /// Starts the file.
    ///
    /// # Errors
    /// If it cannot be made.
    pub fn start(path: &Path, fps: u32) -> Result<Self> {
        let (file, out) = Partial::create(path)?;
        let out = State::Fresh(BufWriter::new(out));
        Ok(Self { file, out, fps, frames: 0, last: None })
    }

    /// How long frame `i` lasts, in ticks of 10 ms.
    fn delay(&self, i: u32) -> u16 {
        let at = |i: u32| (200 * u64::from(i) + u64::from(self.fps)) / (2 * u64::from(self.fps));
        u16::try_from(at(i + 1) - at(i)).unwrap_or(u16::MAX).max(SHORTEST)
    }

    fn failed(&self, error: EncodingError) -> Error {
        match error {
            EncodingError::Io(error) => Error::io("write", self.file.target(), error),
            other => {
                Error::artifact(format!("cannot write `{}`: {other}", self.file.target().display()))
            }
        }
    }

    fn write(&mut self, canvas: &Canvas) -> Result<(), EncodingError> {
        let side = |n: usize| u16::try_from(n).unwrap_or(u16::MAX);
        let whole = Rect { x: 0, y: 0, w: canvas.width(), h: canvas.height() };
        let rect = match &self.last {
            None => whole,
            Some(last) => last.difference(canvas).unwrap_or(Rect { w: 1, h: 1, ..whole }),
        };
        let Indexed { palette, indices } = indexed(&canvas.part(rect));
        let frame = Frame {
            width: side(rect.w),
            height: side(rect.h),
            left: side(rect.x),
            top: side(rect.y),
            delay: self.delay(self.frames),
            dispose: DisposalMethod::Keep,
            palette: Some(palette.into_flattened()),
            buffer: indices.into(),
            ..Frame::default()
        };
        let mut out = match std::mem::replace(&mut self.out, State::Failed) {
            State::Open(out) => out,
            State::Fresh(out) => {
                let (width, height) = (side(canvas.width()), side(canvas.height()));
                let mut out = Box::new(gif::Encoder::new(out, width, height, &[])?);
                out.set_repeat(Repeat::Infinite)?;
                out
            }
            State::Failed => return Err(std::io::Error::other("it failed before").into()),
        };
        out.write_frame(&frame)?;
        self.out = State::Open(out);
        self.frames += 1;
        self.last = Some(canvas.clone());
        Ok(())
    }
}

impl Encoder for Gif {
    fn frame(&mut self, canvas: &Canvas) -> Result<()> {
        self.write(canvas).map_err(|error| self.failed(error))
    }

    fn finish(mut self: Box<Self>) -> Result<()> {
        let State::Open(out) = std::mem::replace(&mut self.out, State::Failed) else {
            let name = self.file.target().display();
            return Err(Error::artifact(format!("`{name}` would have no frame")));
        };
        let buffered = out.into_inner().map_err(|error| self.failed(error))?;
        let file = buffered.into_inner().map_err(std::io::IntoInnerError::into_error);
        self.file.publish(&file.io("write", self.file.target())?)
    }
}
