//! Data sets made by the real programs, read with h5py and computed again in `NumPy` by scripts of
//! `tests/python` that share no code with the crate. Everything runs on the CPU in float32.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::{Value, json};

/// A temporary project.
struct Scratch(tempfile::TempDir);

impl Scratch {
    /// A project with these experiment files, by name.
    fn new(experiments: &[(&str, &str)]) -> Self {
        let scratch = Self(tempfile::tempdir().unwrap());
        fs::create_dir(scratch.0.path().join("experiments")).unwrap();
        for (name, text) in experiments {
            let file = scratch.0.path().join(format!("experiments/{name}.yaml"));
            fs::write(file, text).unwrap();
        }
        scratch
    }

    /// Builds `experiment` with `sets`; gives the data set, called `output`.
    fn build(&self, experiment: &str, output: &str, sets: &[&str]) -> String {
        let file = format!("datasets/{output}.h5");
        let mut command = Command::new(env!("CARGO_BIN_EXE_spinlock"));
        command.args(["build", &format!("experiments/{experiment}"), "--device", "cpu"]);
        command.args(["--set", &format!("dataset.output_path={file}")]);
        command.args(sets.iter().flat_map(|set| ["--set", set]));
        command.current_dir(self.0.path()).env_remove("SPINLOCK_CACHE");
        run(&mut command);
        // The tool's own check of what it wrote; missed quality targets are no failure.
        let mut command = Command::new(env!("CARGO_BIN_EXE_spinlock"));
        run(command.args(["validate", &file]).current_dir(self.0.path()));
        file
    }

    /// What `spinlock info` says of operator 0.
    fn info(&self, data_set: &str) -> Value {
        let mut command = Command::new(env!("CARGO_BIN_EXE_spinlock"));
        command.args(["info", data_set, "--row", "0", "--json"]).current_dir(self.0.path());
        serde_json::from_str(&run(&mut command)).unwrap()
    }

    /// What the form of `data_set` must be, in a file beside it.
    fn expect(&self, data_set: &str, expected: &Value) -> String {
        let file = format!("{data_set}.json");
        fs::write(self.0.path().join(&file), expected.to_string()).unwrap();
        file
    }

    /// Runs a script of `tests/python` in the project.
    fn script(&self, name: &str, arguments: &[&str]) -> String {
        let repository = Path::new(env!("CARGO_MANIFEST_DIR"));
        let mut command = Command::new("python3");
        command.arg(repository.join("tests/python").join(name)).args(arguments);
        command.current_dir(self.0.path());
        command.env("PYTHONPATH", repository.join(".python"));
        command.env("PYTHONDONTWRITEBYTECODE", "1").env("OPENBLAS_NUM_THREADS", "1");
        run(&mut command)
    }
}

/// Runs `command`; fails with all that it printed.
fn run(command: &mut Command) -> String {
    let output = command.output().unwrap_or_else(|error| panic!("{command:?}: {error}"));
    let stdout = String::from_utf8_lossy(&output.stdout).into_owned();
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{command:?}\n{stdout}\n{stderr}");
    stdout
}

/// Every architecture, without noise, on two grids, unscrambled; segments of 4 + 2 states.
const NETWORKS: &str = "
parameter_space:
  architecture:
    num_layers: {type: integer, bounds: [1, 5]}
    base_channels: [4, 6, 9]
    kernel_size: [1, 3, 5]
    activation: [relu, gelu, silu, tanh, none]
    init: [torch, he]
    weight_gain: {type: continuous, bounds: [0.5, 1.5]}
  operator:
    normalization: [none, instance, batch, group, layer]
    grid_size: [8, 12]
    channels: 2
  evolution:
    update_policy: [autoregressive, residual, convex]
    alpha: {type: continuous, bounds: [0.1, 0.9]}
    dt: {type: continuous, bounds: [0.01, 0.1], log_scale: true}
sampling: {total_samples: 48, sobol: {scramble: false}}
simulation:
  num_realizations: 2
  num_timesteps: 6
  input_generation:
    method: sampled
    ic_type_weights: {gaussian_random_field: 2, localized: 1, heavy_tailed: 1}
execution: {chunk: 20, realization_block: 2, segment: 4}
dataset: {data_to_store: [operator_parameters, operator_outputs, input_data, operator_weights]}
";

