//! The laws of the noise, measured on a million draws each: moments, spectrum, probabilities, schedule,
//! independence. Bounds are four standard errors unless stated.

use std::f64::consts::{PI, SQRT_2, TAU};

use rustfft::FftPlanner;
use rustfft::num_complex::Complex;
use spinlock::compute::noise::{Cholesky, Perturbation, Source, site};
use spinlock::compute::random::Place;
use spinlock::compute::rollout::{Start, run_blocks};
use spinlock::compute::weights;
use spinlock::operator::{
    Activation, Init, Noise, NoiseLaw, NoiseLocation, Norm, Operator, Policy, Schedule,
};

use crate::{SEED, input, noise, noisy, relative, small, unit};

const SIDE: usize = 64;
const PIXELS: usize = SIDE * SIDE;
/// A million and a few draws.
const FIELDS: usize = 246;
const LAWS: [NoiseLaw; 4] =
    [NoiseLaw::Gaussian, NoiseLaw::Laplace, NoiseLaw::Multiplicative, NoiseLaw::Dropout];

fn source(law: NoiseLaw, correlation: f64) -> Source {
    let noise = Noise { correlation, ..noise(law, NoiseLocation::Features) };
    Source::new(SEED, &Operator { grid: SIDE as u32, noise: Some(noise), ..small() })
}

/// What the law multiplies by the scale: `FIELDS` fields of ξ.
fn xi(law: NoiseLaw, correlation: f64, scale: f64) -> Vec<f64> {
    let at = Place { site: site::FEATURES, step: 3, realization: 1 };
    let values = match source(law, correlation).perturbation(at, FIELDS, SIDE, scale) {
        Perturbation::Add(values) => values,
        Perturbation::Multiply(values) => values.into_iter().map(|v| v - 1.0).collect(),
        Perturbation::Gains(_) => panic!("dropout has no field"),
    };
    values.into_iter().map(|v| f64::from(v) / scale).collect()
}

/// The share of each mode in the variance, from the definition: `∝ exp(−κ²ℓ²/2)`, sum 1.
fn shares(correlation: f64) -> Vec<f64> {
    let length = correlation * SIDE as f64 / (PI * SQRT_2);
    let axis: Vec<f64> = (0..SIDE)
        .map(|i| {
            let kappa = TAU * i.min(SIDE - i) as f64 / SIDE as f64;
            (-kappa * kappa * length * length / 2.0).exp()
        })
        .collect();
    let total = axis.iter().sum::<f64>().powi(2);
    axis.iter().flat_map(|y| axis.iter().map(move |x| x * y / total)).collect()
}

/// Two-dimensional transform of a real field.
fn transform(field: &[f64]) -> Vec<Complex<f64>> {
    let fft = FftPlanner::new().plan_fft_forward(SIDE);
    let mut values: Vec<_> = field.iter().map(|&v| Complex::new(v, 0.0)).collect();
    for _ in 0..2 {
        fft.process(&mut values);
        values = (0..PIXELS).map(|p| values[p % SIDE * SIDE + p / SIDE]).collect();
    }
    values
}

/// Mean of `C(r)^power` over the torus, C the correlation of these shares.
fn mean_power(shares: &[f64], power: i32) -> f64 {
    transform(shares).iter().map(|c| c.re.powi(power)).sum::<f64>() / PIXELS as f64
}

/// Mean 0, variance 1 and the kurtosis of the law. With F fields of correlation C and with ⟨·⟩ the mean
/// over the torus, the standard errors are √(⟨C⟩/F) of the mean, √(2⟨C²⟩/F) of a Gaussian variance and
/// √(24⟨C⁴⟩/F) of a Gaussian kurtosis (Hermite expansion). A Laplace field is an odd function of a
/// Gaussian one: its mean's error is at most that, and the other two, of rank 2, are at most
/// √(5⟨C²⟩/F) and √(1188⟨C²⟩/F), with equality for white noise.
fn check_moments(law: NoiseLaw, correlation: f64) {
    let shares = shares(correlation);
    let error =
        |variance: f64, power| 4.0 * (variance * mean_power(&shares, power) / FIELDS as f64).sqrt();
    let (kurtosis, second, fourth) = match law {
        NoiseLaw::Laplace => (6.0, error(5.0, 2), error(1188.0, 2)),
        _ => (3.0, error(2.0, 2), error(24.0, 4)),
    };
    let values = xi(law, correlation, 0.5);
    let n = values.len() as f64;
    let moment = |p: i32| values.iter().map(|x| x.powi(p)).sum::<f64>() / n;
    let (mean, variance) = (moment(1), moment(2));
    let what = format!("{law:?} ρ {correlation}");
    assert!(mean.abs() < error(1.0, 1), "{what}: mean {mean} ± {}", error(1.0, 1));
    assert!((variance - 1.0).abs() < second, "{what}: variance {variance} ± {second}");
    let measured = moment(4) / variance.powi(2);
    assert!((measured - kurtosis).abs() < fourth, "{what}: kurtosis {measured} ± {fourth}");
}

