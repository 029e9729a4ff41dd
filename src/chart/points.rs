//! Clouds of points: discs as long as they are few, a layer of pixels where they are many.

use super::scene::{Area, Fill, Mark, Point, Scene};
use super::theme::Ink;
use crate::picture::Canvas;

/// Pixels of a layer for each pixel of the chart.
const FINE: f64 = 2.0;

/// Draws points of an area. As a layer they take a few hundred bytes for an area of 50 pixels, however
/// many they are; lighter and darker says how many lie above each other.
pub fn cloud(scene: &mut Scene, area: Area, points: &[Point], layered: bool) {
    let ink = Ink::Series(0);
    if !layered {
        // The more, the smaller.
        let radius = (0.35 * (area.w * area.h / points.len().max(1) as f64).sqrt()).clamp(0.7, 2.0);
        scene.dots(points.to_vec(), radius, Fill { ink, opacity: 0.7 }, "");
        return;
    }
    let (width, height) = ((area.w * FINE).ceil() as usize, (area.h * FINE).ceil() as usize);
    // Many points are seen by their density, few by their size.
    let stamp: &[(usize, usize)] = if 4 * points.len() > width * height {
        &[(0, 0)]
    } else {
        &[(0, 0), (1, 0), (0, 1), (1, 1)]
    };
    let mut hits = vec![0_u32; width * height];
    for (x, y) in points {
        let (x, y) = (((x - area.x) * FINE) as usize, ((y - area.y) * FINE) as usize);
        for (dx, dy) in stamp {
            if x + dx < width && y + dy < height {
                hits[(y + dy) * width + x + dx] += 1;
            }
        }
    }
    let most = hits.iter().copied().max().unwrap_or(0);
    let mut canvas = Canvas::new(width, height, [0; 3]);
    for (i, n) in hits.iter().enumerate().filter(|(_, n)| **n > 0) {
        // Eight steps, so that the layer stays small.
        let step = if most > 1 {
            (7.0 * (f64::from(*n - 1) / f64::from(most - 1)).sqrt()).round()
        } else {
            7.0
        };
        let light = (100.0 + 155.0 * step / 7.0) as u8;
        *canvas.pixel_mut(i % width, i / width).expect("it has a pixel for each") = [light; 3];
    }
    let area = Area { w: width as f64 / FINE, h: height as f64 / FINE, ..area };
    scene.marks.push(Mark::Layer { area, canvas, ink: Some(ink) });
}
