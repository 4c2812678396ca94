//! Effect sizes of two groups, with their variances, ready for [`crate::meta`].
//!
//! With a events and b others in the treated group, c and d in the control group:
//!
//! | effect | estimate | variance |
//! | --- | --- | --- |
//! | [`log_odds_ratio`] | ln(a d / b c) | 1/a + 1/b + 1/c + 1/d |
//! | [`log_risk_ratio`] | ln((a / (a + b)) / (c / (c + d))) | 1/a - 1/(a + b) + 1/c - 1/(c + d) |
//! | [`mean_difference`] | treated - control | s₁²/n₁ + s₂²/n₂ |
//! | [`standardised_mean_difference`] | J × (treated - control) / s, s pooled | 1/n₁ + 1/n₂ + g²/(2 (n₁ + n₂)) |
//!
//! If any of the four cells of a study is empty, ½ is added to all four of that study, also where neither
//! group has any event. J is the exact correction of L. V. Hedges (*Journal of Educational Statistics* 6,
//! 1981, 107-128), Γ(m/2) / (√(m/2) Γ((m-1)/2)) with m = n₁ + n₂ - 2, and g the estimate. All of it is as in
//! the R package metafor.

use statrs::function::gamma::ln_gamma;

use crate::{
    error::Error,
    numbers::{finite, in_range},
};

/// An estimate with its sampling variance.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Effect {
    /// The estimate.
    pub estimate: f64,
    /// Its variance, above zero.
    pub variance: f64,
}

/// So many events among so many people.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Cases {
    /// Events.
    pub events: f64,
    /// People.
    pub people: f64,
}

/// What a group measured.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Group {
    /// The mean.
    pub mean: f64,
    /// The standard deviation.
    pub sd: f64,
    /// How many were measured.
    pub people: f64,
}

/// The log odds ratio of treated against control.
///
/// ```
/// use spiral_stats::effect::{Cases, log_odds_ratio};
///
/// let effect = log_odds_ratio(Cases { events: 12.0, people: 49.0 }, Cases { events: 56.0, people: 162.0 })?;
/// assert!((effect.estimate + 0.4879).abs() < 5e-5);
/// # Ok::<(), spiral_stats::Error>(())
/// ```
pub fn log_odds_ratio(treated: Cases, control: Cases) -> Result<Effect, Error> {
    let [a, b, c, d] = cells(treated, control)?;
    effect((a / b).ln() - (c / d).ln(), 1.0 / a + 1.0 / b + 1.0 / c + 1.0 / d)
}

/// The log risk ratio of treated against control.
pub fn log_risk_ratio(treated: Cases, control: Cases) -> Result<Effect, Error> {
    let [a, b, c, d] = cells(treated, control)?;
    let variance = b / (a * (a + b)) + d / (c * (c + d));
    effect((a / (a + b)).ln() - (c / (c + d)).ln(), variance)
}

/// The difference of means, in the unit of the measurement.
pub fn mean_difference(treated: Group, control: Group) -> Result<Effect, Error> {
    check(treated)?;
    check(control)?;
    let part = |group: Group| group.sd * group.sd / group.people;
    effect(treated.mean - control.mean, part(treated) + part(control))
}

/// The difference of means in standard deviations, corrected for small samples.
pub fn standardised_mean_difference(treated: Group, control: Group) -> Result<Effect, Error> {
    check(treated)?;
    check(control)?;
    let degrees = treated.people + control.people - 2.0;
    if degrees < 1.0 {
        return Err(Error::not_estimable(
            "a standardised difference",
            "it takes at least three people",
        ));
    }
    let squares = |group: Group| (group.people - 1.0) * group.sd * group.sd;
    let pooled = ((squares(treated) + squares(control)) / degrees).sqrt();
    if pooled <= 0.0 {
        return Err(Error::not_estimable(
            "a standardised difference",
            "nothing varies within the groups",
        ));
    }
    let g = correction(degrees) * (treated.mean - control.mean) / pooled;
    let people = treated.people + control.people;
    effect(
        g,
        1.0 / treated.people + 1.0 / control.people + g * g / (2.0 * people),
    )
}

/// Hedges' J.
fn correction(degrees: f64) -> f64 {
    if degrees > 1e4 {
        // The difference of logarithms loses digits; the expansion has them.
        let r = 1.0 / degrees;
        return 1.0 - r * (0.75 + r * 7.0 / 32.0);
    }
    let half = degrees / 2.0;
    (ln_gamma(half) - half.sqrt().ln() - ln_gamma(half - 0.5)).exp()
}

/// The four cells, none of them empty.
fn cells(treated: Cases, control: Cases) -> Result<[f64; 4], Error> {
    for cases in [treated, control] {
        finite("number of events", cases.events)?;
        finite("number of people", cases.people)?;
        if cases.people <= 0.0 {
            return Err(Error::invalid("number of people", "is not above zero"));
        }
        if cases.events < 0.0 || cases.events > cases.people {
            return Err(Error::invalid(
                "number of events",
                "is not between zero and the number of people",
            ));
        }
    }
    let cells = [
        treated.events,
        treated.people - treated.events,
        control.events,
        control.people - control.events,
    ];
    let add = if cells.iter().any(|&cell| cell <= 0.0) {
        0.5
    } else {
        0.0
    };
    Ok(cells.map(|cell| cell + add))
}

fn check(group: Group) -> Result<(), Error> {
    finite("mean", group.mean)?;
    if finite("standard deviation", group.sd)? < 0.0 {
        return Err(Error::invalid("standard deviation", "is below zero"));
    }
    if finite("number of people", group.people)? < 1.0 {
        return Err(Error::invalid("number of people", "is below one"));
    }
    Ok(())
}

fn effect(estimate: f64, variance: f64) -> Result<Effect, Error> {
    let (estimate, variance) = (
        in_range("effect", estimate)?,
        in_range("variance of an effect", variance)?,
    );
    if variance <= 0.0 {
        return Err(Error::not_estimable(
            "the variance of an effect",
            "nothing varies",
        ));
    }
    Ok(Effect { estimate, variance })
}
