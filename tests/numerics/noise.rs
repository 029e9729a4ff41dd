//! Noise.

use std::collections::BTreeSet;
use std::f64::consts::PI;

use spinlock::compute::noise::{Source, site};
use spinlock::compute::random::Place;
use spinlock::operator::{Noise, NoiseLaw, NoiseLocation, Operator};

use crate::{SEED, noise, small};

/// A source on a 64×64 grid, and a million draws of it.
fn million(law: NoiseLaw, correlation: f64) -> Vec<f32> {
    let noise = Noise { correlation, ..noise(law, NoiseLocation::Features) };
    let operator = Operator { grid: 64, noise: Some(noise), ..small() };
    Source::new(SEED, &operator).field(law, Place::default(), 246, 64)
}

/// Length ℓ of the spatial kernel in pixels.
fn length(correlation: f64) -> f64 {
    correlation * 64.0 / (PI * std::f64::consts::SQRT_2)
}

#[test]
fn correlated_fields_have_the_kernel_of_their_length() {
    for correlation in [0.05, 0.1, 0.2, 0.3] {
        let fields = million(NoiseLaw::Gaussian, correlation);
        let length = length(correlation);
        let lag = length.round().max(1.0) as usize;
        // Covariance at this lag along rows and along columns.
        let (mut along_rows, mut along_columns) = (0.0, 0.0);
        for field in fields.chunks_exact(64 * 64) {
            for y in 0..64 {
                for x in 0..64 {
                    let here = f64::from(field[y * 64 + x]);
                    along_rows += here * f64::from(field[y * 64 + (x + lag) % 64]);
                    along_columns += here * f64::from(field[(y + lag) % 64 * 64 + x]);
                }
            }
        }
        for sum in [along_rows, along_columns] {
            let covariance = sum / fields.len() as f64;
            let estimate = lag as f64 / (-2.0 * covariance.ln()).sqrt();
            assert!((estimate / length - 1.0).abs() < 0.05, "ρ {correlation}: {estimate} {length}");
        }
    }
}

#[test]
fn neighbouring_channels_are_independent() {
    let fields = million(NoiseLaw::Gaussian, 0.1);
    let pairs: Vec<_> = fields.chunks_exact(64 * 64).collect();
    let mut sum = 0.0;
    for pair in pairs.chunks_exact(2) {
        sum += pair[0].iter().zip(pair[1]).map(|(a, b)| f64::from(a * b)).sum::<f64>();
    }
    let n = fields.len() as f64 / 2.0;
    // The product of two such fields is correlated over the area πℓ².
    assert!((sum / n).abs() < 4.0 * (PI * length(0.1).powi(2) / n).sqrt());
}

#[test]
fn an_odd_number_of_channels_is_a_prefix_of_more() {
    let noise = Noise { correlation: 0.2, ..noise(NoiseLaw::Gaussian, NoiseLocation::Output) };
    let source = Source::new(SEED, &Operator { noise: Some(noise), ..small() });
    let draw = |channels| source.field(NoiseLaw::Gaussian, Place::default(), channels, 16);
    assert_eq!(draw(3), draw(8)[..3 * 256]);
}

#[test]
fn no_numbers_are_shared() {
    let mut seen = BTreeSet::new();
    let mut draws = 0;
    for index in 0..3 {
        let operator = Operator {
            index,
            noise: Some(noise(NoiseLaw::Gaussian, NoiseLocation::Features)),
            ..small()
        };
        let source = Source::new(SEED, &operator);
        let sites = [site::FEATURES, site::OUTPUT, site::INPUT, site::HIDDEN, site::HIDDEN + 1];
        for site in sites.into_iter().chain([site::DROPOUT, site::DROPOUT + 1]) {
            for step in 0..3 {
                for realization in 0..3 {
                    let at = Place { site, step, realization };
                    let field = source.field(NoiseLaw::Gaussian, at, 1, 16);
                    seen.extend(
                        field.chunks_exact(2).map(|pair| [pair[0].to_bits(), pair[1].to_bits()]),
                    );
                    draws += field.len() / 2;
                }
            }
        }
    }
    assert_eq!(seen.len(), draws);
}
