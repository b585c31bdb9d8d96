//! The sets, worked by hand.

use super::*;
use crate::config::Pattern;
use crate::methods::tests::view;
use crate::optim::{Moments, Rule};

const ADAM: Rule = Rule::Adam { beta1: 0.9, beta2: 0.999, eps: 1e-7 };

/// 1 × 6 with two weights in `A` and four in `B`, worked by hand.
#[test]
fn hand_worked_table() {
    let blocks = Blocks::new(Pattern::Unstructured, 1, 6);
    let theta = vec![0.5, -3.0, 0.25, 2.0, -1.0, 0.5];
    let sets = LayerSets::new(1, 6, blocks, [2, 4], theta).unwrap();
    assert_eq!(positions(&sets.inner), [1, 3]);
    assert_eq!(sets.forward().1, [-3.0, 2.0]);
    // 0 and 5 tie for the fourth place.
    assert_eq!(positions(&sets.outer), [0, 4]);

    let mut state = TopKastState {
        every: 1,
        backward_sparsity: 0.0,
        layers: vec![sets],
        set: BackwardSet::new(0.1),
    };
    state.set.replace(state.outside(), state.outside_values(), Moments::default());
    state.set.begin(ADAM);
    state.set.take_grad(vec![1.0, 1.0]);
    // D = 2/6, so that the pull is 0.3 θ.
    assert_eq!(state.set.grad, [1.15, 0.7]);
    // Training has shrunk 1 below 4 and 0 below 5.
    state.set.values = vec![0.1, -1.5];
    state.set.moments = Moments([vec![0.01, 0.04], vec![0.001, 0.004]]);
    let topology = &Arc::new(Topology::new(1, 6, &[1, 3]).unwrap());
    let moments: [&[f32]; 2] = [&[0.1, 0.3], &[0.2, 0.6]];
    let layer = LayerView { moments, ..view(topology, &blocks, &[-0.75, 2.0]) };
    let update = state.refresh(&[layer]).unwrap();

    // θ = 0.1 −0.75 0.25 2 −1.5 0.5: A = {3, 4}, B ∖ A = {1, 5}.
    assert_eq!(positions(update[0].topology()), [3, 4]);
    let NewWeights { values, moments: [m, v] } = update[0].start();
    assert_eq!((&values[..], &m[..], &v[..]), (&[-1.5][..], &[0.04][..], &[0.004][..]));
    assert_eq!(positions(state.set.topologies().next().unwrap()), [1, 5]);
    assert_eq!(state.set.values, [-0.75, 0.5]);
    assert_eq!(state.set.moments, Moments([vec![0.1, 0.0], vec![0.2, 0.0]]));
    assert_eq!(state.layers[0].theta[0], 0.1, "what left B keeps its last value");
    assert_eq!(state.layers[0].theta[2], 0.25, "what was never in B its first");
}
