//! Bass and logistic growth.
//!
//! # Bass
//!
//! F(t) = (1 - e^(-(p+q)t)) / (1 + (q/p) e^(-(p+q)t)): p adopt by themselves, q by what others do, m is the
//! ceiling (F. M. Bass, *A New Product Growth Model for Consumer Durables*, Management Science 15, 1969).
//! m (F(t) - F(t-1)) is fitted to the adoptions of periods t = 1, 2, … by least squares, with p, m > 0 and
//! q >= 0. If q > p the rate is highest at ln(q/p) / (p+q), where it is m (p+q)² / (4q).
//!
//! [`bass_ols`] is the older estimate: adoptions = a + b N + c N² by linear regression on those before, N;
//! then m = (-b - √(b² - 4ac)) / (2c), p = a/m, q = -mc. It takes discrete periods for continuous time and
//! gives too large a p.
//!
//! # Logistic
//!
//! K / (1 + e^(-r (t - t₀))) is fitted to cumulative numbers at t = 1, 2, … Neighbouring residuals of a
//! cumulative curve depend on one another, so there is no interval.
//!
//! # Not identifiable
//!
//! Before the rate has turned, data fit any ceiling that is large enough equally well. So a fit has an
//! [`Identification`], and [`Bass::ceiling`], [`Bass::peak`] and their like give none unless the data tell it.
//! They do if
//!
//! - the condition of the slopes, with regard to the logarithms of the parameters (for t₀, in units of 1/r), is
//!   at most [`LARGEST_CONDITION`]: above, a change of one part in ten thousand in the data can double a
//!   parameter;
//! - the ceiling is at most [`LARGEST_EXTRAPOLATION`] times what has been seen;
//! - growth without a ceiling, A (e^(qt) - 1), fits worse by more than chance: its squares exceed those of
//!   the fit by more than t² × squares / (n - 3), t being the 97.5 % quantile with n - 3 degrees of freedom
//!   (D. M. Bates and D. G. Watts, *Nonlinear Regression Analysis*, Wiley 1988, section 6.1).

use nalgebra::{DMatrix, DVector};

use super::fit::{Fit, MOST, MOST_ROTATIONS, Model, best};
use crate::{
    distribution::t_reach,
    error::Error,
    numbers::{all_finite, float, in_range},
    sum::Accumulator,
};

/// The condition above which parameters are not told apart.
pub const LARGEST_CONDITION: f64 = 1e4;
/// A ceiling of more than so many times what has been seen is none.
pub const LARGEST_EXTRAPOLATION: f64 = 100.0;

/// Whether the data tell the parameters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Identification {
    /// They do.
    Identified,
    /// They do not: other parameters, with other ceilings, fit as well.
    NotIdentified,
    /// Nothing in the data speaks for adoption by example: q is zero, and its bound holds it there.
    AtBound,
}

/// A fitted Bass curve.
#[derive(Clone, Debug, PartialEq)]
pub struct Bass {
    /// Coefficient of innovation, per period.
    pub p: f64,
    /// Coefficient of imitation, per period.
    pub q: f64,
    /// The ceiling; see [`Bass::ceiling`] before it is shown to anybody.
    pub m: f64,
    /// The sum of squared residuals.
    pub squares: f64,
    /// The fitted adoptions of each period.
    pub fitted: Vec<f64>,
    /// The condition of the slopes.
    pub condition: f64,
    /// Whether the parameters can be told.
    pub identification: Identification,
}

/// Where the rate of adoption is highest.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Peak {
    /// When, in periods.
    pub time: f64,
    /// Adoptions per period then.
    pub rate: f64,
}

impl Bass {
    /// The number that will have adopted in the end; `None` if the data do not tell.
    pub fn ceiling(&self) -> Option<f64> {
        (self.identification != Identification::NotIdentified).then_some(self.m)
    }

    /// The inflection of the cumulative curve; `None` if the rate only falls, or the data do not tell.
    pub fn peak(&self) -> Option<Peak> {
        (self.identification == Identification::Identified).then(|| self.fitted_peak())?
    }

    /// Whether the parameters run away from one another, or one is held at its bound: a matter of numbers
    /// only, while [`Bass::identification`] also asks what chance may do.
    pub fn is_ill_conditioned(&self) -> bool {
        self.q <= 0.0 || self.condition > LARGEST_CONDITION
    }

    /// The peak of the fitted curve, whether or not the data tell it.
    pub fn fitted_peak(&self) -> Option<Peak> {
        if self.q <= self.p {
            return None;
        }
        let (p, q) = (self.p, self.q);
        Some(Peak {
            time: (q / p).ln() / (p + q),
            rate: self.m * (p + q) * (p + q) / (4.0 * q),
        })
    }
}

