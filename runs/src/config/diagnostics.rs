//! The section `diagnostics`. A config without it measures nothing; one with it measures everything that
//! it does not switch off.

use sparring_agents::Diagnostics;
use sparring_agents::diagnostics::Form;

use super::bounds::Bounds;
use super::problem::Checked;
use super::section::Otherwise::Default;
use super::section::Section;

/// Reads the section.
pub fn read(s: &mut Section<'_>) -> Checked<Diagnostics> {
    let all = Diagnostics::all();
    let forms = [Form::Active, Form::Dense].map(|form| (form.name(), form));
    let what = Diagnostics {
        every_env_steps: s.whole("every_env_steps", Default(all.every_env_steps), 1)?,
        // One sample has no noise.
        batch: s.optional_count("batch", 2)?,
        snr: s.choices("snr", &all.snr, &forms)?,
        q: s.flag("q", all.q)?,
        norms: s.flag("norms", all.norms)?,
        effective_rank: s.flag("effective_rank", all.effective_rank)?,
        dormant: s.flag("dormant", all.dormant)?,
        dormant_tau: s.number("dormant_tau", Default(all.dormant_tau), Bounds::at_least(0.0))?,
        entropy: s.flag("entropy", all.entropy)?,
        drift: s.flag("drift", all.drift)?,
    };
    s.finish()?;
    Ok(what)
}
