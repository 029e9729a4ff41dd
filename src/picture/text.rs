//! Text on a canvas: measured, fitted and drawn with embedded fonts.
//!
//! Invariant: what is drawn is as wide as it was measured, so a text that was fitted does not leave
//! its place. Left to right, one glyph per character, no kerning.

use std::sync::LazyLock;

use ab_glyph::{Font as _, FontRef, OutlineCurve, Point, PxScale, ScaleFont as _};

use super::canvas::Canvas;
use super::color::Rgb;

static REGULAR: LazyLock<FontRef<'static>> =
    LazyLock::new(|| embedded(include_bytes!("fonts/DejaVuSans.ttf")));
static BOLD: LazyLock<FontRef<'static>> =
    LazyLock::new(|| embedded(include_bytes!("fonts/DejaVuSans-Bold.ttf")));

fn embedded(bytes: &'static [u8]) -> FontRef<'static> {
    FontRef::try_from_slice(bytes).expect("the embedded fonts are sound")
}

/// How a text looks.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Style {
    /// Bold has ASCII only.
    pub bold: bool,
    /// Pixels per em.
    pub size: f32,
    /// Colour of the ink.
    pub color: Rgb,
}

/// A piece of the outline of a text, in pixels to the right of its beginning and below its baseline.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Stroke {
    /// Begin anew here.
    Move([f32; 2]),
    /// Straight on to here.
    Line([f32; 2]),
    /// Bent towards the first point, on to the second.
    Curve([f32; 2], [f32; 2]),
    /// Straight back to where it began.
    Close,
}

impl Style {
    /// A regular text.
    pub const fn regular(size: f32, color: Rgb) -> Self {
        Self { bold: false, size, color }
    }

    /// A bold text.
    pub const fn bold(size: f32, color: Rgb) -> Self {
        Self { bold: true, size, color }
    }

    fn font(self) -> &'static FontRef<'static> {
        if self.bold { &BOLD } else { &REGULAR }
    }

    /// What `ab_glyph` calls the scale: the height from ascent to descent.
    fn scale(self) -> PxScale {
        let font = self.font();
        let em = font.units_per_em().expect("the embedded fonts have an em");
        PxScale::from(self.size * font.height_unscaled() / em)
    }

    /// Whether the font has a glyph for this character.
    pub fn has(self, c: char) -> bool {
        self.font().glyph_id(c).0 != 0
    }

    /// Width of a text in pixels, rounded up.
    pub fn width(self, text: &str) -> usize {
        self.advance(text).ceil() as usize
    }

    /// Width of a text in pixels.
    pub fn advance(self, text: &str) -> f32 {
        let font = self.font().as_scaled(self.scale());
        text.chars().map(|c| font.h_advance(font.glyph_id(c))).sum()
    }

    /// Draws a text from `x` on with its baseline at `y`, as far as it lies on the canvas.
    pub fn draw(self, canvas: &mut Canvas, x: usize, y: usize, text: &str) {
        let font = self.font().as_scaled(self.scale());
        let mut pen = x as f32;
        for c in text.chars() {
            let mut glyph = font.scaled_glyph(c);
            glyph.position = Point { x: pen, y: y as f32 };
            pen += font.h_advance(glyph.id);
            let Some(outline) = font.outline_glyph(glyph) else { continue };
            let corner = outline.px_bounds().min;
            outline.draw(|dx, dy, cover| {
                let (x, y) = (corner.x + dx as f32, corner.y + dy as f32);
                if x >= 0.0
                    && y >= 0.0
                    && let Some(pixel) = canvas.pixel_mut(x as usize, y as usize)
                {
                    blend(pixel, self.color, cover);
                }
            });
        }
    }

    /// The outlines of a text, for pictures that are not drawn pixel by pixel. Winding is non-zero.
    pub fn outlines(self, text: &str) -> Vec<Stroke> {
        let font = self.font();
        let scaled = font.as_scaled(self.scale());
        let [h, v] = [scaled.h_scale_factor(), scaled.v_scale_factor()];
        let (mut strokes, mut pen) = (Vec::new(), 0.0);
        for c in text.chars() {
            let id = font.glyph_id(c);
            let place = |p: Point| [pen + h * p.x, -v * p.y];
            let mut last = None;
            for curve in font.outline(id).map(|outline| outline.curves).unwrap_or_default() {
                let (from, to, stroke) = match curve {
                    OutlineCurve::Line(a, b) => (a, b, Stroke::Line(place(b))),
                    OutlineCurve::Quad(a, b, c) => (a, c, Stroke::Curve(place(b), place(c))),
                    OutlineCurve::Cubic(..) => unreachable!("TrueType has quadratic curves only"),
                };
                if last != Some(from) {
                    if last.is_some() {
                        strokes.push(Stroke::Close);
                    }
                    strokes.push(Stroke::Move(place(from)));
                }
                strokes.push(stroke);
                last = Some(to);
            }
            if last.is_some() {
                strokes.push(Stroke::Close);
            }
            pen += scaled.h_advance(id);
        }
        strokes
    }

    /// The text, or as much of its beginning as fits into `width` pixels with an ellipsis.
    pub fn fitted(self, text: &str, width: usize) -> String {
        if self.width(text) <= width {
            return text.to_owned();
        }
        let mut kept = text.to_owned();
        while kept.pop().is_some() {
            let short = format!("{}…", kept.trim_end_matches([' ', ',', ';', ':']));
            if self.width(&short) <= width {
                return short;
            }
        }
        String::new()
    }

