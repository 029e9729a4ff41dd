//! A scene as pixels, by tiny-skia without its vector instructions: the same bytes on every processor.

use tiny_skia::{
    FillRule, FilterQuality, LineCap, LineJoin, Paint, Path, PathBuilder, Pixmap, PixmapPaint,
    Stroke, StrokeDash, Transform,
};

use super::scene::{Anchor, Area, Label, Mark, Run, Scene, WIDTH, rounded};
use super::theme::{Ink, Theme};
use crate::picture::text::Stroke as Outline;
use crate::picture::{Canvas, Rgb};

/// The scene on its paper with a margin, `scale` pixels for each of its own.
pub fn canvas(scene: &Scene, margin: f64, scale: f64, theme: Theme) -> Canvas {
    let size = |v: f64| ((v + 2.0 * margin) * scale).ceil().max(1.0) as u32;
    let mut target = Target {
        pixels: Pixmap::new(size(WIDTH), size(scene.height)).expect("a chart has a size"),
        scale: Transform::from_translate(margin as f32, margin as f32)
            .post_scale(scale as f32, scale as f32),
        theme,
    };
    let [r, g, b] = Ink::Paper.color(theme);
    target.pixels.fill(tiny_skia::Color::from_rgba8(r, g, b, 255));
    for mark in &scene.marks {
        target.mark(mark);
    }
    let mut out =
        Canvas::new(target.pixels.width() as usize, target.pixels.height() as usize, [0; 3]);
    let width = out.width();
    for (i, pixel) in target.pixels.pixels().iter().enumerate() {
        // The paper is opaque, so nothing is left to divide by.
        let color = [pixel.red(), pixel.green(), pixel.blue()];
        *out.pixel_mut(i % width, i / width).expect("both have one size") = color;
    }
    out
}

struct Target {
    pixels: Pixmap,
    scale: Transform,
    theme: Theme,
}

impl Target {
    fn mark(&mut self, mark: &Mark) {
        match mark {
            Mark::Path { runs, fill, pen, .. } => {
                let Some(path) = path(runs) else { return };
                if let Some(fill) = fill {
                    self.fill(&path, fill.ink, fill.opacity);
                }
                if let Some(pen) = pen {
                    let dashes: Vec<f32> = pen.dashes.iter().map(|v| f32::from(*v)).collect();
                    let stroke = Stroke {
                        width: rounded(pen.width) as f32,
                        line_cap: LineCap::Butt,
                        line_join: LineJoin::Miter,
                        dash: StrokeDash::new(dashes, 0.0),
                        ..Stroke::default()
                    };
                    let paint = self.paint(pen.ink, 1.0);
                    self.pixels.stroke_path(&path, &paint, &stroke, self.scale, None);
                }
            }
            Mark::Dots { at, radius, fill, .. } => {
                let mut discs = PathBuilder::new();
                for (x, y) in at {
                    discs.push_circle(rounded(*x) as f32, rounded(*y) as f32, *radius as f32);
                }
                if let Some(discs) = discs.finish() {
                    self.fill(&discs, fill.ink, fill.opacity);
                }
            }
            Mark::Label(label) => {
                if let Some(path) = text(label) {
                    self.fill(&path, label.ink, 1.0);
                }
            }
            Mark::Layer { area, canvas, ink } => self.layer(*area, canvas, *ink),
        }
    }

    fn paint(&self, ink: Ink, opacity: f64) -> Paint<'static> {
        let [r, g, b] = ink.color(self.theme);
        let mut paint = Paint { anti_alias: true, ..Paint::default() };
        paint.set_color_rgba8(r, g, b, (255.0 * opacity).round() as u8);
        paint
    }

    fn fill(&mut self, path: &Path, ink: Ink, opacity: f64) {
        let paint = self.paint(ink, opacity);
        self.pixels.fill_path(path, &paint, FillRule::Winding, self.scale, None);
    }

    fn layer(&mut self, area: Area, canvas: &Canvas, ink: Option<Ink>) {
        let (width, height) = (canvas.width() as u32, canvas.height() as u32);
        let Some(mut layer) = Pixmap::new(width, height) else { return };
        let color = ink.map(|ink| ink.color(self.theme));
        for (to, from) in layer.data_mut().chunks_exact_mut(4).zip(canvas.pixels()) {
            to.copy_from_slice(&premultiplied(*from, color));
        }
        let place =
            Transform::from_scale(area.w as f32 / width as f32, area.h as f32 / height as f32)
                .post_translate(rounded(area.x) as f32, rounded(area.y) as f32)
                .post_concat(self.scale);
        let paint = PixmapPaint { quality: FilterQuality::Nearest, ..PixmapPaint::default() };
        self.pixels.draw_pixmap(0, 0, layer.as_ref(), &paint, place, None);
    }
}

/// The pixel, or as much of the ink as it is bright.
fn premultiplied(pixel: Rgb, ink: Option<Rgb>) -> [u8; 4] {
    let Some(ink) = ink else { return [pixel[0], pixel[1], pixel[2], 255] };
    let part = |v: u8| (u16::from(v) * u16::from(pixel[0]) / 255) as u8;
    [part(ink[0]), part(ink[1]), part(ink[2]), pixel[0]]
}

fn path(runs: &[Run]) -> Option<Path> {
    let mut path = PathBuilder::new();
    for run in runs {
        for (i, (x, y)) in run.points.iter().enumerate() {
            let (x, y) = (rounded(*x) as f32, rounded(*y) as f32);
            if i == 0 { path.move_to(x, y) } else { path.line_to(x, y) }
        }
        if run.closed {
            path.close();
        }
    }
    path.finish()
}

fn text(label: &Label) -> Option<Path> {
    let mut path = PathBuilder::new();
    for stroke in label.style().outlines(&label.text) {
        match stroke {
            Outline::Move([x, y]) => path.move_to(x, y),
            Outline::Line([x, y]) => path.line_to(x, y),
            Outline::Curve([a, b], [x, y]) => path.quad_to(a, b, x, y),
            Outline::Close => path.close(),
        }
    }
    let length = label.style().advance(&label.text);
    let before = match label.anchor {
        Anchor::Start => 0.0,
        Anchor::Middle => length / 2.0,
        Anchor::End => length,
    };
    let turn = if label.upward {
        Transform::from_row(0.0, -1.0, 1.0, 0.0, 0.0, 0.0)
    } else {
        Transform::identity()
    };
    let (x, y) = (rounded(label.at.0) as f32, rounded(label.at.1) as f32);
    path.finish()?
        .transform(Transform::from_translate(-before, 0.0).post_concat(turn).post_translate(x, y))
}
