//! `validate` on sound, damaged, cut and hostile files.

use std::path::Path;

use super::sample::{Form, PLAIN, sample};
use super::tests::{FORMS, write_to};
use super::*;
use crate::error::ErrorKind;

type Edit = fn(&mut File);

fn check(path: &Path) -> Report {
    validate(path, &|_| {}).unwrap()
}

/// The names of the failed checks after an edit of the plain data.
fn failed(form: Form, edit: &dyn Fn(&mut File)) -> Vec<&'static str> {
    let folder = tempfile::tempdir().unwrap();
    let target = folder.path().join("x.h5");
    let mut file = sample(form);
    edit(&mut file);
    write(&target, &file, &|_| {}).unwrap();
    let report = check(&target);
    assert_eq!(report.error().is_none(), report.is_sound());
    report.failed.iter().map(|f| f.check).collect()
}

fn array<'f>(file: &'f mut File, path: &str) -> &'f mut Array {
    file.arrays.iter_mut().find(|a| a.path == path).unwrap()
}

fn bytes<'f>(file: &'f mut File, path: &str) -> &'f mut Vec<u8> {
    match &mut array(file, path).data {
        Data::Memory(bytes) => bytes,
        _ => panic!("values are not in memory"),
    }
}

fn texts<'f>(file: &'f mut File, path: &str) -> &'f mut Vec<String> {
    match &mut array(file, path).data {
        Data::Texts(texts) => texts,
        _ => panic!("holds no texts"),
    }
}

