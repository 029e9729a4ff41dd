//! Histograms that a few extreme numbers do not spoil.

use super::axes::{self, ABOVE, BELOW, Quantity};
use super::number::{count, of_them, percent};
use super::robust::{quantile, sorted};
use super::scale::Span;
use super::scene::{Area, Fill, Pen, Run, Scene, WIDTH};
use super::theme::Ink;
use super::{Chart, message, notes};

/// Numbers counted in bins of equal width.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Bins {
    /// Left edge of the first bin and right edge of the last.
    pub span: Span,
    /// How many numbers in each.
    pub counts: Vec<usize>,
    /// How many finite numbers outside.
    pub outside: usize,
    /// How many that are not finite.
    pub missing: usize,
    /// How many at all.
    pub total: usize,
    /// The numbers written below the first and the last bin.
    pub ends: [f64; 2],
    /// The number, if there is only one.
    pub constant: Option<f64>,
}

impl Bins {
    /// Counts. The bins reach over all numbers, unless the middle 99 % take less than a third of that:
    /// then over these. Whole numbers in a narrow range have a bin each; positive numbers of which
    /// the middle 90 % span more than two powers of ten are counted in equal ratios.
    pub fn of(values: &[f64], most: usize) -> Option<Self> {
        let finite = sorted(values.iter().copied());
        let (first, last) = (*finite.first()?, *finite.last()?);
        let (mut low, mut high) = (first, last);
        let inner = [quantile(&finite, 0.005), quantile(&finite, 0.995)];
        if inner[1] > inner[0] && high - low > 3.0 * (inner[1] - inner[0]) {
            [low, high] = inner;
        }
        let ratio = quantile(&finite, 0.95) / quantile(&finite, 0.05);
        if first > 0.0 && ratio > 100.0 {
            return Some(Self::within(values, Span::log(first, last), most));
        }
        let whole = finite.iter().all(|v| v.fract() == 0.0) && high - low < most as f64;
        let bins = if whole && high > low { (high - low) as usize + 1 } else { most };
        let span = if whole && high > low {
            Span::linear(low - 0.5, high + 0.5)
        } else {
            Span::linear(low, high)
        };
        let mut out = Self::within(values, span, bins);
        out.constant = (first == last).then_some(first);
        if whole && high > low {
            out.ends = [low, high];
        }
        Some(out)
    }

    /// Counts within given edges, of which the upper belongs to the last bin; in equal ratios if the
    /// span is logarithmic.
    pub fn within(values: &[f64], span: Span, bins: usize) -> Self {
        let (mut counts, mut outside, mut missing) = (vec![0; bins], 0, 0);
        for v in values {
            if !v.is_finite() {
                missing += 1;
                continue;
            }
            let place = span.place(*v);
            if (0.0..=1.0).contains(&place) {
                counts[((place * bins as f64) as usize).min(bins - 1)] += 1;
            } else {
                outside += 1;
            }
        }
        Self {
            span,
            counts,
            outside,
            missing,
            total: values.len(),
            ends: [span.low, span.high],
            constant: None,
        }
    }

    /// What a reader has to know: whether the axis is logarithmic, how many are outside, how
    /// many missing. Empty if none is.
    pub fn remarks(&self) -> Vec<String> {
        let outside = (self.outside > 0).then(|| format!("{} outside", count(self.outside)));
        let missing =
            (self.missing > 0).then(|| format!("{} missing", percent(self.missing, self.total)));
        let log = self.span.log.then(|| "log".to_owned());
        log.into_iter().chain(outside).chain(missing).collect()
    }
}

/// The bins as one shape that stands on the lower edge of an area; `full` numbers reach its upper edge.
pub(super) fn bars(scene: &mut Scene, area: Area, bins: &Bins, full: f64, ink: Ink) {
    let step = area.w / bins.counts.len() as f64;
    let mut runs: Vec<Run> = Vec::new();
    let mut points = Vec::new();
    let mut edges = Vec::new();
    for (i, n) in bins.counts.iter().chain([&0]).enumerate() {
        let x = area.x + step * i as f64;
        if *n == 0 {
            if !points.is_empty() {
                points.push((x, area.bottom()));
                edges.push(Run { points: points.clone(), closed: false });
                runs.push(Run { points: std::mem::take(&mut points), closed: true });
            }
            continue;
        }
        // Whatever is not nothing is seen.
        let y = area.bottom() - (area.h * *n as f64 / full).clamp(0.6, area.h);
        if points.is_empty() {
            points.push((x, area.bottom()));
        }
        points.extend([(x, y), (x + step, y)]);
    }
    scene.path(runs, Some(Fill { ink, opacity: 0.35 }), None, String::new());
    scene.draw(edges, Pen::of(ink, 0.8));
}

/// One histogram with axes.
pub fn chart(title: &str, of: &Quantity, values: &[f64]) -> Chart {
    let Some(bins) = Bins::of(values, 40) else {
        return message(title, &format!("None of {} is finite.", of_them(values.len(), "number")));
    };
    let mut scene = Scene::new(0.0);
    let tallest = *bins.counts.iter().max().unwrap_or(&0) as f64;
    let y = Span::linear(0.0, tallest.max(1.0)).rounded(6);
    let ticks = axes::upright_ticks(y, 130.0);
    let left = axes::left_of(&ticks);
    let area = Area { x: left, y: ABOVE, w: WIDTH - left - 8.0, h: 130.0 };
    axes::left(&mut scene, area, y, &ticks, Some(&Quantity::new("count", "")));
    bars(&mut scene, area, &bins, y.high, Ink::Series(0));
    axes::below(&mut scene, area, bins.span, Some(of));
    let top = area.bottom() + BELOW;
    let mut remarks = vec![of_them(bins.total, "number")];
    remarks.extend(bins.constant.map(|v| format!("all {}", super::number::short(v))));
    remarks.extend(bins.remarks());
    let note = remarks.join(" · ");
    scene.height = top + notes(&mut scene, top, &note);
    Chart {
        title: title.to_owned(),
        description: format!("Histogram of {}: {note}", of.name),
        scene,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_number_is_in_a_bin_outside_or_missing() {
        let mut values: Vec<f64> = (0..1000).map(|i| f64::from(i) / 1000.0).collect();
        values.extend([1e9, -1e9, f64::NAN, f64::INFINITY]);
        let bins = Bins::of(&values, 10).unwrap();
        assert!(bins.span.low > -0.1 && bins.span.high < 1.1, "{:?}", bins.span);
        assert_eq!(bins.counts.iter().sum::<usize>() + bins.outside + bins.missing, values.len());
        assert_eq!(bins.remarks().len(), 2);
        let all = Bins::of(&values[..1000], 10).unwrap();
        assert_eq!((all.counts, all.outside), (vec![100; 10], 0));
        let whole = Bins::of(&[3.0, 5.0, 5.0, 7.0], 20).unwrap();
        assert_eq!((whole.counts, whole.span.low), (vec![1, 0, 2, 0, 1], 2.5));
        let same = Bins::of(&[4.0; 9], 5).unwrap();
        assert_eq!((same.constant, same.counts.iter().sum::<usize>()), (Some(4.0), 9));
        assert_eq!(Bins::of(&[f64::NAN], 5), None);
        let log = Bins::within(&[1.0, 5.0, 50.0, 100.0, 0.0], Span::log(1.0, 100.0), 2);
        assert_eq!((log.counts, log.outside), (vec![2, 2], 1));
    }
}
