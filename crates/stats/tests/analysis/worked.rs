//! The worked examples of docs/analysis.md: what the crate says must be what the page says.

use spiral_stats::{
    compare::{Cases, proportions},
    diffusion::rogers::{Category, Method as Cut, categories},
    effect::Effect,
    funnel::{Adjust, Data, Law, Settings as FunnelSettings, Unit, exact, funnel},
    meta::{Method, Test, pool},
    roll_up::{Missing, Stratum, roll_up},
    run_chart::Method as Runs,
    shewhart::{Chart, Kind, Settings, Subgroup, chart},
    standardise,
    xmr::{Assurance, Baseline, Direction, Rule, Settings as XmrSettings, Variation, xmr},
};

/// Whether a number prints as the page has it.
fn prints(value: impl Into<Option<f64>>, printed: &str) {
    let value = value.into().expect("a number");
    let places = printed.split_once('.').map_or(0, |(_, fraction)| fraction.len());
    let got = spiral_stats::rate::decimal(value, u8::try_from(places).expect("few"));
    assert_eq!(got, printed, "{value}");
}

fn some(values: &[f64]) -> Vec<Option<f64>> {
    values.iter().copied().map(Some).collect()
}

fn draw(kind: Kind, groups: &[Subgroup]) -> Chart {
    chart(kind, groups, &Settings::default()).expect("a chart")
}

fn singles(values: &[f64]) -> Vec<Subgroup> {
    values
        .iter()
        .map(|&value| Subgroup::of_values(&[Some(value)]).expect("a subgroup"))
        .collect()
}

fn ratios(rows: &[(f64, f64)]) -> Vec<Subgroup> {
    rows.iter()
        .map(|&(y, n)| Subgroup::of_ratios(&[(Some(y), Some(n))]).expect("a subgroup"))
        .collect()
}

#[test]
fn xmr_chart() {
    let values = [
        52.0, 48.0, 55.0, 50.0, 47.0, 53.0, 49.0, 51.0, 46.0, 54.0, 50.0, 52.0, 41.0, 40.0, 42.0, 39.0, 41.0,
        43.0, 40.0,
    ];
    let settings = XmrSettings {
        direction: Direction::Decrease,
        target: Some(45.0),
        baseline: Baseline::First(12),
        ..XmrSettings::default()
    };
    let found = xmr(&some(&values), &settings).expect("a chart");
    let limits = found.phases[0].limits.expect("limits");
    prints(found.phases[0].mean, "50.58");
    prints(limits.average_moving_range, "4.545");
    prints(limits.lower, "38.49");
    prints(limits.upper, "62.67");
    prints(limits.near_lower, "42.52");
    prints(limits.near_upper, "58.64");
    let rules: Vec<Option<Rule>> = found.points[12..]
        .iter()
        .map(|point| point.signal.map(|signal| signal.rule))
        .collect();
    let two = Some(Rule::TwoOfThree);
    assert_eq!(rules, [two, two, two, two, two, Some(Rule::Shift), two]);
    assert_eq!(
        (found.variation, found.assurance),
        (Some(Variation::Improvement), Some(Assurance::Inconsistent))
    );
}

#[test]
fn run_chart() {
    let values = [
        5.0, 6.0, 4.0, 7.0, 6.0, 5.0, 9.0, 10.0, 9.0, 11.0, 10.0, 9.0, 12.0, 10.0,
    ];
    let found = draw(Kind::Run, &singles(&values));
    prints(found.parts[0].centre, "9");
    let runs = found.parts[0].runs;
    assert_eq!(
        (runs.useful, runs.longest, runs.crossings),
        (11, Some(6), Some(1))
    );
    assert_eq!(
        (runs.longest_max, runs.crossings_min, runs.signal),
        (Some(6), Some(2), true)
    );
    let settings = Settings {
        method: Runs::BestBox,
        ..Settings::default()
    };
    let boxed = chart(Kind::Run, &singles(&values), &settings)
        .expect("a chart")
        .parts[0]
        .runs;
    assert!(boxed.signal);
}

