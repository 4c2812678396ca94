//! Centre line and limits of one part, by kind of chart.

use super::{
    D2, D4, Kind, Limits, Rows, Settings, Subgroup,
    constants::{a3, b3_b4},
};
use crate::{
    error::Error,
    numbers::{float, in_range, mean, median, spread},
    sum::Accumulator,
    xmr::average_moving_range,
};

/// Times between events are close to normal after this root (L. S. Nelson, *A Control Chart for
/// Parts-per-Million Nonconforming Items*, Journal of Quality Technology 26, 1994).
const ROOT: f64 = 3.6;
/// The median of a geometric distribution, as a multiple of its mean.
const MEDIAN_OF_GEOMETRIC: f64 = 0.693;

/// What is drawn besides the values.
pub(super) struct Drawn {
    pub centre: Option<f64>,
    /// For each subgroup the limits at three and at two standard deviations.
    pub limits: Vec<(Limits, Limits)>,
    pub narrowed: bool,
}

impl Drawn {
    /// The same limits for every subgroup.
    fn level(count: usize, centre: Option<f64>, limits: impl Fn(f64) -> Limits) -> Self {
        Self {
            centre,
            limits: vec![(limits(3.0), limits(2.0)); count],
            narrowed: false,
        }
    }
}

/// Bounds that a value cannot leave.
#[derive(Clone, Copy)]
struct Range(f64, f64);

const ANY: Range = Range(f64::NEG_INFINITY, f64::INFINITY);
const NOT_NEGATIVE: Range = Range(0.0, f64::INFINITY);
const PROPORTION: Range = Range(0.0, 1.0);

/// Limits around a centre, where the deviation is defined.
fn around(centre: Option<f64>, deviation: Option<f64>, sigmas: f64, range: Range) -> Limits {
    let Some((centre, deviation)) = centre.zip(deviation).filter(|pair| pair.1.is_finite()) else {
        return Limits::default();
    };
    Limits {
        lower: Some((centre - sigmas * deviation).max(range.0)),
        upper: Some((centre + sigmas * deviation).min(range.1)),
    }
}

