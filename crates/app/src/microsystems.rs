//! A team's own work: what it draws, aims for and tests. All of it is the team's first: who stands above reads what the
//! team shares.

mod aims;
mod cycles;
mod diagrams;
mod figures;
mod storyboard;
mod wall;
mod work;

pub use aims::{AimFilter, aim, aim_progress, aim_progress_of, aims, change_aim, retract_aim, set_aim};
pub use cycles::{
    CycleFilter, RampFilter, act_on_cycle, carry_out_cycle, change_cycle, change_ramp, cycle, cycles,
    fidelity, open_ramp, plan_cycle, ramp, ramp_fidelity_of, ramps, retract_cycle, retract_ramp,
    review_cycle, study_cycle,
};
pub use diagrams::{
    DiagramFilter, change_diagram, diagram, diagrams, draw_diagram, process_figures, retract_diagram,
    show_diagram, show_diagram_record, units_with_process_map,
};
pub use storyboard::storyboard;
pub use wall::{data_wall, draw_aim};
