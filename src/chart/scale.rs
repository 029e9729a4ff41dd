//! From numbers to places along an axis, and the numbers that are written beside it.

use super::number::{label, power_label};

/// A stretch of an axis, linear or logarithmic; `low < high`, and `0 < low` if logarithmic.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Span {
    /// Number at the beginning.
    pub low: f64,
    /// Number at the end.
    pub high: f64,
    /// Equal ratios are equal lengths.
    pub log: bool,
}

/// Numbers beside an axis, in order, with what is written there.
#[derive(Debug, Clone, PartialEq)]
pub struct Ticks {
    /// Where.
    pub at: Vec<f64>,
    /// What; to be multiplied by ten to the power of `power`.
    pub labels: Vec<String>,
    /// A power of ten that all labels share.
    pub power: i32,
}

impl Span {
    /// From one number to another. Equal numbers are widened, so that there is something to draw on.
    pub fn linear(low: f64, high: f64) -> Self {
        // Halves, so that the width of the widest range is a number.
        let (low, high) = (low.clamp(-8e307, 8e307), high.clamp(-8e307, 8e307));
        // Less than this and neighbouring ticks would be the same number.
        let least = 1e-12 * low.abs().max(high.abs());
        if high - low > least {
            return Self { low, high, log: false };
        }
        let reach = if low == 0.0 && high == 0.0 { 1.0 } else { 0.5 * low.abs().max(high.abs()) };
        Self { low: low - reach, high: high + reach, log: false }
    }

    /// The same for positive numbers.
    pub fn log(low: f64, high: f64) -> Self {
        debug_assert!(low > 0.0 && high >= low, "a logarithmic axis has positive numbers");
        let (low, high) = (low.clamp(1e-300, 1e300), high.clamp(1e-300, 1e300));
        if high / low > 1.0 + 1e-9 {
            return Self { low, high, log: true };
        }
        Self { low: low / 2.0, high: high * 2.0, log: true }
    }

    /// Around all finite numbers, of which there must be one; the logarithmic axis leaves out what is
    /// not positive.
    pub fn around(values: impl IntoIterator<Item = f64>, log: bool) -> Option<Self> {
        let kept = values.into_iter().filter(|v| v.is_finite() && (!log || *v > 0.0));
        let (low, high) =
            kept.fold((f64::INFINITY, f64::NEG_INFINITY), |(a, b), v| (a.min(v), b.max(v)));
        match (low <= high, log) {
            (false, _) => None,
            (true, false) => Some(Self::linear(low, high)),
            (true, true) => Some(Self::log(low, high)),
        }
    }

    /// Where a number lies: 0 at the beginning, 1 at the end, beyond them outside.
    pub fn place(self, v: f64) -> f64 {
        if self.log {
            (v / self.low).ln() / (self.high / self.low).ln()
        } else {
            (v - self.low) / (self.high - self.low)
        }
    }

    /// Widened to whole steps of ticks, if there are about `most` of them. Ends that are nearly at a
    /// tick already stay.
    #[must_use]
    pub fn rounded(self, most: usize) -> Self {
        if self.log {
            let decades = (self.high / self.low).log10();
            if !(1.0..4.0).contains(&decades) {
                // Whole powers of ten would be too few, or leave too much empty.
                let margin = 10f64.powf(0.03 * decades);
                return Self::log(self.low / margin, self.high * margin);
            }
            let (low, high) = (self.low.log10() + 1e-9, self.high.log10() - 1e-9);
            return Self { low: 10f64.powf(low.floor()), high: 10f64.powf(high.ceil()), log: true };
        }
        let step = step(self.high - self.low, most);
        let low = (self.low / step + 1e-9).floor() * step;
        let high = (self.high / step - 1e-9).ceil() * step;
        Self { low, high, log: false }
    }

