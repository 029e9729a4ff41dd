//! What an edit costs: one test for each row of the edit table (what must be rebuilt, what must stay
//! cached), on real builds, counting artifacts by kind.

use std::fs;

use serde_json::{Value, json};

use crate::space::{BASE, BASE_ARTIFACTS, TestSpace};

/// The computed artifacts of the base experiment: all but the data set.
const COMPUTED: &str = "parameters 8, weights 2, initial_conditions 2, rollout 4";
/// The same without the rollouts.
const BEFORE_ROLLOUTS: &str = "parameters 8, weights 2, initial_conditions 2";

/// Builds the base experiment, edits it, builds again: `(built, cached)` by kind.
#[track_caller]
fn after(edits: &[(&str, &str)], built: &str, cached: &str) {
    let space = TestSpace::new();
    space.build().is(BASE_ARTIFACTS, "");
    space.edits(edits);
    space.build().is(built, cached);
    // What was built is there now, and nothing else is asked for.
    assert_eq!(space.stale(&[]), "");
}

/// As [`after`], from a changed base.
#[track_caller]
fn from_to(before: &[(&str, &str)], edits: &[(&str, &str)], built: &str, cached: &str) {
    let space = TestSpace::changed(before);
    space.build();
    space.edits(edits);
    space.build().is(built, cached);
}

#[test]
fn a_second_build_makes_nothing_and_starts_no_worker() {
    let space = TestSpace::new();
    let first = space.build();
    first.is(BASE_ARTIFACTS, "");
    let before = space.content();
    // With a worker that does not exist, whatever needs one fails.
    let mut command = space.command(&["build", "experiments/x", "--json"]);
    let ran = crate::space::finish({
        command.env("SPINLOCK_WORKER", "/nonexistent/worker");
        command
    });
    let second = crate::space::Built(ran.ok().json());
    second.is("", BASE_ARTIFACTS);
    assert_eq!(second.digest(), first.digest());
    assert_eq!(space.content(), before, "an up-to-date build writes nothing");
}

#[test]
fn a_comment_or_the_order_of_keys_rebuilds_nothing() {
    let space = TestSpace::new();
    space.build();
    space.edit("sampling:\n", "# points\nsampling:\n");
    space.edit(
        "    grid_size: 8\n    channels: 2\n",
        "    channels: 2 # of the state\n\n    grid_size: 8\n",
    );
    // The sections in reverse.
    let text = space.read("experiments/x.yaml");
    let (space_of_parameters, rest) = text.split_once("# points\n").unwrap();
    space.write("experiments/x.yaml", format!("{rest}{space_of_parameters}"));
    space.build().is("", BASE_ARTIFACTS);
}

#[test]
fn a_name_or_a_description_rebuilds_nothing() {
    after(
        &[("parameter_space:", "metadata: {name: y, description: why}\nparameter_space:")],
        "",
        BASE_ARTIFACTS,
    );
}

#[test]
fn a_spelled_out_default_rebuilds_nothing() {
    after(
        &[
            ("    num_layers: 1\n", "    num_layers: 1\n    kernel_size: 3\n"),
            ("  device: cpu", "  device: cpu\n  rollout: {normalize: none}"),
            ("sampling:\n", "sampling:\n  sobol: {seed: 42, scramble: true}\n"),
        ],
        // A parameter that is named is in `/parameters`, so that its group is written again.
        "parameters 2, dataset 1",
        "parameters 6, weights 2, initial_conditions 2, rollout 4",
    );
}

#[test]
fn another_output_path_copies_the_file_if_it_is_still_there() {
    let space = TestSpace::new();
    let digest = space.build().digest();
    space.edit("datasets/x.h5", "elsewhere/y.h5");
    let moved = space.build();
    moved.is("", BASE_ARTIFACTS);
    assert_eq!(moved.digest(), digest);
    let [old, new] = ["datasets/x.h5", "elsewhere/y.h5"].map(|f| fs::read(space.path(f)).unwrap());
    assert_eq!(old, new);
    space.build().is("", BASE_ARTIFACTS);
}

