//! The boxes of runs and crossings.
//!
//! Of all boxes "at least c crossings and no run above l" that a random series of n observations stays in
//! with a probability of at least about 92.5 %, the best box is the one that a shift of 0.8 standard
//! deviations leaves most often. The cut box also leaves out observations on its two inner edges: with
//! exactly c crossings, runs above a second bound, and with a run of exactly l, fewer crossings than a second
//! bound.

use super::Method;

/// The fewest observations that there is a box for; the table goes on to 100.
const FIRST: usize = 10;

/// For each number of observations: the fewest crossings, the longest run; then, where corners are cut, the
/// fewest crossings with a run of just that length, and the longest run with just so many crossings; else 0.
const BOXES: [[u8; 4]; 91] = [
    [2, 6, 3, 5],
    [3, 7, 4, 6],
    [3, 6, 0, 0],
    [3, 6, 0, 0],
    [3, 6, 0, 0],
    [4, 7, 6, 6],
    [5, 8, 6, 7],
    [5, 7, 0, 0],
    [5, 7, 6, 6],
    [5, 7, 6, 5],
    [6, 7, 0, 0],
    [7, 8, 0, 0],
    [6, 7, 7, 6],
    [6, 7, 7, 6],
    [6, 7, 7, 6],
    [6, 7, 0, 0],
    [9, 9, 10, 7],
    [9, 8, 10, 7],
    [9, 8, 11, 7],
    [10, 8, 0, 0],
    [11, 10, 12, 9],
    [11, 9, 14, 8],
    [11, 8, 0, 0],
    [11, 8, 12, 7],
    [11, 8, 13, 7],
    [12, 8, 0, 0],
    [13, 9, 15, 8],
    [14, 10, 0, 0],
    [13, 8, 0, 0],
    [15, 11, 0, 0],
    [15, 9, 0, 0],
    [15, 9, 17, 8],
    [14, 8, 0, 0],
    [14, 8, 0, 0],
    [17, 10, 0, 0],
    [17, 9, 0, 0],
    [17, 9, 19, 8],
    [17, 9, 20, 7],
    [19, 12, 20, 11],
    [19, 10, 21, 9],
    [19, 9, 0, 0],
    [19, 9, 21, 8],
    [19, 9, 21, 7],
    [21, 11, 23, 9],
    [21, 10, 23, 8],
    [21, 9, 0, 0],
    [21, 9, 23, 8],
    [23, 12, 25, 11],
    [23, 10, 24, 9],
    [23, 10, 26, 8],
    [23, 9, 0, 0],
    [23, 9, 24, 8],
    [25, 11, 27, 9],
    [25, 10, 27, 9],
    [26, 11, 27, 10],
    [26, 10, 27, 9],
    [27, 12, 29, 10],
    [27, 10, 0, 0],
    [27, 10, 29, 8],
    [28, 11, 29, 8],
    [29, 14, 30, 13],
    [29, 11, 31, 9],
    [29, 10, 30, 9],
    [30, 11, 31, 10],
    [30, 10, 0, 0],
    [31, 12, 32, 9],
    [31, 11, 34, 8],
    [31, 10, 33, 9],
    [32, 11, 33, 8],
    [33, 13, 37, 11],
    [33, 11, 35, 9],
    [33, 10, 0, 0],
    [34, 11, 36, 10],
    [33, 10, 36, 7],
    [35, 11, 0, 0],
    [35, 11, 38, 8],
    [35, 10, 36, 9],
    [35, 10, 38, 8],
    [37, 12, 38, 10],
    [37, 11, 39, 9],
    [38, 12, 0, 0],
    [37, 10, 39, 9],
    [39, 13, 41, 12],
    [39, 11, 40, 10],
    [39, 11, 42, 8],
    [39, 10, 0, 0],
    [39, 10, 41, 8],
    [41, 12, 42, 9],
    [41, 11, 44, 9],
    [42, 12, 43, 10],
    [41, 10, 42, 9],
];

/// Whether the series stays in the box of this method; `None` if the method has none for so many.
pub(super) fn is_inside(method: Method, useful: usize, crossings: usize, longest: usize) -> Option<bool> {
    let row = useful.checked_sub(FIRST).and_then(|row| BOXES.get(row))?;
    let [fewest, most, fewest_on_edge, most_on_edge] = row.map(usize::from);
    let inside = crossings >= fewest && longest <= most;
    match method {
        Method::Anhoej => None,
        Method::CutBox if fewest_on_edge > 0 => Some(
            inside
                && (crossings > fewest && longest < most
                    || crossings == fewest && longest <= most_on_edge
                    || crossings >= fewest_on_edge),
        ),
        Method::BestBox | Method::CutBox => Some(inside),
    }
}
