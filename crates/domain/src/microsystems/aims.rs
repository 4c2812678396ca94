//! Aims: what a team wants to reach, by when, and how far it has come.

use serde::{Deserialize, Serialize};

use super::plain_enum;
use crate::error::{Result, Violations};
use crate::ids::{AimId, MeasureId, PrincipalId, SpiralId, UnitId};
use crate::measures::{Direction, LARGEST, Measure};
use crate::patch::Patch;
use crate::reference::Reference;
use crate::sharing::{Sharing, Withheld};
use crate::text::check_text;
use crate::time::{Date, Timestamp};

/// The longest statement.
const LONGEST_STATEMENT: usize = 500;

plain_enum! {
    /// How wide an aim is.
    AimKind {
        /// Where the team wants to get with its work as a whole.
        Global "global",
        /// A measure, from where, to where, by when.
        Specific "specific",
    }
}

plain_enum! {
    /// Where an aim stands, as the team sees it.
    AimStatus {
        /// The team works on it.
        Active "active",
        /// It is reached.
        Met "met",
        /// Its day has passed, and it is not reached.
        Missed "missed",
        /// The team no longer pursues it.
        Dropped "dropped",
    }
}

plain_enum! {
    /// Which way a measure is to go.
    AimDirection {
        /// Up.
        Increase "increase",
        /// Down.
        Decrease "decrease",
    }
}

/// What a team wants to reach.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema, async_graphql::SimpleObject)]
#[serde(rename_all = "camelCase")]
#[graphql(name = "AimRecord")]
pub struct Aim {
    /// Its id.
    pub id: AimId,
    /// The unit whose aim it is.
    pub unit_id: UnitId,
    /// The spiral that it is part of.
    pub spiral_id: Option<SpiralId>,
    /// How wide it is.
    pub kind: AimKind,
    /// What is to be reached, in the team's words.
    pub statement: String,
    /// The global aim that it is part of.
    pub under_id: Option<AimId>,
    /// The measure that tells, in the version it was set for; null for a global aim.
    pub measure_id: Option<MeasureId>,
    /// Which way the measure is to go; null for a global aim.
    pub direction: Option<AimDirection>,
    /// Where the measure stood, on the scale of the shown rate.
    pub from_value: Option<f64>,
    /// Where it is to get.
    pub to_value: Option<f64>,
    /// By when; null if a global aim has no day.
    pub by_when: Option<Date>,
    /// Where it stands, as the team sees it.
    pub status: AimStatus,
    /// Whether it was taken back.
    pub retracted: bool,
    /// How far it is shared.
    pub sharing: Sharing,
    /// Who recorded this state of it.
    pub recorded_by: PrincipalId,
    /// Row version, for `If-Match`.
    pub version: i64,
    /// When it was set.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
}

impl Aim {
    /// Which share of the distance a value has come: 0 where it was, 1 where it is to get; below 0 it went the other
    /// way. None for a global aim.
    pub fn distance(&self, value: f64) -> Option<f64> {
        let (from, to) = (self.from_value?, self.to_value?);
        let share = (value - from) / (to - from);
        share.is_finite().then_some(share)
    }

    /// The rules between its parts; pointers are those of an input.
    fn check_parts(&self, found: &mut Violations) {
        let numbers = [("/fromValue", self.from_value), ("/toValue", self.to_value)];
        for (pointer, number) in numbers {
            if let Some(number) = number {
                found.require(
                    number.is_finite() && number.abs() <= LARGEST,
                    pointer,
                    "out_of_range",
                    || format!("a value is between -{LARGEST:e} and {LARGEST:e}"),
                );
            }
        }
        if let Some(day) = self.by_when {
            found.require(day.is_plausible(), "/byWhen", "out_of_range", || {
                "a date is between 1900 and 2200".into()
            });
        }
        let parts = [
            ("/measure", self.measure_id.is_some()),
            ("/fromValue", self.from_value.is_some()),
            ("/toValue", self.to_value.is_some()),
        ];
        match self.kind {
            AimKind::Specific => {
                for (pointer, given) in parts.into_iter().chain([("/byWhen", self.by_when.is_some())]) {
                    found.require(given, pointer, "missing", || {
                        "a specific aim has a measure, from where, to where, and by when".into()
                    });
                }
            }
            AimKind::Global => {
                for (pointer, given) in parts.into_iter().chain([
                    ("/direction", self.direction.is_some()),
                    ("/under", self.under_id.is_some()),
                ]) {
                    found.require(!given, pointer, "of_specific_aims", || {
                        "only a specific aim has this".into()
                    });
                }
            }
        }
        let (Some(from), Some(to)) = (self.from_value, self.to_value) else {
            return;
        };
        if (from - to).abs() <= 0.0 {
            found.add(
                "/toValue",
                "no_distance",
                "an aim leads somewhere else than where it starts",
            );
        } else if let Some(said) = self.direction {
            let way = way(from, to);
            found.require(said == way, "/direction", "other_way", || {
                format!("from {from} to {to} is {}", way.name())
            });
        }
    }

    /// Whether the aim goes the way that the measure calls better.
    fn check_measure(&self, found: &mut Violations, measure: &Measure) {
        let against = matches!(
            (self.direction, measure.direction),
            (Some(AimDirection::Increase), Direction::LowerIsBetter)
                | (Some(AimDirection::Decrease), Direction::HigherIsBetter)
        );
        found.require(!against, "/toValue", "against_the_measure", || {
            format!("`{}` says that this is the worse direction", measure.code)
        });
    }

