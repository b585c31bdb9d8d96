//! The agents by name.

use crate::row::AgentRow;

/// Every agent of this crate.
pub static AGENTS: [&AgentRow; 6] = [
    &crate::dqn::ROW,
    &crate::sac::ROW,
    &crate::ppo::ROW,
    &crate::nec::ROW,
    &crate::bc::ROW,
    &crate::trajectory::ROW,
];
