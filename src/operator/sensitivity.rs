//! Names of the features that describe how an operator responds to changes of its input. How they are
//! computed is the business of `compute::sensitivity`.

/// The name of the category.
pub const CATEGORY: &str = "operator_sensitivity";

/// The features of the category `operator_sensitivity`, in their order.
pub const NAMES: [&str; 10] = [
    "lipschitz_eps_1e-04",
    "lipschitz_eps_1e-03",
    "lipschitz_eps_1e-02",
    "gain_scale_0.50",
    "gain_scale_0.75",
    "gain_scale_1.25",
    "gain_scale_1.50",
    "linearity_r2",
    "saturation_degree",
    "compression_ratio",
];
