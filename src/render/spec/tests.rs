use super::super::color::{Limits, Scope, Time};
use super::*;
use crate::key::{Key, KeyHasher, Kind as KeyKind};
use crate::picture::colormap;
use crate::render::tests::{SPREAD, column};

const SHAPE: Shape = Shape { realizations: 3, states: 101, channels: 3, height: 64, width: 64 };

fn spec() -> RenderSpec {
    let columns = vec![Column::showing(Shows::Realization(0)), column(&SPREAD), column(&SPREAD)];
    RenderSpec { columns, ..RenderSpec::usual(&SHAPE, vec![4, 7]) }
}

fn with(change: impl Fn(&mut RenderSpec)) -> RenderSpec {
    let mut spec = spec();
    change(&mut spec);
    spec
}

#[test]
fn the_defaults_have_no_faults() {
    spec().check(&SHAPE).unwrap();
    spec().contact_sheet().check(&SHAPE).unwrap();
    let one = Shape { realizations: 1, states: 1, channels: 5, height: 7, width: 7 };
    let usual = RenderSpec::usual(&one, vec![0]);
    usual.check(&one).unwrap();
    assert_eq!(usual.drawn(), [0]);
    assert_eq!(usual.channels(&one), Channels::Pca);
}

type Change = fn(&mut RenderSpec);

/// One change for each fault, and the path it must be reported under.
#[test]
fn every_fault_is_found_under_its_path() {
    let cases: [(&str, Change); 23] = [
        ("columns[0]", |s| s.columns[0].map = colormap("magma")),
        ("steps.stride", |s| s.steps.stride = 0),
        ("steps", |s| s.steps.to = 101),
        ("steps", |s| s.steps.from = 102),
        ("times", |s| (s.kind, s.exports) = (Kind::Strip(Times::Even(0)), vec![Export::Png])),
        ("times", |s| (s.kind, s.exports) = (Kind::Strip(Times::At(vec![101])), vec![Export::Png])),
        ("times", |s| (s.kind, s.exports) = (Kind::Strip(Times::At(vec![])), vec![Export::Png])),
        ("export", |s| s.kind = Kind::Strip(Times::Even(8))),
        ("export", |s| s.exports.clear()),
        ("operators", |s| s.operators.clear()),
        ("columns", |s| s.columns.clear()),
        ("columns[0]", |s| s.columns[0].shows = Shows::Realization(3)),
        ("columns[1]", |s| s.columns[1].limits = Some(Limits::Fixed(2.0, 1.0))),
        ("color.bounds", |s| s.color.limits = Limits::Symmetric(0.7)),
        ("color.channels", |s| s.color.channels = Some(Channels::One(3))),
        ("color.map", |s| s.color.map = colormap("magma")),
        ("cell.scale", |s| s.zoom = Some(Zoom::Enlarge(0))),
        ("cell.scale", |s| s.zoom = Some(Zoom::Reduce(0))),
        ("cell.scale", |s| s.zoom = Some(Zoom::Reduce(3))),
        ("fps", |s| s.fps = 0),
        ("fps", |s| s.fps = 241),
        ("crf", |s| s.crf = 52),
        ("color.bounds", |s| s.color.limits = Limits::Quantile(0.5, 0.5)),
    ];
    for (path, change) in cases {
        let error = with(change).check(&SHAPE).unwrap_err();
        assert_eq!(error.path.as_deref(), Some(path), "{error}");
        assert!(error.help.is_some() && error.also.is_empty(), "{error}");
    }
    let two = with(|s| (s.fps, s.crf) = (0, 99)).check(&SHAPE).unwrap_err();
    assert_eq!(two.also.len(), 1, "all faults at once");
}

#[test]
fn steps_and_times_are_those_asked_for() {
    let stepped = with(|s| s.steps = Steps { from: 10, to: 31, stride: 10 });
    assert_eq!(stepped.drawn(), [10, 20, 30]);
    let strip = with(|s| s.kind = Kind::Strip(Times::Even(5)));
    assert_eq!(strip.drawn(), [0, 25, 50, 75, 100]);
    let few = with(|s| {
        s.steps.to = 2;
        s.kind = Kind::Strip(Times::Even(8));
    });
    assert_eq!(few.drawn(), [0, 1, 2]);
    assert_eq!(with(|s| s.kind = Kind::Strip(Times::Even(1))).drawn(), [100]);
    assert_eq!(with(|s| s.kind = Kind::Strip(Times::At(vec![3, 90]))).drawn(), [3, 90]);
}

