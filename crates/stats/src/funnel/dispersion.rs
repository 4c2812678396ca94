//! Overdispersion: z, what is trimmed of them, φ and τ².

use super::{Data, Dispersion, Transform, Unit};
use crate::{
    error::Error,
    numbers::{float, in_range, quantile},
    sum::Accumulator,
};

pub(super) struct Scored {
    pub z: Vec<Option<f64>>,
    pub trimmed: Vec<Option<f64>>,
    /// How many units would count into φ if they had a logarithm.
    pub without_logarithm: usize,
    errors: Vec<f64>,
}

impl Scored {
    pub(super) fn of(data: Data, units: &[Unit], target: f64, trim: f64) -> Result<Self, Error> {
        let errors: Vec<f64> = units.iter().map(|unit| standard_error(data, unit)).collect();
        let z = units
            .iter()
            .zip(&errors)
            .map(|(unit, error)| {
                let z = distance(data, unit, target).map(|distance| distance / error);
                z.map(|z| in_range("distance from the target", z)).transpose()
            })
            .collect::<Result<Vec<_>, Error>>()?;
        let mut without_logarithm = 0;
        let trimmed = if data == Data::Standardised(Transform::Log) {
            let kept = truncated(&z, trim);
            without_logarithm = z
                .iter()
                .zip(&kept)
                .filter(|(z, kept)| z.is_none() && **kept)
                .count();
            z.iter()
                .zip(&kept)
                .map(|(&z, &kept)| z.filter(|_| kept))
                .collect()
        } else {
            winsorised(&z, trim)
        };
        Ok(Self {
            z,
            trimmed,
            without_logarithm,
            errors,
        })
    }

    pub(super) fn dispersion(&self) -> Result<Option<Dispersion>, Error> {
        let kept = || {
            self.trimmed
                .iter()
                .zip(&self.errors)
                .filter_map(|(z, error)| Some(((*z)?, *error)))
        };
        let count = float(kept().count());
        if count < 2.0 {
            return Ok(None);
        }
        let squares = kept().map(|(z, _)| z * z).collect::<Accumulator>().value();
        let phi = in_range("overdispersion", squares / count)?;
        let weights = kept()
            .map(|(_, error)| 1.0 / (error * error))
            .collect::<Accumulator>()
            .value();
        let weights2 = kept()
            .map(|(_, error)| 1.0 / error.powi(4))
            .collect::<Accumulator>()
            .value();
        let surplus = count * phi - (count - 1.0);
        let tau2 = if surplus < 0.0 {
            0.0
        } else {
            (surplus / (weights - weights2 / weights)).max(0.0)
        };
        Ok(Some(Dispersion {
            phi,
            tau2: in_range("variance between units", tau2)?,
        }))
    }
}

fn standard_error(data: Data, unit: &Unit) -> f64 {
    let (y, n) = (unit.numerator, unit.denominator);
    match data {
        Data::Proportion | Data::Standardised(Transform::Root) => 1.0 / (2.0 * n.sqrt()),
        Data::Standardised(Transform::Log) => 1.0 / n.sqrt(),
        Data::RatioOfCounts => (y / ((y + 0.5) * (y + 0.5)) + n / ((n + 0.5) * (n + 0.5))).sqrt(),
    }
}

/// How far the unit lies from the target, on the transformed scale.
fn distance(data: Data, unit: &Unit, target: f64) -> Option<f64> {
    let (y, n) = (unit.numerator, unit.denominator);
    let distance = match data {
        Data::Proportion => (y / n).sqrt().min(1.0).asin() - target.sqrt().min(1.0).asin(),
        Data::RatioOfCounts => ((y + 0.5) / (n + 0.5)).ln() - target.ln(),
        Data::Standardised(Transform::Log) => (y / n).ln(),
        Data::Standardised(Transform::Root) => (y / n).sqrt() - 1.0,
    };
    distance.is_finite().then_some(distance)
}

/// Values beyond the outer quantiles become those.
fn winsorised(z: &[Option<f64>], trim: f64) -> Vec<Option<f64>> {
    let mut sorted: Vec<f64> = z.iter().flatten().copied().collect();
    sorted.sort_by(f64::total_cmp);
    match quantile(&sorted, trim).zip(quantile(&sorted, 1.0 - trim)) {
        Some((low, high)) if low <= high => z.iter().map(|z| z.map(|z| z.clamp(low, high))).collect(),
        _ => z.to_vec(),
    }
}

/// Which units are neither in the first nor in the last of the groups by rank. What has no logarithm ranks
/// lowest.
fn truncated(z: &[Option<f64>], trim: f64) -> Vec<bool> {
    if trim <= 0.0 {
        return vec![true; z.len()];
    }
    let groups = 1.0 / trim;
    let value = |z: &Option<f64>| z.unwrap_or(f64::NEG_INFINITY);
    let mut sorted: Vec<f64> = z.iter().map(value).collect();
    sorted.sort_by(f64::total_cmp);
    z.iter()
        .map(|z| {
            let z = value(z);
            let below = sorted.partition_point(|other| *other < z);
            let up_to = sorted.partition_point(|other| *other <= z);
            // The mean rank of equal values.
            let rank = (float(below) + 1.0 + float(up_to)) / 2.0;
            let group = (rank * groups / (float(sorted.len()) + 1.0)).floor();
            group > 0.0 && group < groups - 1.0
        })
        .collect()
}
