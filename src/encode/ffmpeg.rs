//! H.264 video by the `ffmpeg` of the machine, through a pipe.
//!
//! Four-two-zero chroma, which every player knows; BT.709 written and tagged; the index in front, so that
//! a browser plays while it loads. The thread count is fixed and nothing of the machine is written, so
//! one version of `ffmpeg` gives the same bytes for the same frames. One that takes no frame for too long is
//! stopped.

use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, ChildStdin, Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process_group};

use super::Encoder;
use super::partial::Partial;
use crate::child;
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
    /// How long it may take for a frame, or for the end.
    pub(super) patience: Duration,
}

/// How long it may take for a frame, or for the end, and how long for its version or one frame to nowhere.
const PATIENCE: (Duration, Duration) = (Duration::from_mins(5), Duration::from_mins(1));

/// The last lines of an error that are kept.
const LAST_WORDS: usize = 6;
/// Most characters of each.
const LONGEST_WORD: usize = 2000;

impl Ffmpeg {
    /// The `program`, usually `ffmpeg`, if it is there and encodes a frame with the codec that was
    /// `asked` for; or, if none was, with NVENC where states are computed `on_cuda` and it works, else
    /// with x264. None if there is no such program or nothing was asked for and nothing works.
    ///
    /// # Errors
    /// If it does not encode with the codec that was asked for.
    pub fn find(program: &str, asked: Option<Codec>, on_cuda: bool) -> Result<Option<Self>> {
        let mut command = Command::new(program);
        let Ok(output) = asked_of(command.arg("-version")) else { return Ok(None) };
        if output.stopped {
            let limit = PATIENCE.1.as_secs();
            let message =
                format!("`{program} -version` said nothing for {limit} s; it was stopped");
            let help = "see what this `ffmpeg` is; without one, renders become GIF instead of MP4";
            return Err(Error::environment(message).help(help));
        }
        if !output.is_success() {
            return Ok(None);
        }
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
                Ok(()) => {
                    let (program, patience) = (program.to_owned(), PATIENCE.0);
                    return Ok(Some(Self { program, codec, version, patience }));
                }
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
        // So that what it starts can be ended with it; it ends with its input in any case.
        command.process_group(0);
        let mut child = effect::spawn("encode.ffmpeg.spawn", &mut command)
            .io("start", Path::new(&self.program))?;
        let pipe = child.stdin.take();
        let said = child.stderr.take().map(|err| std::thread::spawn(move || last_words(err)));
        let watched = Watched::start(child, self.patience);
        Ok(Video { file, watched, pipe, said, frames: 0, size: (width, height) })
    }
}

/// What a command says that has nothing to read; it is stopped if it says nothing for long.
fn asked_of(command: &mut Command) -> std::io::Result<child::Finished> {
    let command = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let child = effect::spawn("encode.ffmpeg.spawn", command)?;
    Ok(child::finish(child, Vec::new(), PATIENCE.1))
}

/// Encodes one frame to nowhere; what was said if that fails.
fn encodes(program: &str, codec: Codec) -> Result<(), String> {
    let mut command = Command::new(program);
    command
        .args(["-hide_banner", "-loglevel", "error", "-f", "lavfi", "-i", "nullsrc=s=256x256"])
        .args(["-frames:v", "1", "-pix_fmt", "yuv420p", "-c:v", codec.name(), "-f", "null", "-"]);
    match asked_of(&mut command) {
        Ok(output) if output.is_success() => Ok(()),
        Ok(output) if output.stopped => Err("it hangs".to_owned()),
        Ok(output) => Err(last_words(output.stderr.as_slice())),
        Err(error) => Err(error.to_string()),
    }
}

/// The last lines of a text, as one.
fn last_words(text: impl std::io::Read) -> String {
    let mut kept = std::collections::VecDeque::new();
    child::lines(text, |line| {
        let line: String = line.trim().chars().take(LONGEST_WORD).collect();
        if !line.is_empty() {
            kept.push_back(line);
        }
        if kept.len() > LAST_WORDS {
            kept.pop_front();
        }
        true
    });
    Vec::from(kept).join("; ")
}

/// The encoder, and a thread that stops it if nothing goes on for too long.
#[derive(Debug)]
struct Watched {
    child: Arc<Mutex<Child>>,
    /// Frames taken, and the end of the input.
    taken: Arc<AtomicU64>,
    stopped: Arc<AtomicBool>,
    /// Ends the thread when dropped.
    _over: Sender<()>,
}

impl Watched {
    fn start(child: Child, patience: Duration) -> Self {
        let (over, ends) = channel();
        let this = Self {
            child: Arc::new(Mutex::new(child)),
            taken: Arc::default(),
            stopped: Arc::default(),
            _over: over,
        };
        let (child, taken) = (Arc::clone(&this.child), Arc::clone(&this.taken));
        let stopped = Arc::clone(&this.stopped);
        std::thread::spawn(move || {
            let (mut last, mut since) = (0, Instant::now());
            while ends.recv_timeout(patience / 8) == Err(RecvTimeoutError::Timeout) {
                let now = taken.load(Ordering::Relaxed);
                if now != last {
                    (last, since) = (now, Instant::now());
                }
                if since.elapsed() > patience {
                    stopped.store(true, Ordering::Relaxed);
                    end(&mut locked(&child));
                    return;
                }
            }
        });
        this
    }

    fn took(&self) {
        self.taken.fetch_add(1, Ordering::Relaxed);
    }

    /// Waits for its end; none if it was stopped.
    fn wait(&self) -> std::io::Result<Option<ExitStatus>> {
        loop {
            if self.stopped.load(Ordering::Relaxed) {
                return Ok(None);
            }
            if let Some(status) = locked(&self.child).try_wait()? {
                // Stopped just now, perhaps.
                let stopped = self.stopped.load(Ordering::Relaxed);
                return Ok((!stopped).then_some(status));
            }
            std::thread::sleep(Duration::from_millis(2));
        }
    }
}

/// Ends an encoder and what it started: a wrapper's encoder would hold the pipe open.
fn end(child: &mut Child) {
    if let Ok(None) = child.try_wait()
        && let Some(group) = Pid::from_raw(child.id().cast_signed())
    {
        let _ = kill_process_group(group, Signal::KILL);
    }
    child::end(child);
}

fn locked(child: &Mutex<Child>) -> MutexGuard<'_, Child> {
    child.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A video that is being written.
#[derive(Debug)]
pub struct Video {
    file: Partial,
    watched: Watched,
    pipe: Option<ChildStdin>,
    said: Option<JoinHandle<String>>,
    frames: usize,
    size: (usize, usize),
}

impl Video {
    /// Ends the input, waits, and says why if the encoder failed.
    fn end(&mut self) -> Result<()> {
        drop(self.pipe.take());
        self.watched.took();
        let status = self.watched.wait().io("wait for", Path::new("ffmpeg"))?;
        let said = self.said.take().and_then(child::join).unwrap_or_default();
        let Some(status) = status else {
            let message = format!("`ffmpeg` hung after {} frames; it was stopped", self.frames);
            let said = if said.is_empty() { String::new() } else { format!(": {said}") };
            return Err(Error::artifact(message + &said)
                .help("try again, or render a .gif or .apng, which need no `ffmpeg`"));
        };
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
                self.watched.took();
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
            end(&mut locked(&self.watched.child));
        }
    }
}
