use super::*;
use crate::picture::Rect;
use std::process::Command;

const SIZE: (usize, usize) = (64, 48);

/// A square that moves over a ramp: more than 256 colours, and a part that does not change.
fn frames(count: usize) -> Vec<Canvas> {
    let frame = |i: usize| {
        let mut canvas = Canvas::new(SIZE.0, SIZE.1, [0; 3]);
        for y in 0..SIZE.1 {
            for x in 0..SIZE.0 {
                *canvas.pixel_mut(x, y).unwrap() = [4 * x as u8, 5 * y as u8, 90];
            }
        }
        canvas.fill(Rect { x: 4 * i % 50, y: 10, w: 12, h: 12 }, [250, 240, 20]);
        canvas
    };
    (0..count).map(frame).collect()
}

fn write(mut encoder: Box<dyn Encoder>, frames: &[Canvas]) -> Result<()> {
    frames.iter().try_for_each(|canvas| encoder.frame(canvas))?;
    encoder.finish()
}

/// Mean square of the difference of colours.
fn error(a: &Canvas, b: &Canvas) -> f64 {
    let pairs = a.pixels().as_flattened().iter().zip(b.pixels().as_flattened());
    let sum: f64 = pairs.map(|(a, b)| (f64::from(*a) - f64::from(*b)).powi(2)).sum();
    sum / (3 * a.pixels().len()) as f64
}

#[test]
fn a_gif_has_every_frame_with_its_time() {
    let folder = tempfile::tempdir().unwrap();
    let paths = ["a.gif", "b.gif"].map(|name| folder.path().join(name));
    let shown = frames(9);
    for path in &paths {
        write(Box::new(Gif::start(path, 30).unwrap()), &shown).unwrap();
    }
    let bytes = std::fs::read(&paths[0]).unwrap();
    assert_eq!(bytes, std::fs::read(&paths[1]).unwrap());
    let mut options = gif::DecodeOptions::new();
    options.set_color_output(gif::ColorOutput::RGBA);
    let mut reader = options.read_info(bytes.as_slice()).unwrap();
    assert_eq!((reader.width(), reader.height()), (64, 48));
    assert_eq!(reader.repeat(), gif::Repeat::Infinite);
    let mut canvas = Canvas::new(64, 48, [0; 3]);
    let (mut delays, mut seen) = (Vec::new(), 0);
    while let Some(frame) = reader.read_next_frame().unwrap() {
        delays.push(frame.delay);
        let colors: Vec<_> =
            frame.buffer.as_chunks::<4>().0.iter().map(|p| [p[0], p[1], p[2]]).collect();
        let (x, y) = (usize::from(frame.left), usize::from(frame.top));
        canvas.put_enlarged(&colors, usize::from(frame.width), x, y, 1);
        assert!(error(&canvas, &shown[seen]) < 30.0, "{seen}: {}", error(&canvas, &shown[seen]));
        seen += 1;
    }
    assert_eq!(seen, 9);
    // Thirty in a second: ten frames last 33 ticks of 10 ms, nine of them 30.
    assert_eq!(delays, [3, 4, 3, 3, 4, 3, 3, 4, 3]);
}

#[test]
fn an_animated_png_is_the_same_each_time() {
    let folder = tempfile::tempdir().unwrap();
    let paths = ["a.png", "b.png"].map(|name| folder.path().join(name));
    for path in &paths {
        write(Box::new(ApngFile::start(path, 12).unwrap()), &frames(5)).unwrap();
    }
    let bytes = std::fs::read(&paths[0]).unwrap();
    assert_eq!(bytes, std::fs::read(&paths[1]).unwrap());
    let reader = png::Decoder::new(std::io::Cursor::new(&bytes)).read_info().unwrap();
    assert_eq!(reader.info().animation_control.unwrap().num_frames, 5);
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 2, "nothing else is left");
}

#[test]
fn what_is_not_finished_leaves_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.gif");
    let mut gif = Gif::start(&path, 30).unwrap();
    gif.frame(&frames(1)[0]).unwrap();
    drop(gif);
    let empty = Box::new(Gif::start(&path, 30).unwrap()).finish().unwrap_err();
    assert!(empty.message.contains("no frame"), "{empty}");
    drop(ApngFile::start(&path, 30).unwrap());
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
    assert!(Ffmpeg::find("no-such-program-here", None, false).unwrap().is_none());
}

/// The `ffmpeg` of this machine; without one, says so and lets the test pass.
fn ffmpeg() -> Option<Ffmpeg> {
    let found = Ffmpeg::find("ffmpeg", Some(Codec::X264), false).ok().flatten();
    if found.is_none() || Command::new("ffprobe").arg("-version").output().is_err() {
        use std::io::Write as _;
        let _ = writeln!(std::io::stderr(), "SKIPPED: no ffmpeg");
        return None;
    }
    found
}