#[test]
fn another_output_path_assembles_the_file_if_the_old_one_is_gone() {
    let space = TestSpace::new();
    let digest = space.build().digest();
    fs::remove_file(space.path("datasets/x.h5")).unwrap();
    space.edit("datasets/x.h5", "elsewhere/y.h5");
    let moved = space.build();
    moved.is("dataset 1", COMPUTED);
    assert_eq!(moved.digest(), digest);
    assert!(space.path("elsewhere/y.h5").exists());
}

#[test]
fn a_changed_copy_of_the_data_set_is_not_copied_on() {
    let space = TestSpace::new();
    let digest = space.build().digest();
    crate::space::damage(&space.path("datasets/x.h5"), 1000);
    space.edit("datasets/x.h5", "datasets/y.h5");
    let moved = space.build();
    moved.is("dataset 1", COMPUTED);
    assert_eq!(moved.digest(), digest);
}

#[test]
fn more_operators_build_their_chunks() {
    after(
        &[("total_samples: 8", "total_samples: 12")],
        "parameters 4, weights 1, initial_conditions 1, rollout 2, dataset 1",
        COMPUTED,
    );
}

#[test]
fn more_operators_build_a_partly_filled_chunk_again() {
    from_to(
        &[("total_samples: 8", "total_samples: 6")],
        &[("total_samples: 6", "total_samples: 9")],
        "parameters 8, weights 2, initial_conditions 2, rollout 4, dataset 1",
        "parameters 4, weights 1, initial_conditions 1, rollout 2",
    );
}

/// The base experiment with another sampler.
fn sampled_by(strategy: &str) -> TestSpace {
    TestSpace::changed(&[("sampling:\n", &format!("sampling:\n  strategy: {strategy}\n"))])
}

#[test]
fn more_operators_build_their_chunks_where_the_points_stay() {
    for strategy in ["halton", "uniform"] {
        let space = sampled_by(strategy);
        space.build().is(BASE_ARTIFACTS, "");
        let before = values(&space, &[]);
        space.edit("total_samples: 8", "total_samples: 12");
        space
            .build()
            .is("parameters 4, weights 1, initial_conditions 1, rollout 2, dataset 1", COMPUTED);
        assert_eq!(values(&space, &[]), before, "{strategy}");
    }
}

#[test]
fn more_operators_of_a_latin_hypercube_build_all_that_is_sampled_and_it_says_so() {
    let space = sampled_by("latin_hypercube");
    let plan = space.run(&["plan", "experiments/x"]).ok();
    let again = "growing `sampling.total_samples` makes 12 of these 16 artifacts again: ";
    assert!(plan.stdout.contains(again), "{}", plan.stdout);
    plan.says(&["note", "lays out 8 points as a whole", "moves all of them"]);
    space.build().is(BASE_ARTIFACTS, "");
    let before = values(&space, &[]);
    space.edit("total_samples: 8", "total_samples: 12");
    // One group of parameters samples nothing, and fields are started from whatever is sampled.
    space.build().is(
        "parameters 10, weights 3, initial_conditions 1, rollout 6, dataset 1",
        "parameters 2, initial_conditions 2",
    );
    assert_ne!(values(&space, &[]), before);
    // Nothing of the kind is said of the others.
    let plan = sampled_by("halton").run(&["plan", "experiments/x"]).ok();
    assert!(!plan.stdout.contains("growing"), "{}", plan.stdout);
}

#[test]
fn another_sampler_builds_what_is_sampled() {
    for strategy in ["latin_hypercube", "halton", "uniform"] {
        after(
            &[("sampling:\n", &format!("sampling:\n  strategy: {strategy}\n"))],
            "parameters 6, weights 2, rollout 4, dataset 1",
            "parameters 2, initial_conditions 2",
        );
    }
}

#[test]
fn the_reference_s_name_of_the_sampler_builds_nothing() {
    after(&[("sampling:\n", "sampling:\n  strategy: sobol_stratified\n")], "", BASE_ARTIFACTS);
}

