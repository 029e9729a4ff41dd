//! From numbers to colours: tables, bounds, and the two together.
//!
//! Values are clamped before they become an index, so nothing wraps around. What is not finite takes
//! no part in bounds and is drawn in a colour that no table has.

use super::tables;

/// Red, green, blue.
pub type Rgb = [u8; 3];

/// What is drawn where a value is not finite.
pub const NOT_FINITE: Rgb = [255, 0, 255];

/// What a table is good for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sort {
    /// From little to much, equal steps look equal.
    Perceptual,
    /// From little to much.
    Sequential,
    /// From negative to positive over a neutral middle.
    Diverging,
}

impl Sort {
    /// In words.
    pub fn about(self) -> &'static str {
        match self {
            Sort::Perceptual => "sequential, perceptually uniform",
            Sort::Sequential => "sequential",
            Sort::Diverging => "diverging, for signed values",
        }
    }
}

/// A table of 256 colours.
#[derive(Debug)]
pub struct Colormap {
    /// As in matplotlib.
    pub name: &'static str,
    /// What it is good for.
    pub sort: Sort,
    table: [Rgb; 256],
}

/// Every table.
pub static COLORMAPS: [Colormap; 11] = [
    map("viridis", Sort::Perceptual, tables::VIRIDIS),
    map("plasma", Sort::Perceptual, tables::PLASMA),
    map("inferno", Sort::Perceptual, tables::INFERNO),
    map("magma", Sort::Perceptual, tables::MAGMA),
    map("cividis", Sort::Perceptual, tables::CIVIDIS),
    map("hot", Sort::Sequential, tables::HOT),
    map("coolwarm", Sort::Diverging, tables::COOLWARM),
    map("RdBu", Sort::Diverging, tables::RDBU),
    map("RdYlBu", Sort::Diverging, tables::RDYLBU),
    map("Spectral", Sort::Diverging, tables::SPECTRAL),
    map("seismic", Sort::Diverging, tables::SEISMIC),
];

/// For values of one sign unless another is asked for.
pub const SEQUENTIAL: &Colormap = &COLORMAPS[0];
/// For values of both signs unless another is asked for.
pub const DIVERGING: &Colormap = &COLORMAPS[6];

/// The table called `name`, in any case.
pub fn colormap(name: &str) -> Option<&'static Colormap> {
    COLORMAPS.iter().find(|map| map.name.eq_ignore_ascii_case(name))
}

const fn map(name: &'static str, sort: Sort, hex: &str) -> Colormap {
    let hex = hex.as_bytes();
    assert!(hex.len() == 6 * 256, "a table has 256 entries");
    let mut table = [[0; 3]; 256];
    let mut i = 0;
    while i < 3 * 256 {
        table[i / 3][i % 3] = 16 * digit(hex[2 * i]) + digit(hex[2 * i + 1]);
        i += 1;
    }
    Colormap { name, sort, table }
}

const fn digit(c: u8) -> u8 {
    match c {
        b'0'..=b'9' => c - b'0',
        b'a'..=b'f' => c - b'a' + 10,
        _ => panic!("not a hexadecimal digit"),
    }
}

impl Colormap {
    /// The colour at `v`, which is clamped to 0..1.
    pub fn at(&self, v: f64) -> Rgb {
        // Rounds half up: the conversion to an integer cuts off.
        self.table[(255.0 * v.clamp(0.0, 1.0) + 0.5) as usize]
    }
}

/// The least and the greatest value that get a colour of their own.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Bounds {
    /// First colour of the table, as everything below.
    pub low: f64,
    /// Last colour of the table, as everything above.
    pub high: f64,
}

impl Bounds {
    /// The quantiles `cut` and `1 − cut` of the finite values, by linear interpolation at
    /// `q (count − 1)`; none if there are no finite values.
    pub fn of(values: impl IntoIterator<Item = f32>, cut: f64) -> Option<Self> {
        let mut values: Vec<f32> = values.into_iter().filter(|v| v.is_finite()).collect();
        let last = values.len().checked_sub(1)?;
        let mut quantile = |q: f64| {
            let at = q * last as f64;
            let (below, part) = (at.floor() as usize, at.fract());
            let (_, a, above) = values.select_nth_unstable_by(below, f32::total_cmp);
            let b = above.iter().copied().min_by(f32::total_cmp).unwrap_or(*a);
            f64::from(*a) + part * (f64::from(b) - f64::from(*a))
        };
        Some(Self { low: quantile(cut), high: quantile(1.0 - cut) })
    }

    /// Whether both signs matter: the weaker side reaches at least a tenth as far as the stronger.
    pub fn is_signed(self) -> bool {
        let weaker = (-self.low).min(self.high);
        weaker > 0.0 && weaker >= 0.1 * (-self.low).max(self.high)
    }

    /// The least bounds around these with 0 in the middle.
    #[must_use]
    pub fn symmetric(self) -> Self {
        let reach = self.low.abs().max(self.high.abs());
        Self { low: -reach, high: reach }
    }

    /// Where a value lies between them, from 0 to 1; the middle if they are one value.
    pub fn place(self, v: f64) -> f64 {
        let width = self.high - self.low;
        if width > 0.0 { ((v - self.low) / width).clamp(0.0, 1.0) } else { 0.5 }
    }
}

/// A table with bounds: what turns values into colours.
#[derive(Debug, Clone, Copy)]
pub struct Scale {
    /// The table.
    pub map: &'static Colormap,
    /// What its ends stand for.
    pub bounds: Bounds,
}

