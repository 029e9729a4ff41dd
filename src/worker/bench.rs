//! Answers the questions of `spinlock bench`: what the device reaches, and what rollouts take.
//!
//! Rollouts run as in a build, through the same functions, down to encoded parts in a cache of their
//! own; only their inputs are drawn beforehand, untimed.

use std::cell::RefCell;
use std::collections::{BTreeMap, HashMap};
use std::io::Read;
use std::time::Instant;

use super::{Context, precision, prepare, rollouts};
use crate::artifact::{InitialConditions, RolloutChunk};
use crate::cache::{Documents, PartWriter};
use crate::compute::account::{Part, listen};
use crate::compute::device::{self, Device};
use crate::compute::machine::{Product, Triad};
use crate::compute::rollout::{Outcome, Start};
use crate::error::{Error, Result};
use crate::exec::measure::{Answer, Machine, Question, Rollouts};
use crate::exec::protocol::{Failure, Hello};
use crate::graph::{Graph, Node};
use crate::ic::Request;
use crate::mark::{self, Doing};
use crate::operator::Operator;
use crate::operator::layers::Stack;
use crate::operator::rollout::Precision;
use crate::operator::step::Step;
use crate::rng::Stream;

/// Answers the question that `input` holds, as one line of JSON.
///
/// # Errors
/// If the question cannot be read; one that cannot be answered is an answer that says why.
pub fn measure(mut input: impl Read) -> Result<String> {
    let mut text = String::new();
    let broken = |why: String| Error::environment(format!("this is no question: {why}"));
    input.read_to_string(&mut text).map_err(|e| broken(e.to_string()))?;
    let question: Question = serde_json::from_str(&text).map_err(|e| broken(e.to_string()))?;
    let answer = match question {
        Question::Machine { hello } => machine(&hello).map(Answer::Machine),
        Question::Rollouts { hello, repeat } => {
            measure_rollouts(&hello, repeat).map(Answer::Rollouts)
        }
    };
    let answer = answer.unwrap_or_else(|error| Answer::Failed(Failure::from(&error)));
    Ok(serde_json::to_string(&answer).expect("plain values"))
}

/// Runs of each measurement of the machine; the best counts.
const TRIES: usize = 5;

fn machine(hello: &Hello) -> Result<Machine> {
    device::init(hello.threads);
    let device = hello.cuda.map_or(Device::Cpu, Device::Cuda);
    device::check(device)?;
    let (side, length) = match device {
        Device::Cpu => (2048_u32, 1 << 25),
        Device::Cuda(_) => (8192, 1 << 28),
    };
    let precision = match (precision(hello), device) {
        (Precision::Auto, Device::Cuda(_)) => Precision::Float16,
        (precision, _) => precision,
    };
    let mut product = Product::new(device, precision, side)?;
    let product = fastest(device, || product.run())?;
    let mut triad = Triad::new(device, length)?;
    let triad = fastest(device, || triad.run())?;
    Ok(Machine {
        matmul_side: side,
        matmul_gflop_per_s: 2e-9 * f64::from(side).powi(3) / product,
        triad_gb_per_s: 12e-9 * length as f64 / triad,
    })
}

/// Seconds of the fastest of several runs, after one that does not count.
fn fastest(device: Device, mut run: impl FnMut() -> Result<()>) -> Result<f64> {
    let mut best = f64::INFINITY;
    for counts in std::iter::once(false).chain([true; TRIES]) {
        device::finish(device);
        let start = Instant::now();
        mark::doing(Doing::Run);
        run()?;
        device::finish(device);
        if counts {
            best = best.min(start.elapsed().as_secs_f64());
        }
    }
    Ok(best)
}

/// The rollouts of one chunk of operators: for each segment the blocks of realizations.
struct Chain<'a> {
    operators: &'a [Operator],
    segments: BTreeMap<u32, Vec<(&'a Node, &'a RolloutChunk)>>,
}

