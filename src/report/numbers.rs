//! Numbers as a page shows them: a column alike, so that they can be compared.

use crate::units;

/// The numbers of a column, all with as many decimals: four digits of the largest. Powers of ten where the
/// least would not be seen beside the largest. Empty for NaN.
pub fn column(values: &[f64]) -> Vec<String> {
    let sizes = || values.iter().map(|v| v.abs()).filter(|v| v.is_finite() && *v > 0.0);
    let (largest, least) = (sizes().fold(0.0, f64::max), sizes().fold(f64::INFINITY, f64::min));
    let is_whole = values.iter().all(|v| !v.is_finite() || v.fract() == 0.0);
    let decimals = match (is_whole && largest < 1e9, largest > 0.0) {
        (true, _) | (_, false) => 0,
        _ => (3 - largest.log10().floor() as i32).clamp(0, 9) as usize,
    };
    let is_wide = decimals > 0 && least < 2.0 * 0.1_f64.powi(decimals as i32);
    let powers = !is_whole && (!(1e-4..1e6).contains(&largest) || is_wide) || largest >= 1e9;
    let show = |v: &f64| match v {
        v if v.is_nan() => String::new(),
        v if v.is_infinite() => if *v > 0.0 { "∞" } else { "−∞" }.to_owned(),
        v if powers => minus(&format!("{v:.3e}")),
        v => minus(&format!("{v:.decimals$}")),
    };
    values.iter().map(show).collect()
}

/// A number by itself in four digits.
pub fn short(value: f64) -> String {
    let size = value.abs();
    match value {
        v if v.is_nan() => String::new(),
        v if v.fract() == 0.0 && size < 1e6 => minus(&format!("{v:.0}")),
        v if (1e-3..1e5).contains(&size) => {
            let decimals = (3 - size.log10().floor() as i32).clamp(0, 6) as usize;
            minus(&format!("{v:.decimals$}"))
        }
        v if v.is_finite() => minus(&format!("{v:.3e}")),
        v => column(&[v]).pop().unwrap_or_default(),
    }
}

/// A count with its digits in threes.
pub fn count(value: u64) -> String {
    let digits = value.to_string();
    let mut out = String::new();
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            out.push('\u{202f}');
        }
        out.push(digit);
    }
    out
}

/// A count with a noun.
pub fn several(value: u64, noun: &str) -> String {
    format!("{} {noun}{}", count(value), if value == 1 { "" } else { "s" })
}

/// With a capital letter in front.
pub fn capital(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or(String::new(), |c| c.to_uppercase().chain(letters).collect())
}

/// Seconds in units that people read.
pub fn seconds(value: f64) -> String {
    if value < 0.0005 { "< 1 ms".to_owned() } else { units::seconds(value) }
}

/// With a minus as wide as a digit.
fn minus(text: &str) -> String {
    text.replace('-', "−")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_column_is_shown_alike() {
        assert_eq!(column(&[1.0, 20.0, f64::NAN]), ["1", "20", ""]);
        assert_eq!(column(&[0.001, 0.1, 0.0]), ["0.0010", "0.1000", "0.0000"]);
        assert_eq!(column(&[-1.5, 12.345]), ["−1.50", "12.35"].map(str::to_owned));
        assert_eq!(column(&[1e-7, 3.0]), ["1.000e−7", "3.000e0"]);
        assert_eq!(column(&[f64::INFINITY, 0.5]), ["∞", "0.5000"]);
    }

    #[test]
    fn a_number_by_itself_has_four_digits() {
        let texts = ["0.5000", "0", "−2", "1234", "3.000e−9", "", "−∞"];
        assert_eq!([0.5, 0.0, -2.0, 1234.4, 3e-9, f64::NAN, f64::NEG_INFINITY].map(short), texts);
    }

    #[test]
    fn counts_are_cut_in_threes() {
        assert_eq!(count(1_234_567), "1\u{202f}234\u{202f}567");
        assert_eq!(several(1, "state"), "1 state");
        assert_eq!(several(1000, "state"), "1\u{202f}000 states");
    }
}
