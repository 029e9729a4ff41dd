//! H.264 video by the `ffmpeg` of the machine, through a pipe.
//!
//! Four-two-zero chroma, which every player knows; BT.709 written and tagged; the index in front, so that
//! a browser plays while it loads. The thread count is fixed and nothing of the machine is written, so
//! one version of `ffmpeg` gives the same bytes for the same frames.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::thread::JoinHandle;

use super::Encoder;
use super::partial::Partial;
use crate::effect;
use crate::error::{Error, IoContext, Result};
use crate::picture::Canvas;

/// Who encodes H.264.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Codec {
    /// `libx264`, on processors.
    X264,
    /// `h264_nvenc`, on a GPU.
    Nvenc,
}

impl Codec {
    /// As `ffmpeg` calls it.
    pub fn name(self) -> &'static str {
        match self {
            Self::X264 => "libx264",
            Self::Nvenc => "h264_nvenc",
        }
    }
}

/// An `ffmpeg` that has been seen to encode.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ffmpeg {
    program: String,
    /// What it encodes with.
    pub codec: Codec,
    version: String,
}

/// The last lines of an error that are kept.
const LAST_WORDS: usize = 6;

impl Ffmpeg {
    /// The `program`, usually `ffmpeg`, if it is there and encodes a frame with the codec that was
    /// `asked` for; or, if none was, with NVENC where states are computed `on_cuda` and it works, else
    /// with x264. None if there is no such program or nothing was asked for and nothing works.
    ///
    /// # Errors
    /// If it does not encode with the codec that was asked for.
    pub fn find(program: &str, asked: Option<Codec>, on_cuda: bool) -> Result<Option<Self>> {
        let mut command = Command::new(program);
        command.arg("-version").stdin(Stdio::null());
        let output = effect::output("encode.ffmpeg.spawn", &mut command);
        let Some(output) = output.ok().filter(|output| output.status.success()) else {
            return Ok(None);
        };
        let version = String::from_utf8_lossy(&output.stdout);
        let version = version.lines().next().unwrap_or_default().trim().to_owned();
        let candidates = match asked {
            Some(codec) => vec![codec],
            None if on_cuda => vec![Codec::Nvenc, Codec::X264],
            None => vec![Codec::X264],
        };
        let mut words = String::new();
        for codec in candidates {
            match encodes(program, codec) {
                Ok(()) => return Ok(Some(Self { program: program.to_owned(), codec, version })),
                Err(said) => words = said,
            }
        }
        let Some(codec) = asked else { return Ok(None) };
        let name = codec.name();
        Err(Error::environment(format!("`{program}` does not encode with {name} here: {words}"))
            .help("leave the codec out, and one that works is taken"))
    }

    /// What its bytes depend on: its version and the codec.
    pub fn identity(&self) -> String {
        format!("{}, {}", self.version, self.codec.name())
    }

    /// Starts a video of so many frames in a second, at a quality from 0, lossless, to 51, worst.
    ///
    /// # Errors
    /// If it cannot be started.
    pub fn start(
        &self,
        path: &Path,
        (width, height): (usize, usize),
        fps: u32,
        crf: u32,
    ) -> Result<Video> {
        if width % 2 + height % 2 > 0 {
            return Err(Error::artifact(format!(
                "a video of {width} × {height} pixels cannot be: both must be even"
            )));
        }
        let file = Partial::new(path)?;
        let mut command = Command::new(&self.program);
        command.args(["-hide_banner", "-loglevel", "error", "-y"]);
        command.args(["-f", "rawvideo", "-pix_fmt", "rgb24"]);
        command.args(["-video_size", &format!("{width}x{height}")]);
        command.args(["-framerate", &fps.to_string(), "-i", "pipe:0", "-an"]);
        command.args(["-vf", "scale=out_color_matrix=bt709:out_range=tv,format=yuv420p"]);
        command.args(["-c:v", self.codec.name()]);
        let crf = crf.to_string();
        match self.codec {
            Codec::X264 => command.args(["-preset", "medium", "-crf", &crf, "-threads", "4"]),
            Codec::Nvenc => command.args(["-preset", "p5", "-rc", "vbr", "-cq", &crf, "-b:v", "0"]),
        };
        command.args(["-colorspace", "bt709", "-color_primaries", "bt709"]);
        command.args(["-color_trc", "bt709", "-color_range", "tv"]);
        command.args(["-movflags", "+faststart", "-fflags", "+bitexact", "-flags:v", "+bitexact"]);
        command.args(["-map_metadata", "-1", "-f", "mp4"]).arg(file.half());
        command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::piped());
        let mut child = effect::spawn("encode.ffmpeg.spawn", &mut command)
            .io("start", Path::new(&self.program))?;
        let pipe = child.stdin.take();
        let said = child.stderr.take().map(|err| std::thread::spawn(move || last_words(err)));
        Ok(Video { file, child, pipe, said, frames: 0, size: (width, height) })
    }
}

