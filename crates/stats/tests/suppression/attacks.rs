//! What a reader does with published totals: subtract them. Each table is attacked with its real figures.

use spiral_stats::suppression::{
    Along, CellId, Hidden, Rule, Table, TableError, derivable, small_groups, suppress,
};

/// So many units with 100 people each, 40 of whom count.
fn units(units: u32) -> Hidden {
    Hidden {
        units: u64::from(units),
        settled: u64::from(units),
        numerator: 40.0 * f64::from(units),
        denominator: 100.0 * f64::from(units),
        largest_denominator: if units == 0 { 0.0 } else { 100.0 },
        counts_people: true,
    }
}

/// The hidden numerator as the reader gets it: `None` where the total is suppressed.
fn told(hidden: Hidden, cell: CellId, suppressed: &[bool]) -> Option<f64> {
    (!suppressed[cell.index()]).then_some(hidden.numerator)
}

#[test]
fn parent_less_child() {
    // Six hidden below the parent, five of them in one child: the difference is one unit's figure.
    let mut table = Table::new(Rule::default());
    let parent = table.cell(units(6), 6);
    let large = table.cell(units(5), 5);
    let single = table.cell(units(1), 1);
    table.sum(Along::Tree, parent, &[large, single]).expect("sum");

    let naive = [false, false, true];
    let attack = told(units(6), parent, &naive)
        .zip(told(units(5), large, &naive))
        .map(|(a, b)| a - b);
    assert_eq!(
        attack,
        Some(units(1).numerator),
        "the attack works without complementary suppression"
    );
    assert_eq!(derivable(&table, &naive), [single]);

    let suppressed = suppress(&table);
    assert_eq!(suppressed, [false, true, true]);
    assert_eq!(
        told(units(6), parent, &suppressed).zip(told(units(5), large, &suppressed)),
        None
    );
    assert_eq!(derivable(&table, &suppressed), []);
}

#[test]
fn year_less_months() {
    // Six units in each month, but only three people counted in March.
    let month = |numerator| Hidden {
        numerator,
        ..units(6)
    };
    let months = [month(60.0), month(70.0), month(3.0), month(80.0)];
    let year = Hidden {
        units: 6,
        settled: 6,
        numerator: months.iter().map(|month| month.numerator).sum(),
        denominator: 2_400.0,
        largest_denominator: 400.0,
        counts_people: true,
    };
    let mut table = Table::new(Rule::default());
    let whole = table.cell(year, 24);
    let parts: Vec<CellId> = months.iter().map(|&month| table.cell(month, 6)).collect();
    table.sum(Along::Time, whole, &parts).expect("sum");

    let march = parts[2];
    assert_eq!(derivable(&table, &[false, false, false, true, false]), [march]);
    let suppressed = suppress(&table);
    assert_eq!(
        suppressed,
        [false, true, false, true, false],
        "the first of equal months goes"
    );
    assert_eq!(derivable(&table, &suppressed), []);
}

#[test]
fn if_no_sibling_can_help_the_wholes_go() {
    // Below the top everything else is exact, so the chain to the top has the same hidden figure.
    let mut table = Table::new(Rule::default());
    let chain: Vec<CellId> = (0..4).map(|level| table.cell(units(2), 40 - level)).collect();
    let exact: Vec<CellId> = (0..4).map(|_| table.cell(units(0), 1)).collect();
    for level in 0..3 {
        table
            .sum(Along::Tree, chain[level], &[chain[level + 1], exact[level]])
            .expect("sum");
    }
    assert_eq!(
        suppress(&table),
        [true, true, true, true, false, false, false, false]
    );

    // The same for a cell with enough units but few people: only the lowest breaks the rule by itself ...
    let few = Hidden {
        numerator: 2.0,
        ..units(6)
    };
    let mut table = Table::new(Rule::default());
    let top = table.cell(
        Hidden {
            numerator: 50.0,
            ..units(8)
        },
        30,
    );
    let middle = table.cell(few, 20);
    let low = table.cell(few, 10);
    let exact = table.cell(units(0), 5);
    let side = table.cell(
        Hidden {
            numerator: 48.0,
            ..units(2)
        },
        1,
    );
    table.sum(Along::Tree, middle, &[low, exact]).expect("sum");
    table.sum(Along::Tree, top, &[middle, side]).expect("sum");
    // ... and the sibling of the middle one has too few units, so that the top may stay.
    assert_eq!(suppress(&table), [false, true, true, false, true]);
}

