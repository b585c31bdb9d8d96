//! How a network's sparsity budget is spread over its layers (Evci et al. 2020, 1911.11134).
//!
//! A layer of shape `(…, n_in, n_out)` with `n = Π shape` weights gets `⌊s_l · n⌋` zeros. Uniform:
//! `s_l = S`. ER and ERK: `s_l = 1 − ε · raw_l`, where `ε` spends the budget and a layer whose
//! density would exceed 1 becomes dense and leaves the solve.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::misfit::{Misfit, OfLayer};

/// How a sparsity budget is spread over the layers of a network.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Distribution {
    /// Every layer has the network's sparsity.
    Uniform,
    /// Erdős–Rényi: density ∝ `(n_in + n_out) / (n_in n_out)`, kernel sizes aside.
    Er,
    /// Erdős–Rényi-kernel: density ∝ `(Σ shape / Π shape)^power`.
    Erk {
        /// `erk_power_scale`; below 1 it is softer.
        power: f64,
    },
}

/// The name and kernel shape of a layer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LayerShape {
    /// Unique in its network.
    pub name: String,
    /// `(n_in, n_out)` of a linear layer, `(kh, kw, n_in, n_out)` of a convolution, in elements of its algebra.
    pub shape: Vec<usize>,
    /// Weights of an element.
    pub order: usize,
}

impl LayerShape {
    /// Weights of the dense layer.
    pub fn size(&self) -> usize {
        self.elements() * self.order
    }

    /// Elements of the dense layer: what a distribution goes by.
    pub fn elements(&self) -> usize {
        self.shape.iter().product()
    }
}

/// The share of one layer in a solved distribution.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Share {
    /// `s_l`.
    pub sparsity: f64,
    /// `n − ⌊s_l · n⌋`, where `n` is the size of the layer.
    pub nnz: usize,
}

impl Share {
    fn new(layer: &LayerShape, sparsity: f64) -> Self {
        Self { sparsity, nnz: layer.size() - zeros(layer.size(), sparsity) }
    }
}

/// `⌊s · size⌋`.
fn zeros(size: usize, sparsity: f64) -> usize {
    (sparsity * size as f64).floor() as usize
}

/// Spreads the target `sparsity` over `layers`, `custom` layers keeping theirs. One [`Share`] a
/// layer, in order.
///
/// # Errors
/// A sparsity outside `[0, 1)`, a custom layer that does not exist, a layer left with less than one
/// weight, and a target that the custom layers leave nobody to reach.
pub fn distribute(
    distribution: Distribution,
    sparsity: f64,
    layers: &[LayerShape],
    custom: &BTreeMap<String, f64>,
) -> Result<Vec<Share>, Misfit> {
    check_range(None, sparsity)?;
    for (name, &s) in custom {
        check_range(Some(name), s)?;
        if !layers.iter().any(|layer| layer.name == *name) {
            let known = layers.iter().map(|layer| layer.name.clone()).collect();
            let (choice, name) = (OfLayer::Sparsity, name.clone());
            return Err(Misfit::UnknownLayer { choice, name, known });
        }
    }
    if sparsity > 0.0 && layers.iter().all(|layer| custom.contains_key(&layer.name)) {
        return Err(Misfit::NoneLeft { sparsity });
    }
    let solved = match distribution {
        Distribution::Uniform => vec![sparsity; layers.len()],
        Distribution::Er => erdos_renyi(sparsity, layers, custom, |layer| {
            let ends: Vec<f64> = layer.shape.iter().rev().take(2).map(|&n| n as f64).collect();
            ends.iter().sum::<f64>() / ends.iter().product::<f64>()
        }),
        Distribution::Erk { power } => erdos_renyi(sparsity, layers, custom, |layer| {
            (layer.shape.iter().sum::<usize>() as f64 / layer.elements() as f64).powf(power)
        }),
    };
    let mut shares = Vec::with_capacity(layers.len());
    for (layer, s) in layers.iter().zip(solved) {
        let own = custom.get(&layer.name).copied();
        let s = own.unwrap_or(s);
        let weights = (1.0 - s) * layer.size() as f64;
        if weights < 1.0 - 1e-9 {
            let (layer, size) = (layer.name.clone(), layer.size());
            let (sparsity, is_own) = (own.unwrap_or(sparsity), own.is_some());
            return Err(Misfit::Empty { layer, size, sparsity, is_own });
        }
        shares.push(Share::new(layer, s));
    }
    Ok(shares)
}

fn check_range(layer: Option<&String>, sparsity: f64) -> Result<(), Misfit> {
    match (0.0..1.0).contains(&sparsity) {
        true => Ok(()),
        false => Err(Misfit::Range { layer: layer.cloned(), sparsity }),
    }
}

