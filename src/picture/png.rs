//! PNG files (W3C, *Portable Network Graphics*, third edition).
//!
//! Written here and not by a library, for two reasons. The bytes depend on the pixels and on
//! libdeflate alone, which compresses alike on every processor; and a picture of few colours, as most
//! are, gets a palette. No time stamp.

use libdeflater::{CompressionLvl, Compressor, crc32};

use super::canvas::Canvas;
use super::color::Rgb;

/// Thorough without being slow: a sheet of ten megabytes takes under a second.
const THOROUGH: i32 = 9;
/// For pictures of indices, of which there are many at once: a third of the time, a few percent more bytes.
const MIDDLING: i32 = 5;
/// For one of many frames: a few times faster, a tenth larger.
const QUICK: i32 = 1;

/// A PNG file of this picture. `notes` are keywords with texts, ASCII without line breaks (`tEXt`).
pub fn encode(canvas: &Canvas, notes: &[(&str, &str)]) -> Vec<u8> {
    file(canvas, notes, filtered, THOROUGH)
}

/// The same in less time and more bytes: for one of many frames.
pub fn encode_quickly(canvas: &Canvas, notes: &[(&str, &str)]) -> Vec<u8> {
    file(canvas, notes, |canvas| quickly_filtered(canvas.pixels(), canvas.width()), QUICK)
}

fn file(
    canvas: &Canvas,
    notes: &[(&str, &str)],
    filtered: impl Fn(&Canvas) -> Vec<u8>,
    level: i32,
) -> Vec<u8> {
    let palette = palette(canvas.pixels());
    let mut out = b"\x89PNG\r\n\x1a\n".to_vec();
    let mut header = Vec::with_capacity(13);
    header.extend((canvas.width() as u32).to_be_bytes());
    header.extend((canvas.height() as u32).to_be_bytes());
    // Eight bits; with a palette or in colour; the one method of compression and filtering; no interlace.
    header.extend([8, if palette.is_some() { 3 } else { 2 }, 0, 0, 0]);
    chunk(&mut out, *b"IHDR", &header);
    for (keyword, text) in notes {
        debug_assert!(keyword.is_ascii() && text.is_ascii() && keyword.len() < 80);
        chunk(&mut out, *b"tEXt", format!("{keyword}\0{text}").as_bytes());
    }
    let lines = match palette {
        Some(palette) => {
            chunk(&mut out, *b"PLTE", palette.as_flattened());
            indexed(canvas, &palette)
        }
        None => filtered(canvas),
    };
    chunk(&mut out, *b"IDAT", &compressed(&lines, level));
    chunk(&mut out, *b"IEND", &[]);
    out
}

/// A PNG file of a picture of indices into a palette, `width` to a line. Where neighbouring indices are
/// neighbouring colours, as with a table of colours, it is smaller and made faster than by [`encode`].
///
/// # Panics
/// If the palette has more than 256 colours.
pub fn encode_indices(indices: &[u8], width: usize, palette: &[Rgb]) -> Vec<u8> {
    assert!(palette.len() <= 256, "an index has eight bits");
    let mut out = b"\x89PNG\r\n\x1a\n".to_vec();
    let mut header = Vec::with_capacity(13);
    header.extend((width as u32).to_be_bytes());
    header.extend(((indices.len() / width.max(1)) as u32).to_be_bytes());
    header.extend([8, 3, 0, 0, 0]);
    chunk(&mut out, *b"IHDR", &header);
    chunk(&mut out, *b"PLTE", palette.as_flattened());
    // Every line as differences to the one above: fields are smooth, and their indices with them.
    let mut lines = Vec::with_capacity(indices.len() + indices.len() / width.max(1));
    let mut above = vec![0; width];
    for line in indices.chunks_exact(width.max(1)) {
        lines.push(2);
        lines.extend(line.iter().zip(&above).map(|(v, a)| v.wrapping_sub(*a)));
        above.copy_from_slice(line);
    }
    chunk(&mut out, *b"IDAT", &compressed(&lines, MIDDLING));
    chunk(&mut out, *b"IEND", &[]);
    out
}

