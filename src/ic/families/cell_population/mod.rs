//! `cell_population`: cells of several types, clustered, that do not overlap.
//!
//! Places are taken one after the other on the torus, none closer than two `cell_radius` to another
//! (random sequential adsorption), and are proposed by a clustered process: a Thomas process (parents
//! at random, cells at Gaussian steps from them), or a log-Gaussian Cox process. Each cell belongs to
//! one type, each type to one channel; a channel is the density `Σ aⱼ exp(−δⱼ²/2h²)` of its cells with
//! lognormal amplitudes, cell by cell around a lognormal median of the type. Lengths are fractions of
//! the side.
//!
//! Sites: 16 number of cells, 17 radius, 18 kernel width, 19 clustering strength, 20 cells per cluster,
//! 21 cluster width, 22 number and places of the parents, 23 places, 24 type and amplitude of each cell,
//! 25 medians of the types, 26 and 27 deviation and length of the log-intensity, 28 spread of the
//! amplitudes, 1024 the log-intensity.

mod places;

use crate::ic::common::{NORMALIZE_NATURAL, Normalize, SITE_FIELDS};
use crate::ic::geometry::{add_product, bump, check_bumps};
use crate::ic::parameter::{
    ChoiceParameter, CountParameter, LawParameter, LengthParameter, Parameter, bounds, draw,
    draw_count, without_effect,
};
use crate::ic::sampler::poisson;
use crate::ic::{Channels, Cost, Drawn, Family, InitialCondition, Request, Tier};
use crate::key::{Manifest, Value};
use crate::node::{Fields, Law};
use crate::rng::Stream;
use places::{COVERED, LogIntensity, Process, places};

/// The family.
pub const FAMILY: Family = Family {
    name: "cell_population",
    version: 1,
    tier: Tier::Tier3,
    summary: "clustered cells with a hard core, one type in each channel",
    formula: "Σ aⱼ exp(−δⱼ²/2h²), |rᵢ − rⱼ| ≥ 2·radius, ln aⱼ ~ N(m_type, 0.3²)",
    channels: Channels::Scalar("density of one type of cells in each"),
    cost: Cost::Cheap,
    references: &[
        "Thomas 1949, Biometrika 36, 18",
        "Møller, Syversveen and Waagepetersen 1998, Scand. J. Stat. 25, 451",
        "Feder 1980, J. Theor. Biol. 87, 237 (random sequential adsorption)",
    ],
    parameters: &[
        Parameter::Count(&NUM_CELLS),
        Parameter::Length(&CELL_RADIUS),
        Parameter::Length(&KERNEL_WIDTH),
        Parameter::Law(&AMPLITUDE_SPREAD),
        Parameter::Choice(&PROCESS),
        Parameter::Law(&CLUSTERING_STRENGTH),
        Parameter::Law(&CELLS_PER_CLUSTER),
        Parameter::Law(&CLUSTER_WIDTH),
        Parameter::Law(&LOG_INTENSITY_STD),
        Parameter::Law(&INTENSITY_LENGTH),
        Parameter::Choice(&NORMALIZE_NATURAL),
    ],
    refused: &[],
    parse: |fields| Box::new(CellPopulation::parse(fields)),
};

static NUM_CELLS: CountParameter = CountParameter {
    name: "num_cells",
    range: 1..=4096,
    default: Law::Uniform(50.0, 120.0),
    meaning: "number of cells of all types",
};

static CELL_RADIUS: LengthParameter = LengthParameter {
    name: "cell_radius",
    range: 0.0..=0.2,
    default: Law::Constant(0.02),
    meaning: "half of the least distance between two cells",
};

static KERNEL_WIDTH: LengthParameter = LengthParameter {
    name: "kernel_width",
    range: 0.001..=0.25,
    default: Law::LogUniform(0.012, 0.03),
    meaning: "standard deviation of the density of one cell",
};

static AMPLITUDE_SPREAD: LawParameter = LawParameter {
    name: "amplitude_spread",
    range: 0.0..=2.0,
    default: Law::Constant(0.3),
    meaning: "standard deviation of the logarithm of the amplitudes, of cells within a type and of \
              the medians of the types",
};

static PROCESS: ChoiceParameter = ChoiceParameter {
    name: "process",
    allowed: &["thomas", "log_gaussian_cox"],
    default: "thomas",
    meaning: "what proposes places: clusters around parents, or a smooth random intensity",
};

static CLUSTERING_STRENGTH: LawParameter = LawParameter {
    name: "clustering_strength",
    range: 0.0..=1.0,
    default: Law::Uniform(0.3, 0.9),
    meaning: "probability that a cell belongs to a cluster and is not anywhere; `process: thomas` \
              only",
};