/// A fitted logistic curve.
#[derive(Clone, Debug, PartialEq)]
pub struct Logistic {
    /// The ceiling; see [`Logistic::ceiling`] before it is shown to anybody.
    pub k: f64,
    /// The rate of growth, per period.
    pub r: f64,
    /// The time of the inflection.
    pub t0: f64,
    /// The sum of squared residuals.
    pub squares: f64,
    /// The fitted values.
    pub fitted: Vec<f64>,
    /// The condition of the slopes.
    pub condition: f64,
    /// Whether the parameters can be told.
    pub identification: Identification,
}

impl Logistic {
    /// The number that will have adopted in the end; `None` if the data do not tell.
    pub fn ceiling(&self) -> Option<f64> {
        (self.identification == Identification::Identified).then_some(self.k)
    }

    /// Whether the parameters run away from one another.
    pub fn is_ill_conditioned(&self) -> bool {
        self.condition > LARGEST_CONDITION
    }

    /// When the rate of growth is highest; `None` if the data do not tell.
    pub fn inflection(&self) -> Option<f64> {
        (self.identification == Identification::Identified).then_some(self.t0)
    }
}

/// m F(t) and its slopes along ln m, ln p, ln q.
fn bass_curve(parameters: &[f64], time: f64) -> (f64, [f64; MOST]) {
    let (m, p, q) = (parameters[0].exp(), parameters[1].exp(), parameters[2].exp());
    let left = (-(p + q) * time).exp();
    let ratio = q / p;
    let below = 1.0 + ratio * left;
    let adopted = -(-(p + q) * time).exp_m1() / below;
    // How F changes with what is left, and with the ratio.
    let by_left = -(1.0 + ratio) / (below * below);
    let by_ratio = -(adopted * left) / below;
    let by_p = by_left * (-time * p * left) - by_ratio * ratio;
    let by_q = by_left * (-time * q * left) + by_ratio * ratio;
    (m * adopted, [m * adopted, m * by_p, m * by_q])
}

/// K (1 - e^(-rt)) and its slopes along ln K, ln r.
fn saturation_curve(parameters: &[f64], time: f64) -> (f64, [f64; MOST]) {
    let (k, r) = (parameters[0].exp(), parameters[1].exp());
    let value = -k * (-r * time).exp_m1();
    (value, [value, k * r * time * (-r * time).exp(), 0.0])
}

/// A (e^(qt) - 1) and its slopes along ln A, ln q.
fn endless_curve(parameters: &[f64], time: f64) -> (f64, [f64; MOST]) {
    let (a, q) = (parameters[0].exp(), parameters[1].exp());
    let value = a * (q * time).exp_m1();
    (value, [value, a * q * time * (q * time).exp(), 0.0])
}

/// A e^(qt) and its slopes along ln A, ln q.
fn endless_level(parameters: &[f64], time: f64) -> (f64, [f64; MOST]) {
    let (a, q) = (parameters[0].exp(), parameters[1].exp());
    let value = a * (q * time).exp();
    (value, [value, value * q * time, 0.0])
}

/// The logistic curve and its slopes along ln K, ln r and r t₀.
fn logistic_curve(parameters: &[f64], time: f64) -> (f64, [f64; MOST]) {
    let (k, r, start) = (parameters[0].exp(), parameters[1].exp(), parameters[2]);
    let share = 1.0 / (1.0 + (start - r * time).exp());
    let slope = share * (1.0 - share);
    (k * share, [k * share, k * slope * r * time, -k * slope])
}

pub(super) const BASS: Model = Model {
    curve: bass_curve,
    increments: true,
    parameters: 3,
};
pub(super) const SATURATION: Model = Model {
    curve: saturation_curve,
    increments: true,
    parameters: 2,
};
pub(super) const LOGISTIC: Model = Model {
    curve: logistic_curve,
    increments: false,
    parameters: 3,
};
pub(super) const LOGISTIC_INCREMENTS: Model = Model {
    increments: true,
    ..LOGISTIC
};

const ENDLESS: Model = Model {
    curve: endless_curve,
    increments: true,
    parameters: 2,
};
const ENDLESS_LEVEL: Model = Model {
    curve: endless_level,
    increments: false,
    parameters: 2,
};

/// Values brought to a largest of one, so that nothing depends on their unit.
pub(super) struct Scaled {
    pub values: Vec<f64>,
    pub scale: f64,
}