/// Colours, `width` to a line, as the data of a frame of an animation.
pub(super) fn frame(pixels: &[Rgb], width: usize) -> Vec<u8> {
    compressed(&quickly_filtered(pixels, width), QUICK)
}

/// Adds a chunk: length, name, data, check sum.
pub(super) fn chunk(out: &mut Vec<u8>, name: [u8; 4], data: &[u8]) {
    out.extend((data.len() as u32).to_be_bytes());
    let from = out.len();
    out.extend(name);
    out.extend(data);
    out.extend(crc32(&out[from..]).to_be_bytes());
}

fn compressed(bytes: &[u8], level: i32) -> Vec<u8> {
    let mut compressor = Compressor::new(CompressionLvl::new(level).expect("a known level"));
    let mut out = vec![0; compressor.zlib_compress_bound(bytes.len())];
    let length = compressor.zlib_compress(bytes, &mut out).expect("the bound is enough");
    out.truncate(length);
    out
}

/// Every colour in order; none if there are more than 256.
fn palette(pixels: &[Rgb]) -> Option<Vec<Rgb>> {
    let mut seen = std::collections::BTreeSet::new();
    for pixel in pixels {
        if seen.insert(*pixel) && seen.len() > 256 {
            return None;
        }
    }
    Some(seen.into_iter().collect())
}

/// Lines of indices, unfiltered: neighbouring indices say nothing of each other.
fn indexed(canvas: &Canvas, palette: &[Rgb]) -> Vec<u8> {
    let mut out = Vec::with_capacity((canvas.width() + 1) * canvas.height());
    for line in canvas.pixels().chunks_exact(canvas.width()) {
        out.push(0);
        out.extend(line.iter().map(|pixel| {
            palette.binary_search(pixel).expect("every colour is in the palette") as u8
        }));
    }
    out
}

/// Lines of colours, each under the filter that leaves the least sum of absolute differences.
fn filtered(canvas: &Canvas) -> Vec<u8> {
    let width = 3 * canvas.width();
    let bytes = canvas.pixels().as_flattened();
    let mut out = Vec::with_capacity((width + 1) * canvas.height());
    let mut above = vec![0; width];
    let mut tried = vec![0; width];
    let mut best = vec![0; width];
    for line in bytes.chunks_exact(width) {
        let (mut least, mut kind) = (u64::MAX, 0);
        for filter in 0..5 {
            for i in 0..width {
                let left = if i < 3 { 0 } else { line[i - 3] };
                let corner = if i < 3 { 0 } else { above[i - 3] };
                tried[i] = line[i].wrapping_sub(predicted(filter, left, above[i], corner));
            }
            let sum = tried.iter().map(|v| u64::from(v.cast_signed().unsigned_abs())).sum();
            if sum < least {
                (least, kind) = (sum, filter);
                best.copy_from_slice(&tried);
            }
        }
        out.push(kind);
        out.extend(&best);
        above.copy_from_slice(line);
    }
    out
}

/// Lines of colours: as what lies above if that is the same, as under enlarged data, else as Paeth's
/// choice.
fn quickly_filtered(pixels: &[Rgb], width: usize) -> Vec<u8> {
    let width = 3 * width;
    let bytes = pixels.as_flattened();
    let mut out = Vec::with_capacity(bytes.len() + bytes.len() / width);
    let nothing = vec![0; width];
    let mut above = nothing.as_slice();
    for line in bytes.chunks_exact(width) {
        if line == above {
            out.push(2);
            out.extend(&nothing);
        } else {
            out.push(4);
            out.extend((0..width).map(|i| {
                let [left, corner] = if i < 3 { [0; 2] } else { [line[i - 3], above[i - 3]] };
                line[i].wrapping_sub(predicted(4, left, above[i], corner))
            }));
        }
        above = line;
    }
    out
}