#[test]
fn a_stratum_is_protected_along_a_chain_of_equal_wholes() {
    // The top and its only child with hidden records have the same hidden figure.
    let mut table = Table::new(Rule::default());
    let top = table.cell(
        Hidden {
            numerator: 40.0,
            ..units(6)
        },
        9,
    );
    let low = table.cell(
        Hidden {
            numerator: 40.0,
            ..units(6)
        },
        8,
    );
    let tiny = table.cell(
        Hidden {
            numerator: 2.0,
            ..units(6)
        },
        7,
    );
    let rest = table.cell(
        Hidden {
            numerator: 38.0,
            ..units(6)
        },
        6,
    );
    let exact = table.cell(units(0), 1);
    table.sum(Along::Tree, top, &[low, exact]).expect("sum");
    table.sum(Along::Strata, low, &[tiny, rest]).expect("sum");
    let suppressed = suppress(&table);
    assert_eq!(
        suppressed,
        [false, false, true, true, false],
        "the smallest is the other stratum"
    );
    assert_eq!(derivable(&table, &[true, false, true, false, false]), [top, tiny]);
    assert_eq!(derivable(&table, &[false, true, true, false, false]), [low, tiny]);
    assert_eq!(derivable(&table, &[true, true, true, false, false]), []);
}

#[test]
fn two_small_cells_do_not_hide_one_another() {
    // Neither can be told from the parent, but the two together are four units.
    let mut table = Table::new(Rule::default());
    let parent = table.cell(units(11), 11);
    let large = table.cell(units(7), 7);
    let pair = [table.cell(units(2), 2), table.cell(units(2), 2)];
    table
        .sum(Along::Tree, parent, &[large, pair[0], pair[1]])
        .expect("sum");
    let naive = [false, false, true, true];
    assert_eq!(derivable(&table, &naive), []);
    assert_eq!(small_groups(&table, &naive), [parent]);
    assert_eq!(suppress(&table), [false, true, true, true]);

    // Three and two are five, which is enough.
    let mut table = Table::new(Rule::default());
    let parent = table.cell(units(12), 11);
    let parts = [
        table.cell(units(7), 7),
        table.cell(units(3), 2),
        table.cell(units(2), 2),
    ];
    table.sum(Along::Tree, parent, &parts).expect("sum");
    assert_eq!(suppress(&table), [false, false, true, true]);
}

#[test]
fn months_of_the_same_units_do_not_add_up_to_a_group() {
    // The same three units in January and February, eight in March.
    let mut table = Table::new(Rule::default());
    let quarter = table.cell(
        Hidden {
            largest_denominator: 300.0,
            ..units(8)
        },
        9,
    );
    let months = [
        table.cell(units(3), 3),
        table.cell(units(3), 3),
        table.cell(units(8), 8),
    ];
    table.sum(Along::Time, quarter, &months).expect("sum");
    assert_eq!(small_groups(&table, &[false, true, true, false]), [quarter]);
    assert_eq!(suppress(&table), [false, true, true, true]);
}

#[test]
fn a_group_that_one_unit_dominates_is_not_told() {
    let mut table = Table::new(Rule::default());
    let cell = |units, denominator, largest_denominator| Hidden {
        units,
        settled: units,
        numerator: denominator / 2.0,
        denominator,
        largest_denominator,
        counts_people: true,
    };
    let whole = table.cell(cell(17, 1_700.0, 900.0), 9);
    let parts = [
        table.cell(cell(1, 900.0, 900.0), 1),
        table.cell(cell(8, 100.0, 20.0), 2),
        table.cell(cell(8, 700.0, 100.0), 8),
    ];
    table.sum(Along::Tree, whole, &parts).expect("sum");
    // The small sibling hides the large unit from exact subtraction, but not from a good guess.
    assert_eq!(small_groups(&table, &[false, true, true, false]), [whole]);
    assert_eq!(suppress(&table), [false, true, true, true]);
}

#[test]
fn a_table_in_two_directions_is_solved_jointly() {
    // Nodes down, months across, `x` is suppressed, all margins are published:
    //
    //     x x . . .
    //     x x e . .
    //     . . f x x
    //     . . . x x
    //
    // Every row and column has two suppressed cells or more. But the first two rows less the first two
    // columns are `e`, and the third column less `e` is `f`.
    let mut table = Table::new(Rule::default());
    let grid = [(); 4].map(|()| [(); 5].map(|()| table.cell(units(6), 6)));
    for row in &grid {
        let whole = table.cell(
            Hidden {
                largest_denominator: 500.0,
                ..units(6)
            },
            30,
        );
        table.sum(Along::Time, whole, row).expect("sum");
    }
    for column in 0..5 {
        let whole = table.cell(units(24), 24);
        table
            .sum(Along::Tree, whole, &grid.map(|row| row[column]))
            .expect("sum");
    }
    let mut suppressed = vec![false; table.len()];
    for (row, column) in [
        (0, 0),
        (0, 1),
        (1, 0),
        (1, 1),
        (1, 2),
        (2, 2),
        (2, 3),
        (2, 4),
        (3, 3),
        (3, 4),
    ] {
        suppressed[grid[row][column].index()] = true;
    }
    assert_eq!(derivable(&table, &suppressed), [grid[1][2], grid[2][2]]);
    // With two corners more, no rectangle is closed any longer.
    suppressed[grid[1][3].index()] = true;
    assert_eq!(derivable(&table, &suppressed), []);
}

