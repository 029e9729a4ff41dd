//! The 256 colours that stand best for a picture's.
//!
//! Colours are counted by the upper six bits of each channel. Beginning with one box around all, the box
//! with the largest sum of squared distances from its mean along one axis is cut there, at the mean,
//! until there are 256 (after Wan, Prusinkiewicz and Wong 1990, variance-based quantization). The means
//! of the boxes are the palette, of which each colour gets the nearest. A picture of no more colours keeps its own. Integers are summed, so
//! the result is the same everywhere.

use std::collections::BTreeSet;

use crate::picture::Rgb;

/// The most colours.
const MOST: usize = 256;
/// Bits of a channel that are counted by.
const BITS: usize = 6;

/// The colours and, for each pixel, which of them it has.
pub struct Indexed {
    /// At most 256.
    pub palette: Vec<Rgb>,
    /// One for each pixel.
    pub indices: Vec<u8>,
}

/// Colours that share their upper bits.
#[derive(Clone, Copy, Default)]
struct Bin {
    count: u64,
    sum: [u64; 3],
}

fn place(color: Rgb) -> usize {
    color.iter().fold(0, |at, v| at << BITS | usize::from(*v) >> (8 - BITS))
}

impl Bin {
    /// Its mean along an axis.
    fn mean(&self, axis: usize) -> f64 {
        self.sum[axis] as f64 / self.count as f64
    }

    fn merge(mut self, other: &Self) -> Self {
        self.count += other.count;
        (0..3).for_each(|axis| self.sum[axis] += other.sum[axis]);
        self
    }
}

/// Bins `from..to` of the order, with how much a cut along the best axis promises.
struct Span {
    from: usize,
    to: usize,
    axis: usize,
    spread: f64,
    mean: Bin,
}

impl Span {
    fn of(bins: &[Bin], from: usize, to: usize) -> Self {
        let mine = &bins[from..to];
        let mean = mine.iter().fold(Bin::default(), Bin::merge);
        let spread = |axis: usize| -> f64 {
            let from_mean = |bin: &Bin| bin.mean(axis) - mean.mean(axis);
            mine.iter().map(|bin| bin.count as f64 * from_mean(bin) * from_mean(bin)).sum()
        };
        let (axis, spread) = (0..3)
            .map(|axis| (axis, spread(axis)))
            .max_by(|a, b| a.1.total_cmp(&b.1))
            .unwrap_or((0, 0.0));
        Self { from, to, axis, spread, mean }
    }
}

/// The palette of some pixels, and their indices in it.
pub fn indexed(pixels: &[Rgb]) -> Indexed {
    let mut exact = BTreeSet::new();
    for pixel in pixels {
        if exact.insert(*pixel) && exact.len() > MOST {
            return reduced(pixels);
        }
    }
    let palette: Vec<Rgb> = exact.into_iter().collect();
    let index = |pixel: &Rgb| palette.binary_search(pixel).map_or(0, |i| i as u8);
    let indices = pixels.iter().map(index).collect();
    Indexed { palette, indices }
}

fn reduced(pixels: &[Rgb]) -> Indexed {
    let mut counted = vec![Bin::default(); 1 << (3 * BITS)];
    for pixel in pixels {
        let bin = &mut counted[place(*pixel)];
        bin.count += 1;
        (0..3).for_each(|axis| bin.sum[axis] += u64::from(pixel[axis]));
    }
    let mut bins: Vec<Bin> = counted.iter().filter(|bin| bin.count > 0).copied().collect();
    let mut spans = vec![Span::of(&bins, 0, bins.len())];
    while spans.len() < MOST {
        let widest = (0..spans.len()).max_by(|a, b| spans[*a].spread.total_cmp(&spans[*b].spread));
        let Some(widest) = widest.filter(|i| spans[*i].spread > 0.0) else { break };
        let Span { from, to, axis, mean, .. } = spans.swap_remove(widest);
        let cut = mean.mean(axis);
        bins[from..to].sort_by(|a, b| a.mean(axis).total_cmp(&b.mean(axis)));
        let below = bins[from..to].partition_point(|bin| bin.mean(axis) < cut);
        let middle = from + below.clamp(1, to - from - 1);
        spans.push(Span::of(&bins, from, middle));
        spans.push(Span::of(&bins, middle, to));
    }
    let color = |bin: &Bin| -> Rgb { [0, 1, 2].map(|axis| (bin.mean(axis) + 0.5) as u8) };
    let palette: Vec<Rgb> = spans.iter().map(|span| color(&span.mean)).collect();
    let mut index = vec![0; counted.len()];
    for bin in &bins {
        let mine = color(bin);
        let apart = |other: &Rgb| -> u32 {
            mine.iter().zip(other).map(|(a, b)| u32::from(a.abs_diff(*b)).pow(2)).sum()
        };
        let nearest = (0..palette.len()).min_by_key(|i| apart(&palette[*i])).unwrap_or(0);
        index[place([0, 1, 2].map(|axis| bin.mean(axis) as u8))] = nearest as u8;
    }
    Indexed { palette, indices: pixels.iter().map(|pixel| index[place(*pixel)]).collect() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn few_colours_stay_what_they_are() {
        let pixels: Vec<Rgb> = (0..1000).map(|i| [(i % 16) as u8, (i % 15) as u8, 200]).collect();
        let found = indexed(&pixels);
        let back: Vec<Rgb> = found.indices.iter().map(|i| found.palette[usize::from(*i)]).collect();
        assert_eq!(back, pixels);
        assert_eq!(found.palette.len(), 240);
    }

    #[test]
    fn many_colours_have_one_near_them() {
        let pixels: Vec<Rgb> =
            (0..=255).flat_map(|r| (0..=255).map(move |g| [r, g, r / 2])).collect();
        let found = indexed(&pixels);
        assert_eq!(found.palette.len(), 256);
        let mut sum = 0.0;
        for (pixel, i) in pixels.iter().zip(&found.indices) {
            for (a, b) in pixel.iter().zip(found.palette[usize::from(*i)]) {
                sum += (f64::from(*a) - f64::from(b)).powi(2);
            }
        }
        // A plane of 256 squares of side 16 and its slope: 16²/12 for red and green, a quarter for blue.
        let expected = 256.0 / 12.0 * 2.25;
        assert!(sum / (pixels.len() as f64) < 1.2 * expected, "{}", sum / pixels.len() as f64);
    }
}
