//! `spectral`: the power spectrum of a channel.
//!
//! `F` is the orthonormal transform of u − mean u, `P = |F|²`, so that `Σ P = Σ (u − mean)²` over the whole
//! plane of modes. Frequencies `(fx, fy)` and `ρ = √(fx² + fy²)` are in cycles per pixel. A `⟨·⟩` is a mean
//! over all modes but the mean of the field, weighted by P. The power of a wave is that of its mode and
//! of the conjugate. Under `compat` sums run over the half plane b ≤ W/2, each mode once, the mean of
//! the field included.

mod compat;
mod standard;

pub use standard::{Band, Measures, Shape as Spectrum, edges};

use super::{
    Category, Extractor, Feature, Frame, Measured, Scope, Set, Settings, Shape, Stage, Undefined,
    Value,
};

/// The category.
#[derive(Debug)]
pub struct Spectral;

const NOTHING: &str = "a state that is not finite";
const FLAT: &str = "a constant field";
const NO_BAND: &str = "a band without modes";
const NO_HARMONIC: &str = "a constant field; a harmonic beyond the Nyquist frequency";

/// `(name, formula, under compat, when undefined, source)`.
type Row = (&'static str, &'static str, Option<&'static str>, &'static str, &'static str);

/// Of each band s, after `fft_power_scale_{s}_`.
const BAND: [Row; 3] = [
    (
        "mean",
        "mean P over the modes of band s: e_s ≤ ρ min(H, W) < e_(s+1), √e_q evenly spaced from √½ to √max, \
         the first open below, the last closed",
        Some("over the half plane, each mode once; the last band open; 0 without modes"),
        NO_BAND,
        "",
    ),
    ("max", "max P over the modes of band s", Some("0 without modes"), NO_BAND, ""),
    (
        "std",
        "standard deviation of P over the modes of band s",
        Some("of P times the mask of the band, over all modes of the half plane"),
        "a band of fewer than two modes",
        "",
    ),
];

const ROWS: [Row; 12] = [
    (
        "dominant_freq_x",
        "fx of the strongest wave; of equals that of least ρ, fx, |fy|",
        Some("b*/W of the strongest mode, the mean included"),
        FLAT,
        "",
    ),
    (
        "dominant_freq_y",
        "fy of the strongest wave, in −½..½, with fx ≥ 0",
        Some("a*/H of the strongest mode, 0..1, the mean included"),
        FLAT,
        "",
    ),
    (
        "dominant_freq_magnitude",
        "the amplitude of the strongest wave: 2|F|/√n, |F|/√n at the Nyquist frequency of both axes",
        Some("P of the strongest mode, the mean included"),
        FLAT,
        "the one-sided amplitude spectrum",
    ),
    (
        "spectral_centroid_x",
        "⟨|fx|⟩",
        Some("Σ P fx/(Σ P + 1e-8), the mean included"),
        FLAT,
        "Peeters 2004, along one axis",
    ),
    (
        "spectral_centroid_y",
        "⟨|fy|⟩",
        Some("Σ P fy/(Σ P + 1e-8), fy signed, the mean included"),
        FLAT,
        "Peeters 2004, along one axis",
    ),
    (
        "spectral_bandwidth",
        "√⟨(ρ − ⟨ρ⟩)²⟩",
        Some("√(Σ P |f − c|²/(Σ P + 1e-8) + 1e-8), c the centroid above"),
        FLAT,
        "Peeters 2004, spectral spread",
    ),
    (
        "low_freq_ratio",
        "part of Σ P at ρ < 1/16, an eighth of the Nyquist frequency",
        Some("ρ < min(H, W)/16, the mean included"),
        FLAT,
        "",
    ),
    (
        "mid_freq_ratio",
        "part of Σ P at 1/16 ≤ ρ < 1/8",
        Some("min(H, W)/16 ≤ ρ < min(H, W)/8"),
        FLAT,
        "",
    ),
    ("high_freq_ratio", "part of Σ P at ρ ≥ 1/8", Some("ρ ≥ min(H, W)/8"), FLAT, ""),
    (
        "spectral_flatness",
        "exp(mean ln(P + ε))/(mean P + ε), ε = 1e-12 mean P",
        Some("ε = 1e-10, over the half plane, the mean included"),
        FLAT,
        "Gray and Markel 1974",
    ),
    (
        "spectral_rolloff",
        "the least ρ with 85 % of Σ P at or below it",
        Some("modes, strongest first, before 85 % of Σ P are reached, over their number"),
        FLAT,
        "Tzanetakis and Cook 2002",
    ),
    (
        "spectral_anisotropy",
        "√((Mxx − Myy)² + 4 Mxy²)/(Mxx + Myy), M = Σ P f fᵀ, without Mxy of Nyquist modes",
        Some("Σ P/(Σ P + 1e-8)"),
        FLAT,
        "Bigun and Granlund 1987, coherence",
    ),
];

const HARMONICS: [Row; 4] = [
    (
        "harmonic_ratio_2f",
        "power of the wave 2k over that of the strongest, k",
        Some(
            "mean P in |ρ − 2ρ*| ≤ 0.2 ρ* over (P* + 1e-8), * the strongest mode, the mean included",
        ),
        NO_HARMONIC,
        "IEEE 1241, along the wave vector",
    ),
    (
        "harmonic_ratio_3f",
        "power of the wave 3k over that of the strongest, k",
        Some("mean P in |ρ − 3ρ*| ≤ 0.3 ρ* over (P* + 1e-8), 0 without modes"),
        NO_HARMONIC,
        "IEEE 1241, along the wave vector",
    ),
    (
        "total_harmonic_distortion",
        "√(Σ power of the waves mk, m ≥ 2, over that of k), to the Nyquist frequency",
        Some("√(h₂² + h₃²) of the two ratios"),
        NO_HARMONIC,
        "IEEE 1241",
    ),
    (
        "fundamental_purity",
        "power of the strongest wave over Σ P",
        Some("P*/(Σ P + 1e-8), the mean included"),
        FLAT,
        "",
    ),
];

/// Those that `compat` leaves constant, and why.
const CONSTANT: [(&str, &str); 4] = [
    ("low_freq_ratio", "its limit is above every frequency of a grid of 12 or more"),
    ("mid_freq_ratio", "its lower limit is above every frequency of a grid of 12 or more"),
    ("high_freq_ratio", "its limit is above every frequency of a grid of 6 or more"),
    ("spectral_anisotropy", "a sum over itself"),
];

impl Category for Spectral {
    fn name(&self) -> &'static str {
        "spectral"
    }

    fn about(&self) -> &'static str {
        "\
The power spectrum of a channel. F is the orthonormal transform of u − mean u and P = |F|², \
so that Σ P = Σ (u − mean u)² over the whole plane of modes. Frequencies (fx, fy) and ρ = \
√(fx² + fy²) are in cycles per pixel. ⟨·⟩ is a mean over all modes but the mean of the \
field, weighted by P. The power of a wave is that of its mode and of the conjugate. Under \
`compat` sums run over the half plane b ≤ W/2, each mode once, the mean of the field \
included."
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
        let feature = |name: String, set, (_, formula, compat, undefined, source): Row| {
            let constant = CONSTANT.iter().find(|(constant, _)| *constant == name);
            Feature {
                version: 1,
                set,
                formula,
                compat,
                // What has a value whatever the field is undefined only with the state.
                undefined: if settings.compat() { NOTHING } else { undefined },
                source,
                constant: constant.filter(|_| settings.compat()).map(|(_, why)| *why),
                name,
            }
        };
        let bands = (0..settings.num_fft_scales).flat_map(|s| {
            BAND.map(|row| feature(format!("fft_power_scale_{s}_{}", row.0), Set::V1, row))
        });
        let mut all: Vec<Feature> = bands.collect();
        all.extend(ROWS.map(|row| feature(row.0.to_owned(), Set::V1, row)));
        if settings.extended() {
            all.extend(HARMONICS.map(|row| feature(row.0.to_owned(), Set::Extended, row)));
        }
        all
    }

    fn begin(&self, settings: &Settings, shape: Shape) -> Box<dyn Extractor> {
        Box::new(Eye {
            shape,
            columns: self.features(settings).len(),
            bands: settings.num_fft_scales,
            extended: settings.extended(),
            compat: settings.compat().then(|| compat::Plane::new(shape, settings.num_fft_scales)),
        })
    }
}

