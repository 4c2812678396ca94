//! Whether uptake starts slowly and then spreads (S-shaped), or is fastest at first (R-shaped).
//!
//! Three curves are fitted to the adoptions of each period, never to cumulative numbers, whose residuals
//! depend on one another: Bass, logistic, and saturation K (1 - e^(-rt)). They are compared by AICc = n ln(SSE
//! / n) + 2k + 2k (k + 1) / (n - k - 1), with k the parameters and the variance (C. M. Hurvich and C.-L. Tsai,
//! Biometrika 76, 1989). A logistic curve is S-shaped, one of saturation R-shaped, and a Bass curve is S-shaped
//! if it has a peak (q > p).

use super::growth::{
    BASS, LOGISTIC_INCREMENTS, SATURATION, Scaled, fit_bass, fit_logistic, fit_saturation, scaled,
};
use crate::{
    error::Error,
    numbers::{float, in_range},
};

/// A curve of uptake.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Curve {
    /// Bass.
    Bass,
    /// Logistic.
    Logistic,
    /// Saturation.
    Saturation,
}

/// The shape of uptake.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    /// Slow, fast, slow.
    S,
    /// Fastest at first.
    R,
}

/// A fitted curve.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Candidate {
    /// Which.
    pub curve: Curve,
    /// What shape the fit has.
    pub shape: Shape,
    /// The sum of squared residuals.
    pub squares: f64,
    /// The criterion, for adoptions as shares of the largest; lower is better, and only differences mean
    /// anything.
    pub aicc: f64,
}

/// How the curves compare.
#[derive(Clone, Debug, PartialEq)]
pub struct Comparison {
    /// The curves, best first.
    pub candidates: Vec<Candidate>,
    /// The shape; `None` if the best curve of the other shape is less than 2 behind.
    pub shape: Option<Shape>,
}

/// Compares the curves over the adoptions of periods 1, 2, … Not estimable with fewer than six periods.
///
/// ```
/// use spiral_stats::diffusion::shape::{Shape, compare};
///
/// let adoptions = [82, 50, 51, 41, 33, 29, 22, 19, 14, 13, 9, 8].map(f64::from);
/// assert_eq!(compare(&adoptions)?.shape, Some(Shape::R));
/// # Ok::<(), spiral_stats::Error>(())
/// ```
pub fn compare(adoptions: &[f64]) -> Result<Comparison, Error> {
    let Scaled { values, scale } = scaled(adoptions, 6)?;
    let fits = [
        (Curve::Bass, BASS, fit_bass(&values)),
        (
            Curve::Logistic,
            LOGISTIC_INCREMENTS,
            fit_logistic(&values, LOGISTIC_INCREMENTS),
        ),
        (Curve::Saturation, SATURATION, fit_saturation(&values)),
    ];
    let count = float(values.len());
    let mut candidates: Vec<Candidate> = fits
        .into_iter()
        .filter_map(|(curve, model, fit)| {
            let fit = fit?;
            let parameters = float(model.parameters + 1);
            // Below this a residual is rounding.
            let squares = fit.squares.max(count * 1e-28);
            let aicc = count * (squares / count).ln()
                + 2.0 * parameters
                + 2.0 * parameters * (parameters + 1.0) / (count - parameters - 1.0);
            let shape = match curve {
                Curve::Logistic => Shape::S,
                Curve::Bass if fit.parameters[2] > fit.parameters[1] => Shape::S,
                Curve::Bass | Curve::Saturation => Shape::R,
            };
            Some(Candidate {
                curve,
                shape,
                squares: fit.squares * scale * scale,
                aicc,
            })
        })
        .collect();
    for candidate in &candidates {
        in_range("sum of squares", candidate.squares)?;
    }
    candidates.sort_by(|a, b| a.aicc.total_cmp(&b.aicc));
    let Some(best) = candidates.first().copied() else {
        return Err(Error::not_estimable("the shape of uptake", "no curve fits"));
    };
    let other = candidates.iter().find(|candidate| candidate.shape != best.shape);
    let is_decided = other.is_none_or(|other| other.aicc - best.aicc >= 2.0);
    Ok(Comparison {
        candidates,
        shape: is_decided.then_some(best.shape),
    })
}
