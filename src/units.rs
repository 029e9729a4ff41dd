//! Quantities as people read them.

/// Bytes in units that people read.
pub fn bytes(count: u64) -> String {
    let units = ["B", "kB", "MB", "GB", "TB", "PB"];
    let (mut value, mut unit) = (count as f64, 0);
    while value >= 999.5 && unit + 1 < units.len() {
        value /= 1000.0;
        unit += 1;
    }
    if unit == 0 {
        format!("{count} B")
    } else {
        format!("{value:.0$} {1}", digits(value), units[unit])
    }
}

/// Decimals that make three significant digits.
fn digits(value: f64) -> usize {
    match value {
        v if v < 9.995 => 2,
        v if v < 99.95 => 1,
        _ => 0,
    }
}

/// Seconds in units that people read.
pub fn seconds(value: f64) -> String {
    match value {
        v if v < 1.0 => format!("{:.0} ms", v * 1e3),
        v if v < 60.0 => format!("{v:.1} s"),
        v if v < 3600.0 => format!("{:.0} min {:02.0} s", (v / 60.0).floor(), (v % 60.0).floor()),
        v => format!("{:.0} h {:02.0} min", (v / 3600.0).floor(), (v % 3600.0 / 60.0).floor()),
    }
}

#[cfg(test)]
mod tests {
    use super::{bytes, seconds};

    #[test]
    fn bytes_read_well() {
        assert_eq!(bytes(0), "0 B");
        assert_eq!(bytes(999), "999 B");
        assert_eq!(bytes(1234), "1.23 kB");
        assert_eq!(bytes(999_600), "1.00 MB");
        assert_eq!(bytes(4_900_000_000), "4.90 GB");
        assert_eq!(bytes(123_000_000), "123 MB");
    }

    #[test]
    fn seconds_read_well() {
        assert_eq!(seconds(0.0123), "12 ms");
        assert_eq!(seconds(12.34), "12.3 s");
        assert_eq!(seconds(83.0), "1 min 23 s");
        assert_eq!(seconds(7322.0), "2 h 02 min");
    }
}