#[test]
fn a_sampler_chooses_the_initial_conditions_too() {
    let space = TestSpace::changed(&[INPUTS, ("sampling:\n", "sampling:\n  seed: 43\n")]);
    space.build();
    let types = |space: &TestSpace| -> Vec<Value> {
        (0..8).map(|index| space.row(index)["metadata"]["ic_types"].take()).collect()
    };
    let before = types(&space);
    space.edit("weight: 7", "weight: 1");
    space.build();
    let even = types(&space);
    space.edit("sampling:\n", "sampling:\n  strategy: uniform\n");
    space.build();
    assert_ne!(before, even);
    assert_ne!(even, types(&space));
}

#[test]
fn a_scramble_of_halton_builds_what_is_sampled_and_its_method_nothing() {
    let space = sampled_by("halton");
    space.build();
    space.edit("  strategy: halton\n", "  strategy: halton\n  scramble_method: lms_shift\n");
    space.build().is("", BASE_ARTIFACTS);
    space.edit("  scramble_method: lms_shift\n", "  scramble: false\n");
    space
        .build()
        .is("parameters 6, weights 2, rollout 4, dataset 1", "parameters 2, initial_conditions 2");
}

#[test]
fn fewer_operators_build_the_data_set() {
    after(
        &[("total_samples: 8", "total_samples: 4")],
        "dataset 1",
        "parameters 4, weights 1, initial_conditions 1, rollout 2",
    );
}

#[test]
fn fewer_operators_build_a_cut_chunk_again() {
    after(
        &[("total_samples: 8", "total_samples: 7")],
        "parameters 4, weights 1, initial_conditions 1, rollout 2, dataset 1",
        "parameters 4, weights 1, initial_conditions 1, rollout 2",
    );
}

#[test]
fn a_longer_horizon_builds_the_new_segments() {
    after(&[("num_timesteps: 8", "num_timesteps: 16")], "rollout 4, dataset 1", COMPUTED);
}

#[test]
fn a_longer_horizon_builds_a_partly_filled_segment_again() {
    from_to(
        &[("num_timesteps: 8", "num_timesteps: 6")],
        &[("num_timesteps: 6", "num_timesteps: 9")],
        "rollout 4, dataset 1",
        "parameters 8, weights 2, initial_conditions 2, rollout 2",
    );
}

#[test]
fn a_longer_horizon_builds_every_segment_of_annealing_operators() {
    // Two of the four operators of each chunk are annealed, and have rollouts of their own.
    let annealing = (
        "    noise_type: gaussian\n",
        "    noise_type: gaussian\n    noise_schedule: [constant, annealing]\n",
    );
    let space = TestSpace::changed(&[annealing]);
    space.build().is("parameters 8, weights 2, initial_conditions 2, rollout 8, dataset 1", "");
    space.edit("num_timesteps: 8", "num_timesteps: 12");
    // New segments of the others: 2; all three segments of the annealed: 6.
    space
        .build()
        .is("rollout 8, dataset 1", "parameters 8, weights 2, initial_conditions 2, rollout 4");
}

#[test]
fn a_shorter_horizon_builds_the_data_set() {
    after(
        &[("num_timesteps: 8", "num_timesteps: 4")],
        "dataset 1",
        "parameters 8, weights 2, initial_conditions 2, rollout 2",
    );
}

#[test]
fn from_one_application_to_a_rollout_builds_rollouts() {
    let space = TestSpace::changed(&[("num_timesteps: 8", "num_timesteps: 1")]);
    let one = space.build();
    one.is("parameters 8, weights 2, initial_conditions 2, rollout 2, dataset 1", "");
    space.edit("num_timesteps: 1", "num_timesteps: 8");
    space.build().is("rollout 4, dataset 1", BEFORE_ROLLOUTS);
    // And back: what the first build made is still there.
    space.edit("num_timesteps: 8", "num_timesteps: 1");
    let back = space.build();
    back.is("dataset 1", "parameters 8, weights 2, initial_conditions 2, rollout 2");
    assert_eq!(back.digest(), one.digest());
}

