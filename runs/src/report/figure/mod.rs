//! The figures of a comparison, one file each: what is drawn, of whom, and the words below it.

mod aggregates;
mod axis;
mod claims;
mod costs;
mod curves;
mod densities;
mod film;
mod footage;
mod improvement;
mod key_axis;
pub mod methods;
mod over_tasks;
mod over_time;
mod plate;
mod profiles;
mod request;
mod robustness;
mod scores;
mod size;
mod snr;
#[cfg(test)]
pub mod tests;
mod timing;
mod topology;

use rayon::prelude::*;

use crate::comparison::Comparison;
pub use axis::axes;
pub use footage::Film;
pub use methods::spoken;
pub use plate::{Content, Figure};
pub use request::Request;

/// All figures that there is something to see in, in the order of a page.
pub fn all(comparison: &Comparison, request: &Request) -> Vec<Figure> {
    let one =
        |draw: fn(&Comparison) -> Option<Figure>| draw(comparison).into_iter().collect::<Vec<_>>();
    let drawn: [&(dyn Fn() -> Vec<Figure> + Sync); 15] = [
        &|| axis::asked(comparison, request).into_iter().collect(),
        &|| one(claims::figure),
        &|| one(size::figure),
        &|| one(scores::figure),
        &|| one(curves::figure),
        &|| one(aggregates::figure),
        &|| one(profiles::figure),
        &|| one(improvement::figure),
        &|| costs::figures(comparison),
        &|| axis::swept(comparison),
        &|| one(robustness::figure),
        &|| one(snr::figure),
        &|| one(densities::figure),
        &|| {
            [timing::figure(comparison), topology::figure(comparison)]
                .into_iter()
                .flatten()
                .collect()
        },
        &|| if request.film { one(film::figure) } else { Vec::new() },
    ];
    drawn.par_iter().flat_map_iter(|draw| draw()).collect()
}