#[test]
fn rates() {
    let rows = [
        (12.0, 100.0),
        (15.0, 120.0),
        (9.0, 80.0),
        (30.0, 110.0),
        (14.0, 90.0),
    ];
    let p = draw(Kind::P, &ratios(&rows));
    prints(p.parts[0].centre, "0.16");
    prints(p.points[0].limits.lower, "0.0500");
    prints(p.points[0].limits.upper, "0.2700");
    prints(p.points[3].limits.upper, "0.2649");
    assert!(p.points[3].signal);
    let laney = draw(Kind::PPrime, &ratios(&rows));
    prints(laney.points[3].limits.upper, "0.3432");
    assert!(!laney.points[3].signal);

    let rows = [(6.0, 1200.0), (9.0, 1500.0), (5.0, 900.0), (20.0, 1400.0)];
    let settings = Settings {
        multiply: 1000.0,
        ..Settings::default()
    };
    let u = chart(Kind::U, &ratios(&rows), &settings).expect("a chart");
    prints(u.parts[0].centre, "8");
    prints(u.points[3].value, "14.29");
    prints(u.points[3].limits.upper, "15.17");
    prints(u.points[3].inner.upper, "12.78");
    assert!(!u.points[3].signal);
    let laney = chart(Kind::UPrime, &ratios(&rows), &settings).expect("a chart");
    prints(laney.points[3].limits.upper, "16.03");
}

#[test]
fn counts_and_values() {
    let c = draw(Kind::C, &singles(&[4.0, 7.0, 5.0, 6.0, 3.0, 8.0, 5.0, 18.0]));
    prints(c.parts[0].centre, "7");
    prints(c.points[0].limits.upper, "14.94");
    prints(c.points[0].limits.lower, "0");
    assert!(c.points[7].signal);

    let values = [10.0, 12.0, 11.0, 13.0, 12.0, 20.0];
    let i = draw(Kind::I, &singles(&values));
    prints(i.parts[0].centre, "13");
    prints(i.points[0].limits.lower, "5.55");
    prints(i.points[0].limits.upper, "20.45");
    let mr = draw(Kind::Mr, &singles(&values));
    prints(mr.parts[0].centre, "2.8");
    prints(mr.points[0].limits.upper, "9.15");

    let groups: Vec<Subgroup> = [[5.0, 7.0, 9.0], [6.0, 8.0, 10.0], [4.0, 6.0, 8.0]]
        .iter()
        .map(|values| Subgroup::of_values(&some(values)).expect("a subgroup"))
        .collect();
    let xbar = draw(Kind::Xbar, &groups);
    prints(xbar.parts[0].centre, "7");
    prints(xbar.points[0].limits.upper, "10.91");
    prints(xbar.points[0].limits.lower, "3.09");
    let s = draw(Kind::S, &groups);
    prints(s.points[0].limits.upper, "5.14");
    prints(s.points[0].limits.lower, "0");
}

#[test]
fn rare_events() {
    let t = draw(Kind::T, &singles(&[8.0, 20.0, 3.0, 15.0, 40.0, 11.0]));
    prints(t.parts[0].centre, "13.22");
    prints(t.points[0].limits.upper, "151.17");
    prints(t.points[0].limits.lower, "0.00006");
    let g = draw(Kind::G, &singles(&[4.0, 9.0, 2.0, 6.0, 30.0, 3.0]));
    prints(g.parts[0].centre, "5");
    prints(g.points[0].limits.upper, "37.46");
    prints(g.points[0].limits.lower, "0");
}

#[test]
fn funnels() {
    let units: Vec<Unit> = [
        (12.0, 200.0),
        (9.0, 180.0),
        (60.0, 400.0),
        (11.0, 210.0),
        (8.0, 150.0),
    ]
    .map(|(numerator, denominator)| Unit {
        numerator,
        denominator,
    })
    .into();
    let binomial = exact(Law::Binomial, &units, None).expect("a funnel");
    prints(binomial.target, "0.0877");
    prints(binomial.units[2].limits.lower_998, "0.0458");
    prints(binomial.units[2].limits.upper_998, "0.1330");
    assert!(binomial.units[2].outlier_998);
    let settings = FunnelSettings {
        adjust: Adjust::Always,
        ..FunnelSettings::default()
    };
    let adjusted = funnel(Data::Proportion, &units, &settings).expect("a funnel");
    prints(adjusted.units[2].z, "3.88");
    prints(adjusted.units[2].trimmed, "1.73");
    let dispersion = adjusted.dispersion.expect("known");
    prints(dispersion.phi, "3.23");
    prints(dispersion.tau2, "0.00346");
    prints(adjusted.units[2].adjusted.upper_998, "0.2283");
    assert!(!adjusted.units[2].outlier);
}

