//! `cross_channel`: what the channels of a state have to do with each other.
//!
//! Pixels are the sample: correlations and their eigenvalues (`correlation`), mutual information from
//! histograms (`information`), and coherence by wave number (`coherence`). Nothing depends on the
//! order of the channels.

mod coherence;
mod correlation;
mod information;
mod measure;

pub use coherence::Shells;
pub use information::{affordable, why_not};
pub use measure::{Depth, Measures};

use super::measured::Outline;
use super::{
    Category, Channel, Extractor, Feature, Frame, Measured, Scope, Set, Settings, Shape, Stage,
    Undefined, Value,
};

/// The category.
#[derive(Debug)]
pub struct CrossChannel;

/// `(name, set, formula, under compat, when undefined, source)`.
type Row = (&'static str, Set, &'static str, Option<&'static str>, &'static str, &'static str);

const FLAT: &str = "fewer than two channels; a constant channel; a state that is not finite";
const SPARSE: &str = "fewer than two channels; a constant channel; fewer than 20 pixels; a state that \
     is not finite; under compat more than 16 channels";
const TRIPLE: &str = "fewer than three channels; a constant channel; a state that is not finite";

/// Those that `compat` leaves constant, and why.
const CONSTANT: [(&str, &str); 2] = [
    ("cross_channel_eigen_trace", "every channel adds (n − 1)/n to the trace"),
    ("cross_spectral_coherence_max", "a mode with power is coherent with itself"),
];

/// After the leading eigenvalues.
const ROWS: [Row; 16] = [
    (
        "cross_channel_eigen_trace",
        Set::V2,
        "Σ s², the trace of the covariance matrix of the channels",
        Some("the trace of R, C (n − 1)/n"),
        "fewer than two channels; a state that is not finite",
        "Jolliffe 2002, total variance",
    ),
    (
        "cross_channel_condition_number",
        Set::V2,
        "log₁₀(λ₁/max(λ_C, C 2⁻²³)) of the correlation matrix",
        Some("λ₁/(λ_C + 1e-8) of R"),
        FLAT,
        "",
    ),
    (
        "cross_channel_participation_ratio",
        Set::V2,
        "(Σ λ)²/Σ λ² of the correlation matrix",
        Some("(Σ λ)²/(Σ λ² + 1e-8) of R"),
        FLAT,
        "",
    ),
    (
        "cross_channel_corr_mean",
        Set::V2,
        "mean over pairs of Pearson's r",
        Some("mean of R_ij over i < j"),
        FLAT,
        "Pearson 1896",
    ),
    (
        "cross_channel_corr_max",
        Set::V2,
        "greatest of Pearson's r over pairs",
        Some("greatest of R_ij over i < j"),
        FLAT,
        "Pearson 1896",
    ),
    (
        "cross_channel_corr_min",
        Set::V2,
        "least of Pearson's r over pairs",
        Some("least of R_ij over i < j"),
        FLAT,
        "Pearson 1896",
    ),
    (
        "cross_channel_corr_std",
        Set::V2,
        "standard deviation of Pearson's r over pairs",
        Some("standard deviation of R_ij over i < j"),
        TRIPLE,
        "Pearson 1896",
    ),
    (
        "cross_channel_mi_mean",
        Set::Extended,
        "mean over pairs of H(X) + H(Y) − H(X, Y), b equal bins, the most up to B with 5 b² ≤ n, \
         H = −Σ p ln p + (filled − 1)/(2n)",
        Some(
            "mean of Σ p ln(p/((p_x + 1e-10)(p_y + 1e-10))), B − 1 equal bins and one for the maximum",
        ),
        FLAT,
        "Miller 1955",
    ),
    (
        "cross_channel_mi_max",
        Set::Extended,
        "greatest over pairs of H(X) + H(Y) − H(X, Y), as in cross_channel_mi_mean",
        Some("greatest of the same as in cross_channel_mi_mean"),
        SPARSE,
        "Miller 1955",
    ),
    (
        "cross_spectral_coherence_low",
        Set::Extended,
        "mean over pairs and shells r < N/6 of γ² = |Σ F_x F_y*|²/(Σ |F_x|² Σ |F_y|²), N = min(H, W)",
        Some(
            "mean of |S_xy|²/(S_xx S_yy + 1e-8), of single modes and so 1 wherever there is power, \
             over the first block on the diagonal of the quarter plane",
        ),
        "as cross_channel_corr_mean; no power in the band",
        "Carter, Knapp and Nuttall 1973, averaged over shells of wave numbers",
    ),
    (
        "cross_spectral_coherence_mid",
        Set::Extended,
        "the same over shells N/6 ≤ r < N/3",
        Some("the same over the second block"),
        "as cross_channel_corr_mean; no power in the band",
        "Carter, Knapp and Nuttall 1973, averaged over shells of wave numbers",
    ),
    (
        "cross_spectral_coherence_high",
        Set::Extended,
        "the same over shells N/3 ≤ r ≤ N/2",
        Some("the same over the third block"),
        "as cross_channel_corr_mean; no power in the band",
        "Carter, Knapp and Nuttall 1973, averaged over shells of wave numbers",
    ),
    (
        "cross_spectral_coherence_max",
        Set::Extended,
        "greatest γ² over pairs and shells 1 ≤ r ≤ N/2",
        Some("greatest of |S_xy|²/(S_xx S_yy + 1e-8)"),
        "as cross_channel_corr_mean; no power in any common shell",
        "Carter, Knapp and Nuttall 1973, averaged over shells of wave numbers",
    ),
    (
        "cross_spectral_coherence_peak_freq",
        Set::Extended,
        "r/N of the greatest γ², in cycles per pixel; of equal ones the least",
        Some("position of the greatest S_xx S_yy over (pair, row, column), over their number"),
        "as cross_channel_corr_mean; no power in any common shell",
        "",
    ),
    (
        "cross_channel_cmi_mean",
        Set::Extended,
        "mean over pairs and a third channel of H(X, Z) + H(Y, Z) − H(Z) − H(X, Y, Z), H as in \
         cross_channel_mi_mean, 5 b³ ≤ n",
        Some("with plain H and the bins of cross_channel_mi_mean"),
        "fewer than three channels or more than 16; a constant channel; fewer than 40 pixels; a state \
         that is not finite",
        "Miller 1955",
    ),
    (
        "cross_channel_cmi_max",
        Set::Extended,
        "the greatest of what cross_channel_cmi_mean averages",
        Some("the greatest of what cross_channel_cmi_mean averages"),
        "as cross_channel_cmi_mean",
        "Miller 1955",
    ),
];

impl Category for CrossChannel {
    fn name(&self) -> &'static str {
        "cross_channel"
    }

    fn about(&self) -> &'static str {
        "\
What the channels of a state have to do with each other: correlations over pixels and their \
eigenvalues λ, greatest first; mutual information, in nats, from histograms; coherence by \
wave number. Shell r holds the modes with r − ½ ≤ κ < r + ½, κ in cycles along the shorter \
side. Nothing depends on the order of the channels."
    }

    fn version(&self) -> u32 {
        1
    }

    fn stage(&self) -> Stage {
        Stage::Timestep
    }

    fn scope(&self) -> Scope {
        Scope::State
    }

    fn features(&self, settings: &Settings) -> Vec<Feature> {
        let feature = |name: String, (_, set, formula, compat, undefined, source): Row| Feature {
            constant: CONSTANT
                .iter()
                .find_map(|(of, why)| (settings.compat() && *of == name).then_some(*why)),
            name,
            version: 1,
            set,
            formula,
            compat,
            undefined,
            source,
        };
        let eigenvalue = (
            "",
            Set::V2,
            "λ_k, the k-th greatest eigenvalue of the correlation matrix, k as in the name",
            Some("of R = Z Zᵀ/n, z = (u − mean)/(s + 1e-8)"),
            "fewer than two or fewer than k channels; a constant channel; a state that is not finite",
            "",
        );
        (1..=settings.num_eigen_top)
            .map(|k| feature(format!("cross_channel_eigen_top_{k}"), eigenvalue))
            .chain(
                ROWS.into_iter()
                    .filter(|row| settings.extended() || row.1 != Set::Extended)
                    .map(|row| feature(row.0.to_owned(), row)),
            )
            .collect()
    }

    fn begin(&self, settings: &Settings, shape: Shape) -> Box<dyn Extractor> {
        let columns = self.features(settings).len();
        let side = shape.height.min(shape.width);
        Box::new(Eye { settings: settings.clone(), columns, side, shells: None })
    }
}

