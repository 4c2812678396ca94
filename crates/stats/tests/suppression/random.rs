//! Random tables of nodes × intervals × strata.

use proptest::{collection::vec, prelude::*};
use spiral_stats::suppression::{Along, CellId, Hidden, Rule, Table, derivable, small_groups, suppress};

use super::{
    model::{Built, Unit, World},
    naive,
};

/// Most figures small enough to matter, some not.
fn figure() -> impl Strategy<Value = u8> {
    prop_oneof![3 => 0..=2u8, 2 => 3..=12u8, 1 => 13..=200u8]
}

fn worlds() -> impl Strategy<Value = World> {
    (
        vec(any::<prop::sample::Index>(), 0..5),
        1..=4usize,
        2..=3usize,
        1..=3usize,
        any::<bool>(),
    )
        .prop_flat_map(|(parents, months, months_per_quarter, strata, counts_people)| {
            let parents: Vec<usize> = parents
                .iter()
                .enumerate()
                .map(|(at, parent)| parent.index(at + 1))
                .collect();
            let unit = (0..=parents.len(), 0..months, prop_oneof![Just(months), 0..months]).prop_flat_map(
                move |(node, start, span)| {
                    let first_month = if span == months { 0 } else { start };
                    let last_month = (first_month + span).min(months - 1);
                    vec((figure(), figure()), 1..6).prop_map(move |figures| Unit {
                        node,
                        first_month,
                        last_month,
                        figures,
                    })
                },
            );
            vec(unit, 0..24).prop_map(move |units| World {
                parents: parents.clone(),
                months,
                months_per_quarter,
                strata,
                units,
                counts_people,
            })
        })
}

fn naive_derivable(built: &Built, suppressed: &[bool]) -> Vec<usize> {
    let sums: Vec<(usize, Vec<usize>)> = built
        .sums
        .iter()
        .map(|(_, whole, parts)| (*whole, parts.clone()))
        .collect();
    let unknown: Vec<bool> = suppressed
        .iter()
        .zip(&built.hidden)
        .map(|(&flag, hidden)| flag && hidden.units > 0)
        .collect();
    naive::derivable(&sums, &unknown)
}

/// Everything that must hold for an answer, checked without the code that gave it.
fn check(built: &Built, suppressed: &[bool]) -> Result<(), TestCaseError> {
    let rule = Rule::default();
    prop_assert_eq!(suppressed.len(), built.hidden.len());
    for (cell, hidden) in built.hidden.iter().enumerate() {
        prop_assert!(
            suppressed[cell] || !rule.must_suppress(hidden),
            "cell {} breaks the rule",
            cell
        );
        prop_assert!(
            !suppressed[cell] || hidden.units > 0,
            "cell {} has nothing hidden",
            cell
        );
    }
    prop_assert_eq!(naive_derivable(built, suppressed), Vec::<usize>::new());
    for (_, whole, parts) in built.sums.iter().filter(|(_, whole, _)| !suppressed[*whole]) {
        let rest: Vec<usize> = parts.iter().copied().filter(|&part| suppressed[part]).collect();
        let group = built.together(&rest);
        prop_assert!(
            !rule.must_suppress(&group),
            "cell {} tells {:?} as {:?}",
            whole,
            rest,
            group
        );
    }
    Ok(())
}

fn as_indices(cells: &[CellId]) -> Vec<usize> {
    cells.iter().map(|cell| cell.index()).collect()
}

