//! `parameter_space`: what is said about each parameter, against the vocabulary.
//!
//! The form of one parameter is in `spec`; here are groups, names, and what holds between parameters.

use super::{Reader, spec};
use crate::node::{Content, Entry, Fault, Faults, Node, Span, nearest};
use crate::operator::Topology;
use crate::space::{self, Group, ParameterId, Setting, Space, Spec, VOCABULARY};

/// Other names of the number of channels.
const CHANNEL_NAMES: [&str; 2] = ["input_channels", "output_channels"];

/// The parameters with the places they were written at.
pub struct Parameters {
    /// What is said.
    pub space: Space,
    places: Vec<(ParameterId, Span, String)>,
}

impl Parameters {
    /// C, the same for every operator.
    pub fn channels(&self) -> u32 {
        match self.space.constant(space::CHANNELS) {
            Some(Setting::Int(v)) => v as u32,
            _ => 3,
        }
    }

    /// Every grid side that may be drawn, smallest first.
    pub fn grids(&self) -> Vec<i64> {
        self.integers(space::GRID_SIZE)
    }

    /// A grid side that may be drawn and that `divisor` does not divide.
    fn indivisible(&self, divisor: i64) -> Option<i64> {
        let divides = |side: &i64| side % divisor == 0;
        match self.space.spec(space::GRID_SIZE) {
            Some(Spec::Integer(lo, hi)) => (*lo..=*hi).find(|side| !divides(side)),
            _ => self.grids().into_iter().find(|side| !divides(side)),
        }
    }

    fn integers(&self, id: ParameterId) -> Vec<i64> {
        let settings = match self.space.spec(id) {
            None => vec![id.get().default],
            // The ends are enough for what is checked against them.
            Some(Spec::Integer(lo, hi)) => vec![Setting::Int(*lo), Setting::Int(*hi)],
            Some(Spec::Choice(choices)) => choices.clone(),
            Some(Spec::Continuous { .. }) => Vec::new(),
        };
        let mut values: Vec<i64> = settings
            .into_iter()
            .filter_map(|v| match v {
                Setting::Int(v) => Some(v),
                _ => None,
            })
            .collect();
        values.sort_unstable();
        values.dedup();
        values
    }
}

/// Reads all groups.
pub fn read(reader: &Reader<'_>) -> Parameters {
    let faults = reader.faults;
    let mut found: Vec<(ParameterId, Spec, Span, String)> = Vec::new();
    for group in Group::ALL {
        let path = path(group);
        for entry in reader.map(path).rest() {
            if entry.node.value == Content::Null {
                continue;
            }
            let full = format!("{path}.{}", entry.name);
            if entry.name == "use_batch_norm" {
                batch_norm(entry, &full, faults);
                continue;
            }
            let name = match entry.name.as_str() {
                name if group == Group::Operator && CHANNEL_NAMES.contains(&name) => "channels",
                name => name,
            };
            let Some(id) = ParameterId::named(name) else {
                unknown(entry, group, &full, faults);
                continue;
            };
            let spec = spec::read(&entry.node, id, &full, faults);
            if let Some((_, have, span, other)) = found.iter().find(|(other, ..)| *other == id) {
                // Two names of the channels may both be given, if they say the same number.
                let agree = |spec: &Spec| spec.fixed().is_some() && spec.fixed() == have.fixed();
                let same = id == space::CHANNELS && spec.as_ref().is_none_or(agree);
                if !same {
                    twice(entry, &full, other, *span, faults);
                }
                continue;
            }
            if id.get().group != group {
                faults.push(Fault {
                    span: Some(entry.span),
                    path: full,
                    message: format!("`{name}` does not belong to `{}`", group.name()),
                    help: Some(format!("move it to `{}`", self::path(id.get().group))),
                });
                continue;
            }
            if let Some(spec) = spec {
                found.push((id, spec, entry.span, full));
            }
        }
    }
    found.sort_by_key(|(id, ..)| *id);
    let parameters = Parameters {
        places: found.iter().map(|(id, _, span, path)| (*id, *span, path.clone())).collect(),
        space: Space { named: found.into_iter().map(|(id, spec, ..)| (id, spec)).collect() },
    };
    together(&parameters, faults);
    parameters
}