/// What [`NETWORKS`] asks for.
fn networks() -> Value {
    json!({
        "operators": 48, "realizations": 2, "timesteps": 6, "channels": 2, "grids": [8, 12],
        "padded": false, "dtype": "float32", "block": 2, "segment": 4, "features": false,
        "types": ["gaussian_random_field", "localized", "heavy_tailed"],
        "sampled": {
            "num_layers": ["integer", 1, 5, "linear"],
            "base_channels": ["choice", 4, 9, "choice"],
            "kernel_size": ["choice", 1, 5, "choice"],
            "activation": ["choice", 0, 4, "choice"],
            "init": ["choice", 0, 1, "choice"],
            "weight_gain": ["continuous", 0.5, 1.5, "linear"],
            "normalization": ["choice", 0, 4, "choice"],
            "grid_size": ["choice", 8, 12, "choice"],
            "update_policy": ["choice", 0, 2, "choice"],
            "alpha": ["continuous", 0.1, 0.9, "linear"],
            "dt": ["continuous", 0.01, 0.1, "log"],
        },
        "fixed": {"channels": 2},
    })
}

/// `expected` with some entries replaced.
fn but(mut expected: Value, changes: &Value) -> Value {
    let (Value::Object(all), Value::Object(changes)) = (&mut expected, changes) else {
        panic!("two objects");
    };
    all.extend(changes.clone());
    expected
}

#[test]
fn rollouts_are_what_the_specification_says() {
    let scratch = Scratch::new(&[("networks", NETWORKS)]);
    let many = scratch.build("networks", "many", &[]);
    let sets = ["simulation.num_timesteps=1", "simulation.extract_operator_features=true"];
    let once = scratch.build("networks", "once", &sets);
    let sets = ["storage.dtype=float16", "storage.layout=padded", "execution.realization_block=5"];
    let half = scratch.build("networks", "half", &sets);

    let many_form = scratch.expect(&many, &networks());
    let changes = json!({"timesteps": 1, "features": true});
    let once_form = scratch.expect(&once, &but(networks(), &changes));
    let changes = json!({"dtype": "float16", "padded": true, "block": 5});
    let half_form = scratch.expect(&half, &but(networks(), &changes));
    let shown = scratch.info(&once);
    let sensitivity = &shown["features"]["operator_sensitivity"];
    assert!(sensitivity["linearity_r2"].as_f64().is_some_and(|r2| r2 > 0.5), "{sensitivity}");

    let pairs = [&*many, &many_form, &once, &once_form, &half, &half_form];
    scratch.script("read_data_set.py", &pairs);

    let checks = format!(
        "rollouts {many} + points {many} + weights {many} + splits {many} + rollouts {once} \
         + features {once} + rollouts {half} + dynamics {many} + dynamics {once} + dynamics {half}"
    );
    let halton = ["sampling.strategy=halton", "simulation.num_timesteps=1"];
    let halton = scratch.build("networks", "halton", &halton);
    scratch.script("oracle.py", &["points", &halton]);
    let said = scratch.script("oracle.py", &checks.split_whitespace().collect::<Vec<_>>());
    // All of them were among the operators that were computed again.
    for names in [
        "activation: gelu, none, relu, silu, tanh",
        "normalization: batch, group, instance, layer, none",
        "num_layers: 1, 2, 3, 4, 5",
        "update_policy: autoregressive, convex, residual",
        "init: he, torch",
    ] {
        assert_eq!(said.matches(names).count(), 3, "{names}:\n{said}");
    }
}

/// Turns half of [`NETWORKS`] into encoder–decoders, on grids whose lowest level has room for their
/// kernels. Three states, since some of them double every difference at each step.
const DOWN_AND_UP: [&str; 4] = [
    "parameter_space.architecture.architecture=[simple_cnn, encoder_decoder]",
    "parameter_space.operator.grid_size=[20, 28]",
    "simulation.num_timesteps=3",
    "execution.segment=2",
];

#[test]
fn encoder_decoders_are_what_the_specification_says() {
    let scratch = Scratch::new(&[("networks", NETWORKS)]);
    let file = scratch.build("networks", "networks", &DOWN_AND_UP);
    let mut form = but(networks(), &json!({"grids": [20, 28], "timesteps": 3, "segment": 2}));
    form["sampled"]["architecture"] = json!(["choice", 0, 1, "choice"]);
    form["sampled"]["grid_size"] = json!(["choice", 20, 28, "choice"]);
    let form = scratch.expect(&file, &form);
    scratch.script("read_data_set.py", &[&file, &form]);
    let checks = ["rollouts", &file, "+", "points", &file, "+", "weights", &file];
    let said = scratch.script("oracle.py", &checks);
    assert!(said.contains("architecture: encoder_decoder, simple_cnn"), "{said}");
}

/// Networks that magnify no rounding, for what happens between two applications.
const CALM: &str = "
parameter_space:
  architecture: {num_layers: [1, 2, 4], base_channels: 4, kernel_size: 3, activation: [gelu, tanh]}
  operator: {normalization: [instance, layer], grid_size: 12, channels: 2}
  evolution: {update_policy: [autoregressive, residual, convex], alpha: 0.7, dt: 0.1}
