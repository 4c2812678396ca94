//! Adopter categories and the S-curve.
//!
//! # Categories
//!
//! By [`Method::MeanSd`], from the times of those who adopted, with mean m and standard deviation s: before
//! m - 2s an innovator, before m - s an early adopter, before m early majority, before m + s late majority,
//! else a laggard; a time on a boundary belongs to the later category. Skewed uptake often has no innovators,
//! because m - 2s lies before the first adoption. Without spread there are no categories.
//!
//! By [`Method::Rank`], from the share of the population that adopted strictly earlier: below 2.5 % an
//! innovator, below 16 % an early adopter, below 50 % early majority, below 84 % late majority, else a laggard.
//! Equal times share a category.
//!
//! Those who have not adopted have no category; they count in the population.

use crate::{
    error::Error,
    numbers::{Ties, all_finite, float, in_range, spread},
};

/// How categories are cut.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Method {
    /// At the mean and one or two standard deviations from it.
    MeanSd {
        /// The standard deviation of the sample (divided by n - 1), or of the population (by n).
        of_sample: bool,
    },
    /// At shares of the population.
    Rank,
}

/// An adopter category, from first to last.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Category {
    /// Among the first 2.5 %.
    Innovator,
    /// Among the next 13.5 %.
    EarlyAdopter,
    /// Up to the middle.
    EarlyMajority,
    /// Up to 84 %.
    LateMajority,
    /// The rest.
    Laggard,
}

impl Category {
    /// All of them, from first to last.
    pub const ALL: [Self; 5] = [
        Self::Innovator,
        Self::EarlyAdopter,
        Self::EarlyMajority,
        Self::LateMajority,
        Self::Laggard,
    ];

    fn after(boundaries: usize) -> Self {
        Self::ALL[boundaries.min(4)]
    }
}

/// The cut points of [`Method::MeanSd`].
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Cut {
    /// The mean time.
    pub mean: f64,
    /// The standard deviation.
    pub sd: f64,
    /// m - 2s, m - s, m, m + s.
    pub boundaries: [f64; 4],
}

/// Categories of all units.
#[derive(Clone, Debug, PartialEq)]
pub struct Categories {
    /// For each unit, in the order given; `None` for those that have not adopted.
    pub of: Vec<Option<Category>>,
    /// How many units are in each, from innovators to laggards.
    pub counts: [usize; 5],
    /// Where it was cut; `None` for ranks.
    pub cut: Option<Cut>,
}

/// Sorts units into categories by the time at which they adopted. The population counts all that could have,
/// also those that are not among `times`.
///
/// Not estimable: ranks with nobody who adopted; mean and standard deviation with fewer than two, or if all
/// adopted at once.
///
/// ```
/// use spiral_stats::diffusion::rogers::{Category, Method, categories};
///
/// let times = [Some(5.0), Some(11.0), None];
/// let found = categories(&times, 3, Method::MeanSd { of_sample: true })?;
/// assert_eq!(found.of, [Some(Category::EarlyMajority), Some(Category::LateMajority), None]);
/// # Ok::<(), spiral_stats::Error>(())
/// ```
pub fn categories(times: &[Option<f64>], population: usize, method: Method) -> Result<Categories, Error> {
    let adopted = adopters(times, population)?;
    let (of, cut): (Vec<Option<Category>>, _) = match method {
        Method::MeanSd { of_sample } => {
            let cut = cut(&adopted, of_sample)?;
            let ties = Ties::of(adopted.iter().map(|time| time.abs()).sum::<f64>() / float(adopted.len()));
            let category = |time: f64| {
                Category::after(
                    cut.boundaries
                        .iter()
                        .filter(|&&bound| !ties.below(time, bound))
                        .count(),
                )
            };
            (times.iter().map(|time| time.map(category)).collect(), Some(cut))
        }
        Method::Rank => {
            if adopted.is_empty() {
                return Err(Error::not_estimable("adopter categories", "nobody has adopted"));
            }
            let category = |time: f64| {
                let earlier = adopted.partition_point(|&other| other < time);
                // In thousandths, which are exact.
                let share = |thousandths: usize| earlier * 1000 >= thousandths * population;
                Category::after(
                    [25, 160, 500, 840]
                        .into_iter()
                        .filter(|&bound| share(bound))
                        .count(),
                )
            };
            (times.iter().map(|time| time.map(category)).collect(), None)
        }
    };
    let mut counts = [0; 5];
    for category in of.iter().flatten() {
        counts[*category as usize] += 1;
    }
    Ok(Categories { of, counts, cut })
}

