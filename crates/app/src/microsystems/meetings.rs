//! Meetings that were held, the rhythm that expects them, and what of it was missed.

use spiral_domain::microsystems::{
    ChangeMeeting, LONGEST_WINDOW, Meeting, MeetingKind, MeetingRhythm, MissedMeetings, RecordMeeting,
    RhythmInForce, RhythmSetting, SetRhythm, missed_meetings as compare, rhythm_on,
};
use spiral_domain::people::Action;
use spiral_domain::spirals::EntryKind;
use spiral_domain::tenancy::OrgUnit;
use spiral_domain::{
    Allowed, Date, Error, MeetingId, Page, PageRequest, Reference, Result, SpiralId, Violations, WorkKind,
};
use spiral_store::{Column as _, Tx};

use super::{TeamRecordKind, allowed_on, check_open, list_of, own, unit_of, within, wrong};
use crate::caller::Caller;
use crate::clock::fresh;
use crate::spirals::{Touch, check_named, stir_team, tell, told};
use crate::tenancy::{check_version, level_of};

/// Which meetings a list shows.
#[derive(Debug, Clone, Default)]
pub struct MeetingFilter {
    /// Of this sort.
    pub kind: Option<MeetingKind>,
    /// About this spiral.
    pub spiral: Option<SpiralId>,
    /// Held on this day or later.
    pub from: Option<Date>,
    /// Held on this day or earlier.
    pub to: Option<Date>,
    /// Those that were recorded by mistake, too.
    pub withdrawn: bool,
}

impl MeetingFilter {
    /// The list that it makes of a unit, as cursors know it.
    pub fn list(&self, unit: &OrgUnit) -> String {
        list_of("meetings", unit, self)
    }
}

/// Records a meeting that was held.
pub async fn record_meeting(caller: &Caller, unit: &Reference, input: RecordMeeting) -> Result<Meeting> {
    let unit = unit_of(caller, unit).await?;
    let mut tx = caller.begin(Action::RecordMeeting, &[&unit][..]).await?;
    let unit: OrgUnit = tx.named(&unit.id.into()).await?;
    let meeting = Meeting {
        id: fresh(),
        unit_id: unit.id,
        spiral_id: input.spiral,
        kind: input.kind,
        held_on: input.held_on,
        attendance: input.attendance,
        attendees: input.attendees,
        protected_minutes: input.protected_minutes,
        notes: input.notes,
        withdrawn: false,
        sharing: level_of(&tx, &unit, WorkKind::Meetings).await?,
        recorded_by: caller.principal().id,
        version: 1,
        created_at: tx.now(),
        updated_at: tx.now(),
    };
    check(caller, &tx, &unit, &meeting, meeting.spiral_id).await?;
    tx.add_meeting(&meeting).await?;
    let touch = Touch {
        on: Some(meeting.held_on),
        ..touch_of(EntryKind::Recorded, &meeting)
    };
    Box::pin(tell(caller, &mut tx, unit.id, [meeting.spiral_id, None], touch)).await?;
    tx.commit(meeting).await
}

/// Every rule of a meeting as it is to be; a spiral only if it is newly named.
async fn check(
    caller: &Caller,
    tx: &Tx,
    unit: &OrgUnit,
    meeting: &Meeting,
    spiral: Option<SpiralId>,
) -> Result<()> {
    let mut found = Violations::new();
    if let Err(Error::Invalid(more)) = meeting.check(caller.today()) {
        found.extend(more);
    }
    check_named(tx, unit, spiral, &mut found).await?;
    found.into_result()?;
    check_open(tx, unit, meeting.held_on, "/heldOn").await
}

fn touch_of(kind: EntryKind, meeting: &Meeting) -> Touch {
    Touch {
        work: WorkKind::Meetings,
        ..Touch::of(kind, "meeting", meeting.id)
    }
}

async fn found(caller: &Caller, unit: &OrgUnit, id: MeetingId) -> Result<Meeting> {
    let find = caller.store().find::<Meeting>().ids(&[id]);
    find.filter("r.unit_id = ?", [unit.id.value()]).one().await
}

/// Changes what is said of a meeting.
pub async fn change_meeting(
    caller: &Caller,
    unit: &Reference,
    id: MeetingId,
    if_match: Option<i64>,
    input: ChangeMeeting,
) -> Result<Meeting> {
    let unit = unit_of(caller, unit).await?;
    let _: Meeting = found(caller, &unit, id).await?;
    let mut tx = caller.begin(Action::RecordMeeting, &[&unit][..]).await?;
    let before: Meeting = tx.find().ids(&[id]).one().await?;
    check_version(if_match, before.version)?;
    let mut meeting = before.clone();
    input.apply(&mut meeting);
    if meeting != before {
        let named = [before.spiral_id, meeting.spiral_id];
        let newly = meeting.spiral_id.filter(|_| named[0] != named[1]);
        check(caller, &tx, &unit, &meeting, newly).await?;
        let touch = Touch {
            changes: told(&before, &meeting),
            ..touch_of(EntryKind::Amended, &meeting)
        };
        meeting.version += 1;
        meeting.recorded_by = caller.principal().id;
        meeting.updated_at = tx.now();
        tx.change_meeting(&meeting).await?;
        Box::pin(tell(caller, &mut tx, unit.id, named, touch)).await?;
    }
    tx.commit(meeting).await
}

