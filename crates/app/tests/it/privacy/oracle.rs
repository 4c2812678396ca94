//! Who may read what, in plain words: roles, where they are held, how far a unit shares each kind of its work, and where
//! units stand. None of it looks at how the platform decides.

use std::collections::{BTreeMap, HashMap};

use spiral_domain::people::Role;
use spiral_domain::tenancy::Tier;
use spiral_domain::{Date, PrincipalId, Sharing, WorkKind};

use crate::tree::model::Model;

/// What a piece of a team's work is, as the rules speak of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sort {
    LeadTeam,
    Meeting,
    FivePs,
    PatientsFinding,
    Condition,
    Diagram,
    Aim,
    Spiral,
    Progress,
    /// That there is an aim, a ramp or a cycle, as a spiral's timeline tells it.
    AimTold,
    Survey,
    Figure,
    Collaboration,
}

impl Sort {
    /// The kinds of work that it belongs to: a part is shared no further than its whole.
    pub const fn kinds(self) -> &'static [WorkKind] {
        match self {
            Self::LeadTeam => &[WorkKind::LeadTeam],
            Self::Meeting => &[WorkKind::Meetings],
            Self::FivePs | Self::PatientsFinding => &[WorkKind::FivePs],
            Self::Condition => &[WorkKind::Conditions],
            Self::Diagram => &[WorkKind::Diagrams],
            Self::Aim => &[WorkKind::Aims],
            Self::Spiral => &[WorkKind::Spirals],
            Self::Progress => &[WorkKind::Spirals, WorkKind::ProgressScores],
            Self::AimTold => &[WorkKind::Spirals, WorkKind::Aims],
            Self::Survey => &[WorkKind::Surveys],
            Self::Figure => &[WorkKind::Observations],
            // Its readers are the teams that are in it, whatever they share.
            Self::Collaboration => &[],
        }
    }

    /// Whether a role reads this at all.
    pub const fn read_by(self, role: Role) -> bool {
        match role {
            Role::NationalLead
            | Role::NationalAnalyst
            | Role::ShaLead
            | Role::ShaAnalyst
            | Role::OrganisationLead
            | Role::OrganisationAnalyst
            | Role::TeamLead
            | Role::TeamMember
            | Role::Coach => true,
            // The team's spirals, aims and charts, and what was found about patients.
            Role::PatientPartner => matches!(
                self,
                Self::Spiral
                    | Self::Progress
                    | Self::AimTold
                    | Self::Aim
                    | Self::Figure
                    | Self::PatientsFinding
                    | Self::Collaboration
            ),
            Role::Integration | Role::Auditor => false,
        }
    }
}

/// How wide a tier's view is: what is shared with it or further is its to read.
const fn view(tier: Tier) -> Sharing {
    match tier {
        Tier::Microsystem => Sharing::Team,
        Tier::Organisation => Sharing::Organisation,
        Tier::Sha => Sharing::Sha,
        Tier::National => Sharing::National,
    }
}

/// What the rules say where nobody has set anything.
const fn by_default(kind: WorkKind) -> Sharing {
    match kind {
        WorkKind::Observations | WorkKind::Spirals | WorkKind::Aims => Sharing::Organisation,
        WorkKind::Adoption | WorkKind::FieldTests => Sharing::National,
        WorkKind::LeadTeam
        | WorkKind::Meetings
        | WorkKind::FivePs
        | WorkKind::Conditions
        | WorkKind::Diagrams
        | WorkKind::ProgressScores
        | WorkKind::Surveys
        | WorkKind::Sustainability => Sharing::Team,
    }
}

