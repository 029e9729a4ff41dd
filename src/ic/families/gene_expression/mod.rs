//! `gene_expression`: counts of transcripts in a tissue, as spatial transcriptomics measures them.
//!
//! Each channel is a gene. Its mean count at a spot is `m = c exp(a p(r) + b g(r))`: a spatial pattern p
//! (gradient, spots, stripes, one round domain, or none) and a latent Gaussian field
//! `g = √ρ g₀ + √(1 − ρ) h` with g₀ common to the genes and h its own, all of unit variance and the same
//! covariance, so that the latent fields of any two genes have correlation exactly ρ at every spot. The
//! count is negative-binomial with dispersion r, drawn as a Poisson count whose mean is m times a gamma
//! variate of shape r and mean 1, so its variance is `m + m²/r` (Grün, Kester and van Oudenaarden 2014,
//! *Nature Methods* 11, 637; Svensson 2020, *Nature Biotechnology* 38, 147).
//!
//! A spot is a pixel: its count is drawn for the grid at hand, while the means are the same at every
//! resolution. Field: `ln(1 + count)`, the count, or the mean m.
//!
//! Sites: 16 ρ, 17 length, 18 b, 64 + c the gene of channel c (pattern, wavelength, a, c, r, then the
//! pattern's own numbers), 512 + c its counts, 1024 on the latent fields.

mod patterns;

use crate::ic::common::{NORMALIZE_NATURAL, Normalize, SITE_FIELDS};
use crate::ic::geometry::check_waves;
use crate::ic::parameter::{
    ChoiceParameter, LawParameter, Parameter, bounds, draw, without_effect,
};
use crate::ic::sampler::{gamma, poisson};
use crate::ic::spectrum::{Spectrum, gaussian};
use crate::ic::{Channels, Cost, Drawn, Family, InitialCondition, Refused, Request, Tier};
use crate::key::{Manifest, Value};
use crate::node::{Fields, Law};
use crate::rng::Draws;
use patterns::{EXPRESSION_PATTERNS, Patterns};

/// The family.
pub const FAMILY: Family = Family {
    name: "gene_expression",
    version: 1,
    tier: Tier::Tier3,
    summary: "correlated, patterned counts of transcripts",
    formula: "NB(m, r), m = c exp(a p(r) + b g(r)), corr(gᵢ, gⱼ) = ρ",
    channels: Channels::Scalar("one gene in each"),
    cost: Cost::Moderate,
    references: &[
        "Grün, Kester and van Oudenaarden 2014, Nature Methods 11, 637",
        "Svensson 2020, Nature Biotechnology 38, 147",
        "Marsaglia and Tsang 2000, ACM Trans. Math. Softw. 26, 363",
        "Hörmann 1993, Insurance: Mathematics and Economics 12, 39",
    ],
    parameters: &[
        Parameter::Law(&CORRELATION_STRENGTH),
        Parameter::Law(&LENGTH_SCALE),
        Parameter::Law(&LATENT_STRENGTH),
        Parameter::Other(&EXPRESSION_PATTERNS),
        Parameter::Law(&PATTERN_STRENGTH),
        Parameter::Law(&PATTERN_WAVELENGTH),
        Parameter::Law(&BASE_COUNT),
        Parameter::Choice(&OUTPUT),
        Parameter::Law(&DISPERSION),
        Parameter::Choice(&NORMALIZE_NATURAL),
    ],
    refused: &[
        Refused {
            name: "num_genes",
            why: "every channel is a gene",
            instead: "leave it out; the experiment sets the number of channels",
        },
        Refused {
            name: "expression_range",
            why: "counts are not stretched to a range",
            instead: "give `base_count`, or `normalize: unit_max` for a greatest value of 1",
        },
    ],
    parse: |fields| Box::new(GeneExpression::parse(fields)),
};

static CORRELATION_STRENGTH: LawParameter = LawParameter {
    name: "correlation_strength",
    range: 0.0..=1.0,
    default: Law::Constant(0.3),
    meaning: "ρ, correlation of the latent fields of any two genes",
};

