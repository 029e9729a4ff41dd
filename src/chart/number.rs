//! Numbers as charts write them.

/// With so many decimals, and a minus sign that is one.
pub fn label(v: f64, decimals: i32) -> String {
    let decimals = decimals.clamp(0, 15) as usize;
    let text = format!("{v:.decimals$}");
    match text.strip_prefix('-') {
        Some(digits) if digits.chars().all(|c| matches!(c, '0' | '.')) => digits.to_owned(),
        Some(digits) => format!("−{digits}"),
        None => text,
    }
}

/// Ten to a power.
pub fn power_label(power: i32) -> String {
    let raised = power.to_string();
    let raised = raised.chars().map(|c| match c {
        '-' => '⁻',
        digit => ['⁰', '¹', '²', '³', '⁴', '⁵', '⁶', '⁷', '⁸', '⁹'][digit as usize - '0' as usize],
    });
    "10".chars().chain(raised).collect()
}

/// Up to three significant digits, alone: 0.25, 12, 1.5×10⁻⁶.
pub fn short(v: f64) -> String {
    if !v.is_finite() {
        return if v.is_nan() {
            "none"
        } else if v > 0.0 {
            "∞"
        } else {
            "−∞"
        }
        .to_owned();
    }
    if v == 0.0 {
        return "0".to_owned();
    }
    let scientific = format!("{v:.2e}");
    let (digits, power) = scientific.split_once('e').expect("a number with an exponent");
    let power: i32 = power.parse().expect("an exponent is a whole number");
    if (-3..5).contains(&power) {
        return trimmed(&label(v, (2 - power).max(0)));
    }
    let digits = trimmed(&digits.replace('-', "−"));
    match digits.as_str() {
        "1" => power_label(power),
        "−1" => format!("−{}", power_label(power)),
        _ => format!("{digits}×{}", power_label(power)),
    }
}

/// Without zeros at the end of the decimals.
fn trimmed(text: &str) -> String {
    let kept =
        if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.') } else { text };
    kept.to_owned()
}

/// A whole number with its thousands apart: 12 345.
pub fn count(n: usize) -> String {
    let digits = n.to_string();
    let first = digits.len() % 3;
    let mut out = digits[..first].to_owned();
    for (i, digit) in digits[first..].chars().enumerate() {
        if i % 3 == 0 && !out.is_empty() {
            out.push('\u{a0}');
        }
        out.push(digit);
    }
    out
}

/// A count and its noun: 1 point, 2 points.
pub fn of_them(n: usize, one: &str) -> String {
    format!("{} {one}{}", count(n), if n == 1 { "" } else { "s" })
}

/// A share as a percentage, which says 0 and 100 only if it is so.
pub fn percent(part: usize, whole: usize) -> String {
    if part == 0 || whole == 0 {
        return "0 %".to_owned();
    }
    let share = 100.0 * part as f64 / whole as f64;
    match share {
        v if v < 0.1 => "<0.1 %".to_owned(),
        v if v < 9.95 => format!("{v:.1} %"),
        v if part < whole && v > 99.0 => ">99 %".to_owned(),
        v => format!("{v:.0} %"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_short_and_typeset() {
        let texts = [0.0, 0.25, 12.0, -1234.5, 1.5e-6, 1e9, -1e-7, 99_999.0, 0.001, 1e5].map(short);
        assert_eq!(
            texts,
            ["0", "0.25", "12", "−1234", "1.5×10⁻⁶", "10⁹", "−10⁻⁷", "10⁵", "0.001", "10⁵"]
        );
        assert_eq!([f64::NAN, f64::INFINITY, f64::NEG_INFINITY].map(short), ["none", "∞", "−∞"]);
        assert_eq!(label(-0.0, 1), "0.0");
        assert_eq!(
            [0, 12, 123, 1234, 1_234_567].map(count),
            ["0", "12", "123", "1\u{a0}234", "1\u{a0}234\u{a0}567"]
        );
        assert_eq!(
            (of_them(1, "point"), of_them(0, "point")),
            ("1 point".into(), "0 points".into())
        );
        let shares = [(0, 9), (1, 10_000), (1, 30), (1, 2), (9999, 10_000), (5, 5)];
        assert_eq!(
            shares.map(|(a, b)| percent(a, b)),
            ["0 %", "<0.1 %", "3.3 %", "50 %", ">99 %", "100 %"]
        );
    }
}
