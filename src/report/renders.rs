//! What the experiment rendered: stills on the page, films as files beside it.

use std::fs;
use std::path::Path;

use super::collect::Subject;
use super::model::Picture;
use crate::assemble::renders_folder;
use crate::render::spec::Export;
use crate::units;

/// A still that is larger is linked to, so that the page stays small.
const LARGEST: u64 = 3 << 20;
/// Bytes of all stills on the page.
const ALL: u64 = 5 << 20;

/// The files of renders that are there, in the order of the experiment.
pub fn pictures(subject: &Subject<'_>) -> Vec<Picture> {
    let folder = renders_folder(&subject.experiment.dataset.path);
    let mut left = ALL;
    let of = |exported: &crate::plan::Exported| {
        let path = folder.join(&exported.path);
        let length = path.metadata().ok()?.len();
        let is_still = matches!(exported.export, Export::Png | Export::ContactSheet);
        let png = if is_still && length <= LARGEST.min(left) {
            fs::read(&path).ok()?
        } else {
            Vec::new()
        };
        left -= png.len() as u64;
        let name = exported.path.display().to_string();
        let what = match exported.export {
            Export::Frames => "a folder of frames".to_owned(),
            _ => units::bytes(length),
        };
        Some(Picture {
            size: size(&png).unwrap_or_default(),
            png,
            note: format!("{name}, {what}"),
            link: link(&folder, &exported.path),
            title: exported.title.clone(),
        })
    };
    subject.plan.expansion.renders.iter().filter_map(of).collect()
}

/// The path of a file from the page, which lies beside the folder.
fn link(folder: &Path, file: &Path) -> String {
    let folder = folder.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let escape = |text: &str| -> String {
        let plain = |b: u8| b.is_ascii_alphanumeric() || b"-_./".contains(&b);
        text.bytes()
            .map(|b| if plain(b) { char::from(b).to_string() } else { format!("%{b:02X}") })
            .collect()
    };
    format!("./{}/{}", escape(&folder), escape(&file.to_string_lossy()))
}

/// Width and height of a PNG file.
fn size(png: &[u8]) -> Option<(usize, usize)> {
    let number =
        |at: usize| Some(u32::from_be_bytes(png.get(at..at + 4)?.try_into().ok()?) as usize);
    Some((number(16)?, number(20)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_are_relative_and_escaped() {
        let link = link(Path::new("/a b/x ü.renders"), Path::new("film.mp4"));
        assert_eq!(link, "./x%20%C3%BC.renders/film.mp4");
        let canvas = crate::picture::Canvas::new(7, 5, [1; 3]);
        assert_eq!(size(&crate::picture::png::encode(&canvas, &[])), Some((7, 5)));
        assert_eq!(size(b"no picture"), None);
    }
}