/// The ε iteration of `rigl/sparse_utils.py`: every layer that ties for the largest `raw` joins the
/// dense ones at once.
fn erdos_renyi(
    sparsity: f64,
    layers: &[LayerShape],
    custom: &BTreeMap<String, f64>,
    raw: impl Fn(&LayerShape) -> f64,
) -> Vec<f64> {
    if sparsity == 0.0 {
        return vec![0.0; layers.len()];
    }
    let free: Vec<bool> = layers.iter().map(|layer| !custom.contains_key(&layer.name)).collect();
    let raw: Vec<f64> = layers.iter().map(raw).collect();
    let mut dense = vec![false; layers.len()];
    loop {
        let (mut rhs, mut divisor, mut largest) = (0.0, 0.0, f64::NEG_INFINITY);
        for (l, layer) in layers.iter().enumerate().filter(|(l, _)| free[*l]) {
            let (n, nz) = (layer.size() as f64, zeros(layer.size(), sparsity) as f64);
            if dense[l] {
                rhs -= nz;
            } else {
                rhs += n - nz;
                divisor += raw[l] * n;
                largest = raw[l].max(largest);
            }
        }
        let epsilon = rhs / divisor;
        if largest * epsilon > 1.0 {
            for l in 0..layers.len() {
                dense[l] |= free[l] && raw[l] == largest;
            }
        } else {
            return (0..layers.len())
                .map(|l| if dense[l] { 0.0 } else { 1.0 - epsilon * raw[l] })
                .collect();
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const ERK: Distribution = Distribution::Erk { power: 1.0 };

    fn layers(shapes: &[&[usize]]) -> Vec<LayerShape> {
        let layer = |(i, shape): (usize, &&[usize])| LayerShape {
            name: format!("{i}"),
            shape: shape.to_vec(),
            order: 1,
        };
        shapes.iter().enumerate().map(layer).collect()
    }

    /// The networks of Graesser et al. 2022; numbers computed from the algorithm above.
    #[test]
    fn erk_test_vectors() {
        let dqn: &[&[usize]] = &[&[4, 512], &[512, 512], &[512, 2]];
        let actor: &[&[usize]] = &[&[17, 256], &[256, 256], &[256, 12]];
        let critic: &[&[usize]] = &[&[23, 256], &[256, 256], &[256, 1]];
        let cnn: &[&[usize]] =
            &[&[8, 8, 4, 32], &[4, 4, 32, 64], &[3, 3, 64, 64], &[7744, 512], &[512, 6]];
        type Row<'a> = (&'a [&'a [usize]], f64, &'a [f64], &'a [usize], usize);
        let table: &[Row] = &[
            (dqn, 0.5, &[0.0, 0.505859, 0.0], &[2048, 129536, 1024], 133_634),
            (dqn, 0.8, &[0.0, 0.809372, 0.0], &[2048, 49972, 1024], 54_070),
            (dqn, 0.9, &[0.0, 0.910542, 0.0], &[2048, 23451, 1024], 27_549),
            (dqn, 0.98, &[0.299603, 0.989141, 0.0], &[1435, 2847, 1024], 6_332),
            (actor, 0.8, &[0.079271, 0.88533, 0.0], &[4008, 7515, 3072], 15_119),
            (actor, 0.9, &[0.56524, 0.945854, 0.395371], &[1893, 3549, 1858], 7_824),
            (critic, 0.8, &[0.156424, 0.860916, 0.0], &[4967, 9116, 256], 14_852),
            (critic, 0.9, &[0.58588, 0.931722, 0.0], &[2439, 4475, 256], 7_683),
            (
                cnn,
                0.9,
                &[0.701771, 0.850885, 0.829219, 0.90217, 0.0],
                &[2444, 4887, 6296, 387_889, 3072],
                405_266,
            ),
        ];
        for (shapes, sparsity, expected, nnz, active) in table {
            let layers = layers(shapes);
            let shares = distribute(ERK, *sparsity, &layers, &BTreeMap::new()).unwrap();
            for (share, s) in shares.iter().zip(*expected) {
                assert!((share.sparsity - s).abs() < 5e-7, "{shapes:?} {sparsity}: {shares:?}");
            }
            let found: Vec<usize> = shares.iter().map(|share| share.nnz).collect();
            assert_eq!(found, *nnz, "{shapes:?} {sparsity}");
            let biases: usize = layers.iter().filter_map(|layer| layer.shape.last()).sum();
            assert_eq!(found.iter().sum::<usize>() + biases, *active, "{shapes:?} {sparsity}");
        }
    }

    #[test]
    fn layers_that_tie_become_dense_together() {
        // raw = 20/64 for both outer layers, 64/1024 for the middle one.
        let tied = layers(&[&[4, 16], &[32, 32], &[16, 4]]);
        let shares = distribute(ERK, 0.5, &tied, &BTreeMap::new()).unwrap();
        assert_eq!((shares[0].sparsity, shares[2].sparsity), (0.0, 0.0));
        assert_eq!(shares[1].nnz, 576 - 128);
    }

    #[test]
    fn a_custom_layer_stays_out_of_the_solve() {
        let layers = layers(&[&[4, 512], &[512, 512], &[512, 2]]);
        let custom = BTreeMap::from([("1".to_string(), 0.75)]);
        let shares = distribute(ERK, 0.5, &layers, &custom).unwrap();
        assert_eq!(shares[1].nnz, 65_536);
        // The two others share half of their own 3,072 weights; zeros are rounded down in each.
        assert!((1536..=1538).contains(&(shares[0].nnz + shares[2].nnz)), "{shares:?}");
    }

    #[test]
    fn uniform_er_and_a_soft_power() {
        let layers = layers(&[&[3, 3, 64, 64], &[64, 8]]);
        let none = BTreeMap::new();
        let uniform = distribute(Distribution::Uniform, 0.9, &layers, &none).unwrap();
        assert!(uniform.iter().all(|share| share.sparsity == 0.9));
        // ER sees (64, 64) and (64, 8): raw 1/32 and 72/512.
        let er = distribute(Distribution::Er, 0.9, &layers, &none).unwrap();
        assert!(
            ((1.0 - er[0].sparsity) * 32.0 - (1.0 - er[1].sparsity) * 512.0 / 72.0).abs() < 1e-9
        );
        // Power 0 weighs all layers alike.
        let flat = distribute(Distribution::Erk { power: 0.0 }, 0.9, &layers, &none).unwrap();
        assert!((flat[0].sparsity - 0.9).abs() < 1e-3);
        assert_eq!(flat[0].sparsity, flat[1].sparsity);
    }

    #[test]
    fn mistakes_name_what_was_chosen() {
        let layers = layers(&[&[4, 8], &[8, 2]]);
        let refused = |sparsity, custom: &[(&str, f64)]| {
            let custom = custom.iter().map(|(name, s)| (name.to_string(), *s)).collect();
            distribute(ERK, sparsity, &layers, &custom).unwrap_err()
        };
        assert_eq!(refused(1.0, &[]), Misfit::Range { layer: None, sparsity: 1.0 });
        assert!(matches!(refused(f64::NAN, &[]), Misfit::Range { layer: None, .. }));
        assert!(matches!(refused(0.999, &[]), Misfit::Empty { is_own: false, .. }));
        let own = refused(0.5, &[("0", 0.999)]);
        let of_layer = ("0".to_owned(), 32, true);
        assert!(
            matches!(own, Misfit::Empty { layer, size, is_own, .. } if (layer.clone(), size, is_own) == of_layer)
        );
        let unknown = Misfit::UnknownLayer {
            choice: OfLayer::Sparsity,
            name: "7".into(),
            known: vec!["0".into(), "1".into()],
        };
        assert_eq!(refused(0.5, &[("7", 0.5)]), unknown);
        let negative = Misfit::Range { layer: Some("0".into()), sparsity: -0.1 };
        assert_eq!(refused(0.5, &[("0", -0.1)]), negative);
        assert_eq!(refused(0.5, &[("0", 0.1), ("1", 0.1)]), Misfit::NoneLeft { sparsity: 0.5 });
    }

    proptest! {
        #[test]
        fn the_budget_is_spent(
            widths in prop::collection::vec(1usize..300, 2..6), sparsity in 0.0f64..0.99, power in 0.0f64..1.5
        ) {
            let shapes: Vec<Vec<usize>> = widths.windows(2).map(<[usize]>::to_vec).collect();
            let layers = layers(&shapes.iter().map(Vec::as_slice).collect::<Vec<_>>());
            if let Ok(shares) = distribute(Distribution::Erk { power }, sparsity, &layers, &BTreeMap::new()) {
                let total: usize = layers.iter().map(LayerShape::size).sum();
                let active: usize = shares.iter().map(|share| share.nnz).sum();
                let target = total as f64 * (1.0 - sparsity);
                // Rounding down the zeros costs at most one weight a layer, twice.
                prop_assert!((active as f64 - target).abs() <= 2.0 * layers.len() as f64, "{active} {target}");
                prop_assert!(shares.iter().all(|share| (0.0..1.0).contains(&share.sparsity)));
            }
        }
    }
}
