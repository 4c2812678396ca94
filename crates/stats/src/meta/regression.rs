//! Whether the effect goes with something else about the sites.

use nalgebra::{Cholesky, DMatrix, DVector, Dyn};

use super::check;
use crate::{
    distribution::{chi_square_above, level as checked_level, t_reach, t_two_sided},
    effect::Effect,
    error::Error,
    numbers::{all_finite, float, in_range, spread},
    sum::Accumulator,
};

/// So many sites are needed for each covariate.
pub const SITES_PER_COVARIATE: usize = 10;

/// One coefficient, tested against t with Knapp and Hartung's standard error.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Coefficient {
    /// How the effect changes with one unit of the covariate.
    pub estimate: f64,
    /// Its standard error.
    pub error: f64,
    /// Its two-sided probability.
    pub p_value: f64,
    /// Its interval.
    pub interval: (f64, f64),
}

/// A fitted regression.
#[derive(Clone, Debug, PartialEq)]
pub struct Regression {
    /// The effect where all covariates are zero.
    pub intercept: Coefficient,
    /// One for each covariate.
    pub slopes: Vec<Coefficient>,
    /// Degrees of freedom: sites less coefficients.
    pub degrees: usize,
    /// The variance between sites that is left.
    pub tau2: f64,
    /// The share of the variance between sites that the covariates explain, in percent; `None` if there was
    /// none to explain.
    pub r2: Option<f64>,
    /// What is left of Q.
    pub q: f64,
    /// The probability of such a Q, or a larger one, if the covariates explained all.
    pub p_value: f64,
}

/// Regresses effects on covariates, each with one value for every site.
///
/// With X the covariates and a column of ones: τ² by moments, max(0, (Q - (k - p)) / (tr W - tr((X'WX)⁻¹
/// X'W²X))) with w = 1/v, as DerSimonian and Laird without covariates; then weights 1/(v + τ²), and standard
/// errors times √(ΣW r² / (k - p)) (G. Knapp and J. Hartung, Statistics in Medicine 22, 2003).
///
/// Not estimable: fewer than [`SITES_PER_COVARIATE`] sites for each covariate, covariates that do not vary or
/// follow from one another.
pub fn regression(effects: &[Effect], covariates: &[&[f64]], level: f64) -> Result<Regression, Error> {
    let level = checked_level(level)?;
    check(effects)?;
    let what = "a meta-regression";
    let (sites, columns) = (effects.len(), covariates.len());
    for covariate in covariates {
        all_finite("covariate", covariate.iter().copied())?;
        if covariate.len() != sites {
            return Err(Error::invalid(
                "covariate",
                "does not have one value for each site",
            ));
        }
    }
    if sites < SITES_PER_COVARIATE * columns || sites < columns + 2 {
        return Err(Error::not_estimable(
            what,
            "there are fewer than ten sites for each covariate",
        ));
    }
    // In standard deviations from their means covariates cannot lose one another's digits.
    let scales = covariates
        .iter()
        .map(|covariate| scale(covariate))
        .collect::<Result<Vec<_>, _>>()?;
    let design = DMatrix::from_fn(sites, columns + 1, |site, column| match column.checked_sub(1) {
        Some(at) => (covariates[at][site] - scales[at].0) / scales[at].1,
        None => 1.0,
    });
    let collinear = Error::not_estimable(what, "a covariate follows from the others");
    let degrees = sites - columns - 1;
    let plain = Fit::of(effects, &design, 0.0).ok_or(collinear)?;
    let tau2 = in_range("variance between sites", plain.moments(&design, degrees))?;
    let fit = Fit::of(effects, &design, tau2).ok_or(collinear)?;
    let alone = DMatrix::from_element(sites, 1, 1.0);
    let without = Fit::of(effects, &alone, 0.0).map_or(0.0, |fit| fit.moments(&alone, sites - 1));
    // Back to the units of the covariates.
    let mut back = DMatrix::identity(columns + 1, columns + 1);
    for (at, (mean, sd)) in scales.iter().enumerate() {
        back[(0, at + 1)] = -mean / sd;
        back[(at + 1, at + 1)] = 1.0 / sd;
    }
    let estimates = &back * &fit.estimates;
    let variances = (&back * fit.inverse.inverse() * back.transpose()) * (fit.q / float(degrees));
    let reach = t_reach(level, float(degrees));
    let coefficient = |at: usize| {
        let (estimate, error) = (estimates[at], variances[(at, at)].max(0.0).sqrt());
        in_range("coefficient", estimate.abs() + reach * error)?;
        let is_sure = error <= 0.0;
        Ok(Coefficient {
            estimate,
            error,
            p_value: if is_sure {
                f64::from(estimate == 0.0)
            } else {
                t_two_sided(estimate / error, float(degrees))
            },
            interval: (estimate - reach * error, estimate + reach * error),
        })
    };
    Ok(Regression {
        intercept: coefficient(0)?,
        slopes: (1..=columns).map(coefficient).collect::<Result<_, Error>>()?,
        degrees,
        tau2,
        r2: (without > 0.0).then(|| (100.0 * (without - tau2) / without).max(0.0)),
        q: plain.q,
        p_value: chi_square_above(plain.q, float(degrees)),
    })
}

