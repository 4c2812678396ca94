//! The permission matrix as text, for people who do not program.

use std::fmt::Write as _;

use super::{Action, May, Role};

const HEAD: &str = "\
WHO MAY DO WHAT IN SPIRAL

This is the whole list. It is made from the program itself (`cargo dev schema`), so that it is what the program
does: do not change it by hand.

How to read it. Everybody who uses Spiral holds a role, and holds it for one unit: a team, an organisation, a
strategic health authority (SHA) or the national body. Under each thing that can be done stand the roles that may
do it, and with whose work. A role that is not named there may not do it.

Wherever somebody reads what another unit has written, they read it only as far as that unit shares it. Totals
show each reader only what may be shown to them. Nobody sees anything of another health system.
";

/// What each place is called, in the order in which it is shown.
const PLACES: [(May, &str, &str); 5] = [
    (
        May::Own,
        "their own unit",
        "the unit for which they hold the role, and no other",
    ),
    (
        May::SameTier,
        "their own unit and like ones beneath",
        "also units of the same kind beneath it: for a team, teams within it",
    ),
    (
        May::Beneath,
        "their own unit and all beneath",
        "also every unit beneath it: for an organisation, its teams",
    ),
    (
        May::OwnSources,
        "their own rows",
        "only what the tool itself has sent",
    ),
    (May::Tenant, "everywhere", "every unit of the health system"),
];

impl May {
    /// What `schema/permissions.txt` calls it; nothing for what a role may not.
    pub fn words(self) -> Option<&'static str> {
        let found = PLACES.iter().find(|(may, _, _)| *may == self);
        found.map(|(_, words, _)| *words)
    }
}

impl Role {
    /// What people call it.
    pub fn words(self) -> String {
        self.name().replace('_', " ").replace("sha ", "SHA ")
    }

    /// What whoever holds it does.
    const fn says(self) -> &'static str {
        match self {
            Self::NationalLead => "leads the national body",
            Self::NationalAnalyst => "reads what the national lead reads, and changes nothing",
            Self::ShaLead => "leads a strategic health authority",
            Self::ShaAnalyst => "reads what the SHA lead reads, and changes nothing",
            Self::OrganisationLead => "leads an organisation: a trust, a practice",
            Self::OrganisationAnalyst => "reads what the organisation lead reads, and changes nothing",
            Self::Coach => "supports teams",
            Self::TeamLead => "leads a front-line team, such as a ward",
            Self::TeamMember => "works in a front-line team",
            Self::PatientPartner => "a patient who works with the team",
            Self::Integration => "no person, but a tool that sends and fetches figures",
            Self::Auditor => "reads who has changed what, for the whole health system",
        }
    }
}

/// What each group of things is about.
fn title(capability: &str) -> &str {
    match capability {
        "tenancy" => "Units and networks",
        "people" => "People, roles and tools",
        other => other,
    }
}

/// The permission matrix as text, for people who do not program.
pub fn permissions_text() -> String {
    let mut text = HEAD.to_owned();
    let _ = writeln!(text, "\nWith whose work\n");
    for (_, words, meaning) in PLACES {
        let _ = writeln!(text, "    {words:<38}{meaning}");
    }
    let _ = writeln!(text, "\nThe roles\n");
    for role in Role::ALL {
        let _ = writeln!(text, "    {:<22}{}", role.words(), role.says());
    }
    let mut capability = "";
    for &action in Action::ALL {
        if action.capability() != capability {
            capability = action.capability();
            let _ = writeln!(text, "\n\n{}", title(capability).to_uppercase());
        }
        let _ = writeln!(text, "\n* {}", action.words().trim());
        for (may, words, _) in PLACES {
            let roles: Vec<String> = Role::ALL
                .into_iter()
                .filter(|role| role.may(action) == may)
                .map(Role::words)
                .collect();
            if !roles.is_empty() {
                wrap(&mut text, &format!("{words}:"), &roles);
            }
        }
    }
    text.push_str(
        "\n\nFOR PROGRAMMERS\n\nThe same things in the same order: their names in `allowedActions`, and the OAuth scopes that they take. A scope on\n\
         a token can only narrow what the roles allow.\n\n",
    );
    for &action in Action::ALL {
        let _ = writeln!(text, "    {:<24}{}", action.name(), action.scope());
    }
    text
}

/// A line of roles behind what they have in common, broken where it gets long.
fn wrap(text: &mut String, head: &str, roles: &[String]) {
    const WIDTH: usize = 110;
    let mut line = format!("      {head}");
    for (at, role) in roles.iter().enumerate() {
        let end = if at + 1 < roles.len() { "," } else { "" };
        if line.len() + role.len() + 2 > WIDTH {
            let _ = writeln!(text, "{line}");
            line = " ".repeat(8);
        }
        let _ = write!(line, " {role}{end}");
    }
    let _ = writeln!(text, "{line}");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_thing_names_every_role_that_may_and_no_other() {
        let text = permissions_text();
        assert!(
            text.lines().all(|line| line.chars().count() <= 140),
            "it fits a page"
        );
        for &action in Action::ALL {
            let head = format!("* {}\n", action.words().trim());
            let (_, rest) = text.split_once(&head).unwrap();
            let part = rest.split("\n\n").next().unwrap();
            for role in Role::ALL {
                let named = part
                    .split([':', ',', '\n'])
                    .any(|word| word.trim() == role.words());
                assert_eq!(named, role.may(action) != May::No, "{action:?} {role:?}\n{part}");
            }
        }
    }
}