fn chains(graph: &Graph) -> Vec<Chain<'_>> {
    let mut chains: BTreeMap<(u64, &str), Chain<'_>> = BTreeMap::new();
    for (_, node) in graph.iter() {
        let Some(recipe) = node.recipe_as::<RolloutChunk>() else { continue };
        let chain = chains
            .entry((recipe.chunk.0, &recipe.group))
            .or_insert_with(|| Chain { operators: &recipe.operators, segments: BTreeMap::new() });
        chain.segments.entry(recipe.steps.start).or_default().push((node, recipe));
    }
    chains.into_values().collect()
}

/// The input of each operator, drawn as for a build.
struct Inputs<'a>(HashMap<u64, (&'a InitialConditions, usize)>);

impl<'a> Inputs<'a> {
    fn new(graph: &'a Graph) -> Self {
        let recipes = graph.iter().filter_map(|(_, n)| n.recipe_as::<InitialConditions>());
        let each = recipes.flat_map(|recipe| {
            (0..recipe.inputs.len()).map(move |at| (recipe.inputs[at].operator, (recipe, at)))
        });
        Self(each.collect())
    }

    fn draw(&self, operator: &Operator) -> Vec<f32> {
        let (recipe, at) = self.0[&operator.index];
        let input = &recipe.inputs[at];
        let stream = Stream::new(recipe.seed, "ic", &[input.operator]);
        let (grid, channels) = (input.grid as usize, recipe.channels as usize);
        input.settings.draw(&Request { stream, grid, channels }).fields
    }
}

fn measure_rollouts(hello: &Hello, repeat: u32) -> Result<Rollouts> {
    let (mut context, graph) = prepare(hello)?;
    let (chains, inputs) = (chains(&graph), Inputs::new(&graph));
    let mut written = 0;
    let mut runs_s = Vec::new();
    for _ in 0..repeat.max(1) {
        let (seconds, bytes) = run(&mut context, &chains, &inputs)?;
        runs_s.push(seconds);
        written = bytes;
    }
    ACCOUNT.set(Some(Account::new(context.device)));
    // What is in flight beside each other cannot be told apart.
    context.width = 1;
    listen(Some(hear));
    let accounted = run(&mut context, &chains, &inputs);
    listen(None);
    accounted?;
    let account = ACCOUNT.take().expect("set above");
    let stages = Part::ALL.map(|part| (part.name().to_owned(), account.seconds[part.index()]));
    let mut answer = Rollouts {
        operators: 0,
        realization_steps: 0,
        gflop: 0.0,
        activation_gb: 0.0,
        written_bytes: written,
        runs_s,
        stages_s: stages.to_vec(),
        peak_memory_bytes: peak_memory(),
    };
    let simulation = &context.experiment.simulation;
    let applications = u64::from(simulation.num_timesteps.max(2) - 1);
    let steps = applications * u64::from(simulation.num_realizations);
    for operator in chains.iter().flat_map(|chain| chain.operators) {
        answer.operators += 1;
        answer.realization_steps += steps;
        let pixels = f64::from(operator.grid).powi(2);
        let stack = Stack::new(&operator.architecture);
        answer.gflop += 2e-9 * stack.macs_per_pixel() * pixels * steps as f64;
        answer.activation_gb += 4e-9 * planes(&stack) * pixels * steps as f64;
    }
    Ok(answer)
}

/// Planes of the full grid that are read and written in one application, if each pass goes through
/// memory.
fn planes(stack: &Stack) -> f64 {
    let steps = stack.blocks.iter().flat_map(|placed| placed.steps.iter().copied());
    steps
        .filter_map(|step| {
            let conv = step.conv()?;
            // A hidden convolution's output is read and written once more when it is normalised.
            let outputs = if matches!(step, Step::Layer(_)) { 3 } else { 1 } * conv.outputs;
            let planes = conv.inputs * conv.stride.pow(2) + outputs;
            Some(f64::from(planes) / 4_f64.powi(conv.level as i32))
        })
        .sum()
}

