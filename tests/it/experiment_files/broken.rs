//! Broken files: each message in full, as a file under `snapshots/`.

use spinlock::config::Request;

use super::Project;

/// A name, and a broken experiment.
const BROKEN: &[(&str, &str)] = &[
    ("not_a_mapping", "- a\n- b\n"),
    ("no_yaml", "sampling: [1, 2\n"),
    ("tab_indentation", "sampling:\n\ttotal_samples: 3\n"),
    ("duplicate_key", "sampling:\n  total_samples: 3\n  strict: true\n  total_samples: 4\n"),
    ("two_documents", "sampling: {total_samples: 3}\n---\nsampling: {total_samples: 4}\n"),
    ("unknown_anchor", "sampling: *base\n"),
    ("unknown_key", "samplng: {total_samples: 3}\n"),
    ("unknown_nested_key", "sampling:\n  total_sample: 3\n"),
    ("key_in_the_wrong_section", "num_realizations: 4\n"),
    ("key_like_nothing", "zzzzzzzzz: 4\n"),
    ("section_is_a_number", "sampling: 3\n"),
    ("wrong_type", "sampling:\n  total_samples: many\n"),
    ("fraction", "sampling: {total_samples: 12.5}\n"),
    ("zero_samples", "sampling:\n  total_samples: 0\n"),
    ("negative_seed", "sampling: {sobol: {seed: -1}}\n"),
    ("not_a_number", "simulation: {rollout: {blowup_limit: .nan}}\n"),
    ("infinite", "sampling: {total_samples: .inf}\n"),
    ("yes_is_no_truth_value", "sampling: {strict: yes}\n"),
    ("too_many_realizations", "simulation: {num_realizations: 1001}\n"),
    ("no_timesteps", "simulation: {num_timesteps: 0}\n"),
    ("wrong_choice", "simulation: {precision: float6}\n"),
    ("reference_precision_alias", "simulation: {precision: fp16}\n"),
    ("wrong_device", "simulation: {device: cuda:x}\n"),
    ("clamp_upside_down", "simulation: {rollout: {clamp: [1, 0]}}\n"),
    ("splits_do_not_sum", "storage: {splits: [0.5, 0.2, 0.2]}\n"),
    ("splits_of_two", "storage: {splits: [0.5, 0.5]}\n"),
    ("wrong_data_to_store", "data_to_store: [operator_outputs, operator_weight]\n"),
    ("zarr", "dataset: {storage: {backend: zarr}}\n"),
    ("geodesic", "kind: geodesic\n"),
    ("features_section", "features: {spatial: true}\n"),
    ("slip_in_a_noted_key", "sampling: {batch_size: 0, refinement: {enabeld: true}}\n"),
    ("spatial_size", "simulation: {input_generation: {spatial_size: 64}}\n"),
    ("section_given_twice", "rollout: {clamp: [0, 1]}\nsimulation: {rollout: {clamp: [0, 2]}}\n"),
    ("segment", "execution: {segment: long, chunk: 0}\n"),
    ("unknown_strategy", "sampling: {strategy: sobl}\n"),
    ("seed_given_twice", "sampling: {seed: 1, sobol: {seed: 2}}\n"),
    ("burley_limits", "sampling: {total_samples: 70000, sobol: {scramble_method: burley}}\n"),
    ("empty_name", "metadata: {name: ' '}\n"),
    ("output_outside", "dataset: {output_path: ../elsewhere/x.h5}\n"),
    ("output_absolute", "dataset: {output_path: /tmp/elsewhere/x.h5}\n"),
    ("output_is_a_folder", "dataset: {output_path: experiments}\n"),
    ("extends_nothing", "extends: configs/none\n"),
    ("extends_a_number", "extends: [3]\n"),
    ("extends_outside", "extends: /etc/hostname\n"),
    ("extends_itself", "extends: experiments/x\n"),
    (
        "interpolated_unknown",
        "sampling: {total_samples: '${sampling.sobol.sed}', sobol: {seed: 1}}\n",
    ),
    ("interpolated_circle", "metadata: {a: '${metadata.b}', b: 'x ${metadata.a}'}\n"),
    ("interpolated_mapping", "metadata: {name: 'x ${sampling}'}\nsampling: {}\n"),
    ("interpolated_open", "metadata: {name: 'x ${sampling'}\n"),
    ("unknown_parameter", "parameter_space: {architecture: {num_layer: 3}}\n"),
    ("parameter_in_the_wrong_group", "parameter_space: {architecture: {grid_size: 64}}\n"),
    (
        "parameter_twice",
        "parameter_space: {architecture: {num_layers: 3}, operator: {num_layers: 3}}\n",
    ),
    ("no_type", "parameter_space: {architecture: {num_layers: {bounds: [2, 3]}}}\n"),
    (
        "misspelt_type",
        "parameter_space: {architecture: {num_layers: {type: integr, bounds: [2, 3]}}}\n",
    ),
    ("array_type", "parameter_space: {architecture: {num_layers: {type: array, length: 3}}}\n"),
    ("boolean_type", "parameter_space: {architecture: {num_layers: {type: boolean}}}\n"),
    ("no_bounds", "parameter_space: {architecture: {num_layers: {type: integer}}}\n"),
    (
        "bounds_upside_down",
        "parameter_space: {architecture: {num_layers: {type: integer, bounds: [5, 2]}}}\n",
    ),
    (
        "bounds_of_three",
        "parameter_space: {architecture: {num_layers: {type: integer, bounds: [1, 2, 3]}}}\n",
    ),
    (
        "fractional_bounds",
        "parameter_space: {architecture: {num_layers: {type: integer, bounds: [1.5, 3]}}}\n",
    ),
    (
        "bounds_out_of_range",
        "parameter_space: {evolution: {alpha: {type: continuous, bounds: [0.5, 1.5]}}}\n",
    ),
    (
        "nan_bound",
        "parameter_space: {evolution: {alpha: {type: continuous, bounds: [.nan, 0.5]}}}\n",
    ),
    (
        "logarithm_of_zero",
        "parameter_space: {evolution: {alpha: {type: continuous, bounds: [0, 0.5], log_scale: true}}}\n",
    ),
    (
        "log_scale_on_integers",
        "parameter_space: {architecture: {num_layers: {type: integer, bounds: [1, 3], log_scale: true}}}\n",
    ),
    (
        "continuous_integer",
        "parameter_space: {architecture: {num_layers: {type: continuous, bounds: [1, 3]}}}\n",
    ),
    (
        "empty_choices",
        "parameter_space: {architecture: {kernel_size: {type: choice, choices: []}}}\n",
    ),
    ("empty_list", "parameter_space: {architecture: {kernel_size: []}}\n"),
    ("choice_twice", "parameter_space: {architecture: {activation: [silu, swish]}}\n"),
    ("wrong_value", "parameter_space: {architecture: {activation: [relu, glu]}}\n"),
    ("even_kernel", "parameter_space: {architecture: {kernel_size: [3, 4]}}\n"),
    (
        "even_kernels_in_a_range",
        "parameter_space: {architecture: {kernel_size: {type: integer, bounds: [3, 7]}}}\n",
    ),
    (
        "grid_not_divisible_by_four",
        "parameter_space:\n  architecture: {architecture: encoder_decoder}\n  operator: {grid_size: [64, 66]}\n",
    ),
    (
        "range_of_grids_for_an_encoder_decoder",
        "parameter_space:\n  architecture: {architecture: [simple_cnn, encoder_decoder]}\n  operator: {grid_size: {type: integer, bounds: [64, 128]}}\n",
    ),
    (
        "kernel_larger_than_the_lowest_level",
        "parameter_space:\n  architecture: {architecture: encoder_decoder, kernel_size: [3, 5]}\n  operator: {grid_size: 16}\n",
    ),
    (
        "grid_too_small_for_the_default_kernel",
        "parameter_space:\n  architecture: {architecture: encoder_decoder}\n  operator: {grid_size: 8}\n",
    ),
    ("unknown_architecture", "parameter_space: {architecture: {architecture: unet}}\n"),
    (
        "kernel_larger_than_grid",
        "parameter_space: {architecture: {kernel_size: [3, 9]}, operator: {grid_size: 8}}\n",
    ),
    ("uniform_noise", "parameter_space: {stochastic: {noise_type: [gaussian, uniform]}}\n"),
    (
        "large_dropout_noise",
        "parameter_space: {stochastic: {noise_type: dropout, noise_scale: {type: continuous, bounds: [0.1, 1]}}}\n",
    ),
    (
        "euler_maruyama_without_added_noise",
        "parameter_space:\n  stochastic: {noise_type: gaussian, noise_scale: 0.1, noise_location: [features, hidden]}\n  evolution: {update_policy: [residual, euler_maruyama]}\n",
    ),
    ("batch_norm", "parameter_space: {architecture: {use_batch_norm: {type: boolean}}}\n"),
    ("sampled_channels", "parameter_space: {operator: {channels: [1, 3]}}\n"),
    ("unequal_channels", "parameter_space: {operator: {input_channels: 1, output_channels: 3}}\n"),
    ("unknown_method", "simulation: {input_generation: {method: gausian_random_field}}\n"),
    (
        "more_channels_than_a_type_has",
        "parameter_space: {operator: {channels: 4}}\n\
         simulation: {input_generation: {method: quantum_wave_packet}}\n",
    ),
    (
        "a_setting_that_never_meant_anything",
        "simulation:\n  input_generation:\n    method: quantum_wave_packet\n    \
         quantum_wave_packet: {momentum_range: [0.1, 0.5]}\n",
    ),
    (
        "negative_weight",
        "simulation: {input_generation: {ic_type_weights: {localized: -1, structured: 2}}}\n",
    ),
    (
        "zero_weights",
        "simulation: {input_generation: {ic_type_weights: {localized: 0, structured: 0}}}\n",
    ),
    (
        "wrong_setting_of_an_unused_block",
        "simulation:\n  input_generation:\n    method: structured\n    localized: {num_blob: 3}\n",
    ),
    (
        "wrong_type_of_a_block",
        "simulation: {input_generation: {ic_type_weights: {mine: 1}, mine: {type: localised}}}\n",
    ),
    ("block_like_nothing", "simulation: {input_generation: {lenght_scale: 0.1}}\n"),
    ("inputs_without_type", "simulation: {inputs: [{weight: 1}, {type: localized, wieght: 2}]}\n"),
    (
        "inputs_twice",
        "simulation: {inputs: [{type: localized}, {type: localized}], input_generation: {method: random}}\n",
    ),
    ("inputs_empty", "simulation: {inputs: []}\n"),
    (
        "several_at_once",
        "sampling:\n  total_samples: -3\n  sobl: {seed: 1}\nsimulation:\n  precision: double\n  num_timesteps: 1.5\nparameter_space:\n  evolution: {beta: 0.3}\n",
    ),
];