#[test]
fn every_law_has_mean_0_variance_1_and_its_kurtosis_under_every_correlation() {
    for law in [NoiseLaw::Gaussian, NoiseLaw::Laplace, NoiseLaw::Multiplicative] {
        for correlation in [0.0, 0.005, 0.03, 0.1, 0.3, 0.7] {
            check_moments(law, correlation);
        }
    }
}

#[test]
fn correlated_laplace_noise_has_the_tails_of_its_law() {
    for correlation in [0.0, 0.1] {
        let values = xi(NoiseLaw::Laplace, correlation, 1.0);
        let white = mean_power(&shares(correlation), 2);
        for beyond in [0.5_f64, 1.0, 2.0, 4.0] {
            // P(|x| > a) = exp(−√2·a); an even function of a Gaussian field, of rank 2.
            let p = (-SQRT_2 * beyond).exp();
            let share =
                values.iter().filter(|x| x.abs() > beyond).count() as f64 / values.len() as f64;
            let error = 4.0 * (p * (1.0 - p) * white / FIELDS as f64).sqrt();
            assert!((share - p).abs() < error, "ρ {correlation} |x| > {beyond}: {share} {p}");
        }
    }
}

#[test]
fn the_spectrum_has_the_correlation_length_within_5_percent() {
    for law in [NoiseLaw::Gaussian, NoiseLaw::Multiplicative] {
        for correlation in [0.05, 0.1, 0.2, 0.3] {
            let values = xi(law, correlation, 1.0);
            let mut power = vec![0.0; PIXELS];
            for field in values.chunks_exact(PIXELS) {
                for (sum, mode) in power.iter_mut().zip(transform(field)) {
                    *sum += mode.norm_sqr() / (FIELDS * PIXELS) as f64;
                }
            }
            // ln P = a − κ²ℓ²/2: a straight line through the modes that hold nearly all the power.
            let largest = power.iter().copied().fold(0.0, f64::max);
            let (mut n, mut x, mut y, mut xx, mut xy) = (0.0, 0.0, 0.0, 0.0, 0.0);
            for (mode, &power) in power.iter().enumerate() {
                let kappa = |i: usize| TAU * i.min(SIDE - i) as f64 / SIDE as f64;
                let square = kappa(mode / SIDE).powi(2) + kappa(mode % SIDE).powi(2);
                if power > largest / 50.0 {
                    n += 1.0;
                    x += square;
                    y += power.ln();
                    xx += square * square;
                    xy += square * power.ln();
                }
            }
            let slope = (n * xy - x * y) / (n * xx - x * x);
            let (measured, length) =
                ((-2.0 * slope).sqrt(), correlation * SIDE as f64 / (PI * SQRT_2));
            assert!((measured / length - 1.0).abs() < 0.05, "ρ {correlation}: {measured} {length}");
        }
    }
}

#[test]
fn channels_drop_with_their_probability_and_independently() {
    const DRAWS: usize = 1_000_000;
    let blocks = source(NoiseLaw::Dropout, 0.0);
    let mut operator = small();
    operator.architecture.dropout_rate = 0.3;
    let layers = Source::new(SEED, &operator);
    let at = Place { site: site::DROPOUT, step: 2, realization: 4 };
    let mut cases = vec![(0.3, layers.dropout(at, DRAWS))];
    for (scale, p) in [(0.05, 0.05), (0.5, 0.5), (0.95, 0.95), (1.2, 0.95)] {
        cases.push((p, blocks.perturbation(Place { site: site::INPUT, ..at }, DRAWS, SIDE, scale)));
    }
    for (p, perturbation) in cases {
        let Perturbation::Gains(gains) = perturbation else { panic!("dropout acts on channels") };
        let n = DRAWS as f64;
        let kept = (1.0 / (1.0 - p)) as f32;
        assert!(gains.iter().all(|&gain| gain == 0.0 || gain == kept), "{p}");
        let share = gains.iter().filter(|&&gain| gain == 0.0).count() as f64 / n;
        let variance = p * (1.0 - p);
        assert!((share - p).abs() < 4.0 * (variance / n).sqrt(), "{p}: {share}");
        let pairs = gains.windows(2).filter(|pair| pair == &[0.0, 0.0]).count() as f64 / n;
        // Overlapping pairs: variance p²(1 + 2p − 3p²) each.
        let error = 4.0 * (p * p * (1.0 + 2.0 * p - 3.0 * p * p) / n).sqrt();
        assert!((pairs - p * p).abs() < error, "{p}: pairs {pairs}");
    }
}

