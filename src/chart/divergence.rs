//! Where and when rollouts leave what is computable: operators over time.

use super::axes::{self, ABOVE, BELOW, Plot, Quantity};
use super::legend::{self, Key};
use super::number::{count, of_them, percent};
use super::scale::Span;
use super::scene::{Anchor, Area, Fill, Label, Pen, Run, Scene, WIDTH};
use super::theme::Ink;
use super::{Chart, message, notes};

/// What a state is like.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum State {
    /// Finite, varied, of usual size.
    Ok,
    /// The same at every point.
    Constant,
    /// Finite, but out of all proportion.
    BlownUp,
    /// Not finite.
    NonFinite,
}

impl State {
    const BAD: [State; 3] = [State::NonFinite, State::BlownUp, State::Constant];

    fn name(self) -> &'static str {
        match self {
            State::Ok => "ok",
            State::Constant => "constant",
            State::BlownUp => "blown up",
            State::NonFinite => "not finite",
        }
    }

    /// Light to dark as well as by hue.
    fn ink(self) -> Ink {
        match self {
            State::Ok => Ink::Quiet,
            State::Constant => Ink::Series(5),
            State::BlownUp => Ink::Series(4),
            State::NonFinite => Ink::Series(1),
        }
    }
}

/// Height of the map, and of the shares below it.
const MAP: f64 = 190.0;
const SHARES: f64 = 90.0;

/// Draws the map, a row for each operator, those that leave first at the top; and below it the share
/// of operators in each state. `operators` has for each a state at each time.
pub fn chart(title: &str, time: (&Quantity, &[f64]), operators: &[Vec<State>]) -> Chart {
    let steps = operators.iter().map(Vec::len).min().unwrap_or(0).min(time.1.len());
    if steps == 0 || time.1[..steps].iter().any(|t| !t.is_finite()) {
        return message(title, "There are no states to draw.");
    }
    let onset = |states: &[State]| states.iter().position(|s| *s != State::Ok).unwrap_or(steps);
    let mut order: Vec<&[State]> = operators.iter().map(|states| &states[..steps]).collect();
    order.sort_by_key(|states| (onset(states), states.iter().max().copied()));
    let left_for_good = order.iter().filter(|states| onset(states) < steps).count();

    let mut scene = Scene::new(0.0);
    let present = |state: State| order.iter().any(|states| states.contains(&state));
    let entries: Vec<(String, Key)> = std::iter::once(State::Ok)
        .chain(State::BAD)
        .filter(|state| *state == State::Ok || present(*state))
        .map(|state| (state.name().to_owned(), Key::Surface(Fill::of(state.ink()))))
        .collect();
    let top = legend::draw(&mut scene, (0.0, 0.0), WIDTH, &entries) + 4.0;

    let shares = Span { low: 0.0, high: 100.0, log: false };
    let ticks = axes::upright_ticks(shares, SHARES);
    let left = axes::left_of(&ticks);
    let x = edges(&time.1[..steps]);
    let area = Area { x: left, y: top + ABOVE, w: WIDTH - left - 8.0, h: MAP };
    scene.label(Label::name(
        (0.0, area.y - ABOVE + 9.0),
        Anchor::Start,
        format!("{}, sorted by onset", of_them(order.len(), "operator")),
    ));
    scene.bars([area], Fill::of(State::Ok.ink()), "");
    map(&mut scene, &Plot { area, x: x.0, y: shares }, &order, &x.1);
    axes::below_bare(&mut scene, area, x.0, time.0);

    let area = Area { y: area.bottom() + 8.0 + ABOVE, h: SHARES, ..area };
    let plot = Plot { area, x: x.0, y: shares };
    axes::left(&mut scene, area, shares, &ticks, Some(&Quantity::new("share of operators", "%")));
    stacked(&mut scene, &plot, &order, &x.1);
    axes::below(&mut scene, area, x.0, Some(time.0));

    let top = area.bottom() + BELOW;
    let note = format!(
        "{} of {} operators ({}) leave the state “ok”.",
        count(left_for_good),
        count(order.len()),
        percent(left_for_good, order.len())
    );
    scene.height = top + notes(&mut scene, top, &note);
    Chart { title: title.to_owned(), description: note, scene }
}

