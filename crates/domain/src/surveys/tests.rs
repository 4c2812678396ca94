use std::collections::BTreeMap;

use super::*;

/// An instrument with a subscale of three items from 1 to 5, the last reversed, and an overall score.
fn small() -> SurveyInstrument {
    let text = serde_json::json!({
        "id": "0192f0c1-2b3c-7def-8123-456789abcdef", "code": "small", "version": 1, "title": "Small", "kind": "staff",
        "provenance": "a test",
        "scales": [{ "code": "five", "cantRate": true, "points":
            (1..=5).map(|value| serde_json::json!({ "value": value, "label": value.to_string() })).collect::<Vec<_>>() }],
        "items": [
            { "code": "a", "label": "A", "scale": "five", "subscale": "s" },
            { "code": "b", "label": "B", "scale": "five", "subscale": "s" },
            { "code": "c", "label": "C", "scale": "five", "subscale": "s", "reverse": true },
        ],
        "subscales": [{ "code": "s", "label": "S" }],
        "scoring": { "method": "mean", "minimumAnswered": 0.5, "overall": true },
    });
    serde_json::from_value(text).unwrap()
}

fn answers(values: &[(&str, i64)]) -> AnswerSurvey {
    AnswerSurvey {
        code: None,
        answers: values
            .iter()
            .map(|(item, value)| Answer {
                item: (*item).into(),
                value: (*value != 0).then_some(*value),
                cant_rate: *value == 0,
            })
            .collect(),
    }
}

/// The answers of people who each give a, b and c; 0 is "cannot rate", -1 passes over.
fn filled(instrument: &SurveyInstrument, people: &[[i64; 3]]) -> BallotBox {
    let mut filled = BallotBox::new(3);
    for person in people {
        let given: Vec<(&str, i64)> = ["a", "b", "c"]
            .into_iter()
            .zip(*person)
            .filter(|(_, value)| *value >= 0)
            .collect();
        assert!(filled.put(answers(&given).check(instrument).unwrap()));
    }
    filled
}

fn places(error: crate::Error) -> BTreeMap<String, String> {
    let violations = error.violations();
    violations.into_iter().map(|of| (of.pointer, of.code)).collect()
}

fn as_input(instrument: &SurveyInstrument) -> AddSurveyInstrument {
    AddSurveyInstrument {
        unit: Reference::code("team"),
        code: instrument.code.clone(),
        title: instrument.title.clone(),
        kind: instrument.kind,
        provenance: instrument.provenance.clone(),
        scales: instrument.scales.clone(),
        items: instrument.items.clone(),
        subscales: instrument.subscales.clone(),
        scoring: instrument.scoring,
    }
}

#[test]
fn what_is_built_in_keeps_its_own_rules_and_has_no_wording() {
    let built_in = built_in_instruments();
    let of: Vec<(&str, usize, usize)> = built_in
        .iter()
        .map(|of| (of.code.as_str(), of.items.len(), of.subscales.len()))
        .collect();
    let expected = [
        ("staff-survey", 12, 3),
        ("patient-survey", 10, 3),
        ("nomad", 20, 4),
        ("microsystem-assessment", 10, 5),
    ];
    assert_eq!(of, expected);
    for instrument in built_in {
        as_input(instrument).check().unwrap();
        assert!(instrument.items.iter().all(|item| item.wording.is_none()));
        assert!(instrument.scales.iter().all(|scale| scale.cant_rate));
    }
    let mut ids: Vec<_> = built_in.iter().map(|of| of.id).collect();
    ids.dedup();
    assert_eq!(ids.len(), 4);
    assert_eq!(built_in[3].scales[0].points.len(), 3);
}

#[test]
fn an_instrument_that_does_not_hold_together_is_refused_in_every_place() {
    let mut input = as_input(&small());
    input.scales[0].points[2].value = 1;
    input.items[1].code = "a".into();
    input.items[1].scale = "six".into();
    input.items[2].subscale = Some("t".into());
    input.items[2].wording = Some("Asked of NHS number 943 476 5919".into());
    input.subscales.push(Subscale {
        code: OVERALL.into(),
        label: "All".into(),
    });
    input.scoring.minimum_answered = 0.0;
    let found = places(input.check().unwrap_err());
    let wrong = [
        ("/items/1/code", "twice"),
        ("/items/1/scale", "unknown_scale"),
        ("/items/2/subscale", "unknown_subscale"),
        ("/items/2/wording", "patient_identifier"),
        ("/scales/0/points/2/value", "not_in_order"),
        ("/scoring/minimumAnswered", "out_of_range"),
        ("/scoring/overall", "mixed_scales"),
        ("/subscales/0", "mixed_scales"),
        ("/subscales/1", "no_items"),
        ("/subscales/1/code", "reserved"),
    ];
    let wrong: BTreeMap<String, String> = wrong
        .into_iter()
        .map(|(place, code)| (place.to_owned(), code.to_owned()))
        .collect();
    assert_eq!(found, wrong);
}

