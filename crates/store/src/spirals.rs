//! Spirals and what is recorded beneath them, as rows.

use std::collections::HashMap;

use spiral_domain::people::Action;
use spiral_domain::spirals::{
    Criterion, Decision, DecisionMode, DecisionOption, DecisionScore, Entry, EntryKind, FieldChange,
    Handover, KnowledgeAnswer, KnowledgeRequest, KnowledgeSource, KnowledgeUse, Need, NeedState, NeedVoice,
    Outcome, OutcomeEvidence, OutcomeKind, ProgressScore, Quiet, Recorded, Refresher, RefresherFinding,
    RequestState, Spiral, SpiralOrigin, SpiralStatus, SpiralStep, Stay,
};
use spiral_domain::tenancy::OrgUnit;
use spiral_domain::{
    Date, DecisionId, EntryId, InnovationId, KnowledgeAnswerId, KnowledgeRequestId, KnowledgeUseId,
    MeasureId, NeedId, OutcomeId, PrincipalId, ProgrammeId, ProgressScoreId, RefresherId, Result, Sharing,
    SpiralId, StayId, SubjectId, Timestamp, UnitId, WorkKind,
};

use crate::microsystems::Work;
use crate::record::{Record, Scoping, columns_of, record};
use crate::store::{Find, Store};
use crate::tx::Tx;
use crate::value::{Column as _, as_json_text};

mod cells;
mod collaborations;
mod handovers;
pub use cells::{Facet, SpiralCells, within};

as_json_text!(
    SpiralOrigin,
    SpiralStatus,
    SpiralStep,
    Vec<Quiet>,
    NeedVoice,
    NeedState,
    KnowledgeSource,
    RequestState,
    RefresherFinding,
    Vec<DecisionOption>,
    Vec<Criterion>,
    Vec<DecisionScore>,
    DecisionMode,
    OutcomeKind,
    OutcomeEvidence,
    EntryKind,
    Vec<FieldChange>,
);

record!(Spiral, 40, "spiral", "spiral", "spirals", Scoping::Shared(Action::ReadSpirals), {
    id: SpiralId, unit_id: UnitId, title: String, theme: Option<String>, origin: SpiralOrigin,
    priority: Option<String>, innovation_id: Option<InnovationId>, programme_id: Option<ProgrammeId>,
    status: SpiralStatus, turn: i64, step: SpiralStep, started_on: Date, entered_on: Date, active_on: Date,
    dormant_from: Option<Date>, quiet: Vec<Quiet>, discontinued_because: Option<String>, sharing: Sharing,
    started_by: PrincipalId, version: i64, created_at: Timestamp, updated_at: Timestamp,
});

record!(Stay, 41, "spiral_stay", "stay", "spiral_stays", Scoping::Shared(Action::ReadSpirals), {
    id: StayId, spiral_id: SpiralId, unit_id: UnitId, turn: i64, step: SpiralStep, status: SpiralStatus,
    began_on: Date, ended_on: Option<Date>, sharing: Sharing, version: i64, created_at: Timestamp,
    updated_at: Timestamp,
});

record!(Need, 42, "spiral_need", "need", "spiral_needs", Scoping::Shared(Action::ReadSpirals), {
    id: NeedId, spiral_id: SpiralId, unit_id: UnitId, turn: i64, gap: String, voiced_by: NeedVoice,
    measure_id: Option<MeasureId>, current_value: Option<f64>, potential_value: Option<f64>,
    why_not_otherwise: Option<String>, state: NeedState, sharing: Sharing, recorded_by: PrincipalId, version: i64,
    created_at: Timestamp, updated_at: Timestamp,
});

record!(KnowledgeUse, 43, "knowledge_use", "knowledge use", "knowledge_uses", Scoping::Shared(Action::ReadSpirals), {
    id: KnowledgeUseId, spiral_id: SpiralId, unit_id: UnitId, turn: i64, looked_at: String,
    came_from: KnowledgeSource, learnt_from_id: Option<UnitId>, citation: Option<String>, learnt: String,
    withdrawn: bool, sharing: Sharing, recorded_by: PrincipalId, version: i64, created_at: Timestamp,
    updated_at: Timestamp,
});

