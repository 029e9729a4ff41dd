//! `info`, `info --row` and `diff`: what they say of files whose content is known.

use std::path::{Path, PathBuf};

use super::sample::{Form, PLAIN, sample};
use super::tests::{FORMS, write_to};
use super::*;
use crate::error::ErrorKind;

fn written(folder: &Path, name: &str, form: Form, edit: &dyn Fn(&mut File)) -> PathBuf {
    let target = folder.join(name);
    let mut file = sample(form);
    edit(&mut file);
    write(&target, &file, &|_| {}).unwrap();
    target
}

fn bytes<'f>(file: &'f mut File, path: &str) -> &'f mut Vec<u8> {
    match &mut file.arrays.iter_mut().find(|a| a.path == path).unwrap().data {
        Data::Memory(bytes) => bytes,
        _ => panic!("values are not in memory"),
    }
}

#[test]
fn info_tells_what_a_file_holds() {
    let folder = tempfile::tempdir().unwrap();
    let target = folder.path().join("x.h5");
    let made = write_to(&target, FORMS[5]);
    let info = info(&target).unwrap();
    assert_eq!(info.digest, Some(made.digest.to_string()));
    assert_eq!(info.bytes, made.bytes);
    let axes = (info.operators, info.realizations, info.steps, info.channels);
    assert_eq!(axes, (7, 3, 4, 2));
    assert_eq!(info.counts["grid_sizes"], [("12".to_owned(), 3), ("8".to_owned(), 4)].into());
    assert_eq!(info.counts["rollout_policies"]["convex"], 4);
    assert_eq!(info.states, States { sound: 84, ..States::default() });
    let outputs = info.arrays.iter().find(|a| a.path == "/outputs/12/fields").unwrap();
    assert_eq!(outputs.shape, [3, 3, 4, 2, 12, 12]);
    assert_eq!(outputs.chunk.as_deref(), Some(&[1, 2, 3, 2, 12, 12][..]));
    assert_eq!(outputs.labels, ["operator", "realization", "time", "channel", "y", "x"]);
    assert_eq!(info.provenance["profile"], "test");
    assert_eq!(info.attributes["/parameters/params"]["bounds"][0][1], 5.0);
    assert_eq!(info.problems, [""; 0]);
    let dynamics = info.dynamics.as_ref().unwrap();
    // Three operators of each kind but the last: gains 0.02 and 0.5, codes 1, 0 and 255.
    assert_eq!(dynamics.all, Collapse { operators: 7, measured: 5, collapsed: 3 });
    assert_eq!(dynamics.low_gain, 3);
    let [least, .., most] = dynamics.gain_quantiles.unwrap();
    assert!((least - 0.02).abs() < 1e-6 && (most - 0.5).abs() < 1e-6);
    let text = render_info(&info);
    for part in [
        "7 operators, 3 realizations, 4 states, 2 channels",
        "targets missed: coverage_1d.max",
        "worst coverage of 32 bins, χ²/dof  5.000e-1",
        "/outputs/12/fields",
        "gain below 0.1               3 of 7",
        "collapse to a uniform state  3 of 5",
    ] {
        assert!(text.contains(part), "{part} is not in\n{text}");
    }
}

