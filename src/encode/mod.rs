//! Animations as files, fed one frame at a time: H.264 by `ffmpeg`, GIF, animated PNG.
//!
//! One frame is in memory, never the clip. A file is written under a temporary name and renamed when it
//! is whole; an encoder that is dropped before leaves nothing. GIF and animated PNG are written here and
//! need no program; their bytes depend on the frames alone. What `ffmpeg` writes depends on its version
//! too ([`Ffmpeg::identity`]).
//!
//! There is no animated WebP: the crates that write it bring libwebp's C along, and its lossy form halves
//! the resolution of colours as video does, while animated PNG plays wherever it does.

mod ffmpeg;
mod gif_file;
mod palette;
mod partial;
#[cfg(test)]
mod tests;

use std::fs::File;
use std::io::BufWriter;
use std::path::Path;

pub use ffmpeg::{Codec, Ffmpeg};
pub use gif_file::Gif;
use partial::Partial;

use crate::error::{Error, IoContext, Result};
use crate::picture::Canvas;
use crate::picture::apng::Apng;
use crate::render::spec::{Export, RenderSpec};

/// What writes an animation.
pub trait Encoder {
    /// Adds a frame; all frames are equally large.
    ///
    /// # Errors
    /// If it cannot be written, or the encoder has died.
    fn frame(&mut self, canvas: &Canvas) -> Result<()>;

    /// Ends the file and gives it its name.
    ///
    /// # Errors
    /// If it cannot be written, or the encoder has died.
    fn finish(self: Box<Self>) -> Result<()>;
}

/// Starts an animation in the form of an export. `encoder` is the identity of the `ffmpeg` that a video
/// was planned with.
///
/// # Errors
/// If the file cannot be made, or the `ffmpeg` of this machine is another one.
///
/// # Panics
/// If the export is no animation.
pub fn start(
    export: Export,
    path: &Path,
    size: (usize, usize),
    spec: &RenderSpec,
    encoder: Option<&str>,
) -> Result<Box<dyn Encoder>> {
    match export {
        Export::Gif => Ok(Box::new(Gif::start(path, spec.fps)?)),
        Export::Apng => Ok(Box::new(ApngFile::start(path, spec.fps)?)),
        Export::Mp4 => {
            let nvenc = encoder.is_some_and(|known| known.ends_with(Codec::Nvenc.name()));
            let codec = if nvenc { Codec::Nvenc } else { Codec::X264 };
            let found = Ffmpeg::find("ffmpeg", Some(codec), nvenc)?;
            let found = found.filter(|f| encoder.is_none_or(|known| known == f.identity()));
            let ffmpeg = found.ok_or_else(|| {
                Error::environment("`ffmpeg` is another one than the one that was tried before")
                    .help("remove the folder `probe` of the cache and run the same command again")
            })?;
            Ok(Box::new(ffmpeg.start(path, size, spec.fps, spec.crf)?))
        }
        Export::Png | Export::Frames | Export::ContactSheet => unreachable!("no animation"),
    }
}

/// An animated PNG.
#[derive(Debug)]
pub struct ApngFile {
    file: Partial,
    out: Apng<BufWriter<File>>,
}

impl ApngFile {
    /// Starts the file.
    ///
    /// # Errors
    /// If it cannot be made.
    pub fn start(path: &Path, fps: u32) -> Result<Self> {
        let (file, out) = Partial::create(path)?;
        let fps = u16::try_from(fps).unwrap_or(u16::MAX);
        Ok(Self { file, out: Apng::new(BufWriter::new(out), fps) })
    }
}

impl Encoder for ApngFile {
    fn frame(&mut self, canvas: &Canvas) -> Result<()> {
        self.out.frame(canvas).io("write", self.file.target())
    }

    fn finish(self: Box<Self>) -> Result<()> {
        let buffered = self.out.finish().io("write", self.file.target())?;
        let file = buffered.into_inner().map_err(std::io::IntoInnerError::into_error);
        self.file.publish(&file.io("write", self.file.target())?)
    }
}
