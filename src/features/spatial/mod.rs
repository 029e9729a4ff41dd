//! `spatial`: one-point statistics, gradients and curvature of a channel; beyond `sdf-2.0` singular values
//! and correlation lengths.
//!
//! Derivatives are per pixel, periodic. With `m_k` the central moments and s² the variance with divisor
//! n − 1.

mod correlation;
mod measure;
mod pattern;

pub use correlation::{Rings, ring_of, wave_rings};
pub use measure::Measures;
pub use pattern::Pattern;

use super::feature::quotient;
use super::measured::{Measured, Outline};
use super::{
    Category, Extractor, Feature, Frame, Scope, Set, Settings, Shape, Stage, Undefined, Value,
};

/// The category.
#[derive(Debug)]
pub struct Spatial;

const NOTHING: &str = "a state that is not finite";
const FLAT: &str = "a constant field";

/// `(name, formula, under compat, when undefined, source)`.
type Row = (&'static str, &'static str, Option<&'static str>, &'static str, &'static str);

const ROWS: [Row; 19] = [
    ("spatial_mean", "mean u", None, NOTHING, ""),
    ("spatial_variance", "s² = Σ (u − mean)²/(n − 1)", None, NOTHING, ""),
    ("spatial_std", "s", None, NOTHING, ""),
    (
        "spatial_skewness",
        "m₃/m₂^(3/2)",
        Some("mean(z³), z = (u − mean)/(s + 1e-8)"),
        FLAT,
        "Joanes and Gill 1998, g₁",
    ),
    ("spatial_kurtosis", "m₄/m₂² − 3", Some("mean(z⁴) − 3"), FLAT, "Joanes and Gill 1998, g₂"),
    ("spatial_min", "min u", None, NOTHING, ""),
    ("spatial_max", "max u", None, NOTHING, ""),
    ("spatial_range", "max u − min u", None, NOTHING, ""),
    ("spatial_iqr", "Q(¾) − Q(¼)", None, NOTHING, "Hyndman and Fan 1996, type 7"),
    ("spatial_mad", "median |u − median u|", Some("with lower medians"), NOTHING, "Hampel 1974"),
    ("gradient_magnitude_mean", "mean g, g = √(Dx² + Dy²), central", None, NOTHING, ""),
    ("gradient_magnitude_std", "standard deviation of g", None, NOTHING, ""),
    ("gradient_magnitude_max", "max g", None, NOTHING, ""),
    (
        "gradient_x_mean",
        "mean |u[i, j+1] − u[i, j]|",
        Some("mean Dx, which is 0 on a torus"),
        NOTHING,
        "the part of the total variation along x; Rudin, Osher and Fatemi 1992",
    ),
    (
        "gradient_y_mean",
        "mean |u[i+1, j] − u[i, j]|",
        Some("mean Dy, which is 0 on a torus"),
        NOTHING,
        "the part of the total variation along y; Rudin, Osher and Fatemi 1992",
    ),
    (
        "gradient_anisotropy",
        "(Jxx − Jyy)/(Jxx + Jyy), J the structure tensor Σ D Dᵀ",
        Some("mean |Dx| / (mean |Dy| + 1e-8)"),
        "no central difference anywhere",
        "Bigun and Granlund 1987",
    ),
    (
        "laplacian_mean",
        "mean |L u|, L the five-point Laplacian",
        Some("mean L u, which is 0 on a torus"),
        NOTHING,
        "",
    ),
    ("laplacian_std", "standard deviation of L u", None, NOTHING, ""),
    ("laplacian_energy", "mean (L u)²", None, NOTHING, ""),
];

/// Those that `compat` leaves constant.
const CONSTANT: [&str; 3] = ["gradient_x_mean", "gradient_y_mean", "laplacian_mean"];

/// When a feature has no value under `compat`.
fn undefined_compat(name: &str) -> &'static str {
    if name == "participation_ratio" { "a field of zeros" } else { NOTHING }
}

impl Category for Spatial {
    fn name(&self) -> &'static str {
        "spatial"
    }

    fn about(&self) -> &'static str {
        "\
One-point statistics, gradients and curvature of a channel; beyond `sdf-2.0` singular values \
and correlation lengths. m_k is the k-th central moment, s² the variance with divisor n − 1, \
Q a quantile (linear interpolation at p (n − 1)). Derivatives are per pixel: Dx u = (u[i, \
j+1] − u[i, j−1])/2, Dy along i, and L u = u[i+1, j] + u[i−1, j] + u[i, j+1] + u[i, j−1] − 4 \
u[i, j]."
    }

    fn version(&self) -> u32 {
        1
    }

    fn stage(&self) -> Stage {
        Stage::Timestep
    }

    fn scope(&self) -> Scope {
        Scope::Channel
    }

    fn features(&self, settings: &Settings) -> Vec<Feature> {
        let feature = |set, (name, formula, compat, undefined, source): Row| Feature {
            name: name.to_owned(),
            version: 1,
            set,
            formula,
            compat,
            undefined: if settings.compat() { undefined_compat(name) } else { undefined },
            source,
            constant: (settings.compat() && CONSTANT.contains(&name))
                .then_some("differences over a torus sum to nothing"),
        };
        let mut all = ROWS.map(|row| feature(Set::V1, row)).to_vec();
        if settings.extended() {
            all.extend(pattern::ROWS.map(|row| feature(Set::Extended, row)));
        }
        all
    }

    fn begin(&self, settings: &Settings, shape: Shape) -> Box<dyn Extractor> {
        let (compat, extended) = (settings.compat(), settings.extended());
        Box::new(Eye { compat, extended, shape, rings: None })
    }
}