record!(KnowledgeRequest, 44, "knowledge_request", "knowledge request", "knowledge_requests", Scoping::Directory, {
    id: KnowledgeRequestId, spiral_id: SpiralId, unit_id: UnitId, question: String, theme: Option<String>,
    state: RequestState, answers: i64, asked_by: PrincipalId, version: i64, created_at: Timestamp,
    updated_at: Timestamp,
});

record!(KnowledgeAnswer, 45, "knowledge_answer", "knowledge answer", "knowledge_answers", Scoping::Directory, {
    id: KnowledgeAnswerId, request_id: KnowledgeRequestId, unit_id: UnitId, text: String, citation: Option<String>,
    answered_by: PrincipalId, version: i64, created_at: Timestamp, updated_at: Timestamp,
});

record!(Decision, 46, "spiral_decision", "decision", "spiral_decisions", Scoping::Shared(Action::ReadSpirals), {
    id: DecisionId, spiral_id: SpiralId, unit_id: UnitId, turn: i64, question: String,
    options: Vec<DecisionOption>, criteria: Vec<Criterion>, scores: Vec<DecisionScore>, choice: Option<String>,
    reason: Option<String>, mode: Option<DecisionMode>, decided_on: Option<Date>, sharing: Sharing,
    recorded_by: PrincipalId, version: i64, created_at: Timestamp, updated_at: Timestamp,
});

record!(Outcome, 47, "spiral_outcome", "outcome", "spiral_outcomes", Scoping::Shared(Action::ReadSpirals), {
    id: OutcomeId, spiral_id: SpiralId, unit_id: UnitId, turn: i64, kind: OutcomeKind, text: String,
    evidence: OutcomeEvidence, measure_id: Option<MeasureId>, since: Option<Date>, checked_on: Option<Date>,
    in_place: Option<bool>, withdrawn: bool, sharing: Sharing, recorded_by: PrincipalId, version: i64,
    created_at: Timestamp, updated_at: Timestamp,
});

record!(Refresher, 94, "spiral_refresher", "refresher", "spiral_refreshers", Scoping::Shared(Action::ReadSpirals), {
    id: RefresherId, spiral_id: SpiralId, unit_id: UnitId, turn: i64, turn_ended_on: Date, months: i64,
    due_on: Date, done_on: Option<Date>, finding: Option<RefresherFinding>, note: Option<String>, withdrawn: bool,
    sharing: Sharing, recorded_by: PrincipalId, version: i64, created_at: Timestamp, updated_at: Timestamp,
});

record!(Entry, 48, "timeline_entry", "timeline entry", "timeline_entries", Scoping::Shared(Action::ReadSpirals), {
    id: EntryId, spiral_id: SpiralId, unit_id: UnitId, turn: i64, step: SpiralStep, kind: EntryKind,
    subject: String, subject_id: SubjectId, changes: Vec<FieldChange>, reason: Option<String>, occurred_on: Date,
    done_by: PrincipalId, work: WorkKind, sharing: Sharing, recorded_at: Timestamp,
});

record!(ProgressScore, 49, "progress_score", "progress score", "progress_scores", Scoping::Shared(Action::ReadSpirals), {
    id: ProgressScoreId, spiral_id: SpiralId, unit_id: UnitId, turn: i64, score: f64, note: Option<String>,
    set_on: Date, sharing: Sharing, set_by: PrincipalId, version: i64, created_at: Timestamp, updated_at: Timestamp,
});

/// A record that belongs to a spiral.
pub trait Beneath: Record + Clone {
    /// The spiral.
    fn spiral(&self) -> SpiralId;
}

macro_rules! beneath {
    ($($name:ty),* $(,)?) => {$(
        impl Beneath for $name {
            fn spiral(&self) -> SpiralId {
                self.spiral_id
            }
        }
    )*};
}
beneath!(
    Stay,
    Need,
    KnowledgeUse,
    KnowledgeRequest,
    Decision,
    Outcome,
    Refresher,
    Entry,
    ProgressScore,
);

/// One that is changed in the course of things.
pub trait Amended: Beneath {
    /// Row version.
    fn version(&self) -> i64;
    /// Notes that it was changed.
    fn amended(&mut self, now: Timestamp);
}

