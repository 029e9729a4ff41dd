//! What an experiment may say about features.

use super::Set;
use crate::key::Manifest;

/// Whose definitions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Definitions {
    /// The accepted ones of each field.
    #[default]
    Standard,
    /// Those of the Python reference, defects included.
    Compat,
}

impl Definitions {
    /// As in the file.
    pub fn name(self) -> &'static str {
        match self {
            Definitions::Standard => "standard",
            Definitions::Compat => "compat",
        }
    }
}

/// The settings of all categories, under the names and with the defaults of the Python reference.
#[derive(Debug, Clone, PartialEq)]
pub struct Settings {
    /// Whose definitions.
    pub definitions: Definitions,
    /// Which features.
    pub set: Set,
    /// Number of bands of wave numbers (`spectral.num_fft_scales`), 1 to 10.
    pub num_fft_scales: usize,
    /// Longest lag of the autocorrelation (`temporal.autocorr_max_lag`), 1 to 1000.
    pub autocorr_max_lag: usize,
    /// Number of leading eigenvalues (`cross_channel.num_eigen_top`), 1 to 10.
    pub num_eigen_top: usize,
    /// Bins of mutual information (`cross_channel.mi_num_bins`), 8 to 32.
    pub mi_num_bins: usize,
    /// Longest lag of correlations between channels (`causality.max_lag_correlation`), 1 to 10.
    pub max_lag_correlation: usize,
    /// Longest lag of prediction errors (`causality.max_lag_prediction`), 1 to 5.
    pub max_lag_prediction: usize,
    /// Bins of transfer entropy (`causality.transfer_entropy_num_bins`), 2 to 32.
    pub transfer_entropy_num_bins: usize,
    /// Order of the autoregressions (`causality.granger_ar_order`), 1 to 5.
    pub granger_ar_order: usize,
    /// Scales of the drifts: raw, lowpass, highpass (`invariant_drift.num_scales`), 1 to 3.
    pub num_scales: usize,
    /// Width of the lowpass in pixels (`invariant_drift.gaussian_sigma`), 0.5 to 5.
    pub gaussian_sigma: f64,
    /// Bins of the entropy (`invariant_drift.entropy_num_bins`), 8 to 128.
    pub entropy_num_bins: usize,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            definitions: Definitions::Standard,
            set: Set::V2,
            num_fft_scales: 5,
            autocorr_max_lag: 20,
            num_eigen_top: 3,
            mi_num_bins: 16,
            max_lag_correlation: 3,
            max_lag_prediction: 2,
            transfer_entropy_num_bins: 3,
            granger_ar_order: 2,
            num_scales: 3,
            gaussian_sigma: 2.0,
            entropy_num_bins: 32,
        }
    }
}

impl Settings {
    /// Whether the definitions are those of the Python reference.
    pub fn compat(&self) -> bool {
        self.definitions == Definitions::Compat
    }

    /// Whether the features beyond `sdf-2.0` are wanted.
    pub fn extended(&self) -> bool {
        self.set == Set::Extended
    }

    /// What acts in a category, for its recipe.
    pub fn describe(&self, category: &str, m: &mut dyn Manifest) {
        m.param("definitions", self.definitions.name().into());
        m.param("extended", self.extended().into());
        let mut count = |name: &str, value: usize| m.param(name, value.into());
        match category {
            "spectral" => count("num_fft_scales", self.num_fft_scales),
            "temporal" => count("autocorr_max_lag", self.autocorr_max_lag),
            "cross_channel" => {
                count("num_eigen_top", self.num_eigen_top);
                count("mi_num_bins", self.mi_num_bins);
            }
            "causality" => {
                count("max_lag_correlation", self.max_lag_correlation);
                count("max_lag_prediction", self.max_lag_prediction);
                count("transfer_entropy_num_bins", self.transfer_entropy_num_bins);
                count("granger_ar_order", self.granger_ar_order);
            }
            "invariant_drift" => {
                count("num_scales", self.num_scales);
                count("entropy_num_bins", self.entropy_num_bins);
                m.param("gaussian_sigma", self.gaussian_sigma.into());
            }
            _ => {}
        }
    }
}
