//! `coherent_state`: quasi-probabilities of light in phase space, quasi-classical or a cat.
//!
//! The grid is the phase plane `(q, p)`, both from −E to E, q along a row and p down the rows (ħ = 1).
//! With `(q₀, p₀) = √2 (Re α, Im α)`, the Wigner function of the coherent state |α⟩ is
//! `exp(−(q−q₀)² − (p−p₀)²)/π`; that of the cat `|α⟩ + e^{iϑ}|−α⟩` is the sum of the two Gaussians and
//! `2 exp(−q²−p²) cos(2√2 (q Im α − p Re α) − ϑ)`, over `2π (1 + cos ϑ e^{−2|α|²})`: the fringes
//! between its halves, where W < 0, are what no classical mixture has. Husimi's function
//! `Q = |⟨(q+ip)/√2|Ψ⟩|²/2π` is W blurred by a Gaussian of variance ½ per axis; it is never negative.
//! W and Q integrate to 1 over dq dp. The plane is made periodic by the sum over its images, which
//! changes W by less than e^−6 of its peak and Q by e^−3; its origin is at a random place, which is
//! what the displacement operator does to a state.
//!
//! Channels: W, Q, √Q. Source: Schleich (2001), *Quantum optics in phase space*, §§ 11.3, 12.2;
//! Leonhardt (1997), *Measuring the quantum state of light*, ch. 3.
//!
//! Sites: 16 kind, 17 |α|, 18 its direction, 19 ϑ, 20 origin.

use std::f64::consts::{PI, SQRT_2, TAU};

use crate::ic::common::{NORMALIZE_NATURAL, Normalize};
use crate::ic::geometry::{add_product, packet};
use crate::ic::parameter::{
    ChoiceParameter, LawParameter, OtherParameter, Parameter, bounds, draw, without_effect,
};
use crate::ic::{Channels, Cost, Drawn, Family, InitialCondition, Refused, Request, Tier};
use crate::key::Manifest;
use crate::node::Law;

/// The family.
pub const FAMILY: Family = Family {
    name: "coherent_state",
    version: 1,
    tier: Tier::Tier4,
    summary: "Wigner and Husimi functions of coherent and cat states",
    formula: "W = (1/π) ∫ Ψ*(q+y) Ψ(q−y) e^{2ipy} dy, Ψ = |α⟩ or |α⟩ + e^{iϑ}|−α⟩",
    channels: Channels::Named(&["Wigner function W", "Husimi function Q", "√Q"]),
    cost: Cost::Cheap,
    references: &[
        "Schleich (2001), Quantum optics in phase space, §§ 11.3, 12.2",
        "Leonhardt (1997), Measuring the quantum state of light, ch. 3",
    ],
    parameters: &[
        Parameter::Choice(&KIND),
        Parameter::Law(&ALPHA),
        Parameter::Law(&RELATIVE_PHASE),
        Parameter::Other(&EXTENT),
        Parameter::Choice(&ORIGIN),
        Parameter::Choice(&NORMALIZE_NATURAL),
    ],
    refused: &[
        Refused {
            name: "sigma",
            why: "a coherent state has no width of its own: its variance is ½ in q and in p",
            instead: "set `extent`, the half width of the phase plane shown",
        },
        Refused {
            name: "oscillation_frequency",
            why: "the state is shown in phase space, where it has no carrier; the fringes of a cat \
                  follow from `alpha`",
            instead: "for waves in space take `quantum_wave_packet`",
        },
        Refused {
            name: "num_modes",
            why: "it added packets in space; a phase plane belongs to one mode",
            instead: "choose `kind: cat` for a superposition",
        },
    ],
    parse: |fields| {
        let kind = KIND.parse(fields);
        if kind == "coherent" {
            without_effect(fields, &[RELATIVE_PHASE.name], "it belongs to `kind: cat`");
        }
        let extent = fields.float(EXTENT.name, 4.0..=32.0, DEFAULT_EXTENT);
        let alpha = ALPHA.parse(fields);
        let needed = SQRT_2 * bounds(&alpha).1 + MARGIN;
        if needed > extent {
            fields.fault(
                EXTENT.name,
                format!(
                    "a phase plane of half width {extent:?} is too small for |α| = {:?}",
                    bounds(&alpha).1
                ),
                Some(format!(
                    "lower `alpha`, or raise `extent` to {:.1} or more",
                    libm::ceil(10.0 * needed) / 10.0
                )),
            );
        }
        Box::new(CoherentState {
            kind,
            alpha,
            relative_phase: RELATIVE_PHASE.parse(fields),
            extent,
            random_origin: ORIGIN.parse(fields) == "random",
            normalize: Normalize::parse_natural(fields),
        })
    },
};

