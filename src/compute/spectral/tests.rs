use super::*;
use crate::compute::random::{Place, normals};
use crate::rng::Stream;

fn numbers(site: u32, count: usize) -> Vec<f32> {
    let mut out = vec![0.0; count];
    normals(Stream::new(3, "spectral", &[]), Place { site, ..Place::default() }, &mut out);
    out
}

/// The convolution as a sum in 64 bits, of a field with its border.
fn direct(shape: Shape, weight: &[f32], bias: &[f32], field: &[f32]) -> Vec<f64> {
    let Shape { inputs, outputs, kernel, side } = shape;
    let mut out = Vec::new();
    for y in 0..side {
        for x in 0..side {
            for o in 0..outputs {
                let mut sum = f64::from(bias[o]);
                for (dy, dx) in (0..kernel * kernel).map(|j| (j / kernel, j % kernel)) {
                    let pixel = ((y + dy) * (side + kernel - 1) + x + dx) * inputs;
                    for i in 0..inputs {
                        let tap = weight[((o * inputs + i) * kernel + dy) * kernel + dx];
                        sum += f64::from(tap) * f64::from(field[pixel + i]);
                    }
                }
                out.push(sum);
            }
        }
    }
    out
}

#[test]
fn tiles_give_the_direct_sum() {
    // Channels below, at and between multiples of a register; tiles that fit and that overlap.
    for (inputs, outputs, kernel, side, tile) in [
        (16, 16, 3, 12, 8),
        (3, 20, 3, 13, 8),
        (20, 3, 5, 9, 8),
        (37, 74, 3, 8, 8),
        (1, 1, 7, 8, 8),
        (18, 50, 5, 24, 16),
        (5, 130, 7, 19, 16),
        (33, 17, 9, 16, 16),
        (2, 2, 3, 14, 16),
    ] {
        let shape = Shape { inputs, outputs, kernel, side };
        let weight = numbers(1, outputs * inputs * kernel * kernel);
        let bias = numbers(2, outputs);
        let mut field = numbers(3, (side + kernel - 1).pow(2) * inputs);
        let expected = direct(shape, &weight, &bias, &field);
        // What lies behind the field is read, but must not matter.
        field.extend([f32::NAN; SLACK]);
        let mut out = vec![f32::NAN; side * side * outputs];
        let spectral = Spectral::new(shape, tile, &weight, Some(&bias));
        spectral.convolve(&field, &mut Scratch::default(), 1, &mut out);
        let largest = expected.iter().fold(0.0_f64, |most, v| most.max(v.abs()));
        for (got, want) in out.iter().zip(&expected) {
            let error = (f64::from(*got) - want).abs();
            assert!(error < 1e-6 * largest, "{shape:?}: {got} instead of {want}");
        }
    }
}

#[test]
fn scratch_of_another_convolution_does_not_matter() {
    let shape = Shape { inputs: 20, outputs: 24, kernel: 3, side: 18 };
    let weight = numbers(1, 20 * 24 * 9);
    let mut field = numbers(2, 20 * 20 * 20);
    field.extend([0.0; SLACK]);
    let run = |scratch: &mut Scratch| {
        let mut out = vec![0.0; 18 * 18 * 24];
        Spectral::new(shape, 8, &weight, None).convolve(&field, scratch, 1, &mut out);
        out
    };
    let mut used = Scratch { inputs: vec![f32::NAN; 1 << 20], products: vec![f32::NAN; 1 << 20] };
    assert_eq!(run(&mut Scratch::default()), run(&mut used));
}

#[test]
fn wide_layers_go_to_the_frequency_domain_and_narrow_ones_do_not() {
    let choice = |width, kernel, side| {
        tile_side(Shape { inputs: width, outputs: width, kernel, side }, BUDGET)
    };
    assert_eq!(choice(128, 3, 64), Some(8));
    assert_eq!(choice(64, 7, 64), Some(16));
    assert_eq!(choice(128, 5, 128), Some(16));
    assert_eq!(choice(8, 3, 64), None);
    assert_eq!(choice(128, 1, 64), None, "a 1×1 convolution is already a product");
    assert_eq!(choice(640, 7, 64), Some(8), "the spectrum at 16 is beyond the budget");
    assert_eq!(tile_side(Shape { inputs: 128, outputs: 128, kernel: 3, side: 64 }, 1000), None);
}

#[test]
fn every_slot_has_its_place() {
    for side in [8, 16] {
        let kinds: Vec<Slot> = (0..slots(side)).map(|index| slot(side, index)).collect();
        assert_eq!(kinds.iter().filter(|k| **k == Slot::Real).count(), 4);
        for kind in [Slot::Sum, Slot::Re, Slot::Im] {
            assert_eq!(kinds.iter().filter(|k| **k == kind).count(), (side / 2 - 1) * (side + 2));
        }
    }
}

#[test]
fn threads_do_not_matter() {
    let shape = Shape { inputs: 40, outputs: 30, kernel: 5, side: 40 };
    let weight = numbers(1, 40 * 30 * 25);
    let mut field = numbers(2, 44 * 44 * 40);
    field.extend([0.0; SLACK]);
    let spectral = Spectral::new(shape, 16, &weight, None);
    let run = |threads| {
        let mut out = vec![0.0; 40 * 40 * 30];
        spectral.convolve(&field, &mut Scratch::default(), threads, &mut out);
        out
    };
    let one = run(1);
    assert_eq!(one, run(2));
    assert_eq!(one, run(5));
}