/// What a filter expects from the neighbours: nothing, left, above, their mean, Paeth's choice.
fn predicted(filter: u8, left: u8, above: u8, corner: u8) -> u8 {
    match filter {
        0 => 0,
        1 => left,
        2 => above,
        3 => u8::midpoint(left, above),
        _ => {
            let [a, b, c] = [left, above, corner].map(i16::from);
            let guess = a + b - c;
            let [to_a, to_b, to_c] = [a, b, c].map(|v| (guess - v).abs());
            match () {
                () if to_a <= to_b && to_a <= to_c => left,
                () if to_b <= to_c => above,
                () => corner,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rng::Stream;

    /// Reads with another implementation.
    fn decode(bytes: &[u8]) -> (png::ColorType, Canvas, Vec<(String, String)>) {
        let mut decoder = png::Decoder::new(std::io::Cursor::new(bytes));
        decoder.set_transformations(png::Transformations::EXPAND);
        let mut reader = decoder.read_info().unwrap();
        let mut data = vec![0; reader.output_buffer_size().unwrap()];
        reader.next_frame(&mut data).unwrap();
        let info = reader.info();
        let notes = info.uncompressed_latin1_text.iter();
        let notes = notes.map(|t| (t.keyword.clone(), t.text.clone())).collect();
        let mut canvas = Canvas::new(info.width as usize, info.height as usize, [0; 3]);
        for (i, pixel) in data.chunks_exact(3).enumerate() {
            let x = i % canvas.width();
            *canvas.pixel_mut(x, i / canvas.width()).unwrap() = [pixel[0], pixel[1], pixel[2]];
        }
        (info.color_type, canvas, notes)
    }

    fn noise(width: usize, height: usize, colors: u64) -> Canvas {
        let mut draws = Stream::new(1, "png", &[]).site(0);
        let mut canvas = Canvas::new(width, height, [0; 3]);
        for y in 0..height {
            for x in 0..width {
                let c = draws.below(colors) as u32 * 64;
                *canvas.pixel_mut(x, y).unwrap() = [c as u8, (c >> 8) as u8, (c >> 16) as u8];
            }
        }
        canvas
    }

    #[test]
    fn another_reader_finds_the_same_pixels() {
        let notes = [("Software", "spinlock"), ("Comment", "seed 42")];
        for (canvas, kind) in [
            (noise(33, 21, 256), png::ColorType::Indexed),
            (noise(33, 21, 1), png::ColorType::Indexed),
            (noise(40, 30, 100_000), png::ColorType::Rgb),
            (noise(1, 300, 100_000), png::ColorType::Rgb),
        ] {
            let bytes = encode(&canvas, &notes);
            assert_eq!(bytes, encode(&canvas, &notes));
            let (color, read, texts) = decode(&bytes);
            assert_eq!(color, kind);
            assert!(read == canvas);
            assert!(decode(&encode_quickly(&canvas, &notes)).1 == canvas);
            let texts: Vec<_> = texts.iter().map(|(k, t)| (k.as_str(), t.as_str())).collect();
            assert_eq!(texts, notes);
        }
    }

    #[test]
    fn pictures_of_indices_are_read_as_they_are() {
        let palette: Vec<Rgb> = (0..=255).map(|i| [i, 255 - i, 7]).collect();
        let indices: Vec<u8> = (0..37 * 20).map(|i| ((i * i) % 251) as u8).collect();
        let (kind, read, _) = decode(&encode_indices(&indices, 37, &palette));
        assert_eq!((kind, read.width(), read.height()), (png::ColorType::Indexed, 37, 20));
        let colors: Vec<Rgb> = indices.iter().map(|i| palette[usize::from(*i)]).collect();
        assert_eq!(read.pixels(), colors);
    }

    #[test]
    fn smooth_pictures_become_small() {
        let mut canvas = Canvas::new(128, 128, [0; 3]);
        for y in 0..128 {
            for x in 0..128 {
                *canvas.pixel_mut(x, y).unwrap() = [x as u8, y as u8, (x + y) as u8];
            }
        }
        let bytes = encode(&canvas, &[]).len();
        assert!(bytes < 128 * 128 * 3 / 40, "{bytes}");
        let quick = encode_quickly(&canvas, &[]).len();
        assert!(quick < 128 * 128 * 3 / 10, "{quick}");
    }
}