#[test]
fn from_a_rollout_to_one_application_builds_rollouts() {
    after(&[("num_timesteps: 8", "num_timesteps: 1")], "rollout 2, dataset 1", BEFORE_ROLLOUTS);
}

#[test]
fn more_realizations_build_the_new_blocks() {
    after(&[("num_realizations: 2", "num_realizations: 4")], "rollout 4, dataset 1", COMPUTED);
}

#[test]
fn more_realizations_build_a_partly_filled_block_again() {
    from_to(
        &[("num_realizations: 2", "num_realizations: 3")],
        &[("num_realizations: 3", "num_realizations: 5")],
        "rollout 8, dataset 1",
        COMPUTED,
    );
}

#[test]
fn noise_bounds_build_their_group_and_rollouts() {
    after(
        &[(
            "noise_scale: {type: continuous, bounds: [0.01, 0.1]",
            "noise_scale: {type: continuous, bounds: [0.01, 0.2]",
        )],
        "parameters 2, rollout 4, dataset 1",
        "parameters 6, weights 2, initial_conditions 2",
    );
}

#[test]
fn policy_bounds_build_their_group_and_rollouts() {
    // Every chunk has an operator under each policy.
    after(
        &[("bounds: [0.1, 0.9]", "bounds: [0.2, 0.9]")],
        "parameters 2, rollout 4, dataset 1",
        "parameters 6, weights 2, initial_conditions 2",
    );
}

#[test]
fn bounds_of_a_parameter_that_does_not_act_build_no_rollout() {
    from_to(
        &[("[autoregressive, residual, convex]", "[autoregressive, residual]")],
        &[("bounds: [0.1, 0.9]", "bounds: [0.2, 0.9]")],
        "parameters 2, dataset 1",
        "parameters 6, weights 2, initial_conditions 2, rollout 4",
    );
}

/// One operator in eight starts from bumps.
const INPUTS: (&str, &str) = (
    "  device: cpu\n",
    "  device: cpu\n  inputs:\n  - {type: gaussian_random_field, weight: 7}\n  - {type: localized, weight: 1, params: {num_blobs: 3}}\n",
);

#[test]
fn settings_of_an_initial_condition_build_the_chunks_that_use_it() {
    from_to(
        &[INPUTS],
        &[("num_blobs: 3", "num_blobs: 4")],
        "initial_conditions 1, rollout 2, dataset 1",
        "parameters 8, weights 2, initial_conditions 1, rollout 2",
    );
}

#[test]
fn weights_of_initial_conditions_build_the_chunks_that_change() {
    // The second operator that turns to bumps lies in the other chunk than the first.
    from_to(
        &[INPUTS],
        &[("weight: 7", "weight: 6"), ("weight: 1,", "weight: 2,")],
        "initial_conditions 1, rollout 2, dataset 1",
        "parameters 8, weights 2, initial_conditions 1, rollout 2",
    );
}

#[test]
fn a_family_added_builds_the_chunks_that_use_it() {
    // Gaussian fields alone are the default.
    after(
        &[INPUTS],
        "initial_conditions 1, rollout 2, dataset 1",
        "parameters 8, weights 2, initial_conditions 1, rollout 2",
    );
}

#[test]
fn architecture_bounds_build_their_group_and_weights_and_rollouts() {
    after(
        &[("bounds: [2, 4]", "bounds: [2, 6]")],
        "parameters 2, weights 2, rollout 4, dataset 1",
        "parameters 6, initial_conditions 2",
    );
}

#[test]
fn another_activation_keeps_the_weights() {
    after(
        &[("    num_layers: 1\n", "    num_layers: 1\n    activation: tanh\n")],
        "parameters 2, rollout 4, dataset 1",
        "parameters 6, weights 2, initial_conditions 2",
    );
}

