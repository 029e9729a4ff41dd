//! Squared coherence of channels by wave number.
//!
//! One transform of two fields is coherent with itself at every mode; the cross spectrum has to be
//! averaged first. Here over shells of wave numbers: with κ in cycles along the shorter side, shell r
//! holds the modes with `r − ½ ≤ κ < r + ½`, r = 1 .. min(H, W)/2. Then
//! `γ²(r) = |Σ F_x conj(F_y)|²/(Σ |F_x|² Σ |F_y|²)` (Carter, Knapp and Nuttall 1973), the sums over the
//! shell in the whole plane; the cross-correlation coefficient of the shell, squared. Independent noise
//! has 1/K of K modes.

use crate::features::spectrum::{Mode, Spectra};
use crate::features::{Channel, Undefined, Value};

/// As many channels as the Python reference takes.
const MANY: usize = 16;
/// Part of the power below which a shell holds rounding of 32-bit states alone.
const EMPTY: f64 = 1e-14;
/// Coherences closer than this are equal.
const TIE: f64 = 1e-9;

/// Low, mid, high: the mean over shells and pairs, by thirds of the Nyquist wave number; the greatest;
/// and where that is, in cycles per pixel.
pub fn features(channels: &[Channel], spectra: &Spectra, compat: bool) -> [Value; 5] {
    if compat {
        return compatible(channels.len(), spectra);
    }
    if channels.iter().any(Channel::is_constant) {
        return [Err(Undefined::ConstantField); 5];
    }
    let side = spectra.height.min(spectra.width);
    let shells = side / 2;
    let c = channels.len();
    let modes: Vec<(Mode, usize)> = spectra
        .vectors()
        .map(|mode| (mode, (mode.rho() * side as f64 + 0.5).floor() as usize))
        .collect();
    let sums = |x: usize, y: usize| {
        let mut sums = vec![0.0; shells + 1];
        let both = spectra.modes(x).iter().zip(spectra.modes(y));
        for ((mode, shell), (x, y)) in modes.iter().zip(both) {
            if *shell <= shells && !mode.is_mean() {
                sums[*shell] += mode.weight * (x.re * y.re + x.im * y.im);
            }
        }
        sums
    };
    let power = |x: usize| -> f64 {
        let both = spectra.modes(x).iter().zip(&modes);
        both.map(|(value, (mode, _))| mode.weight * value.norm_sqr()).sum()
    };
    let own: Vec<(Vec<f64>, f64)> = (0..c).map(|x| (sums(x, x), EMPTY * power(x))).collect();
    let mut bands = [(0.0, 0_u32); 3];
    let mut best: Option<(f64, usize)> = None;
    for x in 0..c {
        for y in x + 1..c {
            let cross = sums(x, y);
            let ((xx, x_floor), (yy, y_floor)) = (&own[x], &own[y]);
            for r in (1..=shells).filter(|r| xx[*r] > *x_floor && yy[*r] > *y_floor) {
                let coherence = cross[r] * cross[r] / (xx[r] * yy[r]);
                let band = &mut bands[(6 * r / side).min(2)];
                *band = (band.0 + coherence, band.1 + 1);
                let better = best.is_none_or(|(greatest, at)| {
                    coherence > greatest + TIE || (coherence >= greatest - TIE && r < at)
                });
                if better {
                    best = Some((coherence, r));
                }
            }
        }
    }
    let [low, mid, high] = bands.map(|(sum, count)| match count {
        0 => Err(Undefined::Undetermined),
        _ => Ok(sum / f64::from(count)),
    });
    let best = best.ok_or(Undefined::Undetermined);
    [low, mid, high, best.map(|(greatest, _)| greatest), best.map(|(_, r)| r as f64 / side as f64)]
}

/// The Python reference's: of single modes, `|S_xy|²/(S_xx S_yy + 1e-8)`, which is 1 wherever there is
/// power; mean over blocks on the diagonal of the quarter plane; the place of the greatest is counted
/// through pairs, rows and columns. In exact arithmetic it is that of the greatest `S_xx S_yy`.
fn compatible(c: usize, spectra: &Spectra) -> [Value; 5] {
    if c > MANY {
        return [Err(Undefined::ManyChannels); 5];
    }
    let (h, half) = (spectra.height, spectra.half());
    let product = |x: usize, y: usize, a: usize, b: usize| {
        spectra.modes(x)[b * h + a].norm_sqr() * spectra.modes(y)[b * h + a].norm_sqr()
    };
    let pairs: Vec<(usize, usize)> = (0..c).flat_map(|x| (x + 1..c).map(move |y| (x, y))).collect();
    let band = |s: usize| {
        let third = |size: usize, s: usize| s * size / 3;
        let (rows, columns) = (h / 2 + 1, half);
        let mut sum = (0.0, 0_u32);
        for (x, y) in &pairs {
            for a in third(rows, s)..third(rows, s + 1) {
                for b in third(columns, s)..third(columns, s + 1) {
                    let p = product(*x, *y, a, b);
                    sum = (sum.0 + p / (p + 1e-8), sum.1 + 1);
                }
            }
        }
        if sum.1 == 0 { Err(Undefined::Undetermined) } else { Ok(sum.0 / f64::from(sum.1)) }
    };
    let (mut greatest, mut at) = (0.0, 0);
    for (pair, (x, y)) in pairs.iter().enumerate() {
        for k in 0..h * half {
            let p = product(*x, *y, k / half, k % half);
            if p > greatest {
                (greatest, at) = (p, pair * h * half + k);
            }
        }
    }
    let place = at as f64 / (pairs.len() * h * half) as f64;
    [band(0), band(1), band(2), Ok(greatest / (greatest + 1e-8)), Ok(place)]
}
