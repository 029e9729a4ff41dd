//! Animated PNG (W3C, *Portable Network Graphics*, third edition, §11.3.4): lossless, played by every
//! browser, one frame in memory.
//!
//! Each frame after the first holds the least rectangle that changed.

use std::io::{self, Seek, SeekFrom, Write};

use super::canvas::{Canvas, Rect};
use super::png::{chunk, frame};

/// Writes an animation that repeats for ever.
#[derive(Debug)]
pub struct Apng<W: Write + Seek> {
    out: W,
    fps: u16,
    frames: u32,
    /// Chunks of a frame are counted, over all frames.
    sequence: u32,
    last: Option<Canvas>,
}

/// Where the chunk with the number of frames begins: after the signature and the header.
const COUNT_AT: u64 = 8 + 25;

impl<W: Write + Seek> Apng<W> {
    /// An animation of so many frames in a second.
    pub fn new(out: W, fps: u16) -> Self {
        Self { out, fps, frames: 0, sequence: 0, last: None }
    }

    /// Adds a frame, as large as those before.
    ///
    /// # Errors
    /// Of writing.
    pub fn frame(&mut self, canvas: &Canvas) -> io::Result<()> {
        let mut bytes = Vec::new();
        let whole = Rect { x: 0, y: 0, w: canvas.width(), h: canvas.height() };
        let rect = match &self.last {
            None => {
                self.head(canvas, &mut bytes);
                whole
            }
            // A frame cannot be empty: a pixel stands for no change.
            Some(last) => last.difference(canvas).unwrap_or(Rect { w: 1, h: 1, ..whole }),
        };
        let mut control = self.next().to_vec();
        for side in [rect.w, rect.h, rect.x, rect.y] {
            control.extend((side as u32).to_be_bytes());
        }
        // Seconds as a fraction; leave the frame, replace what lies below.
        control.extend(1_u16.to_be_bytes());
        control.extend(self.fps.to_be_bytes());
        control.extend([0, 0]);
        chunk(&mut bytes, *b"fcTL", &control);
        let data = frame(&canvas.part(rect), rect.w);
        if self.last.is_none() {
            chunk(&mut bytes, *b"IDAT", &data);
        } else {
            let mut numbered = self.next().to_vec();
            numbered.extend(data);
            chunk(&mut bytes, *b"fdAT", &numbered);
        }
        self.frames += 1;
        self.last = Some(canvas.clone());
        self.out.write_all(&bytes)
    }

    fn next(&mut self) -> [u8; 4] {
        self.sequence += 1;
        (self.sequence - 1).to_be_bytes()
    }

    fn head(&self, canvas: &Canvas, bytes: &mut Vec<u8>) {
        bytes.extend(b"\x89PNG\r\n\x1a\n");
        let mut header = Vec::with_capacity(13);
        header.extend((canvas.width() as u32).to_be_bytes());
        header.extend((canvas.height() as u32).to_be_bytes());
        header.extend([8, 2, 0, 0, 0]);
        chunk(bytes, *b"IHDR", &header);
        self.count(bytes);
    }

    fn count(&self, bytes: &mut Vec<u8>) {
        let [a, b, c, d] = self.frames.to_be_bytes();
        chunk(bytes, *b"acTL", &[a, b, c, d, 0, 0, 0, 0]);
    }

    /// Ends the file, and says at its beginning how many frames there were.
    ///
    /// # Errors
    /// Of writing.
    pub fn finish(mut self) -> io::Result<W> {
        let mut bytes = Vec::new();
        chunk(&mut bytes, *b"IEND", &[]);
        self.out.write_all(&bytes)?;
        bytes.clear();
        self.count(&mut bytes);
        self.out.seek(SeekFrom::Start(COUNT_AT))?;
        self.out.write_all(&bytes)?;
        self.out.seek(SeekFrom::End(0))?;
        Ok(self.out)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Cursor;

    #[test]
    fn another_reader_finds_every_frame() {
        let mut frames = vec![Canvas::new(20, 10, [9; 3])];
        for i in 0..4 {
            let mut next = frames.last().unwrap().clone();
            next.fill(Rect { x: 3 * i, y: 2 + i, w: 5, h: 2 }, [40 * i as u8, 7, 200]);
            frames.push(next);
        }
        frames.push(frames.last().unwrap().clone());
        let mut out = Apng::new(Cursor::new(Vec::new()), 25);
        for canvas in &frames {
            out.frame(canvas).unwrap();
        }
        let bytes = out.finish().unwrap().into_inner();
        let mut reader = png::Decoder::new(Cursor::new(&bytes)).read_info().unwrap();
        let control = reader.info().animation_control.unwrap();
        assert_eq!((control.num_frames, control.num_plays), (6, 0));
        let mut shown = Canvas::new(20, 10, [0; 3]);
        for canvas in &frames {
            let mut data = vec![0; reader.output_buffer_size().unwrap()];
            let info = reader.next_frame(&mut data).unwrap();
            let at = *reader.info().frame_control().unwrap();
            assert_eq!((at.delay_num, at.delay_den), (1, 25));
            let colors: Vec<_> = data[..info.buffer_size()].as_chunks::<3>().0.to_vec();
            let (x, y) = (at.x_offset as usize, at.y_offset as usize);
            shown.put_enlarged(&colors, at.width as usize, x, y, 1);
            assert!(shown == *canvas);
        }
        assert!(reader.next_frame(&mut vec![0; 600]).is_err());
    }
}
