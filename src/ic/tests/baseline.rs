//! Cases of the baseline families.

use serde_json::{Value as Json, json};

use super::Case;

/// One for each family.
pub const CASES: [Case; 9] = [
    Case {
        name: "gaussian_random_field",
        examples: || examples_of("gaussian_random_field"),
        smooth: || vec![json!({}), json!({"kernel": "matern", "nu": 2.5})],
        pin: "1 79933adc2824a6f3 e9a362e4ebf166de",
    },
    Case {
        name: "structured",
        examples: || examples_of("structured"),
        // The edges of small circles are as wide as a pixel.
        smooth: || vec![json!({"structure_types": ["stripe", "blob"]})],
        pin: "1 70f1b53a360d203c 5d16fead4cc6477e",
    },
    Case {
        name: "mixed",
        examples: || examples_of("mixed"),
        smooth: || vec![json!({})],
        pin: "1 4e7a4d39f4e4d478 f732af3698cd2580",
    },
    Case {
        name: "multiscale_grf",
        examples: || examples_of("multiscale_grf"),
        smooth: || vec![json!({})],
        pin: "1 35527ab11c4c36d2 9cf6416bbf99e111",
    },
    Case {
        name: "band_limited",
        examples: || examples_of("band_limited"),
        smooth: || vec![json!({"band": "mid"})],
        pin: "1 819162238ef61b64 8a4694e3923c0ce0",
    },
    Case {
        name: "localized",
        examples: || examples_of("localized"),
        smooth: || vec![json!({})],
        pin: "1 8961c51320f9be05 d0a340dc19c8ea8b",
    },
    Case {
        name: "composite",
        examples: || examples_of("composite"),
        smooth: || vec![json!({})],
        pin: "1 1fd4638cf29a6ff2 30a91a3eac163cae",
    },
    Case {
        name: "power_law_grf",
        examples: || examples_of("power_law_grf"),
        smooth: || vec![json!({"beta": 4.0})],
        pin: "1 cf8eb3a0d1438513 244c551f5bdf0cdb",
    },
    Case {
        name: "heavy_tailed",
        examples: || examples_of("heavy_tailed"),
        smooth: || {
            vec![json!({}), json!({"variant": "student_t"}), json!({"variant": "alpha_stable"})]
        },
        pin: "1 78de868e4c15a52f 275846bed52b4cb4",
    },
];

fn examples_of(name: &str) -> Vec<Json> {
    let all = examples();
    all.into_iter().find(|(n, _)| *n == name).expect("every family has examples").1
}

/// Settings other than the defaults; together they name every setting of every family.
fn examples() -> Vec<(&'static str, Vec<Json>)> {
    let scalar = [
        json!({"variance": 0.25}),
        json!({"variance": {"choice": [1, 4]}}),
        json!({"channel_mode": "shared"}),
        json!({"channel_mode": "mixed"}),
        json!({"normalize": "none"}),
        json!({"normalize": "unit_max"}),
    ];
    let structures = [
        json!({"num_structures": 7}),
        json!({"num_structures": {"uniform": [6, 9]}}),
        json!({"structure_types": ["stripe"]}),
        json!({"structure_types": ["circle", "blob"]}),
        json!({"structure_weights": [1, 2, 30]}),
        json!({"radius": 0.3}),
        json!({"width": {"log_uniform": [0.05, 0.06]}}),
        json!({"frequency": 2}),
        json!({"stripe_amplitude": "normal"}),
    ];
    let covariance = [
        json!({"length_scale": 0.05}),
        json!({"length_scale": {"uniform": [0.05, 0.1]}}),
        json!({"kernel": "matern"}),
        json!({"kernel": "matern", "nu": 0.5}),
    ];
    let normalize = [json!({"normalize": "none"}), json!({"normalize": "unit_max"})];
    let with = |own: Vec<Json>, rest: &[&[Json]]| [own, rest.concat()].concat();
    vec![
        ("gaussian_random_field", with(vec![], &[&covariance, &scalar])),
        ("structured", with(vec![], &[&structures, &normalize])),
        ("mixed", with(vec![json!({"weight": 0.5})], &[&covariance, &structures, &normalize])),
        ("multiscale_grf", with(vec![json!({"scales": [0.02, 0.03]})], &[&scalar])),
        (
            "band_limited",
            with(
                vec![
                    json!({"band": "low"}),
                    json!({"band": "high"}),
                    json!({"min_cycles": 2, "max_cycles": 5}),
                    json!({"min_cycles": 3, "max_cycles": 5}),
                    json!({"min_cycles": 2, "max_cycles": 6}),
                ],
                &[&scalar],
            ),
        ),
        (
            "localized",
            with(
                vec![
                    json!({"num_blobs": 9}),
                    json!({"width": 0.2}),
                    json!({"min_width": 6}),
                    json!({"max_width": 10}),
                    json!({"channel_mode": "shared"}),
                    json!({"channel_mode": "mixed"}),
                ],
                &[&normalize],
            ),
        ),
        (
            "composite",
            with(
                vec![
                    json!({"pattern": "grid"}),
                    json!({"pattern": "radial"}),
                    json!({"frequency": 8}),
                    json!({"noise_level": 0}),
                    json!({"grf_length_scale": 0.1}),
                ],
                &[&normalize],
            ),
        ),
        ("power_law_grf", with(vec![json!({"beta": 2})], &[&scalar])),
        (
            "heavy_tailed",
            with(
                vec![
                    json!({"h": 0.1}),
                    json!({"length_scale": 0.3}),
                    json!({"variant": "student_t"}),
                    json!({"variant": "student_t", "degrees_of_freedom": 5}),
                    json!({"variant": "student_t", "variance": 2}),
                    json!({"variant": "alpha_stable"}),
                    json!({"variant": "alpha_stable", "stability": 1.5}),
                    json!({"variant": "alpha_stable", "normalize": "none"}),
                ],
                &[&scalar],
            ),
        ),
    ]
}