#[test]
fn features_added_build_features_alone() {
    after(
        &[("  device: cpu\n", "  device: cpu\n  extract_operator_features: true\n")],
        "features 2, dataset 1",
        COMPUTED,
    );
}

#[test]
fn features_taken_away_build_the_data_set() {
    from_to(
        &[("  device: cpu\n", "  device: cpu\n  extract_operator_features: true\n")],
        &[("  extract_operator_features: true\n", "")],
        "dataset 1",
        COMPUTED,
    );
}

#[test]
fn compression_builds_the_data_set() {
    let space = TestSpace::new();
    let digest = space.build().digest();
    for compression in ["{compression_level: 7}", "{compression: none}"] {
        let text = format!("{BASE}  storage: {compression}\n");
        space.write("experiments/x.yaml", text);
        let again = space.build();
        again.is("dataset 1", COMPUTED);
        assert_eq!(again.digest(), digest, "compression is no content");
    }
}

#[test]
fn layout_builds_the_data_set() {
    let space = TestSpace::changed(&[("grid_size: 8", "grid_size: [8, 12]")]);
    // Two grids in each chunk have rollouts of their own.
    let all = "parameters 8, weights 2, initial_conditions 2, rollout 8, dataset 1";
    space.build().is(all, "");
    space.edit("  output_path", "  storage: {layout: padded}\n  output_path");
    space.build().is("dataset 1", "parameters 8, weights 2, initial_conditions 2, rollout 8");
}

#[test]
fn the_stored_type_builds_rollouts() {
    let edit = ("  output_path", "  storage: {dtype: float16}\n  output_path");
    after(&[edit], "rollout 4, dataset 1", BEFORE_ROLLOUTS);
}

#[test]
fn precision_builds_rollouts_where_the_processor_has_it() {
    let space = TestSpace::new();
    let digest = space.build().digest();
    space.edit("  device: cpu\n", "  device: cpu\n  precision: float32\n");
    space.build().is("", BASE_ARTIFACTS);
    let mut now = "float32";
    for (precision, flags) in
        [("float16", &["avx512_fp16", "avx512_bf16"][..]), ("bfloat16", &["avx512_bf16"])]
    {
        space.edit(&format!("precision: {now}\n"), &format!("precision: {precision}\n"));
        now = precision;
        let cpuinfo = fs::read_to_string("/proc/cpuinfo").unwrap();
        let has = flags.iter().all(|flag| cpuinfo.split_whitespace().any(|f| f == *flag));
        let ran = space.run(&["build", "experiments/x", "-j1", "--json"]).ok();
        let built = crate::space::Built(ran.json());
        let warned =
            ran.stderr.contains(&format!("`simulation.precision: {precision}` runs in float32"));
        assert_eq!(warned, !has, "{}", ran.stderr);
        if has {
            built.is("rollout 4, dataset 1", BEFORE_ROLLOUTS);
            assert_ne!(built.digest(), digest);
        } else {
            built.is("", BASE_ARTIFACTS);
            assert_eq!(built.digest(), digest);
        }
    }
}

#[test]
fn the_precision_of_a_plan_is_that_of_the_machine_planned_for() {
    let space = TestSpace::new();
    let used = |profile: &str, precision: &str| {
        let args = ["--json", "--profile", profile, "--precision", precision];
        space.json(&[&["config", "show", "experiments/x"][..], &args].concat())["precision"].take()
    };
    let avx2 = "cpu AuthenticAMD 23-49 avx2 libtorch 2.11.0 method 2";
    let amx = "cpu GenuineIntel 6-143 avx512-amx libtorch 2.11.0 method 2";
    let cuda = "cuda sm 9.0 x132 libtorch 2.11.0 cudnn 90000 method 1";
    for (precision, [on_avx2, on_amx, on_cuda]) in [
        ("auto", ["float32", "float32", "float16"]),
        ("float16", ["float32", "float16", "float16"]),
        ("bfloat16", ["float32", "bfloat16", "bfloat16"]),
    ] {
        assert_eq!(used(avx2, precision), on_avx2);
        assert_eq!(used(amx, precision), on_amx);
        assert_eq!(used(cuda, precision), on_cuda);
    }
}

