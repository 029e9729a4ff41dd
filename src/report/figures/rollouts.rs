//! What states do over time, and what becomes of those that diverge.

use std::collections::BTreeMap;

use rayon::prelude::*;

use super::{SHARE, figure, groups, means, shown};
use crate::chart::divergence::{self, State};
use crate::chart::dynamics::{self, Group, Statistic};
use crate::chart::{Quantity, spectrum};
use crate::dataset::{Film, Films, Share, View};
use crate::error::Result;
use crate::features::spectrum::Plans;
use crate::features::{Frame, Shape};
use crate::report::model::{Figure, Topic};
use crate::report::numbers::several;

/// Operators whose metrics are drawn, at most, and moments.
const OPERATORS: usize = 2000;
const TIMES: usize = 128;
/// Operators on the map, at most.
const MAPPED: usize = 20_000;
/// Metrics in the order of their plots; others follow.
const FIRST: [&str; 3] = ["energy", "variance", "mean_magnitude"];

/// `count` of `all` places, evenly spread, the first and the last among them.
fn spread(all: usize, count: usize) -> Vec<usize> {
    let last = count.min(all).saturating_sub(1);
    (0..=last).map(|i| (i * all.saturating_sub(1)).checked_div(last).unwrap_or(0)).collect()
}

/// Metrics over time, by policy; none for single states.
pub fn statistics(view: &View) -> Result<Option<Figure>> {
    let mut metrics = view.metrics();
    metrics.sort_by_key(|(name, _)| FIRST.iter().position(|f| f == name).unwrap_or(FIRST.len()));
    let share = Share { rows: OPERATORS, ..SHARE };
    let (mut statistics, mut time, mut read) = (Vec::new(), Vec::new(), (0, 0));
    for (name, path) in metrics {
        let [_, m, t] = *view.shape(&path) else { continue };
        if m == 0 || t < 2 {
            continue;
        }
        let steps = spread(t, TIMES);
        let course = |numbers: &[f64]| -> Vec<f64> {
            let all = means(numbers, t);
            steps.iter().map(|step| all[*step]).collect()
        };
        let Some(portion) = view.portion(&path, &share, &course)? else { continue };
        read = (portion.rows.len(), t);
        time = steps.iter().map(|step| *step as f64).collect();
        let group = |(name, members): (String, Vec<usize>)| Group {
            name,
            series: members.iter().map(|at| portion.values[*at].clone()).collect(),
        };
        let groups = groups(view, &portion.rows).into_iter().map(group).collect();
        statistics.push(Statistic { of: Quantity::new(name.replace('_', " "), ""), groups });
    }
    if statistics.is_empty() {
        return Ok(None);
    }
    let chart =
        dynamics::chart("Metrics over time", (&Quantity::counted("time step"), &time), &statistics);
    let sound = "Every state is sound, so that there is no map of divergence.";
    let note = [
        "Metrics of states, the mean over the realizations of an operator.".to_owned(),
        shown(read.0, view.operators, "operator"),
        shown(time.len(), read.1, "state"),
        if all_sound(view) { sound.to_owned() } else { String::new() },
    ];
    Ok(Some(figure("rollouts", Topic::Rollouts, chart, note)))
}

/// Whether codes of states are there and none says that something is wrong.
fn all_sound(view: &View) -> bool {
    let is_sound = |row| view.codes(row).is_some_and(|(codes, _)| codes.iter().all(|c| *c == 0));
    view.operators > 0 && (0..view.operators).all(is_sound)
}

/// Where rollouts leave what is computable; none if no state does.
pub fn divergence(view: &View) -> Option<Figure> {
    let rows = spread(view.operators, MAPPED);
    let (_, m) = view.codes(0)?;
    let state = |code: &u8| match code {
        0 => State::Ok,
        2 => State::Constant,
        3 => State::BlownUp,
        _ => State::NonFinite,
    };
    // Of realizations the worst.
    let worst = |row: &usize| -> Vec<State> {
        let codes = view.codes(*row).map_or(&[][..], |(codes, _)| codes);
        let t = codes.len() / m.max(1);
        let at = |step: usize| codes.iter().skip(step).step_by(t).map(state).max();
        (0..t).map(|step| at(step).unwrap_or(State::Ok)).collect()
    };
    let operators: Vec<Vec<State>> = rows.par_iter().map(worst).collect();
    if operators.iter().flatten().all(|state| *state == State::Ok) {
        return None;
    }
    let time: Vec<f64> = (0..operators[0].len()).map(|t| t as f64).collect();
    let axis = Quantity::counted("time step");
    let chart = divergence::chart("Divergence", (&axis, &time), &operators);
    let each = if m > 1 { " of its worst realization" } else { "" };
    let note = [
        format!("Each row is an operator, coloured by the state{each} at each step."),
        shown(rows.len(), view.operators, "operator"),
    ];
    Some(figure("divergence", Topic::Rollouts, chart, note))
}

