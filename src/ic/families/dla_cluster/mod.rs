//! `dla_cluster`: a fractal cluster grown by diffusion-limited aggregation.
//!
//! One particle after the other walks at random on the square lattice from far away until it touches the
//! cluster, and stays there with probability `stickiness` at each step beside it (Witten and Sander
//! 1981, "Diffusion-limited aggregation, a kinetic critical phenomenon", *Phys. Rev. Lett.* 47, 1400).
//! Branches screen the fjords between them, so mass grows as `R^D` with D ≈ 1.71 for large clusters and
//! some tenths less at these sizes. `model: eden` is another growth, named for what it is: every empty
//! site beside the cluster is as likely to be filled next, which makes a compact blob with a rough
//! edge (Eden 1961).
//!
//! The lattice has side `max(n, 128)`; smaller grids get area means of it. Growth ends when the cluster
//! reaches `radius`, or counts `cluster_size` particles. The middle of the seed is anywhere.
//!
//! Channels: `indicator`, 1 on the cluster and 0 elsewhere; `distance`, the Euclidean distance to the
//! cluster on the torus, in sides; `arrival`, the number of a particle over the number of all, in
//! (0, 1], and 0 where there is none.
//!
//! Sites: 16 stickiness, 17 radius, 18 number of particles, 19 length and angle of the seed, 20 middle of
//! the seed, 21 the walks.

mod growth;

use std::f64::consts::TAU;

use crate::ic::common::{NORMALIZE_NATURAL, Normalize};
use crate::ic::distance::distances;
use crate::ic::lattice::area_means;
use crate::ic::parameter::{
    ChoiceParameter, CountParameter, LawParameter, Parameter, bounds, draw, draw_count,
    without_effect,
};
use crate::ic::simulation::side;
use crate::ic::{Channels, Cost, Drawn, Family, InitialCondition, Refused, Request, Tier};
use crate::key::Manifest;
use crate::node::{Fields, Law};
use growth::Growth;

/// The family.
pub const FAMILY: Family = Family {
    name: "dla_cluster",
    version: 1,
    tier: Tier::Tier4,
    summary: "fractal cluster grown by diffusion-limited aggregation",
    formula: "M(r) ∝ r^D, D ≈ 1.71: walkers from infinity stay where they first touch",
    channels: Channels::Named(&["indicator", "distance", "arrival"]),
    cost: Cost::Integrated,
    references: &[
        "Witten and Sander 1981, Phys. Rev. Lett. 47, 1400",
        "Menshutin and Shchur 2006, Phys. Rev. E 73, 011407",
        "Eden 1961, Proc. 4th Berkeley Symp. Math. Stat. Prob. 4, 223",
    ],
    parameters: &[
        Parameter::Choice(&MODEL),
        Parameter::Law(&STICKINESS),
        Parameter::Law(&RADIUS),
        Parameter::Count(&CLUSTER_SIZE),
        Parameter::Choice(&SEED_TYPE),
        Parameter::Law(&SEED_LENGTH),
        Parameter::Choice(&NORMALIZE_NATURAL),
    ],
    refused: &[Refused {
        name: "field_type_dla",
        why: "the indicator and the distance are channels of one sample, not a choice",
        instead: "leave it out; the channels are indicator, distance, arrival in this order",
    }],
    parse: |fields| Box::new(DlaCluster::parse(fields)),
};

static MODEL: ChoiceParameter = ChoiceParameter {
    name: "model",
    allowed: &["dla", "eden"],
    default: "dla",
    meaning: "walkers that stay where they touch, or every site beside the cluster as likely",
};

static STICKINESS: LawParameter = LawParameter {
    name: "stickiness",
    range: 0.01..=1.0,
    default: Law::Constant(1.0),
    meaning: "probability that a walker beside the cluster stays, at each of its steps; less makes \
              thicker branches; `model: dla` only",
};

static RADIUS: LawParameter = LawParameter {
    name: "radius",
    range: 0.05..=0.45,
    default: Law::Constant(0.42),
    meaning: "distance from the middle of the seed at which growth ends, as a fraction of the side",
};

static CLUSTER_SIZE: CountParameter = CountParameter {
    name: "cluster_size",
    range: 2..=1_000_000,
    default: Law::Constant(1_000_000.0),
    meaning: "number of particles at which growth ends before it reaches `radius`, on the lattice of \
              side max(n, 128)",
};

static SEED_TYPE: ChoiceParameter = ChoiceParameter {
    name: "seed_type",
    allowed: &["point", "line"],
    default: "point",
    meaning: "what is there at first",
};

static SEED_LENGTH: LawParameter = LawParameter {
    name: "seed_length",
    range: 0.02..=0.8,
    default: Law::Uniform(0.15, 0.4),
    meaning: "length of the seed as a fraction of the side; its angle is random; `seed_type: line` only",
};

