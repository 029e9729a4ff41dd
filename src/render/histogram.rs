//! Quantiles of more numbers than one wants to keep, in one pass.
//!
//! A finite 32-bit float, read as an integer with its sign folded, keeps its order. A bin holds the
//! floats that agree in all but the last `shift` bits of that integer; the bins form one window from
//! the least value to the greatest, and `shift` is the least for which the window has no more than
//! 2¹⁴ bins. So a bin is narrow where values are small, one huge value costs the others little, and
//! the bins are a function of the set of values alone: neither the order in which values come nor how
//! parts are merged changes them.
//!
//! Error: least and greatest value are exact. A quantile differs from the exact one by less than its
//! bin is wide, which is 2^(shift − 23) of its magnitude: 1/64 if no value exceeds 2 in magnitude, never
//! more than 1/32, and nothing while the values are within 2¹⁴ neighbouring floats. Within a bin it is
//! interpolated, so where values lie smoothly the error is below a thousandth.

/// The most bins.
const BINS: u32 = 1 << 14;

/// The distribution of finite numbers.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Histogram {
    /// Least and greatest value.
    extent: Option<(f32, f32)>,
    shift: u32,
    /// The integer, without its last bits, of the first bin.
    first: u32,
    counts: Vec<u64>,
}

/// The place of a finite float among all floats.
fn ordered(v: f32) -> u32 {
    let bits = (v + 0.0).to_bits();
    if bits >> 31 == 1 { !bits } else { bits | 1 << 31 }
}

/// The float at a place; the largest where there is none so large.
fn float(place: u32) -> f64 {
    let place = place.clamp(ordered(f32::MIN), ordered(f32::MAX));
    let bits = if place >> 31 == 1 { place & !(1 << 31) } else { !place };
    f64::from(f32::from_bits(bits))
}

impl Histogram {
    /// Adds the finite ones of these values.
    pub fn include(&mut self, values: impl Iterator<Item = f32> + Clone) {
        let finite = values.filter(|v| v.is_finite());
        let Some(extent) =
            finite.clone().map(|v| (v, v)).reduce(|(low, high), (v, _)| (low.min(v), high.max(v)))
        else {
            return;
        };
        self.widen(extent);
        let (shift, first) = (self.shift, self.first);
        for v in finite {
            self.counts[((ordered(v) >> shift) - first) as usize] += 1;
        }
    }

    /// Adds what another one has seen.
    pub fn merge(&mut self, other: &Self) {
        let Some(extent) = other.extent else { return };
        self.widen(extent);
        for (i, count) in other.counts.iter().enumerate() {
            let place = (other.first + i as u32) >> (self.shift - other.shift);
            self.counts[(place - self.first) as usize] += count;
        }
    }

    /// Makes the window reach over these values too.
    fn widen(&mut self, (low, high): (f32, f32)) {
        let (low, high) =
            self.extent.map_or((low, high), |(least, most)| (least.min(low), most.max(high)));
        if self.extent == Some((low, high)) {
            return;
        }
        let (from, to) = (ordered(low), ordered(high));
        let mut shift = self.shift;
        while (to >> shift) - (from >> shift) >= BINS {
            shift += 1;
        }
        let first = from >> shift;
        let mut counts = vec![0; ((to >> shift) - first + 1) as usize];
        for (i, count) in self.counts.iter().enumerate().filter(|(_, count)| **count > 0) {
            let place = (self.first + i as u32) >> (shift - self.shift);
            counts[(place - first) as usize] += count;
        }
        *self = Self { extent: Some((low, high)), shift, first, counts };
    }

    /// Least and greatest value; none without a finite value.
    pub fn extent(&self) -> Option<(f64, f64)> {
        self.extent.map(|(low, high)| (f64::from(low), f64::from(high)))
    }

    /// How many values there are.
    pub fn count(&self) -> u64 {
        self.counts.iter().sum()
    }

    /// The quantile `q` from 0 to 1, by linear interpolation at `q (count − 1)`; none without a finite
    /// value.
    pub fn quantile(&self, q: f64) -> Option<f64> {
        let (least, greatest) = self.extent()?;
        let at = q.clamp(0.0, 1.0) * (self.count() - 1) as f64;
        let (below, part) = (at.floor() as u64, at.fract());
        let a = self.ranked(below);
        let b = if part > 0.0 { self.ranked(below + 1) } else { a };
        Some((a + part * (b - a)).clamp(least, greatest))
    }

    /// The value with so many below it, as if the values of a bin stood evenly in it.
    fn ranked(&self, rank: u64) -> f64 {
        let mut before = 0;
        for (i, count) in self.counts.iter().enumerate() {
            if rank < before + count {
                let place = self.first + i as u32;
                let low = float(place << self.shift);
                let high = float((place << self.shift) | ((1 << self.shift) - 1));
                let part = ((rank - before) as f64 + 0.5) / *count as f64;
                return low + part * (high - low);
            }
            before += count;
        }
        unreachable!("a rank is less than the count")
    }

    /// As plain numbers: how many follow, least, greatest, shift, first bin, and the place and count
    /// of each bin that is not empty. Zero if there is no value.
    pub fn to_numbers(&self, out: &mut Vec<f64>) {
        let from = out.len();
        out.push(0.0);
        if let Some((least, greatest)) = self.extent() {
            out.extend([least, greatest, f64::from(self.shift), f64::from(self.first)]);
            for (i, count) in self.counts.iter().enumerate().filter(|(_, count)| **count > 0) {
                out.extend([i as f64, *count as f64]);
            }
        }
        out[from] = (out.len() - from - 1) as f64;
    }

