//! What a caption says of a field in numbers.

use crate::ic::fft::Fft;
use crate::picture::Bounds;

/// Of all samples of one channel together.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Statistics {
    /// Mean of the finite values.
    pub mean: f64,
    /// Standard deviation of the finite values about that mean.
    pub sd: f64,
    /// Where the autocorrelation has fallen to 1/e, as a fraction of the side: of the samples about
    /// their own means, by distance on the torus, over all directions. None if no sample varies or it
    /// does not fall so far.
    pub correlation_length: Option<f64>,
    /// How many values are not finite; samples that have any take no part in the autocorrelation.
    pub not_finite: usize,
}

impl Statistics {
    /// The statistics of these samples, each `[n, n]`. Without finite values mean and deviation are 0.
    pub fn of(samples: &[Vec<f32>], n: usize) -> Self {
        let values = || samples.iter().flatten().filter(|v| v.is_finite()).map(|v| f64::from(*v));
        let count = values().count();
        let over = count.max(1) as f64;
        let mean = values().sum::<f64>() / over;
        let sd = (values().map(|v| (v - mean) * (v - mean)).sum::<f64>() / over).sqrt();
        let not_finite = samples.iter().map(Vec::len).sum::<usize>() - count;
        Self { mean, sd, correlation_length: correlation_length(samples, n), not_finite }
    }
}

fn correlation_length(samples: &[Vec<f32>], n: usize) -> Option<f64> {
    let fft = Fft::new(n);
    // The power summed over samples; its transform is the autocovariance (Wiener and Khinchin).
    let mut power = vec![0.0; n * n];
    for sample in samples.iter().filter(|s| s.iter().all(|v| v.is_finite())) {
        let mean = sample.iter().map(|v| f64::from(*v)).sum::<f64>() / (n * n) as f64;
        let mut re: Vec<f64> = sample.iter().map(|v| f64::from(*v) - mean).collect();
        let mut im = vec![0.0; n * n];
        fft.forward(&mut re, &mut im);
        for (sum, (re, im)) in power.iter_mut().zip(re.iter().zip(&im)) {
            *sum += re * re + im * im;
        }
    }
    let mut nothing = vec![0.0; n * n];
    fft.inverse(&mut power, &mut nothing);
    if power[0] <= 0.0 {
        return None;
    }
    // By distance, in rings one pixel wide, out to the distance where the torus ends.
    let mut rings = vec![(0.0, 0_u32); n / 2 + 1];
    for y in 0..n {
        for x in 0..n {
            let (dx, dy) = (x.min(n - x), y.min(n - y));
            let distance = ((dx * dx + dy * dy) as f64).sqrt().round() as usize;
            if let Some((sum, count)) = rings.get_mut(distance) {
                *sum += power[y * n + x] / power[0];
                *count += 1;
            }
        }
    }
    let at: Vec<f64> = rings.iter().map(|(sum, count)| sum / f64::from(*count)).collect();
    let level = (-1.0_f64).exp();
    let first = at.iter().position(|v| *v < level)?;
    let (before, after) = (at[first - 1], at[first]);
    let distance = (first - 1) as f64 + (before - level) / (before - after);
    Some(distance / n as f64)
}

/// Decimals that show three digits of a deviation (0.9996 counts as 1), also for what is compared
/// with it.
fn decimals(sd: f64) -> usize {
    if sd > 0.0 { (2 - (1.0005 * sd).log10().floor() as i64).clamp(0, 9) as usize } else { 2 }
}

impl Statistics {
    /// For captions, from long to short: whoever shows them takes the first that fits.
    pub fn captions(&self) -> Vec<String> {
        let mut parts = Vec::new();
        let awkward = |v: f64| v != 0.0 && !(1e-3..1e5).contains(&v.abs());
        if awkward(self.sd) {
            parts.push(format!("mean {}", number(self.mean)));
            parts.push(format!("sd {}", number(self.sd)));
        } else {
            let places = decimals(self.sd);
            parts.push(format!("mean {}", plain(self.mean, places)));
            parts.push(format!("sd {}", plain(self.sd, places)));
        }
        if let Some(length) = self.correlation_length {
            parts.push(format!("ℓ {length:.3}"));
        }
        let broken = (self.not_finite > 0).then(|| format!("{} not finite", self.not_finite));
        let some = |kept: &[usize]| {
            let kept = kept.iter().filter_map(|i| parts.get(*i).map(String::as_str));
            let text: Vec<&str> = broken.iter().map(String::as_str).chain(kept).collect();
            text.join(" · ")
        };
        let mut out = vec![some(&[0, 1, 2]), some(&[1, 2]), some(&[1])];
        out.dedup();
        out.push(String::new());
        out
    }
}

