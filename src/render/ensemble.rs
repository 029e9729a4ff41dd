//! The realizations of one operator at one step.

/// Fields `[M, C, H, W]`.
#[derive(Debug, Clone, Copy)]
pub struct Ensemble<'a> {
    /// M.
    pub realizations: usize,
    /// C.
    pub channels: usize,
    /// H, rows.
    pub height: usize,
    /// W, columns.
    pub width: usize,
    /// The numbers, the last axis fastest.
    pub values: &'a [f32],
}

impl<'a> Ensemble<'a> {
    /// An ensemble of fields `[C, H, W]` that lie one after the other.
    ///
    /// # Panics
    /// If the numbers are not a whole number of fields.
    pub fn new([channels, height, width]: [usize; 3], values: &'a [f32]) -> Self {
        let field = channels * height * width;
        assert!(field > 0 && values.len().is_multiple_of(field), "whole fields of C × H × W");
        Self { realizations: values.len() / field, channels, height, width, values }
    }

    /// Pixels of a channel.
    pub fn area(&self) -> usize {
        self.height * self.width
    }

    /// Channel `c` of realization `m`, `[H, W]`.
    pub fn channel(&self, m: usize, c: usize) -> &'a [f32] {
        &self.values[(m * self.channels + c) * self.area()..][..self.area()]
    }

    /// Realization `m`, `[C, H, W]`.
    pub fn field(&self, m: usize) -> &'a [f32] {
        let size = self.channels * self.area();
        &self.values[m * size..][..size]
    }
}

/// Least and largest value of each channel of an operator over the whole clip (all realizations and
/// drawn steps, numbers that are not finite left out): what fixed bins and dynamic ranges refer to.
#[derive(Debug, Clone, PartialEq)]
pub struct Span {
    /// Least and largest, channel by channel; `None` where no number is finite.
    pub channels: Vec<Option<(f64, f64)>>,
}

impl Span {
    /// The span of one ensemble alone.
    pub fn of(ensemble: &Ensemble<'_>) -> Self {
        let mut span = Self { channels: vec![None; ensemble.channels] };
        span.include(ensemble);
        span
    }

    /// Widens it by another step of the same operator.
    pub fn include(&mut self, ensemble: &Ensemble<'_>) {
        for (c, span) in self.channels.iter_mut().enumerate() {
            for m in 0..ensemble.realizations {
                for value in ensemble.channel(m, c).iter().map(|v| f64::from(*v)) {
                    if value.is_finite() {
                        let (lo, hi) = span.unwrap_or((value, value));
                        *span = Some((lo.min(value), hi.max(value)));
                    }
                }
            }
        }
    }

    /// Least and largest of all channels together.
    pub fn joint(&self) -> Option<(f64, f64)> {
        let all = self.channels.iter().flatten().copied();
        all.reduce(|(lo, hi), (l, h)| (lo.min(l), hi.max(h)))
    }
}
