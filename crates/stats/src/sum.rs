//! Compensated summation (A. Neumaier, "Rundungsfehleranalyse einiger Verfahren zur Summation endlicher
//! Summen", ZAMM 54, 1974).

/// A running sum that keeps what rounding would lose.
///
/// ```
/// use spiral_stats::sum::Accumulator;
///
/// let total: Accumulator = [1.0, 1e100, 1.0, -1e100].into_iter().collect();
/// assert_eq!(total.value(), 2.0);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Accumulator {
    sum: f64,
    lost: f64,
}

impl Accumulator {
    /// Adds one number.
    pub fn add(&mut self, value: f64) {
        let next = self.sum + value;
        self.lost += if self.sum.abs() >= value.abs() {
            (self.sum - next) + value
        } else {
            (value - next) + self.sum
        };
        self.sum = next;
    }

    /// The sum so far; infinite or not a number if what was added makes it so.
    pub fn value(self) -> f64 {
        // Beyond the range of numbers the correction is meaningless and would turn infinity into NaN.
        if self.sum.is_finite() {
            self.sum + self.lost
        } else {
            self.sum
        }
    }
}

impl Extend<f64> for Accumulator {
    fn extend<T: IntoIterator<Item = f64>>(&mut self, values: T) {
        for value in values {
            self.add(value);
        }
    }
}

impl FromIterator<f64> for Accumulator {
    fn from_iter<T: IntoIterator<Item = f64>>(values: T) -> Self {
        let mut total = Self::default();
        total.extend(values);
        total
    }
}

/// The sum of a slice; zero if it is empty.
pub fn sum(values: &[f64]) -> f64 {
    values.iter().copied().collect::<Accumulator>().value()
}