sampling: {total_samples: 8}
simulation: {num_timesteps: 6}
dataset: {data_to_store: [operator_parameters, operator_outputs, input_data, operator_weights]}
";

/// Networks that expand, most of them beyond the limit.
const EXPANDING: &str = "
parameter_space:
  architecture:
    num_layers: [1, 3, 4]
    base_channels: 4
    kernel_size: 3
    activation: [relu, gelu, silu]
    init: he
    weight_gain: {type: continuous, bounds: [1.0, 3.0]}
  operator: {normalization: [none, batch], grid_size: 8, channels: 2}
  evolution: {update_policy: autoregressive}
sampling: {total_samples: 16}
simulation: {num_timesteps: 6, num_realizations: 2, rollout: {blowup_limit: 50}}
dataset: {data_to_store: [operator_parameters, operator_outputs, input_data, operator_weights]}
";

#[test]
fn states_are_normalised_clamped_and_ended_as_the_specification_says() {
    let scratch = Scratch::new(&[("calm", CALM), ("expanding", EXPANDING)]);
    let settings = [
        "normalize: minmax",
        "normalize: minmax, normalize_scope: channel, clamp: [0.1, 0.8]",
        "normalize: zscore",
        "normalize: zscore, normalize_scope: channel, clamp: [-1, 1.5]",
        "clamp: [-0.3, 0.2]",
    ];
    let mut checks = vec![format!("rollouts {}", scratch.build("expanding", "expanding", &[]))];
    for (i, settings) in settings.iter().enumerate() {
        let set = format!("simulation.rollout={{{settings}}}");
        checks.push(format!("rollouts {}", scratch.build("calm", &i.to_string(), &[&set])));
    }
    let dynamics: Vec<_> = checks.iter().map(|c| c.replace("rollouts", "dynamics")).collect();
    let checks = [checks, dynamics].concat().join(" + ");
    let said = scratch.script("oracle.py", &checks.split_whitespace().collect::<Vec<_>>());
    assert!(!said.contains("16 operators, 0 ended early"), "some must end:\n{said}");
}

/// Every law of noise and every schedule, where it can be told from the output.
const NOISE: &str = "
parameter_space:
  architecture:
    architecture: [simple_cnn, encoder_decoder]
    num_layers: [1, 2]
    base_channels: 4
    kernel_size: 3
    activation: [gelu, relu]
  stochastic:
    noise_type: [gaussian, laplace, multiplicative, dropout]
    noise_scale: {type: continuous, bounds: [0.05, 0.5], log_scale: true}
    noise_location: [features, output]
    noise_schedule: [constant, annealing, periodic]
    schedule_period: {type: integer, bounds: [2, 5]}
    spatial_correlation: [0.0, 0.2]
  operator: {normalization: instance, grid_size: 16, channels: 2}
  evolution:
    update_policy: [autoregressive, residual, convex]
    alpha: {type: continuous, bounds: [0.1, 0.9]}
    dt: {type: continuous, bounds: [0.05, 0.1]}
sampling: {total_samples: 96}
simulation: {num_realizations: 10, num_timesteps: 4}
execution: {segment: 3}
dataset: {data_to_store: [operator_parameters, operator_outputs, input_data, operator_weights]}
";

/// Linear networks at T = 1: there noise before any block can be told from the output.
const LINEAR: &str = "
parameter_space:
  architecture:
    architecture: [simple_cnn, encoder_decoder]
    num_layers: [1, 2, 4]
    base_channels: 4
    kernel_size: 3
    activation: none
    init: he
  stochastic: {noise_type: gaussian, noise_scale: 0.5, noise_location: [features, input, hidden]}
  operator: {normalization: batch, grid_size: 12, channels: 2}
sampling: {total_samples: 16}
simulation: {num_realizations: 100}
dataset: {data_to_store: [operator_parameters, operator_outputs, input_data, operator_weights]}
";

/// Monte-Carlo dropout of few enough channels to try all choices.
const DROPOUT: &str = "
parameter_space:
  architecture:
    num_layers: 1
    base_channels: 3
    kernel_size: 3
    activation: tanh
    dropout_rate: [0.1, 0.4]
  operator: {normalization: [none, layer], grid_size: 8, channels: 2}
sampling: {total_samples: 8}
simulation: {num_realizations: 20}
dataset: {data_to_store: [operator_parameters, operator_outputs, input_data, operator_weights]}
";

