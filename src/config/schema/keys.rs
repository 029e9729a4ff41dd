//! The table itself, in the order of the documents.

use super::{Class, Default, Key, Type};

const fn acts(path: &'static str, ty: Type, default: Default, about: &'static str) -> Key {
    Key { path, class: Class::Acts, ty, default, about, refused: &[] }
}

const fn section(path: &'static str, about: &'static str) -> Key {
    acts(path, Type::Section, Default::None, about)
}

const fn noted(path: &'static str, ty: Type, reason: &'static str) -> Key {
    Key { path, class: Class::Noted(reason), ty, default: Default::None, about: "", refused: &[] }
}

const LAW: &str = "number or law";
const LAW_SCHEMA: &str = r##"{"$ref": "#/$defs/law"}"##;
const COUNT: Type = Type::Int(1, i64::MAX);
const REDRAWN: &str = "nothing is refined: every operator is one point of the sample";
const STRATA: &str = "how points are stratified follows from `sampling.strategy`";
const MESSAGES: &str = "messages go to stderr, events to the build log";
const LIBRARY: &str = "results must not depend on it, so it is not left to a file";

/// Every key, sections before what they hold.
pub const KEYS: &[Key] = &[
    acts("kind", Type::Choice(&["operators"]), Default::Name("operators"), "Kind of experiment.")
        .refusing(&[("geodesic", "this version builds no geodesic experiments")]),
    acts(
        "extends",
        Type::Other(
            "file, or list of files",
            r#"{"anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}}]}"#,
        ),
        Default::None,
        "Fragments to start from, beside this file or from the project root. They are merged key by \
         key, later ones win, and the file itself wins over all.",
    ),
    acts("version", Type::Free, Default::None, "Version of the file's form. Recorded."),
    acts(
        "metadata",
        Type::Open,
        Default::None,
        "Whatever a reader should know: any keys. Recorded in the data set's provenance, in no key.",
    ),
    acts(
        "metadata.name",
        Type::Text,
        Default::Derived("the file's name"),
        "Name of the experiment; the output is called after it.",
    ),
    section("parameter_space", "What is sampled or fixed, in four groups."),
    acts("parameter_space.architecture", Type::Open, Default::None, "What the networks are."),
    acts("parameter_space.stochastic", Type::Open, Default::None, "Their noise."),
    acts("parameter_space.operator", Type::Open, Default::None, "Normalisation and grid."),
    acts("parameter_space.evolution", Type::Open, Default::None, "How states are updated."),
    section("sampling", "How points are drawn from the parameter space."),
    acts(
        "sampling.total_samples",
        Type::Int(1, 1_000_000_000),
        Default::Int(128),
        "Number of operators N. Powers of two are balanced best. More of them leave the first ones as \
         they are, but for `strategy: latin_hypercube`.",
    ),
    acts(
        "sampling.strategy",
        Type::Choice(&["sobol", "latin_hypercube", "halton", "uniform", "sobol_stratified"]),
        Default::Name("sobol"),
        "What draws the points; see [sampling.md](sampling.md). `latin_hypercube` moves every point \
         when N changes, so that growing it builds almost everything again; the others keep the first \
         ones. `sobol_stratified` is what the Python reference calls `sobol`.",
    ),
    section("sampling.sobol", "Seed and scramble, of whatever draws the points."),
    acts(
        "sampling.sobol.seed",
        Type::Int(0, i64::MAX),
        Default::Int(42),
        "Seed of the experiment: points, weights, initial conditions and noise all come from it.",
    ),
    acts(
        "sampling.sobol.scramble",
        Type::Bool,
        Default::Bool(true),
        "Whether the sequence is scrambled, under `sobol` and `halton`; under `sobol`, `false` is \
         `scramble_method: none`.",
    ),
    acts(
        "sampling.sobol.scramble_method",
        Type::Choice(&["owen", "burley", "lms_shift", "none"]),
        Default::Name("owen"),
        "How, under `sobol`: nested uniform scrambling (owen), a hash that comes near it (burley, to 65,536 points), \
         random linear matrix and digital shift (lms_shift).",
    ),
    acts(
        "sampling.strict",
        Type::Bool,
        Default::Bool(false),
        "Whether a missed quality target is an error (from N = 256 on) rather than a note.",
    ),
    section("sampling.validation", "Quality targets beyond those against random points."),
    acts(
        "sampling.validation.check_discrepancy",
        Type::Bool,
        Default::Bool(true),
        "Whether `max_discrepancy` counts.",
    ),
    acts(
        "sampling.validation.max_discrepancy",
        Type::Float(1e-12, 1e6),
        Default::None,
        "Greatest squared centred L2 discrepancy.",
    ),
    acts(
        "sampling.validation.check_correlation",
        Type::Bool,
        Default::Bool(true),
        "Whether `max_pairwise_correlation` counts.",
    ),
    acts(
        "sampling.validation.max_pairwise_correlation",
        Type::Float(1e-12, 1.0),
        Default::None,
        "Greatest absolute correlation of two parameters.",
    ),
    noted("sampling.batch_size", COUNT, "work is cut by `execution`, results do not depend on it"),
    noted("sampling.stratification", Type::Section, STRATA),
    noted(
        "sampling.stratification.method",
        Type::Choice(&["adaptive", "uniform", "variance_based"]),
        STRATA,
    ),
    noted("sampling.stratification.num_strata_per_dim", COUNT, STRATA),
    noted("sampling.stratification.min_samples_per_stratum", COUNT, STRATA),
    noted("sampling.refinement", Type::Section, REDRAWN),
    noted("sampling.refinement.enabled", Type::Bool, REDRAWN),
    noted("sampling.refinement.pilot_fraction", Type::Float(0.0, 1.0), REDRAWN),
    noted("sampling.refinement.variance_threshold", Type::Float(0.0, f64::MAX), REDRAWN),
    noted("sampling.refinement.max_iterations", COUNT, REDRAWN),
    section("simulation", "What is run."),
    acts(
        "simulation.device",
        Type::Other(
            "auto, cpu, cuda, cuda:0, cuda:0,1",
            r#"{"type": "string", "pattern": "^(auto|cpu|cuda(:[0-9]+(,[0-9]+)*)?)$"}"#,
        ),
        Default::Yaml("auto"),
        "Where rollouts are computed. `auto` takes CUDA if there is one. In a file, `cuda` falls back \
         to the CPU with a warning.",
    ),
    acts(
        "simulation.precision",
        Type::Choice(&["auto", "float32", "float16", "bfloat16"]),
        Default::Name("auto"),
        "Precision of the convolutions; everything else is float32. `auto` is float16 on CUDA, \
         float32 on the CPU. On a CPU without instructions for it, a 16-bit precision is float32, with a \
         warning.",
    ),
    acts(
        "simulation.num_realizations",
        Type::Int(1, 1000),
        Default::Int(1),
        "Noisy realizations M of each operator.",
    ),
    acts(
        "simulation.num_timesteps",
        Type::Int(1, 100_000),
        Default::Int(1),
        "T. 1 applies each operator once to its input. From 2 on, T states of the rollout are stored, \
         the first of which is the input.",
    ),
    acts(
        "simulation.extract_operator_features",
        Type::Bool,
        Default::Bool(false),
        "Whether the operator-sensitivity features are computed.",
    ),
    section("simulation.rollout", "What happens to a state after each update."),
    acts(
        "simulation.rollout.normalize",
        Type::Choice(&["none", "minmax", "zscore"]),
        Default::Name("none"),
        "Normalisation of each state of a realization.",
    ),
    acts(
        "simulation.rollout.normalize_scope",
        Type::Choice(&["state", "channel"]),
        Default::Name("state"),
        "Over what its statistics run: all channels, or each by itself.",
    ),
    acts(
        "simulation.rollout.clamp",
        Type::Other(
            "[low, high]",
            r#"{"type": "array", "items": {"type": "number"}, "minItems": 2, "maxItems": 2}"#,
        ),
        Default::None,
        "Values are clamped to this range, after normalising.",
    ),
    acts(
        "simulation.rollout.blowup_limit",
        Type::Float(1e-6, 3e38),
        Default::Float(1e6),
        "A state with a value beyond this counts as diverged.",
    ),
    acts(
        "simulation.input_generation",
        Type::Open,
        Default::None,
        "The initial conditions, in the spelling of the Python reference; see below.",
    ),
    acts(
        "simulation.input_generation.method",
        Type::Other("a type of initial condition, or sampled", r#"{"type": "string"}"#),
        Default::Yaml("gaussian_random_field"),
        "Type of all inputs, or `sampled`: drawn by `ic_type_weights`.",
    ),
    acts(
        "simulation.input_generation.ic_type_weights",
        Type::Other(
            "mapping of entries to weights",
            r#"{"type": "object", "additionalProperties": {"type": "number", "minimum": 0}}"#,
        ),
        Default::None,
        "Share of each entry; the weights need not sum to 1.",
    ),
    acts(
        "simulation.input_generation.length_scale",
        Type::Other(LAW, LAW_SCHEMA),
        Default::None,
        "Covariance length of every `gaussian_random_field` whose own block gives none.",
    ),
    acts(
        "simulation.input_generation.variance",
        Type::Other(LAW, LAW_SCHEMA),
        Default::None,
        "Variance of every `gaussian_random_field` whose own block gives none.",
    ),
    noted(
        "simulation.input_generation.distribution",
        Type::Choice(&["gaussian", "uniform"]),
        "the law of an input is that of its type",
    ),
    noted(
        "simulation.input_generation.num_samples_per_operator",
        COUNT,
        "every operator has one input",
    ),
    noted(
        "simulation.input_generation.spatial_size",
        Type::Choice(&["from_operator"]),
        "inputs have the `grid_size` of their operator",
    ),
    acts(
        "simulation.inputs",
        Type::Other(
            "list of {name, type, weight, params}",
            r##"{"type": "array", "minItems": 1, "items": {"$ref": "#/$defs/input"}}"##,
        ),
        Default::None,
        "The initial conditions as a list, in place of `input_generation`; see below.",
    ),
    noted(
        "simulation.parallelism",
        Type::Section,
        "devices are chosen by `simulation.device`, workers by `--jobs`",
    ),
    noted(
        "simulation.parallelism.strategy",
        Type::Choice(&["data_parallel", "ddp"]),
        "work is spread over workers by operators",
    ),
    noted("simulation.parallelism.devices", Type::Free, "`simulation.device` chooses"),
    noted("simulation.performance", Type::Section, LIBRARY),
    noted("simulation.performance.compile", Type::Bool, LIBRARY),
    noted("simulation.performance.benchmark_cudnn", Type::Bool, LIBRARY),
    noted("simulation.performance.deterministic", Type::Bool, LIBRARY),
    section(
        "execution",
        "How work is cut into artifacts. Changing it changes no value, but what the cache holds is \
         cut otherwise and is built again.",
    ),
    acts("execution.chunk", Type::Int(1, 65_536), Default::Int(32), "Operators in a chunk."),
    acts(
        "execution.realization_block",
        Type::Int(1, 1000),
        Default::Int(5),
        "Realizations in a block.",
    ),
    acts(
        "execution.segment",
        Type::Other(
            "auto, or whole number, 1 to 100000",
            r#"{"anyOf": [{"const": "auto"}, {"type": "integer", "minimum": 1, "maximum": 100000}]}"#,
        ),
        Default::Yaml("auto"),
        "Steps in a segment. `auto`: 64 at 64×64, 16 at 128×128, 4 at 256×256.",
    ),
    section(
        "features",
        "Features of the rollouts, if this section is there; see [features.md](features.md).",
    ),
    acts(
        "features.set",
        Type::Choice(&["sdf-1.0", "sdf-2.0", "sdf-extended"]),
        Default::Name("sdf-2.0"),
        "Which features: 59, 153, or all there are.",
    ),
    acts(
        "features.definitions",
        Type::Choice(&["standard", "compat"]),
        Default::Name("standard"),
        "Whose definitions: the accepted ones, or the Python reference's, defects included.",
    ),
    acts(
        "features.categories",
        Type::Other("list of categories", r#"{"type": "array", "items": {"type": "string"}}"#),
        Default::Derived("every category of the set"),
        "Which categories are computed; `spinlock list features` names them.",
    ),
    acts(
        "features.exclude",
        Type::Other("list of features", r#"{"type": "array", "items": {"type": "string"}}"#),
        Default::None,
        "Features whose columns are marked as not requested.",
    ),
    acts(
        "features.realization_aggregation",
        Type::Other(
            "list of mean, std, cv, min, max",
            r#"{"type": "array", "items": {"enum": ["mean", "std", "cv", "min", "max"]}, "minItems": 1}"#,
        ),
        Default::Yaml("[mean, std, cv]"),
        "What becomes of the features of trajectories over realizations.",
    ),
    section("features.spectral", "Settings of the category `spectral`."),
    acts(
        "features.spectral.num_fft_scales",
        Type::Int(1, 10),
        Default::Int(5),
        "Bands of wave numbers.",
    ),
    section("features.temporal", "Settings of the category `temporal`."),
    acts(
        "features.temporal.autocorr_max_lag",
        Type::Int(1, 1000),
        Default::Int(20),
        "Longest lag of the autocorrelation.",
    ),
    section("features.cross_channel", "Settings of the category `cross_channel`."),
    acts(
        "features.cross_channel.num_eigen_top",
        Type::Int(1, 10),
        Default::Int(3),
        "Leading eigenvalues of the correlation matrix.",
    ),
    acts(
        "features.cross_channel.mi_num_bins",
        Type::Int(8, 32),
        Default::Int(16),
        "Bins of mutual information; acts under `sdf-extended`.",
    ),
    section("features.causality", "Settings of the category `causality`."),
    acts(
        "features.causality.max_lag_correlation",
        Type::Int(1, 10),
        Default::Int(3),
        "Longest lag of correlations between channels.",
    ),
    acts(
        "features.causality.max_lag_prediction",
        Type::Int(1, 5),
        Default::Int(2),
        "Longest lag of prediction errors.",
    ),
    acts(
        "features.causality.transfer_entropy_num_bins",
        Type::Int(2, 32),
        Default::Int(3),
        "Bins of transfer entropy; acts under `sdf-extended`.",
    ),
    acts(
        "features.causality.granger_ar_order",
        Type::Int(1, 5),
        Default::Int(2),
        "Order of the autoregressions; acts under `sdf-extended`.",
    ),
    section("features.invariant_drift", "Settings of the category `invariant_drift`."),
    acts(
        "features.invariant_drift.num_scales",
        Type::Int(1, 3),
        Default::Int(3),
        "Scales: raw; lowpass; highpass.",
    ),
    acts(
        "features.invariant_drift.gaussian_sigma",
        Type::Float(0.5, 5.0),
        Default::Float(2.0),
        "Width of the lowpass in pixels.",
    ),
    acts(
        "features.invariant_drift.entropy_num_bins",
        Type::Int(8, 128),
        Default::Int(32),
        "Bins of the entropy.",
    ),
    section(
        "features.cleaning",
        "Which columns are fit to train on, and how they are clipped and scaled: a recipe beside the \
         features, made from the training split; see [features.md](features.md#cleaning).",
    ),
    acts(
        "features.cleaning.constant_tolerance",
        Type::Float(0.0, 1.0),
        Default::Float(1e-6),
        "Range over size up to which a column is constant.",
    ),
    acts(
        "features.cleaning.max_missing",
        Type::Float(0.0, 1.0),
        Default::Float(0.5),
        "Largest share of missing values in a column.",
    ),
    acts(
        "features.cleaning.max_correlation",
        Type::Float(0.0, 1.0),
        Default::Float(0.99),
        "Largest |r| of a column with an earlier one.",
    ),
    acts(
        "features.cleaning.clip",
        Type::Choice(&["mad", "quantile", "none"]),
        Default::Name("mad"),
        "Where values are cut: at median ± `clip_mad` · MAD; at the quantiles `clip_quantile` and 1 − \
         `clip_quantile`; nowhere.",
    ),
    acts(
        "features.cleaning.clip_mad",
        Type::Float(1.0, 1e6),
        Default::Float(10.0),
        "Median absolute deviations from the median, under `clip: mad`.",
    ),
    acts(
        "features.cleaning.clip_quantile",
        Type::Float(0.0, 0.49),
        Default::Float(0.005),
        "Share of values cut at each end, under `clip: quantile`.",
    ),
    acts(
        "renders",
        Type::Open,
        Default::None,
        "Pictures of the rollouts, each under a name of its own; see [renders.md](renders.md).",
    ),
    section("dataset", "The data set to assemble."),
    acts(
        "dataset.output_path",
        Type::Text,
        Default::Derived("datasets/<name>.h5"),
        "The file, relative to the project root.",
    ),
    acts(
        "dataset.data_to_store",
        Type::Other(
            "list of operator_parameters, operator_outputs, input_data, operator_weights",
            r#"{"type": "array", "items": {"enum": ["operator_parameters", "operator_outputs", "input_data", "operator_weights"]}}"#,
        ),
        Default::Yaml("[operator_parameters, operator_outputs, input_data]"),
        "What it holds. `operator_weights` adds the networks' weights beside it.",
    ),
    section("dataset.metadata", "What it records about itself."),
    acts(
        "dataset.metadata.include_config",
        Type::Bool,
        Default::Bool(true),
        "Whether `/metadata/config` is written.",
    ),
    acts(
        "dataset.metadata.include_sampling_metrics",
        Type::Bool,
        Default::Bool(true),
        "Whether `/metadata/sampling_metrics` is written.",
    ),
    acts(
        "dataset.metadata.include_timestamps",
        Type::Bool,
        Default::Bool(true),
        "Whether the provenance holds times.",
    ),
    section("dataset.storage", "How it lies on disk."),
    acts(
        "dataset.storage.compression",
        Type::Choice(&["gzip", "lzf", "none"]),
        Default::Name("gzip"),
        "Filter of the arrays. `lzf` is written as gzip, which every reader of HDF5 opens.",
    ),
    acts(
        "dataset.storage.compression_level",
        Type::Int(0, 9),
        Default::Int(1),
        "Level of gzip; 0 is `compression: none`.",
    ),
    acts(
        "dataset.storage.dtype",
        Type::Choice(&["float32", "float16"]),
        Default::Name("float32"),
        "Type of stored states. As float16 a value beyond 65,504 counts as diverged.",
    ),
    acts(
        "dataset.storage.layout",
        Type::Choice(&["grouped", "padded"]),
        Default::Name("grouped"),
        "Grids of several sizes: a group for each, or zero-padded to the largest.",
    ),
    acts(
        "dataset.storage.store_trajectories",
        Type::Bool,
        Default::Bool(true),
        "Whether states are stored; without them rollouts keep metrics only.",
    ),
    acts(
        "dataset.storage.splits",
        Type::Other(
            "[train, validation, test], summing to 1",
            r#"{"type": "array", "items": {"type": "number", "minimum": 0, "maximum": 1}, "minItems": 3, "maxItems": 3}"#,
        ),
        Default::Yaml("[0.8, 0.1, 0.1]"),
        "Shares of the splits, by operator.",
    ),
    noted("dataset.storage.backend", Type::Choice(&["hdf5"]), "a data set is always an HDF5 file")
        .refusing(&[("zarr", "a data set is one HDF5 file")]),
    noted(
        "dataset.storage.chunk_size",
        COUNT,
        "a chunk of the file is one unit of computing, so that it is copied as it is",
    ),
    noted("logging", Type::Section, MESSAGES),
    noted("logging.level", Type::Choice(&["DEBUG", "INFO", "WARNING", "ERROR"]), MESSAGES),
    noted("logging.format", Type::Choice(&["structured", "plain"]), MESSAGES),
    noted("logging.output", Type::Text, MESSAGES),
    noted("logging.metrics", Type::Section, MESSAGES),
    noted("logging.metrics.track_gpu_memory", Type::Bool, MESSAGES),
    noted("logging.metrics.track_sampling_time", Type::Bool, MESSAGES),
    noted("logging.metrics.track_simulation_time", Type::Bool, MESSAGES),
];

impl Key {
    const fn refusing(mut self, refused: &'static [(&'static str, &'static str)]) -> Self {
        self.refused = refused;
        self
    }
}