#[test]
fn another_class_of_device_builds_rollouts() {
    let space = TestSpace::new();
    space.build();
    // Another machine cannot be had here, but its plan can.
    assert_eq!(space.stale(&["--profile", "another machine"]), "rollout 4, dataset 1");
}

#[test]
fn without_trajectories_rollouts_are_made_for_their_metrics() {
    let edit = ("  output_path", "  storage: {store_trajectories: false}\n  output_path");
    after(&[edit], "rollout 4, dataset 1", BEFORE_ROLLOUTS);
}

#[test]
fn another_seed_builds_everything() {
    let space = TestSpace::new();
    space.build();
    space.edit("sampling:\n", "sampling:\n  sobol: {seed: 7}\n");
    // The group `operator` samples nothing here, so that no seed enters it.
    space
        .build()
        .is("parameters 6, weights 2, initial_conditions 2, rollout 4, dataset 1", "parameters 2");
}

#[test]
fn stored_weights_rebuild_no_rollout() {
    let space = TestSpace::new();
    space.build();
    space.edit(
        "  output_path",
        "  data_to_store: [operator_parameters, operator_outputs, input_data, operator_weights]\n  output_path",
    );
    let built = space.build();
    built.is("weights 2, dataset 1", COMPUTED);
    assert_eq!(built.0["outputs"][1]["kind"], "weights");
    let mut stored: Vec<String> = fs::read_dir(space.path("datasets/x.weights"))
        .unwrap()
        .map(|file| file.unwrap().file_name().into_string().unwrap())
        .collect();
    stored.sort();
    assert_eq!(stored, ["ops0-3.safetensors", "ops4-7.safetensors"]);
    let bytes = fs::read(space.path("datasets/x.weights/ops0-3.safetensors")).unwrap();
    let tensors = safetensors::SafeTensors::deserialize(&bytes).unwrap();
    assert!(tensors.names().contains(&"0.0.conv.weight"), "{:?}", tensors.names());
}

/// `parameters` of every operator, without those named.
fn values(space: &TestSpace, but: &[&str]) -> Vec<Value> {
    (0..8)
        .map(|index| {
            let mut values = space.row(index)["parameters"].take();
            let fields = values.as_object_mut().unwrap();
            for name in but {
                fields.shift_remove(*name);
            }
            values
        })
        .collect()
}

#[test]
fn adding_removing_or_fixing_a_parameter_moves_no_other() {
    let space = TestSpace::new();
    space.build();
    let all = values(&space, &[]);
    assert_eq!(all[0]["num_layers"], json!("1"));
    assert_ne!(all[0]["alpha"], all[1]["alpha"]);

    // Added: before others of its group, and in a group before others.
    space.edit("    num_layers: 1\n", "    kernel_size: [3, 5]\n    num_layers: 1\n");
    space.build();
    assert_eq!(values(&space, &["kernel_size"]), all);
    assert_ne!(values(&space, &[]), all);

    // Fixed.
    space.edit("alpha: {type: continuous, bounds: [0.1, 0.9]}", "alpha: 0.25");
    space.build();
    let fixed = values(&space, &["kernel_size"]);
    assert_eq!(fixed[3]["alpha"], json!("0.25"));
    let without = |rows: &[Value], name: &str| -> Vec<Value> {
        rows.iter()
            .cloned()
            .map(|mut row| {
                row.as_object_mut().unwrap().shift_remove(name);
                row
            })
            .collect()
    };
    assert_eq!(without(&fixed, "alpha"), without(&all, "alpha"));

    // Removed.
    space.edit("    base_channels: {type: integer, bounds: [2, 4]}\n", "    base_channels: 2\n");
    space.edit("    alpha: 0.25\n", "");
    space.build();
    let some = without(&without(&all, "alpha"), "base_channels");
    assert_eq!(values(&space, &["kernel_size", "base_channels"]), some);
}

