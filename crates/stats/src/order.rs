//! Rows in the order of time.

use crate::error::Error;

/// The order in which rows come by date: places in `dates`, each once. Two rows of one date are refused,
/// since nothing says which comes first.
///
/// ```
/// use spiral_stats::order::by_date;
///
/// assert_eq!(by_date(&["2024-03", "2024-01", "2024-02"]), Ok(vec![1, 2, 0]));
/// assert!(by_date(&["2024-03", "2024-03"]).is_err());
/// ```
pub fn by_date<D: Ord>(dates: &[D]) -> Result<Vec<usize>, Error> {
    let mut order: Vec<usize> = (0..dates.len()).collect();
    order.sort_by(|&a, &b| dates[a].cmp(&dates[b]));
    match order.windows(2).find(|pair| dates[pair[0]] == dates[pair[1]]) {
        Some(pair) => Err(Error::invalid_at("date", pair[1], "occurs twice")),
        None => Ok(order),
    }
}

/// The rows that open a new phase, and the dates that fit no row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rebase {
    /// The rows, rising, each once.
    pub rows: Vec<usize>,
    /// Places in the given dates of those that are no row's date. They are not used, and whoever gave them
    /// should be told.
    pub ignored: Vec<usize>,
}

/// Finds the rows of dates among dates that rise.
///
/// ```
/// use spiral_stats::order::rows_of;
///
/// let found = rows_of(&["2024-01", "2024-02", "2024-03"], &["2024-03", "2024-09"]);
/// assert_eq!(found.rows, [2]);
/// assert_eq!(found.ignored, [1]);
/// ```
pub fn rows_of<D: Ord>(dates: &[D], wanted: &[D]) -> Rebase {
    let mut found = Rebase {
        rows: Vec::new(),
        ignored: Vec::new(),
    };
    for (place, date) in wanted.iter().enumerate() {
        match dates.binary_search(date) {
            Ok(row) => found.rows.push(row),
            Err(_) => found.ignored.push(place),
        }
    }
    found.rows.sort_unstable();
    found.rows.dedup();
    found
}