static LENGTH_SCALE: LawParameter = LawParameter {
    name: "length_scale",
    range: 0.001..=1.0,
    default: Law::Constant(0.1),
    meaning: "covariance length of the latent fields, as a fraction of the side",
};

static LATENT_STRENGTH: LawParameter = LawParameter {
    name: "latent_strength",
    range: 0.05..=1.5,
    default: Law::Constant(0.5),
    meaning: "b, standard deviation of the latent fields in the logarithm of the mean",
};

static PATTERN_STRENGTH: LawParameter = LawParameter {
    name: "pattern_strength",
    range: 0.0..=2.0,
    default: Law::Uniform(0.5, 1.5),
    meaning: "a, drawn for each gene: standard deviation of waves in the logarithm of the mean",
};

static PATTERN_WAVELENGTH: LawParameter = LawParameter {
    name: "pattern_wavelength",
    range: 0.02..=0.4,
    default: Law::Uniform(0.1, 0.3),
    meaning: "drawn for each gene, as a fraction of the side: wavelength of spots and stripes, rounded \
              to integer wave vectors; twice the standard deviation of a radial domain",
};

static BASE_COUNT: LawParameter = LawParameter {
    name: "base_count",
    range: 0.5..=1000.0,
    default: Law::LogUniform(2.0, 20.0),
    meaning: "c, drawn for each gene: mean count where pattern and latent field are 0",
};

static OUTPUT: ChoiceParameter = ChoiceParameter {
    name: "output",
    allowed: &["log_count", "count", "mean"],
    default: "log_count",
    meaning: "ln(1 + count), the count, or the mean that it is drawn with",
};

static DISPERSION: LawParameter = LawParameter {
    name: "dispersion",
    range: 0.5..=1000.0,
    default: Law::Uniform(2.0, 10.0),
    meaning: "r, drawn for each gene: the variance of a count is m + m²/r; not with `output: mean`",
};

const SITE_CORRELATION: u32 = 16;
const SITE_LENGTH: u32 = 17;
const SITE_LATENT: u32 = 18;
const SITE_GENES: u32 = 64;
const SITE_COUNTS: u32 = 512;

#[derive(Debug)]
struct GeneExpression {
    correlation: Law,
    length: Law,
    latent: Law,
    patterns: Patterns,
    pattern_strength: Law,
    wavelength: Law,
    base_count: Law,
    output: Output,
    normalize: Normalize,
}

#[derive(Debug)]
enum Output {
    Mean,
    Count { dispersion: Law, log: bool },
}

impl GeneExpression {
    fn parse(fields: &Fields<'_>) -> Self {
        let dispersion = DISPERSION.parse(fields);
        let output = match OUTPUT.parse(fields) {
            "mean" => {
                without_effect(fields, &[DISPERSION.name], "`output: mean` draws no counts");
                Output::Mean
            }
            name => Output::Count { dispersion, log: name == "log_count" },
        };
        Self {
            correlation: CORRELATION_STRENGTH.parse(fields),
            length: LENGTH_SCALE.parse(fields),
            latent: LATENT_STRENGTH.parse(fields),
            patterns: Patterns::parse(fields),
            pattern_strength: PATTERN_STRENGTH.parse(fields),
            wavelength: PATTERN_WAVELENGTH.parse(fields),
            base_count: BASE_COUNT.parse(fields),
            output,
            normalize: Normalize::parse_natural(fields),
        }
    }