#[test]
fn pooling() {
    let effects =
        [(0.3, 0.04), (0.1, 0.02), (0.9, 0.09)].map(|(estimate, variance)| Effect { estimate, variance });
    let pooled = pool(&effects, Method::DerSimonianLaird, 95.0).expect("pooled");
    prints(pooled.heterogeneity.q, "5.871");
    prints(pooled.heterogeneity.tau2, "0.0800");
    prints(pooled.heterogeneity.i2, "65.9");
    prints(pooled.estimate, "0.363");
    prints(pooled.z.error, "0.203");
    prints(pooled.z.interval.0, "-0.035");
    prints(pooled.z.interval.1, "0.761");
    let knapp = pooled.inference(Test::HartungKnapp);
    prints(knapp.interval.0, "-0.599");
    prints(knapp.interval.1, "1.325");
    let prediction = knapp.prediction.expect("an interval");
    prints(prediction.0, "-1.188");
    prints(prediction.1, "1.914");
    let reml = pool(&effects, Method::Reml, 95.0)
        .expect("pooled")
        .heterogeneity
        .tau2;
    prints(reml, "0.0938");
    prints(
        pool(&effects, Method::PauleMandel, 95.0)
            .expect("pooled")
            .heterogeneity
            .tau2,
        "0.1098",
    );
}

#[test]
fn comparison() {
    let change = proportions(
        Cases {
            events: 20.0,
            people: 100.0,
        },
        Cases {
            events: 33.0,
            people: 100.0,
        },
        95.0,
    )
    .expect("a comparison");
    prints(change.wilson_before.lower, "0.133");
    prints(change.wilson_before.upper, "0.289");
    prints(change.wilson_after.lower, "0.246");
    prints(change.wilson_after.upper, "0.427");
    prints(change.newcombe.lower, "0.007");
    prints(change.newcombe.upper, "0.248");
}

#[test]
fn wholes() {
    let strata = [(2.7, 68_607.0), (5.9, 61_852.0)].map(|(rate, weight)| Stratum {
        rate: Some(rate),
        weight,
    });
    prints(
        roll_up(&strata, Missing::Strict, 1000.0).expect("a whole").rate,
        "4.22",
    );
    let strata = [(30.0, 1000.0, 600.0), (90.0, 1500.0, 400.0)].map(|(observed, population, standard)| {
        standardise::Stratum {
            observed,
            population,
            standard,
        }
    });
    let settings = standardise::Settings {
        per: 1000.0,
        ..standardise::Settings::default()
    };
    let answer = standardise::direct(&strata, &settings).expect("a rate");
    prints(answer.crude, "48.0");
    prints(answer.rate, "42.0");
    let (lower, upper) = answer.interval.expect("an interval");
    prints(lower, "34.2");
    prints(upper, "50.9");
}

#[test]
fn adopters() {
    let times = some(&[2.0, 5.0, 6.0, 7.0, 8.0, 9.0, 10.0, 12.0, 14.0, 17.0]);
    let found = categories(&times, 12, Cut::MeanSd { of_sample: true }).expect("categories");
    let cut = found.cut.expect("cut points");
    prints(cut.mean, "9");
    prints(cut.sd, "4.447");
    assert_eq!(found.counts, [0, 1, 4, 3, 2]);
    assert_eq!(found.of[5], Some(Category::LateMajority));
    let ranks = categories(&times, 12, Cut::Rank).expect("categories");
    assert_eq!(ranks.counts, [1, 1, 4, 4, 0]);
}