#[test]
fn answers_that_do_not_fit_are_named_one_by_one() {
    let mut instrument = small();
    instrument.scales[0].cant_rate = false;
    let mut input = answers(&[("a", 6), ("b", 0), ("d", 1), ("c", 2), ("c", 3), ("a", 1)]);
    input.answers[5].cant_rate = true;
    let found = places(input.check(&instrument).unwrap_err());
    let wrong = [
        ("/answers/0/value", "not_on_scale"),
        ("/answers/1/cantRate", "cant_rate_not_offered"),
        ("/answers/2/item", "unknown_item"),
        ("/answers/4/item", "twice"),
        ("/answers/5", "one_of"),
    ];
    let wrong: BTreeMap<String, String> = wrong
        .into_iter()
        .map(|(place, code)| (place.to_owned(), code.to_owned()))
        .collect();
    assert_eq!(found, wrong);
    let none = answers(&[]).check(&instrument).unwrap_err();
    assert_eq!(places(none)["/answers"], "out_of_range");
}

#[test]
fn a_box_is_the_same_whoever_came_first() {
    let instrument = small();
    let people = [[1, 2, 3], [5, 5, -1], [0, 4, 4], [1, 2, 3], [2, 2, 2]];
    let mut other_order = people;
    other_order.reverse();
    let (one, other) = (filled(&instrument, &people), filled(&instrument, &other_order));
    assert_eq!(one.to_bytes(), other.to_bytes());
    assert_eq!(BallotBox::from_bytes(3, &one.to_bytes()), Some(one.clone()));
    // An empty box is as large as one with hundreds of answers.
    assert_eq!(BallotBox::new(3).to_bytes().len(), one.to_bytes().len());
    assert_eq!(BallotBox::from_bytes(3, b""), None);
    assert_eq!(BallotBox::from_bytes(3, &[1, 255, 0, 0, 0, 2, 2, 2]), None);
    assert_eq!(format!("{one:?}").matches("Ballot(…)").count(), 5);
}

#[test]
fn a_box_takes_so_many_answers_and_no_more() {
    let mut bytes = vec![1];
    bytes.extend_from_slice(&u32::try_from(MOST_BALLOTS - 1).unwrap().to_le_bytes());
    bytes.resize(5 + 3 * (MOST_BALLOTS - 1), 2);
    let mut full = BallotBox::from_bytes(3, &bytes).unwrap();
    let instrument = small();
    let ballot = || answers(&[("b", 3)]).check(&instrument).unwrap();
    assert!(full.put(ballot()));
    assert!(!full.put(ballot()));
    assert_eq!(full.len(), MOST_BALLOTS);
}

#[test]
fn figures_are_what_one_works_out_by_hand() {
    let instrument = small();
    // Scores with c turned round: (1+2+3)/3 = 2, (5+5)/2 = 5, (4+2)/2 = 3, none (one of three), (2+2+4)/3, (4+3+1)/3.
    let people = [[1, 2, 3], [5, 5, -1], [0, 4, 4], [0, 3, 0], [2, 2, 2], [4, 3, 5]];
    let results = SurveyResults::of(&instrument, &filled(&instrument, &people), 4).unwrap();
    assert_eq!(results.responses, 6);
    let a = &results.items[0];
    assert_eq!(
        (a.suppressed, a.rated, a.cant_rate, a.not_answered),
        (false, Some(4), Some(2), Some(0))
    );
    let counts: Vec<i64> = a.counts.iter().map(|point| point.count).collect();
    assert_eq!(counts, [1, 1, 0, 1, 1]);
    assert_eq!(
        (a.mean, a.median, a.standard_deviation),
        (Some(3.0), Some(3.0), Some(1.83))
    );
    let c = &results.items[2];
    // As answered: 3, 4, 2, 5.
    assert_eq!(
        (c.rated, c.cant_rate, c.not_answered, c.mean),
        (Some(4), Some(1), Some(1), Some(3.5))
    );
    let score = &results.scores[0];
    assert_eq!((score.scored, score.lowest, score.highest), (Some(5), 1.0, 5.0));
    // 2, 5, 3, 2.67, 2.67.
    let bins: Vec<i64> = score.bins.iter().map(|bin| bin.count).collect();
    assert_eq!(bins, [0, 3, 1, 1]);
    assert_eq!((score.mean, score.median), (Some(3.07), Some(2.67)));
    assert_eq!(results.scores[1].subscale, OVERALL);
}

