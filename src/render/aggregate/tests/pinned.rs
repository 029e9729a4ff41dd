//! The bits of panels. Pictures are keyed without a machine, so every machine must give these.

use super::golden::random;
use super::*;
use crate::key::Digest;

/// A panel that changed changes pictures: raise the version of its aggregate, then the pin.
#[test]
fn panels_have_the_same_bits_everywhere() {
    let values = random([6, 3, 20, 18], 11);
    let ensemble = Ensemble::new([3, 20, 18], &values);
    let span = Span::of(&ensemble);
    let pins = [
        ("mean", 1, ["53f9ec6be2f8", "53f9ec6be2f8"]),
        ("variance", 1, ["bdfa4d5bcdbb", "9266fece2a93"]),
        ("stddev", 1, ["dff5a952851e", "dff5a952851e"]),
        ("envelope", 1, ["9c072897f7cf", "9c072897f7cf"]),
        ("overlay", 1, ["4827fc3b06d2", "b3dd75e2b304"]),
        ("entropy", 1, ["177e27727109", "7c36a3ebfe97"]),
        ("pca", 1, ["5ff9e1934567", "3bac157a2c71"]),
        ("ssim", 1, ["571f012ddfa8", "151507f50a66"]),
        ("spectral", 1, ["107d558662ca", "c8c2660ed710"]),
    ];
    let found = AGGREGATES.iter().map(|a| {
        let bits = |method| match a.panel(&ensemble, &span, method) {
            Panel::Map(numbers) | Panel::Field(numbers) | Panel::Rgb(numbers, _) => {
                let bytes: Vec<u8> = numbers.iter().flat_map(|v| v.to_le_bytes()).collect();
                Digest::of(&bytes).to_string()[..12].to_owned()
            }
            Panel::Undefined(why) => panic!("{}: {why}", a.name()),
        };
        (a.name(), a.version(), [Method::Standard, Method::Compat].map(bits))
    });
    let found: Vec<_> = found.collect();
    let pins = pins.map(|(name, version, bits)| (name, version, bits.map(str::to_owned)));
    assert_eq!(found, pins);
}
