//! `chromatin_domain`: a Hi-C contact map, with distance decay, nested domains and compartments.
//!
//! Both axes are the position along one circular chromosome, so the map is symmetric and closes at the
//! border. The logarithm of the contact frequency of the loci i and j is
//! `−γ ln(1 + s) + Σ J_d b_d(i) b_d(j) + ε E(i) E(j)`:
//! the decay with the genomic distance s, in bins of 1/128 of the chromosome (γ ≈ 1 for a fractal
//! globule); topological domains d that part the whole chromosome, some of them in two, with the step
//! `b_d` from 0 to 1 softened to `boundary_sharpness`; and the compartments A and B, a softened ±1
//! telegraph signal E, whose plaid pattern runs over all distances (Lieberman-Aiden et al. 2009,
//! *Science* 326, 289; Rao et al. 2014, *Cell* 159, 1665).
//!
//! Channels: `log_contact`, the natural logarithm above; `observed_over_expected`, the contact
//! frequency over its mean at the same distance; `compartments`, E(i) E(j), 1 for like and −1 for
//! unlike.
//!
//! Sites: 16 γ, 17 domain size, 18 its spread, 19 sizes, 20 offset, 21 boundary width, 22 compartment
//! strength, 23 compartment size, 24 switches of the compartments, 25 nesting, 64 + d strengths and
//! parting of domain d.

mod map;

use crate::ic::common::{NORMALIZE_NATURAL, Normalize};
use crate::ic::parameter::{
    LawParameter, LengthParameter, Parameter, bounds, draw, without_effect,
};
use crate::ic::{Channels, Cost, Drawn, Family, InitialCondition, Refused, Request, Tier};
use crate::key::Manifest;
use crate::node::{Fields, Law};
use crate::rng::Stream;
use map::{Domain, distance, over_expected, sizes, track};

/// The family.
pub const FAMILY: Family = Family {
    name: "chromatin_domain",
    version: 1,
    tier: Tier::Tier3,
    summary: "Hi-C contact map: distance decay, nested domains, A/B compartments",
    formula: "ln C = −γ ln(1 + s) + Σ J b(i) b(j) + ε E(i) E(j)",
    channels: Channels::Named(&["log_contact", "observed_over_expected", "compartments"]),
    cost: Cost::Cheap,
    references: &[
        "Lieberman-Aiden et al. 2009, Science 326, 289",
        "Rao et al. 2014, Cell 159, 1665",
    ],
    parameters: &[
        Parameter::Law(&DECAY_EXPONENT),
        Parameter::Law(&DOMAIN_SIZE),
        Parameter::Law(&DOMAIN_SIZE_SPREAD),
        Parameter::Law(&DOMAIN_STRENGTH),
        Parameter::Law(&NESTING),
        Parameter::Length(&BOUNDARY_SHARPNESS),
        Parameter::Law(&COMPARTMENT_STRENGTH),
        Parameter::Law(&COMPARTMENT_SIZE),
        Parameter::Choice(&NORMALIZE_NATURAL),
    ],
    refused: &[
        Refused {
            name: "num_domains",
            why: "domains part the whole chromosome, so their number follows from their size",
            instead: "give `domain_size`, the mean as a fraction of the side",
        },
        Refused {
            name: "domain_size_range",
            why: "the sizes of domains are lognormal",
            instead: "give `domain_size`, the mean as a fraction of the side, and \
                      `domain_size_spread`",
        },
        Refused {
            name: "compartment_type",
            why: "a contact map has domains and compartments",
            instead: "for domains alone write `compartment_strength: 0`, for compartments alone \
                      `domain_strength: 0`",
        },
    ],
    parse: |fields| Box::new(ChromatinDomain::parse(fields)),
};

static DECAY_EXPONENT: LawParameter = LawParameter {
    name: "decay_exponent",
    range: 0.0..=3.0,
    default: Law::Uniform(0.75, 1.25),
    meaning: "γ, exponent of the decay of contacts with genomic distance",
};

