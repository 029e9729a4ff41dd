//! From states to pictures: bounds by construction, frames from numbers alone, and pictures as they
//! were when somebody looked at them (`UPDATE_GOLDEN=1` draws them anew; look before you commit).

use std::fs;
use std::path::Path;

use super::aggregate::Range;
use super::cell::{Cell, cells};
use super::channels::{Channels, Paint};
use super::color::{Limits, Scope, Time};
use super::compose::{Grid, paints, strip};
use super::layout::{Label, Zoom};
use super::spec::{Column, Export, Kind, RenderSpec, Shape, Shows, Times};
use super::tally::{ColumnPaint, Tally};
use super::theme::Theme;
use super::{Aggregate, Ensemble, Method, Panel, Span};
use crate::picture::color::NOT_FINITE;
use crate::picture::{Bounds, Canvas, colormap, png};

/// An aggregate of tests, by the sort of its panel.
#[derive(Debug)]
pub struct Toy {
    name: &'static str,
    unit: &'static str,
    panel: fn(&Ensemble<'_>) -> Panel,
}

fn mean(ensemble: &Ensemble<'_>) -> Vec<f64> {
    let count = ensemble.realizations as f64;
    let at = |i: usize| (0..ensemble.realizations).map(move |m| f64::from(ensemble.field(m)[i]));
    (0..ensemble.channels * ensemble.area()).map(|i| at(i).sum::<f64>() / count).collect()
}

/// The states' mean.
static MEAN: Toy = Toy { name: "mean", unit: "", panel: |e| Panel::Field(mean(e)) };
/// The magnitude of the first channel's mean: a map from zero up, with a unit.
pub static SPREAD: Toy = Toy {
    name: "spread",
    unit: "dB",
    panel: |e| Panel::Map(mean(e)[..e.area()].iter().map(|v| v.abs()).collect()),
};
static COLORS: Toy = Toy {
    name: "modes",
    unit: "",
    panel: |e| {
        let ramp = |i: usize| (i % e.area()) as f64 / e.area() as f64;
        Panel::Rgb((0..3 * e.area()).map(ramp).collect(), Some("62 % · 21 % · 9 %".into()))
    },
};
static NOTHING: Toy =
    Toy { name: "ssim", unit: "", panel: |_| Panel::Undefined("needs 2 realizations") };

impl Aggregate for Toy {
    fn name(&self) -> &'static str {
        self.name
    }
    fn version(&self) -> u32 {
        1
    }
    fn summary(&self) -> &'static str {
        "of tests"
    }
    fn formula(&self, _: Method) -> &'static str {
        "of tests"
    }
    fn source(&self) -> &'static str {
        "tests"
    }
    fn unit(&self, _: Method) -> &'static str {
        self.unit
    }
    fn range(&self, _: Method) -> Range {
        Range::FromZero
    }
    fn colormap(&self) -> &'static str {
        "magma"
    }
    fn panel(&self, ensemble: &Ensemble<'_>, _: &Span, _: Method) -> Panel {
        (self.panel)(ensemble)
    }
}

/// A column that shows it.
pub fn column(toy: &'static Toy) -> Column {
    Column::showing(Shows::Aggregate(toy))
}

fn realization(k: usize) -> Column {
    Column::showing(Shows::Realization(k))
}

/// The states of an operator at a step.
type States = dyn Fn(usize, usize) -> Vec<f32>;

/// Everything that is needed to draw.
struct Drawn<'s> {
    spec: &'s RenderSpec,
    shape: Shape,
    states: Vec<Vec<Vec<f32>>>,
}

impl<'s> Drawn<'s> {
    fn new(spec: &'s RenderSpec, shape: Shape, states: &States) -> Self {
        spec.check(&shape).unwrap();
        let of = |o: &usize| spec.drawn().into_iter().map(|t| states(*o, t)).collect();
        Self { spec, shape, states: spec.operators.iter().map(of).collect() }
    }