#[test]
fn sums_stand_in_for_what_is_missing() {
    let mut instrument = small();
    instrument.scoring.method = Method::Sum;
    let people = [[1, 1, 5], [1, 2, -1], [3, 3, 3], [4, 4, 2], [2, 2, 1]];
    let results = SurveyResults::of(&instrument, &filled(&instrument, &people), 5).unwrap();
    // 3, 4.5, 9, 12, 9.
    let score = &results.scores[0];
    assert_eq!((score.lowest, score.highest, score.mean), (3.0, 15.0, Some(7.5)));
    assert_eq!(score.median, Some(9.0));
}

#[test]
fn nothing_is_told_of_fewer_than_the_threshold() {
    let instrument = small();
    let people = [[1, 2, 3], [5, 5, 2], [2, 4, 4], [3, 3, 5]];
    assert_eq!(
        SurveyResults::of(&instrument, &filled(&instrument, &people), 5),
        None
    );
    assert!(SurveyResults::of(&instrument, &filled(&instrument, &people), 4).is_some());
    assert_eq!(SurveyResults::of(&instrument, &BallotBox::new(3), 0), None);
}

#[test]
fn people_of_one_mind_are_not_shown_to_be() {
    let instrument = small();
    // All but one say 4 to a: the one would know what everybody else has said.
    let people = [[4, 2, 3], [4, 5, 2], [4, 4, 4], [4, 3, 5], [4, 1, 1], [1, 2, 2]];
    let results = SurveyResults::of(&instrument, &filled(&instrument, &people), 5).unwrap();
    assert!(results.items[0].suppressed);
    assert_eq!((results.items[0].rated, results.items[0].counts.len()), (None, 0));
    assert!(!results.items[1].suppressed && !results.items[2].suppressed);
    // Too few have rated a: the same answer, so that neither can be told from the other.
    let people = [[1, 2, 3], [0, 5, 2], [0, 4, 4], [5, 3, 5], [4, 1, 1], [2, 2, 2]];
    let few = SurveyResults::of(&instrument, &filled(&instrument, &people), 5).unwrap();
    assert_eq!(few.items[0], results.items[0]);
}

#[test]
fn a_score_gives_no_item_away() {
    let instrument = small();
    // Everybody gives the highest answer to a: score and other items would tell that. b goes with it.
    let people = [[5, 2, 3], [5, 5, 2], [5, 4, 4], [5, 3, 5], [5, 1, 1], [5, 2, 2]];
    let results = SurveyResults::of(&instrument, &filled(&instrument, &people), 5).unwrap();
    let back: Vec<bool> = results.items.iter().map(|item| item.suppressed).collect();
    assert_eq!(back.iter().filter(|back| **back).count(), 2, "{back:?}");
    assert!(back[0] && !results.scores[0].suppressed);
    // Nothing leaves room: the scores go too.
    let people = [[5, 5, 1]; 6];
    let results = SurveyResults::of(&instrument, &filled(&instrument, &people), 5).unwrap();
    assert!(results.items.iter().all(|item| item.suppressed));
    assert!(
        results
            .scores
            .iter()
            .all(|score| score.suppressed && score.mean.is_none())
    );
}

#[test]
fn a_whole_beside_its_parts_tells_nothing_of_a_small_rest() {
    let instrument = small();
    let (one, other): (Vec<[i64; 3]>, Vec<[i64; 3]>) = (
        vec![[1, 2, 3], [5, 5, 2], [2, 4, 4], [3, 3, 5], [4, 1, 1], [2, 2, 2]],
        vec![[1, 5, 3], [1, 4, 2], [1, 3, 4], [1, 2, 5], [1, 1, 1]],
    );
    let whole: Vec<[i64; 3]> = one.iter().chain(&other).copied().collect();
    let of = |people: &[[i64; 3]]| SurveyResults::of(&instrument, &filled(&instrument, people), 5).unwrap();
    let part = of(&one);
    // The others are five, and all of one mind on a.
    assert!(!of(&whole).items[0].suppressed);
    let beside = of(&whole).beside(&instrument, &[&part], 5).unwrap();
    assert!(beside.items[0].suppressed);
    assert!(!beside.items.iter().all(|item| item.suppressed));
    // Without one of them they are four.
    let whole = &whole[..10];
    assert_eq!(of(whole).beside(&instrument, &[&part], 5), None);
    // With nobody else there is nothing to tell.
    assert_eq!(part.clone().beside(&instrument, &[&part], 5), Some(part));
}