/// Channels of a 1×1 convolution of planes.
fn project(tensors: &[weights::Tensor], planes: &[f32], pixels: usize) -> Vec<f32> {
    let (rows, bias) = (&tensors[0].values, &tensors[1].values);
    let inputs = planes.len() / pixels;
    let mut out = Vec::with_capacity(bias.len() * pixels);
    for (row, b) in rows.chunks_exact(inputs).zip(bias) {
        out.extend((0..pixels).map(|p| {
            let sum: f64 =
                (0..inputs).map(|i| f64::from(row[i]) * f64::from(planes[i * pixels + p])).sum();
            (sum + f64::from(*b)) as f32
        }));
    }
    out
}

#[test]
fn every_law_acts_where_its_location_says() {
    use NoiseLocation::{Features, Hidden, Input, Output};
    for law in LAWS {
        for location in [Features, Output, Input, Hidden] {
            for correlation in [0.0, 0.2] {
                let mut operator =
                    Operator { policy: Policy::Autoregressive, ..noisy(law, location) };
                operator.noise = operator.noise.map(|n| Noise { correlation, ..n });
                let a = &mut operator.architecture;
                (a.norm, a.activation) = (Norm::None, Activation::None);
                (a.kernel_size, a.num_layers) = (1, 2);
                let drawn = weights::draw(SEED, operator.index, a).tensors;
                let pixels = (operator.grid as usize).pow(2);
                let source = Source::new(SEED, &operator);
                let x = input(&operator);
                let mut part = unit(&operator, 3, &x);
                (part.start, part.metrics) = (Start::Input(&x), false);
                let outcome = run_blocks(&part, &[2..4]).unwrap().remove(0);
                for (m, states) in (2..).zip(outcome.states.chunks_exact(3 * x.len())) {
                    for step in 0..2 {
                        // From the state that the rollout had, by hand.
                        let mut z = states[step * x.len()..][..x.len()].to_vec();
                        let act = |site, z: &mut Vec<f32>| {
                            let at = Place { site, step: step as u32, realization: m };
                            let side = operator.grid as usize;
                            source.perturbation(at, z.len() / pixels, side, 0.2).apply(z);
                        };
                        if location == Input {
                            act(site::INPUT, &mut z);
                        }
                        for (layer, tensors) in (0_u32..).zip(drawn.chunks_exact(2)) {
                            let last = layer == 3;
                            if last && location == Features && law != NoiseLaw::Gaussian {
                                act(site::FEATURES, &mut z);
                            }
                            z = project(tensors, &z, pixels);
                            if !last && location == Hidden {
                                act(site::HIDDEN + layer, &mut z);
                            }
                        }
                        if location == Features && law == NoiseLaw::Gaussian {
                            // Drawn behind the output layer, equal in law to drawing the features.
                            let factor = Cholesky::of_rows(&drawn[6].values, 3).unwrap();
                            let at =
                                Place { site: site::FEATURES, step: step as u32, realization: m };
                            source.projected(at, &factor, 0.2).apply(&mut z);
                        }
                        if location == Output {
                            act(site::OUTPUT, &mut z);
                        }
                        let next = &states[(step + 1) * x.len()..][..x.len()];
                        let error = relative(next, &z);
                        assert!(error < 1e-5, "{law:?} {location:?} ρ {correlation}: {error:e}");
                    }
                }
            }
        }
    }
}

/// An operator whose output without noise is a constant in each channel.
fn constant(law: NoiseLaw, schedule: Schedule) -> Operator {
    let noise = Noise { schedule, ..noise(law, NoiseLocation::Output) };
    let mut operator = Operator { policy: Policy::Autoregressive, noise: Some(noise), ..small() };
    let a = &mut operator.architecture;
    (a.norm, a.init, a.weight_gain) = (Norm::None, Init::Torch, 0.0);
    (a.num_layers, a.base_channels) = (1, 2);
    operator
}

/// The factor on the scale at step `t`, from its definition.
type Factor = fn(f64) -> f64;

