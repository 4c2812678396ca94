use proptest::{collection::vec, prelude::*};
use spiral_stats::{
    hold::{State, hold},
    xmr::Direction,
};

const BASELINE: [f64; 12] = [
    50.0, 52.0, 48.0, 51.0, 49.0, 53.0, 47.0, 50.0, 52.0, 48.0, 51.0, 49.0,
];
const WINDOW: [f64; 7] = [61.0, 63.0, 60.0, 62.0, 64.0, 61.0, 63.0];

fn some(values: &[f64]) -> Vec<Option<f64>> {
    values.iter().copied().map(Some).collect()
}

fn state(later: &[f64]) -> State {
    let up = hold(
        &some(&BASELINE),
        &some(&WINDOW),
        &some(later),
        Direction::Increase,
    )
    .expect("an answer");
    // The same series upside down, where less is better.
    let mirror = |values: &[f64]| values.iter().map(|value| Some(100.0 - value)).collect::<Vec<_>>();
    let down = hold(
        &mirror(&BASELINE),
        &mirror(&WINDOW),
        &mirror(later),
        Direction::Decrease,
    )
    .expect("an answer");
    assert_eq!(up.state, down.state);
    up.state
}

#[test]
fn states() {
    let steady = [62.0, 60.0, 63.0, 61.0, 64.0, 62.0, 61.0];
    assert_eq!(state(&steady), State::Holding);
    assert_eq!(state(&steady[..6]), State::InsufficientData);
    assert_eq!(state(&[]), State::InsufficientData);
    // The means are 50 and 62, the middle 56.
    assert_eq!(state(&[55.9; 7]), State::Lost);
    assert_eq!(
        state(&[&[56.0][..], &[55.9; 6]].concat()),
        State::Eroding,
        "one not on the bad side"
    );
    assert_eq!(
        state(&[55.0; 6]),
        State::Eroding,
        "beyond the limits from the first value on"
    );
    assert_eq!(
        state(&[61.0, 60.9, 60.8, 60.7, 60.6, 60.5, 60.4]),
        State::Eroding,
        "a trend"
    );
    assert_eq!(
        state(&[63.0, 62.5, 63.0, 62.5, 63.0, 62.5, 63.0]),
        State::Improving,
        "a shift"
    );
    assert_eq!(state(&[90.0]), State::Improving);
    assert_eq!(
        state(&[&[90.0][..], &steady].concat()),
        State::Holding,
        "only the last seven"
    );
    assert_eq!(
        state(&[&[90.0][..], &steady[..5], &[40.0]].concat()),
        State::Eroding,
        "bad before good"
    );
}

#[test]
fn two_of_three_among_few_values_does_not_count() {
    let window = hold(&some(&BASELINE), &some(&WINDOW), &[], Direction::Increase).expect("an answer");
    let limits = window.limits.expect("limits");
    let near_lower = f64::midpoint(limits.lower, limits.near_lower);
    assert_eq!(state(&[near_lower, near_lower, 61.0]), State::InsufficientData);
    assert_eq!(
        state(&[62.0, 63.0, 61.0, 62.0, near_lower, near_lower, 61.0]),
        State::Eroding
    );
}

#[test]
fn what_must_be_there() {
    let answer = |baseline: &[f64], window: &[f64]| {
        hold(
            &some(baseline),
            &some(window),
            &some(&WINDOW),
            Direction::Increase,
        )
        .expect("an answer")
        .state
    };
    assert_eq!(answer(&BASELINE[1..], &WINDOW), State::InsufficientData);
    assert_eq!(answer(&BASELINE, &WINDOW[1..]), State::InsufficientData);
    assert_eq!(answer(&BASELINE, &BASELINE), State::NoGain);
    assert_eq!(
        answer(&BASELINE, &[40.0; 7]),
        State::NoGain,
        "the wrong direction"
    );
    let mut gaps = some(&BASELINE);
    gaps.insert(3, None);
    let with_gap = hold(&gaps, &some(&WINDOW), &some(&WINDOW), Direction::Increase).expect("an answer");
    assert_eq!(
        with_gap.state,
        State::Holding,
        "a gap is no value, and no less than none"
    );
    assert!(hold(&some(&BASELINE), &some(&WINDOW), &[], Direction::Neutral).is_err());
    assert!(hold(&[Some(f64::NAN)], &some(&WINDOW), &[], Direction::Increase).is_err());
    let flat = hold(
        &some(&BASELINE),
        &[Some(62.0); 7],
        &some(&[62.0; 7]),
        Direction::Increase,
    )
    .expect("an answer");
    assert_eq!((flat.state, flat.is_collapsed), (State::Holding, true));
}

proptest! {
    #[test]
    fn gaps_in_later_values_do_not_matter(later in vec(proptest::option::of(40..70i32), 0..20)) {
        let later: Vec<Option<f64>> = later.iter().map(|value| value.map(f64::from)).collect();
        let dense: Vec<Option<f64>> = later.iter().flatten().copied().map(Some).collect();
        let answer = |later: &[Option<f64>]| {
            hold(&some(&BASELINE), &some(&WINDOW), later, Direction::Increase).expect("an answer")
        };
        prop_assert_eq!(answer(&later), answer(&dense));
    }
}
