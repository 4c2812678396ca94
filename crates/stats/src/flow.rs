//! How often a case passes each place of a process in which it goes on by chance: the expected visits of an absorbing
//! Markov chain, which solve `v = e + Pᵀv` (J. G. Kemeny and J. L. Snell, *Finite Markov Chains*, Springer 1976,
//! chapter III).

use nalgebra::{DMatrix, DVector};

use crate::Error;

/// One way on: from a place, to a place, with which probability.
pub type Way = (usize, usize, f64);

/// How often a case that sets out at `start` passes each of so many places until it comes to one without ways on.
///
/// The ways on from a place add up to one, or there are none. A process that some case never leaves has no answer.
pub fn expected_visits(places: usize, ways: &[Way], start: usize) -> Result<Vec<f64>, Error> {
    if start >= places {
        return Err(Error::invalid("the start", "is no place of the process"));
    }
    let mut on = vec![0.0_f64; places];
    let mut matrix = DMatrix::<f64>::identity(places, places);
    for (n, (from, to, share)) in ways.iter().enumerate() {
        if !share.is_finite() {
            return Err(Error::NotFinite {
                what: "a probability",
                at: Some(n),
            });
        }
        if *from >= places || *to >= places {
            return Err(Error::invalid_at(
                "the way",
                n,
                "leads from or to no place of the process",
            ));
        }
        if !(0.0..=1.0).contains(share) {
            return Err(Error::invalid_at("the probability", n, "is not between 0 and 1"));
        }
        on[*from] += share;
        matrix[(*to, *from)] -= share;
    }
    // Shares written with three decimals may miss one by a little; a row is as whole as it was said to be.
    for (from, sum) in on.iter().enumerate() {
        if *sum > 0.0 && (sum - 1.0).abs() > 0.01 {
            return Err(Error::invalid_at(
                "the ways on from the place",
                from,
                "do not add up to one",
            ));
        }
    }
    let mut begin = DVector::<f64>::zeros(places);
    begin[start] = 1.0;
    let never = Error::NotEstimable {
        what: "the visits",
        why: "some case never leaves the process",
    };
    let visits = matrix.lu().solve(&begin).ok_or(never)?;
    if visits
        .iter()
        .all(|of| of.is_finite() && (-1e-6..1e9).contains(of))
    {
        Ok(visits.iter().map(|of| of.max(0.0)).collect())
    } else {
        Err(never)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn close(found: &[f64], wanted: &[f64]) {
        assert_eq!(found.len(), wanted.len());
        for (one, other) in found.iter().zip(wanted) {
            assert!((one - other).abs() < 1e-9, "{found:?} {wanted:?}");
        }
    }

    #[test]
    fn a_loop_is_gone_round_as_often_as_its_share_says() {
        // 0 → 1 → 2 (end) with 0.7, back to 0 with 0.3: every visit but the last leads back, 1 / 0.7 in all.
        let ways = [(0, 1, 1.0), (1, 2, 0.7), (1, 0, 0.3)];
        close(
            &expected_visits(3, &ways, 0).unwrap(),
            &[1.0 / 0.7, 1.0 / 0.7, 1.0],
        );
    }

    #[test]
    fn branches_share_the_cases() {
        let ways = [(0, 1, 0.25), (0, 2, 0.75), (1, 3, 1.0), (2, 3, 1.0)];
        close(&expected_visits(4, &ways, 0).unwrap(), &[1.0, 0.25, 0.75, 1.0]);
    }

    #[test]
    fn what_never_ends_has_no_answer() {
        let ways = [(0, 1, 1.0), (1, 0, 1.0)];
        assert!(expected_visits(2, &ways, 0).unwrap_err().is_not_estimable());
        assert!(expected_visits(2, &[(0, 1, 0.5)], 0).is_err());
        assert!(expected_visits(2, &[(0, 1, f64::NAN)], 0).is_err());
        assert!(expected_visits(2, &[(0, 2, 1.0)], 0).is_err());
        assert!(expected_visits(0, &[], 0).is_err());
    }
}