#[test]
fn a_row_tells_all_about_one_operator() {
    let folder = tempfile::tempdir().unwrap();
    let form = Form { operators: 7, steps: 4, mixed: true, ..PLAIN };
    let target = written(folder.path(), "x.h5", form, &|f| {
        // The last state of realization 1 of operator 3, which is row 1 of grid 12: all 2.
        let state = (3 + 1) * 4 + 3;
        let fields = bytes(f, "/outputs/12/fields");
        for value in fields[state * 1152..(state + 1) * 1152].as_chunks_mut::<4>().0 {
            *value = 2.0_f32.to_le_bytes();
        }
        bytes(f, "/metadata/valid")[(3 * 3 + 1) * 4 + 3] = 2;
    });
    let row = row(&target, 3).unwrap();
    assert_eq!(row.metadata["ic_types"], "grf_v0");
    assert_eq!(row.metadata["grid_size"], "12");
    assert_eq!(row.parameters["dt"], "0.01");
    assert_eq!(row.coordinates.len(), 3);
    assert_eq!((row.collapsed, row.one_step_gain.map(|g| g as f32)), (Some(true), Some(0.02)));
    assert_eq!(row.first_bad_state, [None, Some(3), None]);
    assert_eq!(row.last_states.len(), 3);
    assert_eq!(row.last_states[1], Summary { min: 2.0, max: 2.0, mean: 2.0, std: 0.0 });
    assert!(row.last_states[0].std > 0.1 && row.input.unwrap().std > 0.1);
    assert_eq!(row.metrics.len(), 5);
    assert_eq!(row.metrics["energy"].len(), 3);
    let text = render_row(&row);
    assert!(text.contains("not sound from state 3 on"), "{text}");
    let undefined = super::row::row(&target, 1).unwrap().features["operator_sensitivity"].clone();
    assert_eq!(undefined["gain"], None);
    let unmeasured = super::row::row(&target, 2).unwrap();
    assert_eq!((unmeasured.collapsed, unmeasured.one_step_gain), (None, None));
    let text = render_row(&unmeasured);
    assert!(text.contains("collapses without noise  not measured"), "{text}");
    assert!(undefined["lipschitz"].is_some());
    let error = super::row::row(&target, 7).unwrap_err();
    assert_eq!(error.kind, ErrorKind::Usage);
    assert!(error.help.unwrap().contains("from 0 to 6"));
}

#[test]
fn the_form_of_a_file_makes_no_difference() {
    let folder = tempfile::tempdir().unwrap();
    let (a, b) = (folder.path().join("a.h5"), folder.path().join("b.h5"));
    write_to(&a, FORMS[3]);
    write_to(&b, Form { compression: None, chunks: false, ..FORMS[3] });
    let difference = diff(&a, &b).unwrap();
    assert!(difference.same, "{difference:?}");
    assert_eq!(difference.digests[0], difference.digests[1]);
    assert!(render_difference(&difference).ends_with("nothing differs\n"));
}

#[test]
fn a_difference_is_measured_where_both_have_values() {
    let folder = tempfile::tempdir().unwrap();
    let a = written(folder.path(), "a.h5", PLAIN, &|_| {});
    let b = written(folder.path(), "b.h5", Form { operators: 8, ..PLAIN }, &|f| {
        let fields = bytes(f, "/outputs/fields");
        fields[..4].copy_from_slice(&1000_f32.to_le_bytes());
        fields[512..516].copy_from_slice(&f32::NAN.to_le_bytes());
        f.arrays.retain(|a| a.path != "/parameters/values/dt");
        f.scales.retain(|(path, ..)| path != "/parameters/values/dt");
        for (_, name, value) in &mut f.attributes {
            let Attribute::Text(text) = value else { panic!() };
            if name == "config" {
                *text = text.replace("0.34", "0.5");
            }
        }
    });
    let d = diff(&a, &b).unwrap();
    assert!(!d.same);
    assert_eq!((d.operators, d.common), ([5, 8], 5));
    assert_eq!(d.removed, ["/parameters/values/dt"]);
    assert_eq!(d.added, [""; 0]);
    let paths: Vec<_> = d.attributes.iter().map(|x| x.path.as_str()).collect();
    assert_eq!(paths, ["/metadata@config/simulation/inputs/0/weight"]);
    let fields = d.changed.iter().find(|x| x.path == "/outputs/fields").unwrap();
    assert_eq!((fields.compared, fields.differing, fields.undefined), (15, 2, 1));
    assert!((fields.max_abs.unwrap() - 1000.0).abs() < 2.0);
    assert!((fields.relative.unwrap() - 1.0).abs() < 2e-3);
    let inputs = d.changed.iter().find(|x| x.path == "/inputs/fields").unwrap();
    assert_eq!((inputs.compared, inputs.differing, inputs.max_abs), (5, 0, Some(0.0)));
    let text = render_difference(&d);
    let line = "2 of 15 parts differ, max |a-b| 9.998e2 (1.00e0 of max |b|), 1 with numbers on one side only";
    assert!(text.contains(line), "{text}");
    assert!(text.contains("[5, 2, 8, 8] → [8, 2, 8, 8], values in common equal"), "{text}");
}