/// Refuses series that are not finite, too short, or without growth.
pub(super) fn scaled(values: &[f64], fewest: usize) -> Result<Scaled, Error> {
    all_finite("value", values.iter().copied())?;
    if values.len() < fewest {
        return Err(Error::not_estimable(
            "a growth curve",
            "there are too few periods",
        ));
    }
    let scale = values.iter().fold(0.0, |most: f64, value| most.max(value.abs()));
    if scale < 1e-300 {
        return Err(Error::not_estimable("a growth curve", "nobody has adopted"));
    }
    Ok(Scaled {
        values: values.iter().map(|value| value / scale).collect(),
        scale,
    })
}

pub(super) fn fit_bass(values: &[f64]) -> Option<Fit> {
    let shares = [1e-4, 1e-3, 0.003, 0.01, 0.03, 0.1, 0.3];
    let rates = [0.001, 0.01, 0.05, 0.1, 0.2, 0.35, 0.5, 0.75, 1.0, 1.5];
    // Rates are per period, and a long series may be in short periods.
    let pace = 20.0 / float(values.len()).max(20.0);
    let starts = shares.iter().flat_map(|p: &f64| {
        rates
            .iter()
            .map(move |q: &f64| vec![0.0, (p * pace).ln(), (q * pace).ln()])
    });
    best(BASS, values, starts)
}

pub(super) fn fit_saturation(values: &[f64]) -> Option<Fit> {
    let pace = 20.0 / float(values.len()).max(20.0);
    let rates = [1e-4, 1e-3, 0.003, 0.01, 0.03, 0.1, 0.2, 0.4, 0.8, 1.5];
    best(
        SATURATION,
        values,
        rates.iter().map(|r: &f64| vec![0.0, (r * pace).ln()]),
    )
}

/// The squares that growth without a ceiling leaves.
fn endless(values: &[f64], model: Model) -> f64 {
    let pace = 20.0 / float(values.len()).max(20.0);
    let rates = [1e-6, 1e-3, 0.01, 0.03, 0.1, 0.2, 0.4, 0.8, 1.5];
    best(
        model,
        values,
        rates.iter().map(|q: &f64| vec![0.0, (q * pace).ln()]),
    )
    .map_or(f64::INFINITY, |fit| fit.squares)
}

pub(super) fn fit_logistic(values: &[f64], model: Model) -> Option<Fit> {
    let count = float(values.len());
    let rates = [1.0, 3.0, 6.0, 10.0, 20.0, 40.0].map(|rate| rate / count);
    let places = [-0.2, 0.1, 0.3, 0.5, 0.7, 0.9, 1.2, 1.6];
    let starts = rates.iter().flat_map(|r: &f64| {
        places
            .iter()
            .map(move |place| vec![0.0, r.ln(), r * place * count])
    });
    best(model, values, starts)
}

/// Fits the Bass curve to the adoptions of periods 1, 2, …
///
/// Not estimable: fewer than four periods, or no growth that a Bass curve could describe.
///
/// ```
/// use spiral_stats::diffusion::growth::bass;
///
/// let adoptions = [8, 10, 15, 14, 28, 35, 42, 46, 49, 41, 38, 35, 25, 19, 15].map(f64::from);
/// let fit = bass(&adoptions)?;
/// assert!(fit.peak().is_some_and(|peak| (7.0..10.0).contains(&peak.time)));
/// # Ok::<(), spiral_stats::Error>(())
/// ```
pub fn bass(adoptions: &[f64]) -> Result<Bass, Error> {
    let Scaled { values, scale } = scaled(adoptions, 4)?;
    let total = values.iter().copied().collect::<Accumulator>().value();
    let lost = Error::not_estimable("a Bass curve", "the adoptions do not grow like one");
    let full = fit_bass(&values).ok_or(lost)?;
    // Without imitation the curve is one of saturation; where that fits as well, q is at its bound.
    let without = fit_saturation(&values).filter(|fit| fit.squares <= full.squares * (1.0 + 1e-9));
    let (m, p, q, squared, condition, at_bound) = match without {
        Some(fit) => {
            let condition = SATURATION.condition(&fit.parameters, values.len());
            (
                fit.parameters[0].exp(),
                fit.parameters[1].exp(),
                0.0,
                fit.squares,
                condition,
                true,
            )
        }
        None => {
            let condition = BASS.condition(&full.parameters, values.len());
            let [m, p, q] = [0, 1, 2].map(|at: usize| full.parameters[at].exp());
            (m, p, q, full.squares, condition, false)
        }
    };
    let is_told =
        is_identified(condition, m, total) && rejects(endless(&values, ENDLESS), squared, values.len());
    let identification = match (is_told, at_bound) {
        (false, _) => Identification::NotIdentified,
        (true, true) => Identification::AtBound,
        (true, false) => Identification::Identified,
    };
    let fitted = if at_bound {
        SATURATION.values(&[m.ln(), p.ln()], values.len())
    } else {
        BASS.values(&full.parameters, values.len())
    };
    Ok(Bass {
        p,
        q,
        m: in_range("ceiling", m * scale)?,
        squares: in_range("sum of squares", squared * scale * scale)?,
        fitted: fitted.iter().map(|value| value * scale).collect(),
        condition,
        identification,
    })
}

