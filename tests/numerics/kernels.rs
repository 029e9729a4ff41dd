//! Our CUDA kernels, compiled as C++ and launched through the calls of the driver, of which
//! `fake_driver.cpp` is one that runs them on the processor.

use std::process::Command;
use std::sync::{Arc, LazyLock};

use spinlock::compute::batch::noise::Generator;
use spinlock::compute::batch::{self, Means};
use spinlock::compute::cuda::kernels::{Kernels, Law, Names};
use spinlock::compute::cuda::library::Library;
use spinlock::compute::is_out_of_memory;
use spinlock::compute::layout::Layout;
use spinlock::compute::noise::normal_to_laplace;
use spinlock::compute::random::{Place, dropout_gains, laplaces, normals};
use spinlock::operator::{NoiseLaw, NoiseLocation};
use spinlock::rng::{Counter, Stream};
use tch::{Device, Kind, Tensor};

use crate::{bits, input, noise, noisy, unit};

struct Fake {
    kernels: Arc<Kernels>,
    library: Library,
    _folder: tempfile::TempDir,
}

/// The kernels on a device that is the processor.
fn fake() -> &'static Fake {
    static FAKE: LazyLock<Fake> = LazyLock::new(|| {
        let folder = tempfile::tempdir().unwrap();
        let library = folder.path().join("libfake.so");
        let root = env!("CARGO_MANIFEST_DIR");
        let compiler = std::env::var("CXX").unwrap_or_else(|_| "c++".to_owned());
        let output = Command::new(compiler)
            .args([
                "-std=c++17",
                "-O2",
                "-ffp-contract=off",
                "-shared",
                "-fPIC",
                "-Wall",
                "-Werror",
            ])
            .arg(format!("-DKERNELS=\"{root}/src/compute/cuda/noise.cu\""))
            .arg(format!("{root}/tests/numerics/fake_driver.cpp"))
            .arg("-o")
            .arg(&library)
            .output()
            .unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let name = library.to_str().unwrap();
        let names = Names { driver: name, nvrtc: &[name], torch: name };
        let kernels = Arc::new(Kernels::load(0, names).unwrap());
        Fake { kernels, library: Library::open(name).unwrap(), _folder: folder }
    });
    &FAKE
}

fn rows(count: i64, length: i64) -> Tensor {
    Tensor::full([count, length], f64::NAN, (Kind::Float, Device::Cpu))
}

fn values(tensor: &Tensor) -> Vec<f32> {
    let mut out = vec![0.0; tensor.numel()];
    let length = out.len();
    tensor.copy_data(&mut out, length);
    out
}

const AT: Place = Place { site: 0x103, step: 17, realization: 5 };

fn stream() -> Stream {
    Stream::new(9, "noise", &[3])
}

/// Lengths that fill groups of 64 and launches of 256 threads, and such that do not.
const LENGTHS: [usize; 7] = [1, 15, 63, 64, 65, 1000, 3 * 64 * 64];

#[test]
fn kernels_draw_the_integers_of_the_host() {
    for length in LENGTHS {
        let mut out = rows(2, length as i64);
        fake().kernels.draw(&mut out, stream(), AT, Law::Words, (1.0, 0.0)).unwrap();
        for (row, words) in (0..).zip(values(&out).chunks_exact(length)) {
            for (e, word) in words.iter().enumerate() {
                let counter = Counter {
                    block: (16 * (e / 64) + e % 16) as u32,
                    site: AT.site,
                    step: AT.step,
                    realization: AT.realization + row,
                };
                assert_eq!(word.to_bits(), stream().block(counter)[e % 64 / 16], "element {e}");
            }
        }
    }
}

#[test]
fn kernels_draw_the_numbers_of_the_host_bit_for_bit() {
    for length in LENGTHS {
        for law in [Law::Normal, Law::Laplace] {
            for (scale, offset) in [(1.0, 0.0), (0.3_f32, 0.0), (0.3, 1.0)] {
                let mut out = rows(3, length as i64);
                fake().kernels.draw(&mut out, stream(), AT, law, (scale, offset)).unwrap();
                for (row, got) in (0..).zip(values(&out).chunks_exact(length)) {
                    let at = Place { realization: AT.realization + row, ..AT };
                    let mut expected = vec![0.0; length];
                    match law {
                        Law::Laplace => laplaces(stream(), at, &mut expected),
                        _ => normals(stream(), at, &mut expected),
                    }
                    for x in &mut expected {
                        *x *= scale;
                        *x = if offset == 0.0 { *x } else { offset + *x };
                    }
                    assert_eq!(bits(got), bits(&expected), "{law:?} row {row} of {length}");
                }
            }
        }
    }
}

