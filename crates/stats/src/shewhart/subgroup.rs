//! Rows of data gathered into subgroups.

use crate::{
    error::Error,
    numbers::{all_finite, float, in_range, spread},
    sum::{Accumulator, sum},
};

/// One subgroup: the rows of one period, already summed up.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Subgroup {
    /// How many rows it has.
    pub rows: usize,
    /// How many of them have a value.
    pub values: usize,
    /// The sum of the values; `None` if it has one row without a value.
    pub sum: Option<f64>,
    /// The sum of the denominators; `None` if the rows have none.
    pub size: Option<f64>,
    /// What a chart shows: the sum over the denominator, or the mean of the values where there is none.
    pub value: Option<f64>,
    /// The mean of the values.
    pub mean: Option<f64>,
    /// Their standard deviation; `None` for fewer than two.
    pub sd: Option<f64>,
}

impl Subgroup {
    /// A subgroup of values. Refuses what is not finite or adds up to infinity.
    pub fn of_values(values: &[Option<f64>]) -> Result<Self, Error> {
        all_finite("value", values.iter().map(|value| value.unwrap_or(0.0)))?;
        let present: Vec<f64> = values.iter().flatten().copied().collect();
        let (mean, sd) = match spread(&present) {
            Some((mean, squares)) => {
                in_range("mean of a subgroup", mean)?;
                let sd = (present.len() > 1).then(|| (squares / float(present.len() - 1)).sqrt());
                (Some(mean), sd)
            }
            None => (None, None),
        };
        if let Some(sd) = sd {
            in_range("standard deviation of a subgroup", sd)?;
        }
        Ok(Self {
            rows: values.len(),
            values: present.len(),
            // Nothing counted is not a count of zero; but where there are several rows the others count.
            sum: (values.len() != 1 || present.len() == 1).then(|| sum(&present)),
            size: None,
            value: mean,
            mean,
            sd,
        })
    }

    /// A subgroup of numerators and denominators. A row in which either is missing counts for neither.
    /// Refuses what is not finite, denominators below zero, and events where nobody was counted.
    pub fn of_ratios(rows: &[(Option<f64>, Option<f64>)]) -> Result<Self, Error> {
        let whole: Vec<Option<(f64, f64)>> = rows.iter().map(|&(y, n)| y.zip(n)).collect();
        all_finite("denominator", rows.iter().map(|row| row.1.unwrap_or(0.0)))?;
        let numerators: Vec<Option<f64>> = whole.iter().map(|row| row.map(|row| row.0)).collect();
        let mut group = Self::of_values(&numerators)?;
        if whole.iter().flatten().any(|row| row.1 < 0.0) {
            return Err(Error::invalid("denominator", "is below zero"));
        }
        let size = whole
            .iter()
            .flatten()
            .map(|row| row.1)
            .collect::<Accumulator>()
            .value();
        group.size = Some(in_range("sum of the denominators", size)?);
        group.value = None;
        if let (Some(total), true) = (group.sum, group.values > 0) {
            if size > 0.0 {
                group.value = Some(in_range("rate", total / size)?);
            } else if total != 0.0 {
                return Err(Error::invalid("denominator", "is zero where events were counted"));
            }
        }
        Ok(group)
    }

    /// Gathers rows by key, such as a date, in the order of keys.
    ///
    /// ```
    /// use spiral_stats::shewhart::Subgroup;
    ///
    /// let rows = [(2, Some(5.0)), (1, Some(1.0)), (2, Some(7.0))];
    /// let groups = Subgroup::gather(&rows)?;
    /// assert_eq!(groups.iter().map(|(key, group)| (*key, group.value)).collect::<Vec<_>>(),
    ///     [(1, Some(1.0)), (2, Some(6.0))]);
    /// # Ok::<(), spiral_stats::Error>(())
    /// ```
    pub fn gather<K: Ord + Clone>(rows: &[(K, Option<f64>)]) -> Result<Vec<(K, Self)>, Error> {
        gather(rows.iter().map(|(key, value)| (key, *value)), |values| {
            Self::of_values(values)
        })
    }

    /// Gathers rows of numerators and denominators by key.
    pub fn gather_ratios<K: Ord + Clone>(
        rows: &[(K, Option<f64>, Option<f64>)],
    ) -> Result<Vec<(K, Self)>, Error> {
        gather(rows.iter().map(|(key, y, n)| (key, (*y, *n))), |rows| {
            Self::of_ratios(rows)
        })
    }
}

fn gather<'a, K: Ord + Clone + 'a, V>(
    rows: impl Iterator<Item = (&'a K, V)>,
    group: impl Fn(&[V]) -> Result<Subgroup, Error>,
) -> Result<Vec<(K, Subgroup)>, Error> {
    let mut by_key: std::collections::BTreeMap<&K, Vec<V>> = std::collections::BTreeMap::new();
    for (key, row) in rows {
        by_key.entry(key).or_default().push(row);
    }
    by_key
        .into_iter()
        .map(|(key, rows)| Ok((key.clone(), group(&rows)?)))
        .collect()
}