/// Keys of the plan's weights, rollouts and initial conditions.
fn computed_keys(space: &TestSpace) -> Vec<Value> {
    let plan = space.json(&["plan", "experiments/x", "--all", "--json"]);
    let nodes = plan["nodes"].as_array().unwrap().iter();
    let computed = nodes.filter(|node| node["kind"] != "parameters" && node["kind"] != "dataset");
    computed.map(|node| node["key"].clone()).collect()
}

#[test]
fn naming_the_default_architecture_changes_no_key_but_the_parameters() {
    let space = TestSpace::new();
    let before = computed_keys(&space);
    assert_eq!(before.len(), 8);
    space.build();
    space.edit("    num_layers: 1\n", "    num_layers: 1\n    architecture: simple_cnn\n");
    assert_eq!(computed_keys(&space), before);
    space
        .build()
        .is("parameters 2, dataset 1", "parameters 6, weights 2, initial_conditions 2, rollout 4");
    assert_eq!(space.row(0)["parameters"]["architecture"], json!("simple_cnn"));
}

#[test]
fn another_architecture_builds_weights_and_rollouts() {
    from_to(
        &[("grid_size: 8", "grid_size: 16")],
        &[("    num_layers: 1\n", "    num_layers: 1\n    architecture: encoder_decoder\n")],
        "parameters 2, weights 2, rollout 4, dataset 1",
        "parameters 6, initial_conditions 2",
    );
}

#[test]
fn operators_of_one_chunk_may_have_different_architectures() {
    let space = TestSpace::changed(&[("grid_size: 8", "grid_size: 16")]);
    let last = |space: &TestSpace| -> Vec<Value> {
        (0..8).map(|index| space.row(index)["last_states"].clone()).collect()
    };
    space.build();
    let (plain, before) = (values(&space, &[]), last(&space));
    space.edit(
        "    num_layers: 1\n",
        "    num_layers: 1\n    architecture: [simple_cnn, encoder_decoder]\n",
    );
    space.build();
    // No other value has moved, and the operators that stay simple end where they did.
    assert_eq!(values(&space, &["architecture"]), plain);
    let after = last(&space);
    for chunk in [0..4, 4..8] {
        let mut names = std::collections::BTreeSet::new();
        for index in chunk {
            let name = space.row(index)["parameters"]["architecture"].as_str().unwrap().to_owned();
            assert_eq!(after[index] == before[index], name == "simple_cnn", "operator {index}");
            names.insert(name);
        }
        assert_eq!(names.len(), 2, "{names:?}");
    }
}

#[test]
fn only_one_kind_is_made_with_what_it_needs() {
    let space = TestSpace::new();
    space.build_with(&["-j1", "--only", "weights"]).is("weights 2", "");
    space
        .build_with(&["-j1", "--only", "initial_conditions"])
        .is("initial_conditions 2", "weights 2");
    let rollouts = space.build_with(&["-j1", "--only", "rollout"]);
    rollouts.is("rollout 4", "weights 2, initial_conditions 2");
    assert_eq!(rollouts.0["outputs"], json!([]));
    assert!(!space.path("datasets").exists() && !space.path("experiments/x.lock").exists());
    space.build().is("parameters 8, dataset 1", "weights 2, initial_conditions 2, rollout 4");
    // From nothing, rollouts need weights and initial conditions, and no parameters.
    let space = TestSpace::new();
    space
        .build_with(&["-j1", "--only", "rollout"])
        .is("weights 2, initial_conditions 2, rollout 4", "");
}

#[test]
fn a_dry_run_writes_nothing_and_says_what_it_would_do() {
    let space = TestSpace::new();
    let before = space.content();
    let plan = space.json(&["build", "-n", "experiments/x", "--json"]);
    assert_eq!(plan["totals"], json!({"cached": 0, "stale": 12, "blocked": 5}));
    assert!(!space.path("cache").exists());
    assert_eq!(space.content(), before);
    space.build();
    space.edit("num_timesteps: 8", "num_timesteps: 12");
    let before = space.content();
    let text = space.run(&["build", "-n", "experiments/x"]).ok().stdout;
    assert!(text.contains("rollout ×2: edited"), "{text}");
    assert!(text.contains("simulation.num_timesteps: 8 → 12"), "{text}");
    assert_eq!(space.content(), before);
}