    fn ensemble(&self, operator: usize, time: usize) -> Ensemble<'_> {
        let Shape { channels, height, width, .. } = self.shape;
        Ensemble::new([channels, height, width], &self.states[operator][time])
    }

    fn cells(&self, operator: usize, time: usize) -> Vec<Cell<'_>> {
        let ensemble = self.ensemble(operator, time);
        cells(self.spec, &ensemble, &Span::of(&ensemble))
    }

    fn tally(&self, operator: usize, times: std::ops::Range<usize>) -> Tally {
        let mut tally = Tally::new(self.spec, &self.shape);
        for time in times {
            let cells = self.cells(operator, time);
            tally.include(self.spec, &self.ensemble(operator, time), &cells);
        }
        tally
    }

    /// The paints of the rows of the frame number `time`.
    fn paints(&self, time: usize) -> Vec<Vec<ColumnPaint>> {
        let times = match self.spec.color.time {
            Time::Clip => 0..self.states[0].len(),
            Time::Frame => time..time + 1,
        };
        let tallies: Vec<Tally> =
            (0..self.states.len()).map(|o| self.tally(o, times.clone())).collect();
        paints(self.spec, &tallies)
    }

    fn labels(&self) -> Vec<Label> {
        let label = |(i, o): (usize, &usize)| Label {
            title: format!("op {o}"),
            captions: vec!["convex α=0.37".into()],
            badges: if i == 1 { vec!["diverged at t=1".into()] } else { Vec::new() },
            ..Label::default()
        };
        self.spec.operators.iter().enumerate().map(label).collect()
    }

    fn frame(&self, time: usize) -> Canvas {
        let paints = self.paints(time);
        let about = "demo · 3f9a2c1d · seed 42".to_owned();
        let grid = Grid::new(self.spec, &self.shape, self.labels(), about, &paints).unwrap();
        let rows: Vec<_> = (0..self.states.len()).map(|o| self.cells(o, time)).collect();
        grid.frame(time, &rows, &paints)
    }

    fn strip(&self) -> Canvas {
        let times = 0..self.states[0].len();
        let cells: Vec<Vec<_>> = (0..self.states.len())
            .map(|o| times.clone().map(|t| self.cells(o, t)).collect())
            .collect();
        let paints: Vec<Vec<_>> = match self.spec.color.time {
            Time::Clip => self.paints(0).into_iter().map(|row| vec![row]).collect(),
            Time::Frame => (0..self.states.len())
                .map(|o| times.clone().map(|t| self.paints(t).swap_remove(o)).collect())
                .collect(),
        };
        let about = "demo · 3f9a2c1d · seed 42".to_owned();
        strip(self.spec, &self.shape, &self.labels(), about, &cells, &paints).unwrap()
    }
}

const SHAPE: Shape = Shape { realizations: 2, states: 3, channels: 1, height: 4, width: 4 };

/// Operator o at step t: realization m is a ramp from 0 to 10ᵒ (t + 1) (m + 1).
fn ramps(o: usize, t: usize) -> Vec<f32> {
    let high = |m: usize| 10_f32.powi(o as i32) * ((t + 1) * (m + 1)) as f32;
    (0..2).flat_map(|m| (0..16).map(move |i| high(m) * i as f32 / 15.0)).collect()
}

/// The greatest value that each cell's colours reach, column by column of two operators.
fn tops(scope: Scope, time: Time) -> Vec<Vec<f64>> {
    let mut spec = RenderSpec {
        columns: vec![realization(0), realization(1), column(&MEAN), column(&SPREAD)],
        exports: vec![Export::Png],
        ..RenderSpec::usual(&SHAPE, vec![0, 1])
    };
    (spec.color.scope, spec.color.time) = (scope, time);
    spec.color.limits = Limits::MinMax;
    let drawn = Drawn::new(&spec, SHAPE, &ramps);
    let top = |paint: &ColumnPaint| match paint.paint.as_ref().unwrap() {
        Paint::Table(scale) => {
            assert_eq!(scale.bounds.low, 0.0);
            scale.bounds.high
        }
        _ => panic!("scalars go through a table"),
    };
    drawn.paints(1).iter().map(|row| row.iter().map(top).collect()).collect()
}

#[test]
fn bounds_are_shared_by_what_the_rule_says() {
    // At step 1 realizations reach 2 and 4, and their mean 3; over the clip 3, 6 and 4.5.
    let times = |row: [f64; 4]| vec![row.to_vec(), row.map(|v| 10.0 * v).to_vec()];
    assert_eq!(tops(Scope::Cell, Time::Frame), times([2.0, 4.0, 3.0, 3.0]));
    assert_eq!(tops(Scope::Cell, Time::Clip), times([3.0, 6.0, 4.5, 4.5]));
    // Of an operator, states share theirs; the mean has those of the states.
    assert_eq!(tops(Scope::Operator, Time::Frame), times([4.0, 4.0, 4.0, 3.0]));
    assert_eq!(tops(Scope::Operator, Time::Clip), times([6.0, 6.0, 6.0, 4.5]));
    let both = |row: [f64; 4]| vec![row.map(|v| 10.0 * v).to_vec(); 2];
    assert_eq!(tops(Scope::Experiment, Time::Frame), both([4.0, 4.0, 4.0, 3.0]));
    assert_eq!(tops(Scope::Experiment, Time::Clip), both([6.0, 6.0, 6.0, 4.5]));
}

