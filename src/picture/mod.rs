//! Pictures: colour tables and scales, a raster, text, PNG files.
//!
//! Invariant: the same input gives the same bytes. No font, size or setting of the machine acts. It
//! does not know what the numbers mean, nor where a picture stands on a page.

pub mod apng;
pub mod canvas;
pub mod color;
pub mod file;
pub mod png;
mod tables;
pub mod text;

pub use canvas::{Canvas, Rect};
pub use color::{Bounds, COLORMAPS, Colormap, Rgb, Scale, Sort, colormap};
