//! Weights.

use spinlock::compute::weights::draw;
use spinlock::operator::{Architecture, Init, Norm};
use spinlock::rng::{Counter, Stream};

use crate::{SEED, small};

fn wide(init: Init) -> Architecture {
    Architecture {
        base_channels: 48,
        num_layers: 4,
        init,
        weight_gain: 1.5,
        ..small().architecture
    }
}

#[test]
fn weights_are_the_same_bytes_everywhere() {
    let digests = [Init::Torch, Init::He].map(|init| {
        draw(SEED, 5, &Architecture { init, ..small().architecture }).digest().to_string()
    });
    assert_eq!(digests, PINNED);
}

/// Digests of the small architecture's weights, recorded when the draws were defined.
const PINNED: [&str; 2] = [
    "befe4883cd1ca31293baa8b64810fc53003a79c0c700ca763c8d00cdbc2ab190",
    "10c75d34db81f18dc78343b1939ea82956020257e2eeb0ba3701ae2c7a9d2a42",
];

/// Number by number from the definition, with scalar code and `libm`.
#[test]
fn vectors_of_weights_are_the_scalar_draws() {
    let word = |site: u32, element: usize, pair: usize| {
        let block = (element / 64 * 16 + element % 16) as u32;
        let at = Counter { block, site, ..Counter::default() };
        let word = Stream::new(SEED, "weights", &[5]).block(at)[element % 64 / 16 / pair * pair];
        (word, Stream::new(SEED, "weights", &[5]).block(at)[(element % 64 / 16) | (pair - 1)])
    };
    let centre = |word: u32| (f64::from(word >> 8) + 0.5) / 16_777_216.0;
    let torch = draw(SEED, 5, &small().architecture).tensors;
    for (site, tensor) in torch.iter().enumerate() {
        let fan_in = if site < 4 { tensor.shape[1..].iter().product() } else { 16 };
        for (element, &value) in tensor.values.iter().enumerate() {
            let u = centre(word(site as u32, element, 1).0);
            assert_eq!(value, ((2.0 * u - 1.0) / f64::from(fan_in as u32).sqrt()) as f32);
        }
    }
    let he = draw(SEED, 5, &Architecture { init: Init::He, ..small().architecture }).tensors;
    for (element, &value) in he[1].values.iter().enumerate() {
        let (first, second) = word(1, element, 2);
        let radius = (2.0_f64 / 72.0).sqrt() * (-2.0 * libm::log(centre(first))).sqrt();
        let angle = std::f64::consts::TAU * centre(second);
        let branch = if element % 64 / 16 % 2 == 0 { libm::cos(angle) } else { libm::sin(angle) };
        assert!((f64::from(value) - radius * branch).abs() < 1e-7 * radius, "{element}");
    }
}

#[test]
fn weights_depend_on_seed_index_and_architecture_alone() {
    let base = draw(SEED, 5, &small().architecture).digest();
    assert_eq!(base, draw(SEED, 5, &small().architecture).digest());
    assert_ne!(base, draw(SEED + 1, 5, &small().architecture).digest());
    assert_ne!(base, draw(SEED, 6, &small().architecture).digest());
    let other = Architecture { weight_gain: 2.0, ..small().architecture };
    assert_ne!(base, draw(SEED, 5, &other).digest());
}

#[test]
fn torch_weights_are_uniform_within_their_bound() {
    for tensor in draw(SEED, 5, &wide(Init::Torch)).tensors {
        let fan_in: u64 = tensor.shape.iter().skip(1).product();
        if tensor.shape.len() == 1 || tensor.values.len() < 10_000 {
            continue;
        }
        let bound = 1.5 / (fan_in as f64).sqrt();
        let n = tensor.values.len() as f64;
        let mean = tensor.values.iter().map(|&w| f64::from(w)).sum::<f64>() / n;
        let square = tensor.values.iter().map(|&w| f64::from(w).powi(2)).sum::<f64>() / n;
        assert!(tensor.values.iter().all(|&w| f64::from(w).abs() <= bound * (1.0 + 1e-7)));
        // Four standard errors: variance b²/3, of the square 4b⁴/45.
        assert!(mean.abs() < 4.0 * bound / (3.0 * n).sqrt(), "{}", tensor.name);
        assert!(
            (square - bound * bound / 3.0).abs() < 4.0 * bound * bound * (4.0 / 45.0 / n).sqrt()
        );
    }
}

#[test]
fn he_weights_are_normal_and_biases_zero() {
    let architecture = Architecture { norm: Norm::None, ..wide(Init::He) };
    let mut seen = 0;
    for tensor in draw(SEED, 5, &architecture).tensors {
        if tensor.shape.len() == 1 {
            assert!(tensor.values.iter().all(|&w| w == 0.0));
            continue;
        }
        let fan_in: u64 = tensor.shape.iter().skip(1).product();
        let sigma = 1.5 * (2.0 / fan_in as f64).sqrt();
        let n = tensor.values.len() as f64;
        let moment =
            |p: i32| tensor.values.iter().map(|&w| (f64::from(w) / sigma).powi(p)).sum::<f64>() / n;
        assert!(moment(1).abs() < 4.0 / n.sqrt(), "{}", tensor.name);
        assert!((moment(2) - 1.0).abs() < 4.0 * (2.0 / n).sqrt(), "{}", tensor.name);
        assert!((moment(4) - 3.0).abs() < 4.0 * (96.0 / n).sqrt(), "{}", tensor.name);
        seen += 1;
    }
    assert_eq!(seen, 12);
}

#[test]
fn stored_weights_carry_the_operator_and_the_affine_norms() {
    let stored = draw(SEED, 5, &small().architecture).named_for_storage(5);
    let names: Vec<&str> = stored.iter().map(|tensor| tensor.name.as_str()).collect();
    assert_eq!(
        names,
        [
            "5.0.conv.weight",
            "5.1.conv.weight",
            "5.2.conv.weight",
            "5.3.conv.weight",
            "5.3.conv.bias",
            "5.0.norm.weight",
            "5.0.norm.bias",
            "5.1.norm.weight",
            "5.1.norm.bias",
            "5.2.norm.weight",
            "5.2.norm.bias",
        ]
    );
    let last = &stored[stored.len() - 2];
    assert_eq!((last.shape.as_slice(), last.values.as_slice()), (&[16][..], &[1.0; 16][..]));
    let batch = Architecture { norm: Norm::Batch, ..small().architecture };
    assert!(draw(SEED, 5, &batch).norms.is_empty());
}