#[test]
fn names_read_back_and_wrong_ones_have_a_hint() {
    for export in Export::ALL {
        assert_eq!(Export::of_name(export.name()).unwrap(), export);
    }
    let slip = Export::of_name("mp3").unwrap_err();
    assert!(slip.help.unwrap().starts_with("did you mean `mp4`?"));
    let column = Column::of_name("realization:12").unwrap();
    assert_eq!(column.name(), "realization:12");
    for (name, hint) in [
        ("realisation:0", "did you mean `realization:K`"),
        ("realization", "did you mean `realization:K`"),
        ("realization:x", "write `realization:0`"),
        ("zzzzzzzz", "known: realization:K"),
    ] {
        let help = Column::of_name(name).unwrap_err().help.unwrap();
        assert!(help.contains(hint), "{name}: {help}");
    }
}

#[test]
fn a_video_has_at_least_two_pixels_for_a_datum() {
    let large = Shape { height: 128, width: 128, ..SHAPE };
    assert_eq!(with(|s| s.exports = vec![Export::Mp4]).zoom(&large), Zoom::Enlarge(2));
    assert_eq!(with(|s| s.exports = vec![Export::Frames]).zoom(&large), Zoom::Enlarge(1));
    assert_eq!(with(|s| s.zoom = Some(Zoom::Enlarge(1))).zoom(&large), Zoom::Enlarge(1));
}

fn keys(spec: &RenderSpec) -> [Key; 3] {
    let kind = KeyKind { name: "test", version: 1 };
    let [mut tally, mut frames, mut encoding] = [0; 3].map(|_| KeyHasher::new(kind));
    spec.describe_tally(&SHAPE, &mut tally);
    spec.describe_frames(&SHAPE, &mut frames);
    spec.describe_encoding(Export::Mp4, &mut encoding);
    [tally.finish(), frames.finish(), encoding.finish()]
}

/// Each choice changes the parts that it acts in and no other.
#[test]
fn a_choice_acts_in_the_parts_that_depend_on_it() {
    let cases: [(&str, [bool; 3], Change); 22] = [
        ("nothing", [false, false, false], |_| ()),
        ("fps", [false, false, true], |s| s.fps = 24),
        ("crf", [false, false, true], |s| s.crf = 23),
        ("theme", [false, true, false], |s| s.theme = Theme::Dark),
        ("gap", [false, true, false], |s| s.gap = 2),
        ("zoom", [false, true, false], |s| s.zoom = Some(Zoom::Enlarge(3))),
        ("the usual zoom", [false, false, false], |s| s.zoom = Some(Zoom::Enlarge(2))),
        ("captions", [false, true, false], |s| s.captions = vec!["alpha".into()]),
        ("quantile", [false, true, false], |s| s.color.limits = Limits::Quantile(0.0, 0.9)),
        ("minmax", [false, true, false], |s| s.color.limits = Limits::MinMax),
        ("fixed", [true, true, false], |s| s.color.limits = Limits::Fixed(0.0, 0.9)),
        ("table", [false, true, false], |s| s.columns[1].map = colormap("hot")),
        ("operators", [false, true, false], |s| s.operators = vec![4]),
        ("experiment", [false, true, false], |s| s.color.scope = Scope::Experiment),
        ("frame", [false, true, false], |s| s.color.time = Time::Frame),
        ("cell", [true, true, false], |s| s.color.scope = Scope::Cell),
        ("stride", [true, false, false], |s| s.steps.stride = 2),
        ("channels", [true, false, false], |s| s.color.channels = Some(Channels::Norm)),
        ("the usual channels", [false; 3], |s| s.color.channels = Some(Channels::RgbPerChannel)),
        ("column", [true, false, false], |s| s.columns[0].shows = Shows::Realization(1)),
        ("fewer columns", [true, true, false], |s| {
            s.columns.pop();
        }),
        ("exports", [false, false, false], |s| s.exports = vec![Export::Gif]),
    ];
    let before = keys(&spec());
    for (name, expected, change) in cases {
        let after = keys(&with(change));
        let changed: Vec<bool> = before.iter().zip(&after).map(|(a, b)| a != b).collect();
        assert_eq!(changed, expected, "{name}");
    }
}