#[test]
fn every_broken_file_is_explained() {
    assert!(BROKEN.len() >= 40);
    for (name, text) in BROKEN {
        let project = Project::new();
        project.write("experiments/x.yaml", text);
        let message = project.message(&project.request("experiments/x"));
        insta::with_settings!({description => *text, omit_expression => true}, {
            insta::assert_snapshot!(*name, message);
        });
    }
}

#[test]
fn bytes_that_are_no_text_have_a_line() {
    let project = Project::new();
    project.write("experiments/x.yaml", b"# fine\nmetadata: {name: \xff}\n");
    insta::assert_snapshot!("bad_utf8", project.message(&project.request("experiments/x")));
}

#[test]
fn huge_documents_are_refused_quickly() {
    let mut bomb = String::from("a: &a [x,x,x,x,x,x,x,x,x]\n");
    for (name, before) in ["b", "c", "d", "e", "f", "g"].iter().zip(["a", "b", "c", "d", "e", "f"])
    {
        let items = vec![format!("*{before}"); 9].join(",");
        bomb.extend([name, ": &", name, " [", items.as_str(), "]\n"]);
    }
    let project = Project::new();
    project.write("experiments/x.yaml", bomb);
    insta::assert_snapshot!("alias_bomb", project.message(&project.request("experiments/x")));
    let doubled: Vec<String> = (0..40)
        .map(|i| format!("  a{i}: '${{metadata.a{0}}}${{metadata.a{0}}}'\n", i + 1))
        .collect();
    let doubled = doubled.concat();
    for text in [
        "#".repeat(2 << 20),
        "[".repeat(100_000),
        format!("metadata:\n{doubled}  a40: 'xxxxxxxxxxxxxxxx'\n"),
        format!("metadata: {{a: '{}'}}", "${metadata.b}".repeat(20_000)),
    ] {
        project.write("experiments/x.yaml", text);
        assert!(project.message(&project.request("experiments/x")).len() < 40_000);
    }
}