macro_rules! amended {
    ($($name:ty),* $(,)?) => {$(
        impl Amended for $name {
            fn version(&self) -> i64 {
                self.version
            }
            fn amended(&mut self, now: Timestamp) {
                self.version += 1;
                self.updated_at = now;
            }
        }
    )*};
}
amended!(Need, KnowledgeUse, KnowledgeRequest, Decision, Outcome, Refresher);

/// Which spirals a list shows.
#[derive(Debug, Clone, Default)]
pub struct SpiralFilter {
    /// Of this unit.
    pub unit: Option<UnitId>,
    /// Of units at or beneath the one with this path.
    pub within: Option<String>,
    /// That stand so.
    pub status: Option<SpiralStatus>,
    /// In this step.
    pub step: Option<SpiralStep>,
    /// With this theme.
    pub theme: Option<String>,
    /// With this origin.
    pub origin: Option<SpiralOrigin>,
    /// That adopt this innovation.
    pub innovation: Option<InnovationId>,
    /// Of this programme.
    pub programme: Option<ProgrammeId>,
}

impl<R: Beneath> Find<'_, R> {
    /// Narrows it to what belongs to these spirals.
    #[must_use]
    pub fn beneath(self, spirals: &[SpiralId]) -> Self {
        self.among("r.spiral_id", spirals)
    }
}

impl Find<'_, Spiral> {
    /// Narrows it to what the filter lets through on a day: dormancy is what the day says, noted or not.
    #[must_use]
    pub fn matching(mut self, filter: &SpiralFilter, today: Date) -> Self {
        if let Some(unit) = filter.unit {
            self = self.filter("r.unit_id = ?", [unit.value()]);
        }
        if let Some(path) = &filter.within {
            self = self.with(|sql| {
                sql.push_beneath("u.path", path);
            });
        }
        self = match filter.status {
            None => self,
            Some(SpiralStatus::Active) => self.filter(
                "r.status in ('active', 'dormant') and r.dormant_from > ?",
                [today.value()],
            ),
            Some(SpiralStatus::Dormant) => self.filter(
                "r.status in ('active', 'dormant') and r.dormant_from <= ?",
                [today.value()],
            ),
            Some(closed) => self.filter("r.status = ?", [closed.value()]),
        };
        if let Some(step) = filter.step {
            self = self.filter("r.step = ?", [step.value()]);
        }
        if let Some(theme) = &filter.theme {
            self = self.filter("r.theme = ?", [theme.value()]);
        }
        if let Some(origin) = filter.origin {
            self = self.filter("r.origin = ?", [origin.value()]);
        }
        if let Some(innovation) = filter.innovation {
            self = self.filter("r.innovation_id = ?", [innovation.value()]);
        }
        if let Some(programme) = filter.programme {
            self = self.filter("r.programme_id = ?", [programme.value()]);
        }
        self
    }
}

impl Store {
    /// What is recorded beneath a spiral as evidence, whoever asks: for the rules, never for showing.
    pub async fn recorded(&self, spiral: SpiralId) -> Result<Recorded> {
        Ok(Recorded {
            needs: self.all_beneath(spiral).await?,
            knowledge_uses: self.all_beneath(spiral).await?,
            decisions: self.all_beneath(spiral).await?,
            outcomes: self.all_beneath(spiral).await?,
            aims: self.naming(spiral).await?,
            cycles: self.naming(spiral).await?,
            turn_began: self.turn_began(spiral).await?,
        })
    }

    /// The work of a spiral's own unit that names it and was not taken back, whoever asks: for the rules.
    async fn naming<W: Work>(&self, spiral: SpiralId) -> Result<Vec<W>> {
        self.find_all::<W>()
            .filter(
                "not r.retracted and r.spiral_id = ? and exists (select 1 from spirals s \
                 where s.tenant_id = r.tenant_id and s.id = r.spiral_id and s.unit_id = r.unit_id)",
                [spiral.value()],
            )
            .all("r.id")
            .await
    }

    /// The first day of the turn that a spiral is in.
    async fn turn_began(&self, spiral: SpiralId) -> Result<Option<Date>> {
        let stays: Vec<Stay> = self.all_beneath(spiral).await?;
        let turn = stays.iter().map(|stay| stay.turn).max();
        let of_turn = stays.iter().filter(|stay| Some(stay.turn) == turn);
        Ok(of_turn.map(|stay| stay.began_on).min())
    }