#[test]
fn kernels_drop_the_channels_of_the_host() {
    for (channels, p) in [(1, 0.5), (37, 0.1), (300, 0.95)] {
        let mut out = rows(4, channels);
        fake().kernels.gains(&mut out, stream(), AT, p).unwrap();
        for (row, got) in (0..).zip(values(&out).chunks_exact(channels as usize)) {
            let at = Place { realization: AT.realization + row, ..AT };
            let mut expected = vec![0.0; channels as usize];
            dropout_gains(stream(), at, p, &mut expected);
            assert_eq!(bits(got), bits(&expected));
        }
    }
}

#[test]
fn kernels_turn_normals_into_laplace_variates_as_the_host_does() {
    let mut expected = vec![0.0; 5000];
    normals(stream(), AT, &mut expected);
    expected[..4].copy_from_slice(&[0.0, -0.0, 30.0, -30.0]);
    let mut out = Tensor::from_slice(&expected).view([2, 2500]);
    normal_to_laplace(&mut expected);
    fake().kernels.normal_to_laplace(&mut out).unwrap();
    assert_eq!(bits(&values(&out)), bits(&expected));
}

#[test]
fn rollouts_do_not_depend_on_who_draws() {
    for law in [NoiseLaw::Gaussian, NoiseLaw::Laplace, NoiseLaw::Multiplicative, NoiseLaw::Dropout]
    {
        for location in [NoiseLocation::Features, NoiseLocation::Output, NoiseLocation::Hidden] {
            for correlation in [0.0, 0.2] {
                let mut operator = noisy(law, location);
                operator.noise =
                    Some(spinlock::operator::Noise { correlation, ..noise(law, location) });
                operator.architecture.dropout_rate = 0.1;
                let start = input(&operator);
                let unit = unit(&operator, 3, &start);
                let by = |generator| {
                    let means = Means { generator, layout: Layout::PLAIN };
                    batch::run_blocks(&unit, &[0..3], means).unwrap().remove(0).states
                };
                let kernels = by(Generator::Kernels(Arc::clone(&fake().kernels)));
                assert_eq!(bits(&kernels), bits(&by(Generator::Host)), "{law:?} {location:?}");
            }
        }
    }
}

#[test]
fn a_device_that_refuses_is_an_error_and_one_without_memory_is_recognised() {
    #[expect(unsafe_code, reason = "a function of the fake driver")]
    // SAFETY: `fake_driver.cpp` gives it this type.
    let fail_next =
        unsafe { fake().library.function::<unsafe extern "C" fn(i32)>(c"fail_next").unwrap() };
    let launch = |error| {
        #[expect(unsafe_code, reason = "a function of the fake driver")]
        // SAFETY: it sets a number.
        unsafe {
            fail_next(error);
        };
        // The failure is for this thread's launch alone: other tests launch on this library too.
        fake().kernels.normal_to_laplace(&mut rows(1, 64))
    };
    assert!(is_out_of_memory(&launch(2).unwrap_err()));
    let error = launch(700).unwrap_err();
    assert!(!is_out_of_memory(&error));
    assert!(error.to_string().contains("cannot launch a kernel: error 700"), "{error}");
    launch(0).unwrap();
}

#[test]
fn a_missing_library_and_a_missing_function_are_named() {
    let error = Library::open("libnowhere.so.7").unwrap_err();
    assert!(error.to_string().contains("cannot open `libnowhere.so.7`"), "{error}");
    assert_eq!(error.kind.exit_code(), 3);
    #[expect(unsafe_code, reason = "looks up a function that is not there")]
    // SAFETY: it is not called.
    let missing = unsafe { fake().library.function::<extern "C" fn()>(c"cuNothing") };
    assert!(missing.unwrap_err().to_string().contains("has no function `cuNothing`"));
}