#[test]
fn the_scale_follows_its_schedule_step_by_step() {
    const T: u32 = 13;
    const REALIZATIONS: u32 = 120;
    let schedules: [(Schedule, Factor); 3] = [
        (Schedule::Constant, |_| 1.0),
        (Schedule::Annealing, |t| 1.0 - t / 12.0),
        (Schedule::Periodic { period: 8 }, |t| 1.0 + 0.5 * (TAU * t / 8.0).sin()),
    ];
    for law in LAWS {
        for (schedule, factor) in schedules {
            let mut operator = constant(law, schedule);
            operator.architecture.channels = if law == NoiseLaw::Dropout { 64 } else { 3 };
            let pixels = (operator.grid as usize).pow(2);
            let drawn = weights::draw(SEED, operator.index, &operator.architecture).tensors;
            let bias = &drawn[drawn.len() - 1].values;
            let x = input(&operator);
            let mut part = unit(&operator, T, &x);
            part.metrics = false;
            let outcome = run_blocks(&part, &[0..REALIZATIONS]).unwrap().remove(0);
            for t in 0..T - 1 {
                let scale = 0.2 * factor(f64::from(t));
                let states = outcome.states.chunks_exact(x.len()).skip(t as usize + 1);
                let planes = states
                    .step_by(T as usize)
                    .flat_map(|state| state.chunks_exact(pixels).zip(bias))
                    .collect::<Vec<_>>();
                if law == NoiseLaw::Dropout {
                    let n = planes.len() as f64;
                    let dropped = planes.iter().filter(|(plane, _)| plane[0] == 0.0).count() as f64;
                    let error = 4.0 * (scale * (1.0 - scale) / n).sqrt();
                    assert!((dropped / n - scale).abs() < error, "{schedule:?} {t}: {dropped}");
                    continue;
                }
                let n = (planes.len() * pixels) as f64;
                let square: f64 = planes
                    .iter()
                    .flat_map(|(plane, bias)| {
                        plane.iter().map(|x| f64::from(x - **bias)).map(|d| {
                            if law == NoiseLaw::Multiplicative { d / f64::from(**bias) } else { d }
                        })
                    })
                    .map(|d| d * d)
                    .sum();
                let spread = if law == NoiseLaw::Laplace { 5.0_f64 } else { 2.0 };
                let ratio = square / n / scale.powi(2);
                let error = 4.0 * (spread / n).sqrt();
                assert!((ratio - 1.0).abs() < error, "{law:?} {schedule:?} {t}: {ratio} ± {error}");
            }
        }
    }
}

/// No pair of fields of `n` independent values is correlated: every |r| below 5/√n, and Σ n·r² within
/// five standard deviations of its mean, the number of pairs.
fn check_pairs(fields: &[Vec<f32>]) {
    let n = fields[0].len() as f64;
    let standard: Vec<Vec<f32>> = fields
        .iter()
        .map(|field| {
            let mean = field.iter().map(|&v| f64::from(v)).sum::<f64>() / n;
            let square = field.iter().map(|&v| (f64::from(v) - mean).powi(2)).sum::<f64>();
            field.iter().map(|&v| ((f64::from(v) - mean) / square.sqrt()) as f32).collect()
        })
        .collect();
    let (mut sum, mut pairs) = (0.0, 0.0_f64);
    for (a, first) in standard.iter().enumerate() {
        for (b, second) in standard[..a].iter().enumerate() {
            let r: f64 = first.iter().zip(second).map(|(x, y)| f64::from(x * y)).sum();
            assert!(r.abs() < 5.0 / n.sqrt(), "fields {b} and {a}: r {r}");
            sum += n * r * r;
            pairs += 1.0;
        }
    }
    assert!((sum - pairs).abs() < 5.0 * (2.0 * pairs).sqrt(), "Σ n·r² {sum} of {pairs} pairs");
}

#[test]
fn no_two_draws_of_any_operator_site_step_or_realization_are_correlated() {
    let sites = [
        site::FEATURES,
        site::OUTPUT,
        site::INPUT,
        site::HIDDEN,
        site::HIDDEN + 1,
        site::DROPOUT,
        site::DROPOUT + 1,
    ];
    let mut fields = Vec::new();
    for index in [0, 1, 1 << 40] {
        let operator = Operator { index, ..noisy(NoiseLaw::Gaussian, NoiseLocation::Features) };
        let source = Source::new(SEED, &operator);
        for site in sites {
            for step in [0, 1, 256] {
                for realization in [0, 1, 5] {
                    let at = Place { site, step, realization };
                    fields.push(source.field(NoiseLaw::Gaussian, at, 8, operator.grid as usize));
                }
            }
        }
    }
    check_pairs(&fields);
}

#[test]
fn no_two_states_of_a_rollout_carry_the_same_noise() {
    let mut fields = Vec::new();
    for index in 0..4 {
        // Gaussian: products of heavy-tailed numbers stray beyond five standard errors more often.
        let base = constant(NoiseLaw::Gaussian, Schedule::Constant);
        let operator = Operator { index, grid: 32, ..base };
        let x = input(&operator);
        let mut part = unit(&operator, 7, &x);
        part.metrics = false;
        for outcome in run_blocks(&part, &[0..3, 3..5]).unwrap() {
            for (at, state) in outcome.states.chunks_exact(x.len()).enumerate() {
                if at % 7 > 0 {
                    // Channels one by one: each has its own constant.
                    fields.extend(state.chunks_exact(1024).map(<[f32]>::to_vec));
                }
            }
        }
    }
    assert_eq!(fields.len(), 360);
    check_pairs(&fields);
}