    async fn all_beneath<R: Beneath>(&self, spiral: SpiralId) -> Result<Vec<R>> {
        self.find_all::<R>().beneath(&[spiral]).all("r.id").await
    }

    /// The latest spiral of each unit that the reader sees one of: the one that began last.
    pub async fn latest_spirals(&self, units: &[UnitId]) -> Result<HashMap<UnitId, Spiral>> {
        let found = self
            .find::<Spiral>()
            .among("r.unit_id", units)
            .filter(
                // What is seen of a unit's spirals is seen of all of them: their level is the unit's.
                "not exists (select 1 from spirals later where later.tenant_id = r.tenant_id \
                 and later.unit_id = r.unit_id and (later.started_on > r.started_on \
                 or later.started_on = r.started_on and later.id > r.id))",
                [],
            )
            .all("r.id")
            .await?;
        Ok(found.into_iter().map(|spiral| (spiral.unit_id, spiral)).collect())
    }

    /// What each of these teams last said of its progress, as far as the reader sees it.
    pub async fn latest_progress(&self, spirals: &[SpiralId]) -> Result<HashMap<SpiralId, ProgressScore>> {
        let found = self
            .find::<ProgressScore>()
            .beneath(spirals)
            .filter(
                "not exists (select 1 from progress_scores later where later.tenant_id = r.tenant_id \
                 and later.spiral_id = r.spiral_id and (later.set_on > r.set_on \
                 or later.set_on = r.set_on and later.id > r.id))",
                [],
            )
            .all("r.id")
            .await?;
        Ok(found.into_iter().map(|score| (score.spiral_id, score)).collect())
    }

    /// The last entries of each timeline that the reader sees, latest first, in one statement.
    pub async fn latest_entries(
        &self,
        spirals: &[SpiralId],
        last: i64,
    ) -> Result<HashMap<SpiralId, Vec<Entry>>> {
        let columns = columns_of::<Entry>("r");
        let mut sql = self.sql(
            &format!(
                "select * from (select {columns}, row_number() over (partition by r.spiral_id order by r.id desc) as place \
                 from timeline_entries r join org_units u on u.tenant_id = r.tenant_id and u.id = r.unit_id \
                 where r.tenant_id = ? and "
            ),
            [self.scope.tenant.value()],
        );
        self.scope.push_visible::<Entry>(&mut sql, "r", "u");
        sql.push(" and ")
            .push_in("r.spiral_id", spirals)
            .push(") placed where place <= ")
            .bind(last)
            .push(" order by spiral_id, place");
        let mut by_spiral: HashMap<SpiralId, Vec<Entry>> = HashMap::new();
        for row in self.fetch(sql).await? {
            let entry = Entry::read(&row)?;
            by_spiral.entry(entry.spiral_id).or_default().push(entry);
        }
        Ok(by_spiral)
    }

    /// How far a unit shares each kind of its work where it stands beneath a spiral: no further than the spiral.
    pub async fn levels_with_spirals(&self, unit: &OrgUnit) -> Result<HashMap<WorkKind, Sharing>> {
        let settings = self.sharing_of(&[unit]).await?;
        let level = |kind| {
            settings
                .get(&(unit.id, kind))
                .map_or(Sharing::Team, |set| set.level)
        };
        let of_spirals = level(WorkKind::Spirals);
        Ok(WorkKind::ALL
            .into_iter()
            .map(|kind| (kind, level(kind).min(of_spirals)))
            .collect())
    }

    /// A spiral, whoever asks: for what another record does to it, never for showing.
    pub async fn spiral_for_rules(&self, spiral: SpiralId) -> Result<Spiral> {
        self.find_all::<Spiral>().ids(&[spiral]).one().await
    }

    /// The spirals of these units that go on, dormant or not, whoever asks.
    pub async fn open_spirals(&self, units: &[UnitId]) -> Result<Vec<Spiral>> {
        self.find_all::<Spiral>()
            .among("r.unit_id", units)
            .filter("r.status in ('active', 'dormant')", [])
            .all("r.id")
            .await
    }

    /// Spirals whose day of dormancy has come without anybody having noted it.
    pub async fn spirals_falling_dormant(&self, today: Date, most: i64) -> Result<Vec<Spiral>> {
        self.find_all::<Spiral>()
            .filter("r.status = 'active' and r.dormant_from <= ?", [today.value()])
            .all(&format!("r.id limit {most}"))
            .await
    }
}