/// A number with a minus sign that is one, and no negative zero.
fn plain(v: f64, places: usize) -> String {
    let text = format!("{v:.places$}");
    let is_zero = text.chars().all(|c| !c.is_ascii_digit() || c == '0');
    match text.strip_prefix('-') {
        Some(digits) if is_zero => digits.to_owned(),
        Some(digits) => format!("−{digits}"),
        None => text,
    }
}

/// A number in two significant digits, or three from 1 on.
fn number(v: f64) -> String {
    let size = v.abs();
    match size {
        0.0 => "0".to_owned(),
        _ if (1e-3..1e5).contains(&size) => {
            let places = if size < 1.0 { 1 - size.log10().floor() as i64 } else { 2 };
            let places = places - (size.max(1.0).log10().floor() as i64).min(places);
            plain(v, places as usize)
        }
        _ => format!("{v:.1e}").replace('-', "−"),
    }
}

/// Bounds of a scale as its ends are labelled: what is next to nothing beside their distance is 0.
pub fn bounds(bounds: &Bounds) -> (String, String) {
    let least = 1e-3 * (bounds.high - bounds.low);
    let label = |v: f64| if v.abs() < least { number(0.0) } else { number(v) };
    (label(bounds.low), label(bounds.high))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wave(n: usize, k: usize) -> Vec<f32> {
        let turn = std::f64::consts::TAU * k as f64 / n as f64;
        (0..n * n).map(|i| (turn * (i % n) as f64).sin() as f32).collect()
    }

    #[test]
    fn a_wave_has_the_statistics_of_a_sine() {
        let s = Statistics::of(&[wave(128, 4), wave(128, 4)], 128);
        assert!(s.mean.abs() < 1e-7 && (s.sd - 0.5_f64.sqrt()).abs() < 1e-6, "{s:?}");
        // The mean of cos(k x) over directions is J₀(k r), which is 1/e at k r = 1.7537 (rings of a
        // pixel blur it by a few percent).
        let expected = 1.7537 / (std::f64::consts::TAU * 4.0);
        let found = s.correlation_length.unwrap();
        assert!((found / expected - 1.0).abs() < 0.05, "{found} {expected}");
    }

    #[test]
    fn what_has_no_length_has_none() {
        assert_eq!(Statistics::of(&[vec![2.0; 64]], 8).correlation_length, None);
        let broken = Statistics::of(&[vec![f32::NAN; 64]], 8);
        assert_eq!((broken.not_finite, broken.mean, broken.sd), (64, 0.0, 0.0));
        let half = Statistics::of(&[wave(16, 2), vec![f32::INFINITY; 256]], 16);
        assert_eq!(half.not_finite, 256);
        assert!(half.correlation_length.is_some());
        assert!(half.captions()[0].starts_with("256 not finite · mean 0.000 · sd 0.707 · ℓ 0."));
    }

    #[test]
    fn numbers_are_short_and_have_no_negative_zero() {
        let found: Vec<String> =
            [0.0, 0.5, -0.123_4, 0.001_23, 1.0, -2.594, 12.34, 123.4, 12_345.0, 1.2e-7, -3.4e9]
                .map(number)
                .into();
        assert_eq!(
            found,
            [
                "0", "0.50", "−0.12", "0.0012", "1.00", "−2.59", "12.3", "123", "12345", "1.2e−7",
                "−3.4e9"
            ]
        );
        let s = Statistics { mean: -1e-9, sd: 0.9996, correlation_length: None, not_finite: 0 };
        assert_eq!(s.captions(), ["mean 0.00 · sd 1.00", "sd 1.00", ""]);
        assert_eq!(bounds(&Bounds { low: 1e-19, high: 2.0 }), ("0".into(), "2.00".into()));
        assert_eq!(bounds(&Bounds { low: 1e-19, high: 1e-19 }).0, "1.0e−19");
    }
}