    /// At most `most` (two or more) round numbers within.
    pub fn ticks(self, most: usize) -> Ticks {
        let most = most.max(2);
        if !self.log {
            return linear(self.low, self.high, most);
        }
        let (first, last) = (self.low.log10() - 1e-9, self.high.log10() + 1e-9);
        let decades = (last.floor() - first.ceil()) as i32 + 1;
        if let Some(ticks) = within_decades(self, most) {
            return ticks;
        }
        if decades < 2 {
            return linear(self.low, self.high, most);
        }
        // The finest stride of which no more than `most` lie within.
        let multiples = |stride: i32| -> Vec<i32> {
            (first.ceil() as i32..=last.floor() as i32)
                .filter(|power| power % stride == 0)
                .collect()
        };
        let powers = [1, 2, 3, 5, 10, 20, 30, 50, 100, 200, 500]
            .map(multiples)
            .into_iter()
            .find(|powers| powers.len() <= most)
            .filter(|powers| powers.len() > 1);
        // Few powers that are multiples of none of these.
        let powers = powers.unwrap_or_else(|| vec![first.ceil() as i32, last.floor() as i32]);
        let plain = powers.iter().all(|power| (-2..=3).contains(power));
        Ticks {
            at: powers.iter().map(|power| 10f64.powi(*power)).collect(),
            labels: powers
                .iter()
                .map(|power| {
                    if plain {
                        label(10f64.powi(*power), (-power).max(0))
                    } else {
                        power_label(*power)
                    }
                })
                .collect(),
            power: 0,
        }
    }
}

/// The least of 1, 2, 5 times a power of ten that cuts a width into fewer than `most` pieces.
fn step(width: f64, most: usize) -> f64 {
    let least = width / (most.max(2) - 1) as f64;
    let power = 10f64.powf(least.log10().floor());
    let factor = [1.0, 2.0, 5.0, 10.0].into_iter().find(|f| f * power >= least * (1.0 - 1e-9));
    factor.unwrap_or(10.0) * power
}

/// Multiples of the finest round step of which no more than `most` lie within; at least one does.
fn linear(low: f64, high: f64, most: usize) -> Ticks {
    let within = |step: f64| ((low / step - 1e-9).ceil(), (high / step + 1e-9).floor());
    let mut step = step(high - low, most + 2);
    while {
        let (first, last) = within(step);
        (last - first) as usize >= most
    } {
        step = self::step(1.5 * step, 2);
    }
    let (first, last) = within(step);
    let at: Vec<f64> = (0..=(last - first) as usize).map(|i| (first + i as f64) * step).collect();
    let largest = at.iter().fold(0.0_f64, |a, v| a.max(v.abs()));
    let exponent = if largest > 0.0 { (largest.log10() + 1e-9).floor() as i32 } else { 0 };
    // In steps of three, as units go.
    let power = if (-3..5).contains(&exponent) { 0 } else { 3 * exponent.div_euclid(3) };
    let decimals = power - (step.log10() + 1e-9).floor() as i32;
    let labels = at.iter().map(|v| label(v / 10f64.powi(power), decimals)).collect();
    Ticks { at, labels, power }
}