#[test]
fn a_sound_file_of_every_form_passes() {
    let folder = tempfile::tempdir().unwrap();
    let target = folder.path().join("x.h5");
    for form in FORMS {
        let written = write_to(&target, form);
        let report = check(&target);
        assert_eq!(report.failed, [], "{form:?}");
        assert_eq!(report.digest, Some(written.digest));
        // The sample says that one target was missed.
        assert_eq!(report.warnings.len(), 1);
        assert!(report.warnings[0].detail.contains("coverage_1d.max"));
        assert!(serde_json::to_string(&report).unwrap().starts_with(r#"{"schema":1,"#));
    }
}

#[test]
fn a_flipped_bit_is_found_wherever_it_is() {
    let folder = tempfile::tempdir().unwrap();
    let target = folder.path().join("x.h5");
    let mut unseen = Vec::new();
    for form in [FORMS[2], FORMS[3]] {
        write_to(&target, form);
        let whole = std::fs::read(&target).unwrap();
        let mut state = 1_u64;
        for _ in 0..400 {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            let bit = (state >> 16) as usize % (whole.len() * 8);
            let mut damaged = whole.clone();
            damaged[bit / 8] ^= 1 << (bit % 8);
            std::fs::write(&target, &damaged).unwrap();
            match validate(&target, &|_| {}) {
                Ok(report) if report.is_sound() => unseen.push(bit / 8),
                _ => {}
            }
        }
        // Bytes that hold nothing: padding of edge chunks and free space between objects. None of
        // those may hold a value.
        write_to(&target, form);
        for at in unseen.drain(..) {
            let mut damaged = whole.clone();
            damaged[at] ^= 0xff;
            std::fs::write(&target, &damaged).unwrap();
            let report = check(&target);
            // Of a byte of a deflate stream, one bit may say nothing and the others something.
            let digest = report.digest.map(|d| d.to_string());
            assert!(digest.is_none() || digest == report.stored_digest, "byte {at}");
        }
    }
}

#[test]
fn a_file_cut_anywhere_is_an_error_or_damaged() {
    let folder = tempfile::tempdir().unwrap();
    let target = folder.path().join("x.h5");
    write_to(&target, FORMS[3]);
    let whole = std::fs::read(&target).unwrap();
    for part in 0..40 {
        std::fs::write(&target, &whole[..whole.len() * part / 40]).unwrap();
        match validate(&target, &|_| {}) {
            Ok(report) => assert!(!report.is_sound()),
            Err(error) => assert_eq!(error.kind, ErrorKind::Integrity),
        }
    }
    std::fs::remove_file(&target).unwrap();
    assert_eq!(validate(&target, &|_| {}).unwrap_err().kind, ErrorKind::Environment);
}

#[test]
fn random_bytes_in_a_file_never_crash_the_reader() {
    let folder = tempfile::tempdir().unwrap();
    let target = folder.path().join("x.h5");
    write_to(&target, FORMS[5]);
    let whole = std::fs::read(&target).unwrap();
    let mut state = 7_u64;
    for _ in 0..300 {
        let mut damaged = whole.clone();
        for _ in 0..8 {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            let at = (state >> 20) as usize % damaged.len().min(9000);
            damaged[at] = (state >> 56) as u8;
        }
        std::fs::write(&target, &damaged).unwrap();
        let _ = validate(&target, &|_| {});
        let _ = info(&target);
    }
}

#[test]
fn what_a_changed_file_says_of_itself_is_not_believed() {
    let folder = tempfile::tempdir().unwrap();
    let target = folder.path().join("x.h5");
    write_to(&target, PLAIN);
    let hdf = hdf5_metno::File::open_rw(&target).unwrap();
    let params = hdf.dataset("/parameters/params").unwrap();
    let mut values: Vec<f64> = params.read_raw().unwrap();
    values.swap(0, 3);
    params.write_raw(values.as_slice()).unwrap();
    drop(params);
    hdf.new_dataset::<u32>().shape([3]).create("extra").unwrap();
    hdf.close().unwrap();
    let report = check(&target);
    let checks: Vec<_> = report.failed.iter().map(|f| f.check).collect();
    assert_eq!(checks, ["structure", "digest", "parameters"]);
    assert!(report.failed[0].detail.contains("`/extra`"));
    assert!(report.error().unwrap().message.contains("and 2 more"));
}

#[test]
fn arrays_that_are_missing_or_misshapen_are_named() {
    for (path, check) in [
        ("/metadata/valid", "structure"),
        ("/metadata/split", "structure"),
        ("/metadata/one_step_gain", "structure"),
        ("/metadata/collapsed", "structure"),
        ("/metadata/config", "structure"),
        ("/parameters/params", "parameters"),
    ] {
        let checks = failed(PLAIN, &|f| {
            f.arrays.retain(|a| a.path != path);
            f.scales.retain(|(array, ..)| array != path);
        });
        assert_eq!(checks[0], check, "{path}");
    }
    let wider = |f: &mut File| {
        let outputs = array(f, "/outputs/metrics/energy");
        outputs.shape = vec![3, 5, 1];
        f.scales.clear();
    };
    assert_eq!(failed(PLAIN, &wider), ["structure"]);
    let typed = |f: &mut File| {
        let codes = array(f, "/metadata/collapsed");
        codes.dtype = Type::Number(crate::cache::Dtype::I64);
        codes.data = Data::Memory(vec![0; 40]);
    };
    assert_eq!(failed(PLAIN, &typed), ["structure"]);
    let misplaced = |f: &mut File| bytes(f, "/metadata/row")[8] = 7;
    assert_eq!(failed(FORMS[5], &misplaced)[0], "structure");
}

#[test]
fn values_that_cannot_be_are_found() {
    let cases: [(&str, Edit); 10] = [
        ("parameters", |f| {
            bytes(f, "/parameters/params")[..8].copy_from_slice(&1.5_f64.to_le_bytes());
        }),
        ("parameters", |f| bytes(f, "/parameters/values/num_layers")[0] = 6),
        ("parameters", |f| texts(f, "/parameters/values/activation")[1] = "tanh".into()),
        ("inputs", |f| {
            bytes(f, "/inputs/fields")[400..404].copy_from_slice(&f32::NAN.to_le_bytes());
        }),
        ("inputs", |f| bytes(f, "/inputs/fields")[512..1024].fill(0)),
        ("outputs", |f| {
            bytes(f, "/outputs/fields")[400..404].copy_from_slice(&f32::NAN.to_le_bytes());
        }),
        ("valid", |f| bytes(f, "/metadata/valid")[4] = 9),
        ("dynamics", |f| {
            bytes(f, "/metadata/one_step_gain")[4..8].copy_from_slice(&(-1_f32).to_le_bytes());
        }),
        ("dynamics", |f| bytes(f, "/metadata/collapsed")[4] = 2),
        ("split", |f| texts(f, "/metadata/split")[0] = "training".into()),
    ];
    for (expected, edit) in cases {
        assert_eq!(failed(PLAIN, &edit), [expected]);
    }
    let renamed = |f: &mut File| texts(f, "/metadata/ic_types")[0] = "other".into();
    assert_eq!(failed(PLAIN, &renamed), ["proportions"]);
    let many = Form { operators: 200, ..PLAIN };
    let skewed = |f: &mut File| texts(f, "/metadata/ic_types")[..80].fill("grf_v0".into());
    assert_eq!(failed(many, &skewed), ["proportions"]);
}

#[test]
fn a_bad_state_passes_if_its_code_says_so() {
    let marked = |code: u8| {
        move |f: &mut File| {
            bytes(f, "/outputs/fields")[..512].fill(0xff);
            bytes(f, "/metadata/valid")[0] = code;
        }
    };
    assert_eq!(failed(PLAIN, &marked(0)), ["outputs"]);
    assert_eq!(failed(PLAIN, &marked(2)), ["outputs"]);
    assert_eq!(failed(PLAIN, &marked(1)), [""; 0]);
    assert_eq!(failed(PLAIN, &marked(3)), [""; 0]);
    let flat = |code: u8| {
        move |f: &mut File| {
            bytes(f, "/outputs/fields")[..512].fill(0);
            bytes(f, "/metadata/valid")[0] = code;
        }
    };
    assert_eq!(failed(PLAIN, &flat(0)), ["outputs"]);
    assert_eq!(failed(PLAIN, &flat(2)), [""; 0]);
}