fn probe(path: &std::path::Path, entries: &str) -> Vec<String> {
    let output = Command::new("ffprobe")
        .args(["-v", "error", "-select_streams", "v:0", "-count_frames"])
        .args(["-show_entries", entries, "-of", "default=noprint_wrappers=1:nokey=1"])
        .arg(path)
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap().lines().map(str::to_owned).collect()
}

#[test]
fn a_video_has_every_frame_its_rate_and_its_colours() {
    let Some(ffmpeg) = ffmpeg() else { return };
    assert!(ffmpeg.identity().starts_with("ffmpeg version "), "{}", ffmpeg.identity());
    assert!(ffmpeg.identity().ends_with(", libx264"));
    let folder = tempfile::tempdir().unwrap();
    let paths = ["a.mp4", "b.mp4"].map(|name| folder.path().join(name));
    let shown = frames(25);
    for path in &paths {
        write(Box::new(ffmpeg.start(path, SIZE, 24, 10).unwrap()), &shown).unwrap();
    }
    assert_eq!(std::fs::read(&paths[0]).unwrap(), std::fs::read(&paths[1]).unwrap());
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 2, "nothing else is left");
    let entries = "stream=codec_name,width,height,pix_fmt,color_range,color_space,r_frame_rate,nb_read_frames";
    assert_eq!(
        probe(&paths[0], entries),
        ["h264", "64", "48", "yuv420p", "tv", "bt709", "24/1", "25"]
    );
    // Every frame, decoded.
    let output = Command::new("ffmpeg")
        .args(["-v", "error", "-i"])
        .arg(&paths[0])
        .args(["-f", "rawvideo", "-pix_fmt", "rgb24", "-vf", "scale=in_color_matrix=bt709", "-"])
        .output()
        .unwrap();
    assert!(output.stderr.is_empty(), "{}", String::from_utf8_lossy(&output.stderr));
    let decoded: Vec<&[u8]> = output.stdout.chunks(3 * SIZE.0 * SIZE.1).collect();
    assert_eq!(decoded.len(), 25);
    for (bytes, canvas) in decoded.iter().zip(&shown) {
        let mut read = Canvas::new(SIZE.0, SIZE.1, [0; 3]);
        read.put_enlarged(bytes.as_chunks::<3>().0, SIZE.0, 0, 0, 1);
        assert!(error(&read, canvas) < 60.0, "{}", error(&read, canvas));
    }
}

#[test]
fn an_encoder_that_dies_is_quoted() {
    let Some(ffmpeg) = ffmpeg() else { return };
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.mp4");
    assert!(ffmpeg.start(&path, (63, 48), 24, 18).is_err(), "odd sides");
    // Wider than H.264 can be: the encoder ends while it is being fed.
    let video = ffmpeg.start(&path, (40_000, 2), 24, 18).unwrap();
    let wide = vec![Canvas::new(40_000, 2, [9; 3]); 100];
    let error = write(Box::new(video), &wide).unwrap_err();
    assert!(error.message.contains("died after") && error.message.len() > 80, "{error}");
    let mut dropped = ffmpeg.start(&path, SIZE, 24, 18).unwrap();
    dropped.frame(&frames(1)[0]).unwrap();
    drop(dropped);
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
}

#[test]
fn an_encoder_that_hangs_is_stopped_and_said_to_hang() {
    use std::io::Write;
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    let program = folder.path().join("ffmpeg");
    // Written by another process: one that is started beside this test may inherit what is open here.
    let mut sh = Command::new("sh");
    sh.args(["-c", "cat > \"$1\"", "sh"]).arg(&program).stdin(std::process::Stdio::piped());
    let mut sh = sh.spawn().unwrap();
    let text = "#!/bin/sh\nfor last; do :; done\ncase \"$last\" in *.mp4*|*tmp*|*half*) echo stuck >&2; sleep 60;; esac\n";
    sh.stdin.take().unwrap().write_all(text.as_bytes()).unwrap();
    sh.wait().unwrap();
    std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o755)).unwrap();
    let found = Ffmpeg::find(program.to_str().unwrap(), None, false).unwrap().unwrap();
    let mut patient = found;
    patient.patience = std::time::Duration::from_millis(400);
    let start = std::time::Instant::now();
    let video = patient.start(&folder.path().join("a.mp4"), SIZE, 30, 20).unwrap();
    let error = write(Box::new(video), &frames(100)).unwrap_err();
    assert!(error.message.contains("`ffmpeg` hung after"), "{error}");
    assert!(error.message.contains("it was stopped"), "{error}");
    assert!(start.elapsed().as_secs() < 30, "{:?}", start.elapsed());
    assert!(!folder.path().join("a.mp4").exists());
}
