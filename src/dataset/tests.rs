//! The writer against plain h5py, and the promises about digest and atomicity.

use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::{Value, json};

use super::sample::{Form, PLAIN, digest_of, sample};
use super::*;
use crate::error::{Error, ErrorKind};
use crate::key::Digest;

/// Every form that a file can take.
pub(super) const FORMS: [Form; 6] = [
    PLAIN,
    Form { compression: Some(4), ..PLAIN },
    Form { steps: 7, chunks: true, ..PLAIN },
    Form { steps: 7, chunks: true, compression: Some(6), ..PLAIN },
    Form { steps: 4, half: true, chunks: true, compression: Some(1), ..PLAIN },
    Form { operators: 7, steps: 4, mixed: true, chunks: true, compression: Some(6), ..PLAIN },
];

fn quiet(_: u64) {}

pub(super) fn write_to(target: &Path, form: Form) -> Written {
    write(target, &sample(form), &quiet).unwrap()
}

fn python(script: &Path, arguments: &[&Path]) -> String {
    let local = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/.python"));
    let packages = match std::env::var_os("SPINLOCK_TEST_PYTHONPATH") {
        Some(path) if !local.exists() => PathBuf::from(path),
        _ => local,
    };
    assert!(packages.exists(), "`make setup` brings the Python packages that the tests need");
    let run = Command::new("python3")
        .arg(script)
        .args(arguments)
        .env("PYTHONPATH", packages)
        .output()
        .unwrap();
    let told = String::from_utf8_lossy(&run.stdout).into_owned();
    assert!(run.status.success(), "{told}{}", String::from_utf8_lossy(&run.stderr));
    told
}

fn json_of(value: &Attribute) -> Value {
    match value {
        Attribute::Text(v) => json!(v),
        Attribute::Texts(v) => json!(v),
        Attribute::Int(v) => json!(v),
        Attribute::Float(v) => json!(v),
        Attribute::Floats { shape, values } => {
            assert_eq!(shape.len(), 2);
            json!(values.chunks(shape[1]).collect::<Vec<_>>())
        }
    }
}

/// What the Python script shall find, said from the plain data and not from the file.
fn expectation(form: Form) -> Value {
    // Values in memory: the same data set without chunks.
    let file = sample(Form { chunks: false, ..form });
    let mut arrays = serde_json::Map::new();
    for a in &file.arrays {
        let attributes: serde_json::Map<_, _> =
            a.attributes.iter().map(|(name, value)| (name.clone(), json_of(value))).collect();
        let mut labels: Vec<&str> = a.labels.clone();
        labels.resize(a.shape.len(), "");
        let (hash, texts) = match &a.data {
            Data::Memory(bytes) => (json!(Digest::of(bytes)), Value::Null),
            Data::Texts(texts) => (Value::Null, json!(texts)),
            Data::Chunks { .. } => unreachable!("values are in memory"),
        };
        arrays.insert(
            a.path.clone(),
            json!({
                "dtype": a.dtype.name(), "shape": a.shape, "labels": labels,
                "unlimited": a.extensible, "blake3": hash, "texts": texts, "attributes": attributes,
            }),
        );
    }
    let mut attributes = json!({});
    for (path, name, value) in &file.attributes {
        attributes[path][name] = json_of(value);
    }
    attributes["/"] = json!({
        "generator": concat!("spinlock ", env!("CARGO_PKG_VERSION")),
        "spinlock_key": file.key, "spinlock_digest": digest_of(&file),
    });
    json!({"arrays": arrays, "attributes": attributes, "scales": file.scales})
}

#[test]
fn h5py_reads_what_was_written_and_recomputes_the_digest() {
    let folder = tempfile::tempdir().unwrap();
    let script = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/python/check_data_set.py"));
    let page = include_str!("../../docs/data-set.md");
    let code = page.split("<!-- digest -->\n```python\n").nth(1).unwrap();
    let digest_script = folder.path().join("digest.py");
    std::fs::write(&digest_script, code.split("```").next().unwrap()).unwrap();
    for (number, form) in FORMS.into_iter().enumerate() {
        let target = folder.path().join(format!("{number}.h5"));
        let written = write_to(&target, form);
        assert_eq!(written.bytes, std::fs::metadata(&target).unwrap().len());
        let expected = folder.path().join("expected.json");
        std::fs::write(&expected, expectation(form).to_string()).unwrap();
        assert_eq!(python(script, &[&target, &expected]), "as expected\n", "{form:?}");
        let recomputed = python(&digest_script, &[&target]);
        assert_eq!(recomputed.trim(), written.digest.to_string(), "{form:?}");
    }
}