/// Where a role is held.
#[derive(Debug, Clone, Copy)]
pub enum Held {
    On(&'static str),
    /// On the network, which reads as its host's tier does.
    Across,
}

/// Somebody, with the roles that they hold, until when.
pub struct Reader {
    pub name: &'static str,
    pub id: PrincipalId,
    pub roles: Vec<(Role, Held, Option<Date>)>,
}

/// A network: its host's tier, and its members with their days.
pub struct Net {
    pub tier: Tier,
    pub members: Vec<(&'static str, Option<Date>, Option<Date>)>,
}

/// The world as the rules see it.
pub struct Rules {
    pub model: Model,
    pub set: HashMap<(String, WorkKind), Sharing>,
    pub net: Net,
    pub today: Date,
}

impl Rules {
    /// How far a unit shares a kind of its work. Below its own tier there is nobody to keep it from.
    pub fn shares(&self, unit: &str, kind: WorkKind) -> Sharing {
        let set = self.set.get(&(unit.to_owned(), kind));
        let level = set.copied().unwrap_or_else(|| by_default(kind));
        level.max(view(self.model.places[unit].tier))
    }

    fn shares_sort(&self, unit: &str, sort: Sort) -> Sharing {
        let own = view(self.model.places[unit].tier);
        let levels = sort.kinds().iter().map(|kind| self.shares(unit, *kind));
        levels.min().unwrap_or(own)
    }

    fn in_net(&self, unit: &str) -> bool {
        let (today, day) = (self.today, |day: Option<Date>, other| day.unwrap_or(other));
        self.net.members.iter().any(|(member, joined, left)| {
            *member == unit && day(*joined, Date::MIN) <= today && today <= day(*left, Date::MAX)
        })
    }

    /// Whether somebody may read this of a unit.
    pub fn may_read(&self, reader: &Reader, unit: &str, sort: Sort) -> bool {
        let level = self.shares_sort(unit, sort);
        level == Sharing::Everyone || self.reads_by_role(reader, unit, sort, level)
    }

    /// How far a unit shares what is worked out of several kinds of its work, if one of them is kept from somebody: as far
    /// as the narrowest that is.
    pub fn kept_of(&self, reader: &Reader, unit: &str, made_of: &[(WorkKind, Sort)]) -> Option<Sharing> {
        let levels = made_of
            .iter()
            .map(|(kind, sort)| (self.shares(unit, *kind), *sort));
        let reached =
            |level, sort| level == Sharing::Everyone || self.reads_by_role(reader, unit, sort, level);
        let kept = levels.filter(|(level, sort)| !reached(*level, *sort));
        kept.map(|(level, _)| level).min()
    }

    /// Whether they may, and have a role that looks at such things anywhere: somebody without any is turned away at the
    /// door, also from what is everyone's.
    pub fn reads(&self, reader: &Reader, unit: &str, sort: Sort) -> bool {
        self.may_read(reader, unit, sort) && self.looks_at(reader, sort)
    }

    /// Whether they have a role that looks at such things.
    pub fn looks_at(&self, reader: &Reader, sort: Sort) -> bool {
        self.roles(reader).any(|(role, _)| sort.read_by(role))
    }

    fn roles(&self, reader: &Reader) -> impl Iterator<Item = (Role, Held)> {
        let today = self.today;
        let roles = reader.roles.iter();
        roles
            .filter(move |(_, _, until)| until.is_none_or(|until| today <= until))
            .map(|(role, held, _)| (*role, *held))
    }

    fn reads_by_role(&self, reader: &Reader, unit: &str, sort: Sort, level: Sharing) -> bool {
        let above = self.model.read_from(unit);
        self.roles(reader).any(|(role, held)| {
            let (stands, tier) = match held {
                Held::On(place) => (above.contains(place), self.model.places[place].tier),
                Held::Across => (self.in_net(unit), self.net.tier),
            };
            // What was found about patients, a partner reads of their own team alone.
            let own = matches!((role, sort), (Role::PatientPartner, Sort::PatientsFinding));
            let own_only = !own || matches!(held, Held::On(place) if place == unit);
            sort.read_by(role) && stands && own_only && view(tier) <= level
        })
    }

    /// The teams that are open today and count at a unit.
    pub fn teams_at(&self, node: &str) -> Vec<&str> {
        let teams = self.model.places.iter().filter(|(code, place)| {
            place.tier == Tier::Microsystem
                && self.model.open_in(code, self.today, self.today)
                && self.model.counts_at(code, self.today).contains(node)
        });
        teams.map(|(code, _)| code.as_str()).collect()
    }
}

/// How often each thing happened, so that a test that never met anything worth checking fails.
pub type Tally = BTreeMap<&'static str, usize>;