struct Eye {
    shape: Shape,
    columns: usize,
    bands: usize,
    extended: bool,
    /// The plane of modes as the Python reference has it, if its definitions are wanted.
    compat: Option<compat::Plane>,
}

impl Extractor for Eye {
    fn frame(&mut self, frame: &Frame<'_>, values: &mut Vec<Value>) {
        for (index, channel) in frame.channels().iter().enumerate() {
            if !channel.finite {
                values.extend(std::iter::repeat_n(Err(Undefined::NonFinite), self.columns));
                continue;
            }
            if let Some(plane) = &self.compat {
                let power = frame.spectra().power(index);
                plane.bands(&power, values);
                values.extend(plane.shape(&power));
                if self.extended {
                    values.extend(plane.harmonics(&power));
                }
                continue;
            }
            let (waves, power) = (frame.waves(), frame.spectra().power(index));
            let constant = channel.is_constant();
            let measures = Measures::of(waves, &power, self.bands, constant, self.extended);
            self.values(&measures, values);
        }
    }

    fn measured(&mut self, state: &Measured, values: &mut Vec<Value>) {
        for (outline, measures) in state.channels.iter().zip(&state.spectral) {
            if outline.finite {
                self.values(measures, values);
            } else {
                values.extend(std::iter::repeat_n(Err(Undefined::NonFinite), self.columns));
            }
        }
    }
}

impl Eye {
    /// All features of a finite channel under `standard`.
    fn values(&self, measures: &Measures, values: &mut Vec<Value>) {
        values.extend(measures.bands.iter().flat_map(Band::values));
        match &measures.shape {
            None => {
                let rest = self.columns - self.bands * BAND.len();
                values.extend(std::iter::repeat_n(Err(Undefined::ConstantField), rest));
            }
            Some(spectrum) => {
                values.extend(spectrum.values(self.shape.area()));
                if self.extended {
                    values.extend(spectrum.harmonics());
                }
            }
        }
    }
}
