//! The rule for one cell, at its edges.

use spiral_stats::suppression::{Along, Hidden, Rule, Table, TableError, suppress};

fn people(units: u64, numerator: f64, denominator: f64, largest_denominator: f64) -> Hidden {
    Hidden {
        units,
        settled: units,
        numerator,
        denominator,
        largest_denominator,
        counts_people: true,
    }
}

#[test]
fn edges() {
    let others = |hidden: Hidden| Hidden {
        counts_people: false,
        ..hidden
    };
    let cases = [
        ("nothing hidden", people(0, 0.0, 0.0, 0.0), false),
        (
            "nothing hidden, whatever the figures",
            people(0, 1.0, f64::NAN, 9.0),
            false,
        ),
        ("one unit", people(1, 50.0, 100.0, 20.0), true),
        ("four units", people(4, 50.0, 100.0, 30.0), true),
        ("five units", people(5, 50.0, 100.0, 30.0), false),
        ("no people", people(6, 0.0, 100.0, 30.0), false),
        ("one person", people(6, 1.0, 100.0, 30.0), true),
        ("four people", people(6, 4.0, 100.0, 30.0), true),
        ("five people", people(6, 5.0, 100.0, 30.0), false),
        (
            "one event that is not a person",
            others(people(6, 1.0, 100.0, 30.0)),
            false,
        ),
        ("all but five", people(6, 95.0, 100.0, 30.0), false),
        ("all but four", people(6, 96.0, 100.0, 30.0), true),
        ("all but one", people(6, 99.0, 100.0, 30.0), true),
        ("all", people(6, 100.0, 100.0, 30.0), false),
        ("more than all", people(6, 101.0, 100.0, 30.0), true),
        (
            "more events than things, not people",
            others(people(6, 101.0, 100.0, 30.0)),
            false,
        ),
        ("85 of 100", people(6, 50.0, 100.0, 85.0), false),
        ("17 of 20", people(6, 10.0, 20.0, 17.0), false),
        ("86 of 100", people(6, 50.0, 100.0, 86.0), true),
        ("a hair above 85 %", people(6, 50.0, 1_000_000.0, 850_001.0), true),
        (
            "dominance without people",
            others(people(6, 50.0, 100.0, 86.0)),
            true,
        ),
        ("no denominator: a plain count", people(6, 12.0, 0.0, 0.0), false),
        ("no denominator and few people", people(6, 3.0, 0.0, 0.0), true),
        (
            "no denominator but a largest one",
            people(6, 12.0, 0.0, 3.0),
            true,
        ),
        ("NaN numerator", others(people(6, f64::NAN, 100.0, 30.0)), true),
        ("NaN denominator", people(6, 50.0, f64::NAN, 30.0), true),
        ("NaN largest", people(6, 50.0, 100.0, f64::NAN), true),
        (
            "infinite denominator",
            people(6, 50.0, f64::INFINITY, f64::INFINITY),
            true,
        ),
        (
            "negative denominators",
            others(people(6, 50.0, -100.0, -30.0)),
            true,
        ),
        ("negative people", people(6, -50.0, 100.0, 30.0), true),
        (
            "a negative value that counts nobody",
            others(people(6, -50.0, 100.0, 30.0)),
            false,
        ),
    ];
    for (name, hidden, expected) in cases {
        assert_eq!(Rule::default().must_suppress(&hidden), expected, "{name}");
    }
}

#[test]
fn dominance_is_exact_for_every_multiple_of_twenty() {
    for twentieth in 1..5_000u32 {
        let (denominator, largest) = (f64::from(20 * twentieth), f64::from(17 * twentieth));
        let at = people(6, denominator, denominator, largest);
        assert!(!Rule::default().must_suppress(&at), "{largest} of {denominator}");
        let above = Hidden {
            largest_denominator: largest + 1.0,
            ..at
        };
        assert!(
            Rule::default().must_suppress(&above),
            "{largest} + 1 of {denominator}"
        );
    }
}

#[test]
fn other_thresholds() {
    let rule = Rule {
        threshold: 10,
        dominance: 0.5,
    };
    assert!(rule.must_suppress(&people(9, 50.0, 100.0, 30.0)));
    assert!(!rule.must_suppress(&people(10, 50.0, 100.0, 50.0)));
    assert!(rule.must_suppress(&people(10, 50.0, 100.0, 51.0)));
    assert!(rule.must_suppress(&people(10, 91.0, 100.0, 30.0)));
    let open = Rule {
        threshold: 0,
        dominance: 1.0,
    };
    assert!(!open.must_suppress(&people(1, 1.0, 1.0, 1.0)));
}

#[test]
fn sums_that_cannot_hold_are_refused() {
    let hidden = |units| Hidden {
        units,
        settled: units,
        ..Hidden::default()
    };
    let mut table = Table::new(Rule::default());
    let (whole, a, b) = (
        table.cell(hidden(12), 3),
        table.cell(hidden(7), 2),
        table.cell(hidden(6), 1),
    );
    let exact = table.cell(hidden(0), 1);
    assert_eq!(
        table.sum(Along::Tree, whole, &[]),
        Err(TableError::NoParts(whole))
    );
    assert_eq!(
        table.sum(Along::Tree, whole, &[a, a]),
        Err(TableError::Repeated(a))
    );
    assert_eq!(
        table.sum(Along::Time, whole, &[a, whole]),
        Err(TableError::Repeated(whole))
    );
    // 7 + 6 units are not 12, unless some are in both.
    assert_eq!(
        table.sum(Along::Tree, whole, &[a, b]),
        Err(TableError::Unbalanced(whole))
    );
    assert_eq!(table.sum(Along::Time, whole, &[a, b]), Ok(()));
    assert_eq!(
        table.sum(Along::Strata, whole, &[a]),
        Err(TableError::Unbalanced(whole))
    );
    assert_eq!(table.sum(Along::Time, b, &[a]), Err(TableError::Unbalanced(b)));
    assert_eq!(
        table.sum(Along::Time, exact, &[a, b]),
        Err(TableError::Unbalanced(exact))
    );
    assert_eq!(
        table.sum(Along::Time, a, &[exact]),
        Err(TableError::Unbalanced(a))
    );

    let mut larger = table.clone();
    let elsewhere = larger.cell(hidden(5), 1);
    assert_eq!(
        table.sum(Along::Tree, whole, &[elsewhere]),
        Err(TableError::UnknownCell(elsewhere))
    );
    assert_eq!(table.len(), 4);
    assert!(!table.is_empty());
    assert_eq!(
        TableError::Unbalanced(whole).to_string(),
        "the hidden units of the parts do not make up those of cell 0"
    );
    assert_eq!(suppress(&Table::new(Rule::default())), Vec::<bool>::new());
}