fn cut(adopted: &[f64], of_sample: bool) -> Result<Cut, Error> {
    let what = "adopter categories";
    let (Some(first), Some(last)) = (adopted.first(), adopted.last()) else {
        return Err(Error::not_estimable(what, "nobody has adopted"));
    };
    if first.total_cmp(last).is_eq() {
        return Err(Error::not_estimable(what, "all adopted at one time"));
    }
    let (mean, squares) = spread(adopted).unwrap_or((f64::NAN, f64::NAN));
    let divisor = float(adopted.len() - usize::from(of_sample));
    let sd = in_range("standard deviation", (squares / divisor).sqrt())?;
    let mean = in_range("mean", mean)?;
    let boundaries = [mean - 2.0 * sd, mean - sd, mean, mean + sd];
    all_finite("boundary", boundaries.into_iter())?;
    Ok(Cut { mean, sd, boundaries })
}

/// The times of those who adopted, sorted.
fn adopters(times: &[Option<f64>], population: usize) -> Result<Vec<f64>, Error> {
    all_finite("time of adoption", times.iter().map(|time| time.unwrap_or(0.0)))?;
    let mut adopted: Vec<f64> = times.iter().flatten().copied().collect();
    if population == 0 {
        return Err(Error::invalid("population", "is empty"));
    }
    if adopted.len() > population {
        return Err(Error::invalid(
            "population",
            "is smaller than the number that adopted",
        ));
    }
    adopted.sort_by(f64::total_cmp);
    Ok(adopted)
}

/// A step of the S-curve.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Step {
    /// A time at which somebody adopted.
    pub time: f64,
    /// How many had by then.
    pub cumulative: usize,
    /// The share of the population that they are.
    pub share: f64,
}

/// Uptake over time.
#[derive(Clone, Debug, PartialEq)]
pub struct SCurve {
    /// The steps, in the order of time.
    pub steps: Vec<Step>,
    /// How many of the population have not adopted.
    pub not_adopted: usize,
    population: usize,
}

impl SCurve {
    /// The first time at which at least so many percent of the population had adopted; `None` if they never
    /// were.
    pub fn time_to(&self, percent: usize) -> Option<f64> {
        let reached = |step: &&Step| step.cumulative * 100 >= percent * self.population;
        self.steps.iter().find(reached).map(|step| step.time)
    }

    /// The first time at which more than 16 % had: innovators and early adopters are through.
    pub fn tipping_point(&self) -> Option<f64> {
        let passed = |step: &&Step| step.cumulative * 100 > 16 * self.population;
        self.steps.iter().find(passed).map(|step| step.time)
    }
}

/// The S-curve of a population.
///
/// ```
/// use spiral_stats::diffusion::rogers::s_curve;
///
/// let curve = s_curve(&[Some(3.0), Some(1.0), Some(3.0), None, None], 5)?;
/// assert_eq!(curve.time_to(50), Some(3.0));
/// assert_eq!(curve.time_to(90), None);
/// # Ok::<(), spiral_stats::Error>(())
/// ```
pub fn s_curve(times: &[Option<f64>], population: usize) -> Result<SCurve, Error> {
    let adopted = adopters(times, population)?;
    let mut steps: Vec<Step> = Vec::new();
    for (before, &time) in adopted.iter().enumerate() {
        let step = Step {
            time,
            cumulative: before + 1,
            share: float(before + 1) / float(population),
        };
        match steps.last_mut() {
            Some(last) if last.time >= time => *last = step,
            _ => steps.push(step),
        }
    }
    Ok(SCurve {
        steps,
        not_adopted: population - adopted.len(),
        population,
    })
}