#[test]
fn cells_that_look_safe_line_by_line_are_protected_jointly() {
    // The same table, now with cells that break the rule in those places: few people, in every unit.
    let mut table = Table::new(Rule::default());
    let pattern = ["xx...", "xxx..", "..xxx", "...xx"];
    let figures = pattern.map(|row| {
        let figures: Vec<f64> = row
            .chars()
            .map(|cell| if cell == 'x' { 3.0 } else { 60.0 })
            .collect();
        figures
    });
    let with = |people: f64, hidden: Hidden| Hidden {
        numerator: people,
        ..hidden
    };
    let grid = figures.clone().map(|row| -> Vec<CellId> {
        row.iter()
            .map(|&people| table.cell(with(people, units(6)), 6))
            .collect()
    });
    let mut wholes = Vec::new();
    for (row, people) in grid.iter().zip(&figures) {
        let hidden = Hidden {
            denominator: 3_000.0,
            largest_denominator: 500.0,
            ..with(people.iter().sum(), units(6))
        };
        let whole = table.cell(hidden, 30);
        table.sum(Along::Time, whole, row).expect("sum");
        wholes.push(whole);
    }
    for column in 0..5 {
        let people = figures.iter().map(|row| row[column]).sum();
        let whole = table.cell(with(people, units(24)), 24);
        let parts: Vec<CellId> = grid.iter().map(|row| row[column]).collect();
        table.sum(Along::Tree, whole, &parts).expect("sum");
        wholes.push(whole);
    }
    let mut primary = vec![false; table.len()];
    for (cells, row) in grid.iter().zip(pattern) {
        for (cell, mark) in cells.iter().zip(row.chars()) {
            primary[cell.index()] = mark == 'x';
        }
    }
    assert_eq!(derivable(&table, &primary), [grid[1][2], grid[2][2]]);
    let suppressed = suppress(&table);
    assert!(
        primary
            .iter()
            .zip(&suppressed)
            .all(|(&primary, &suppressed)| suppressed || !primary)
    );
    assert_eq!(derivable(&table, &suppressed), []);
    assert_eq!(small_groups(&table, &suppressed), []);
    let more = suppressed.iter().filter(|&&flag| flag).count() - primary.iter().filter(|&&flag| flag).count();
    assert!(
        more <= 2,
        "a cell for each of the two that were derivable is enough, not {more}"
    );
}

#[test]
fn own_records_of_the_parent_are_a_part() {
    let mut table = Table::new(Rule::default());
    let parent = table.cell(units(13), 13);
    let children: [CellId; 2] = [table.cell(units(6), 6), table.cell(units(6), 7)];
    assert_eq!(
        table.sum(Along::Tree, parent, &children),
        Err(TableError::Unbalanced(parent)),
        "a sum without the own records is refused"
    );
    let own = table.cell(units(1), 1);
    table
        .sum(Along::Tree, parent, &[children[0], children[1], own])
        .expect("sum");
    assert_eq!(suppress(&table), [false, true, false, true]);
}

#[test]
fn flags_of_any_length_are_read() {
    let mut table = Table::new(Rule::default());
    let (whole, a, b) = (
        table.cell(units(2), 2),
        table.cell(units(1), 1),
        table.cell(units(1), 1),
    );
    table.sum(Along::Tree, whole, &[a, b]).expect("sum");
    assert_eq!(derivable(&table, &[true]), [whole]);
    assert_eq!(derivable(&table, &[true; 9]), []);
    assert_eq!(small_groups(&table, &[]), []);
}

#[test]
fn sums_that_contradict_one_another_do_not_hang() {
    // Both sums pass by their unit counts, but together they leave nothing for `c`.
    let mut table = Table::new(Rule::default());
    let cell = Hidden {
        largest_denominator: 10.0,
        ..units(3)
    };
    let [whole, a, b, c] = [(); 4].map(|()| table.cell(cell, 1));
    table.sum(Along::Time, whole, &[a, b]).expect("sum");
    table.sum(Along::Time, whole, &[a, b, c]).expect("sum");
    let suppressed = suppress(&table);
    assert_eq!(suppressed, [true; 4]);
    assert_eq!(derivable(&table, &suppressed), [c]);
}
