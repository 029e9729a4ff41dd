//! Two convolution blocks and a skip (He et al. 2016, Deep residual learning for image recognition).

use super::Block;
use crate::operator::step::{Conv, Step};

/// The skip P is the identity, or a 1×1 convolution without bias where the widths differ. No activation
/// follows the sum.
pub const BLOCK: Block = Block {
    name: "residual",
    summary: "two conv blocks in series and a skip, 1×1 where the widths differ: the hidden blocks from num_layers 4 on",
    formula: "y = conv₂(conv₁(x)) + P∗x",
    steps: |site| {
        let (inputs, outputs) = (site.input.channels, site.outputs);
        let projection = Conv { kernel: 1, bias: false, ..site.conv(inputs, outputs) };
        vec![
            Step::Keep,
            Step::Layer(site.conv(inputs, outputs)),
            Step::Layer(site.conv(outputs, outputs)),
            Step::Add((inputs != outputs).then_some(projection)),
        ]
    },
};
