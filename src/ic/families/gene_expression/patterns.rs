//! Where in a tissue a gene is expressed: patterns of mean 0 over the torus.
//!
//! Waves have integer wave vectors and variance 1; a round domain is as high as one spot of a lattice
//! of spots.

use std::f64::consts::TAU;

use crate::ic::geometry::{add_plane_wave, add_product, bump, wave_vector};
use crate::ic::parameter::OtherParameter;
use crate::key::{Manifest, Value};
use crate::node::{Content, Fields, known_names};
use crate::rng::Draws;

/// The pattern of each gene.
pub static EXPRESSION_PATTERNS: OtherParameter = OtherParameter {
    name: "expression_patterns",
    allowed: "list of gradient, spots, stripes, radial, uniform",
    default: "each gene one of the five at random",
    meaning: "the patterns of the genes in the order of the channels, and from the start again",
};

/// A pattern.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pattern {
    /// One wave across the side.
    Gradient,
    /// A hexagonal lattice of spots: three waves that add up to zero.
    Spots,
    /// A plane wave.
    Stripes,
    /// One Gaussian domain of standard deviation half a wavelength.
    Radial,
    /// The same everywhere.
    Uniform,
}

impl Pattern {
    const ALL: [Pattern; 5] =
        [Pattern::Gradient, Pattern::Spots, Pattern::Stripes, Pattern::Radial, Pattern::Uniform];

    /// As in the file.
    pub fn name(self) -> &'static str {
        match self {
            Pattern::Gradient => "gradient",
            Pattern::Spots => "spots",
            Pattern::Stripes => "stripes",
            Pattern::Radial => "radial",
            Pattern::Uniform => "uniform",
        }
    }

    /// The pattern on a grid `[n, n]`; `wavelength` in sides. Takes five numbers whatever the pattern.
    pub fn field(self, n: usize, wavelength: f64, draws: &mut Draws) -> Vec<f64> {
        let angle = TAU * draws.uniform();
        let (first, second) = (TAU * draws.uniform(), TAU * draws.uniform());
        let center = (draws.uniform(), draws.uniform());
        let root = std::f64::consts::SQRT_2;
        let mut field = vec![0.0; n * n];
        match self {
            Pattern::Gradient => {
                add_plane_wave(&mut field, n, wave_vector(1.0, angle), first, root);
            }
            Pattern::Stripes => {
                add_plane_wave(&mut field, n, wave_vector(1.0 / wavelength, angle), first, root);
            }
            Pattern::Spots => {
                let a = wave_vector(1.0 / wavelength, angle);
                let b = wave_vector(1.0 / wavelength, angle + TAU / 3.0);
                let amplitude = (2.0_f64 / 3.0).sqrt();
                // Cosines whose phases add up to zero have common crests, the spots.
                let quarter = 0.25 * TAU;
                for (m, phase) in
                    [(a, first), (b, second), ((-a.0 - b.0, -a.1 - b.1), -first - second)]
                {
                    add_plane_wave(&mut field, n, m, phase + quarter, amplitude);
                }
            }
            Pattern::Radial => {
                let (side, width) = (n as f64, 0.5 * wavelength);
                // Three cosines of the amplitude of spots meet in a height of √6.
                let height = 6.0_f64.sqrt();
                let across = bump(n, center.0 * side, width * side);
                let down = bump(n, center.1 * side, width * side);
                // ∫ exp(−δ²/2w²) = 2πw²
                field.fill(-height * TAU * width * width);
                add_product(&mut field, &across, &down, height);
            }
            Pattern::Uniform => {}
        }
        field
    }
}

/// Which pattern which gene has.
#[derive(Debug, Clone, PartialEq)]
pub enum Patterns {
    /// Each one of the five, as likely.
    Random,
    /// In the order of the genes, round and round.
    Listed(Vec<Pattern>),
}

impl Patterns {
    /// Reads `expression_patterns`.
    pub fn parse(fields: &Fields<'_>) -> Self {
        let Some(node) = fields.get(EXPRESSION_PATTERNS.name) else { return Patterns::Random };
        let items = match &node.value {
            Content::Null => return Patterns::Random,
            Content::List(items) if !items.is_empty() => items,
            _ => {
                fields.fault(
                    EXPRESSION_PATTERNS.name,
                    format!("{} is not a list of patterns", node.describe()),
                    Some(format!("allowed: {}", EXPRESSION_PATTERNS.allowed)),
                );
                return Patterns::Random;
            }
        };
        let path = fields.path_of(EXPRESSION_PATTERNS.name);
        let mut out = Vec::with_capacity(items.len());
        for item in items {
            let text = if let Content::Text(text) = &item.value { text.as_str() } else { "" };
            match Pattern::ALL.into_iter().find(|pattern| pattern.name() == text) {
                Some(pattern) => out.push(pattern),
                None => fields.faults().report(
                    item,
                    &path,
                    format!("{} is no pattern", item.describe()),
                    Some(known_names(text, Pattern::ALL.map(Pattern::name))),
                ),
            }
        }
        if out.is_empty() { Patterns::Random } else { Patterns::Listed(out) }
    }

    /// Describes them.
    pub fn describe(&self, m: &mut dyn Manifest) {
        let value: Value = match self {
            Patterns::Random => "random".into(),
            Patterns::Listed(patterns) => {
                patterns.iter().map(|p| p.name()).collect::<Vec<_>>().into()
            }
        };
        m.param(EXPRESSION_PATTERNS.name, value);
    }

    /// The pattern of the gene of this channel; takes one number.
    pub fn of(&self, channel: usize, draws: &mut Draws) -> Pattern {
        let any = Pattern::ALL[draws.below(Pattern::ALL.len() as u64) as usize];
        match self {
            Patterns::Random => any,
            Patterns::Listed(patterns) => patterns[channel % patterns.len()],
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rng::Stream;

    /// A round domain is cut where its nearest image changes, which its mean does not know: at w = 0.15
    /// that is 0.2 % of its height.
    #[test]
    fn patterns_have_mean_0_and_waves_variance_1() {
        for pattern in Pattern::ALL {
            for wavelength in [0.1, 0.17, 0.3] {
                let mut draws = Stream::new(6, "pattern", &[]).site(0);
                let field = pattern.field(64, wavelength, &mut draws);
                let mean = field.iter().sum::<f64>() / 4096.0;
                assert!(mean.abs() < 0.005, "{pattern:?} {wavelength}: {mean}");
                let square = field.iter().map(|v| v * v).sum::<f64>() / 4096.0;
                let greatest = field.iter().copied().fold(0.0, f64::max);
                match pattern {
                    Pattern::Uniform => assert_eq!(square, 0.0),
                    Pattern::Radial => assert!(greatest > 1.8 && greatest < 6.0_f64.sqrt()),
                    _ => assert!((square - 1.0).abs() < 1e-12, "{pattern:?}: {square}"),
                }
            }
        }
    }
}
