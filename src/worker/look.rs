//! Where states are looked at for their features: on a CUDA device all states of a unit at once by tensors,
//! on a processor, and for `compat` always, one after the other.

use std::borrow::Cow;

use crate::compute::device::Device;
use crate::compute::features::Measurer;
use crate::error::Result;
use crate::features::table::Extraction;
use crate::features::{Category, Settings, Shape};
use crate::mark::{self, Doing};

/// Looks at the units of one job, which share categories and settings.
pub struct Looker {
    categories: Vec<&'static dyn Category>,
    settings: Settings,
    device: Device,
    /// For the form of the unit before.
    measurer: Option<(Shape, Measurer)>,
}

impl Looker {
    /// For these categories.
    pub fn new(device: Device, categories: &[&'static dyn Category], settings: &Settings) -> Self {
        let categories = categories.to_vec();
        Self { categories, settings: settings.clone(), device, measurer: None }
    }

    /// The extraction of a trajectory.
    pub fn begin(&self, shape: Shape) -> Extraction {
        Extraction::new(&self.categories, &self.settings, shape)
    }

    /// Shows the next `steps` states of each realization to its extraction. `state` gives state t of
    /// realization m, `[C, n, n]` as stored.
    pub fn look<'s>(
        &mut self,
        shape: Shape,
        extractions: &mut [Extraction],
        steps: usize,
        state: impl Fn(usize, usize) -> Cow<'s, [f32]>,
    ) -> Result<()> {
        if self.device == Device::Cpu || self.settings.compat() {
            for (m, extraction) in extractions.iter_mut().enumerate() {
                for t in 0..steps {
                    mark::at(Doing::State, t as u64 + 1, steps as u64);
                    extraction.frame(&state(m, t));
                }
            }
            return Ok(());
        }
        let measurer = match self.measurer.take() {
            Some((form, measurer)) if form == shape => measurer,
            _ => Measurer::new(&self.categories, &self.settings, shape, self.device)?,
        };
        mark::doing(Doing::State);
        let (_, measurer) = self.measurer.insert((shape, measurer));
        measurer.look(extractions, steps, state)
    }
}
