//! Small arithmetic that every module needs: exact ties, checked input, means and quantiles.

use crate::{error::Error, sum::Accumulator};

/// A count as a number. Exact up to 2^53, which no slice reaches.
#[expect(clippy::cast_precision_loss, reason = "slices are shorter than 2^53")]
pub(crate) fn float(count: usize) -> f64 {
    count as f64
}

/// Refuses NaN and infinities.
pub(crate) fn finite(what: &'static str, value: f64) -> Result<f64, Error> {
    if value.is_finite() {
        Ok(value)
    } else {
        Err(Error::NotFinite { what, at: None })
    }
}

/// Refuses a slice in which a value is NaN or infinite.
pub(crate) fn all_finite(what: &'static str, values: impl Iterator<Item = f64>) -> Result<(), Error> {
    for (at, value) in values.enumerate() {
        if !value.is_finite() {
            return Err(Error::NotFinite { what, at: Some(at) });
        }
    }
    Ok(())
}

/// Refuses a result that left the range of numbers.
pub(crate) fn in_range(what: &'static str, value: f64) -> Result<f64, Error> {
    if value.is_finite() {
        Ok(value)
    } else {
        Err(Error::TooLarge { what })
    }
}

/// The mean, with a compensated sum; `None` of nothing.
pub(crate) fn mean(values: impl Iterator<Item = f64>) -> Option<f64> {
    let mut count = 0usize;
    let mut total = Accumulator::default();
    for value in values {
        total.add(value);
        count += 1;
    }
    (count > 0).then(|| total.value() / float(count))
}

/// Mean and sum of squared deviations from it, in two passes.
pub(crate) fn spread(values: &[f64]) -> Option<(f64, f64)> {
    let mean = mean(values.iter().copied())?;
    let squares: Accumulator = values
        .iter()
        .map(|value| (value - mean) * (value - mean))
        .collect();
    Some((mean, squares.value()))
}

/// The median of finite values; `None` of nothing.
pub(crate) fn median(mut values: Vec<f64>) -> Option<f64> {
    let count = values.len();
    if count == 0 {
        return None;
    }
    let (_, upper, _) = values.select_nth_unstable_by(count / 2, f64::total_cmp);
    let upper = *upper;
    if count % 2 == 1 {
        return Some(upper);
    }
    let lower = values[..count / 2]
        .iter()
        .copied()
        .fold(f64::NEG_INFINITY, f64::max);
    Some(lower + (upper - lower) / 2.0)
}

/// The quantile of sorted values with linear interpolation between order statistics (type 7 of R. J.
/// Hyndman and Y. Fan, *The American Statistician* 50, 1996, 361-365).
pub(crate) fn quantile(sorted: &[f64], probability: f64) -> Option<f64> {
    let last = sorted.len().checked_sub(1)?;
    let place = float(last) * probability.clamp(0.0, 1.0);
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "between 0 and the last index"
    )]
    let below = place.floor() as usize;
    let above = (below + 1).min(last);
    Some(sorted[below] + (place - place.floor()) * (sorted[above] - sorted[below]))
}

/// Whether numbers are equal as far as anyone can tell.
///
/// Values are decimals that somebody wrote down, and a line is computed from them: a point that lies exactly
/// on the line in decimals may differ from it by a few units in the last place. The bound is what rounding
/// alone can cause, where `scale` is the usual size of the values that the line was computed from. It is
/// relative, so that nothing depends on the unit.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Ties {
    scale: f64,
}

impl Ties {
    pub(crate) fn of(scale: f64) -> Self {
        Self { scale: scale.abs() }
    }

    pub(crate) fn equal(self, value: f64, line: f64) -> bool {
        // Each by itself, or the sum of the largest numbers would be infinite.
        let part = |size: f64| 16.0 * f64::EPSILON * size.abs();
        (value - line).abs() <= part(value) + part(line) + part(self.scale)
    }

    pub(crate) fn above(self, value: f64, line: f64) -> bool {
        value > line && !self.equal(value, line)
    }

    pub(crate) fn below(self, value: f64, line: f64) -> bool {
        value < line && !self.equal(value, line)
    }
}
