//! How large a datum is.

/// Whole numbers of pixels for a datum, or of data for a pixel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Zoom {
    /// So many pixels square for each datum.
    Enlarge(usize),
    /// The mean of so many data square for each pixel.
    Reduce(usize),
}

/// A cell that is smaller is hard to read.
const READABLE: usize = 96;
/// A cell need not be larger.
const LARGE: usize = 256;

impl Zoom {
    /// What makes cells at least 96 pixels wide: an even number of pixels for a datum if more than one,
    /// for the sake of video. Grids of more than 256 are reduced to that, if they can be.
    pub fn usual((height, width): (usize, usize)) -> Self {
        let (least, most) = (height.min(width).max(1), height.max(width));
        match READABLE.div_ceil(least) {
            1 => {
                let divides = |by: &usize| height.is_multiple_of(*by) && width.is_multiple_of(*by);
                let by = (1..=least).filter(divides).find(|by| most / by <= LARGE);
                by.filter(|by| *by > 1 && least / by >= READABLE)
                    .map_or(Self::Enlarge(1), Self::Reduce)
            }
            factor => Self::Enlarge(factor.next_multiple_of(2)),
        }
    }

    /// Pixels for a datum along each axis.
    pub fn factor(self) -> f64 {
        match self {
            Self::Enlarge(by) => by as f64,
            Self::Reduce(by) => 1.0 / by as f64,
        }
    }

    /// Height and width of a cell.
    pub fn cell(self, (height, width): (usize, usize)) -> (usize, usize) {
        match self {
            Self::Enlarge(by) => (by * height, by * width),
            Self::Reduce(by) => (height / by, width / by),
        }
    }
}
