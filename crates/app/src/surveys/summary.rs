//! What a survey tells each reader. A unit's own survey tells its readers all that passes the rule for people
//! (`spiral_domain::surveys::SurveyResults`). A network's tells the parts that the reader may see, and the whole only
//! where the units hidden in it, and the people in the rest of it, cannot be told from it.

use std::collections::HashMap;

use spiral_domain::people::Action;
use spiral_domain::surveys::{
    Survey, SurveyChange, SurveyComparison, SurveyInstrument, SurveyPart, SurveyResults, SurveyStatus,
    SurveySummary, SurveyUnit, built_in_instruments,
};
use spiral_domain::{Error, Result, SurveyId, UnitId};
use spiral_stats::compare::{Moments, means_of};
use spiral_stats::suppression::{Hidden, Rule};

use crate::caller::Caller;

/// How sure the intervals of a comparison are, in per cent.
const LEVEL: f64 = 95.0;

/// What one survey tells the caller.
pub async fn survey_summary(caller: &Caller, id: SurveyId) -> Result<SurveySummary> {
    caller.require(Action::ReadSurveys)?;
    let mut told = survey_summaries(caller, &[id]).await?;
    told.remove(&id).ok_or(Error::NotFound("survey"))
}

/// What each of these surveys tells the caller, in as many statements however many they are.
pub async fn survey_summaries(caller: &Caller, ids: &[SurveyId]) -> Result<HashMap<SurveyId, SurveySummary>> {
    let store = caller.store();
    let surveys: Vec<Survey> = store.find().ids(ids).all("r.id").await?;
    let mut seen = store.survey_parts(ids).await?;
    let mut all = store.survey_parts_for_telling(ids).await?;
    let mut wholes = store.survey_wholes_for_telling(ids).await?;
    let answered = store.answered_at_least(ids).await?;
    // Only what a network's survey tells depends on who reads, and so on the instrument.
    let of_networks = surveys.iter().filter(|survey| survey.network_id.is_some());
    let codes: Vec<String> = of_networks.map(|survey| survey.instrument.clone()).collect();
    let own = store.find::<SurveyInstrument>().with(|sql| {
        sql.push_in_text("r.code", &codes);
    });
    let own = own.all("r.id").await?;
    let mut told = HashMap::new();
    for survey in &surveys {
        let of_survey = Parts {
            seen: seen.remove(&survey.id).unwrap_or_default(),
            all: all.remove(&survey.id).unwrap_or_default(),
            whole: wholes.remove(&survey.id).and_then(|mut found| found.pop()),
        };
        let mut summary = SurveySummary::begun(survey);
        summary.units_asked = i64::try_from(of_survey.all.len()).unwrap_or(i64::MAX);
        summary.answered_at_least = of_survey
            .seen
            .iter()
            .filter_map(|part| answered.get(&(survey.id, part.unit_id)))
            .sum();
        if survey.network_id.is_none() {
            let part = of_survey.seen.into_iter().next();
            summary.results = part.and_then(|part| part.results);
            summary.suppressed = survey.status == SurveyStatus::Closed && summary.results.is_none();
        } else {
            tell_network(caller, survey, &own, of_survey, &mut summary)?;
        }
        told.insert(survey.id, summary);
    }
    Ok(told)
}

/// What is kept of a survey.
struct Parts {
    /// What the reader may see.
    seen: Vec<SurveyPart>,
    /// All units' parts.
    all: Vec<SurveyPart>,
    /// The whole of a network's survey.
    whole: Option<SurveyPart>,
}

fn tell_network(
    caller: &Caller,
    survey: &Survey,
    own: &[SurveyInstrument],
    parts: Parts,
    summary: &mut SurveySummary,
) -> Result<()> {
    if survey.status == SurveyStatus::Closed {
        let asked_by = (survey.instrument.as_str(), survey.instrument_version);
        let instrument = built_in_instruments()
            .iter()
            .chain(own)
            .find(|of| (of.code.as_str(), of.version) == asked_by)
            .ok_or_else(|| Error::internal("a survey by an instrument that is no longer there"))?;
        let settings = caller.app().settings();
        let rule = Rule {
            threshold: settings.suppression_threshold,
            dominance: settings.suppression_dominance,
        };
        summary.results = whole_for(rule, instrument, survey, &parts);
        summary.suppressed = summary.results.is_none();
    }
    summary.units = parts
        .seen
        .into_iter()
        .map(|part| SurveyUnit {
            unit_id: part.unit_id,
            suppressed: survey.status == SurveyStatus::Closed && part.results.is_none(),
            results: part.results,
        })
        .collect();
    Ok(())
}

