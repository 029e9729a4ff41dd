//! Numbers as colour bars have them: short, and never wider than a known width.

use crate::picture::Bounds;

/// The most characters of a number.
pub const LONGEST: usize = 7;
/// A number that is as wide as any.
pub const WIDEST: &str = "−8.8e−8";

/// A number in three significant digits, or as many as fit, trailing zeros left out.
pub fn number(v: f64) -> String {
    if v == 0.0 || !v.is_finite() {
        return if v == 0.0 { "0".into() } else { "–".into() };
    }
    let scientific = format!("{v:.2e}");
    let power: i32 = scientific.split_once('e').and_then(|(_, e)| e.parse().ok()).unwrap_or(0);
    if (-3..5).contains(&power) {
        let text = tidy(&format!("{v:.*}", (2 - power).max(0) as usize));
        if text.chars().count() <= LONGEST {
            return text;
        }
    }
    let shorter = (0..=2).rev().map(|places| {
        let text = format!("{v:.places$e}");
        let (digits, power) = text.split_once('e').unwrap_or((&text, "0"));
        format!("{}e{}", tidy(digits), power.replace('-', "−"))
    });
    let mut fitting = shorter.skip_while(|text| text.chars().count() > LONGEST);
    fitting.next().unwrap_or_default()
}

/// Without trailing zeros after the point, and with a minus sign that is one.
fn tidy(text: &str) -> String {
    let short =
        if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.') } else { text };
    short.replace('-', "−")
}

/// Bounds as the ends of a colour bar are labelled: what is next to nothing beside their distance is 0.
pub fn ends(bounds: Bounds) -> [String; 2] {
    let least = 1e-3 * (bounds.high - bounds.low);
    [bounds.low, bounds.high].map(|v| if v.abs() < least { number(0.0) } else { number(v) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_short_and_tidy() {
        let cases = [
            (0.0, "0"),
            (1.0, "1"),
            (-0.5, "−0.5"),
            (0.123_456, "0.123"),
            (-12.345, "−12.3"),
            (999.96, "1000"),
            (31_415.9, "31416"),
            (314_159.0, "3.14e5"),
            (0.001_234, "0.00123"),
            (-0.001_234, "−1.2e−3"),
            (-1.234e-12, "−1e−12"),
            (1.5e38, "1.5e38"),
            (9.999e-5, "1e−4"),
            (f64::NAN, "–"),
        ];
        for (v, text) in cases {
            assert_eq!(number(v), text, "{v:e}");
        }
        for power in -300..300 {
            for digits in [1.0, -1.234_5, 9.999_9, -9.95] {
                let text = number(digits * 10_f64.powi(power));
                let small = power.abs() < 45 || text.chars().count() <= LONGEST;
                assert!(small && !text.is_empty(), "{text}");
            }
        }
    }

    #[test]
    fn ends_next_to_zero_are_zero() {
        assert_eq!(ends(Bounds { low: 1e-9, high: 2.0 }), ["0", "2"]);
        assert_eq!(ends(Bounds { low: -1.0, high: 1.0 }), ["−1", "1"]);
        assert_eq!(ends(Bounds { low: 1e-9, high: 1e-9 }), ["1e−9", "1e−9"]);
    }
}
