//! From the states of a trajectory to its rows of the tables.

use super::reduce::over_scopes;
use super::spectrum::Plans;
use super::{
    Carrier, Category, Definitions, Extractor, Frame, Measured, Past, Settings, Shape, Stage,
    Undefined, Value,
};

/// The extraction of one trajectory by some categories.
pub struct Extraction {
    settings: Settings,
    shape: Shape,
    plans: Plans,
    running: Vec<Running>,
    step: usize,
}

/// One category at work.
struct Running {
    category: &'static dyn Category,
    columns: usize,
    extractor: Box<dyn Extractor>,
    rows: Vec<Value>,
}

impl Extraction {
    /// Prepares for a trajectory of this form.
    pub fn new(categories: &[&'static dyn Category], settings: &Settings, shape: Shape) -> Self {
        let running = categories
            .iter()
            .map(|category| Running {
                category: *category,
                columns: category.features(settings).len(),
                extractor: category.begin(settings, shape),
                rows: Vec::new(),
            })
            .collect();
        let plans = Plans::new(shape.height, shape.width);
        Self { settings: settings.clone(), shape, plans, running, step: 0 }
    }

    /// Looks at the next state, `[C, H, W]`.
    pub fn frame(&mut self, values: &[f32]) {
        let frame = Frame::new(self.shape, self.step, values, &self.plans);
        for running in &mut self.running {
            running.row(self.settings.definitions, |extractor, scopes| {
                extractor.frame(&frame, scopes);
            });
        }
        self.step += 1;
    }

    /// What measuring the next states needs of those before them.
    pub fn past(&self) -> Past {
        let mut past = Past { steps: self.step, ..Past::default() };
        self.running.iter().for_each(|running| running.extractor.past(&mut past));
        past
    }

    /// Looks at the next states, which were measured elsewhere with these settings, and of which `last`
    /// is the last, `[C, H, W]`.
    ///
    /// # Panics
    /// Under `compat`, which needs the pixels.
    pub fn measured(&mut self, states: &[Measured], last: &[f32]) {
        assert!(!self.settings.compat(), "measurements are those of `standard`");
        for state in states {
            for running in &mut self.running {
                running.row(Definitions::Standard, |extractor, scopes| {
                    extractor.measured(state, scopes);
                });
            }
        }
        self.running.iter_mut().for_each(|running| running.extractor.keep(last));
        self.step += states.len();
    }

    /// Puts back what another extraction of this trajectory carried after `step` states, category by
    /// category: the next state is number `step`.
    pub fn resume(&mut self, step: usize, carried: Vec<Vec<f64>>) {
        self.step = step;
        for (running, numbers) in self.running.iter_mut().zip(carried) {
            running.extractor.carry(&mut Carrier::back(numbers));
        }
    }

    /// What it carries, category by category, and the rows of the states shown to it, `[T', D]`, which
    /// a category of trajectories has none of.
    pub fn carry(mut self) -> Vec<(Vec<f64>, Vec<Value>)> {
        let carry = |running: &mut Running| {
            let mut carrier = Carrier::Out(Vec::new());
            running.extractor.carry(&mut carrier);
            (carrier.into_numbers(), tidy(std::mem::take(&mut running.rows)))
        };
        self.running.iter_mut().map(carry).collect()
    }

    /// The rows of each category, in order: `[T, D]`, or `[D]` of a category of trajectories.
    pub fn finish(mut self) -> Vec<Vec<Value>> {
        assert_eq!(self.step, self.shape.steps, "all states were shown");
        let definitions = self.settings.definitions;
        let finish = |running: &mut Running| {
            let mut rows = std::mem::take(&mut running.rows);
            if running.category.stage() == Stage::Trajectory {
                let mut scopes = Vec::new();
                running.extractor.finish(&mut scopes);
                rows = over_scopes(&scopes, running.columns, definitions);
            }
            tidy(rows)
        };
        self.running.iter_mut().map(finish).collect()
    }
}

impl Running {
    /// Shows a state to the extractor by `look`, and enters the row that a category of states has of it.
    fn row(
        &mut self,
        definitions: Definitions,
        look: impl FnOnce(&mut dyn Extractor, &mut Vec<Value>),
    ) {
        let mut scopes = Vec::new();
        look(&mut *self.extractor, &mut scopes);
        if self.category.stage() == Stage::Timestep {
            self.rows.extend(over_scopes(&scopes, self.columns, definitions));
        }
    }
}

/// What overflowed is no value either.
fn tidy(mut rows: Vec<Value>) -> Vec<Value> {
    for value in &mut rows {
        if value.is_ok_and(|v| !v.is_finite()) {
            *value = Err(Undefined::NonFinite);
        }
    }
    rows
}

/// Values as tables hold them: float32, NaN where there is none, and the codes of [`Undefined`], 0
/// for a value. A number beyond float32 is no value.
pub fn coded(values: &[Value]) -> (Vec<f32>, Vec<u8>) {
    values
        .iter()
        .map(|value| match value.map(|v| v as f32) {
            Ok(v) if v.is_finite() => (v, 0),
            Ok(_) => (f32::NAN, Undefined::NonFinite as u8),
            Err(reason) => (f32::NAN, reason as u8),
        })
        .unzip()
}

/// A number of a table with its code, as a value again; codes of other programs count as undetermined.
pub fn decoded(number: f64, code: u8) -> Value {
    let reason = Undefined::ALL.into_iter().find(|reason| *reason as u8 == code);
    match (code, reason) {
        (0, _) => Ok(number),
        (_, reason) => Err(reason.unwrap_or(Undefined::Undetermined)),
    }
}
