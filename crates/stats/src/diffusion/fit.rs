//! Least squares for growth curves, by the Levenberg-Marquardt method from several starts.

use levenberg_marquardt::{LeastSquaresProblem, LevenbergMarquardt};
use nalgebra::{DMatrix, DVector, Dyn, storage::Owned};

use crate::numbers::float;

/// A decomposition of three columns takes a handful of rotations; what takes more never ends.
pub(super) const MOST_ROTATIONS: usize = 1000;

/// The largest number of parameters.
pub(super) const MOST: usize = 3;

/// A cumulative curve: its value at a time and how it changes with each parameter. Parameters that are above
/// zero go in as logarithms, so that no step can leave their range.
pub(super) type Cumulative = fn(&[f64], f64) -> (f64, [f64; MOST]);

/// What is fitted to the values at times 1, 2, …
#[derive(Clone, Copy)]
pub(super) struct Model {
    pub curve: Cumulative,
    /// Fit the increase from one time to the next, else the curve itself.
    pub increments: bool,
    pub parameters: usize,
}

impl Model {
    pub(super) fn at(&self, parameters: &[f64], time: f64) -> (f64, [f64; MOST]) {
        let (mut value, mut slope) = (self.curve)(parameters, time);
        if self.increments {
            let (before, slope_before) = (self.curve)(parameters, time - 1.0);
            value -= before;
            for (slope, before) in slope.iter_mut().zip(slope_before) {
                *slope -= before;
            }
        }
        (value, slope)
    }

    pub(super) fn values(&self, parameters: &[f64], count: usize) -> Vec<f64> {
        (1..=count)
            .map(|time| self.at(parameters, float(time)).0)
            .collect()
    }

    fn jacobian(&self, parameters: &[f64], count: usize) -> DMatrix<f64> {
        let mut matrix = DMatrix::zeros(count, self.parameters);
        for row in 0..count {
            let (_, slope) = self.at(parameters, float(row + 1));
            for (column, slope) in slope.iter().take(self.parameters).enumerate() {
                matrix[(row, column)] = *slope;
            }
        }
        matrix
    }

    /// How differently the parameters can be told apart: the largest over the smallest singular value of the
    /// slopes; infinite if two of them say the same.
    pub(super) fn condition(&self, parameters: &[f64], count: usize) -> f64 {
        let matrix = self.jacobian(parameters, count);
        if !matrix.iter().all(|slope| slope.is_finite()) {
            return f64::INFINITY;
        }
        let Some(svd) = matrix.try_svd(false, false, f64::EPSILON, MOST_ROTATIONS) else {
            return f64::INFINITY;
        };
        let singular = &svd.singular_values;
        let (largest, smallest) = (singular.max(), singular.min());
        if smallest > 0.0 {
            largest / smallest
        } else {
            f64::INFINITY
        }
    }
}

/// A fitted curve.
#[derive(Clone, Debug)]
pub(super) struct Fit {
    pub parameters: Vec<f64>,
    pub squares: f64,
}

/// So many of the best starts are followed.
const FOLLOWED: usize = 6;

/// The best fit from these starts, of which the first parameter, the logarithm of the curve's height, is set
/// to what suits the data. `None` if none leads anywhere.
pub(super) fn best(model: Model, values: &[f64], starts: impl Iterator<Item = Vec<f64>>) -> Option<Fit> {
    let mut ranked: Vec<Fit> = starts.filter_map(|start| raised(model, values, start)).collect();
    ranked.sort_by(|a, b| a.squares.total_cmp(&b.squares));
    ranked.truncate(FOLLOWED);
    ranked
        .into_iter()
        .map(|start| follow(model, values, start))
        .min_by(|a, b| a.squares.total_cmp(&b.squares))
}

/// The start with the height that fits best; heights below zero are no growth.
fn raised(model: Model, values: &[f64], mut start: Vec<f64>) -> Option<Fit> {
    start[0] = 0.0;
    let shape = model.values(&start, values.len());
    let product: f64 = shape.iter().zip(values).map(|(shape, value)| shape * value).sum();
    let square: f64 = shape.iter().map(|shape| shape * shape).sum();
    let height = product / square;
    if !(height.is_finite() && height > 0.0) {
        return None;
    }
    start[0] = height.ln();
    let squares = squares(&model.values(&start, values.len()), values)?;
    Some(Fit {
        parameters: start,
        squares,
    })
}

fn follow(model: Model, values: &[f64], start: Fit) -> Fit {
    let problem = Problem {
        model,
        values,
        parameters: DVector::from_vec(start.parameters.clone()),
    };
    let (problem, _) = LevenbergMarquardt::new().with_patience(100).minimize(problem);
    let parameters = problem.parameters.as_slice().to_vec();
    let squares = squares(&model.values(&parameters, values.len()), values);
    // Where the search was lost, its start is still a fit.
    match squares {
        Some(squares) if squares <= start.squares => Fit { parameters, squares },
        _ => start,
    }
}

pub(super) fn squares(fitted: &[f64], values: &[f64]) -> Option<f64> {
    let total: f64 = fitted
        .iter()
        .zip(values)
        .map(|(fitted, value)| (value - fitted) * (value - fitted))
        .sum();
    total.is_finite().then_some(total)
}

struct Problem<'a> {
    model: Model,
    values: &'a [f64],
    parameters: DVector<f64>,
}

impl LeastSquaresProblem<f64, Dyn, Dyn> for Problem<'_> {
    type ResidualStorage = Owned<f64, Dyn>;
    type JacobianStorage = Owned<f64, Dyn, Dyn>;
    type ParameterStorage = Owned<f64, Dyn>;

    fn set_params(&mut self, parameters: &DVector<f64>) {
        self.parameters.copy_from(parameters);
    }

    fn params(&self) -> DVector<f64> {
        self.parameters.clone()
    }

    fn residuals(&self) -> Option<DVector<f64>> {
        let fitted = self.model.values(self.parameters.as_slice(), self.values.len());
        let residuals: Vec<f64> = fitted
            .iter()
            .zip(self.values)
            .map(|(fitted, value)| fitted - value)
            .collect();
        residuals
            .iter()
            .all(|residual| residual.is_finite())
            .then(|| DVector::from_vec(residuals))
    }

    fn jacobian(&self) -> Option<DMatrix<f64>> {
        let jacobian = self.model.jacobian(self.parameters.as_slice(), self.values.len());
        jacobian.iter().all(|slope| slope.is_finite()).then_some(jacobian)
    }
}
