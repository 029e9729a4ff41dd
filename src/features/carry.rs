//! What an extraction carries from one stretch of a trajectory to the next.
//!
//! Where states are not kept, a rollout is looked at while it is computed, stretch by stretch, each
//! perhaps by another process. An extractor names its numbers once, in [`super::Extractor::carry`];
//! the same walk writes them and reads them back.

/// A walk over the numbers of an extractor, that takes them out or puts them back.
#[derive(Debug)]
pub enum Carrier {
    /// Takes them out.
    Out(Vec<f64>),
    /// Puts them back.
    Back(std::vec::IntoIter<f64>),
}

impl Carrier {
    /// A walk that puts back what another one took out.
    pub fn back(numbers: Vec<f64>) -> Self {
        Carrier::Back(numbers.into_iter())
    }

    /// One number.
    pub fn number(&mut self, number: &mut f64) {
        match self {
            Carrier::Out(numbers) => numbers.push(*number),
            // Fewer numbers than were taken out are of another version; the cache keeps versions apart.
            Carrier::Back(numbers) => *number = numbers.next().unwrap_or(f64::NAN),
        }
    }

    /// A truth value.
    pub fn flag(&mut self, flag: &mut bool) {
        let mut number = f64::from(u8::from(*flag));
        self.number(&mut number);
        *flag = number == 1.0;
    }

    /// A length: how many of something follow.
    pub fn length(&mut self, length: usize) -> usize {
        let mut number = length as f64;
        self.number(&mut number);
        number as usize
    }

    /// A list of any length.
    pub fn list(&mut self, list: &mut Vec<f64>) {
        let length = self.length(list.len());
        list.resize(length, 0.0);
        for number in list {
            self.number(number);
        }
    }

    /// The numbers taken out.
    pub fn into_numbers(self) -> Vec<f64> {
        match self {
            Carrier::Out(numbers) => numbers,
            Carrier::Back(_) => Vec::new(),
        }
    }
}
