//! The same figures, counted unit by unit and day by day from the events alone.

use spiral_domain::innovations::Innovation;
use spiral_domain::spread::{AdoptionEvent, Mode, Stage};
use spiral_domain::tenancy::OrgUnit;
use spiral_domain::{Date, DatePrecision, Sharing};

/// Everything there is, as the platform sees it.
pub struct Facts {
    pub units: Vec<(OrgUnit, Sharing)>,
    pub events: Vec<AdoptionEvent>,
}

/// One unit's part in one innovation.
pub struct History<'f> {
    pub unit: &'f OrgUnit,
    pub matches: bool,
    events: Vec<(Date, &'f AdoptionEvent)>,
}

impl Facts {
    pub fn history<'f>(&'f self, innovation: &Innovation, unit: &'f OrgUnit) -> History<'f> {
        let area = unit.service_area.as_deref().unwrap_or_default();
        let matches = (innovation.tiers.is_empty() || innovation.tiers.contains(&unit.tier))
            && (innovation.kinds.is_empty() || innovation.kinds.contains(&unit.kind))
            && (innovation.service_areas.is_empty() || innovation.service_areas.iter().any(|a| a == area));
        let mut events: Vec<&AdoptionEvent> = self
            .events
            .iter()
            .filter(|e| e.unit_id == unit.id && e.innovation_id == innovation.id && !e.retracted)
            .collect();
        events.sort_by(|a, b| {
            (a.occurred_on, a.stage, a.recorded_at, a.id).cmp(&(b.occurred_on, b.stage, b.recorded_at, b.id))
        });
        let dated = |e: &&'f AdoptionEvent| match unit.opened_on {
            Some(opened) if opened > e.occurred_on => opened,
            _ => e.occurred_on,
        };
        History {
            unit,
            matches,
            events: events.iter().map(|e| (dated(e), *e)).collect(),
        }
    }
}

impl History<'_> {
    pub fn eligible(&self, day: Date) -> bool {
        self.matches && self.unit.open_on(day)
    }

    pub fn state(&self, day: Date) -> Option<Stage> {
        self.events
            .iter()
            .rfind(|(on, _)| *on <= day)
            .map(|(_, e)| e.stage)
    }

    pub fn adopted(&self, day: Date) -> bool {
        matches!(self.state(day), Some(Stage::Implemented | Stage::Routine))
    }

    fn first(&self) -> Option<&(Date, &AdoptionEvent)> {
        self.events
            .iter()
            .find(|(_, e)| matches!(e.stage, Stage::Implemented | Stage::Routine))
    }

    pub fn first_adopted(&self) -> Option<Date> {
        self.first().map(|(on, _)| *on)
    }

    pub fn ever(&self, day: Date) -> bool {
        self.first_adopted().is_some_and(|on| on <= day)
    }

    /// Whether it had adopted, in this way; none: in a way that is not known.
    pub fn mode(&self, day: Date, mode: Option<Mode>) -> bool {
        self.first().is_some_and(|(on, e)| *on <= day && e.mode == mode)
    }

    /// Whether it had adopted without inheriting, and learnt it from a peer or not; none: that is not known.
    pub fn peer(&self, day: Date, peer: Option<bool>) -> bool {
        self.first().is_some_and(|(on, e)| {
            let known = e.learnt_from_tier.map(|tier| tier <= self.unit.tier);
            *on <= day && e.mode != Some(Mode::Inherited) && known == peer
        })
    }

    /// 0 to the month, 1 to the quarter, 2 to the year: the worst of those that make or end an adopter.
    pub fn exactness(&self) -> u8 {
        let mut adopter = false;
        let mut worst = 0;
        for (_, e) in &self.events {
            let is = matches!(e.stage, Stage::Implemented | Stage::Routine);
            if is != adopter {
                adopter = is;
                worst = worst.max(match e.occurred_precision {
                    DatePrecision::Year => 2,
                    DatePrecision::Quarter => 1,
                    _ => 0,
                });
            }
        }
        worst
    }
}