#[test]
fn an_experiment_that_is_not_there_has_neighbours() {
    let project = Project::new();
    for name in ["quickstart", "temporal", "other"] {
        project.write(&format!("experiments/{name}.yaml"), "");
    }
    insta::assert_snapshot!("missing", project.message(&project.request("experiments/quikstart")));
    let empty = Project::new();
    insta::assert_snapshot!("missing_among_none", empty.message(&empty.request("quickstart")));
}

#[test]
fn a_circle_of_files_shows_the_chain() {
    let project = Project::new();
    project.write("experiments/a.yaml", "extends: b\n");
    project.write("experiments/b.yaml", "extends: [../configs/c]\n");
    project.write("configs/c.yaml", "extends: experiments/a\n");
    insta::assert_snapshot!("extends_circle", project.message(&project.request("experiments/a")));
}

#[test]
fn a_fault_in_a_fragment_is_placed_in_the_fragment() {
    let project = Project::new();
    project.write("experiments/x.yaml", "extends: configs/a\n");
    project.write("configs/a.yaml", "sampling:\n  total_samples: few\n");
    insta::assert_snapshot!(
        "fault_in_a_fragment",
        project.message(&project.request("experiments/x"))
    );
}

#[test]
fn faults_of_the_command_line_are_placed_there() {
    let project = Project::new();
    project.write("experiments/x.yaml", "sampling: {total_samples: 3}\n");
    for (name, set) in [
        ("set_wrong_path", "simulation.num_realisations=5"),
        ("set_wrong_value", "sampling.total_samples=[1"),
        ("set_out_of_range", "sampling.total_samples=0"),
        ("set_no_value", "sampling.total_samples"),
        ("set_below_a_number", "sampling.total_samples.x=1"),
        ("set_extends", "extends=a"),
    ] {
        let request = Request { sets: vec![set.to_owned()], ..project.request("experiments/x") };
        insta::assert_snapshot!(name, project.message(&request));
    }
    let request = Request { device: Some("gpu".into()), ..project.request("experiments/x") };
    insta::assert_snapshot!("device_option", project.message(&request));
}

#[test]
fn links_do_not_lead_out_of_the_project() {
    let project = Project::new();
    let outside = tempfile::tempdir().unwrap();
    std::os::unix::fs::symlink(outside.path(), project.root().join("out")).unwrap();
    project.write("experiments/x.yaml", "dataset: {output_path: out/x.h5}\n");
    insta::assert_snapshot!("output_by_a_link", project.message(&project.request("experiments/x")));
    let request = Request { allow_outside: true, ..project.request("experiments/x") };
    let path = spinlock::config::load(&request).unwrap().dataset.path;
    assert_eq!(path, project.root().join("out/x.h5"));
}