impl Tx {
    /// The stays of a spiral as the write finds them, in order.
    pub async fn stays_of(&self, spiral: SpiralId) -> Result<Vec<Stay>> {
        self.all_beneath(spiral).await
    }

    /// Adds a spiral with its first stay.
    pub async fn add_spiral(&mut self, spiral: &Spiral, stay: &Stay) -> Result<()> {
        self.insert(spiral).await?;
        self.insert(stay).await?;
        self.recount_spiral(None, spiral, std::slice::from_ref(stay))
            .await
    }

    /// Adds many spirals, with all their stays and what their timelines tell.
    pub async fn add_spirals(&mut self, spirals: &[Spiral], stays: &[Stay], entries: &[Entry]) -> Result<()> {
        self.insert_all(spirals).await?;
        self.insert_all(stays).await?;
        self.insert_all(entries).await?;
        self.count_new(spirals, stays).await
    }

    /// Writes a changed spiral, and what changed of its stays.
    pub async fn change_spiral(&mut self, spiral: &Spiral, stays: &[Stay]) -> Result<()> {
        self.recount_changed(spiral, stays).await?;
        self.update(spiral).await?;
        self.put_all(stays).await
    }

    /// Adds something beneath a spiral.
    pub async fn add_beneath<R: Beneath>(&mut self, record: &R) -> Result<()> {
        self.insert(record).await
    }

    /// Writes something changed beneath a spiral.
    pub async fn change_beneath<R: Beneath>(&mut self, record: &R) -> Result<()> {
        self.update(record).await
    }

    /// Adds an answer to a knowledge request.
    pub async fn add_knowledge_answer(&mut self, answer: &KnowledgeAnswer) -> Result<()> {
        self.insert(answer).await
    }

    /// Lets a unit's spirals, what is beneath them and the counts follow its new sharing level. To be called before the
    /// unit's new setting is written.
    pub async fn reshare_spirals(&mut self, unit: &OrgUnit, level: Sharing) -> Result<()> {
        let level = level.on(unit.tier);
        let was = self.spirals_sharing(&[unit]).await?;
        let was = was.get(&unit.id).copied().unwrap_or(level);
        if was == level {
            return Ok(());
        }
        self.move_spirals_level(unit, was, level).await?;
        macro_rules! reshare {
            ($($kind:ty),*) => {$(
                let mut records: Vec<$kind> = self.at_other_level(unit.id, level).await?;
                for record in &mut records {
                    record.sharing = level;
                    record.version += 1;
                }
                self.put_all(&records).await?;
            )*};
        }
        reshare!(
            Spiral,
            Stay,
            Need,
            KnowledgeUse,
            Decision,
            Outcome,
            Refresher,
            Handover
        );
        Ok(())
    }

    /// Lets what is shared as far as the narrower of two kinds of work follow: progress scores and the entries of
    /// timelines; to be called after the setting is written.
    pub async fn reshare_timelines(&mut self, unit: &OrgUnit) -> Result<()> {
        let levels = self.levels_with_spirals(unit).await?;
        let level = |kind| levels.get(&kind).copied().unwrap_or(Sharing::Team);
        let of_progress = level(WorkKind::ProgressScores);
        let mut scores: Vec<ProgressScore> = self.at_other_level(unit.id, of_progress).await?;
        for score in &mut scores {
            score.sharing = of_progress;
            score.version += 1;
        }
        self.put_all(&scores).await?;
        for kind in WorkKind::ALL {
            let is = level(kind);
            let mut entries: Vec<Entry> = self
                .find_all()
                .filter(
                    "r.unit_id = ? and r.work = ? and r.sharing <> ?",
                    [unit.id.value(), kind.value(), is.value()],
                )
                .all("r.id")
                .await?;
            for entry in &mut entries {
                entry.sharing = is;
            }
            self.put_all(&entries).await?;
        }
        Ok(())
    }

    async fn at_other_level<R: Record>(&self, unit: UnitId, level: Sharing) -> Result<Vec<R>> {
        self.find_all()
            .filter("r.unit_id = ? and r.sharing <> ?", [unit.value(), level.value()])
            .all("r.id")
            .await
    }
}
