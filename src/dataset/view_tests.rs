use super::sample::{Form, PLAIN, sample};
use super::view_fields::{averaged, spread};
use super::{Limits, View, write};

#[test]
fn steps_spread_evenly_from_the_first_to_the_last() {
    assert_eq!(spread(5, 9), [0, 1, 2, 3, 4]);
    assert_eq!(spread(500, 4), [0, 166, 332, 499]);
    assert_eq!(spread(7, 1), [0]);
    assert_eq!(spread(1, 32), [0]);
}

fn view(form: Form) -> (tempfile::TempDir, View) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.h5");
    write(&path, &sample(form), &|_| {}).unwrap();
    let view = View::open(&path).unwrap();
    (folder, view)
}

const LIMITS: Limits = Limits { operators: 4, steps: 3, side: 64, bytes: 1 << 30 };

#[test]
fn states_are_those_of_the_file() {
    for (mixed, chunks) in [(false, false), (true, true)] {
        let (_folder, view) = view(Form { operators: 5, steps: 6, mixed, chunks, ..PLAIN });
        let films = view.films(&LIMITS).unwrap().unwrap();
        assert_eq!((films.steps.as_slice(), films.all_steps), (&[0, 2, 5][..], 6));
        assert_eq!(films.films.len(), 4);
        for film in &films.films {
            let side = if mixed && film.row % 2 == 1 { 12 } else { 8 };
            assert_eq!(film.shape, (side, side));
            let group = view.groups.iter().find(|g| g.rows.contains(&film.row)).unwrap();
            let place = group.rows.iter().position(|row| *row == film.row).unwrap();
            let path = group.outputs.as_ref().unwrap();
            let all = view.reader.numbers(path).unwrap();
            for (step, frame) in films.steps.iter().zip(&film.frames) {
                let leaf = (place * films.realizations * 6 + step) * 2 * side * side;
                let expected: Vec<f32> =
                    all[leaf..leaf + side * side].iter().map(|v| *v as f32).collect();
                assert_eq!(frame, &expected);
            }
        }
        let inputs = view.inputs(&[3, 0], 4).unwrap();
        let rows: Vec<usize> = inputs.iter().map(|still| still.row).collect();
        assert_eq!(rows, [3, 0]);
        assert!(inputs.iter().all(|still| still.shape == (4, 4) && still.values.len() == 16));
    }
}

#[test]
fn what_is_decoded_is_bounded() {
    let (_folder, view) = view(Form { operators: 40, steps: 40, chunks: true, ..PLAIN });
    let shown = |bytes| {
        let limits = Limits { operators: 24, steps: 32, side: 64, bytes };
        let films = view.films(&limits).unwrap().unwrap();
        (films.films.len(), films.steps.len())
    };
    assert_eq!(shown(1 << 30), (24, 32));
    // Operators give way to six, then states to four, then operators to one.
    let (operators, steps) = shown(200_000);
    assert!((1..24).contains(&operators) && (4..=32).contains(&steps), "{operators} {steps}");
    assert_eq!(shown(1), (1, 4));
}

#[test]
fn small_fields_are_means_of_large_ones() {
    let values: Vec<f32> = (0..12).map(|i| i as f32).collect();
    assert_eq!(averaged(&values, (3, 4), (3, 4)), values);
    // Lines 0 to 0 and 1 to 2 of three, columns two by two.
    assert_eq!(averaged(&values, (3, 4), (2, 2)), [0.5, 2.5, 6.5, 8.5]);
    assert!(averaged(&[1.0, f32::NAN], (1, 2), (1, 1))[0].is_nan());
}
