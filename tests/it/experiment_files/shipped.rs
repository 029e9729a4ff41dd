//! The experiments that come with the project, and files in the spelling of the Python reference.

use std::path::Path;

use spinlock::config::{self, Request, locate};
use spinlock::operator::rollout::Precision;
use spinlock::space;

fn load(file: &str) -> spinlock::config::Experiment {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let request = Request { path: file.into(), root: root.to_owned(), ..Request::default() };
    config::load(&request).unwrap_or_else(|error| panic!("{error}"))
}

#[test]
fn every_shipped_experiment_is_valid() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let files = locate::experiments(root);
    assert!(files.len() >= 10, "{files:?}");
    for file in files {
        let x = load(file.to_str().unwrap());
        assert!((x.simulation.inputs.iter().map(|i| i.weight).sum::<f64>() - 1.0).abs() < 1e-12);
    }
}

#[test]
fn every_fragment_is_valid_by_itself() {
    for entry in std::fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/configs")).unwrap() {
        load(entry.unwrap().path().to_str().unwrap());
    }
}

#[test]
fn quickstart_is_small_and_shows_every_policy() {
    let x = load("experiments/quickstart");
    assert_eq!((x.sampling.total_samples, x.simulation.num_realizations), (24, 3));
    assert_eq!((x.simulation.num_timesteps, x.simulation.inputs.len()), (16, 4));
    assert_eq!(x.space.spec(space::UPDATE_POLICY).unwrap().levels(), Some(3));
    assert_eq!(x.notes, Vec::<String>::new());
}

#[test]
fn the_benchmark_samples_eight_parameters() {
    let x = load("experiments/benchmark_10k");
    assert_eq!(x.space.sampled().count(), 8);
    assert_eq!((x.sampling.total_samples, x.simulation.num_realizations), (10_000, 10));
    assert_eq!((x.simulation.num_timesteps, x.dataset.compression), (1, Some(4)));
}

#[test]
fn the_temporal_experiment_has_the_operators_of_the_default_one() {
    let (a, b) = (load("experiments/default_10k"), load("experiments/temporal_10k"));
    assert_eq!(a.space, b.space);
    assert_eq!((a.space.named.len(), a.simulation.num_timesteps), (13, 1));
    assert_eq!((b.simulation.num_timesteps, b.simulation.num_realizations), (500, 5));
    assert!(!b.dataset.trajectories && b.dataset.operator_features);
}

#[test]
fn what_the_reference_dropped_acts() {
    let x = load("tests/fixtures/vqvae_baseline_10k_temporal");
    assert_eq!(x.name, "vqvae_baseline_10k_temporal");
    assert_eq!(x.space.named.len(), 15);
    assert_eq!(x.space.sampled().count(), 14);
    assert_eq!((x.simulation.num_timesteps, x.simulation.precision), (500, Precision::Float32));
    assert!(!x.dataset.trajectories && x.dataset.operator_features && x.dataset.inputs);
    assert_eq!((x.sampling.max_discrepancy, x.sampling.max_correlation), (Some(0.01), Some(0.05)));
    let describe = |name: &str| {
        let input = x.simulation.inputs.iter().find(|input| input.name == name).unwrap();
        let mut text = spinlock::key::RecipeText::default();
        input.settings.describe(&mut text);
        text.0
    };
    assert_eq!(x.simulation.inputs.len(), 10);
    assert!(describe("gaussian_random_field_v0").contains("variance: 0.25"));
    assert!(describe("gaussian_random_field_v4").contains("variance: 4.0"));
    assert!(describe("multiscale_grf_low").contains("[0.2, 0.4]"));
    assert!(describe("structured").contains("stripe"));
    insta::assert_snapshot!("notes_of_a_reference_file", x.notes.join("\n"));
}

#[test]
fn an_example_without_metadata_is_valid() {
    let project = super::Project::new();
    project.write(
        "experiments/readme.yaml",
        "
parameter_space:
  architecture:
    num_layers: {type: integer, bounds: [2, 5]}
  stochastic:
    noise_type: {type: choice, choices: [gaussian]}
    noise_scale: {type: continuous, bounds: [0.001, 0.1]}
  operator:
    grid_size: {type: choice, choices: [64, 128]}
  rollout:
    update_policy: {type: choice, choices: [autoregressive, residual, convex]}
sampling: {total_samples: 1000, batch_size: 100}
simulation: {num_realizations: 10}
dataset: {output_path: ./datasets/readme.h5}
",
    );
    let x = project.load("experiments/readme");
    assert_eq!((x.name.as_str(), x.space.sampled().count()), ("readme", 4));
    assert_eq!(x.dataset.path, project.root().join("datasets/readme.h5"));
}

#[test]
fn the_domain_types_take_the_settings_of_the_reference() {
    let x = load("tests/fixtures/domain_ics_all_21");
    assert_eq!(x.simulation.inputs.len(), 21);
    let describe = |name: &str| {
        let input = x.simulation.inputs.iter().find(|input| input.name == name).unwrap();
        let mut text = spinlock::key::RecipeText::default();
        input.settings.describe(&mut text);
        text.0
    };
    // Pixels of a grid of 128 are fractions of the side.
    assert!(describe("quantum_wave_packet").contains("sigma: 0.078125"));
    assert!(describe("turing_pattern").contains("wavelength: 0.125"));
    assert!(describe("error_correcting_code").contains("block_size: 0.0625"));
    assert!(describe("dla_cluster").contains("cluster_size: 500"));
    assert_eq!(x.notes, Vec::<String>::new());
}
