//! `gene_expression`: latent fields with the declared correlation, counts with the declared variance.

use serde_json::json;

use super::{Case, make, mean, request, variance, wide};
use crate::key::Value;

pub const CASE: Case = Case {
    name: "gene_expression",
    examples: || {
        vec![
            json!({"correlation_strength": 0.9}),
            json!({"length_scale": 0.05}),
            json!({"latent_strength": 1}),
            json!({"expression_patterns": ["stripes", "spots"]}),
            json!({"expression_patterns": ["gradient", "radial", "uniform"]}),
            json!({"pattern_strength": 2}),
            json!({"pattern_wavelength": 0.12}),
            json!({"base_count": 100}),
            json!({"output": "count"}),
            json!({"output": "mean"}),
            json!({"dispersion": 1}),
            json!({"normalize": "unit_std"}),
            json!({"normalize": "unit_max"}),
        ]
    },
    // Counts belong to the pixels of their grid.
    smooth: || vec![json!({"output": "mean"})],
    pin: "1 2eb0d757309de383 5799ea711ae4052c",
};

/// The latent fields of two genes in units of their strength, from the logarithm of the means.
fn latent(sample: u64, correlation: f64) -> [Vec<f64>; 2] {
    let settings = json!({
        "correlation_strength": correlation, "pattern_strength": 0, "latent_strength": 0.5,
        "base_count": 10, "output": "mean"
    });
    let fields = wide(&make("gene_expression", &settings).draw(&request(sample, 64, 2)).fields);
    let log = |part: &[f64]| part.iter().map(|m| (m / 10.0).ln() / 0.5).collect();
    [log(&fields[..4096]), log(&fields[4096..])]
}

/// `E[g₁ g₂]` is ρ and `E[g²]` is 1. The correlation of such products is `exp(−r²/ℓ²)` of area
/// πℓ² = 0.03, so 512 samples are some 16,000 independent ones, and four standard errors of a product, √2
/// each at the most, are 0.045.
#[test]
fn latent_fields_have_the_declared_correlation() {
    for rho in [0.0, 0.3, 0.8, 1.0] {
        let (mut product, mut square) = (Vec::new(), Vec::new());
        for i in 0..512 {
            let [a, b] = latent(i, rho);
            product.push(mean(&a.iter().zip(&b).map(|(x, y)| x * y).collect::<Vec<_>>()));
            square.push(mean(&a.iter().map(|x| x * x).collect::<Vec<_>>()));
        }
        assert!((mean(&product) - rho).abs() < 0.045, "{rho}: {}", mean(&product));
        assert!((mean(&square) - 1.0).abs() < 0.045, "{rho}: {}", mean(&square));
    }
}

/// The residual of a count about the mean that it was drawn with has variance `m + m²/r`, for small and
/// large means alike; 64 samples of 4096 spots, four standard errors of a mean (1 per spot) and of a
/// variance (fourth moment of a negative-binomial residual: below 3 + 6/r + 1/m, so 9 at r = 1 and
/// m = 2; four times that for the spread of m).
#[test]
fn counts_have_the_negative_binomial_mean_and_variance() {
    for dispersion in [1.0, 2.0, 10.0] {
        let settings = |output: &str| {
            let mut all = json!({"output": output, "base_count": {"log_uniform": [2, 200]}});
            if output == "count" {
                all["dispersion"] = json!(dispersion);
            }
            make("gene_expression", &all)
        };
        let (counts, means) = (settings("count"), settings("mean"));
        let mut residuals = [Vec::new(), Vec::new(), Vec::new()];
        for i in 0..64 {
            let at = request(i, 64, 1);
            let (counts, means) = (wide(&counts.draw(&at).fields), wide(&means.draw(&at).fields));
            for (count, m) in counts.iter().zip(&means) {
                assert!(count.fract() == 0.0 && *count >= 0.0);
                let part = usize::from(*m > 5.0) + usize::from(*m > 50.0);
                residuals[part].push((count - m) / (m + m * m / dispersion).sqrt());
            }
        }
        for part in residuals {
            let n = part.len() as f64;
            assert!(n > 10_000.0);
            assert!(mean(&part).abs() < 4.0 / n.sqrt(), "{dispersion}: {}", mean(&part));
            let error = 4.0 * (36.0 / n).sqrt();
            assert!((variance(&part) - 1.0).abs() < error, "{dispersion}: {}", variance(&part));
        }
    }
}

#[test]
fn the_output_is_the_logarithm_of_the_count() {
    let (log, count) = (json!({}), json!({"output": "count"}));
    let draw = |settings| wide(&make("gene_expression", settings).draw(&request(3, 64, 3)).fields);
    for (a, b) in draw(&log).iter().zip(draw(&count)) {
        assert!((a - b.ln_1p()).abs() < 1e-6);
    }
}

#[test]
fn genes_have_the_patterns_of_the_list() {
    let ic = make("gene_expression", &json!({"expression_patterns": ["spots", "radial"]}));
    let drawn = ic.draw(&request(0, 64, 3));
    let Some((_, Value::List(genes))) = drawn.settings.last() else { panic!("genes are last") };
    let names: Vec<String> = genes.iter().map(ToString::to_string).collect();
    for (gene, pattern) in names.iter().zip(["spots", "radial", "spots"]) {
        assert!(gene.contains(&format!("pattern={pattern}")), "{gene}");
    }
    let says = super::parse(
        super::family("gene_expression").unwrap(),
        &json!({"expression_patterns": ["spot", 3]}),
    );
    let messages: Vec<&str> = says.1.iter().map(|f| f.message.as_str()).collect();
    assert_eq!(messages, ["the text `spot` is no pattern", "`3` is no pattern"]);
}

#[test]
fn waves_too_fine_for_the_grid_are_refused() {
    let ic = make("gene_expression", &json!({"pattern_wavelength": 0.05}));
    assert_eq!(
        ic.check(32, 3).unwrap_err(),
        "waves of up to 21.5 cycles per side need a grid of at least 45, not 32: raise \
         `pattern_wavelength`"
    );
}
