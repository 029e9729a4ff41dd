//! What a folder of frames holds, for whoever makes a film of it.

use serde_json::json;

use super::spec::{Column, RenderSpec, Shape};

/// The name of the list in the folder.
pub const LIST: &str = "frames.json";

/// The name of a frame.
pub fn frame_name(number: usize) -> String {
    format!("frame_{number:04}.png")
}

/// Whether a file has a name that only [`frame_name`] gives.
pub fn is_frame(name: &str) -> bool {
    let number = name.strip_prefix("frame_").and_then(|rest| rest.strip_suffix(".png"));
    number.is_some_and(|number| number.len() >= 4 && number.bytes().all(|b| b.is_ascii_digit()))
}

/// The list of the frames of a grid that shows these operators.
pub fn list(spec: &RenderSpec, shape: &Shape, operators: &[u64]) -> String {
    let steps = spec.drawn();
    let list = json!({
        "generator": "spinlock",
        "fps": spec.fps,
        "frames": (0..spec.frames()).map(frame_name).collect::<Vec<String>>(),
        "steps": steps,
        "num_timesteps": shape.states,
        "num_realizations": shape.realizations,
        "operators": operators,
        "columns": spec.columns.iter().map(Column::name).collect::<Vec<String>>(),
    });
    format!("{list:#}\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_are_told_from_other_files() {
        assert!(is_frame(&frame_name(3)) && is_frame(&frame_name(12_345)));
        assert!(!is_frame("frame_x.png") && !is_frame("frames.json") && !is_frame("frame_12.png"));
    }
}