#[test]
fn a_column_with_colours_of_its_own_stands_apart() {
    let mut spec = RenderSpec {
        columns: vec![realization(0), column(&MEAN), column(&SPREAD)],
        exports: vec![Export::Png],
        ..RenderSpec::usual(&SHAPE, vec![0])
    };
    spec.columns[1].limits = Some(Limits::MinMax);
    spec.columns[2].limits = Some(Limits::Fixed(-1.0, 1.0));
    spec.columns[2].map = colormap("seismic");
    let drawn = Drawn::new(&spec, SHAPE, &ramps);
    let paints = drawn.paints(0).remove(0);
    let scale = |i: usize| match paints[i].paint {
        Some(Paint::Table(scale)) => scale,
        _ => panic!("scalars go through a table"),
    };
    assert!(paints[0].is_shared && !paints[1].is_shared);
    assert_eq!(scale(1).bounds, Bounds { low: 0.0, high: 4.5 });
    assert_eq!((scale(2).bounds, scale(2).map.name), (Bounds { low: -1.0, high: 1.0 }, "seismic"));
}

/// Waves of `C` channels that grow; operator 1 breaks in one corner after step 0.
fn waves(shape: Shape) -> impl Fn(usize, usize) -> Vec<f32> {
    move |o, t| {
        let Shape { realizations, channels, height, width, .. } = shape;
        let mut out = Vec::new();
        for m in 0..realizations {
            for c in 0..channels {
                for i in 0..height * width {
                    let (x, y) = ((i % width) as f64, (i / width) as f64);
                    let turn = 0.7 * x + 0.4 * y * (1 + o) as f64 + 1.3 * (m + c) as f64;
                    let broken = o == 1 && t > 0 && x < 2.0 && y < 2.0;
                    let v = libm::sin(turn + t as f64) * (1 + t + o) as f64;
                    out.push(if broken { f32::NAN } else { v as f32 });
                }
            }
        }
        out
    }
}

#[test]
fn parts_make_the_whole_and_frames_need_numbers_alone() {
    for (channels, scope) in
        [(1, Scope::Cell), (2, Scope::Operator), (3, Scope::Experiment), (5, Scope::Operator)]
    {
        let shape = Shape { channels, ..SHAPE };
        let mut spec = RenderSpec {
            columns: vec![realization(1), column(&MEAN), column(&SPREAD), column(&COLORS)],
            exports: vec![Export::Png],
            ..RenderSpec::usual(&shape, vec![0, 1])
        };
        spec.color.scope = scope;
        let drawn = Drawn::new(&spec, shape, &waves(shape));
        for o in 0..2 {
            let whole = drawn.tally(o, 0..3);
            let mut parts = drawn.tally(o, 0..1);
            parts.merge(&drawn.tally(o, 1..3));
            if channels < 4 {
                assert!(parts == whole, "{channels} channels");
            }
            let numbers = whole.to_numbers();
            let read = Tally::from_numbers(&spec, &shape, &numbers).unwrap();
            assert!(read == whole);
            assert!(Tally::from_numbers(&spec, &shape, &numbers[1..]).is_none());
            let rows: Vec<_> = drawn.cells(o, 1);
            for ((cell, a), b) in rows.iter().zip(whole.paints(&spec)).zip(read.paints(&spec)) {
                if let (Cell::State(field), Some(a), Some(b)) = (cell, a.paint, b.paint) {
                    let rule = spec.channels(&shape);
                    assert_eq!(a.state(rule, channels, field), b.state(rule, channels, field));
                }
            }
        }
    }
}

#[test]
fn every_datum_is_a_square_of_its_colour() {
    let shape = Shape { height: 3, width: 5, ..SHAPE };
    let mut spec = RenderSpec {
        columns: vec![realization(0)],
        zoom: Some(Zoom::Enlarge(7)),
        exports: vec![Export::Png],
        ..RenderSpec::usual(&shape, vec![1])
    };
    spec.color.limits = Limits::Fixed(-2.0, 2.0);
    let drawn = Drawn::new(&spec, shape, &waves(shape));
    let canvas = drawn.frame(0);
    let Some(Paint::Table(scale)) = drawn.paints(0)[0][0].paint.clone() else { panic!() };
    let field = drawn.ensemble(0, 0).field(0).to_vec();
    // Where the cell stands: where its first colour begins.
    let first = scale.color(field[0]);
    let at = canvas.pixels().iter().position(|p| *p == first).unwrap();
    let (x, y) = (at % canvas.width(), at / canvas.width());
    for row in 0..21 {
        for column in 0..35 {
            let expected = scale.color(field[row / 7 * 5 + column / 7]);
            assert_eq!(canvas.pixels()[(y + row) * canvas.width() + x + column], expected);
        }
    }
}