/// Radial power spectra of the last states that the page shows, by policy.
///
/// `P(k) = Σ |F|² / HW` over the modes with `k − ½ ≤ |k⃗| < k + ½`, |k⃗| in waves per side, so that P adds
/// up to the variance of a field but for its corners in k, which are left out.
pub fn spectra(view: &View, films: &Films) -> Option<Figure> {
    let mut plans: BTreeMap<(usize, usize), Plans> = BTreeMap::new();
    for film in &films.films {
        let (h, w) = film.shape;
        if h >= 4 && w >= 4 {
            plans.entry(film.shape).or_insert_with(|| Plans::new(h, w));
        }
    }
    let last = *films.steps.last()?;
    let of = |film: &Film| -> Option<(usize, Vec<f64>)> {
        let field = film.frames.last()?;
        let plans = plans.get(&film.shape)?;
        let is_field = field.iter().all(|v| v.is_finite());
        is_field.then(|| (film.row, radial(field, film.shape, plans)))
    };
    let found: Vec<(usize, Vec<f64>)> = films.films.par_iter().filter_map(of).collect();
    let longest = found.iter().map(|(_, power)| power.len()).max()?;
    let waves: Vec<f64> = (1..=longest).map(|k| k as f64).collect();
    let rows: Vec<usize> = found.iter().map(|(row, _)| *row).collect();
    let group = |(name, members): (String, Vec<usize>)| Group {
        name,
        series: members.iter().map(|at| found[*at].1.clone()).collect(),
    };
    let groups: Vec<Group> = groups(view, &rows).into_iter().map(group).collect();
    if groups.iter().flat_map(|group| &group.series).flatten().all(|power| *power <= 0.0) {
        return None;
    }
    let axis = Quantity::new("wave number", "waves per side");
    let power = Quantity::new("variance per wave number", "");
    let chart = spectrum::chart("Power spectra", (&axis, &waves), power, &groups);
    let when = if films.all_steps > 1 { format!(" at t = {last}") } else { String::new() };
    let all = several(view.operators as u64, "operator");
    let few = format!("Shown: {} of {all}, those among the first that are finite.", found.len());
    let averaged = "Grids with sides above 64 were averaged, which damps their shortest waves.";
    let note = [
        format!("The first channel of the first realization{when}."),
        if found.len() < view.operators { few } else { String::new() },
        if films.averaged_from > 0 { averaged.to_owned() } else { String::new() },
    ];
    Some(figure("spectra", Topic::Rollouts, chart, note))
}

/// P(1), P(2), … up to half the shorter side.
fn radial(field: &[f32], (height, width): (usize, usize), plans: &Plans) -> Vec<f64> {
    let shape = Shape { steps: 1, channels: 1, height, width };
    let power = Frame::new(shape, 0, field, plans).spectra().power(0);
    let mut out = vec![0.0; height.min(width) / 2];
    for wave in plans.waves().all() {
        let k = (wave.fx * width as f64).hypot(wave.fy * height as f64).round() as usize;
        if let Some(sum) = k.checked_sub(1).and_then(|at| out.get_mut(at)) {
            *sum += wave.weight * power[wave.at] / (height * width) as f64;
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wave_has_its_variance_at_its_wave_number() {
        let (h, w) = (16, 12);
        let wave = |y: usize, x: usize| {
            let phase = 3.0 * y as f64 / h as f64 + 2.0 * x as f64 / w as f64;
            7.0 + 2.0 * (std::f64::consts::TAU * phase).cos()
        };
        let field: Vec<f32> = (0..h).flat_map(|y| (0..w).map(move |x| wave(y, x) as f32)).collect();
        // (3, 2) is 3.6 waves from the middle.
        let power = radial(&field, (h, w), &Plans::new(h, w));
        assert_eq!(power.len(), 6);
        assert!((power[3] - 2.0).abs() < 1e-6, "{power:?}");
        assert!(power.iter().sum::<f64>() - power[3] < 1e-9);
    }
}