proptest! {
    #[test]
    fn nothing_protected_can_be_worked_out(world in worlds()) {
        let built = world.build();
        let suppressed = suppress(&built.table);
        check(&built, &suppressed)?;
        prop_assert!(derivable(&built.table, &suppressed).is_empty());
        prop_assert!(small_groups(&built.table, &suppressed).is_empty());
    }

    #[test]
    fn the_order_of_sums_does_not_matter_for_safety(world in worlds(), seed in any::<u64>()) {
        let built = world.build();
        let first = suppress(&built.table);
        prop_assert_eq!(&first, &suppress(&built.table.clone()), "the same table, the same answer");
        let order = |at: usize| (at as u64 + 1).wrapping_mul(seed | 1).rotate_left(29);
        check(&built, &suppress(&built.reordered(order)))?;
    }

    #[test]
    fn without_a_cell_that_breaks_the_rule_nothing_is_suppressed(world in worlds()) {
        let built = world.build();
        let primary = built.hidden.iter().any(|hidden| Rule::default().must_suppress(hidden));
        prop_assert_eq!(suppress(&built.table).contains(&true), primary);
    }

    #[test]
    fn the_checker_agrees_with_fractions(world in worlds(), flags in vec(prop::bool::weighted(0.7), 1..64)) {
        let built = world.build();
        let suppressed: Vec<bool> = (0..built.hidden.len()).map(|cell| flags[cell % flags.len()]).collect();
        prop_assert_eq!(
            as_indices(&derivable(&built.table, &suppressed)),
            naive_derivable(&built, &suppressed)
        );
    }

    /// Sums that no tree, calendar and strata would give: cycles of odd length, the same cells in many
    /// sums, sums that contradict one another.
    #[test]
    fn any_sums_are_solved_as_with_fractions(
        groups in vec(prop::sample::subsequence((0..14usize).collect::<Vec<_>>(), 2..=4), 1..14),
        flags in vec(prop::bool::weighted(0.8), 14),
        small in vec(prop::bool::weighted(0.3), 14),
    ) {
        let mut table = Table::new(Rule::default());
        let cells: Vec<CellId> = small
            .iter()
            .map(|&small| {
                let numerator = if small { 2.0 } else { 50.0 };
                table.cell(Hidden { units: 6, settled: 6, numerator, counts_people: true, ..Hidden::default() }, 6)
            })
            .collect();
        let mut sums = Vec::new();
        for (at, mut parts) in groups.into_iter().enumerate() {
            let whole = parts.remove(at % parts.len());
            let ids: Vec<CellId> = parts.iter().map(|&part| cells[part]).collect();
            table.sum(Along::Time, cells[whole], &ids).expect("sum");
            sums.push((whole, parts));
        }
        prop_assert_eq!(as_indices(&derivable(&table, &flags)), naive::derivable(&sums, &flags));

        // What the sums fix by themselves cannot be protected; everything else is.
        let fixed = naive::derivable(&sums, &[true; 14]);
        let suppressed = suppress(&table);
        prop_assert!(naive::derivable(&sums, &suppressed).iter().all(|cell| fixed.contains(cell)));
        prop_assert!(small.iter().zip(&suppressed).all(|(&small, &suppressed)| suppressed || !small));
    }

    #[test]
    fn more_hidden_people_on_both_sides_never_suppress_more(
        units in 0..12u64, numerator in 0..40u32, complement in 0..40u32, more in 5..40u32,
    ) {
        let hidden = |units, numerator: u32, complement: u32| Hidden {
            units,
            settled: units,
            numerator: f64::from(numerator),
            denominator: f64::from(numerator + complement),
            largest_denominator: f64::from(numerator + complement) / 2.0,
            counts_people: true,
        };
        let before = Rule::default().must_suppress(&hidden(units, numerator, complement));
        let after = Rule::default().must_suppress(&hidden(units, numerator + more, complement + more));
        prop_assert!(before || !after);
    }
}

/// The size of what a dashboard asks for, from nearly all cells breaking the rule to hardly any.
#[test]
fn a_large_table() {
    let cases = [
        ([2; 5], 40),
        ([1, 9, 6, 2, 14], 4),
        ([6, 7, 8, 9, 10], 2),
        ([9, 9, 9, 9, 2], 60),
        ([12; 5], 2),
        ([20; 5], 2),
        ([20; 5], 6),
    ];
    for (units_of_node, people) in cases {
        let nodes = 30usize;
        let mut seed = 1u64;
        let mut draw = |below: u64| {
            seed = seed
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            (seed >> 33) % below
        };
        let mut units = Vec::new();
        for node in 0..nodes {
            for _ in 0..units_of_node[node % 5] {
                let first_month = if draw(9) == 0 {
                    usize::try_from(draw(36)).expect("small")
                } else {
                    0
                };
                let mut figure = |below| u8::try_from(draw(below)).expect("small");
                let figures = (0..23).map(|_| (figure(people), figure(60))).collect();
                units.push(Unit {
                    node,
                    first_month,
                    last_month: 35,
                    figures,
                });
            }
        }
        let world = World {
            parents: (1..nodes)
                .map(|node| if node < 5 { 0 } else { 1 + node % 4 })
                .collect(),
            months: 36,
            months_per_quarter: 3,
            strata: 5,
            units,
            counts_people: true,
        };
        let built = world.build();
        let start = std::time::Instant::now();
        let suppressed = suppress(&built.table);
        let taken = start.elapsed();
        let primary = built
            .hidden
            .iter()
            .filter(|hidden| Rule::default().must_suppress(hidden))
            .count();
        println!(
            "{} cells, {} sums, {primary} break the rule, {} suppressed, {taken:?}",
            built.hidden.len(),
            built.sums.len(),
            suppressed.iter().filter(|&&flag| flag).count(),
        );
        assert!(derivable(&built.table, &suppressed).is_empty());
        assert!(small_groups(&built.table, &suppressed).is_empty());
        assert!(
            built
                .hidden
                .iter()
                .zip(&suppressed)
                .all(|(hidden, &flag)| hidden.units > 0 || !flag)
        );
    }
}
