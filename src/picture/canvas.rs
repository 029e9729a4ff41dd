//! A raster of RGB pixels, and what puts pixels on it.

use super::color::{Colormap, Rgb};

/// A rectangle of whole pixels; `y` grows downwards.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Rect {
    /// Left edge.
    pub x: usize,
    /// Upper edge.
    pub y: usize,
    /// Width.
    pub w: usize,
    /// Height.
    pub h: usize,
}

/// A raster, row by row from the top.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Canvas {
    width: usize,
    height: usize,
    pixels: Vec<Rgb>,
}

impl Canvas {
    /// A canvas of one colour.
    pub fn new(width: usize, height: usize, color: Rgb) -> Self {
        Self { width, height, pixels: vec![color; width * height] }
    }

    /// A field in colours: `values` is `[h, w]` row by row, one pixel each.
    pub fn of_values(values: &[f32], width: usize, color: impl Fn(f32) -> Rgb) -> Self {
        let pixels: Vec<Rgb> = values.iter().map(|v| color(*v)).collect();
        Self { width, height: pixels.len() / width, pixels }
    }

    /// A colour bar from the first colour at the left to the last at the right.
    pub fn bar(width: usize, height: usize, map: &Colormap) -> Self {
        let last = (width.max(2) - 1) as f64;
        let row: Vec<Rgb> = (0..width).map(|x| map.at(x as f64 / last)).collect();
        Self { width, height, pixels: row.repeat(height) }
    }

    /// Width in pixels.
    pub fn width(&self) -> usize {
        self.width
    }

    /// Height in pixels.
    pub fn height(&self) -> usize {
        self.height
    }

    /// Every pixel, row by row.
    pub fn pixels(&self) -> &[Rgb] {
        &self.pixels
    }

    /// The pixel at `(x, y)`, if it is one.
    pub fn pixel_mut(&mut self, x: usize, y: usize) -> Option<&mut Rgb> {
        if x < self.width { self.pixels.get_mut(y * self.width + x) } else { None }
    }

    /// Fills a rectangle, as far as it lies on the canvas.
    pub fn fill(&mut self, rect: Rect, color: Rgb) {
        let right = (rect.x + rect.w).min(self.width);
        for y in rect.y..(rect.y + rect.h).min(self.height) {
            let row = &mut self.pixels[y * self.width..][..self.width];
            row[rect.x.min(right)..right].fill(color);
        }
    }

    /// Puts a picture with its upper left corner at `(x, y)`.
    ///
    /// # Panics
    /// If it does not fit: whoever places a picture has measured it.
    pub fn put(&mut self, picture: &Canvas, x: usize, y: usize) {
        assert!(
            x + picture.width <= self.width && y + picture.height <= self.height,
            "a picture lies on its canvas"
        );
        for (row, line) in picture.pixels.chunks_exact(picture.width.max(1)).enumerate() {
            self.pixels[(y + row) * self.width + x..][..picture.width].copy_from_slice(line);
        }
    }

    /// Puts colours, `width` to a line, with their upper left corner at `(x, y)`, each as a square of
    /// `factor × factor` pixels.
    ///
    /// # Panics
    /// If they do not fit, as [`Canvas::put`].
    pub fn put_enlarged(
        &mut self,
        colors: &[Rgb],
        width: usize,
        x: usize,
        y: usize,
        factor: usize,
    ) {
        let lines = colors.len() / width.max(1);
        assert!(
            x + factor * width <= self.width && y + factor * lines <= self.height,
            "a picture lies on its canvas"
        );
        for (row, line) in colors.chunks_exact(width.max(1)).enumerate() {
            let from = (y + row * factor) * self.width + x;
            let target = &mut self.pixels[from..][..factor * width];
            for (square, color) in target.chunks_exact_mut(factor).zip(line) {
                square.fill(*color);
            }
            for copy in 1..factor {
                self.pixels.copy_within(from..from + factor * width, from + copy * self.width);
            }
        }
    }

    /// The pixels of a rectangle that lies on the canvas, row by row.
    pub fn part(&self, rect: Rect) -> Vec<Rgb> {
        let rows = self.pixels[rect.y * self.width..].chunks(self.width).take(rect.h);
        rows.flat_map(|row| &row[rect.x..][..rect.w]).copied().collect()
    }

    /// The least rectangle outside which two canvases of one size are the same; none if they are the
    /// same everywhere.
    pub fn difference(&self, other: &Self) -> Option<Rect> {
        let mut found: Option<[usize; 4]> = None;
        let lines = self.pixels.chunks(self.width).zip(other.pixels.chunks(self.width));
        for (y, (mine, others)) in lines.enumerate() {
            let Some(left) = mine.iter().zip(others).position(|(a, b)| a != b) else { continue };
            let right = mine.iter().zip(others).rposition(|(a, b)| a != b).unwrap_or(left) + 1;
            let [x, top, end, _] = found.unwrap_or([left, y, right, y]);
            found = Some([x.min(left), top, end.max(right), y + 1]);
        }
        found.map(|[x, y, end, bottom]| Rect { x, y, w: end - x, h: bottom - y })
    }
}

