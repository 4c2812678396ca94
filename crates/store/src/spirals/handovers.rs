//! Spirals that are handed over to another unit, with all that is shared as they are.

use std::collections::HashMap;

use spiral_domain::people::Action;
use spiral_domain::spirals::{
    Decision, Entry, Handover, Home, KnowledgeRequest, KnowledgeUse, Need, Outcome, Refresher, Spiral, Stay,
};
use spiral_domain::{
    Date, HandoverId, ReorganisationId, Result, Sharing, SpiralId, Timestamp, UnitId, WorkKind,
};

use crate::record::{Scoping, record};
use crate::store::Store;
use crate::tx::Tx;
use crate::value::Column as _;

record!(Handover, 93, "spiral_handover", "handover", "spiral_handovers", Scoping::Shared(Action::ReadSpirals), {
    id: HandoverId, spiral_id: SpiralId, unit_id: UnitId, from_unit_id: UnitId, to_unit_id: UnitId, handed_on: Date,
    reorganisation_id: ReorganisationId, withdrawn: bool, sharing: Sharing, version: i64, recorded_at: Timestamp,
});

impl Store {
    /// The handovers of each spiral that hold, in the order in which they were recorded; whoever asks.
    pub async fn handovers_of(&self, spirals: &[SpiralId]) -> Result<HashMap<SpiralId, Vec<Handover>>> {
        let found = self
            .find_all::<Handover>()
            .among("r.spiral_id", spirals)
            .filter("not r.withdrawn", []);
        let mut by_spiral: HashMap<SpiralId, Vec<Handover>> = HashMap::new();
        for handover in found.all("r.id").await? {
            by_spiral.entry(handover.spiral_id).or_default().push(handover);
        }
        Ok(by_spiral)
    }

    /// The handovers that a reorganisation made and that hold, whoever asks.
    pub async fn handovers_by(&self, reorganisation: ReorganisationId) -> Result<Vec<Handover>> {
        self.find_all::<Handover>()
            .filter(
                "not r.withdrawn and r.reorganisation_id = ?",
                [reorganisation.value()],
            )
            .all("r.id")
            .await
    }

    /// The spirals that are, or were on some day, at these units, each with its stays and where it was; whoever asks:
    /// what of their counts a reader is told follows from what these units share.
    pub async fn spirals_ever_at(&self, units: &[UnitId]) -> Result<Vec<(Spiral, Vec<Stay>, Vec<Home>)>> {
        let found = self.find_all::<Spiral>().with(|sql| {
            sql.push("(")
                .push_in("r.unit_id", units)
                .push(
                    " or exists (select 1 from spiral_handovers h where h.tenant_id = r.tenant_id \
                     and h.spiral_id = r.id and not h.withdrawn and ",
                )
                .push_in("h.from_unit_id", units)
                .push("))");
        });
        self.with_history(found.all("r.id").await?).await
    }

    /// These spirals, each with its stays and where it was.
    pub(super) async fn with_history(
        &self,
        spirals: Vec<Spiral>,
    ) -> Result<Vec<(Spiral, Vec<Stay>, Vec<Home>)>> {
        let ids: Vec<SpiralId> = spirals.iter().map(|spiral| spiral.id).collect();
        let mut stays: HashMap<SpiralId, Vec<Stay>> = HashMap::new();
        for stay in self.find_all::<Stay>().beneath(&ids).all("r.id").await? {
            stays.entry(stay.spiral_id).or_default().push(stay);
        }
        let handovers = self.handovers_of(&ids).await?;
        Ok(spirals
            .into_iter()
            .map(|spiral| {
                let handovers = handovers.get(&spiral.id).map(Vec::as_slice).unwrap_or_default();
                let homes = Home::of(&spiral, handovers);
                (stays.remove(&spiral.id).unwrap_or_default(), spiral, homes)
            })
            .map(|(stays, spiral, homes)| (spiral, stays, homes))
            .collect())
    }
}

impl Tx {
    /// Writes handovers, new or withdrawn, and lets the spirals go on at their units, as far as these share: with all
    /// that is beneath them and shared as spirals are. What follows another kind of work stays where it was recorded.
    pub async fn hand_over(
        &mut self,
        handovers: &[Handover],
        to: &[(SpiralId, UnitId, Sharing)],
    ) -> Result<()> {
        let ids: Vec<SpiralId> = to.iter().map(|(spiral, ..)| *spiral).collect();
        let spirals: Vec<Spiral> = self.find_all::<Spiral>().ids(&ids).all("r.id").await?;
        let before = self.with_history(spirals).await?;
        let goes: HashMap<SpiralId, (UnitId, Sharing)> = to
            .iter()
            .map(|(spiral, unit, level)| (*spiral, (*unit, *level)))
            .collect();
        let now = self.now();
        macro_rules! move_all {
            ($($kind:ty),*) => {$(
                let mut records: Vec<$kind> = self.find_all().among("r.spiral_id", &ids).all("r.id").await?;
                for record in &mut records {
                    if let Some((unit, level)) = goes.get(&record.spiral_id) {
                        (record.unit_id, record.sharing) = (*unit, *level);
                        record.version += 1;
                    }
                }
                self.put_all(&records).await?;
            )*};
        }
        move_all!(Stay, Need, KnowledgeUse, Decision, Outcome, Refresher);
        let mut earlier: Vec<Handover> = self.find_all().among("r.spiral_id", &ids).all("r.id").await?;
        earlier.retain(|of| handovers.iter().all(|written| written.id != of.id));
        for handover in &mut earlier {
            if let Some((unit, level)) = goes.get(&handover.spiral_id) {
                (handover.unit_id, handover.sharing) = (*unit, *level);
                handover.version += 1;
            }
        }
        self.put_all(&earlier).await?;
        self.put_all(handovers).await?;
        let mut asked: Vec<KnowledgeRequest> = self.find_all().beneath(&ids).all("r.id").await?;
        for request in &mut asked {
            if let Some((unit, _)) = goes.get(&request.spiral_id) {
                request.unit_id = *unit;
                request.version += 1;
                request.updated_at = now;
            }
        }
        self.put_all(&asked).await?;
        let told = self.find_all::<Entry>().beneath(&ids);
        let told = told.filter("r.work = ?", [WorkKind::Spirals.value()]);
        let mut told: Vec<Entry> = told.all("r.id").await?;
        for entry in &mut told {
            if let Some((unit, level)) = goes.get(&entry.spiral_id) {
                (entry.unit_id, entry.sharing) = (*unit, *level);
            }
        }
        self.put_all(&told).await?;
        let mut moved: Vec<Spiral> = before.iter().map(|(spiral, ..)| spiral.clone()).collect();
        for spiral in &mut moved {
            if let Some((unit, level)) = goes.get(&spiral.id) {
                (spiral.unit_id, spiral.sharing) = (*unit, *level);
                spiral.version += 1;
                spiral.updated_at = now;
            }
        }
        self.put_all(&moved).await?;
        let after = self.with_history(moved).await?;
        self.recount_handed(&before, &after).await
    }
}