/// Mean and standard deviation of a covariate.
fn scale(covariate: &[f64]) -> Result<(f64, f64), Error> {
    let (mean, squares) = spread(covariate).unwrap_or((f64::NAN, f64::NAN));
    let sd = in_range("covariate", (squares / float(covariate.len())).sqrt())?;
    if sd <= 1e-12 * mean.abs() || sd <= 0.0 {
        return Err(Error::not_estimable(
            "a meta-regression",
            "a covariate does not vary",
        ));
    }
    Ok((mean, sd))
}

/// Weighted least squares.
struct Fit {
    weights: Vec<f64>,
    inverse: Cholesky<f64, Dyn>,
    estimates: DVector<f64>,
    /// Σw r².
    q: f64,
}

impl Fit {
    fn of(effects: &[Effect], design: &DMatrix<f64>, tau2: f64) -> Option<Self> {
        let weights: Vec<f64> = effects
            .iter()
            .map(|effect| 1.0 / (effect.variance + tau2))
            .collect();
        let weighted = DMatrix::from_fn(design.nrows(), design.ncols(), |row, column| {
            design[(row, column)] * weights[row]
        });
        let values = DVector::from_iterator(effects.len(), effects.iter().map(|effect| effect.estimate));
        let normal = design.transpose() * &weighted;
        let inverse = Cholesky::new(normal)?;
        // Squares of these are the pivots; a tiny one is rounding.
        let pivots = inverse.l_dirty().diagonal();
        if pivots.min() <= 1e-7 * pivots.max() {
            return None;
        }
        let estimates = inverse.solve(&(weighted.transpose() * &values));
        let residuals = values - design * &estimates;
        let q = residuals
            .iter()
            .zip(&weights)
            .map(|(r, w)| w * r * r)
            .collect::<Accumulator>()
            .value();
        (q.is_finite() && estimates.iter().all(|value| value.is_finite())).then_some(Self {
            weights,
            inverse,
            estimates,
            q,
        })
    }

    /// τ² by moments.
    fn moments(&self, design: &DMatrix<f64>, degrees: usize) -> f64 {
        let squared = DMatrix::from_fn(design.nrows(), design.ncols(), |row, column| {
            design[(row, column)] * self.weights[row].powi(2)
        });
        let trace = self.inverse.solve(&(design.transpose() * squared)).trace();
        let total: f64 = self.weights.iter().copied().collect::<Accumulator>().value();
        ((self.q - float(degrees)) / (total - trace)).max(0.0)
    }
}