struct Eye {
    compat: bool,
    extended: bool,
    shape: Shape,
    /// Of the pixels of such fields; made when they are wanted.
    rings: Option<Rings>,
}

impl Extractor for Eye {
    fn frame(&mut self, frame: &Frame<'_>, values: &mut Vec<Value>) {
        let covariances = if self.extended { frame.autocovariances() } else { Vec::new() };
        for (index, channel) in frame.channels().iter().enumerate() {
            if !channel.finite {
                values.extend(std::iter::repeat_n(Err(Undefined::NonFinite), self.columns()));
                continue;
            }
            let [dx, dy] = channel.central();
            let gradient: Vec<f64> =
                dx.iter().zip(dy).map(|(x, y)| (x * x + y * y).sqrt()).collect();
            let outline = channel.outline();
            let mut measures = Measures::of(channel, &gradient, self.compat);
            if !self.extended {
                values.extend(self.base(&outline, &measures));
                continue;
            }
            let look = pattern::Look {
                channel,
                gradient: &gradient,
                covariance: &covariances[index],
                power: &frame.spectra().power(index),
                waves: frame.waves(),
            };
            if self.compat {
                values.extend(self.base(&outline, &measures));
                values.extend(look.compat());
            } else {
                let rings = self.rings.get_or_insert_with(|| Rings::new(self.shape));
                measures.pattern = Some(look.measure(measures.steepest, rings));
                self.values(&outline, &measures, values);
            }
        }
    }

    fn measured(&mut self, state: &Measured, values: &mut Vec<Value>) {
        if self.extended {
            self.rings.get_or_insert_with(|| Rings::new(self.shape));
        }
        for (outline, measures) in state.channels.iter().zip(&state.spatial) {
            if outline.finite {
                self.values(outline, measures, values);
            } else {
                values.extend(std::iter::repeat_n(Err(Undefined::NonFinite), self.columns()));
            }
        }
    }
}

impl Eye {
    fn columns(&self) -> usize {
        ROWS.len() + if self.extended { pattern::ROWS.len() } else { 0 }
    }

    /// All features of a finite channel under `standard`.
    fn values(&self, outline: &Outline, measures: &Measures, values: &mut Vec<Value>) {
        values.extend(self.base(outline, measures));
        if let (Some(pattern), Some(rings)) = (&measures.pattern, &self.rings) {
            values.extend(pattern.values(outline, measures, rings));
        }
    }

    /// Those of [`ROWS`].
    fn base(&self, outline: &Outline, of: &Measures) -> [Value; ROWS.len()] {
        let m = outline.moments;
        let (skewness, kurtosis) = self.shape(outline);
        let [least, greatest] = of.extremes;
        let [lower, upper] = of.quartiles;
        [
            Ok(m.mean),
            Ok(m.variance()),
            Ok(m.variance().sqrt()),
            skewness,
            kurtosis,
            Ok(least),
            Ok(greatest),
            Ok(greatest - least),
            Ok(upper - lower),
            Ok(of.deviation),
            Ok(of.gradient.mean),
            Ok(of.gradient.variance().sqrt()),
            Ok(of.steepest),
            Ok(of.slopes[0]),
            Ok(of.slopes[1]),
            self.anisotropy(of),
            Ok(of.curvature),
            Ok(of.laplacian.variance().sqrt()),
            Ok(of.curvature_energy),
        ]
    }

    /// Skewness and excess kurtosis.
    fn shape(&self, outline: &Outline) -> (Value, Value) {
        let m = outline.moments;
        let [m2, m3, m4] = m.central;
        if self.compat {
            let s = m.variance().sqrt() + 1e-8;
            return (Ok(m3 / (s * s * s)), Ok(m4 / (s * s * s * s) - 3.0));
        }
        if outline.constant {
            return (Err(Undefined::ConstantField), Err(Undefined::ConstantField));
        }
        (quotient(m3, m2 * m2.sqrt(), 0.0), quotient(m4, m2 * m2, 0.0).map(|v| v - 3.0))
    }

    fn anisotropy(&self, of: &Measures) -> Value {
        let [x, y] = of.tensor;
        if self.compat { Ok(x / (y + 1e-8)) } else { quotient(x - y, x + y, 0.0) }
    }
}