/// Whether a side of `from` pixels can be drawn on `to` pixels without inventing any: one is a multiple
/// of the other.
pub fn is_whole_factor(from: usize, to: usize) -> bool {
    from > 0 && to > 0 && (to.is_multiple_of(from) || from.is_multiple_of(to))
}

/// A field `[from.0, from.1]` on `to` pixels, height first: each axis repeated, or averaged, a whole
/// number of times, so that what is drawn is the data. An average of which a part is not finite is not.
///
/// # Panics
/// If an axis is no whole factor ([`is_whole_factor`]).
pub fn resized(values: &[f32], from: (usize, usize), to: (usize, usize)) -> Vec<f32> {
    assert!(is_whole_factor(from.0, to.0) && is_whole_factor(from.1, to.1), "{from:?} {to:?}");
    if from == to {
        return values.to_vec();
    }
    // The rows, or columns, of the data that a pixel covers.
    let span = |i: usize, from: usize, to: usize| match from / to {
        0 => (i / (to / from), 1),
        factor => (i * factor, factor),
    };
    let mut out = Vec::with_capacity(to.0 * to.1);
    for y in 0..to.0 {
        let (top, rows) = span(y, from.0, to.0);
        for x in 0..to.1 {
            let (left, columns) = span(x, from.1, to.1);
            let lines = (top..top + rows).map(|row| &values[row * from.1 + left..][..columns]);
            let sum: f64 = lines.flatten().map(|v| f64::from(*v)).sum();
            out.push((sum / (rows * columns) as f64) as f32);
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_factors_repeat_or_average() {
        let values = [1.0, 2.0, 3.0, 4.0];
        assert_eq!(resized(&values, (2, 2), (2, 4)), [1.0, 1.0, 2.0, 2.0, 3.0, 3.0, 4.0, 4.0]);
        assert_eq!(resized(&values, (2, 2), (1, 2)), [2.0, 3.0]);
        assert_eq!(resized(&values, (2, 2), (4, 1)), [1.5, 1.5, 3.5, 3.5]);
        assert!(resized(&[1.0, f32::NAN], (1, 2), (1, 1))[0].is_nan());
        assert!(is_whole_factor(64, 128) && is_whole_factor(128, 64) && is_whole_factor(5, 5));
        assert!(!is_whole_factor(128, 100) && !is_whole_factor(0, 8));
    }

    #[test]
    fn enlarged_colours_are_squares() {
        let mut canvas = Canvas::new(5, 5, [0; 3]);
        canvas.put_enlarged(&[[1; 3], [2; 3], [3; 3], [4; 3]], 2, 1, 0, 2);
        let rows: Vec<Vec<u8>> =
            canvas.pixels().chunks(5).map(|r| r.iter().map(|p| p[0]).collect()).collect();
        let expected = [[0, 1, 1, 2, 2], [0, 1, 1, 2, 2], [0, 3, 3, 4, 4], [0, 3, 3, 4, 4], [0; 5]];
        assert_eq!(rows, expected);
    }

    #[test]
    fn a_difference_is_the_least_rectangle_around_it() {
        let one = Canvas::new(6, 5, [0; 3]);
        assert_eq!(one.difference(&one), None);
        let mut other = one.clone();
        other.fill(Rect { x: 4, y: 1, w: 1, h: 1 }, [1; 3]);
        other.fill(Rect { x: 2, y: 3, w: 1, h: 1 }, [2; 3]);
        let rect = one.difference(&other).unwrap();
        assert_eq!(rect, Rect { x: 2, y: 1, w: 3, h: 3 });
        let part: Vec<u8> = other.part(rect).iter().map(|p| p[0]).collect();
        assert_eq!(part, [0, 0, 1, 0, 0, 0, 2, 0, 0]);
    }

    #[test]
    fn pictures_land_where_they_are_put_and_fills_end_at_the_edge() {
        let mut canvas = Canvas::new(4, 3, [0; 3]);
        canvas.put(&Canvas::new(2, 1, [9; 3]), 1, 2);
        canvas.fill(Rect { x: 3, y: 0, w: 9, h: 1 }, [5; 3]);
        let rows: Vec<Vec<u8>> =
            canvas.pixels().chunks(4).map(|r| r.iter().map(|p| p[0]).collect()).collect();
        assert_eq!(rows, [[0, 0, 0, 5], [0, 0, 0, 0], [0, 9, 9, 0]]);
        assert!(canvas.pixel_mut(4, 0).is_none() && canvas.pixel_mut(0, 3).is_none());
    }
}