#[test]
fn noise_has_the_law_that_the_specification_says() {
    let scratch = Scratch::new(&[("noise", NOISE), ("linear", LINEAR), ("dropout", DROPOUT)]);
    let noise = scratch.build("noise", "noise", &[]);
    let linear = scratch.build("linear", "linear", &[]);
    let dropout = scratch.build("dropout", "dropout", &[]);
    let maruyama = [
        "parameter_space.stochastic.noise_type=[gaussian, laplace]",
        "parameter_space.evolution.update_policy=euler_maruyama",
    ];
    let maruyama = scratch.build("noise", "maruyama", &maruyama);
    let mut checks =
        vec![format!("noise {noise} + noise {maruyama} + noise {linear} + dropout {dropout}")];
    checks.extend([&noise, &linear, &dropout].map(|file| format!("dynamics {file}")));
    let checks = checks.join(" + ");
    let said = scratch.script("oracle.py", &checks.split_whitespace().collect::<Vec<_>>());
    for law in ["gaussian", "laplace", "multiplicative", "dropout"] {
        assert!(said.contains(&format!("{law}, features; {law}, output")), "{law}:\n{said}");
    }
    assert!(said.contains("gaussian, features; gaussian, hidden; gaussian, input"), "{said}");
}

/// Many Gaussian inputs of one law; almost nothing to compute on them.
const FIELDS: &str = "
parameter_space:
  architecture: {num_layers: 1, base_channels: 1, kernel_size: 1}
  operator: {grid_size: 16}
sampling: {total_samples: 400}
simulation:
  input_generation: {method: gaussian_random_field, length_scale: 0.1, variance: 2.5}
";

#[test]
fn inputs_and_splits_have_their_laws() {
    let scratch = Scratch::new(&[("fields", FIELDS)]);
    let fields = scratch.build("fields", "fields", &[]);
    scratch.script("oracle.py", &["inputs", &fields, "+", "splits", &fields]);
}

/// Random at every place, so that a stream that moves shows.
const RANDOM: &str = "
parameter_space:
  architecture:
    architecture: [simple_cnn, encoder_decoder]
    num_layers: [1, 2]
    base_channels: 4
    kernel_size: 3
    dropout_rate: [0, 0.2]
  stochastic:
    noise_type: [gaussian, laplace, dropout]
    noise_scale: {type: continuous, bounds: [0.05, 0.5]}
    noise_location: [features, output, input, hidden]
    spatial_correlation: [0.0, 0.2]
  operator: {grid_size: 16}
  evolution: {update_policy: [autoregressive, residual, convex]}
sampling: {total_samples: 20}
simulation: {num_realizations: 2, num_timesteps: 3}
execution: {chunk: 16, realization_block: 5, segment: 2}
";

#[test]
fn a_larger_data_set_begins_with_the_smaller_one() {
    let scratch = Scratch::new(&[("random", RANDOM)]);
    let small = scratch.build("random", "small", &[]);
    let mut checks = Vec::new();
    for (output, set) in [
        ("realizations", "simulation.num_realizations=7"),
        ("operators", "sampling.total_samples=40"),
        ("states", "simulation.num_timesteps=5"),
    ] {
        let large = scratch.build("random", output, &[set]);
        checks.push(format!("grown {small} {large}"));
    }
    scratch.script("oracle.py", &checks.join(" + ").split_whitespace().collect::<Vec<_>>());
}

#[test]
fn the_demonstration_says_what_a_data_set_holds() {
    let scratch = Scratch::new(&[("random", RANDOM)]);
    let data_set = scratch.build("random", "random", &[]);
    let said = scratch.script("demo.py", &[&data_set]);
    let shape = "float32, operator 20, realization 2, time 3, channel 3, y 16, x 16";
    assert!(said.contains(shape) && said.contains("noise_scale"), "{said}");
}

#[test]
fn the_checks_find_what_is_wrong() {
    let scratch = Scratch::new(&[("networks", NETWORKS)]);
    let data_set = scratch.build("networks", "networks", &["simulation.num_timesteps=2"]);
    let form = scratch.expect(&data_set, &but(networks(), &json!({"timesteps": 2, "segment": 2})));
    let damage = "
import sys, h5py
f = h5py.File(sys.argv[1], 'r+')
f['outputs/8/fields'][0, 0, 1, 0, 0, 0] += 1e-3
f['parameters/values/alpha'][3] += 1e-9
";
    fs::write(scratch.0.path().join("damage.py"), damage).unwrap();
    let script: PathBuf = scratch.0.path().join("damage.py");
    scratch.script(script.to_str().unwrap(), &[&data_set]);
    let failed = |name: &str, arguments: &[&str]| {
        std::panic::catch_unwind(|| scratch.script(name, arguments))
            .expect_err("damage must show")
            .downcast_ref::<String>()
            .expect("a message")
            .clone()
    };
    assert!(failed("read_data_set.py", &[&data_set, &form]).contains("fault: digest"));
    let said = failed("oracle.py", &["rollouts", &data_set, "+", "points", &data_set]);
    assert!(said.contains("state 1: off by") && said.contains("alpha of operator 3"), "{said}");
}
