//! Experiment files: valid ones and what they resolve to; broken ones and what is said about them.

#![expect(clippy::float_cmp, reason = "settings must arrive as written, to the bit")]

use std::fs;
use std::path::{Path, PathBuf};

use spinlock::config::experiment::{DeviceChoice, Experiment, StoredDtype};
use spinlock::config::{self, Request};
use spinlock::operator::rollout::{Normalize, Precision, Scope};
use spinlock::sampling::SAMPLERS;
use spinlock::space::{self, Setting, Spec};

mod broken;
mod mutated;
mod shipped;

/// A temporary project.
pub struct Project(tempfile::TempDir);

impl Project {
    pub fn new() -> Self {
        let project = Self(tempfile::tempdir().unwrap());
        fs::create_dir(project.0.path().join("experiments")).unwrap();
        project
    }

    pub fn write(&self, file: &str, text: impl AsRef<[u8]>) -> &Self {
        let path = self.0.path().join(file);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
        self
    }

    pub fn root(&self) -> &Path {
        self.0.path()
    }

    pub fn request(&self, path: &str) -> Request {
        Request { path: path.into(), root: self.root().to_owned(), ..Request::default() }
    }

    pub fn load(&self, path: &str) -> Experiment {
        config::load(&self.request(path)).unwrap_or_else(|error| panic!("{error}"))
    }

    pub fn message(&self, request: &Request) -> String {
        let error = config::load(request).expect_err("the file is broken");
        assert_eq!(error.kind.exit_code(), 2, "{error}");
        let root = self.root().canonicalize().unwrap();
        error.to_string().replace(&root.display().to_string(), "<root>")
    }
}

fn one(text: &str) -> Experiment {
    Project::new().write("experiments/x.yaml", text).load("experiments/x")
}

fn with_sets(text: &str, sets: &[&str]) -> Experiment {
    let project = Project::new();
    project.write("experiments/x.yaml", text);
    let sets = sets.iter().map(|set| (*set).to_owned()).collect();
    config::load(&Request { sets, ..project.request("experiments/x") })
        .unwrap_or_else(|error| panic!("{error}"))
}

/// What defines the data of an experiment.
fn data(experiment: &Experiment) -> serde_json::Value {
    config::canonical(experiment, experiment.simulation.precision)
}

fn canonical(text: &str) -> String {
    data(&one(text)).to_string()
}

#[test]
fn an_empty_file_is_the_default_experiment() {
    let project = Project::new();
    project.write("experiments/mine.yaml", "");
    let x = project.load("experiments/mine");
    assert_eq!(x.name, "mine");
    assert_eq!(x.file, PathBuf::from("experiments/mine.yaml"));
    assert!(!x.overridden && x.space.named.is_empty());
    assert_eq!(x.notes, Vec::<String>::new());
    assert_eq!((x.sampling.total_samples, x.sampling.seed), (128, 42));
    assert_eq!((x.sampling.method.name, x.sampling.strict), ("sobol", false));
    assert_eq!(format!("{:?}", x.sampling.sampler), "Sobol { seed: 42, scramble: Owen }");
    assert_eq!((x.simulation.num_realizations, x.simulation.num_timesteps), (1, 1));
    assert_eq!((x.simulation.channels, x.simulation.precision), (3, Precision::Auto));
    assert_eq!(x.simulation.device.choice, DeviceChoice::Auto);
    assert_eq!(x.simulation.rollout.blowup_limit, 1e6);
    assert_eq!((x.execution.chunk, x.execution.realization_block), (32, 5));
    assert_eq!([64, 128, 256].map(|grid| x.execution.segment_for(grid)), [64, 16, 4]);
    let [input] = x.simulation.inputs.as_slice() else { panic!() };
    assert_eq!((input.family.name, input.weight), ("gaussian_random_field", 1.0));
    assert_eq!(x.dataset.path, project.root().join("datasets/mine.h5"));
    assert_eq!((x.dataset.compression, x.dataset.dtype), (Some(1), StoredDtype::Float32));
    assert!(x.dataset.inputs && x.dataset.trajectories && x.dataset.parameters);
    assert!(!x.dataset.operator_weights && !x.dataset.operator_features);
    assert_eq!(x.dataset.splits, [0.8, 0.1, 0.1]);
}