/// Encodes one frame to nowhere; what was said if that fails.
fn encodes(program: &str, codec: Codec) -> Result<(), String> {
    let mut command = Command::new(program);
    command
        .args(["-hide_banner", "-loglevel", "error", "-f", "lavfi", "-i", "nullsrc=s=256x256"])
        .args(["-frames:v", "1", "-pix_fmt", "yuv420p", "-c:v", codec.name(), "-f", "null", "-"])
        .stdin(Stdio::null());
    match effect::output("encode.ffmpeg.spawn", &mut command) {
        Ok(output) if output.status.success() => Ok(()),
        Ok(output) => Err(last_words(output.stderr.as_slice())),
        Err(error) => Err(error.to_string()),
    }
}

/// The last lines of a text, as one.
fn last_words(text: impl std::io::Read) -> String {
    let mut kept = std::collections::VecDeque::new();
    for line in BufReader::new(text).lines().map_while(Result::ok) {
        let line = line.trim().to_owned();
        if !line.is_empty() {
            kept.push_back(line);
        }
        if kept.len() > LAST_WORDS {
            kept.pop_front();
        }
    }
    Vec::from(kept).join("; ")
}

/// A video that is being written.
#[derive(Debug)]
pub struct Video {
    file: Partial,
    child: Child,
    pipe: Option<ChildStdin>,
    said: Option<JoinHandle<String>>,
    frames: usize,
    size: (usize, usize),
}

impl Video {
    /// Ends the input, waits, and says why if the encoder failed.
    fn end(&mut self) -> Result<()> {
        drop(self.pipe.take());
        let status = self.child.wait().io("wait for", Path::new("ffmpeg"))?;
        let said = self.said.take().and_then(|said| said.join().ok()).unwrap_or_default();
        if status.success() {
            return Ok(());
        }
        let said = if said.is_empty() { status.to_string() } else { said };
        // Of this film alone: others may still be made.
        Err(Error::artifact(format!("`ffmpeg` died after {} frames: {said}", self.frames)))
    }
}

impl Encoder for Video {
    fn frame(&mut self, canvas: &Canvas) -> Result<()> {
        assert_eq!((canvas.width(), canvas.height()), self.size, "frames are equally large");
        let Some(pipe) = &mut self.pipe else { return self.end() };
        match effect::write_all("encode.ffmpeg.write", pipe, canvas.pixels().as_flattened()) {
            Ok(()) => {
                self.frames += 1;
                Ok(())
            }
            Err(error) => match self.end() {
                Err(died) => Err(died),
                Ok(()) => Err(Error::io("write", self.file.target(), error)),
            },
        }
    }

    fn finish(mut self: Box<Self>) -> Result<()> {
        self.end()?;
        let file =
            effect::open("encode.file.open", self.file.half()).io("read", self.file.target())?;
        self.file.publish(&file)
    }
}

impl Drop for Video {
    fn drop(&mut self) {
        if self.said.is_some() {
            let _ = self.child.kill();
            let _ = self.child.wait();
        }
    }
}