fn path(group: Group) -> &'static str {
    match group {
        Group::Architecture => "parameter_space.architecture",
        Group::Stochastic => "parameter_space.stochastic",
        Group::Operator => "parameter_space.operator",
        Group::Evolution => "parameter_space.evolution",
    }
}

fn twice(entry: &Entry, path: &str, other: &str, span: Span, faults: &Faults) {
    faults.push(Fault {
        span: Some(entry.span),
        path: path.to_owned(),
        message: format!("given twice: also as `{other}` on line {}", span.line),
        help: Some("keep one of the two".to_owned()),
    });
}

fn unknown(entry: &Entry, group: Group, path: &str, faults: &Faults) {
    let own: Vec<&str> = VOCABULARY.iter().filter(|p| p.group == group).map(|p| p.name).collect();
    let help = match nearest(&entry.name, VOCABULARY.iter().map(|p| p.name)) {
        Some(near) => format!("did you mean `{near}`? known here: {}", own.join(", ")),
        None => format!("known here: {}", own.join(", ")),
    };
    faults.push(Fault {
        span: Some(entry.span),
        path: path.to_owned(),
        message: format!("there is no parameter `{}`", entry.name.escape_debug()),
        help: Some(help),
    });
}

/// `use_batch_norm` says what `normalization` says; only its being off is accepted.
fn batch_norm(entry: &Entry, path: &str, faults: &Faults) {
    let off = |node: &Node| node.value == Content::Bool(false);
    let accepted = match &entry.node.value {
        Content::Map(_) => match entry.node.get("choices").map(|node| &node.value) {
            Some(Content::List(items)) => !items.is_empty() && items.iter().all(off),
            _ => false,
        },
        Content::List(items) => !items.is_empty() && items.iter().all(off),
        _ => off(&entry.node),
    };
    if !accepted {
        faults.push(Fault {
            span: Some(entry.node.span),
            path: path.to_owned(),
            message: "refused: batch normalisation of an untrained network does nothing".to_owned(),
            help: Some("use `normalization`, or `use_batch_norm: false`".to_owned()),
        });
    }
}

/// What must hold between parameters.
fn together(parameters: &Parameters, faults: &Faults) {
    let fault = |id: ParameterId, message: String, help: &str| {
        let place = parameters.places.iter().find(|(other, ..)| *other == id);
        faults.push(Fault {
            span: place.map(|(_, span, _)| *span),
            path: place.map_or_else(|| id.get().name.to_owned(), |(.., path)| path.clone()),
            message,
            help: Some(help.to_owned()),
        });
    };
    // What the deepest architecture asks for is enough for the others.
    let names = space_values(&parameters.space, space::ARCHITECTURE);
    let deepest = names.into_iter().filter_map(Topology::named).max_by_key(|t| t.depth());
    let deepest = deepest.unwrap_or(Topology::SimpleCnn);
    let factor = 1_i64 << deepest.depth();
    let (kernels, grids) = (parameters.integers(space::KERNEL_SIZE), parameters.grids());
    if let Some(side) = parameters.indivisible(factor) {
        let message =
            format!("`{}` needs grids divisible by {factor}: `{side}` is not", deepest.name());
        fault(space::GRID_SIZE, message, "use grids such as 64, 96 or 128");
    } else if let (Some(kernel), Some(grid)) = (kernels.last(), grids.first())
        && *kernel > grid / factor
    {
        let (what, help) = match deepest {
            Topology::SimpleCnn => {
                (format!("the grid of {grid}"), "convolutions wrap around once at most".to_owned())
            }
            Topology::EncoderDecoder => (
                format!(
                    "{}, the side of the lowest level of `{}` on a grid of {grid}",
                    grid / factor,
                    deepest.name()
                ),
                format!("use smaller kernels, or grids from {} on", kernel * factor),
            ),
        };
        let named = |id: &ParameterId| parameters.space.spec(*id).is_some();
        let at = [space::KERNEL_SIZE, space::GRID_SIZE].into_iter().find(named);
        let message = format!("a kernel of {kernel} is larger than {what}");
        fault(at.unwrap_or(space::ARCHITECTURE), message, &help);
    }
    let dropout = space_values(&parameters.space, space::NOISE_TYPE).contains(&"dropout");
    let scale = match parameters.space.spec(space::NOISE_SCALE) {
        Some(Spec::Continuous { hi, .. }) => *hi,
        Some(Spec::Choice(choices)) => {
            choices.iter().filter_map(|v| v.number()).fold(0.0, f64::max)
        }
        _ => 0.0,
    };
    if dropout && scale > 0.95 {
        let message = format!("`{scale:?}` is too large with `noise_type: dropout`");
        fault(space::NOISE_SCALE, message, "there it is a probability, at most 0.95");
    }
    let may = |id, names: &[&str]| {
        space_values(&parameters.space, id).into_iter().find(|name| names.contains(name))
    };
    let noisy = scale > 0.0 && may(space::NOISE_TYPE, &["gaussian", "laplace"]).is_some();
    let not_added = may(space::NOISE_TYPE, &["multiplicative", "dropout"]).or(may(
        space::NOISE_LOCATION,
        &["input", "hidden"],
    )
    .filter(|_| noisy));
    if let Some(name) = not_added
        && scale > 0.0
        && may(space::UPDATE_POLICY, &["euler_maruyama"]).is_some()
    {
        let message =
            format!("`euler_maruyama` needs noise that is added to the output, not `{name}`");
        let help = "use `noise_type` gaussian or laplace and `noise_location` features or output";
        fault(space::UPDATE_POLICY, message, help);
    }
    if parameters.space.spec(space::CHANNELS).is_some_and(|spec| spec.fixed().is_none()) {
        let message = "the number of channels cannot be sampled".to_owned();
        fault(space::CHANNELS, message, "one number for the whole experiment: `channels: 3`");
    }
}