#[test]
fn an_experiment_is_found_by_path_extension_or_folder() {
    let project = Project::new();
    project.write("experiments/a.yaml", "").write("experiments/b.yml", "");
    project.write("experiments/c/experiment.yaml", "");
    for (typed, file, name) in [
        ("experiments/a", "experiments/a.yaml", "a"),
        ("experiments/a.yaml", "experiments/a.yaml", "a"),
        ("experiments/b", "experiments/b.yml", "b"),
        ("experiments/c", "experiments/c/experiment.yaml", "c"),
    ] {
        let x = project.load(typed);
        assert_eq!((x.file.to_str().unwrap(), x.name.as_str()), (file, name));
    }
}

#[test]
fn parameters_may_be_ranges_lists_and_values() {
    let x = one("
parameter_space:
  architecture:
    num_layers: {type: integer, bounds: [2.0, 5]}
    kernel_size: [3, 5]
    activation: {type: choice, choices: [relu, swish], description: any}
  stochastic: {noise_type: gaussian, noise_scale: {type: continuous, bounds: [1.0e-3, 1], log_scale: true}}
  operator: {input_channels: 2, output_channels: {type: integer, bounds: [2, 2]}}
  evolution: {alpha: 0}
simulation: {num_timesteps: 4}
");
    assert_eq!(x.space.spec(space::NUM_LAYERS), Some(&Spec::Integer(2, 5)));
    let kernels = Spec::Choice(vec![Setting::Int(3), Setting::Int(5)]);
    assert_eq!(x.space.spec(space::KERNEL_SIZE), Some(&kernels));
    let activations = Spec::Choice(vec![Setting::Name("relu"), Setting::Name("silu")]);
    assert_eq!(x.space.spec(space::ACTIVATION), Some(&activations));
    let scale = Spec::Continuous { lo: 1e-3, hi: 1.0, log: true };
    assert_eq!(x.space.spec(space::NOISE_SCALE), Some(&scale));
    assert_eq!(x.space.constant(space::ALPHA), Some(Setting::Float(0.0)));
    assert_eq!(
        (x.simulation.channels, x.space.constant(space::CHANNELS)),
        (2, Some(Setting::Int(2)))
    );
    assert_eq!(x.space.sampled().count(), 4);
    assert_eq!(x.notes, Vec::<String>::new());
}

#[test]
fn other_names_of_sections_act() {
    let x = one("
parameter_space: {rollout: {update_policy: [residual, convex], dt: 0.1}}
rollout: {normalize: zscore, normalize_scope: channel, clamp: [-1, 1], blowup_limit: 1e4}
storage: {dtype: float16, compression: lzf, splits: [0.5, 0.25, 0.25]}
data_to_store: [operator_outputs, operator_weights]
simulation: {num_timesteps: 2}
");
    assert_eq!(x.space.sampled().map(|(id, _)| id).collect::<Vec<_>>(), [space::UPDATE_POLICY]);
    let rollout = x.simulation.rollout;
    assert_eq!((rollout.normalize, rollout.scope), (Normalize::ZScore, Scope::Channel));
    assert_eq!((rollout.clamp, rollout.blowup_limit), (Some((-1.0, 1.0)), 1e4));
    assert_eq!((x.dataset.dtype, x.dataset.compression), (StoredDtype::Float16, Some(1)));
    assert_eq!(x.dataset.splits, [0.5, 0.25, 0.25]);
    assert!(x.dataset.trajectories && x.dataset.operator_weights && !x.dataset.inputs);
    assert!(x.notes[0].contains("lzf` is written as gzip"), "{:?}", x.notes);
}

#[test]
fn raw_storage_has_two_spellings() {
    for storage in ["{compression: none}", "{compression_level: 0}"] {
        assert_eq!(one(&format!("storage: {storage}")).dataset.compression, None);
    }
}

#[test]
fn fragments_merge_and_later_wins() {
    let project = Project::new();
    project.write(
        "configs/a.yaml",
        "sampling: {total_samples: 1, sobol: {seed: 1}}\nstorage: {dtype: float16}",
    );
    project.write("experiments/b.yaml", "extends: configs/a\nsampling: {total_samples: 2}");
    project.write("experiments/x.yaml", "extends: [configs/a.yaml, b]\nsimulation: {num_realizations: 7}\ndataset: {storage: {layout: padded}}");
    let x = project.load("experiments/x");
    assert_eq!((x.sampling.total_samples, x.sampling.seed), (2, 1));
    assert_eq!(x.simulation.num_realizations, 7);
    assert_eq!(x.dataset.dtype, StoredDtype::Float16);
}

#[test]
fn values_are_taken_from_elsewhere_with_their_type() {
    let x = one("
metadata: {n: 9, sobol: {seed: 3}, name: 'run-${metadata.n}-${sampling.total_samples}', note: '$${kept}'}
sampling: {total_samples: '${metadata.n}', sobol: '${metadata.sobol}'}
simulation: {num_realizations: '${sampling.total_samples}'}
");
    assert_eq!((x.name.as_str(), x.sampling.total_samples), ("run-9-9", 9));
    assert_eq!((x.simulation.num_realizations, x.sampling.seed), (9, 3));
    assert_eq!(x.document["metadata"]["note"], "${kept}");
}

#[test]
fn the_command_line_wins() {
    let text = "sampling: {total_samples: 5}\nsimulation: {inputs: [{type: localized}]}";
    let x = with_sets(
        text,
        &[
            "sampling.total_samples=6",
            "rollout.clamp=[0, 1]",
            "simulation.inputs.0.type=composite",
            "metadata.name=mine",
            "storage.compression=",
        ],
    );
    assert!(x.overridden);
    assert_eq!((x.sampling.total_samples, x.name.as_str()), (6, "mine"));
    assert_eq!(x.simulation.rollout.clamp, Some((0.0, 1.0)));
    assert_eq!(x.simulation.inputs[0].family.name, "composite");
    assert!(!with_sets(text, &[]).overridden);
}

#[test]
fn the_device_of_the_command_line_is_insisted_on() {
    let project = Project::new();
    project.write("experiments/x.yaml", "simulation: {device: cuda}");
    let file = project.load("experiments/x").simulation.device;
    assert_eq!((file.choice, file.insist), (DeviceChoice::Cuda(vec![]), false));
    let request = Request {
        device: Some("cuda:0,2".into()),
        precision: Some("bfloat16".into()),
        ..project.request("experiments/x")
    };
    let x = config::load(&request).unwrap();
    assert_eq!(x.simulation.device.choice, DeviceChoice::Cuda(vec![0, 2]));
    assert!(x.simulation.device.insist && x.overridden);
    assert_eq!(x.simulation.precision, Precision::Bfloat16);
}

#[test]
fn variants_have_settings_of_their_own() {
    let x = one("
simulation:
  input_generation:
    method: sampled
    length_scale: 0.07
    ic_type_weights: {multiscale_grf_low: 1, random: 2, gaussian_random_field_v12: 3, mine: 4, localized: 0}
    multiscale_grf_low: {scales: [0.2, 0.4]}
    gaussian_random_field_v12: {variance: 4}
    gaussian_random_field: {length_scale: 0.2}
    mine: {type: structured, structure_types: [stripe]}
");
    let shown: Vec<String> = x
        .simulation
        .inputs
        .iter()
        .map(|input| {
            let mut text = spinlock::key::RecipeText::default();
            input.settings.describe(&mut text);
            let settings: Vec<&str> = text
                .0
                .lines()
                .filter(|l| {
                    ["length_scale", "variance", "scales", "types"].iter().any(|n| l.contains(n))
                })
                .collect();
            format!(
                "{} {} {:.1} {}",
                input.name,
                input.family.name,
                input.weight,
                settings.join(" ")
            )
        })
        .collect();
    insta::assert_snapshot!("variants_have_settings_of_their_own", shown.join("\n"));
}

#[test]
fn the_two_spellings_of_inputs_agree() {
    let reference = canonical(
        "
simulation:
  input_generation:
    ic_type_weights: {localized: 1, gaussian_random_field_v1: 3}
    gaussian_random_field_v1: {length_scale: {uniform: [0.1, 0.2]}}
",
    );
    let list = canonical("
simulation:
  inputs:
    - {name: other, type: gaussian_random_field, weight: 6, params: {length_scale: {uniform: [0.1, 0.2]}}}
    - {type: localized, weight: 2}
");
    assert_eq!(reference, list);
}

#[test]
fn the_canonical_form_knows_no_names_order_paths_storage_or_device() {
    let a = canonical(
        "
metadata: {name: a}
parameter_space: {architecture: {num_layers: [2, 3], activation: gelu}}
simulation: {num_timesteps: 4, device: cpu}
",
    );
    let b = canonical(
        "
storage: {compression: none, dtype: float16}
execution: {chunk: 7}
dataset: {output_path: elsewhere/b.h5}
sampling: {total_samples: 128}
simulation: {device: cuda, num_timesteps: 4}
parameter_space: {architecture: {num_layers: {type: choice, choices: [2, 3]}}}
",
    );
    assert_eq!(a, b);
    assert_ne!(a, canonical("simulation: {num_timesteps: 4}"));
    let value: serde_json::Value = serde_json::from_str(&a).unwrap();
    let keys: Vec<&String> = value.as_object().unwrap().keys().collect();
    assert_eq!(keys, ["kind", "parameter_space", "sampling", "simulation"]);
}

#[test]
fn idle_settings_are_noted() {
    let x = one("
parameter_space:
  stochastic: {noise_type: gaussian, noise_schedule: [constant, annealing]}
  evolution: {alpha: [0.2, 0.4]}
sampling: {total_samples: 300, batch_size: 100}
simulation: {input_generation: {method: localized, variance: 2}}
logging: {level: INFO}
");
    insta::assert_snapshot!("idle_settings_are_noted", x.notes.join("\n"));
}

#[test]
fn every_sampler_is_a_strategy_and_takes_its_settings() {
    for method in SAMPLERS {
        let x = one(&format!("sampling: {{strategy: {}}}", method.name));
        assert_eq!(x.sampling.method.name, method.name);
    }
    let sampler = |text: &str| {
        let x = one(&format!("sampling: {text}"));
        (format!("{:?}", x.sampling.sampler), x.notes.join("\n"))
    };
    for (text, expected) in [
        ("{strategy: sobol_stratified, seed: 3}", "Sobol { seed: 3, scramble: Owen }"),
        ("{scramble_method: burley}", "Sobol { seed: 42, scramble: Burley }"),
        ("{scramble: false}", "Sobol { seed: 42, scramble: None }"),
        ("{strategy: halton}", "Halton { seed: 42, scramble: true }"),
        ("{strategy: halton, sobol: {scramble: false}}", "Halton { seed: 42, scramble: false }"),
        ("{strategy: latin_hypercube, total_samples: 5}", "LatinHypercube { seed: 42, points: 5 }"),
        ("{strategy: uniform, seed: 1}", "Uniform { seed: 1 }"),
    ] {
        assert_eq!(sampler(text), (expected.to_owned(), String::new()), "{text}");
    }
}

#[test]
fn samplers_say_what_they_cost() {
    let notes = |sampling: &str| {
        let space = "parameter_space: {evolution: {alpha: [0.2, 0.4], update_policy: convex}}";
        let rest = "simulation: {num_timesteps: 2}";
        one(&format!("{space}\nsampling: {sampling}\n{rest}\n")).notes.join("\n")
    };
    let all = [
        "{strategy: sobol, total_samples: 300}",
        "{scramble: false, scramble_method: lms_shift}",
        "{strategy: latin_hypercube, total_samples: 300, scramble_method: burley}",
        "{strategy: halton, total_samples: 58, scramble: false, scramble_method: none}",
        "{strategy: halton, total_samples: 59}",
        "{strategy: uniform, scramble: true}",
    ]
    .map(|sampling| format!("{sampling}\n{}\n", notes(sampling)));
    insta::assert_snapshot!("samplers_say_what_they_cost", all.join("\n"));
}

#[test]
fn a_worker_resolves_the_same_experiment_from_the_snapshot() {
    let project = Project::new();
    project.write("experiments/x.yaml", "metadata: {note: \"tab \\t \\x7f\"}\nparameter_space: {stochastic: {noise_type: gaussian, noise_scale: 1.0e-300}}");
    let request = Request {
        sets: vec!["sampling.total_samples=9".into()],
        device: Some("cpu".into()),
        ..project.request("experiments/x")
    };
    let mut x = config::load(&request).unwrap();
    let y = config::from_snapshot(&config::snapshot(&x).to_string(), project.root()).unwrap();
    // Where its lines stand is for people, and no worker asks.
    x.places.clone_from(&y.places);
    assert_eq!(format!("{x:?}"), format!("{y:?}"));
    assert!(config::from_snapshot("{}", project.root()).is_err());
}

#[test]
fn the_effective_experiment_reads_back_and_says_where_it_comes_from() {
    let project = Project::new();
    project.write("configs/a.yaml", "\nsampling:\n  sobol: {seed: 7}\n");
    project.write(
        "experiments/x.yaml",
        "
extends: configs/a
metadata: {name: 'a: b', tags: [x, 'yes', '1']}
parameter_space: {architecture: {activation: [relu, tanh]}, operator: {input_channels: 1}}
simulation:
  input_generation:
    ic_type_weights: {gaussian_random_field_v1: 1}
    gaussian_random_field_v1: {length_scale: {uniform: [0.1, 0.2]}}
",
    );
    let request = Request {
        sets: vec!["sampling.total_samples=9".into()],
        ..project.request("experiments/x")
    };
    let lines = config::origins(&request).unwrap();
    let text: Vec<String> =
        lines.iter().map(|line| format!("{:<80} # {}", line.yaml, line.origin)).collect();
    insta::assert_snapshot!("the_effective_experiment", text.join("\n"));
    let yaml: Vec<&str> = lines.iter().map(|line| line.yaml.as_str()).collect();
    project.write("experiments/y.yaml", yaml.join("\n"));
    let (x, y) = (config::load(&request).unwrap(), project.load("experiments/y"));
    assert_eq!(data(&x), data(&y));
    assert_eq!((x.name, x.dataset, x.execution), (y.name, y.dataset, y.execution));
}

#[test]
fn the_page_about_experiment_files_is_current() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/experiment-file.md");
    let page = config::document();
    if std::env::var_os("UPDATE_DOCS").is_some() {
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, &page).unwrap();
    }
    let have = fs::read_to_string(&path).unwrap_or_default();
    assert!(have == page, "run the tests with UPDATE_DOCS=1 to write docs/experiment-file.md anew");
}

#[test]
fn the_examples_of_the_page_are_valid() {
    let page = config::document();
    let examples: Vec<&str> =
        page.split("```yaml\n").skip(1).map(|rest| rest.split("```").next().unwrap()).collect();
    assert!(examples.len() >= 3);
    for example in examples {
        one(example);
    }
}

#[test]
fn the_json_schema_lists_what_the_table_lists() {
    let schema = config::json_schema();
    assert_eq!(schema["$schema"], "https://json-schema.org/draft/2020-12/schema");
    for key in config::schema::KEYS {
        let refused = matches!(key.class, config::schema::Class::Refused(_));
        let place = key
            .path
            .split('.')
            .try_fold(&schema, |at, name| at.get("properties").and_then(|p| p.get(name)));
        assert_eq!(place.is_none(), refused, "{}", key.path);
    }
    let activation = &schema["properties"]["parameter_space"]["properties"]["architecture"]["properties"]
        ["activation"]["anyOf"][0]["enum"];
    assert_eq!(activation[0], "relu");
}