#[test]
fn changes_on_the_command_line_write_no_lock_file() {
    let space = TestSpace::new();
    let set = space.build_with(&["-j1", "--set", "simulation.num_timesteps=4"]);
    set.is("parameters 8, weights 2, initial_conditions 2, rollout 2, dataset 1", "");
    assert!(!space.path("experiments/x.lock").exists());
    space.build();
    let lock = space.read("experiments/x.lock");
    space.build_with(&["-j1", "--set", "simulation.num_timesteps=4"]);
    assert_eq!(space.read("experiments/x.lock"), lock);
}

#[test]
fn an_up_to_date_build_restores_a_lock_file_and_weights_that_are_gone() {
    let space = TestSpace::new();
    space
        .edit("sampling:\n", "data_to_store: [operator_parameters, operator_weights]\nsampling:\n");
    let first = space.build();
    let lock = space.read("experiments/x.lock");
    std::fs::remove_file(space.path("experiments/x.lock")).unwrap();
    let weights = space.path("datasets/x.weights");
    let names = || -> Vec<_> {
        let mut names: Vec<_> =
            std::fs::read_dir(&weights).unwrap().map(|file| file.unwrap().file_name()).collect();
        names.sort();
        names
    };
    let before = names();
    assert_eq!(before.len(), 2);
    std::fs::remove_dir_all(&weights).unwrap();
    let again = space.build();
    assert_eq!(again.built(), "");
    assert_eq!(again.0["outputs"], first.0["outputs"]);
    assert_eq!((space.read("experiments/x.lock"), names()), (lock, before));
    // Files of chunks that are no more go.
    space.edit("total_samples: 8", "total_samples: 4");
    space.build();
    assert_eq!(names(), ["ops0-3.safetensors"]);
}

#[test]
fn the_lock_file_is_sorted_and_stable() {
    let space = TestSpace::new();
    let digest = space.build().digest();
    let text = space.read("experiments/x.lock");
    let lock: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(lock["schema"], 1);
    assert_eq!(lock["spinlock"], env!("CARGO_PKG_VERSION"));
    let outputs: Vec<&Value> = lock["outputs"].as_object().unwrap().values().collect();
    assert_eq!(outputs, [&json!({"datasets/x.h5": digest})]);
    assert_eq!(lock["experiment"]["sampling"]["total_samples"], 8);
    assert_sorted(&lock["experiment"]);
    assert!(!text.contains(&*space.root().to_string_lossy()), "no path of this machine");

    // The same build elsewhere, at another time, with more workers, gives the same bytes.
    let other = TestSpace::new();
    other.build_with(&["-j2"]);
    assert_eq!(other.read("experiments/x.lock"), text);
    // An edit that defines no data leaves it as it is; one that does changes it.
    space.edit("sampling:\n", "# points\nsampling:\n");
    space.build();
    assert_eq!(space.read("experiments/x.lock"), text);
    space.edit("total_samples: 8", "total_samples: 4");
    space.build();
    assert_ne!(space.read("experiments/x.lock"), text);
}

fn assert_sorted(value: &Value) {
    if let Some(fields) = value.as_object() {
        assert!(fields.keys().is_sorted(), "{:?}", fields.keys());
        fields.values().for_each(assert_sorted);
    }
}

#[test]
fn a_lock_file_that_cannot_be_written_is_a_warning() {
    let space = TestSpace::new();
    // A folder stands where the file should.
    fs::create_dir_all(space.path("experiments/x.lock/in the way")).unwrap();
    let ran = space.run(&["build", "experiments/x", "-j1"]).ok();
    ran.says(&["warning", "experiments/x.lock", "the lock file is not written"]);
    assert!(space.path("datasets/x.h5").exists());
}
