//! How long from the first use to routine.
//!
//! The cumulative incidence of Aalen and Johansen (O. O. Aalen and S. Johansen, Scandinavian Journal of
//! Statistics 5, 1978): at each time at which something happens, the share that had not ended before, times
//! the number that ended so, over the number still followed. Those who gave up compete: they will never be
//! routine, and to count them as merely no longer followed would promise too much. Those who were last seen
//! without either are followed up to then; who ends at the same time counts as followed.

use crate::{
    error::Error,
    numbers::{finite, float},
};

/// How the time of one unit ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// It became routine.
    Routine,
    /// It was given up.
    Discontinued,
    /// It was last seen with neither, or the unit closed.
    Censored,
}

/// The state after a time at which something happened.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Step {
    /// The time.
    pub time: f64,
    /// How many were followed just before.
    pub followed: usize,
    /// The share that was routine by then.
    pub routine: f64,
    /// The share that had given up by then.
    pub discontinued: f64,
}

/// The cumulative incidence over time.
#[derive(Clone, Debug, PartialEq)]
pub struct Incidence {
    /// A step for each time at which a unit became routine or gave up.
    pub steps: Vec<Step>,
}

impl Incidence {
    /// The first time at which so large a share was routine; `None` if it never was.
    pub fn time_to(&self, share: f64) -> Option<f64> {
        self.steps
            .iter()
            .find(|step| step.routine >= share * (1.0 - 1e-12))
            .map(|step| step.time)
    }
}

/// The incidence of routine among units with the times from their first use. Refuses times that are not finite
/// or below zero, and no units.
///
/// ```
/// use spiral_stats::diffusion::routine::{End, incidence};
///
/// let ends = [(2.0, End::Routine), (3.0, End::Discontinued), (4.0, End::Censored), (5.0, End::Routine)];
/// let found = incidence(&ends)?;
/// assert_eq!(found.steps[2].routine, 0.75); // a quarter at 2, and the half that was left, all of it, at 5
/// # Ok::<(), spiral_stats::Error>(())
/// ```
pub fn incidence(ends: &[(f64, End)]) -> Result<Incidence, Error> {
    if ends.is_empty() {
        return Err(Error::invalid("follow-up", "has no units"));
    }
    for (at, (time, _)) in ends.iter().enumerate() {
        if finite("time", *time)? < 0.0 {
            return Err(Error::invalid_at("time", at, "is below zero"));
        }
    }
    let mut sorted = ends.to_vec();
    sorted.sort_by(|a, b| a.0.total_cmp(&b.0));
    let (mut steps, mut followed, mut free) = (Vec::new(), sorted.len(), 1.0);
    let (mut routine, mut discontinued) = (0.0, 0.0);
    for same in sorted.chunk_by(|a, b| a.0 >= b.0) {
        let count = |end| same.iter().filter(|(_, other)| *other == end).count();
        let (became, gave_up) = (count(End::Routine), count(End::Discontinued));
        if became + gave_up > 0 {
            let share = free / float(followed);
            routine += share * float(became);
            discontinued += share * float(gave_up);
            free *= float(followed - became - gave_up) / float(followed);
            steps.push(Step {
                time: same[0].0,
                followed,
                routine,
                discontinued,
            });
        }
        followed -= same.len();
    }
    Ok(Incidence { steps })
}