const SITE_STICKINESS: u32 = 16;
const SITE_RADIUS: u32 = 17;
const SITE_SIZE: u32 = 18;
const SITE_SEED: u32 = 19;
const SITE_CENTER: u32 = 20;
const SITE_WALKS: u32 = 21;

#[derive(Debug)]
struct DlaCluster {
    /// Of walkers; none for Eden growth.
    stickiness: Option<Law>,
    radius: Law,
    cluster_size: Law,
    /// Of a line; none for a point.
    seed_length: Option<Law>,
    normalize: Normalize,
}

impl DlaCluster {
    fn parse(fields: &Fields<'_>) -> Self {
        let stickiness = STICKINESS.parse(fields);
        let stickiness = if MODEL.parse(fields) == "dla" {
            Some(stickiness)
        } else {
            without_effect(fields, &[STICKINESS.name], "`model: eden` has no walkers");
            None
        };
        let length = SEED_LENGTH.parse(fields);
        let seed_length = if SEED_TYPE.parse(fields) == "line" {
            Some(length)
        } else {
            without_effect(fields, &[SEED_LENGTH.name], "it belongs to `seed_type: line`");
            None
        };
        Self {
            stickiness,
            radius: RADIUS.parse(fields),
            cluster_size: CLUSTER_SIZE.parse(fields),
            seed_length,
            normalize: Normalize::parse_natural(fields),
        }
    }
}

impl InitialCondition for DlaCluster {
    fn describe(&self, m: &mut dyn Manifest) {
        match &self.stickiness {
            Some(stickiness) => {
                m.param(MODEL.name, "dla".into());
                m.param(STICKINESS.name, stickiness.into());
            }
            None => m.param(MODEL.name, "eden".into()),
        }
        m.param(RADIUS.name, (&self.radius).into());
        m.param(CLUSTER_SIZE.name, (&self.cluster_size).into());
        match &self.seed_length {
            Some(length) => {
                m.param(SEED_TYPE.name, "line".into());
                m.param(SEED_LENGTH.name, length.into());
            }
            None => m.param(SEED_TYPE.name, "point".into()),
        }
        self.normalize.describe(m);
    }

    fn check(&self, _grid: usize, _channels: usize) -> Result<(), String> {
        let (longest, radius) =
            (self.seed_length.as_ref().map_or(0.0, |l| bounds(l).1), bounds(&self.radius).0);
        // Room for the first particles beyond the ends of a line.
        let room = 2.0 * radius - 0.04;
        if longest > room {
            return Err(format!(
                "a seed of length {longest:?} fills a cluster of radius {radius:?}: lower \
                 `seed_length` to {room:.2} or raise `radius`"
            ));
        }
        Ok(())
    }

    fn draw(&self, request: &Request) -> Drawn {
        let (stream, lattice) = (request.stream, side(request.grid));
        let radius = draw(&self.radius, stream, SITE_RADIUS);
        let stickiness = self.stickiness.as_ref().map(|law| draw(law, stream, SITE_STICKINESS));
        let mut settings = vec![(RADIUS.name, radius.into())];
        settings.extend(stickiness.map(|s| (STICKINESS.name, s.into())));
        let mut seed = (0.0, 0.0);
        if let Some(law) = &self.seed_length {
            let mut draws = stream.site(SITE_SEED);
            let (length, angle) = (law.at(draws.uniform()), TAU * draws.uniform());
            seed = (length * lattice as f64, angle);
            settings.extend([(SEED_LENGTH.name, length.into()), ("seed_angle", angle.into())]);
        }
        let growth = Growth {
            walkers: stickiness.is_some(),
            stickiness: stickiness.unwrap_or(1.0),
            seed,
            radius: radius * lattice as f64,
            most: draw_count(&self.cluster_size, stream, SITE_SIZE),
        };
        let particles = growth.grow(&mut stream.site(SITE_WALKS));
        let mut draws = stream.site(SITE_CENTER);
        let center = (draws.uniform(), draws.uniform());
        settings.push(("center", vec![center.0, center.1].into()));
        settings.push(("num_particles", particles.len().into()));

        let area = lattice * lattice;
        let mut taken = vec![false; area];
        let mut arrival = vec![0.0; area];
        let place = |center: f64, offset: i32| {
            let middle = (center * lattice as f64) as i32;
            (middle + offset).rem_euclid(lattice as i32) as usize
        };
        for (k, (x, y)) in particles.iter().enumerate() {
            let at = place(center.1, *y) * lattice + place(center.0, *x);
            taken[at] = true;
            arrival[at] = (k + 1) as f64 / particles.len() as f64;
        }
        let mut fields: Vec<f64> = taken.iter().map(|t| f64::from(u8::from(*t))).collect();
        if request.channels > 1 {
            let unit = lattice as f64;
            fields.extend(distances(&taken, lattice).iter().map(|d| d / unit));
        }
        if request.channels > 2 {
            fields.extend(arrival);
        }
        self.normalize.finish(area_means(fields, lattice, request.grid), settings)
    }
}
