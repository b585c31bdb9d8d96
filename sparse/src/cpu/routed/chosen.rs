//! Tokens that go to a few experts: each expert reads its tokens side by side, in their order.

use rand::RngExt;
use rand_distr::StandardNormal;

use super::super::layer::Scratch;
use super::carry::Coming;
use super::memory::RoutedMemory;
use super::routes::Chosen;
use super::run::{Back, With};
use super::seen::Seen;
use crate::error::SparseError;
use crate::kernels::{View, ViewMut};
use crate::routing::balance::{self, Noisy};
use crate::routing::softmax::{self, largest};
use crate::routing::{Asked, Load, Tokens, Way, hash, reinforce};
use crate::seed::Rng;

/// `x → y`, and the operations that it took.
pub(super) fn forward(
    with: With<'_>,
    memory: &mut RoutedMemory,
    scratch: &mut Scratch,
    (x, y): (View<'_>, ViewMut<'_>),
    seen: Seen<'_>,
    mut rng: Option<&mut Rng>,
) -> u64 {
    let block = with.block;
    let (size, count, k) = (block.size, block.routing.experts, block.routing.choices());
    let training = rng.is_some();
    memory.gates.clear();
    memory.imbalance = None;
    memory.entropy = 0.0;
    let mut flops = 0;
    let (chosen, gated) = match (block.routing.router.way(), block.router()) {
        (Way::Chooses { choose, gated }, Some(layer)) => {
            let (logits, took) = memory.gate.forward(with, layer, (x.data, &memory.standing));
            memory.gates = logits;
            if let (Some(rng), true) = (rng.as_deref_mut(), block.routing.noise > 0.0) {
                let (logits, deviation) = (memory.gates.clone(), block.routing.deviation());
                for z in &mut memory.gates {
                    *z += deviation * rng.sample::<f32, _>(StandardNormal);
                }
                let noisy = Noisy { logits: &logits, noisy: &memory.gates, k, deviation };
                memory.imbalance = Some(noisy.load(count));
            }
            memory.entropy = softmax::rows(&mut memory.gates, count);
            flops += took;
            let asked = Asked {
                gates: &memory.gates,
                experts: count,
                k,
                capacity: block.capacity(seen.lanes.batch(), training),
            };
            (choose(&asked, rng), gated)
        }
        (Way::Chooses { .. } | Way::Hashes | Way::Mixes, _) => (hashed(with, seen), false),
    };
    memory.chosen = chosen;
    let mut rows = vec![0; count];
    for expert in memory.chosen.iter().flatten() {
        rows[*expert as usize] += 1;
    }
    memory.share_out(rows.into_iter(), size);
    let RoutedMemory { routes, standing, chosen, gates, experts, x: own, .. } = &mut *memory;
    let of = Chosen { experts: chosen, k, gates: if gated { gates } else { &[] } };
    let lanes: Vec<_> = experts.iter().map(|expert| expert.lanes).collect();
    routes.draw(standing, of, &lanes, size);
    routes.go(standing, x.data, own, size);
    let parts = memory.parts();
    for ((e, expert), part) in memory.experts.iter_mut().enumerate().zip(parts) {
        let through = (&memory.x[part.clone()], &mut memory.y[part]);
        flops += expert.forward(with, block.expert(e), scratch, through);
    }
    let RoutedMemory { routes, standing, y: given, .. } = &*memory;
    y.plane.fill(seen.lanes, &mut scratch.features, y.data, |y| {
        routes.come(given, standing, y, Coming { size, weighted: gated, added: false });
    });
    memory.load = training.then(|| of_router(with, memory));
    flops
}