static KIND: ChoiceParameter = ChoiceParameter {
    name: "kind",
    allowed: &["any", "coherent", "cat"],
    default: "any",
    meaning: "one coherent state, or the superposition of two opposite ones; any: three of four \
              samples are cats",
};

static ALPHA: LawParameter = LawParameter {
    name: "alpha",
    range: 0.1..=20.0,
    default: Law::Uniform(0.5, 2.5),
    meaning: "amplitude |α|; its square is the mean number of photons of a coherent state",
};

static RELATIVE_PHASE: LawParameter = LawParameter {
    name: "relative_phase",
    range: 0.0..=TAU,
    default: Law::Uniform(0.0, TAU),
    meaning: "phase ϑ between the halves of a cat, in radians: 0 even, π odd",
};

static EXTENT: OtherParameter = OtherParameter {
    name: "extent",
    allowed: "number, 4.0 to 32.0",
    default: "7.0",
    meaning: "half width of the phase plane shown, in units in which the vacuum has variance ½",
};

static ORIGIN: ChoiceParameter = ChoiceParameter {
    name: "origin",
    allowed: &["random", "middle"],
    default: "random",
    meaning: "where q = p = 0 lies: at a random place of the grid, or at pixel (n/2, n/2)",
};

const SITE_KIND: u32 = 16;
const SITE_ALPHA: u32 = 17;
const SITE_DIRECTION: u32 = 18;
const SITE_PHASE: u32 = 19;
const SITE_ORIGIN: u32 = 20;

const DEFAULT_EXTENT: f64 = 7.0;
/// What must remain beyond the middle of a state: there Q is e^−3 of its peak.
const MARGIN: f64 = 2.45;
/// Greatest wave number of a Gaussian of variance ½ that the grid must hold: `e^{−κ²/4}` is 0.1 there.
const SPREAD: f64 = 3.0;

#[derive(Debug)]
struct CoherentState {
    kind: &'static str,
    alpha: Law,
    relative_phase: Law,
    extent: f64,
    random_origin: bool,
    normalize: Normalize,
}

/// What is drawn of a state.
struct State {
    /// Where q = p = 0, in sides.
    origin: (f64, f64),
    /// Real and imaginary part of α.
    alpha: (f64, f64),
    /// ϑ of a cat; none for a coherent state.
    cat: Option<f64>,
}