/// The whole as it may be told beside the parts that the reader sees.
fn whole_for(
    rule: Rule,
    instrument: &SurveyInstrument,
    survey: &Survey,
    parts: &Parts,
) -> Option<SurveyResults> {
    let whole = parts.whole.as_ref()?.results.as_ref()?;
    let seen: HashMap<UnitId, &SurveyPart> = parts.seen.iter().map(|part| (part.unit_id, part)).collect();
    let told: Vec<&SurveyResults> = seen.values().filter_map(|part| part.results.as_ref()).collect();
    // Units keep what they have come to from the reader: the rule for hidden units (rules of aggregates).
    let hidden = parts.all.iter().filter(|part| !seen.contains_key(&part.unit_id));
    let (mut units, mut largest) = (0, 0.0_f64);
    for part in hidden {
        units += 1;
        // What has come to nothing has fewer answers than the threshold.
        let answers = part
            .results
            .as_ref()
            .map_or(survey.threshold - 1, |results| results.responses);
        largest = largest.max(float(answers));
    }
    let told_answers: i64 = told.iter().map(|results| results.responses).sum();
    let rest = float(whole.responses - told_answers);
    let hidden = Hidden {
        units,
        settled: units,
        numerator: rest,
        denominator: rest,
        largest_denominator: if units > 0 { largest.min(rest) } else { 0.0 },
        counts_people: false,
    };
    if rule.must_suppress(&hidden) {
        return None;
    }
    whole.clone().beside(instrument, &told, survey.threshold)
}

/// Two waves side by side: what each tells the caller of all its answers, and how the means differ. They are of
/// different people, or of the same whom nobody can tell: Welch's interval takes them as different.
pub async fn survey_comparison(
    caller: &Caller,
    before: SurveyId,
    after: SurveyId,
) -> Result<SurveyComparison> {
    let (before, after) = (
        survey_summary(caller, before).await?,
        survey_summary(caller, after).await?,
    );
    if (&before.instrument, before.instrument_version) != (&after.instrument, after.instrument_version) {
        return Err(Error::Malformed(vec![spiral_domain::Violation::new(
            "/query/after",
            "another_instrument",
            "waves are compared that asked by the same instrument, in the same version",
        )]));
    }
    let (mut items, mut scores) = (Vec::new(), Vec::new());
    if let (Some(one), Some(other)) = (&before.results, &after.results) {
        let pairs = one.items.iter().zip(&other.items);
        items.extend(pairs.map(|(one, other)| {
            let figures = [one, other].map(|of| Figures {
                n: of.rated,
                mean: of.mean,
                deviation: of.standard_deviation,
            });
            change(&one.item, &one.label, figures)
        }));
        let pairs = one.scores.iter().zip(&other.scores);
        scores.extend(pairs.map(|(one, other)| {
            let figures = [one, other].map(|of| Figures {
                n: of.scored,
                mean: of.mean,
                deviation: of.standard_deviation,
            });
            change(&one.subscale, &one.label, figures)
        }));
    }
    Ok(SurveyComparison {
        before: before.survey_id,
        after: after.survey_id,
        instrument: before.instrument,
        instrument_version: before.instrument_version,
        items,
        scores,
    })
}

/// What a wave tells of one item or score.
#[derive(Clone, Copy)]
struct Figures {
    n: Option<i64>,
    mean: Option<f64>,
    deviation: Option<f64>,
}

fn change(code: &str, label: &str, [before, after]: [Figures; 2]) -> SurveyChange {
    let moments = |of: Figures| {
        Some(Moments {
            n: float(of.n?),
            mean: of.mean?,
            deviation: of.deviation?,
        })
    };
    let compared = moments(before)
        .zip(moments(after))
        .and_then(|(before, after)| means_of(before, after, LEVEL).ok());
    let test = compared.as_ref().and_then(|compared| compared.test);
    let hundredths = |value: f64| (value * 100.0).round() / 100.0;
    SurveyChange {
        code: code.to_owned(),
        label: label.to_owned(),
        n_before: before.n,
        n_after: after.n,
        before: before.mean,
        after: after.mean,
        difference: before
            .mean
            .zip(after.mean)
            .map(|(before, after)| hundredths(after - before)),
        lower: test.map(|test| hundredths(test.interval.lower)),
        upper: test.and_then(|test| test.interval.upper).map(hundredths),
        p_value: test.map(|test| test.p_value),
    }
}

#[expect(clippy::cast_precision_loss, reason = "counts of answers are small")]
fn float(number: i64) -> f64 {
    number as f64
}