impl Rows<'_> {
    pub(super) fn limits(
        &self,
        kind: Kind,
        values: &[Option<f64>],
        settings: &Settings,
    ) -> Result<Drawn, Error> {
        let count = values.len();
        let given = settings.centre;
        let base: Vec<Option<f64>> = self.base(values).collect();
        let present = || base.iter().flatten().copied();
        let mean_or_given = || match given {
            Some(centre) => Ok(Some(centre)),
            None => mean(present()).map(|mean| in_range("mean", mean)).transpose(),
        };
        Ok(match kind {
            Kind::Run => Drawn {
                centre: given.or_else(|| median(present().collect())),
                limits: vec![(Limits::default(), Limits::default()); count],
                narrowed: false,
            },
            Kind::I => {
                let centre = mean_or_given()?;
                let deviation = deviation(&base, settings.screening)?;
                Drawn::level(count, centre, |sigmas| around(centre, deviation, sigmas, ANY))
            }
            Kind::Mr => {
                let centre = mean_or_given()?;
                Drawn::level(count, centre, |sigmas| Limits {
                    lower: centre.map(|_| 0.0),
                    upper: centre.map(|centre| D4 / 3.0 * sigmas * centre),
                })
            }
            Kind::T => times(count, &base, settings)?,
            Kind::G => {
                let mean = mean_or_given()?;
                let deviation = mean.map(|mean| (mean * (mean + 1.0)).sqrt());
                let centre = match given {
                    Some(centre) => Some(MEDIAN_OF_GEOMETRIC * centre),
                    None => median(present().collect()),
                };
                Drawn::level(count, centre, |sigmas| {
                    around(mean, deviation, sigmas, NOT_NEGATIVE)
                })
            }
            Kind::C => {
                let centre = mean_or_given()?;
                Drawn::level(count, centre, |sigmas| {
                    around(centre, centre.map(f64::sqrt), sigmas, NOT_NEGATIVE)
                })
            }
            Kind::P | Kind::PPrime | Kind::U | Kind::UPrime => self.rates(kind, values, settings)?,
            Kind::Xbar | Kind::S => self.subgroups(kind, given)?,
        })
    }

    /// The included rows of the baseline.
    fn base<'a, T: Copy>(&'a self, rows: &'a [T]) -> impl Iterator<Item = T> + 'a {
        let counted = self
            .included
            .iter()
            .zip(&self.baseline)
            .map(|(&included, &base)| included && base);
        rows.iter().zip(counted).filter(|row| row.1).map(|row| *row.0)
    }

    fn rates(&self, kind: Kind, values: &[Option<f64>], settings: &Settings) -> Result<Drawn, Error> {
        let centre = match settings.centre {
            Some(centre) => Some(centre),
            None => {
                let (mut events, mut cases) = (Accumulator::default(), Accumulator::default());
                for group in self.base(self.groups) {
                    events.add(group.sum.unwrap_or(0.0));
                    cases.add(group.size.unwrap_or(0.0));
                }
                let cases = in_range("sum of the denominators", cases.value())?;
                (cases > 0.0).then(|| events.value() / cases)
            }
        };
        let is_proportion = matches!(kind, Kind::P | Kind::PPrime);
        let range = if is_proportion { PROPORTION } else { NOT_NEGATIVE };
        let deviations: Vec<Option<f64>> = self
            .groups
            .iter()
            .map(|group| {
                let (centre, size) = centre.zip(group.size.filter(|&size| size > 0.0))?;
                let spread = if is_proportion {
                    centre * (1.0 - centre)
                } else {
                    centre
                };
                Some((spread.max(0.0) / size).sqrt())
            })
            .collect();
        let between = if matches!(kind, Kind::PPrime | Kind::UPrime) {
            let scores: Vec<Option<f64>> = values
                .iter()
                .zip(&deviations)
                .map(|(&value, &deviation)| {
                    Some((value? - centre?) / deviation.filter(|&deviation| deviation > 0.0)?)
                })
                .collect();
            let scores: Vec<Option<f64>> = self.base(&scores).collect();
            if settings.is_ordered {
                deviation(&scores, settings.screening)?
            } else {
                let scores: Vec<f64> = scores.into_iter().flatten().collect();
                let squares = spread(&scores).filter(|_| scores.len() > 1);
                squares.map(|(_, squares)| (squares / float(scores.len() - 1)).sqrt())
            }
        } else {
            Some(1.0)
        };
        let at = |deviation: Option<f64>, sigmas| {
            let deviation = deviation
                .zip(between)
                .map(|(deviation, between)| deviation * between);
            around(centre, deviation, sigmas, range)
        };
        Ok(Drawn {
            centre,
            limits: deviations
                .iter()
                .map(|&deviation| (at(deviation, 3.0), at(deviation, 2.0)))
                .collect(),
            narrowed: between.is_some_and(|between| between < 1.0),
        })
    }

    fn subgroups(&self, kind: Kind, given: Option<f64>) -> Result<Drawn, Error> {
        let base: Vec<Subgroup> = self.base(self.groups).collect();
        let alike = self
            .groups
            .windows(2)
            .all(|pair| pair[0].values == pair[1].values);
        let spread = if alike {
            mean(base.iter().filter_map(|group| group.sd))
        } else {
            let degrees = |group: &Subgroup| float(group.values.saturating_sub(1));
            let squares: Accumulator = base
                .iter()
                .filter_map(|group| Some(degrees(group) * group.sd? * group.sd?))
                .collect();
            let degrees: f64 = base.iter().map(degrees).sum();
            (degrees > 0.0).then(|| (squares.value() / degrees).sqrt())
        };
        let spread = spread
            .map(|spread| in_range("standard deviation", spread))
            .transpose()?;
        if kind == Kind::S {
            let centre = given.or(spread);
            let at = |group: &Subgroup, sigmas| match centre.zip(b3_b4(group.values, sigmas)) {
                Some((centre, (b3, b4))) => Limits {
                    lower: Some(b3 * centre),
                    upper: Some(b4 * centre),
                },
                None => Limits::default(),
            };
            let limits = self
                .groups
                .iter()
                .map(|group| (at(group, 3.0), at(group, 2.0)))
                .collect();
            return Ok(Drawn {
                centre,
                limits,
                narrowed: false,
            });
        }
        let (mut total, mut values) = (Accumulator::default(), 0usize);
        for group in &base {
            if let Some(mean) = group.mean {
                total.add(float(group.values) * mean);
                values += group.values;
            }
        }
        let centre = match given {
            Some(centre) => Some(centre),
            None if values > 0 => Some(in_range("mean", total.value() / float(values))?),
            None => None,
        };
        let at = |group: &Subgroup, sigmas| {
            let deviation = spread.zip(a3(group.values, 1.0)).map(|(spread, a3)| spread * a3);
            around(centre, deviation, sigmas, ANY)
        };
        let limits = self
            .groups
            .iter()
            .map(|group| (at(group, 3.0), at(group, 2.0)))
            .collect();
        Ok(Drawn {
            centre,
            limits,
            narrowed: false,
        })
    }
}

/// The i chart of transformed times, transformed back.
fn times(count: usize, base: &[Option<f64>], settings: &Settings) -> Result<Drawn, Error> {
    let root = |value: f64| value.powf(1.0 / ROOT);
    let roots: Vec<Option<f64>> = base.iter().map(|value| value.map(root)).collect();
    let centre = settings
        .centre
        .map(root)
        .or_else(|| mean(roots.iter().flatten().copied()));
    let deviation = deviation(&roots, settings.screening)?;
    let back = |value: f64| (value >= 0.0).then(|| value.powf(ROOT));
    let mut drawn = Drawn::level(count, centre.and_then(back), |sigmas| {
        let limits = around(centre, deviation, sigmas, ANY);
        Limits {
            lower: limits.lower.and_then(back),
            upper: limits.upper.and_then(back),
        }
    });
    // A time has a lower limit of zero where it has no other.
    for (limits, _) in &mut drawn.limits {
        limits.lower = limits.lower.or(centre.map(|_| 0.0));
    }
    Ok(drawn)
}

/// The standard deviation that moving ranges tell. Undefined without any, or if screening leaves none, which
/// is so where all of them are zero.
fn deviation(values: &[Option<f64>], screening: bool) -> Result<Option<f64>, Error> {
    let range = average_moving_range(values, screening)?;
    let undefined = screening && average_moving_range(values, false)? == Some(0.0);
    Ok(range.filter(|_| !undefined).map(|range| range / D2))
}