struct Eye {
    settings: Settings,
    columns: usize,
    /// min(H, W).
    side: usize,
    /// Of the modes of the transforms; made when there are some.
    shells: Option<Shells>,
}

impl Extractor for Eye {
    fn frame(&mut self, frame: &Frame<'_>, values: &mut Vec<Value>) {
        let channels = frame.channels();
        let nothing = if channels.len() < 2 {
            Some(Undefined::FewChannels)
        } else {
            (!frame.is_finite()).then_some(Undefined::NonFinite)
        };
        if let Some(reason) = nothing {
            values.extend(std::iter::repeat_n(Err(reason), self.columns));
            return;
        }
        let (compat, extended) = (self.settings.compat(), self.settings.extended());
        let outlines: Vec<Outline> = channels.iter().map(Channel::outline).collect();
        let products = correlation::products(channels);
        if !compat {
            let mut measures = Measures { products, depth: None };
            if extended {
                let bins = self.settings.mi_num_bins;
                let shells = self.shells.get_or_insert_with(|| Shells::new(frame.waves()));
                measures.depth =
                    Some(Depth::of(&outlines, channels, bins, shells, frame.spectra()));
            }
            self.values(&outlines, &measures, values);
            return;
        }
        let top = self.settings.num_eigen_top;
        values.extend(correlation::features(&outlines, &products, top, true));
        if extended {
            let bins = self.settings.mi_num_bins;
            values.extend(information::mean_and_max(&information::pairs(channels, bins, true)));
            values.extend(coherence::of_single_modes(channels.len(), frame.spectra()));
            values.extend(information::mean_and_max(&information::triples(channels, bins, true)));
        }
    }

    fn measured(&mut self, state: &Measured, values: &mut Vec<Value>) {
        match &state.cross_channel {
            None => values.extend(std::iter::repeat_n(Err(Undefined::FewChannels), self.columns)),
            Some(_) if !state.is_finite() => {
                values.extend(std::iter::repeat_n(Err(Undefined::NonFinite), self.columns));
            }
            Some(measures) => self.values(&state.channels, measures, values),
        }
    }
}

impl Eye {
    /// All features of a finite state under `standard`.
    fn values(&self, channels: &[Outline], of: &Measures, values: &mut Vec<Value>) {
        let top = self.settings.num_eigen_top;
        values.extend(correlation::features(channels, &of.products, top, false));
        if let Some(depth) = &of.depth {
            values.extend(information::mean_and_max(&depth.pairs));
            values.extend(coherence::features(channels, &depth.shells, self.side));
            values.extend(information::mean_and_max(&depth.triples));
        }
    }
}