/// Share of the values that is cut off at either end.
const CUT: f64 = 0.002;

impl Scale {
    /// A scale for these values: a diverging table with symmetric bounds if both signs matter, else a
    /// sequential one; with the table `asked` for if there is one. Bounds are the quantiles 0.2 % and
    /// 99.8 %. Without a finite value, 0 to 0.
    pub fn of(values: impl IntoIterator<Item = f32>, asked: Option<&'static Colormap>) -> Self {
        let bounds = Bounds::of(values, CUT).unwrap_or(Bounds { low: 0.0, high: 0.0 });
        let usual = if bounds.is_signed() { DIVERGING } else { SEQUENTIAL };
        let map = asked.unwrap_or(usual);
        let middle = bounds.is_signed() && map.sort == Sort::Diverging;
        Self { map, bounds: if middle { bounds.symmetric() } else { bounds } }
    }

    /// The colour of a value.
    pub fn color(&self, v: f32) -> Rgb {
        self.coarse(v, 256)
    }

    /// The colour of a value where only so many different ones are used, at least 2, so that a picture
    /// of several scales can have a palette.
    pub fn coarse(&self, v: f32, colors: u16) -> Rgb {
        if !v.is_finite() {
            return NOT_FINITE;
        }
        let last = f64::from(colors - 1);
        self.map.at((last * self.bounds.place(f64::from(v))).round() / last)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// BLAKE3 of the 768 bytes R0 G0 B0 R1 …, taken where they equalled matplotlib's tables.
    #[test]
    fn the_tables_are_the_published_ones() {
        let digests = COLORMAPS.each_ref().map(|map| {
            let hash = blake3::hash(map.table.as_flattened()).to_hex();
            format!("{} {}", map.name, &hash[..16])
        });
        assert_eq!(
            digests,
            [
                "viridis 64074832c29d0349",
                "plasma 31b4d1e8316b2400",
                "inferno 40b903813d0108ef",
                "magma c6dd4e2a6a8afe64",
                "cividis 111d7342218fb4a5",
                "hot d6fc0b7c81c9f687",
                "coolwarm 1bcc6d8e9882db19",
                "RdBu 07825b0ff40f4132",
                "RdYlBu a3ddd084b643357a",
                "Spectral 741fb3eead4a4956",
                "seismic 0e29d9e916a18b85",
            ]
        );
    }

    #[test]
    fn perceptual_tables_grow_lighter_step_by_step() {
        let light = |c: Rgb| -> f64 {
            let linear = |v: u8| (f64::from(v) / 255.0).powf(2.2);
            0.2126 * linear(c[0]) + 0.7152 * linear(c[1]) + 0.0722 * linear(c[2])
        };
        for map in COLORMAPS.iter().filter(|map| map.sort == Sort::Perceptual) {
            let steps: Vec<f64> = (0..=16).map(|i| light(map.at(f64::from(i) / 16.0))).collect();
            assert!(steps.is_sorted(), "{} {steps:?}", map.name);
        }
        assert_eq!(SEQUENTIAL.sort, Sort::Perceptual);
        assert_eq!(DIVERGING.sort, Sort::Diverging);
    }

    #[test]
    fn what_lies_outside_is_clamped_and_what_is_not_finite_is_magenta() {
        let scale = Scale { map: SEQUENTIAL, bounds: Bounds { low: -1.0, high: 1.0 } };
        assert_eq!(scale.color(-7.0), [0x44, 0x01, 0x54]);
        assert_eq!(scale.color(1e30), [0xfd, 0xe7, 0x25]);
        assert_eq!(scale.color(0.0), [0x21, 0x91, 0x8c]);
        let coarse: std::collections::BTreeSet<Rgb> =
            (-300..=300).map(|i| scale.coarse(i as f32 / 200.0, 85)).collect();
        assert_eq!(coarse.len(), 85);
        for v in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY] {
            assert_eq!(scale.color(v), NOT_FINITE);
        }
        assert!(COLORMAPS.iter().all(|map| !map.table.contains(&NOT_FINITE)));
    }

    #[test]
    fn bounds_are_quantiles_of_what_is_finite() {
        let values = (0..=100).map(|i| i as f32).chain([f32::NAN, f32::INFINITY]);
        assert_eq!(Bounds::of(values, 0.005), Some(Bounds { low: 0.5, high: 99.5 }));
        assert_eq!(Bounds::of([f32::NAN], 0.01), None);
        assert_eq!(Bounds::of([3.0], 0.01), Some(Bounds { low: 3.0, high: 3.0 }));
    }

    #[test]
    fn the_table_follows_the_signs() {
        let of = |values: &[f32]| Scale::of(values.iter().copied(), None);
        let signed = of(&[-1.0, 0.0, 4.0]);
        assert_eq!(signed.map.name, "coolwarm");
        assert_eq!(signed.bounds.low, -signed.bounds.high);
        assert_eq!(signed.color(0.0), DIVERGING.at(0.5));
        assert_eq!(of(&[0.0, 1.0, 2.0]).map.name, "viridis");
        assert_eq!(of(&[-0.01, 1.0, 2.0]).map.name, "viridis");
        assert_eq!(of(&[f32::NAN]).bounds, Bounds { low: 0.0, high: 0.0 });
        let asked = Scale::of([-1.0, 4.0], colormap("MAGMA"));
        assert_eq!(asked.map.name, "magma");
        assert!(asked.bounds.low > -1.0);
        assert_eq!(of(&[2.0, 2.0]).color(2.0), SEQUENTIAL.at(0.5));
    }
}