    /// The text broken at spaces into lines of at most `width` pixels; what does not fit into `most`
    /// lines is cut off with an ellipsis.
    pub fn wrapped(self, text: &str, width: usize, most: usize) -> Vec<String> {
        let mut lines: Vec<String> = Vec::new();
        let mut words = text.split_whitespace().peekable();
        while words.peek().is_some() {
            if lines.len() + 1 == most {
                let rest: Vec<&str> = words.collect();
                lines.push(self.fitted(&rest.join(" "), width));
                break;
            }
            let mut line = String::new();
            while let Some(word) = words.peek() {
                let longer =
                    if line.is_empty() { (*word).to_owned() } else { format!("{line} {word}") };
                if self.width(&longer) > width && !line.is_empty() {
                    break;
                }
                line = longer;
                words.next();
            }
            lines.push(self.fitted(&line, width));
        }
        lines
    }
}

/// Ink over a pixel.
fn blend(pixel: &mut Rgb, ink: Rgb, cover: f32) {
    let cover = cover.clamp(0.0, 1.0);
    for (under, over) in pixel.iter_mut().zip(ink) {
        let mixed = f32::from(*under) + cover * (f32::from(over) - f32::from(*under));
        *under = mixed.round() as u8;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const STYLE: Style = Style::regular(12.0, [0; 3]);

    #[test]
    fn widths_are_those_of_the_font() {
        // Advances of DejaVu Sans in 2048ths of an em: n 1298, space 651, ψ 1351.
        let n = 12.0 * 1298.0 / 2048.0;
        assert!((STYLE.advance("n") - n).abs() < 1e-3, "{}", STYLE.advance("n"));
        assert!((STYLE.advance("nn nn") - 4.0 * n - 12.0 * 651.0 / 2048.0).abs() < 1e-3);
        assert!((STYLE.advance("ψ") - 12.0 * 1351.0 / 2048.0).abs() < 1e-3);
        assert!(Style::bold(12.0, [0; 3]).width("wave_packet") > STYLE.width("wave_packet"));
    }

    #[test]
    fn the_fonts_have_what_formulas_are_written_with() {
        let symbols = "αβγδεζηθκλμνξπρστφχψωΓΔΘΛΞΠΣΦΨΩ∂∇∫∮√∑∏∞∝≈≠≤≥≪≫±∓×·÷∘⊗⊕⊙∗∈∉⊂∪∩∅∀∃⟨⟩‖′″\
                       ⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁼⁽⁾ⁿⁱ₀₁₂₃₄₅₆₇₈₉₊₋ᵢⱼₖₙₘₓᵣᵤᵥ½¼¾ℓℏℝℤℂ→←↔⇒⇔ẋẏÅéö–—…†‡°̂";
        for c in symbols.chars() {
            assert!(STYLE.has(c), "{c} U+{:04X}", c as u32);
        }
        assert!(!STYLE.has('字'));
        assert!((' '..='~').all(|c| Style::bold(9.0, [0; 3]).has(c)));
    }

    #[test]
    fn what_is_fitted_is_no_wider_than_its_place() {
        let text = "stationary Gaussian field with a Gaussian or Matérn covariance";
        assert_eq!(STYLE.fitted(text, 1000), text);
        for width in 0..200 {
            let short = STYLE.fitted(text, width);
            assert!(STYLE.width(&short) <= width, "{short} in {width}");
            assert!(short.is_empty() || short.ends_with('…'));
            for (lines, most) in
                [(STYLE.wrapped(text, width, 2), 2), (STYLE.wrapped(text, width, 9), 9)]
            {
                assert!(lines.len() <= most);
                assert!(lines.iter().all(|line| STYLE.width(line) <= width), "{lines:?}");
            }
        }
        assert_eq!(STYLE.wrapped(text, 200, 3).join(" "), text);
        assert!(STYLE.wrapped("", 100, 2).is_empty());
    }

    #[test]
    fn outlines_are_closed_and_lie_where_ink_does() {
        let strokes = STYLE.outlines("o l");
        let count = |wanted: fn(&Stroke) -> bool| strokes.iter().filter(|s| wanted(s)).count();
        // Two rings and a bar; a space has none.
        assert_eq!(count(|s| matches!(s, Stroke::Move(_))), 3);
        assert_eq!(count(|s| matches!(s, Stroke::Close)), 3);
        let ends: Vec<[f32; 2]> = strokes
            .iter()
            .filter_map(|stroke| match stroke {
                Stroke::Move(p) | Stroke::Line(p) | Stroke::Curve(_, p) => Some(*p),
                Stroke::Close => None,
            })
            .collect();
        assert!(ends.iter().all(|[x, _]| *x > 0.0 && *x < STYLE.advance("o l")));
        // In 2048ths of an em: l rises to 1556, o falls to −29.
        let reach = |pick: fn(f32, f32) -> f32| ends.iter().map(|p| p[1]).fold(0.0, pick);
        assert!((reach(f32::min) + 12.0 * 1556.0 / 2048.0).abs() < 1e-3, "{}", reach(f32::min));
        assert!((reach(f32::max) - 12.0 * 29.0 / 2048.0).abs() < 1e-3, "{}", reach(f32::max));
    }

    #[test]
    fn ink_stays_within_what_was_measured() {
        let text = "quantum_wave_packet |ψ|²";
        let mut canvas = Canvas::new(300, 30, [255; 3]);
        STYLE.draw(&mut canvas, 20, 20, text);
        let inked = |x: usize| (0..30).any(|y| canvas.pixels()[y * 300 + x] != [255; 3]);
        let columns: Vec<usize> = (0..300).filter(|x| inked(*x)).collect();
        assert!(columns.len() > 80);
        assert!(*columns.first().unwrap() >= 20);
        assert!(*columns.last().unwrap() <= 20 + STYLE.width(text));
        // Off the edge nothing happens.
        STYLE.draw(&mut canvas, 290, 2, text);
    }
}