/// All gradients but for the activation before, that of `x` into `dx`.
pub(super) fn backward(
    with: With<'_>,
    memory: &mut RoutedMemory,
    x: View<'_>,
    (dy, dx): (&[f32], &mut [f32]),
    losses: &[f32],
    back: &mut Back<'_>,
) -> Result<(), SparseError> {
    let (parts, block) = (memory.parts(), with.block);
    let (size, count, k) = (block.size, block.routing.experts, block.routing.choices());
    let RoutedMemory { load, standing, gate, gates, imbalance, chosen, experts, routes, .. } =
        memory;
    let (own, y, gradient) = (&memory.x, &memory.y, &mut memory.gradient);
    let mut by_gate = vec![0.0; gates.len()];
    let way = block.routing.router.way();
    match way {
        Way::Chooses { gated: true, .. } => {
            for (choice, slope) in routes.go_weighted(standing, dy, y, gradient, size) {
                let expert = chosen[choice].map_or(0, |expert| expert as usize);
                by_gate[choice / k * count + expert] += slope;
            }
        }
        Way::Chooses { gated: false, .. } | Way::Hashes | Way::Mixes => {
            routes.go(standing, dy, gradient, size);
        }
    }
    for ((e, expert), part) in experts.iter_mut().enumerate().zip(parts) {
        let (own, gradient) = (&own[part.clone()], &mut gradient[part]);
        expert.backward(with, block.expert(e), back, own, gradient)?;
    }
    let Some(layer) = block.router() else {
        routes.come(gradient, standing, dx, Coming { size, ..Coming::default() });
        return Ok(());
    };
    let balance = block.routing.balance;
    let trains = load.is_some();
    if trains {
        balance.add_slopes(gates, count, &mut by_gate);
    }
    let mut by_logit = vec![0.0; gates.len()];
    softmax::rows_back(gates, &by_gate, count, &mut by_logit);
    if let (true, Some((_, slopes))) = (balance.load > 0.0, imbalance) {
        let add = |(sum, slope): (&mut f32, &f32)| *sum += balance.load as f32 * slope;
        by_logit.iter_mut().zip(&*slopes).for_each(add);
    }
    if let (Way::Chooses { gated: false, .. }, true) = (way, trains) {
        reinforce::gradient(gates, chosen, losses, &mut by_logit);
    }
    gate.backward(with, layer, (x.data, standing), (&by_logit, &mut *dx), back)?;
    routes.come(gradient, standing, dx, Coming { size, added: true, weighted: false });
    Ok(())
}

/// The experts of all tokens by a hash.
fn hashed(with: With<'_>, seen: Seen<'_>) -> Vec<Option<u32>> {
    let (tokens, experts) = (with.block.tokens, with.block.routing.experts);
    match with.block.routing.tokens {
        Tokens::Batch => {
            let rows = seen.rows.chunks_exact(seen.width);
            rows.map(|obs| Some(hash::of_observation(obs, experts))).collect()
        }
        Tokens::Pixels | Tokens::Channels => {
            let of = hash::of_positions(tokens, experts);
            (0..seen.lanes.batch()).flat_map(|_| of.iter().copied().map(Some)).collect()
        }
    }
}

/// What the router did.
fn of_router(with: With<'_>, memory: &RoutedMemory) -> Load {
    let RoutedMemory { gates, entropy, imbalance, chosen, experts, standing, .. } = memory;
    let (k, count) = (with.block.routing.choices(), with.block.routing.experts);
    let first = chosen.iter().step_by(k).zip(gates.chunks_exact(count));
    let shifted = first
        .filter(|(chosen, gates)| chosen.is_some_and(|chosen| chosen != largest(gates) as u32));
    let importance = match gates.is_empty() {
        true => 0.0,
        false => balance::importance(gates, count).value,
    };
    Load {
        passes: 1,
        tokens: standing.count as u64,
        experts: experts.iter().map(|expert| expert.lanes.batch() as f64).collect(),
        dropped: chosen.iter().filter(|chosen| chosen.is_none()).count() as u64,
        shifted: shifted.count() as u64,
        entropy: *entropy,
        importance,
        imbalance: imbalance.as_ref().map_or(0.0, |(value, _)| *value),
    }
}