/// The names that a parameter may take, sampled, fixed or by default.
fn space_values(space: &Space, id: ParameterId) -> Vec<&'static str> {
    let name = |setting: &Setting| match setting {
        Setting::Name(name) => Some(*name),
        _ => None,
    };
    match space.spec(id) {
        Some(Spec::Choice(choices)) => choices.iter().filter_map(name).collect(),
        _ => name(&id.get().default).into_iter().collect(),
    }
}

/// A note for each named parameter that cannot act.
pub fn idle(space: &Space, num_timesteps: u32) -> Vec<String> {
    let may = |id, name: &str| space_values(space, id).contains(&name);
    let rollout = num_timesteps >= 2;
    let noise = space_values(space, space::NOISE_TYPE).iter().any(|name| *name != "none")
        && space.spec(space::NOISE_SCALE).is_some();
    let correlated = space_values(space, space::NOISE_TYPE)
        .iter()
        .any(|name| !matches!(*name, "none" | "dropout"));
    let why = |id: ParameterId| match id {
        space::UPDATE_POLICY | space::ALPHA | space::DT if !rollout => {
            Some("there is no update when `simulation.num_timesteps` is 1")
        }
        space::ALPHA if !may(space::UPDATE_POLICY, "convex") => Some("no policy is `convex`"),
        space::DT
            if !may(space::UPDATE_POLICY, "residual")
                && !may(space::UPDATE_POLICY, "euler_maruyama") =>
        {
            Some("no policy is `residual` or `euler_maruyama`")
        }
        space::NOISE_TYPE if !noise && !may(space::NOISE_TYPE, "none") => {
            Some("there is no noise without `noise_scale`")
        }
        space::NOISE_SCALE
        | space::NOISE_LOCATION
        | space::NOISE_SCHEDULE
        | space::SCHEDULE_PERIOD
        | space::SPATIAL_CORRELATION
            if !noise =>
        {
            Some("there is no noise: give `noise_type` and `noise_scale`")
        }
        space::NOISE_SCHEDULE | space::SCHEDULE_PERIOD if !rollout => {
            Some("noise is at full scale when `simulation.num_timesteps` is 1")
        }
        space::SCHEDULE_PERIOD if !may(space::NOISE_SCHEDULE, "periodic") => {
            Some("no schedule is `periodic`")
        }
        space::SPATIAL_CORRELATION if !correlated => Some("dropout noise is not correlated"),
        _ => None,
    };
    let note = |(id, _): &(ParameterId, Spec)| {
        let p = id.get();
        why(*id).map(|why| format!("`{}.{}` is idle: {why}", path(p.group), p.name))
    };
    space.named.iter().filter_map(note).collect()
}