#[test]
fn a_reduced_cell_is_averaged_before_it_is_coloured() {
    let shape = Shape { height: 2, width: 2, realizations: 1, states: 1, ..SHAPE };
    let mut spec = RenderSpec {
        columns: vec![realization(0)],
        zoom: Some(Zoom::Reduce(2)),
        exports: vec![Export::Png],
        ..RenderSpec::usual(&shape, vec![0])
    };
    spec.color.limits = Limits::Fixed(0.0, 1.0);
    let drawn = Drawn::new(&spec, shape, &|_, _| vec![0.0, 1.0, 1.0, 0.0]);
    let middle = colormap("viridis").unwrap().at(0.5);
    let count = |canvas: &Canvas| canvas.pixels().iter().filter(|p| **p == middle).count();
    // The cell is one pixel, besides those of the colour bar.
    let broken = Drawn::new(&spec, shape, &|_, _| vec![0.0, f32::NAN, 1.0, 0.0]);
    assert_eq!(count(&drawn.frame(0)), count(&broken.frame(0)) + 1);
    assert_eq!(broken.frame(0).pixels().iter().filter(|p| **p == NOT_FINITE).count(), 1);
}

/// Compares with the picture that is kept.
fn golden(name: &str, canvas: &Canvas) {
    let folder = Path::new(file!()).ancestors().nth(3).unwrap().join("tests/golden/render");
    let path = folder.join(format!("{name}.png"));
    let bytes = png::encode(canvas, &[]);
    assert!(canvas.width().is_multiple_of(2) && canvas.height().is_multiple_of(2));
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        fs::create_dir_all(&folder).unwrap();
        fs::write(&path, &bytes).unwrap();
    }
    let kept = fs::read(&path).unwrap_or_default();
    if kept != bytes {
        let found = std::env::temp_dir().join(format!("{name}.png"));
        fs::write(&found, &bytes).unwrap();
        panic!("{} differs from {}", found.display(), path.display());
    }
}

fn spec(shape: Shape, columns: Vec<Column>, change: impl Fn(&mut RenderSpec)) -> RenderSpec {
    let mut spec = RenderSpec {
        columns,
        exports: vec![Export::Png],
        ..RenderSpec::usual(&shape, vec![7, 42])
    };
    change(&mut spec);
    spec
}

fn draw(name: &str, spec: &RenderSpec, shape: Shape) {
    // Operators 7 and 42 are the waves 0 and 1.
    let waves = waves(shape);
    let drawn = Drawn::new(spec, shape, &move |o, t| waves(usize::from(o == 42), t));
    let canvas = if spec.kind == Kind::Grid { drawn.frame(1) } else { drawn.strip() };
    golden(name, &canvas);
}

const TINY: Shape = Shape { realizations: 2, states: 3, channels: 3, height: 8, width: 8 };

#[test]
fn a_grid_of_three_channels() {
    let columns = vec![realization(0), column(&MEAN), column(&SPREAD), column(&COLORS)];
    draw("operator", &spec(TINY, columns, |_| ()), TINY);
}

#[test]
fn a_dark_grid_of_one_realization_of_odd_size() {
    let shape = Shape { realizations: 1, channels: 1, height: 7, width: 5, ..TINY };
    let columns = vec![realization(0), column(&SPREAD), column(&NOTHING)];
    let spec = spec(shape, columns, |spec| {
        spec.theme = Theme::Dark;
        spec.color.scope = Scope::Experiment;
        spec.zoom = Some(Zoom::Enlarge(15));
    });
    draw("experiment", &spec, shape);
}

#[test]
fn a_grid_of_two_channels_each_cell_by_itself() {
    let shape = Shape { channels: 2, ..TINY };
    let columns = vec![realization(0), realization(1), column(&SPREAD)];
    let spec = spec(shape, columns, |spec| {
        spec.color.scope = Scope::Cell;
        spec.color.time = Time::Frame;
    });
    draw("cell", &spec, shape);
}

#[test]
fn one_cell_of_norms() {
    let spec = spec(TINY, vec![realization(1)], |spec| {
        spec.operators = vec![7];
        spec.color.channels = Some(Channels::Norm);
        spec.color.map = colormap("cividis");
    });
    draw("single", &spec, TINY);
}

#[test]
fn a_strip_of_five_channels() {
    let shape = Shape { channels: 5, ..TINY };
    let columns = vec![realization(0), column(&SPREAD)];
    let spec = spec(shape, columns, |spec| spec.kind = Kind::Strip(Times::Even(3)));
    draw("strip", &spec, shape);
}
