//! A block of experts on the CPU ([`crate::routing`]): tokens on their way to experts and back.
//!
//! Tokens are read from the slots of the features and written back there ([`tokens`], [`routes`]); each expert has its
//! rows side by side in lanes of its own and is two layers like any other ([`expert`]), so that one product an expert is
//! all that routing costs beside the router and the way there and back. A backward pass asks each layer for all of its gradients
//! ([`run`]); a layer that nothing was routed to costs nothing.

mod carry;
mod chosen;
mod expert;
mod gate;
mod memory;
mod mixed;
mod routes;
mod run;
mod seen;
mod tokens;

use super::layer::Scratch;
use crate::error::SparseError;
use crate::kernels::{Border, Lanes, View, ViewMut};
use crate::routing::Way;
use crate::seed::Rng;

pub(super) use memory::{RoutedMemory, floats};
pub(super) use run::{Back, With};
pub(super) use seen::Seen;

/// `x → y`, and the operations that it took.
pub(super) fn forward(
    with: With<'_>,
    memory: &mut RoutedMemory,
    scratch: &mut Scratch,
    through: (View<'_>, ViewMut<'_>),
    seen: Seen<'_>,
    rng: Option<&mut Rng>,
) -> u64 {
    memory.stand(with.block, seen.lanes);
    match with.block.routing.router.way() {
        Way::Mixes => mixed::forward(with, memory, scratch, through, seen, rng.is_some()),
        Way::Chooses { .. } | Way::Hashes => {
            chosen::forward(with, memory, scratch, through, seen, rng)
        }
    }
}

/// All gradients but for the activation before, from `dy` into `dx`; `x` is what it read, `losses (batch)` are those of
/// the samples, or nothing.
pub(super) fn backward(
    with: With<'_>,
    memory: &mut RoutedMemory,
    x: View<'_>,
    (dy, dx): (View<'_>, ViewMut<'_>),
    (lanes, losses): (Lanes, &[f32]),
    back: &mut Back<'_>,
) -> Result<(), SparseError> {
    // Tokens know nothing of the border that the layer below may want around its gradient.
    let ViewMut { data, plane } = dx;
    if plane.border == Border::default() {
        return within(with, memory, x, (dy, ViewMut { data, plane }), (lanes, losses), back);
    }
    let flat = plane.without_border();
    let mut inner = lanes.zeros(flat.slots());
    let to = ViewMut { data: &mut inner, plane: &flat };
    within(with, memory, x, (dy, to), (lanes, losses), back)?;
    let features = &mut back.scratch.features;
    plane.fill(lanes, features, data, |data| data.copy_from_slice(&inner));
    Ok(())
}

/// The same without a border.
fn within(
    with: With<'_>,
    memory: &mut RoutedMemory,
    x: View<'_>,
    (dy, dx): (View<'_>, ViewMut<'_>),
    (lanes, losses): (Lanes, &[f32]),
    back: &mut Back<'_>,
) -> Result<(), SparseError> {
    match with.block.routing.router.way() {
        Way::Mixes => mixed::backward(with, memory, x, (dy, dx), lanes, back),
        Way::Chooses { .. } | Way::Hashes => {
            chosen::backward(with, memory, x, (dy.data, dx.data), losses, back)
        }
    }
}
