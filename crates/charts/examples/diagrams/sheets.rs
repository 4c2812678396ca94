//! The samples by the names of their files.

use spiral_charts::{Drawing, Error, Look, Theme, drivers, fishbone, process_map};

use super::figures;

const PHONE: u32 = 360;
const PAGE: u32 = 960;

/// Every sample of the documentation.
pub fn samples() -> Vec<(String, String)> {
    let mut out = Vec::new();
    for (suffix, width) in [("", PAGE), ("-phone", PHONE)] {
        let look = Look {
            width,
            theme: Theme::Auto,
        };
        let short = |n: usize| format!("What happens at {n}");
        let mut add = |name: &str, drawing: Result<Drawing, Error>| {
            out.push((format!("{name}{suffix}.svg"), drawing.unwrap().svg));
        };
        add("process-map", process_map(&figures::referral(), &look));
        add("process-map-small", process_map(&figures::smallest(), &look));
        add("process-map-60", process_map(&figures::sixty(short), &look));
        add("fishbone", fishbone(&figures::waits(), &look));
        add("driver-diagram", drivers(&figures::shorter_wait(), &look));
        let cause = |n: usize| format!("Cause {n} of many");
        add("fishbone-60", fishbone(&figures::sixty_causes(cause), &look));
        let driver = |n: usize| format!("Driver or idea number {n}");
        add(
            "driver-diagram-60",
            drivers(&figures::sixty_drivers(driver), &look),
        );
    }
    out
}

/// What is to be looked at before a change of the drawings is kept: long names, walls, darkness.
pub fn gallery() -> Vec<(String, Drawing)> {
    let mut out = Vec::new();
    for (theme_name, theme) in [("light", Theme::Light), ("dark", Theme::Dark)] {
        for width in [280, 360, 960, 1920] {
            let look = Look { width, theme };
            let mut add = |name: &str, drawing: Result<Drawing, Error>| {
                out.push((format!("{name}-{width}-{theme_name}"), drawing.unwrap()));
            };
            let longest = |letters: usize| move |n: usize| format!("{n} {}", figures::long(letters - 3));
            add("process", process_map(&figures::referral(), &look));
            add(
                "process-60",
                process_map(&figures::sixty(|n| format!("What happens at {n}")), &look),
            );
            add(
                "process-60-long",
                process_map(&figures::sixty(longest(120)), &look),
            );
            add("fishbone", fishbone(&figures::waits(), &look));
            add(
                "fishbone-60",
                fishbone(&figures::sixty_causes(|n| format!("Cause {n}")), &look),
            );
            add(
                "fishbone-60-long",
                fishbone(&figures::sixty_causes(longest(200)), &look),
            );
            add("drivers", drivers(&figures::shorter_wait(), &look));
            add(
                "drivers-60",
                drivers(&figures::sixty_drivers(|n| format!("Driver {n}")), &look),
            );
            add(
                "drivers-60-long",
                drivers(&figures::sixty_drivers(longest(200)), &look),
            );
        }
    }
    out
}