static CELLS_PER_CLUSTER: LawParameter = LawParameter {
    name: "cells_per_cluster",
    range: 1.0..=4096.0,
    default: Law::Constant(10.0),
    meaning: "mean number of cells around a parent; the number of parents is Poisson, at least 1; \
              `process: thomas` only",
};

static CLUSTER_WIDTH: LawParameter = LawParameter {
    name: "cluster_width",
    range: 0.001..=0.5,
    default: Law::Constant(0.06),
    meaning: "standard deviation of a cluster, as a fraction of the side; crowded ones spread; \
              `process: thomas` only",
};

static LOG_INTENSITY_STD: LawParameter = LawParameter {
    name: "log_intensity_std",
    range: 0.0..=3.0,
    default: Law::Constant(1.0),
    meaning: "standard deviation of the logarithm of the intensity; `process: log_gaussian_cox` only",
};

static INTENSITY_LENGTH: LawParameter = LawParameter {
    name: "intensity_length",
    range: 0.02..=1.0,
    default: Law::Constant(0.1),
    meaning: "covariance length of the logarithm of the intensity, as a fraction of the side; \
              `process: log_gaussian_cox` only",
};

const SITE_COUNT: u32 = 16;
const SITE_RADIUS: u32 = 17;
const SITE_KERNEL: u32 = 18;
const SITE_STRENGTH: u32 = 19;
const SITE_PER_CLUSTER: u32 = 20;
const SITE_WIDTH: u32 = 21;
const SITE_PARENTS: u32 = 22;
const SITE_PLACES: u32 = 23;
const SITE_CELLS: u32 = 24;
const SITE_TYPES: u32 = 25;
const SITE_DEVIATION: u32 = 26;
const SITE_LENGTH: u32 = 27;
const SITE_SPREAD: u32 = 28;

#[derive(Debug)]
struct CellPopulation {
    num_cells: Law,
    cell_radius: Law,
    kernel_width: Law,
    amplitude_spread: Law,
    process: Clustering,
    normalize: Normalize,
}

/// The settings of a process.
#[derive(Debug)]
enum Clustering {
    Thomas { strength: Law, per_cluster: Law, width: Law },
    Cox { deviation: Law, length: Law },
}

impl CellPopulation {
    fn parse(fields: &Fields<'_>) -> Self {
        let strength = CLUSTERING_STRENGTH.parse(fields);
        let per_cluster = CELLS_PER_CLUSTER.parse(fields);
        let width = CLUSTER_WIDTH.parse(fields);
        let deviation = LOG_INTENSITY_STD.parse(fields);
        let length = INTENSITY_LENGTH.parse(fields);
        let clusters = [CELLS_PER_CLUSTER.name, CLUSTER_WIDTH.name];
        let process = if PROCESS.parse(fields) == "thomas" {
            let cox = [LOG_INTENSITY_STD.name, INTENSITY_LENGTH.name];
            without_effect(fields, &cox, "it belongs to `process: log_gaussian_cox`");
            if bounds(&strength).1 == 0.0 {
                without_effect(fields, &clusters, "`clustering_strength` is 0");
            }
            Clustering::Thomas { strength, per_cluster, width }
        } else {
            let thomas = "it belongs to `process: thomas`";
            without_effect(fields, &[CLUSTERING_STRENGTH.name], thomas);
            without_effect(fields, &clusters, thomas);
            if bounds(&deviation).1 == 0.0 {
                without_effect(fields, &[INTENSITY_LENGTH.name], "`log_intensity_std` is 0");
            }
            Clustering::Cox { deviation, length }
        };
        Self {
            num_cells: NUM_CELLS.parse(fields),
            cell_radius: CELL_RADIUS.parse(fields),
            kernel_width: KERNEL_WIDTH.parse(fields),
            amplitude_spread: AMPLITUDE_SPREAD.parse(fields),
            process,
            normalize: Normalize::parse_natural(fields),
        }
    }
}

impl Clustering {
    fn describe(&self, m: &mut dyn Manifest) {
        match self {
            Clustering::Thomas { strength, per_cluster, width } => {
                m.param(PROCESS.name, "thomas".into());
                m.param(CLUSTERING_STRENGTH.name, strength.into());
                if bounds(strength).1 > 0.0 {
                    m.param(CELLS_PER_CLUSTER.name, per_cluster.into());
                    m.param(CLUSTER_WIDTH.name, width.into());
                }
            }
            Clustering::Cox { deviation, length } => {
                m.param(PROCESS.name, "log_gaussian_cox".into());
                m.param(LOG_INTENSITY_STD.name, deviation.into());
                if bounds(deviation).1 > 0.0 {
                    m.param(INTENSITY_LENGTH.name, length.into());
                }
            }
        }
    }