impl State {
    /// The sum of the Gaussians of this variance per axis, and of the fringes between them, over the
    /// plane of half width `extent`; integrates to 1.
    ///
    /// Variance ½ gives W and 1 gives Q: the blur widens the Gaussians and shortens the wave vector
    /// of the fringes by half.
    fn smoothed(&self, n: usize, extent: f64, variance: f64) -> Vec<f64> {
        let (side, (re, im)) = (2.0 * extent, self.alpha);
        let width = variance.sqrt() / side;
        let (q, p) = (SQRT_2 * re / side, SQRT_2 * im / side);
        let (x, y) = self.origin;
        let real = |center: f64| packet(n, center, width, 0.0).0;
        let mut field = vec![0.0; n * n];
        let norm = 1.0 / (TAU * variance);
        let Some(theta) = self.cat else {
            add_product(&mut field, &real(x + q), &real(y + p), norm);
            return field;
        };
        let square = re * re + im * im;
        let norm = 0.5 * norm / (1.0 + libm::cos(theta) * libm::exp(-2.0 * square));
        add_product(&mut field, &real(x + q), &real(y + p), norm);
        add_product(&mut field, &real(x - q), &real(y - p), norm);
        let k = SQRT_2 * side / variance;
        let (across, down) = (packet(n, x, width, k * im), packet(n, y, width, -k * re));
        // The blur by ½ leaves exp(−κ²/4) of the fringes, κ = 2√2 |α|.
        let height = 2.0 * norm * libm::exp(-2.0 * (1.0 - 0.5 / variance) * square);
        let (sin, cos) = libm::sincos(theta);
        // Re e^{−iϑ} (a + ib)(c + id), for each row with e^{−iϑ} (c + id) in one piece.
        let (row_re, row_im): (Vec<f64>, Vec<f64>) = (down.0.iter().zip(&down.1))
            .map(|(c, d)| (cos * c + sin * d, sin * c - cos * d))
            .unzip();
        add_product(&mut field, &across.0, &row_re, height);
        add_product(&mut field, &across.1, &row_im, height);
        field
    }
}

impl InitialCondition for CoherentState {
    fn describe(&self, m: &mut dyn Manifest) {
        m.param(KIND.name, self.kind.into());
        m.param(ALPHA.name, (&self.alpha).into());
        if self.kind != "coherent" {
            m.param(RELATIVE_PHASE.name, (&self.relative_phase).into());
        }
        m.param(EXTENT.name, self.extent.into());
        m.param(ORIGIN.name, if self.random_origin { "random" } else { "middle" }.into());
        self.normalize.describe(m);
    }

    fn check(&self, grid: usize, _channels: usize) -> Result<(), String> {
        let fringes =
            if self.kind == "coherent" { 0.0 } else { 2.0 * SQRT_2 * bounds(&self.alpha).1 };
        let least = libm::ceil(2.0 * self.extent * (fringes + SPREAD) / PI) as usize;
        if grid >= least {
            return Ok(());
        }
        Err(format!(
            "a phase plane of half width {:?} with amplitudes up to {:?} needs a grid of at least \
             {least}, not {grid}: lower `extent` or `alpha`",
            self.extent,
            bounds(&self.alpha).1
        ))
    }

    fn draw(&self, request: &Request) -> Drawn {
        let (n, stream) = (request.grid, request.stream);
        let cat = match self.kind {
            // Coherent states differ by their place alone, cats in more: three of four are cats.
            "any" => stream.site(SITE_KIND).below(4) > 0,
            name => name == "cat",
        };
        let size = draw(&self.alpha, stream, SITE_ALPHA);
        let (sin, cos) = libm::sincos(TAU * stream.site(SITE_DIRECTION).uniform());
        let mut draws = stream.site(SITE_ORIGIN);
        let anywhere = (draws.uniform(), draws.uniform());
        let state = State {
            origin: if self.random_origin { anywhere } else { (0.5, 0.5) },
            alpha: (size * cos, size * sin),
            cat: cat.then(|| draw(&self.relative_phase, stream, SITE_PHASE)),
        };
        let mut settings = vec![
            (KIND.name, if cat { "cat" } else { "coherent" }.into()),
            (ALPHA.name, vec![state.alpha.0, state.alpha.1].into()),
            (ORIGIN.name, vec![state.origin.0, state.origin.1].into()),
        ];
        if let Some(theta) = state.cat {
            settings.push((RELATIVE_PHASE.name, theta.into()));
        }
        let mut fields = state.smoothed(n, self.extent, 0.5);
        // |⟨β|Ψ⟩|² of a cat has zeros, where its three terms may round to below 0.
        let husimi: Vec<f64> =
            state.smoothed(n, self.extent, 1.0).iter().map(|v| v.max(0.0)).collect();
        fields.extend(&husimi);
        fields.extend(husimi.iter().map(|v| v.sqrt()));
        fields.truncate(request.channels * n * n);
        self.normalize.finish(fields, settings)
    }
}