/// Whether a fit is better than one with a parameter less by more than chance.
fn rejects(simpler: f64, squares: f64, count: usize) -> bool {
    let degrees = float(count - 3);
    let t = t_reach(95.0, degrees);
    // Below this a residual is rounding.
    let noise = squares.max(float(count) * 1e-28) / degrees;
    simpler - squares > t * t * noise
}

fn is_identified(condition: f64, ceiling: f64, seen: f64) -> bool {
    condition <= LARGEST_CONDITION && ceiling <= LARGEST_EXTRAPOLATION * seen
}

/// Fits the logistic curve to cumulative numbers at times 1, 2, …
///
/// Not estimable: fewer than four times, or no growth that a logistic curve could describe.
pub fn logistic(cumulative: &[f64]) -> Result<Logistic, Error> {
    let Scaled { values, scale } = scaled(cumulative, 4)?;
    let lost = Error::not_estimable("a logistic curve", "the numbers do not grow like one");
    let fit = fit_logistic(&values, LOGISTIC).ok_or(lost)?;
    let (k, r) = (fit.parameters[0].exp(), fit.parameters[1].exp());
    let condition = LOGISTIC.condition(&fit.parameters, values.len());
    let fitted = LOGISTIC.values(&fit.parameters, values.len());
    let is_told = is_identified(condition, k, 1.0)
        && rejects(endless(&values, ENDLESS_LEVEL), fit.squares, values.len());
    let identification = if is_told {
        Identification::Identified
    } else {
        Identification::NotIdentified
    };
    Ok(Logistic {
        k: in_range("ceiling", k * scale)?,
        r,
        t0: in_range("inflection", fit.parameters[2] / r)?,
        squares: in_range("sum of squares", fit.squares * scale * scale)?,
        fitted: fitted.iter().map(|value| value * scale).collect(),
        condition,
        identification,
    })
}

/// The regression estimate of a Bass curve.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct BassOls {
    /// Constant.
    pub a: f64,
    /// Slope along the cumulative number.
    pub b: f64,
    /// Slope along its square.
    pub c: f64,
    /// The parameters that follow; `None` if they are no Bass curve.
    pub curve: Option<OlsCurve>,
}

/// Parameters from regression.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct OlsCurve {
    /// Coefficient of innovation, per period.
    pub p: f64,
    /// Coefficient of imitation, per period.
    pub q: f64,
    /// The ceiling.
    pub m: f64,
}

/// The regression of adoptions on the cumulative number before. Not estimable with fewer than three periods,
/// or if the cumulative numbers are not three different ones.
pub fn bass_ols(adoptions: &[f64]) -> Result<BassOls, Error> {
    let Scaled { values, scale } = scaled(adoptions, 3)?;
    let mut before = Accumulator::default();
    let rows: Vec<f64> = values
        .iter()
        .map(|&value| {
            let now = before.value();
            before.add(value);
            now
        })
        .collect();
    let reach = rows.iter().fold(0.0, |most: f64, row| most.max(row.abs()));
    if reach <= 0.0 {
        return Err(Error::not_estimable(
            "a Bass regression",
            "nobody had adopted before",
        ));
    }
    let design = DMatrix::from_fn(rows.len(), 3, |row, column| match column {
        0 => 1.0,
        1 => rows[row] / reach,
        _ => (rows[row] / reach) * (rows[row] / reach),
    });
    let lost = Error::not_estimable("a Bass regression", "the cumulative numbers are too few");
    let solution = design
        .try_svd(true, true, f64::EPSILON, MOST_ROTATIONS)
        .filter(|svd| svd.singular_values.min() > 1e-12 * svd.singular_values.max())
        .and_then(|svd| svd.solve(&DVector::from_vec(values), 0.0).ok())
        .ok_or(lost)?;
    let (a, b, c) = (solution[0], solution[1] / reach, solution[2] / (reach * reach));
    let root = b * b - 4.0 * a * c;
    let m = (-b - root.max(0.0).sqrt()) / (2.0 * c);
    let curve = OlsCurve {
        p: a / m,
        q: -m * c,
        m: m * scale,
    };
    let holds = root >= 0.0
        && [curve.p, curve.m]
            .iter()
            .all(|value| value.is_finite() && *value > 0.0);
    in_range("regression", (a * scale).abs() + (c / scale).abs())?;
    Ok(BassOls {
        a: a * scale,
        b,
        c: c / scale,
        curve: holds.then_some(curve),
    })
}