static DOMAIN_SIZE: LawParameter = LawParameter {
    name: "domain_size",
    range: 0.02..=0.4,
    default: Law::Constant(0.15),
    meaning: "mean size of a domain, as a fraction of the side",
};

static DOMAIN_SIZE_SPREAD: LawParameter = LawParameter {
    name: "domain_size_spread",
    range: 0.0..=1.0,
    default: Law::Constant(0.4),
    meaning: "standard deviation of the logarithm of the sizes",
};

static DOMAIN_STRENGTH: LawParameter = LawParameter {
    name: "domain_strength",
    range: 0.0..=4.0,
    default: Law::Uniform(0.3, 1.2),
    meaning: "J, drawn for each domain: logarithm of the enrichment of contacts within it",
};

static NESTING: LawParameter = LawParameter {
    name: "nesting",
    range: 0.0..=1.0,
    default: Law::Constant(0.5),
    meaning: "probability that a domain holds two domains more",
};

static BOUNDARY_SHARPNESS: LengthParameter = LengthParameter {
    name: "boundary_sharpness",
    range: 0.001..=0.05,
    default: Law::Uniform(0.004, 0.012),
    meaning: "width w of the logistic steps at boundaries",
};

static COMPARTMENT_STRENGTH: LawParameter = LawParameter {
    name: "compartment_strength",
    range: 0.0..=4.0,
    default: Law::Uniform(0.0, 0.8),
    meaning: "ε, logarithm of the enrichment of contacts within a compartment",
};

static COMPARTMENT_SIZE: LawParameter = LawParameter {
    name: "compartment_size",
    range: 0.02..=0.5,
    default: Law::Constant(0.1),
    meaning: "mean length between switches of the compartment, as a fraction of the side",
};

const SITE_DECAY: u32 = 16;
const SITE_SIZE: u32 = 17;
const SITE_SPREAD: u32 = 18;
const SITE_SIZES: u32 = 19;
const SITE_OFFSET: u32 = 20;
const SITE_SHARPNESS: u32 = 21;
const SITE_STRENGTH: u32 = 22;
const SITE_COMPARTMENT: u32 = 23;
const SITE_SWITCHES: u32 = 24;
const SITE_NESTING: u32 = 25;
const SITE_DOMAINS: u32 = 64;

/// Bins of the chromosome in which genomic distance is counted.
const BINS: f64 = 128.0;
/// Where a domain is parted: not near its ends.
const PARTED: (f64, f64) = (0.3, 0.7);

#[derive(Debug)]
struct ChromatinDomain {
    decay: Law,
    size: Law,
    spread: Law,
    strength: Law,
    nesting: Law,
    sharpness: Law,
    compartment_strength: Law,
    compartment_size: Law,
    normalize: Normalize,
}

impl ChromatinDomain {
    fn parse(fields: &Fields<'_>) -> Self {
        let strength = DOMAIN_STRENGTH.parse(fields);
        let read = Self {
            decay: DECAY_EXPONENT.parse(fields),
            size: DOMAIN_SIZE.parse(fields),
            spread: DOMAIN_SIZE_SPREAD.parse(fields),
            nesting: NESTING.parse(fields),
            sharpness: BOUNDARY_SHARPNESS.parse(fields),
            compartment_strength: COMPARTMENT_STRENGTH.parse(fields),
            compartment_size: COMPARTMENT_SIZE.parse(fields),
            normalize: Normalize::parse_natural(fields),
            strength,
        };
        if !read.has_domains() {
            let names = [DOMAIN_SIZE.name, DOMAIN_SIZE_SPREAD.name, NESTING.name];
            without_effect(fields, &names, "`domain_strength` is 0");
        }
        read
    }

    fn has_domains(&self) -> bool {
        bounds(&self.strength).1 > 0.0
    }
}

/// Whether a law may give exactly 0.
fn may_vanish(law: &Law) -> bool {
    match law {
        Law::Constant(v) => *v == 0.0,
        Law::Choice(values) => values.contains(&0.0),
        Law::Uniform(a, b) | Law::LogUniform(a, b) => *a == 0.0 && *b == 0.0,
    }
}

