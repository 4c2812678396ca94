//! What a unit adds to a roll-up.

use super::{Measure, Observation, Quality, Scale, Stratum, StratumDimension};

/// What one unit adds to one stratum of one period.
#[derive(Debug, Clone, PartialEq)]
pub struct Contribution {
    /// The whole, or one value of one dimension.
    pub stratum: Stratum,
    /// The numerator; on a continuous scale the sum of what was measured.
    pub numerator: f64,
    /// The denominator; on a continuous scale how many were measured; 0 for a count.
    pub denominator: f64,
}

impl Contribution {
    /// How much of a sum is this unit's: by its denominator, or where there is none by what it counts.
    pub fn weight(&self) -> f64 {
        if self.denominator == 0.0 {
            self.numerator
        } else {
            self.denominator
        }
    }
}

/// What the observations of one unit and period add: each single stratum its own figure; the whole its
/// unsplit figure, else the sum over the first dimension, in the measure's order, of which every value is
/// known. A stratum that is not applicable is known to add nothing. `dimensions` are the measure's.
pub fn contributions(
    measure: &Measure,
    dimensions: &[&StratumDimension],
    rows: &[&Observation],
) -> Vec<Contribution> {
    let mut added: Vec<Contribution> = rows
        .iter()
        .filter(|row| row.stratum.len() <= 1)
        .filter_map(|row| {
            let (numerator, denominator) = figure(measure.scale, row)?;
            Some(Contribution {
                stratum: row.stratum.clone(),
                numerator,
                denominator,
            })
        })
        .collect();
    if !added.iter().any(|part| part.stratum.is_whole()) {
        let whole = dimensions
            .iter()
            .find_map(|dimension| sum_over(measure.scale, dimension, rows));
        added.extend(whole);
    }
    added.sort_by(|a, b| a.stratum.cmp(&b.stratum));
    added
}

/// The sum over a dimension, if it is complete.
fn sum_over(scale: Scale, dimension: &StratumDimension, rows: &[&Observation]) -> Option<Contribution> {
    let (mut numerator, mut denominator, mut figures) = (0.0, 0.0, 0);
    for value in &dimension.value_list {
        let row = rows
            .iter()
            .find(|row| !row.retracted && row.stratum.single() == Some((&dimension.code, value)))?;
        if row.quality == Quality::NotApplicable {
            continue;
        }
        let part = figure(scale, row)?;
        numerator += part.0;
        denominator += part.1;
        figures += 1;
    }
    (figures > 0).then(|| Contribution {
        stratum: Stratum::whole(),
        numerator,
        denominator,
    })
}

fn figure(scale: Scale, row: &Observation) -> Option<(f64, f64)> {
    if row.retracted || !row.quality.has_figure() {
        return None;
    }
    match scale {
        Scale::Proportion | Scale::Rate => Some((row.numerator?, row.denominator?)),
        Scale::Count => Some((row.numerator?, 0.0)),
        Scale::TimeBetween => None,
        Scale::Continuous | Scale::Score => {
            #[expect(clippy::cast_precision_loss, reason = "at most 10^12, which is exact")]
            let n = row.n? as f64;
            Some((row.value? * n, n))
        }
    }
}