    /// The means of the gene of `channel`, and the dispersion of its counts; notes what was drawn.
    ///
    /// - `latent`: `b g`, `[n, n]`, turned into the means.
    fn gene(&self, channel: usize, latent: &mut [f64], mut draws: Draws) -> (Value, f64) {
        let pattern = self.patterns.of(channel, &mut draws);
        let wavelength = self.wavelength.at(draws.uniform());
        let strength = self.pattern_strength.at(draws.uniform());
        let base = self.base_count.at(draws.uniform());
        let u = draws.uniform();
        let field = pattern.field(latent.len().isqrt(), wavelength, &mut draws);
        let log_base = libm::log(base);
        for (value, p) in latent.iter_mut().zip(&field) {
            *value = libm::exp(log_base + strength * p + *value);
        }
        let mut noted = vec![
            ("pattern", pattern.name().into()),
            (PATTERN_WAVELENGTH.name, wavelength.into()),
            (PATTERN_STRENGTH.name, strength.into()),
            (BASE_COUNT.name, base.into()),
        ];
        let mut shape = f64::INFINITY;
        if let Output::Count { dispersion, .. } = &self.output {
            shape = dispersion.at(u);
            noted.push((DISPERSION.name, shape.into()));
        }
        (Value::Map(noted), shape)
    }
}

impl InitialCondition for GeneExpression {
    fn describe(&self, m: &mut dyn Manifest) {
        m.param(CORRELATION_STRENGTH.name, (&self.correlation).into());
        m.param(LENGTH_SCALE.name, (&self.length).into());
        m.param(LATENT_STRENGTH.name, (&self.latent).into());
        self.patterns.describe(m);
        m.param(PATTERN_STRENGTH.name, (&self.pattern_strength).into());
        m.param(PATTERN_WAVELENGTH.name, (&self.wavelength).into());
        m.param(BASE_COUNT.name, (&self.base_count).into());
        match &self.output {
            Output::Mean => m.param(OUTPUT.name, "mean".into()),
            Output::Count { dispersion, log } => {
                m.param(OUTPUT.name, if *log { "log_count" } else { "count" }.into());
                m.param(DISPERSION.name, dispersion.into());
            }
        }
        self.normalize.describe(m);
    }

    fn check(&self, grid: usize, _channels: usize) -> Result<(), String> {
        // The third wave of a hexagonal lattice is the sum of two rounded ones.
        check_waves(1.0 / bounds(&self.wavelength).0 + 1.5, grid)
            .map_err(|e| e.replace("lower `frequency`", "raise `pattern_wavelength`"))
    }

    fn draw(&self, request: &Request) -> Drawn {
        let (stream, n, genes) = (request.stream, request.grid, request.channels);
        let correlation = draw(&self.correlation, stream, SITE_CORRELATION);
        let length = draw(&self.length, stream, SITE_LENGTH);
        let latent = draw(&self.latent, stream, SITE_LATENT);
        let spectrum = Spectrum::new(n, gaussian(length));
        let unit = spectrum.fields(stream, SITE_FIELDS, genes + 1);
        let (common, own) = unit.split_at(n * n);
        let (shared, rest) = (latent * correlation.sqrt(), latent * (1.0 - correlation).sqrt());
        let mut fields = Vec::with_capacity(genes * n * n);
        let mut noted = Vec::with_capacity(genes);
        for (c, own) in own.chunks_exact(n * n).enumerate() {
            let mut field: Vec<f64> =
                common.iter().zip(own).map(|(g, h)| shared * g + rest * h).collect();
            let (gene, shape) = self.gene(c, &mut field, stream.site(SITE_GENES + c as u32));
            noted.push(gene);
            if let Output::Count { log, .. } = self.output {
                let mut draws = stream.site(SITE_COUNTS + c as u32);
                for value in &mut field {
                    let mean = *value / shape * gamma(&mut draws, shape);
                    let count = poisson(&mut draws, mean);
                    *value = if log { libm::log1p(count) } else { count };
                }
            }
            fields.extend(field);
        }
        let settings = vec![
            (CORRELATION_STRENGTH.name, correlation.into()),
            (LENGTH_SCALE.name, length.into()),
            (LATENT_STRENGTH.name, latent.into()),
            ("genes", Value::List(noted)),
        ];
        self.normalize.finish(fields, settings)
    }
}
