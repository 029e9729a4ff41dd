//! What `spatial` measures of a channel.

use crate::features::Channel;
use crate::features::statistics::{Moments, lower_median, median, quantile};

use super::pattern::Pattern;

/// Of a finite channel u.
#[derive(Debug, Clone, PartialEq)]
pub struct Measures {
    /// Least and greatest value.
    pub extremes: [f64; 2],
    /// Q(¼) and Q(¾).
    pub quartiles: [f64; 2],
    /// Median absolute deviation.
    pub deviation: f64,
    /// Of the gradient magnitude g.
    pub gradient: Moments,
    /// max g.
    pub steepest: f64,
    /// mean |u[i, j+1] − u[i, j]| and mean |u[i+1, j] − u[i, j]|; under `compat` mean Dx and mean Dy.
    pub slopes: [f64; 2],
    /// mean Dx² and mean Dy²; under `compat` mean |Dx| and mean |Dy|.
    pub tensor: [f64; 2],
    /// Of L u.
    pub laplacian: Moments,
    /// mean |L u|; under `compat` mean L u.
    pub curvature: f64,
    /// mean (L u)².
    pub curvature_energy: f64,
    /// What `sdf-extended` wants besides, if it is asked for.
    pub pattern: Option<Pattern>,
}

impl Measures {
    /// Of a finite channel with this gradient magnitude; all but the pattern.
    pub fn of(u: &Channel, gradient: &[f64], compat: bool) -> Self {
        let sorted = u.sorted();
        let [dx, dy] = u.central();
        let laplacian = u.laplacian();
        let curvature = Moments::of(&laplacian);
        let (slopes, tensor, bend) = if compat {
            let sizes = [mean_of(dx, f64::abs), mean_of(dy, f64::abs)];
            ([mean_of(dx, |v| v), mean_of(dy, |v| v)], sizes, curvature.mean)
        } else {
            let slopes = u.forward().map(|along| mean_of(&along, f64::abs));
            let tensor = [mean_of(dx, |v| v * v), mean_of(dy, |v| v * v)];
            (slopes, tensor, mean_of(&laplacian, f64::abs))
        };
        Self {
            extremes: [sorted[0], sorted[sorted.len() - 1]],
            quartiles: [quantile(sorted, 0.25), quantile(sorted, 0.75)],
            deviation: deviation(sorted, compat),
            gradient: Moments::of(gradient),
            steepest: gradient.iter().copied().fold(0.0, f64::max),
            slopes,
            tensor,
            laplacian: curvature,
            curvature: bend,
            curvature_energy: mean_of(&laplacian, |v| v * v),
            pattern: None,
        }
    }
}

/// Median absolute deviation.
fn deviation(sorted: &[f64], compat: bool) -> f64 {
    let (mut all, mut away) = (sorted.to_vec(), sorted.to_vec());
    let pick = if compat { lower_median } else { median };
    let middle = pick(&mut all);
    for v in &mut away {
        *v = (*v - middle).abs();
    }
    pick(&mut away)
}

fn mean_of(values: &[f64], f: impl Fn(f64) -> f64) -> f64 {
    values.iter().map(|v| f(*v)).sum::<f64>() / values.len() as f64
}