/// The span of time with the edges between times: halfway, and as far beyond the first and the last.
fn edges(time: &[f64]) -> (Span, Vec<f64>) {
    let mut edges: Vec<f64> = time.windows(2).map(|pair| f64::midpoint(pair[0], pair[1])).collect();
    let (first, last) = (time[0], time[time.len() - 1]);
    let (before, after) = match edges[..] {
        [] => (0.5, 0.5),
        [a, .., b] => (a - first, last - b),
        [a] => (a - first, last - a),
    };
    edges.insert(0, first - before);
    edges.push(last + after);
    (Span::linear(edges[0], edges[edges.len() - 1]), edges)
}

/// Rectangles of states other than ok. Rows thinner than half a pixel are drawn together, in the state
/// that most of their operators have.
fn map(scene: &mut Scene, plot: &Plot, order: &[&[State]], edges: &[f64]) {
    let rows = order.len().min((2.0 * plot.area.h) as usize);
    let steps = edges.len() - 1;
    let mut areas = [const { Vec::new() }; 3];
    for row in 0..rows {
        let members = &order[row * order.len() / rows..(row + 1) * order.len() / rows];
        let state = |step: usize| -> State {
            let count = |state: State| members.iter().filter(|m| m[step] == state).count();
            [State::Ok, State::Constant, State::BlownUp, State::NonFinite]
                .into_iter()
                .max_by_key(|s| count(*s))
                .unwrap_or(State::Ok)
        };
        let states: Vec<State> = (0..steps).map(state).collect();
        let (y, bottom) = (row as f64 / rows as f64, (row + 1) as f64 / rows as f64);
        let mut from = 0;
        for part in states.chunk_by(|a, b| a == b) {
            let to = from + part.len();
            if let Some(i) = State::BAD.iter().position(|state| *state == part[0]) {
                let (left, right) = (plot.x(edges[from]), plot.x(edges[to]));
                let top = plot.area.y + plot.area.h * y;
                areas[i].push(Area {
                    x: left,
                    y: top,
                    w: right - left,
                    h: plot.area.h * (bottom - y),
                });
            }
            from = to;
        }
    }
    for (state, areas) in State::BAD.iter().zip(areas) {
        scene.bars(merged(areas), Fill::of(state.ink()), state.name());
    }
}

/// Rectangles of neighbouring rows with the same sides as one.
fn merged(areas: Vec<Area>) -> Vec<Area> {
    let mut out: Vec<Area> = Vec::new();
    for area in areas {
        match out.last_mut() {
            Some(last)
                if last.x == area.x
                    && last.w == area.w
                    && (last.bottom() - area.y).abs() < 1e-6 =>
            {
                last.h += area.h;
            }
            _ => out.push(area),
        }
    }
    out
}

/// Shares upon each other, as steps. No more of them than pixels.
fn stacked(scene: &mut Scene, plot: &Plot, order: &[&[State]], edges: &[f64]) {
    let steps = edges.len() - 1;
    let stride = steps.div_ceil(plot.area.w as usize);
    let mut base = vec![0.0; steps];
    for state in State::BAD {
        let share: Vec<f64> = (0..steps)
            .map(|step| {
                100.0 * order.iter().filter(|s| s[step] == state).count() as f64
                    / order.len() as f64
            })
            .collect();
        if share.iter().all(|v| *v == 0.0) {
            continue;
        }
        let side = |at: &[f64]| -> Vec<(f64, f64)> {
            let columns = (0..steps).step_by(stride);
            columns
                .flat_map(|i| [edges[i], edges[(i + stride).min(steps)]].map(|x| plot.at(x, at[i])))
                .collect()
        };
        let upper: Vec<f64> = base.iter().zip(&share).map(|(a, b)| a + b).collect();
        let line = side(&upper);
        let mut points = line.clone();
        points.extend(side(&base).into_iter().rev());
        let fill = Fill { ink: state.ink(), opacity: 0.85 };
        scene.path(vec![Run { points, closed: true }], Some(fill), None, state.name().to_owned());
        scene.draw(vec![Run { points: line, closed: false }], Pen::of(Ink::Text, 0.8));
        base = upper;
    }
}