/// Meetings of a unit, a page at a time.
pub async fn meetings(
    caller: &Caller,
    unit: &Reference,
    filter: MeetingFilter,
    page: &PageRequest,
) -> Result<(Page<Meeting>, String)> {
    caller.require(Action::ReadTeamWork)?;
    let unit = unit_of(caller, unit).await?;
    let list = filter.list(&unit);
    let window = caller.window(&list, page)?;
    let mut find = own::<Meeting>(caller, &unit, filter.withdrawn, page);
    find = within(find, "r.held_on", filter.from, filter.to);
    if let Some(kind) = filter.kind {
        find = find.filter("r.kind = ?", [kind.value()]);
    }
    if let Some(spiral) = filter.spiral {
        find = find.filter("r.spiral_id = ?", [spiral.value()]);
    }
    let slice = find.page(&window).await?;
    Ok((slice.into_page(|after| caller.cursor(&list, after)), list))
}

/// One meeting.
pub async fn meeting(caller: &Caller, unit: &Reference, id: MeetingId) -> Result<Allowed<Meeting>> {
    caller.require(Action::ReadTeamWork)?;
    let unit = unit_of(caller, unit).await?;
    Ok(Allowed {
        record: found(caller, &unit, id).await?,
        allowed_actions: allowed_on(caller, &unit, TeamRecordKind::Meeting),
    })
}

/// The rhythms of the reference data.
pub fn meeting_rhythms(caller: &Caller) -> Result<Vec<MeetingRhythm>> {
    caller.require(Action::ReadDirectory)?;
    Ok(spiral_domain::microsystems::meeting_rhythms().to_vec())
}

/// Sets the rhythm of a unit from a day on; the same day again changes it.
pub async fn set_rhythm(
    caller: &Caller,
    unit: &Reference,
    if_match: Option<i64>,
    input: SetRhythm,
) -> Result<RhythmSetting> {
    input.check()?;
    let unit = unit_of(caller, unit).await?;
    let mut tx = caller.begin(Action::SetRhythm, &[&unit][..]).await?;
    let unit: OrgUnit = tx.named(&unit.id.into()).await?;
    let starts_on = input.starts_on.unwrap_or_else(|| caller.today());
    check_open(&tx, &unit, starts_on, "/startsOn").await?;
    let before = tx.rhythm_from(unit.id, starts_on).await?;
    check_version(if_match, before.as_ref().map_or(0, |before| before.version))?;
    let setting = match before {
        Some(before) if before.expectations == input.expectations => return tx.commit(before).await,
        before => RhythmSetting {
            id: before.as_ref().map_or_else(fresh, |before| before.id),
            unit_id: unit.id,
            starts_on,
            expectations: input.expectations,
            sharing: level_of(&tx, &unit, WorkKind::Meetings).await?,
            recorded_by: caller.principal().id,
            version: before.as_ref().map_or(1, |before| before.version + 1),
            created_at: before.as_ref().map_or(tx.now(), |before| before.created_at),
            updated_at: tx.now(),
        },
    };
    tx.put_rhythm(&setting).await?;
    stir_team(caller, &mut tx, unit.id).await?;
    tx.commit(setting).await
}

/// The settings of a unit, if the caller may see them; whether it has any or not says nothing to others.
async fn settings(caller: &Caller, unit: &OrgUnit) -> Result<Vec<RhythmSetting>> {
    let reach = caller
        .store()
        .reach_of(&[unit.id], WorkKind::Meetings, Action::ReadTeamWork)
        .await?;
    if !reach.get(&unit.id).is_some_and(|(_, reached)| *reached) {
        return Err(Error::NotFound("rhythm"));
    }
    caller
        .store()
        .find::<RhythmSetting>()
        .filter("r.unit_id = ?", [unit.id.value()])
        .all("r.starts_on")
        .await
}

/// The rhythm that holds for a unit on a day, today if none is named.
pub async fn rhythm(caller: &Caller, unit: &Reference, on: Option<Date>) -> Result<RhythmInForce> {
    caller.require(Action::ReadTeamWork)?;
    let unit = unit_of(caller, unit).await?;
    let settings = settings(caller, &unit).await?;
    Ok(rhythm_on(
        unit.id,
        &settings,
        on.unwrap_or_else(|| caller.today()),
    ))
}

/// What the rhythm of a unit expected in a time, and what of it was not held.
pub async fn missed_meetings(
    caller: &Caller,
    unit: &Reference,
    from: Date,
    to: Date,
) -> Result<MissedMeetings> {
    caller.require(Action::ReadTeamWork)?;
    if to < from {
        return Err(wrong("to", "ends_before_start", "the time ends before it begins"));
    }
    if (to.0 - from.0).num_days() >= LONGEST_WINDOW {
        let detail = format!("at most {LONGEST_WINDOW} days are looked at");
        return Err(wrong("to", "too_long", detail));
    }
    let unit = unit_of(caller, unit).await?;
    let settings = settings(caller, &unit).await?;
    // Nothing is expected of a team before it opens and after it closes, and today is not over.
    let first = from.max(unit.opened_on.unwrap_or(Date::MIN));
    let last = to
        .min(unit.closed_on.unwrap_or(Date::MAX))
        .min(caller.today().previous());
    let meetings: Vec<Meeting> = caller
        .store()
        .find()
        .filter(
            "r.unit_id = ? and r.held_on >= ? and r.held_on <= ? and not r.withdrawn",
            [unit.id.value(), first.value(), last.value()],
        )
        .all("r.held_on, r.id")
        .await?;
    Ok(compare(unit.id, (first, last), &settings, &meetings))
}
