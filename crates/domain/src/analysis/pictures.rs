//! Charts as pictures.

use serde::{Deserialize, Serialize};

/// Light or dark.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, utoipa::ToSchema, async_graphql::Enum,
)]
#[serde(rename_all = "snake_case")]
pub enum ChartTheme {
    /// As the reader's device is set; light where that is not known, and in pictures of pixels.
    #[default]
    Auto,
    /// Dark on light.
    Light,
    /// Light on dark.
    Dark,
}

/// A chart as it is drawn, with the texts that stand for it where it is not seen.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, async_graphql::SimpleObject)]
#[serde(rename_all = "camelCase")]
pub struct ChartDrawing {
    /// The whole SVG document.
    pub svg: String,
    /// Its width in pixels.
    pub width: i32,
    /// Its height in pixels.
    pub height: i32,
    /// What it is of: the text to put in the place of the picture.
    pub title: String,
    /// What it shows, in sentences.
    pub description: String,
    /// Its figures, for readers who do not see the picture.
    pub table: ChartTable,
}

/// The figures of a chart as they are to be shown: texts with units and thousands apart, not for computing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, async_graphql::SimpleObject)]
#[serde(rename_all = "camelCase")]
pub struct ChartTable {
    /// What it is of.
    pub caption: String,
    /// The names of its columns; one in which nothing stands is left out.
    pub columns: Vec<String>,
    /// A text for each column; empty where there is nothing.
    pub rows: Vec<Vec<String>>,
    /// So many rows came before the first and are left out: a table has the last 1,000.
    pub left_out: i32,
}