/// Ticks of a logarithmic axis of few powers of ten: 1, 2, 5 times these, unless they are fewer than three
/// or more than `most`.
fn within_decades(span: Span, most: usize) -> Option<Ticks> {
    let from = span.low.log10().floor() as i32;
    if span.high / span.low > 1e3 || !(-3..3).contains(&from) {
        return None;
    }
    let at: Vec<(f64, i32)> = (from..from + 5)
        .flat_map(|power| [1.0, 2.0, 5.0].map(|f| (f * 10f64.powi(power), power)))
        .filter(|(v, _)| (span.low * (1.0 - 1e-9)..=span.high * (1.0 + 1e-9)).contains(v))
        .collect();
    if !(3..=most).contains(&at.len()) {
        return None;
    }
    let labels = at.iter().map(|(v, power)| label(*v, (-power).max(0))).collect();
    Some(Ticks { at: at.into_iter().map(|(v, _)| v).collect(), labels, power: 0 })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rng::Stream;

    #[test]
    fn ticks_are_round_numbers_within_and_no_more_than_asked_for() {
        let mut draws = Stream::new(7, "ticks", &[]).site(0);
        for case in 0..20_000 {
            let reach = 10f64.powf(24.0 * draws.uniform() - 12.0);
            let (a, b) = (reach * (draws.uniform() - 0.5), reach * (draws.uniform() - 0.5));
            let most = 2 + case % 9;
            let span = Span::linear(a.min(b), a.max(b));
            let ticks = span.ticks(most);
            assert!(!ticks.at.is_empty() && ticks.at.len() <= most, "{span:?} {ticks:?}");
            assert!(most < 5 || ticks.at.len() > 1, "{span:?} {ticks:?}");
            assert!(ticks.at.iter().all(|v| (-1e-6..1.000_001).contains(&span.place(*v))));
            // A rounded span begins and ends at ticks.
            let wide = span.rounded(most);
            assert!(wide.low <= span.low + 1e-8 * reach && wide.high >= span.high - 1e-8 * reach);
            let step = step(span.high - span.low, most);
            let lead = step / 10f64.powf(step.log10().floor() + 1e-12);
            assert!([1.0, 2.0, 5.0, 10.0].iter().any(|f| (lead - f).abs() < 1e-6), "{step}");
            for v in [wide.low, wide.high] {
                assert!((v / step - (v / step).round()).abs() < 1e-6, "{v} of {step}");
            }
            // Labels read back as the numbers they stand for.
            for (v, text) in ticks.at.iter().zip(&ticks.labels) {
                let read: f64 = text.replace('−', "-").parse().unwrap();
                let read = read * 10f64.powi(ticks.power);
                assert!((read - v).abs() <= 1e-9 * v.abs().max(step), "{text} is {v}");
            }
        }
    }

    #[test]
    fn labels_have_the_digits_that_tell_them_apart() {
        let of = |low, high, most| Span::linear(low, high).ticks(most);
        assert_eq!(of(0.0, 1.0, 6).labels, ["0.0", "0.2", "0.4", "0.6", "0.8", "1.0"]);
        assert_eq!(of(-3.0, 12.0, 5).labels, ["0", "5", "10"]);
        assert_eq!(of(-30.0, 12.0, 5).labels, ["−30", "−20", "−10", "0", "10"]);
        let large = of(0.0, 3e6, 4);
        assert_eq!((large.labels.join(" "), large.power), ("0 1 2 3".into(), 6));
        let small = of(0.0, 2.5e-5, 6);
        assert_eq!((small.labels.join(" "), small.power), ("0 5 10 15 20 25".into(), -6));
        assert_eq!(of(0.998, 1.002, 5).labels, ["0.998", "0.999", "1.000", "1.001", "1.002"]);
    }

    #[test]
    fn logarithmic_ticks_are_powers_of_ten_or_few_parts_of_them() {
        let of = |low, high, most| Span::log(low, high).ticks(most).labels;
        assert_eq!(of(1e-6, 1e2, 10).join(" "), "10⁻⁶ 10⁻⁵ 10⁻⁴ 10⁻³ 10⁻² 10⁻¹ 10⁰ 10¹ 10²");
        assert_eq!(of(1e-6, 1e2, 5), ["10⁻⁶", "10⁻⁴", "10⁻²", "10⁰", "10²"]);
        assert_eq!(of(0.05, 2000.0, 6), ["0.1", "1", "10", "100", "1000"]);
        assert_eq!(of(1.5, 60.0, 6), ["2", "5", "10", "20", "50"]);
        assert_eq!(of(1.0, 2.0, 6), ["1.0", "1.2", "1.4", "1.6", "1.8", "2.0"]);
        let mut draws = Stream::new(8, "log ticks", &[]).site(0);
        for case in 0..5000 {
            let low = 10f64.powf(500.0 * draws.uniform() - 280.0);
            let high = (low * 10f64.powf(70.0 * draws.uniform().powi(3))).min(1e299);
            let most = 2 + case % 9;
            let span = Span::log(low, high.max(low));
            let ticks = span.ticks(most);
            assert!(ticks.at.len() <= most.max(2), "{span:?} {most} {ticks:?}");
            assert!(ticks.at.iter().all(|v| (-1e-6..1.000_001).contains(&span.place(*v))));
            assert!(ticks.at.len() > 1 || high / low < 1e3, "{span:?} {most} {ticks:?}");
        }
    }

    #[test]
    fn a_span_has_a_width_whatever_it_is_made_of() {
        for v in [0.0, 5.0, -3.0, 1e-300, -1e300, f64::MAX, 1e-320] {
            let span = Span::around([v, f64::NAN], false).unwrap();
            assert!(
                span.low < v && v < span.high && span.ticks(5).at.len() >= 2 || v.abs() > 1e300,
                "{span:?}"
            );
            assert!((span.high - span.low).is_finite());
        }
        assert_eq!(Span::around([f64::NAN, f64::INFINITY], false), None);
        assert_eq!(Span::around([0.0, -1.0], true), None);
        let log = Span::around([0.0, 3.0], true).unwrap();
        assert_eq!((log.low, log.high), (1.5, 6.0));
        assert_eq!(Span::log(1.0, 100.0).place(10.0), 0.5);
        assert!(Span::linear(-f64::MAX, f64::MAX).place(0.0) == 0.5);
    }
}
