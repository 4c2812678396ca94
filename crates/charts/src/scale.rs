//! What the vertical axis spans.

use crate::model::Bounds;
use crate::number::Ticks;

/// Leaving values out must make the axis so many times shorter.
const WORTH: f64 = 3.0;
/// An axis begins at zero if its lowest value is below this share of the highest.
const NEAR_ZERO: f64 = 0.4;

/// The ends of an axis and its numbers.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Scale {
    pub low: f64,
    pub high: f64,
    pub ticks: Ticks,
    /// The ends before they were moved out to round numbers.
    bare: (f64, f64),
}

impl Scale {
    /// Of values, and of lines that must be on it. A few values that would flatten all others are left beyond the
    /// edge, where they are drawn as arrows with their figures.
    pub(crate) fn of(values: &[f64], lines: &[f64], bounds: Bounds, most_ticks: usize) -> Self {
        let mut sorted = values.to_vec();
        sorted.sort_by(f64::total_cmp);
        let (mut low, mut high) = core(&sorted, lines);
        let free = (low, high);
        let span = high - low;
        if span <= 0.0 {
            let room = if low == 0.0 { 1.0 } else { low.abs() * 0.1 };
            (low, high) = (low - room, high + room);
        } else {
            (low, high) = (low - span * 0.04, high + span * 0.04);
        }
        if free.0 >= 0.0 && (free.0 < free.1 * NEAR_ZERO || low < 0.0) {
            low = 0.0;
        }
        if free.1 <= 0.0 && high > 0.0 {
            high = 0.0;
        }
        let within = |bound: Option<f64>, fits: &dyn Fn(f64) -> bool| bound.filter(|&bound| fits(bound));
        let floor = within(bounds.lower, &|bound| bound <= free.0);
        let ceiling = within(bounds.upper, &|bound| bound >= free.1);
        low = floor.map_or(low, |floor| low.max(floor));
        high = ceiling.map_or(high, |ceiling| high.min(ceiling));
        if high <= low {
            high = low + 1.0;
        }
        let ticks = Ticks::around(low, high, most_ticks);
        let first = ticks.values.first().copied().unwrap_or(low);
        let last = ticks.values.last().copied().unwrap_or(high);
        Self {
            low: floor.map_or(first, |floor| first.max(floor)),
            high: ceiling.map_or(last, |ceiling| last.min(ceiling)),
            ticks,
            bare: (low, high),
        }
    }

    /// Without the room up to the next round numbers, if two of them are within.
    pub(crate) fn tight(self) -> Self {
        let (low, high) = self.bare;
        let within = self
            .ticks
            .values
            .iter()
            .filter(|&&value| value >= low && value <= high);
        if within.count() < 2 {
            return self;
        }
        Self { low, high, ..self }
    }
}

/// The range of all lines, and of all values but a few extreme ones if that is worth it.
fn core(sorted: &[f64], lines: &[f64]) -> (f64, f64) {
    let range = |values: &[f64]| {
        let ends = values.first().into_iter().chain(values.last()).chain(lines);
        ends.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), &value| {
            (low.min(value), high.max(value))
        })
    };
    let all = range(sorted);
    if !all.0.is_finite() {
        return (0.0, 1.0);
    }
    let most = (sorted.len() / 50).clamp(usize::from(sorted.len() >= 8), 3);
    for left in 1..=most {
        let best = (0..=left)
            .map(|above| range(&sorted[left - above..sorted.len() - above]))
            .min_by(|one, other| (one.1 - one.0).total_cmp(&(other.1 - other.0)));
        if let Some((low, high)) = best
            && high > low
            && (high - low) * WORTH <= all.1 - all.0
        {
            return (low, high);
        }
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    const FREE: Bounds = Bounds {
        lower: None,
        upper: None,
    };

    #[test]
    fn an_extreme_value_does_not_flatten_the_others() {
        let mut values: Vec<f64> = (0..20).map(|at| 50.0 + f64::from(at % 5)).collect();
        values[7] = 9_000.0;
        let scale = Scale::of(&values, &[48.0, 56.0], FREE, 7);
        assert!(scale.high < 60.0 && scale.low > 40.0, "{scale:?}");
        // Where a line is as far out, nothing is gained.
        let scale = Scale::of(&values, &[48.0, 9_500.0], FREE, 7);
        assert!(scale.high >= 9_500.0);
    }

    #[test]
    fn percentages_stay_between_their_ends() {
        let bounds = Bounds {
            lower: Some(0.0),
            upper: Some(100.0),
        };
        let scale = Scale::of(&[91.0, 99.0, 100.0], &[], bounds, 6);
        assert!(scale.high <= 100.0);
        let scale = Scale::of(&[1.0, 2.0], &[-3.0], bounds, 6);
        assert!(scale.low <= -3.0, "a limit below zero is shown, not cut off");
    }

    #[test]
    fn there_is_always_an_axis() {
        for values in [&[][..], &[0.0], &[-5.0], &[7.0, 7.0], &[1e15, -1e15], &[1e-12]] {
            let scale = Scale::of(values, &[], FREE, 6);
            assert!(
                scale.high > scale.low && scale.ticks.values.len() > 1,
                "{values:?} {scale:?}"
            );
        }
    }
}
