//! `spinlock bench`: figures that fit each other, and nothing left behind.

use serde_json::Value;

use crate::space::TestSpace;

#[track_caller]
fn number(value: &Value) -> f64 {
    value.as_f64().unwrap_or_else(|| panic!("no number: {value}"))
}

#[track_caller]
fn near(a: f64, b: f64) {
    assert!((a / b - 1.0).abs() < 1e-9, "{a} {b}");
}

#[test]
fn rollouts_of_an_experiment_are_measured_part_by_part() {
    let space = TestSpace::changed(&[(
        "base_channels: {type: integer, bounds: [2, 4]}",
        "base_channels: 4",
    )]);
    let before = space.content();
    let answer = space.json(&[
        "bench",
        "rollout",
        "--experiment",
        "experiments/x",
        "--json",
        "--repeat",
        "2",
    ]);
    assert_eq!(space.content(), before);
    let rollout = &answer["rollout"];
    assert_eq!((rollout["device"].as_str(), rollout["threads"].as_u64()), (Some("cpu"), Some(1)));
    let product = number(&rollout["machine"]["matmul_gflop_per_s"]);
    assert!(product > 1.0 && number(&rollout["machine"]["triad_gb_per_s"]) > 0.1, "{rollout}");
    let one = &rollout["rollouts"][0];
    // 8 operators, 2 realizations, 8 states.
    assert_eq!(one["realization_steps"], 8 * 2 * 7);
    // b = 4, L = 1, k = 3, 2 channels on 8 × 8: 72 + 144 + 8 multiply–adds per pixel.
    near(number(&one["gflop"]), 2e-9 * 224.0 * 64.0 * 112.0);
    // Planes read and written: 2 + 4, 4 + 4, 4 + 2 by convolutions, twice 4 + 4 by norms.
    near(number(&one["activation_gb"]), 4e-9 * 36.0 * 64.0 * 112.0);
    let seconds = number(&one["seconds"]);
    near(number(&one["gflop_per_s"]), number(&one["gflop"]) / seconds);
    near(number(&one["share_of_matmul"]), number(&one["gflop_per_s"]) / product);
    near(number(&one["realization_steps_per_s"]), 112.0 / seconds);
    assert_eq!(one["runs_s"].as_array().unwrap().len(), 2);
    let stages = one["stages"].as_object().unwrap();
    let names: Vec<&str> = stages.keys().map(String::as_str).collect();
    assert_eq!(
        names,
        [
            "weights_s",
            "convolutions_s",
            "normalise_activate_s",
            "noise_s",
            "state_metrics_s",
            "encode_s",
            "other_s"
        ]
    );
    assert!(stages.values().all(|part| number(part) > 0.0), "{stages:?}");
    // States of 2 channels in float32, 8 × 2 × 8 of them, and more.
    assert!(number(&one["written_bytes"]) > 1000.0);
    assert!(number(&one["peak_memory_bytes"]) > 1e7);
}

#[test]
fn segments_of_a_rollout_and_a_single_application_are_measured_too() {
    let space = TestSpace::new();
    for (states, steps) in [("9", 128), ("1", 16)] {
        let set = format!("simulation.num_timesteps={states}");
        let args = [
            "bench",
            "rollout",
            "--experiment",
            "experiments/x",
            "--set",
            &set,
            "--json",
            "--repeat",
            "1",
        ];
        assert_eq!(space.json(&args)["rollout"]["rollouts"][0]["realization_steps"], steps);
    }
}

#[test]
fn sampling_encoding_and_planning_are_measured_in_tables_and_as_data() {
    let space = TestSpace::new();
    let sampling = ["bench", "sampling", "--points", "300", "--dimensions", "3", "--json"];
    let sampling = &space.json(&sampling)["sampling"];
    assert!(number(&sampling["total_s"]) >= number(&sampling["points_s"]), "{sampling}");
    let encode =
        &space.json(&["bench", "--repeat", "1", "encode", "--megabytes", "1", "--json"])["encode"];
    let levels = encode["levels"].as_array().unwrap();
    assert_eq!(levels.len(), 9);
    let shares: Vec<f64> = levels.iter().map(|level| number(&level["stored_share"])).collect();
    assert!(shares[8] < shares[0] && shares[0] < 1.0, "{shares:?}");
    assert!(
        number(&encode["part_mb_per_s"]) > 0.0 && number(&encode["file_flushed_mb_per_s"]) > 0.0
    );
    let plan = &space.json(&["bench", "plan", "--operators", "64", "--json"])["plan"];
    // Per chunk of 32: four groups of parameters, weights, inputs, two blocks of rollouts for operators
    // with one state; then the data set.
    assert_eq!(plan["artifacts"], 2 * (4 + 1 + 1 + 2) + 1);
    let table = space.run(&["bench", "plan", "--operators", "64", "--repeat", "1"]).ok().stdout;
    assert!(table.starts_with("plan: 64 operators, 17 artifacts, nothing cached\n"), "{table}");
}

#[test]
fn what_cannot_be_measured_is_an_error() {
    let space = TestSpace::new();
    if !std::path::Path::new("/proc/driver/nvidia/version").exists() {
        space
            .run(&["bench", "rollout", "--device", "cuda", "--repeat", "1"])
            .fails(3, &["this machine has no CUDA device"]);
    }
    space.run(&["bench", "rollout", "--device", "abacus"]).fails(2, &["simulation.device"]);
    space
        .run(&["bench", "rollout", "--set", "sampling.total_samples=1"])
        .fails(2, &["--experiment"]);
}
