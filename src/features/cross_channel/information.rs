//! Mutual information between channels over the pixels of a state, in nats, from histograms.

use crate::features::statistics::extremes;
use crate::features::{Channel, Undefined, Value};

/// More channels than this have too many triples; the Python reference takes no pairs of them either.
const MANY: usize = 16;

/// Pixels that a cell of a histogram shall have on average, as expected counts of a χ² test: with fewer
/// the bias is beyond correction.
const PER_CELL: usize = 5;

/// Mutual information of every pair i < j of channels, none of them constant under `standard`.
pub fn pairs(channels: &[Channel], bins: usize, compat: bool) -> Result<Vec<f64>, Undefined> {
    if compat && channels.len() > MANY {
        return Err(Undefined::ManyChannels);
    }
    let bins = if compat { bins } else { affordable(channels[0].values.len(), bins, 2)? };
    let codes: Vec<Vec<u8>> = channels.iter().map(|u| codes(u, bins, compat)).collect();
    let information = |x: &[u8], y: &[u8]| {
        let joint = Counts::of([x, y], bins);
        let (x, y) = (joint.without(1), joint.without(0));
        if compat { joint.with_floors(&x, &y) } else { x.entropy() + y.entropy() - joint.entropy() }
    };
    let mut found = Vec::new();
    for (i, x) in codes.iter().enumerate() {
        found.extend(codes[i + 1..].iter().map(|y| information(x, y)));
    }
    Ok(found)
}

/// Why there are no triples of so many channels.
pub fn why_not(channels: usize) -> Option<Undefined> {
    match channels {
        0..3 => Some(Undefined::FewChannels),
        3..=MANY => None,
        _ => Some(Undefined::ManyChannels),
    }
}

/// Conditional mutual information `I(X; Y | Z)` of every triple i < j < k of channels, none of them
/// constant under `standard`, with i, j and k for Z in turn.
pub fn triples(channels: &[Channel], bins: usize, compat: bool) -> Result<Vec<f64>, Undefined> {
    if let Some(reason) = why_not(channels.len()) {
        return Err(reason);
    }
    let bins = if compat { bins } else { affordable(channels[0].values.len(), bins, 3)? };
    let codes: Vec<Vec<u8>> = channels.iter().map(|u| codes(u, bins, compat)).collect();
    let c = codes.len();
    let entropy = |counts: &Counts| if compat { counts.plug_in() } else { counts.entropy() };
    let mut found = Vec::new();
    // The three choices of Z share the histogram of a triple.
    for i in 0..c {
        for j in i + 1..c {
            for k in j + 1..c {
                let joint = Counts::of([&codes[i], &codes[j], &codes[k]], bins);
                let planes = [0, 1, 2].map(|axis| joint.without(axis));
                let lines = [planes[2].without(1), planes[2].without(0), planes[0].without(0)];
                let all: f64 = planes.iter().map(&entropy).sum();
                for z in 0..3 {
                    // H(X, Z) + H(Y, Z): the two planes that hold the axis of Z.
                    let with = all - entropy(&planes[z]);
                    found.push(with - entropy(&lines[z]) - entropy(&joint));
                }
            }
        }
    }
    Ok(found)
}

/// The most bins, up to those asked for, that leave the cells of histograms of so many axes filled.
///
/// # Errors
/// If there are too few pixels for two.
pub fn affordable(pixels: usize, bins: usize, axes: u32) -> Result<usize, Undefined> {
    let filled = |b: &usize| PER_CELL * b.pow(axes) <= pixels;
    (2..=bins).rev().find(filled).ok_or(Undefined::Undetermined)
}

/// Mean and greatest of what [`pairs`] and [`triples`] find.
pub fn mean_and_max(found: &Result<Vec<f64>, Undefined>) -> [Value; 2] {
    let both = found.as_ref().map(|found| {
        let mean = found.iter().sum::<f64>() / found.len() as f64;
        [mean, found.iter().copied().fold(f64::NEG_INFINITY, f64::max)]
    });
    both.map_or_else(|reason| [Err(*reason); 2], |both| both.map(Ok))
}

/// The bin of every pixel: bins of equal width between the least and the greatest value, the last
/// closed. The Python reference's has B − 1 such bins and one for the greatest value, in 32 bits.
fn codes(channel: &Channel, bins: usize, compat: bool) -> Vec<u8> {
    let (least, greatest) = extremes(&channel.values);
    if compat {
        let (least, range) = (least as f32, greatest as f32 - least as f32 + 1e-8);
        let code = |v: &f64| ((bins - 1) as f32 * (*v as f32 - least) / range) as u8;
        return channel.values.iter().map(code).collect();
    }
    let range = greatest - least;
    let code = |v: &f64| ((bins as f64 * ((v - least) / range)) as u8).min(bins as u8 - 1);
    channel.values.iter().map(code).collect()
}

/// How many pixels there are in each cell of a histogram of one, two or three axes.
struct Counts {
    bins: usize,
    axes: u32,
    pixels: f64,
    /// Row by row, the last axis fastest.
    cells: Vec<u32>,
}

impl Counts {
    fn of<const AXES: usize>(codes: [&[u8]; AXES], bins: usize) -> Self {
        let mut cells = vec![0; bins.pow(AXES as u32)];
        for pixel in 0..codes[0].len() {
            cells[codes.iter().fold(0, |at, codes| at * bins + usize::from(codes[pixel]))] += 1;
        }
        Self { bins, axes: AXES as u32, pixels: codes[0].len() as f64, cells }
    }

    /// Summed over one axis.
    fn without(&self, axis: u32) -> Self {
        let inner = self.bins.pow(self.axes - 1 - axis);
        let mut cells = vec![0; self.cells.len() / self.bins];
        for (at, count) in self.cells.iter().enumerate() {
            cells[at / (inner * self.bins) * inner + at % inner] += count;
        }
        Self { bins: self.bins, axes: self.axes - 1, pixels: self.pixels, cells }
    }

    /// `−Σ p ln p`.
    fn plug_in(&self) -> f64 {
        let part = |count: &u32| {
            let p = f64::from(*count) / self.pixels;
            p * p.ln()
        };
        -self.cells.iter().filter(|count| **count > 0).map(part).sum::<f64>()
    }

    /// Entropy with the correction of Miller (1955): half a count for every filled cell but one.
    fn entropy(&self) -> f64 {
        let filled = self.cells.iter().filter(|count| **count > 0).count() as f64;
        self.plug_in() + (filled - 1.0) / (2.0 * self.pixels)
    }

    /// `Σ p ln(p/((p_x + 1e-10)(p_y + 1e-10)))`, as the Python reference has it.
    fn with_floors(&self, x: &Counts, y: &Counts) -> f64 {
        let p = |count: u32| f64::from(count) / self.pixels;
        let filled = self.cells.iter().enumerate().filter(|(_, count)| **count > 0);
        filled
            .map(|(at, count)| {
                let (px, py) = (p(x.cells[at / self.bins]), p(y.cells[at % self.bins]));
                p(*count) * (p(*count) / ((px + 1e-10) * (py + 1e-10))).ln()
            })
            .sum()
    }
}
