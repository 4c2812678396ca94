//! What the rhythm expects next.

use super::*;

fn next(
    today: &str,
    closed: Option<&str>,
    settings: &[RhythmSetting],
    held: &[(MeetingKind, &str)],
) -> Vec<String> {
    let meetings: Vec<Meeting> = held.iter().map(|(kind, on)| meeting(*kind, on)).collect();
    let days = (day(today), closed.map(day));
    next_meetings(id::<UnitId>(2), days, settings, &meetings)
        .iter()
        .map(|of| {
            format!(
                "{} {} {} {}/{}",
                of.kind.name(),
                of.from,
                of.by,
                of.held,
                of.expected
            )
        })
        .collect()
}

#[test]
fn the_first_stretch_that_lacks_a_meeting_is_next() {
    // A Wednesday.
    let today = "2004-11-10";
    let weekly = [setting(
        "2004-01-01",
        &[
            (MeetingKind::LeadTeam, Every::Week, 2),
            (MeetingKind::Huddle, Every::WorkingDay, 1),
        ],
    )];
    assert_eq!(
        next(today, None, &weekly, &[(MeetingKind::LeadTeam, "2004-11-08")]),
        [
            "huddle 2004-11-10 2004-11-10 0/1",
            "lead_team 2004-11-08 2004-11-14 1/2"
        ]
    );
    let both = [
        (MeetingKind::LeadTeam, "2004-11-08"),
        (MeetingKind::LeadTeam, "2004-11-09"),
    ];
    let friday = [(MeetingKind::Huddle, "2004-11-12")];
    assert_eq!(
        next("2004-11-12", None, &weekly, &[&both[..], &friday[..]].concat()),
        [
            "huddle 2004-11-15 2004-11-15 0/1",
            "lead_team 2004-11-15 2004-11-21 0/2"
        ],
        "past the weekend, and past a week that has all its meetings"
    );
}

#[test]
fn a_stretch_is_of_one_rhythm_and_of_days_on_which_the_team_is_open() {
    let monthly = [(MeetingKind::AllTeam, Every::Month, 1)];
    let changed = [
        setting("2004-01-01", &monthly),
        setting("2004-11-20", &[]),
        setting("2005-01-15", &monthly),
    ];
    // November ends in another rhythm, which expects nothing; the third does not begin with a month.
    assert_eq!(
        next("2004-11-10", None, &changed, &[]),
        ["all_team 2005-02-01 2005-02-28 0/1"]
    );
    assert_eq!(next("2004-11-10", None, &changed[..2], &[]), Vec::<String>::new());
    let open = [setting("2004-01-01", &monthly)];
    assert_eq!(
        next("2004-11-10", Some("2004-11-29"), &open, &[]),
        Vec::<String>::new()
    );
    assert_eq!(
        next("2004-11-10", Some("2004-11-30"), &open, &[]),
        ["all_team 2004-11-01 2004-11-30 0/1"]
    );
    // Who has set nothing has the rhythm of the reference data.
    assert_eq!(next("2004-11-10", None, &[], &[]).len(), 3);
}