/// End states and their codes, by operator and first realization of a block.
type Ends = HashMap<(u64, u32), (Vec<f32>, Vec<u8>)>;

/// All rollouts once: seconds, and bytes written.
fn run(context: &mut Context, chains: &[Chain<'_>], inputs: &Inputs<'_>) -> Result<(f64, u64)> {
    let (mut seconds, mut bytes) = (0.0, 0);
    for chain in chains {
        let fields: Vec<Vec<f32>> = chain.operators.iter().map(|o| inputs.draw(o)).collect();
        let mut ends = Ends::new();
        for (first, blocks) in &chain.segments {
            // As in a build: blocks of the first segment together, those of later ones one by one.
            for blocks in blocks.chunks(if *first == 0 { blocks.len() } else { 1 }) {
                device::finish(context.device);
                ACCOUNT.with_borrow_mut(|account| {
                    if let Some(account) = account {
                        account.last = Instant::now();
                    }
                });
                let start = Instant::now();
                bytes += job(context, chain.operators, blocks, &fields, &mut ends)?;
                hear(Part::Encode);
                seconds += start.elapsed().as_secs_f64();
            }
        }
    }
    Ok((seconds, bytes))
}

/// What a build gives a worker as one job. Returns the bytes written.
fn job(
    context: &mut Context,
    operators: &[Operator],
    blocks: &[(&Node, &RolloutChunk)],
    fields: &[Vec<f32>],
    ends: &mut Ends,
) -> Result<u64> {
    let recipes: Vec<&RolloutChunk> = blocks.iter().map(|(_, recipe)| *recipe).collect();
    let units = (0, operators.len());
    let mut parts: Vec<PartWriter> =
        blocks.iter().map(|(node, _)| context.part(node, units)).collect::<Result<_>>()?;
    let place =
        |operator: &Operator, recipe: &RolloutChunk| (operator.index, recipe.realizations.start);
    let before: Vec<_> = operators.iter().map(|o| ends.remove(&place(o, recipes[0]))).collect();
    let start = |unit: usize| match &before[unit] {
        Some((states, status)) => Start::State { states, status },
        None => Start::Input(&fields[unit]),
    };
    let take = |unit: usize, outcomes: Vec<Outcome>| {
        hear(Part::Other);
        let operator = &operators[unit];
        for ((recipe, outcome), part) in recipes.iter().zip(outcomes).zip(&mut parts) {
            rollouts::store(context, recipe, operator, &outcome, part)?;
            ends.insert(place(operator, recipe), (outcome.end, outcome.status));
        }
        hear(Part::Encode);
        Ok(())
    };
    context.width = rollouts::compute_all(context, &recipes, operators, start, take)?;
    let mut bytes = 0;
    for part in parts {
        bytes += part.finish(Documents::new())?.bytes;
    }
    Ok(bytes)
}

/// Seconds by part since a moment.
struct Account {
    device: Device,
    last: Instant,
    seconds: [f64; Part::ALL.len()],
}

impl Account {
    fn new(device: Device) -> Self {
        Self { device, last: Instant::now(), seconds: [0.0; Part::ALL.len()] }
    }
}

thread_local! {
    static ACCOUNT: RefCell<Option<Account>> = const { RefCell::new(None) };
}

/// Charges the time since the last call to `part`, if an account is kept. On a device that works by
/// itself it waits for the device first.
fn hear(part: Part) {
    ACCOUNT.with_borrow_mut(|account| {
        if let Some(account) = account {
            device::finish(account.device);
            let now = Instant::now();
            account.seconds[part.index()] += (now - account.last).as_secs_f64();
            account.last = now;
        }
    });
}

/// The largest resident memory of this process in bytes, as the kernel counts it.
fn peak_memory() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kilobytes = line.and_then(|l| l.trim().trim_end_matches("kB").trim().parse::<u64>().ok());
    kilobytes.unwrap_or(0) * 1024
}