    /// Back from [`to_numbers`](Self::to_numbers), which are taken from the front; none if they are
    /// no such numbers.
    pub fn from_numbers(numbers: &mut &[f64]) -> Option<Self> {
        let (count, rest) = numbers.split_first()?;
        let (mine, rest) = rest.split_at_checked(*count as usize)?;
        *numbers = rest;
        let [least, greatest, shift, first, bins @ ..] = mine else {
            return mine.is_empty().then(Self::default);
        };
        let extent = (*least as f32, *greatest as f32);
        if !(extent.0.is_finite() && extent.1.is_finite() && extent.0 <= extent.1) {
            return None;
        }
        let mut made = Self { shift: *shift as u32, ..Self::default() };
        if made.shift > 31 {
            return None;
        }
        made.widen(extent);
        if f64::from(made.shift) != *shift || f64::from(made.first) != *first {
            return None;
        }
        let (pairs, odd) = bins.as_chunks::<2>();
        for [place, count] in pairs {
            *made.counts.get_mut(*place as usize)? = *count as u64;
        }
        odd.is_empty().then_some(made)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::picture::Bounds;
    use crate::rng::Stream;

    fn values(count: usize, of: impl Fn(f64) -> f64) -> Vec<f32> {
        let mut draws = Stream::new(3, "histogram", &[]).site(0);
        (0..count).map(|_| of(draws.uniform()) as f32).collect()
    }

    fn of(values: &[f32]) -> Histogram {
        let mut made = Histogram::default();
        made.include(values.iter().copied());
        made
    }

    type Case = (&'static str, Vec<f32>);

    fn cases() -> Vec<Case> {
        let tail = |u: f64| 1.0 / (u * u + 1e-12) * if u > 0.5 { 1.0 } else { -1.0 };
        let mut cases = vec![
            ("uniform", values(20_000, |u| 2.0 * u - 1.0)),
            ("one sign", values(5_000, |u| u * u)),
            ("an offset", values(5_000, |u| 100.0 + 0.01 * u)),
            ("heavy tails", values(20_000, tail)),
            ("two values", values(101, f64::round)),
            ("zeros", vec![0.0, -0.0, 0.0]),
            ("extremes", vec![f32::MIN, f32::MAX, 0.0, 1.0, f32::MIN_POSITIVE / 8.0]),
        ];
        let mut outlier = values(10_000, |u| u);
        outlier[77] = 1e38;
        outlier.extend([f32::NAN, f32::INFINITY, f32::NEG_INFINITY]);
        cases.push(("one outlier", outlier));
        cases
    }

    /// The stated error, against sorting.
    #[test]
    fn a_quantile_is_within_the_width_of_its_bin() {
        for (name, values) in cases() {
            let made = of(&values);
            for cut in [0.0, 0.01, 0.02, 0.25, 0.5] {
                let exact = Bounds::of(values.iter().copied(), cut).unwrap();
                let width = 2_f64.powi(made.shift.cast_signed() - 23);
                for (exact, q) in [(exact.low, cut), (exact.high, 1.0 - cut)] {
                    let found = made.quantile(q).unwrap();
                    // Interpolation between two ranks can take either rank's bin.
                    let rank = q * (made.count() - 1) as f64;
                    let neighbours = [made.ranked(rank.floor() as u64), exact];
                    let reach = neighbours.map(f64::abs).into_iter().fold(1e-38, f64::max);
                    assert!((found - exact).abs() <= width * reach, "{name} {q}: {found} {exact}");
                }
            }
            assert!(made.shift <= 18, "{name}: bins of at most 1/32");
        }
        assert_eq!(of(&values(5_000, |u| 100.0 + 0.01 * u)).shift, 0, "these floats are counted");
        let smooth = values(100_000, |u| 2.0 * u - 1.0);
        let made = of(&smooth);
        assert_eq!(made.shift, 17, "bins of at most 1/64");
        for cut in [0.01, 0.1, 0.3] {
            let exact = Bounds::of(smooth.iter().copied(), cut).unwrap();
            let apart = (made.quantile(cut).unwrap() - exact.low).abs();
            assert!(apart < 1e-3, "{cut} {apart}");
        }
    }

    #[test]
    fn order_and_parts_do_not_matter() {
        for (name, values) in cases() {
            let whole = of(&values);
            let (a, b) = values.split_at(values.len() / 3);
            let (mut ab, mut ba) = (of(a), of(b));
            ab.merge(&of(b));
            ba.merge(&of(a));
            let mut steps = Histogram::default();
            values.iter().rev().for_each(|v| steps.include(std::iter::once(*v)));
            steps.merge(&Histogram::default());
            assert!(ab == whole && ba == whole && steps == whole, "{name}");
        }
    }

    #[test]
    fn numbers_read_back_and_wrong_ones_are_refused() {
        let mut numbers = Vec::new();
        let all: Vec<Histogram> = cases().iter().map(|(_, v)| of(v)).collect();
        all.iter().chain([&Histogram::default()]).for_each(|h| h.to_numbers(&mut numbers));
        let mut rest = numbers.as_slice();
        for made in all.iter().chain([&Histogram::default()]) {
            assert_eq!(Histogram::from_numbers(&mut rest).as_ref(), Some(made));
        }
        assert!(rest.is_empty());
        for wrong in [&[][..], &[3.0, 1.0], &[1.0, 0.0], &[4.0, 2.0, 1.0, 0.0, 0.0], &numbers[..9]]
        {
            assert_eq!(Histogram::from_numbers(&mut &*wrong), None, "{wrong:?}");
        }
    }

    #[test]
    fn nothing_finite_has_no_quantile() {
        let nothing = of(&[f32::NAN, f32::INFINITY]);
        assert_eq!((nothing.quantile(0.5), nothing.extent(), nothing.count()), (None, None, 0));
        assert_eq!(nothing, Histogram::default());
    }
}
