//! N:M and block patterns in training: they hold at every step of every method, and what does not fit
//! is refused with its key.

use std::collections::{BTreeMap, BTreeSet};

use crate::common::*;
use sparring_sparse::config::*;
use sparring_sparse::misfit::PatternMisfit;
use sparring_sparse::shares::{Shares, shares};
use sparring_sparse::{Misfit, Network, OptimizerConfig, SparseError, Topology};

const NM: Pattern = Pattern::Nm { n: 1, m: 3 };
const BLOCK: Pattern = Pattern::Block { height: 3, width: 2 };

fn positions(topology: &Topology) -> Vec<u32> {
    topology.positions().collect()
}

/// That `n` (or, where pruning is under way, one number for all groups) of every `m` are active.
fn groups(topology: &Topology, m: usize) -> usize {
    let mut counts = vec![0; topology.size() / m];
    positions(topology).iter().for_each(|p| counts[*p as usize / m] += 1);
    assert!(counts.windows(2).all(|pair| pair[0] == pair[1]), "{counts:?}");
    counts[0]
}

/// That active weights come in whole blocks.
fn blocks(topology: &Topology, height: usize, width: usize) -> usize {
    let cols = topology.cols();
    let block = |p: &u32| (*p as usize / cols / height, *p as usize % cols / width);
    let active: BTreeSet<_> = positions(topology).iter().map(block).collect();
    assert_eq!(active.len() * height * width, topology.nnz());
    active.len()
}

fn starts_dense(config: &SparsityConfig) -> bool {
    config.build().unwrap().starts_dense()
}

fn methods() -> Vec<MethodChoice> {
    let others = [fixed(), snip(), pruning(5, 45, 5)];
    let kast = top_kast(3, 1.0 / 3.0, 1e-2);
    rewiring(3).into_iter().filter(|m| !is(m, "top_kast")).chain([kast]).chain(others).collect()
}

#[test]
fn groups_hold_at_every_step() {
    for method in methods() {
        let config = SparsityConfig {
            pattern: NM,
            distribution: Distribution::Uniform,
            ..sparse(method.clone(), 1.0 - 1.0 / 3.0)
        };
        let mut trainer = build(&config, ADAM);
        let shrinks = starts_dense(&config);
        for step in 0..60 {
            train(&mut trainer, step);
            for layer in trainer.network().layers() {
                let n = groups(layer.topology(), 3);
                assert!(n == 1 || shrinks && step < 45, "{method:?} {step}: {n}");
            }
        }
        let grown: usize = trainer.drain_rewired().iter().map(|c| c.grown).sum();
        let moves = !shrinks && !is(&method, "static");
        assert_eq!(grown > 0, moves, "{method:?}: {grown}");
    }
}

#[test]
fn blocks_hold_at_every_step() {
    for method in methods() {
        let config = SparsityConfig { pattern: BLOCK, ..sparse(method.clone(), 0.75) };
        let planned = shares(&specs(&WIDTHS), &config).unwrap();
        let mut trainer = build(&config, OptimizerConfig { learning_rate: 3e-2, ..ADAM });
        for step in 0..60 {
            train(&mut trainer, step);
            for (layer, share) in trainer.network().layers().iter().zip(&planned) {
                let active = blocks(layer.topology(), 3, 2);
                assert!(active * 6 == share.nnz || starts_dense(&config) && step < 45);
            }
        }
        let nnz = |network: &Network| network.layers().iter().map(|l| l.topology().nnz()).sum();
        let total: usize = nnz(trainer.network());
        assert_eq!(total, planned.iter().map(|share| share.nnz).sum::<usize>(), "{method:?}");
        let grown: usize = trainer.drain_rewired().iter().map(|c| c.grown).sum();
        assert!(grown.is_multiple_of(6));
        let moves = !starts_dense(&config) && !is(&method, "static");
        assert_eq!(grown > 0, moves, "{method:?}: {grown}");
    }
}

#[test]
fn a_dense_layer_has_no_pattern() {
    // 6 inputs are no multiple of 4, nor 3 outputs of 2.
    let config = SparsityConfig {
        pattern: Pattern::Nm { n: 2, m: 4 },
        distribution: Distribution::Uniform,
        layers: BTreeMap::from([("0".into(), 0.0)]),
        ..sparse(set(drop_grow(1)), 0.5)
    };
    let mut trainer = build(&config, ADAM);
    train(&mut trainer, 0);
    let layers = trainer.network().layers();
    assert!(layers[0].topology().csr().is_none());
    assert_eq!(groups(layers[1].topology(), 4), 2);
}

#[test]
fn what_does_not_fit_is_refused() {
    let refused = |pattern, distribution, sparsity| {
        let config = SparsityConfig { pattern, distribution, ..sparse(fixed(), sparsity) };
        match shares(&specs(&WIDTHS), &config) {
            Err(SparseError::Misfit(Misfit::Pattern { layer, why, .. })) => (layer, why),
            other => panic!("{other:?}"),
        }
    };
    let (nm, block) =
        (|n, m| Pattern::Nm { n, m }, |height, width| Pattern::Block { height, width });
    let uniform = Distribution::Uniform;
    let first = |why| ("0".to_owned(), why);
    assert_eq!(refused(nm(2, 4), uniform, 0.5), first(PatternMisfit::Inputs(6)));
    let of_third = PatternMisfit::Sparsity { layer: 0.5, group: 1.0 - 1.0 / 3.0 };
    assert_eq!(refused(nm(1, 3), uniform, 0.5), first(of_third));
    let (_, of_erk) = refused(nm(1, 2), Distribution::Erk { power: 1.0 }, 0.5);
    assert!(matches!(of_erk, PatternMisfit::Sparsity { group: 0.5, .. }), "{of_erk:?}");
    assert_eq!(refused(nm(0, 3), uniform, 0.5), first(PatternMisfit::OfNone));
    assert_eq!(refused(nm(3, 3), uniform, 0.5), first(PatternMisfit::OfNone));
    assert_eq!(refused(nm(1, 0), uniform, 0.5), first(PatternMisfit::OfNone));
    assert_eq!(refused(block(0, 2), uniform, 0.5), first(PatternMisfit::OfNone));
    let tiles = PatternMisfit::Tiles { outputs: 3, inputs: 24 };
    assert_eq!(refused(block(2, 2), uniform, 0.5), ("2".to_owned(), tiles));
    let (_, no_block) = refused(block(3, 6), uniform, 0.9);
    assert!(matches!(no_block, PatternMisfit::NoBlock { blocks: 8, .. }), "{no_block:?}");
}

/// Half of every three are no whole number of weights.
#[test]
fn a_backward_set_that_the_groups_cannot_have_is_refused() {
    let config = SparsityConfig {
        pattern: NM,
        distribution: Distribution::Uniform,
        ..sparse(top_kast(1, 0.5, 0.0), 1.0 - 1.0 / 3.0)
    };
    let method = config.build().unwrap();
    let error = Shares::of(&specs(&WIDTHS), &config, &*method);
    assert!(matches!(error, Err(SparseError::Misfit(_))), "{error:?}");
}
