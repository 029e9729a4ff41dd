//! Steps: the small vocabulary that every block is written in, and what each does to the shape of a
//! state. How a step is computed is the business of `compute`.

use super::NoiseLocation;

/// Shape of a state inside the network: channels, and how often the side has been halved.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shape {
    /// Channels.
    pub channels: u32,
    /// 0 at full resolution, one more after each halving.
    pub level: u32,
}

impl Shape {
    /// Side of the grid at this level, `n/2^level`.
    pub fn side(self, grid: u32) -> u32 {
        grid >> self.level
    }
}

/// One convolution with circular padding of ⌊k/2⌋ pixels:
/// `y[o](p) = Σ_i Σ_d W[o,i](d)·x[i](stride·p + d − ⌊k/2⌋) + b[o]`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Conv {
    /// Input channels.
    pub inputs: u32,
    /// Output channels.
    pub outputs: u32,
    /// Kernel side.
    pub kernel: u32,
    /// 1, or 2 to halve the side.
    pub stride: u32,
    /// Level of its output.
    pub level: u32,
    /// Whether it has a bias.
    pub bias: bool,
}

impl Conv {
    /// Number of weights, the bias apart.
    pub fn weights(self) -> u64 {
        u64::from(self.outputs) * self.fan_in()
    }

    /// Fan-in `inputs·k²`.
    pub fn fan_in(self) -> u64 {
        u64::from(self.inputs) * u64::from(self.kernel).pow(2)
    }

    /// Multiply–adds per pixel of the full grid: every weight once per pixel of its own output.
    pub fn macs_per_pixel(self) -> f64 {
        self.weights() as f64 / 4_f64.powi(self.level as i32)
    }

    /// Shape of its output.
    pub fn shape(self) -> Shape {
        Shape { channels: self.outputs, level: self.level }
    }
}

/// One step of a block.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// Keeps the state for a later [`Step::Add`] or [`Step::Upsample`]; the last one kept is the
    /// first one taken.
    Keep,
    /// Convolution, normalisation, activation, dropout.
    Layer(Conv),
    /// Adds the state that was kept last, through this convolution if there is one.
    Add(Option<Conv>),
    /// Repeats every pixel 2×2 and appends the channels of the state that was kept last.
    Upsample,
    /// A place where noise may enter: it does if this is the operator's `noise_location`.
    Noise(NoiseLocation),
    /// A convolution and nothing after it.
    Output(Conv),
}

impl Step {
    /// Its convolution.
    pub fn conv(self) -> Option<Conv> {
        match self {
            Step::Layer(conv) | Step::Add(Some(conv)) | Step::Output(conv) => Some(conv),
            Step::Keep | Step::Add(None) | Step::Upsample | Step::Noise(_) => None,
        }
    }

    /// The shape that comes out where `shape` goes in; `kept` are the shapes of the states kept, the
    /// last one last.
    pub fn follow(self, shape: Shape, kept: &mut Vec<Shape>) -> Shape {
        let mut take = || kept.pop().expect("a block takes only what one before it kept");
        match self {
            Step::Keep => {
                kept.push(shape);
                shape
            }
            Step::Layer(conv) | Step::Output(conv) => conv.shape(),
            Step::Add(_) => {
                take();
                shape
            }
            Step::Upsample => {
                let skip = take();
                Shape { channels: shape.channels + skip.channels, level: skip.level }
            }
            Step::Noise(_) => shape,
        }
    }
}