impl InitialCondition for ChromatinDomain {
    fn describe(&self, m: &mut dyn Manifest) {
        m.param(DECAY_EXPONENT.name, (&self.decay).into());
        m.param(DOMAIN_STRENGTH.name, (&self.strength).into());
        if self.has_domains() {
            m.param(DOMAIN_SIZE.name, (&self.size).into());
            m.param(DOMAIN_SIZE_SPREAD.name, (&self.spread).into());
            m.param(NESTING.name, (&self.nesting).into());
        }
        m.param(BOUNDARY_SHARPNESS.name, (&self.sharpness).into());
        m.param(COMPARTMENT_STRENGTH.name, (&self.compartment_strength).into());
        m.param(COMPARTMENT_SIZE.name, (&self.compartment_size).into());
        self.normalize.describe(m);
    }

    fn check(&self, _grid: usize, channels: usize) -> Result<(), String> {
        if channels > 1 && may_vanish(&self.strength) && may_vanish(&self.compartment_strength) {
            return Err("without domains and compartments every contact is as expected: give \
                        `domain_strength` or `compartment_strength` above 0"
                .to_owned());
        }
        Ok(())
    }

    fn draw(&self, request: &Request) -> Drawn {
        let (stream, n) = (request.stream, request.grid);
        let decay = draw(&self.decay, stream, SITE_DECAY);
        let width = draw(&self.sharpness, stream, SITE_SHARPNESS);
        let strength = draw(&self.compartment_strength, stream, SITE_STRENGTH);
        let length = draw(&self.compartment_size, stream, SITE_COMPARTMENT);
        let mut settings = vec![
            (DECAY_EXPONENT.name, decay.into()),
            (BOUNDARY_SHARPNESS.name, width.into()),
            (COMPARTMENT_STRENGTH.name, strength.into()),
            (COMPARTMENT_SIZE.name, length.into()),
        ];

        let track = track(n, length, width, stream.site(SITE_SWITCHES));
        let by_distance: Vec<f64> =
            (0..=n / 2).map(|s| -decay * libm::log1p(BINS * s as f64 / n as f64)).collect();
        let mut log_contact = vec![0.0; n * n];
        for (i, row) in log_contact.chunks_exact_mut(n).enumerate() {
            for (j, value) in row.iter_mut().enumerate() {
                *value = by_distance[distance(i, j, n)] + strength * (track[i] * track[j]);
            }
        }
        if self.has_domains() {
            let domains = self.domains(stream);
            settings.push(("num_domains", domains.len().into()));
            for domain in domains {
                domain.add(&mut log_contact, width);
            }
        }

        let mut fields = log_contact;
        if request.channels > 1 {
            let ratio = over_expected(&fields, n);
            fields.extend(ratio);
        }
        if request.channels > 2 {
            for a in &track {
                fields.extend(track.iter().map(|b| a * b));
            }
        }
        self.normalize.finish(fields, settings)
    }
}

impl ChromatinDomain {
    /// Domains that part the chromosome, and those within them.
    fn domains(&self, stream: Stream) -> Vec<Domain> {
        let mean = draw(&self.size, stream, SITE_SIZE);
        let spread = draw(&self.spread, stream, SITE_SPREAD);
        let nesting = draw(&self.nesting, stream, SITE_NESTING);
        let sizes = sizes(mean, spread, &mut stream.site(SITE_SIZES));
        let mut start = stream.site(SITE_OFFSET).uniform();
        let mut out = Vec::with_capacity(3 * sizes.len());
        for (d, size) in sizes.into_iter().enumerate() {
            let mut draws = stream.site(SITE_DOMAINS + d as u32);
            out.push(Domain { start, size, strength: self.strength.at(draws.uniform()) });
            if draws.uniform() < nesting {
                let first = size * draws.range(PARTED.0, PARTED.1);
                for (start, size) in [(start, first), (start + first, size - first)] {
                    out.push(Domain { start, size, strength: self.strength.at(draws.uniform()) });
                }
            }
            start += size;
        }
        out
    }
}