#[test]
fn the_digest_is_that_of_the_content_and_of_nothing_else() {
    let base = digest_of(&sample(FORMS[3]));
    for compression in [None, Some(9)] {
        for chunks in [false, true] {
            assert_eq!(digest_of(&sample(Form { compression, chunks, ..FORMS[3] })), base);
        }
    }
    let edited = |edit: &dyn Fn(&mut File)| {
        let mut file = sample(Form { chunks: false, ..FORMS[3] });
        edit(&mut file);
        digest_of(&file)
    };
    let array =
        |file: &mut File, path: &str| file.arrays.iter().position(|a| a.path == path).unwrap();
    assert_eq!(edited(&|_| ()), base);
    assert_eq!(edited(&|f| f.arrays.reverse()), base);
    assert_eq!(edited(&|f| f.scales.clear()), base);
    assert_eq!(edited(&|f| f.attributes.retain(|(_, name, _)| name != "provenance")), base);
    assert_eq!(edited(&|f| f.arrays.retain(|a| a.path != "/metadata/provenance")), base);
    let edits: [&dyn Fn(&mut File); 7] = [
        &|f| f.attributes.retain(|(_, name, _)| name != "config"),
        &|f| f.arrays.retain(|a| a.path != "/parameters/values/dt"),
        &|f| {
            let i = array(f, "/outputs/fields");
            let Data::Memory(bytes) = &mut f.arrays[i].data else { panic!() };
            bytes[1234] ^= 1;
        },
        &|f| {
            let i = array(f, "/metadata/ic_types");
            let Data::Texts(texts) = &mut f.arrays[i].data else { panic!() };
            texts.swap(0, 1);
        },
        &|f| {
            let i = array(f, "/parameters/params");
            f.arrays[i].attributes.pop();
        },
        &|f| {
            let i = array(f, "/metadata/valid");
            f.arrays[i].shape = vec![5, 7, 3];
        },
        &|f| {
            let i = array(f, "/inputs/fields");
            f.arrays[i].path = "/input/fields".into();
        },
    ];
    let mut seen = std::collections::BTreeSet::from([base]);
    for edit in edits {
        assert!(seen.insert(edited(edit)), "an edit left the digest as it was");
    }
}

#[test]
fn the_digest_is_stable() {
    insta::assert_snapshot!(digest_of(&sample(PLAIN)), @"5cab5799109b71cb3676027b668a7ba4f5d51cc7e63182dfbf457e013ba83400");
}

#[test]
fn the_same_data_set_gives_the_same_file() {
    let folder = tempfile::tempdir().unwrap();
    let made = |name: &str| -> Vec<Vec<u8>> {
        let target = folder.path().join(name);
        let one = |form| {
            write_to(&target, form);
            std::fs::read(&target).unwrap()
        };
        FORMS.into_iter().map(one).collect()
    };
    let first = made("a.h5");
    std::thread::sleep(std::time::Duration::from_millis(1100)); // HDF5 counts times in seconds
    for ((a, b), form) in first.into_iter().zip(made("b.h5")).zip(FORMS) {
        assert!(a == b, "{form:?}");
    }
}

#[test]
fn a_chunk_that_fails_leaves_the_old_file_and_nothing_else() {
    let folder = tempfile::tempdir().unwrap();
    let target = folder.path().join("x.h5");
    write_to(&target, PLAIN);
    let before = std::fs::read(&target).unwrap();
    let mut file = sample(FORMS[3]);
    let outputs = file.arrays.iter_mut().find(|a| a.path == "/outputs/fields").unwrap();
    let Data::Chunks { chunks, .. } = &mut outputs.data else { panic!() };
    chunks.last_mut().unwrap().load = Box::new(|| Err(Error::integrity("entry `x` is damaged")));
    let error = write(&target, &file, &quiet).unwrap_err();
    assert_eq!(
        (error.kind, error.message.as_str()),
        (ErrorKind::Integrity, "entry `x` is damaged")
    );
    assert_eq!(std::fs::read(&target).unwrap(), before);
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
}

#[test]
fn parts_that_do_not_fit_are_refused_before_anything_is_written() {
    let folder = tempfile::tempdir().unwrap();
    let target = folder.path().join("x.h5");
    let refused = |edit: &dyn Fn(&mut File)| {
        let mut file = sample(FORMS[3]);
        edit(&mut file);
        write(&target, &file, &quiet).unwrap_err().message
    };
    let outputs = |f: &mut File| f.arrays.iter().position(|a| a.path == "/outputs/fields").unwrap();
    let pop = refused(&|f| {
        let i = outputs(f);
        let Data::Chunks { chunks, .. } = &mut f.arrays[i].data else { panic!() };
        chunks.pop();
    });
    assert!(
        pop.contains("/outputs/fields") && pop.contains("29 chunks given, 30 expected"),
        "{pop}"
    );
    assert!(refused(&|f| f.arrays[0].shape = vec![4]).contains("/metadata/operator"));
    assert!(refused(&|f| f.scales[0].2 = "/none".into()).contains("/none"));
    assert!(refused(&|f| f.arrays[1].path = f.arrays[0].path.clone()).contains("array `/metadata"));
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
}

#[test]
fn progress_counts_the_bytes_written() {
    let folder = tempfile::tempdir().unwrap();
    let heard = std::cell::RefCell::new(Vec::new());
    let form = Form { steps: 7, chunks: true, ..PLAIN };
    write(&folder.path().join("x.h5"), &sample(form), &|n| heard.borrow_mut().push(n)).unwrap();
    let heard = heard.into_inner();
    assert!(heard.is_sorted());
    // 30 chunks of 2 × 3 states of 2 × 8 × 8 numbers, 5 inputs, and the small arrays.
    assert!(*heard.last().unwrap() > (30 * 6 + 5) * 2 * 64 * 4);
}

#[test]
fn only_a_file_of_this_program_is_ours() {
    let folder = tempfile::tempdir().unwrap();
    let target = folder.path().join("x.h5");
    assert!(!is_ours(&target));
    write_to(&target, PLAIN);
    assert!(is_ours(&target));
    std::fs::write(&target, b"something else").unwrap();
    assert!(!is_ours(&target));
    hdf5_metno::File::create(&target).unwrap();
    assert!(!is_ours(&target));
}
