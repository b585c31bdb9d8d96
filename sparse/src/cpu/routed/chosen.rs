//! Tokens that go to a few experts: each expert reads its tokens side by side, in their order.

use super::super::layer::Scratch;
use super::memory::RoutedMemory;
use super::run::{Back, With};
use super::seen::Seen;
use super::tokens::{Move, Place, gather, gather_weighted, scatter, scatter_weighted};
use crate::error::SparseError;
use crate::kernels::{Sides, View, ViewMut};
use crate::routing::softmax::{self, largest};
use crate::routing::{Asked, Load, Tokens, Way, balance, entropy, hash, reinforce};
use crate::seed::Rng;

/// `x → y`, and the operations that it took.
pub(super) fn forward(
    with: With<'_>,
    memory: &mut RoutedMemory,
    scratch: &mut Scratch,
    (x, y): (View<'_>, ViewMut<'_>),
    seen: Seen<'_>,
    rng: Option<&mut Rng>,
) -> u64 {
    let block = with.block;
    let training = rng.is_some();
    memory.places = Place::all(block, seen.lanes);
    memory.gates.clear();
    let mut flops = 0;
    let (chosen, gated) = match (block.routing.router.way(), block.router()) {
        (Way::Chooses { choose, gated }, Some(layer)) => {
            let tokens = (x.data, memory.places.as_slice());
            let (logits, took) = memory.gate.forward(with, layer, tokens, scratch);
            memory.gates = logits;
            softmax::rows(&mut memory.gates, block.routing.experts);
            flops += took;
            let asked = Asked {
                gates: &memory.gates,
                experts: block.routing.experts,
                k: block.routing.k,
                capacity: block.capacity(seen.lanes.batch(), training),
            };
            (choose(&asked, rng), gated)
        }
        (Way::Chooses { .. } | Way::Hashes | Way::Mixes, _) => (hashed(with, seen), false),
    };
    memory.chosen = chosen;
    sort(with, memory, gated);
    let (size, parts) = (block.size, memory.parts());
    gather(x.data, &memory.moves, (&mut memory.x, size));
    for ((e, expert), part) in memory.experts.iter_mut().enumerate().zip(parts) {
        let through = (&memory.x[part.clone()], &mut memory.y[part]);
        flops += expert.forward(with, block.expert(e), scratch, through);
    }
    let (given, moves) = (&memory.y, &memory.moves);
    y.plane.fill(seen.lanes, &mut scratch.features, y.data, |y| {
        y.fill(0.0);
        scatter_weighted((given, size), moves, y);
    });
    memory.load = training.then(|| of(with, memory));
    flops
}

/// All gradients but for the activation before, that of `x` added to `dx`.
pub(super) fn backward(
    with: With<'_>,
    memory: &mut RoutedMemory,
    (dy, dx): (&[f32], &mut [f32]),
    losses: &[f32],
    back: &mut Back<'_>,
) -> Result<(), SparseError> {
    let (parts, block) = (memory.parts(), with.block);
    let (size, count) = (block.size, block.routing.experts);
    let RoutedMemory { load, places, gate, gates, chosen, experts, moves, choices, .. } = memory;
    let (x, y, given, read) = (&memory.x, &memory.y, &mut memory.dy, &mut memory.dx);
    let k = chosen.len() / places.len().max(1);
    let mut by_gate = vec![0.0; gates.len()];
    let way = block.routing.router.way();
    let slopes = gather_weighted(dy, moves, y, (given, size));
    if let Way::Chooses { gated: true, .. } = way {
        for (choice, slope) in choices.iter().zip(slopes) {
            let expert = chosen[*choice].map_or(0, |expert| expert as usize);
            by_gate[choice / k * count + expert] += slope;
        }
    }
    for ((e, expert), part) in experts.iter_mut().enumerate().zip(parts) {
        let sides = Sides { dy: &given[part.clone()], x: &x[part.clone()] };
        expert.backward(with, block.expert(e), back, sides, &mut read[part])?;
    }
    scatter((read, size), moves, dx);
    let Some(layer) = block.router() else { return Ok(()) };
    let coefficient = block.routing.importance as f32;
    if load.is_some() && coefficient > 0.0 {
        let (_, slopes) = balance::importance(gates, count);
        for by_gate in by_gate.chunks_exact_mut(count) {
            by_gate.iter_mut().zip(&slopes).for_each(|(sum, slope)| *sum += coefficient * slope);
        }
    }
    let mut by_logit = vec![0.0; gates.len()];
    softmax::rows_back(gates, &by_gate, count, &mut by_logit);
    if let (Way::Chooses { gated: false, .. }, Some(_)) = (way, &load) {
        reinforce::gradient(gates, chosen, losses, &mut by_logit);
    }
    gate.backward(with, layer, (&by_logit, dx), back)
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

/// Gives each expert its tokens in their order: a counting sort.
fn sort(with: With<'_>, memory: &mut RoutedMemory, gated: bool) {
    let (size, count) = (with.block.size, with.block.routing.experts);
    let mut rows = vec![0; count];
    for expert in memory.chosen.iter().flatten() {
        rows[*expert as usize] += 1;
    }
    memory.share_out(rows.into_iter(), size);
    let of = memory.experts.iter().zip(memory.parts());
    let mut next: Vec<_> =
        of.map(|(expert, part)| Place::rows(part.start, expert.lanes, size)).collect();
    let RoutedMemory { places, gates, chosen, moves, choices, .. } = memory;
    let k = chosen.len() / places.len().max(1);
    moves.clear();
    choices.clear();
    for (choice, expert) in chosen.iter().enumerate() {
        let Some(e) = expert.map(|e| e as usize) else { continue };
        let Some(row) = next[e].next() else { continue };
        let weight = if gated { gates[choice / k * count + e] } else { 1.0 };
        moves.push(Move { token: places[choice / k], row, weight });
        choices.push(choice);
    }
}

/// What the router did.
fn of(with: With<'_>, memory: &RoutedMemory) -> Load {
    let RoutedMemory { places, gates, chosen, experts, .. } = memory;
    let (k, count) = (chosen.len() / places.len().max(1), with.block.routing.experts);
    let first = chosen.iter().step_by(k.max(1)).zip(gates.chunks_exact(count));
    let shifted = first
        .filter(|(chosen, gates)| chosen.is_some_and(|chosen| chosen != largest(gates) as u32));
    let importance = match gates.is_empty() {
        true => 0.0,
        false => balance::importance(gates, count).0,
    };
    Load {
        passes: 1,
        tokens: places.len() as u64,
        experts: experts.iter().map(|expert| expert.lanes.batch() as f64).collect(),
        dropped: chosen.iter().filter(|chosen| chosen.is_none()).count() as u64,
        shifted: shifted.count() as u64,
        entropy: entropy(gates),
        importance,
    }
}
