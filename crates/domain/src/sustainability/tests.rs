use super::*;

fn all(level: FactorLevel) -> Vec<Answer> {
    default_instrument()
        .factors
        .iter()
        .map(|factor| Answer {
            factor: factor.code.clone(),
            level,
        })
        .collect()
}

fn with(mut answers: Vec<Answer>, factor: &str, level: FactorLevel) -> Vec<Answer> {
    for answer in &mut answers {
        if answer.factor == factor {
            answer.level = level;
        }
    }
    answers
}

#[test]
fn the_embedded_instrument_is_whole() {
    let model = instrument(DEFAULT_INSTRUMENT).unwrap();
    assert_eq!(model.factors.len(), 10);
    for (n, factor) in (1..).zip(&model.factors) {
        assert_eq!(factor.number, n);
        let levels: Vec<FactorLevel> = factor.levels.iter().map(|of| of.level).collect();
        assert_eq!(
            levels,
            [FactorLevel::A, FactorLevel::B, FactorLevel::C, FactorLevel::D]
        );
        assert!(
            factor
                .levels
                .windows(2)
                .all(|pair| pair[0].score >= pair[1].score)
        );
        assert!(
            factor
                .levels
                .iter()
                .all(|of| of.score.to_bits() == tenths_of(of.score))
        );
    }
    for of in &model.groups {
        let sum: f64 = model
            .factors
            .iter()
            .filter(|factor| factor.group == of.group)
            .map(Factor::maximum)
            .sum();
        assert_eq!(
            instrument::tenths(sum).to_bits(),
            of.maximum.to_bits(),
            "{:?}",
            of.group
        );
    }
    assert!(!model.threshold.verified);
    assert!(model.factors[7].levels.iter().any(|of| !of.verified));
}

fn tenths_of(score: f64) -> u64 {
    instrument::tenths(score).to_bits()
}

fn total(answers: &[Answer]) -> String {
    format!("{:?}", default_instrument().score(answers).0)
}

#[test]
fn totals_are_exact() {
    assert_eq!(total(&all(FactorLevel::A)), "100.0");
    assert_eq!(total(&all(FactorLevel::D)), "0.0");
    assert_eq!(total(&all(FactorLevel::B)), "49.9");
    assert_eq!(total(&all(FactorLevel::C)), "39.7");
    let mixed = with(all(FactorLevel::A), "senior_leadership", FactorLevel::C);
    let mixed = with(mixed, "monitoring_progress", FactorLevel::B);
    assert_eq!(total(&mixed), "87.5");
    let (_, groups) = default_instrument().score(&mixed);
    let scores: Vec<String> = groups.iter().map(|group| format!("{:?}", group.score)).collect();
    assert_eq!(scores, ["27.9", "43.1", "16.5"]);
}

#[test]
fn every_missing_unknown_and_repeated_factor_is_named() {
    let mut answers = all(FactorLevel::A);
    answers[3].factor = "luck".into();
    answers[5].factor = answers[4].factor.clone();
    let Err(crate::Error::Invalid(found)) = (RateAssessment { answers }).check(default_instrument()) else {
        panic!("refused");
    };
    let found: Vec<(&str, &str)> = found
        .iter()
        .map(|violation| (violation.pointer.as_str(), violation.code.as_str()))
        .collect();
    assert_eq!(
        found,
        [
            ("/answers/3/factor", "unknown_factor"),
            ("/answers/5/factor", "twice"),
            ("/answers", "factor_missing"),
            ("/answers", "factor_missing"),
        ]
    );
    let whole = RateAssessment {
        answers: all(FactorLevel::B),
    };
    assert!(whole.check(default_instrument()).is_ok());
}

#[test]
fn one_rater_is_not_shown_factor_by_factor() {
    let model = default_instrument();
    assert_eq!(model.outcome(&[]), None);
    let outcome = model.outcome(&[&all(FactorLevel::B)]).unwrap();
    assert_eq!(format!("{:?}", outcome.score), "49.9");
    assert!(outcome.factors.is_empty() && outcome.groups.is_empty() && outcome.weakest.is_empty());
}

#[test]
fn several_raters_show_mean_range_and_spread() {
    let model = default_instrument();
    let (high, low) = (all(FactorLevel::A), all(FactorLevel::D));
    let outcome = model.outcome(&[&high, &low, &high]).unwrap();
    assert_eq!(
        format!("{:?} {:?} {:?}", outcome.score, outcome.lowest, outcome.highest),
        "66.7 0.0 100.0"
    );
    assert!(outcome.at_or_above_threshold);
    assert_eq!(outcome.factors.len(), 10);
    let first = &outcome.factors[0];
    assert_eq!((first.worst, first.best), (FactorLevel::D, FactorLevel::A));
    assert_eq!(format!("{:?}", first.score), "5.7");
}

#[test]
fn the_threshold_is_met_by_a_mean_of_just_that() {
    let mut model = default_instrument().clone();
    let low = with(all(FactorLevel::B), "fit_with_aims_and_culture", FactorLevel::D);
    let high = with(all(FactorLevel::B), "fit_with_aims_and_culture", FactorLevel::A);
    // Totals 46.4 and 53.4: a mean of 49.9.
    model.threshold.value = 49.9;
    assert!(model.outcome(&[&low, &high]).unwrap().at_or_above_threshold);
    model.threshold.value = 50.0;
    assert!(!model.outcome(&[&low, &high]).unwrap().at_or_above_threshold);
}

#[test]
fn the_weakest_factors_say_who_can_act() {
    let model = default_instrument();
    let answers = with(all(FactorLevel::A), "infrastructure", FactorLevel::D);
    let answers = with(answers, "adaptability", FactorLevel::C);
    let outcome = model.outcome(&[&answers, &answers]).unwrap();
    let weakest: Vec<(&str, crate::tenancy::Tier)> = outcome
        .weakest
        .iter()
        .map(|weak| (weak.factor.as_str(), weak.acting_tier))
        .collect();
    assert_eq!(
        weakest,
        [
            ("infrastructure", crate::tenancy::Tier::Organisation),
            ("adaptability", crate::tenancy::Tier::Microsystem),
        ]
    );
}
