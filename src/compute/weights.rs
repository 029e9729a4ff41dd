//! The weights of one operator, drawn from its own stream: the same bytes on every machine.
//!
//! They depend on the experiment seed, the operator's index and its architecture, and on nothing
//! else. Tensors are drawn in the order of [`Stack::tensors`]; a tensor's ordinal is its draw site.

use crate::key::Digest;
use crate::operator::layers::Stack;
use crate::operator::{Architecture, Init, Norm};
use crate::rng::Stream;

use super::random::{portable_normals, portable_uniforms};

/// One tensor of weights.
#[derive(Debug, Clone, PartialEq)]
pub struct Tensor {
    /// `<layer>.<conv|proj|norm>.<weight|bias>`.
    pub name: String,
    /// `[outputs, inputs, k, k]`, or one dimension.
    pub shape: Vec<u64>,
    /// Row-major values.
    pub values: Vec<f32>,
}

/// The weights of one operator.
#[derive(Debug, Clone, PartialEq)]
pub struct Weights {
    /// The tensors that are drawn, in the order in which they are drawn.
    pub tensors: Vec<Tensor>,
    /// Channels of each layer that has a norm with an affine part (γ = 1, β = 0), as (layer, width).
    pub norms: Vec<(usize, u64)>,
    /// The key of the stream.
    pub stream: u64,
}

/// Draws the weights of operator `index`.
///
/// - `torch`: weights uniform in ±gain/√fan-in, biases uniform in ±1/√fan-in
/// - `he`: weights normal with variance gain²·2/fan-in, biases 0 (He et al. 2015)
///
/// Uniforms are centres of 2²⁴ cells; all is computed in 64 bits and rounded once to 32.
pub fn draw(seed: u64, index: u64, architecture: &Architecture) -> Weights {
    let stream = Stream::new(seed, "weights", &[index]);
    let stack = Stack::new(architecture);
    let gain = architecture.weight_gain;
    let tensors = stack.tensors().into_iter().enumerate().map(|(site, tensor)| {
        let mut values = vec![0.0; tensor.len() as usize];
        let fan_in = tensor.fan_in as f64;
        match (architecture.init, tensor.bias) {
            (Init::Torch, bias) => {
                let gain = if bias { 1.0 } else { gain };
                portable_uniforms(stream, site as u32, gain / fan_in.sqrt(), &mut values);
            }
            (Init::He, false) => {
                portable_normals(stream, site as u32, gain * (2.0 / fan_in).sqrt(), &mut values);
            }
            (Init::He, true) => {}
        }
        Tensor { name: tensor.name, shape: tensor.shape, values }
    });
    let tensors = tensors.collect();
    Weights { tensors, norms: norms(architecture, &stack), stream: stream.key() }
}

/// The layers whose norm has an affine part in the stored form.
fn norms(architecture: &Architecture, stack: &Stack) -> Vec<(usize, u64)> {
    if matches!(architecture.norm, Norm::None | Norm::Batch) {
        return Vec::new();
    }
    stack.normalised().map(u64::from).enumerate().collect()
}

impl Weights {
    /// The digest over names, shapes and little-endian bytes of the drawn tensors.
    pub fn digest(&self) -> Digest {
        let mut hasher = blake3::Hasher::new();
        for tensor in &self.tensors {
            hasher.update(&(tensor.name.len() as u64).to_le_bytes());
            hasher.update(tensor.name.as_bytes());
            hasher.update(&(tensor.shape.len() as u64).to_le_bytes());
            for side in &tensor.shape {
                hasher.update(&side.to_le_bytes());
            }
            for chunk in tensor.values.chunks(4096) {
                let bytes: Vec<u8> = chunk.iter().flat_map(|v| v.to_le_bytes()).collect();
                hasher.update(&bytes);
            }
        }
        hasher.finalize().into()
    }

    /// The tensors as `weights.safetensors` names them, `<index>.<layer>.<role>.<weight|bias>`,
    /// with the affine parts of the norms, which are ones and zeros.
    pub fn named_for_storage(&self, index: u64) -> Vec<Tensor> {
        let drawn = self
            .tensors
            .iter()
            .map(|tensor| Tensor { name: format!("{index}.{}", tensor.name), ..tensor.clone() });
        let affine = self.norms.iter().flat_map(|&(layer, width)| {
            [("weight", 1.0), ("bias", 0.0)].map(|(role, value)| Tensor {
                name: format!("{index}.{layer}.norm.{role}"),
                shape: vec![width],
                values: vec![value; width as usize],
            })
        });
        drawn.chain(affine).collect()
    }
}
