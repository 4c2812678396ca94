//! Values that want a second look: far from all others, or the same again and again.

use crate::numbers::median;

/// Fewer values than this tell nothing about what is usual.
pub const FEWEST: usize = 8;
/// Values so many standard deviations from the median, estimated by the median deviation, are far off.
pub const FAR: f64 = 6.0;
/// The median deviation of a normal distribution is one standard deviation over this.
const NORMAL: f64 = 1.4826;

/// Places of values that lie far from the others: more than 6 × 1.4826 × MAD from the median, MAD being the median
/// distance from it (P. J. Rousseeuw and C. Croux, *Alternatives to the Median Absolute Deviation*, JASA 88, 1993).
/// None of fewer than eight values, or where more than half of them are equal.
///
/// ```
/// use spiral_stats::plausible::outliers;
///
/// let values = [52.0, 48.0, 55.0, 50.0, 47.0, 530.0, 49.0, 51.0].map(Some);
/// assert_eq!(outliers(&values), [5]);
/// ```
pub fn outliers(values: &[Option<f64>]) -> Vec<usize> {
    let there: Vec<f64> = values
        .iter()
        .flatten()
        .copied()
        .filter(|value| value.is_finite())
        .collect();
    if there.len() < FEWEST {
        return Vec::new();
    }
    let Some(middle) = median(there.clone()) else {
        return Vec::new();
    };
    let Some(deviation) = median(there.iter().map(|value| (value - middle).abs()).collect()) else {
        return Vec::new();
    };
    let reach = FAR * NORMAL * deviation;
    if !reach.is_finite() || reach <= 0.0 {
        return Vec::new();
    }
    values
        .iter()
        .enumerate()
        // NaN is in reach of nothing.
        .filter(|(_, value)| value.is_some_and(|value| value.is_nan() || (value - middle).abs() > reach))
        .map(|(at, _)| at)
        .collect()
}

/// Stretches of neighbours that are the same, with at least so many of them: where each begins, and how long it is.
/// What is missing is like nothing.
///
/// ```
/// use spiral_stats::plausible::repeats;
///
/// let figures = [Some(3), Some(7), Some(7), Some(7), None, Some(7)];
/// assert_eq!(repeats(&figures, 3), [(1, 3)]);
/// ```
pub fn repeats<T: PartialEq>(figures: &[Option<T>], least: usize) -> Vec<(usize, usize)> {
    let mut found = Vec::new();
    let mut start = 0;
    for at in 1..=figures.len() {
        let goes_on = figures
            .get(at)
            .is_some_and(|figure| figure.is_some() && *figure == figures[start]);
        if !goes_on {
            if figures[start].is_some() && at - start >= least.max(1) {
                found.push((start, at - start));
            }
            start = at;
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn odd_input_has_no_outliers() {
        assert!(outliers(&[]).is_empty());
        assert!(outliers(&[Some(1.0); 20]).is_empty());
        assert!(outliers(&[None; 20]).is_empty());
        let few: Vec<Option<f64>> = [1.0, 2.0, 3.0, 900.0].map(Some).into();
        assert!(outliers(&few).is_empty());
        let mut wild: Vec<Option<f64>> = (0..20).map(|n| Some(f64::from(n))).collect();
        wild.push(Some(f64::MAX));
        assert_eq!(outliers(&wild), [20]);
        wild.push(Some(f64::INFINITY));
        assert_eq!(outliers(&wild), [20, 21]);
        wild.push(Some(f64::NAN));
        assert_eq!(outliers(&wild), [20, 21, 22]);
    }

    #[test]
    fn repeats_are_found_where_they_are() {
        assert_eq!(repeats::<i32>(&[], 2), []);
        assert_eq!(repeats::<i32>(&[None, None, None], 2), []);
        assert_eq!(
            repeats(&[Some(1), Some(1), Some(2), Some(2), Some(2)], 2),
            [(0, 2), (2, 3)]
        );
        assert_eq!(repeats(&[Some(1), Some(1)], 3), []);
    }
}