    /// The process for `count` cells; notes what was drawn for it.
    fn draw(
        &self,
        stream: Stream,
        count: usize,
        settings: &mut Vec<(&'static str, Value)>,
    ) -> Process {
        match self {
            Clustering::Thomas { strength, per_cluster, width } => {
                let strength = draw(strength, stream, SITE_STRENGTH);
                let width = draw(width, stream, SITE_WIDTH);
                let per_cluster = draw(per_cluster, stream, SITE_PER_CLUSTER);
                let mut draws = stream.site(SITE_PARENTS);
                let number = poisson(&mut draws, count as f64 * strength / per_cluster).max(1.0);
                let parents: Vec<places::Place> =
                    (0..number as usize).map(|_| (draws.uniform(), draws.uniform())).collect();
                settings.push((CLUSTERING_STRENGTH.name, strength.into()));
                if strength > 0.0 {
                    settings.push((CLUSTER_WIDTH.name, width.into()));
                    settings.push((CELLS_PER_CLUSTER.name, per_cluster.into()));
                    settings.push(("num_clusters", parents.len().into()));
                }
                Process::Thomas { strength, width, parents }
            }
            Clustering::Cox { deviation, length } => {
                let deviation = draw(deviation, stream, SITE_DEVIATION);
                let length = draw(length, stream, SITE_LENGTH);
                settings.push((LOG_INTENSITY_STD.name, deviation.into()));
                settings.push((INTENSITY_LENGTH.name, length.into()));
                Process::Cox(LogIntensity::new(deviation, length, stream, SITE_FIELDS))
            }
        }
    }
}

impl InitialCondition for CellPopulation {
    fn describe(&self, m: &mut dyn Manifest) {
        m.param(NUM_CELLS.name, (&self.num_cells).into());
        m.param(CELL_RADIUS.name, (&self.cell_radius).into());
        m.param(KERNEL_WIDTH.name, (&self.kernel_width).into());
        m.param(AMPLITUDE_SPREAD.name, (&self.amplitude_spread).into());
        self.process.describe(m);
        self.normalize.describe(m);
    }

    fn check(&self, grid: usize, channels: usize) -> Result<(), String> {
        let (fewest, most) = bounds(&self.num_cells);
        if fewest < channels as f64 {
            return Err(format!(
                "`num_cells` {fewest:?} leaves some of {channels} channels empty: give at least \
                 {channels}"
            ));
        }
        let radius = bounds(&self.cell_radius).1;
        let covered = most * std::f64::consts::PI * radius * radius;
        if covered > COVERED {
            return Err(format!(
                "{most} cells of radius {radius:?} cover {covered:.2} of the plane, and random \
                 packing is sure to find room for {COVERED:?} only: lower `num_cells` or \
                 `cell_radius`"
            ));
        }
        check_bumps(bounds(&self.kernel_width).0, grid)
            .map_err(|e| e.replace("width`", "kernel_width`"))
    }

    fn draw(&self, request: &Request) -> Drawn {
        let (stream, n, channels) = (request.stream, request.grid, request.channels);
        let count = draw_count(&self.num_cells, stream, SITE_COUNT);
        let radius = draw(&self.cell_radius, stream, SITE_RADIUS);
        let width = draw(&self.kernel_width, stream, SITE_KERNEL);
        let spread = draw(&self.amplitude_spread, stream, SITE_SPREAD);
        let mut settings = vec![
            (NUM_CELLS.name, count.into()),
            (CELL_RADIUS.name, radius.into()),
            (KERNEL_WIDTH.name, width.into()),
            (AMPLITUDE_SPREAD.name, spread.into()),
        ];
        let process = self.process.draw(stream, count, &mut settings);
        let places = places(&process, count, 2.0 * radius, &mut stream.site(SITE_PLACES));

        let mut draws = stream.site(SITE_TYPES);
        let medians: Vec<f64> = (0..channels).map(|_| draws.normal()).collect();
        let (side, mut draws) = (n as f64, stream.site(SITE_CELLS));
        let mut fields = vec![0.0; channels * n * n];
        for (j, (x, y)) in places.into_iter().enumerate() {
            let any = draws.below(channels as u64) as usize;
            // The first cells go round the types, so that none is without a cell.
            let kind = if j < channels { j } else { any };
            let amplitude = libm::exp(spread * (medians[kind] + draws.normal()));
            let sigma = width * side;
            let (across, down) = (bump(n, x * side, sigma), bump(n, y * side, sigma));
            add_product(&mut fields[kind * n * n..][..n * n], &across, &down, amplitude);
        }
        self.normalize.finish(fields, settings)
    }
}