    /// Every rule of the aim as it is to be, with its measure if it names one; its direction follows from its values.
    pub fn settle(&mut self, measure: Option<&Measure>) -> Result<()> {
        let mut found = Violations::new();
        self.check_parts(&mut found);
        if let (Some(from), Some(to), None) = (self.from_value, self.to_value, self.direction)
            && (from - to).abs() > 0.0
        {
            self.direction = Some(way(from, to));
        }
        if let Some(measure) = measure {
            self.check_measure(&mut found, measure);
        }
        found.into_result()
    }
}

fn way(from: f64, to: f64) -> AimDirection {
    if to > from {
        AimDirection::Increase
    } else {
        AimDirection::Decrease
    }
}

/// Sets an aim.
#[derive(Debug, Clone, Serialize, Deserialize, utoipa::ToSchema, async_graphql::InputObject)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SetAim {
    /// The spiral that it is part of, by its id: one of the unit's own, or one that the unit works together with.
    #[serde(default)]
    pub spiral: Option<SpiralId>,
    /// How wide it is.
    pub kind: AimKind,
    /// What is to be reached, in the team's words.
    #[schema(
        max_length = 500,
        example = "Everybody who is referred is seen within two days"
    )]
    pub statement: String,
    /// The global aim that a specific one is part of, by its id.
    #[serde(default)]
    pub under: Option<AimId>,
    /// The measure that tells; only and always for a specific aim, as the three fields below.
    #[serde(default)]
    pub measure: Option<Reference>,
    /// Which way it is to go; follows from the values if absent.
    #[serde(default)]
    pub direction: Option<AimDirection>,
    /// Where the measure stands, on the scale of the shown rate.
    #[serde(default)]
    #[schema(example = 16.0)]
    pub from_value: Option<f64>,
    /// Where it is to get.
    #[serde(default)]
    #[schema(example = 24.0)]
    pub to_value: Option<f64>,
    /// By when.
    #[serde(default)]
    pub by_when: Option<Date>,
}

impl SetAim {
    /// Every rule that concerns the text; the others are those of the aim.
    pub fn check(&self) -> Violations {
        let mut found = Violations::new();
        check_text(&mut found, "/statement", &self.statement, LONGEST_STATEMENT);
        found
    }
}

/// Changes an aim; what is absent stays as it is, null clears. Kind and measure stay: another one is another aim.
#[derive(Debug, Clone, Default, Serialize, Deserialize, utoipa::ToSchema, async_graphql::InputObject)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ChangeAim {
    /// Another spiral that it is part of, or none.
    #[serde(default)]
    #[schema(value_type = Option<SpiralId>)]
    pub spiral: Patch<SpiralId>,
    /// Other words.
    #[serde(default)]
    #[schema(max_length = 500)]
    pub statement: Option<String>,
    /// Another place where the measure stood.
    #[serde(default)]
    pub from_value: Option<f64>,
    /// Another place where it is to get.
    #[serde(default)]
    pub to_value: Option<f64>,
    /// Another day; null if a global aim has none.
    #[serde(default)]
    #[schema(value_type = Option<Date>)]
    pub by_when: Patch<Date>,
    /// Where it stands now.
    #[serde(default)]
    pub status: Option<AimStatus>,
}

impl ChangeAim {
    /// Every rule that concerns the text; the others are those of the aim.
    pub fn check(&self) -> Violations {
        let mut found = Violations::new();
        if let Some(statement) = &self.statement {
            check_text(&mut found, "/statement", statement, LONGEST_STATEMENT);
        }
        found
    }

    /// The aim with the change made.
    pub fn apply(self, aim: &mut Aim) {
        if let Some(statement) = self.statement {
            aim.statement = statement;
        }
        if self.from_value.is_some() || self.to_value.is_some() {
            // What follows from the values is told anew.
            aim.direction = None;
        }
        aim.from_value = self.from_value.or(aim.from_value);
        aim.to_value = self.to_value.or(aim.to_value);
        self.by_when.apply(&mut aim.by_when);
        self.spiral.apply(&mut aim.spiral_id);
        if let Some(status) = self.status {
            aim.status = status;
        }
    }
}

/// How far an aim has come on a day, worked out of what the unit has reported.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema, async_graphql::SimpleObject)]
#[serde(rename_all = "camelCase")]
pub struct AimProgress {
    /// The aim.
    pub aim_id: AimId,
    /// As of which day.
    pub as_of: Date,
    /// The last reported value until then; null if there is none that the reader may see.
    pub value: Option<f64>,
    /// The last day of its period.
    pub value_on: Option<Date>,
    /// The share of the distance from `fromValue` to `toValue` that it has come: 1 and more is all of it, below 0 it
    /// went the other way.
    pub distance_share: Option<f64>,
    /// Whether the value is where it was to get.
    pub reached: Option<bool>,
    /// Days until its day; negative once that is past, null if it has none.
    pub days_left: Option<i64>,
    /// Why there is no share, in words; null if there is one.
    pub reason: Option<String>,
    /// Set if the unit keeps the figures from the reader, whether or not there are any.
    pub withheld: Option<Withheld>,
}
