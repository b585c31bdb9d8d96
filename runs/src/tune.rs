//! `sparring tune`: where dense products overtake sparse ones on this machine, as YAML for a config.
//!
//! Without it `compute: auto` goes by [`BreakEven::shipped`], a table of the release, since results differ in
//! their rounding by the form that is chosen: what is measured here counts only where a config has it.

use sparring_sparse::{BreakEven, SimdLevel};

use crate::console::print;
use crate::error::Error;
use crate::machine::Machine;

/// Measurements, of which the median is told.
const ROUNDS: usize = 5;

/// Measures for a few seconds and prints `sparsity: {break_even: {…}}`.
pub fn tune() -> Result<(), Error> {
    let measure = || {
        let what = "measure the products of layers";
        BreakEven::measure().map_err(|error| Error::System { what, source: Box::new(error) })
    };
    let rounds = (0..ROUNDS).map(|_| measure()).collect::<Result<Vec<_>, _>>()?;
    let level = SimdLevel::of_this_machine();
    print(&format!(
        "# {}, {level}: medians of {ROUNDS} rounds; without these lines a config has\n# {}\n{}\n",
        Machine::this().cpu,
        yaml(BreakEven::shipped(level)),
        yaml(median(&rounds)),
    ))
}

/// The median of each density.
fn median(rounds: &[BreakEven]) -> BreakEven {
    let of = |density: fn(&BreakEven) -> f64| {
        let mut all: Vec<_> = rounds.iter().map(density).collect();
        all.sort_by(f64::total_cmp);
        all.get(all.len() / 2).copied().unwrap_or(1.0)
    };
    BreakEven {
        small: of(|even| even.small),
        large: of(|even| even.large),
        conv: of(|even| even.conv),
    }
}

fn yaml(BreakEven { small, large, conv }: BreakEven) -> String {
    format!("sparsity: {{break_even: {{small: {small}, large: {large}, conv: {conv}}}}}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn medians_of_each_density() {
        let even = |small, large, conv| BreakEven { small, large, conv };
        let rounds = [even(0.1, 0.9, 0.4), even(0.3, 0.7, 0.6), even(0.2, 0.8, 0.5)];
        assert_eq!(median(&rounds), even(0.2, 0.8, 0.5));
        let text = yaml(median(&rounds));
        assert_eq!(text, "sparsity: {break_even: {small: 0.2, large: 0.8, conv: 0.5}}");
    }
}
