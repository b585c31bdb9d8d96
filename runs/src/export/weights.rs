//! A policy as a safetensors file, its weights as dense tensors or as compressed sparse rows (CSR).
//!
//! `runs/docs/export.md` says what stands where.

use sparring_agents::PolicyView;
use sparring_agents::policy_view::{LayerNorm, PolicyLayer};
use sparring_sparse::{Shape, Topology};

use super::tensors::Tensors;
use crate::policy_text::Description;

/// How weights are laid out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Layout {
    /// All of them, zeros too.
    Dense,
    /// The active ones, row by row.
    Csr,
}

/// The file of `view`.
///
/// # Errors
/// A layer that the layout cannot hold.
pub fn file(
    view: &PolicyView,
    description: &Description,
    layout: Layout,
) -> Result<Vec<u8>, String> {
    let mut to = Tensors::default();
    for layer in &view.layers {
        match layout {
            Layout::Dense => {
                to.f32(format!("{}.weight", layer.name), &shape(layer), &layer.dense())
            }
            Layout::Csr => csr(layer, &mut to)?,
        }
        to.f32(format!("{}.bias", layer.name), &[layer.bias.len()], &layer.bias);
        for LayerNorm { name, scale, shift } in layer.norms() {
            to.f32(format!("{name}.weight"), &[scale.len()], scale);
            to.f32(format!("{name}.bias"), &[shift.len()], shift);
        }
    }
    to.to_bytes(description.to_text()).map_err(|error| error.to_string())
}

/// `(outputs, inputs)`, of a convolution `(out channels, in channels, kernel rows, kernel columns)`.
pub fn shape(layer: &PolicyLayer) -> Vec<usize> {
    match &layer.shape {
        Shape::Linear { inputs, outputs } => vec![*outputs, *inputs],
        Shape::Conv2d(conv) => {
            vec![conv.out_channels, conv.in_channels, conv.kernel[0], conv.kernel[1]]
        }
    }
}

fn csr(layer: &PolicyLayer, to: &mut Tensors) -> Result<(), String> {
    let topology = &layer.topology;
    if topology.nnz().max(topology.cols()) > i32::MAX as usize {
        let (name, most) = (&layer.name, i32::MAX);
        return Err(format!("{name}: i32 counts no more than {most} weights: --format dense"));
    }
    let Rows { indptr, indices } = Rows::of(topology);
    let tag = |part: &str| format!("{}.{part}", layer.name);
    to.i32(tag("indptr"), &[indptr.len()], &indptr);
    to.i32(tag("indices"), &[indices.len()], &indices);
    to.f32(tag("data"), &[layer.weights.len()], &layer.weights);
    Ok(())
}

/// Where the active weights stand.
pub struct Rows {
    /// Row `r` has the entries from `indptr[r]` to `indptr[r + 1]`, `(rows + 1)`.
    pub indptr: Vec<i32>,
    /// The column of each entry, ascending in its row, `(nnz)`.
    pub indices: Vec<i32>,
}

impl Rows {
    /// Of `topology`.
    pub fn of(topology: &Topology) -> Self {
        let (rows, cols) = (topology.rows(), topology.cols() as u32);
        let (mut indptr, mut indices) = (vec![0; rows + 1], Vec::with_capacity(topology.nnz()));
        for position in topology.positions() {
            indptr[(position / cols) as usize + 1] += 1;
            indices.push((position % cols) as i32);
        }
        (0..rows).for_each(|row| indptr[row + 1] += indptr[row]);
        Self { indptr, indices }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use proptest::prelude::*;
    use safetensors::SafeTensors;
    use sparring_agents::policy_view::{After, Before};
    use sparring_envs::spec;
    use sparring_sparse::{Activation, Algebra};

    use super::*;

    fn view(rows: usize, cols: usize, positions: &[u32]) -> PolicyView {
        let layer = PolicyLayer {
            name: "head".into(),
            shape: Shape::Linear { inputs: cols, outputs: rows },
            activation: Activation::Identity,
            then: Vec::new(),
            topology: Arc::new(Topology::new(rows, cols, positions).unwrap()),
            // No weight is 0: an inactive one would not be told from it.
            weights: positions.iter().map(|position| *position as f32 - 0.5).collect(),
            algebra: Algebra::REAL,
            bias: (0..rows).map(|row| row as f32).collect(),
            norms: Vec::new(),
        };
        let before = Before { dim: cols, divisor: 1.0, scale: None };
        let network = "q".to_owned();
        PolicyView { network, before, layers: vec![layer], after: After::Largest { first: 0 } }
    }

    fn written(view: &PolicyView, layout: Layout) -> Vec<u8> {
        let of = spec("CartPole-v1").unwrap();
        let about = Description::of(view, "dqn", &of, "policy.safetensors", None);
        file(view, &about, layout).unwrap()
    }

    fn numbers<const N: usize, T>(file: &SafeTensors, name: &str, of: fn([u8; N]) -> T) -> Vec<T> {
        let bytes = file.tensor(name).unwrap().data();
        bytes.chunks_exact(N).map(|bytes| of(bytes.try_into().unwrap())).collect()
    }

    /// The matrix of both files, by the words of the document.
    fn check(rows: usize, cols: usize, positions: &[u32]) {
        let view = view(rows, cols, positions);
        let (dense, csr) = (written(&view, Layout::Dense), written(&view, Layout::Csr));
        let dense = SafeTensors::deserialize(&dense).unwrap();
        let csr = SafeTensors::deserialize(&csr).unwrap();
        assert_eq!(dense.tensor("head.weight").unwrap().shape(), [rows, cols]);
        let indptr = numbers(&csr, "head.indptr", i32::from_le_bytes);
        let indices = numbers(&csr, "head.indices", i32::from_le_bytes);
        let data = numbers(&csr, "head.data", f32::from_le_bytes);
        let mut matrix = vec![0.0; rows * cols];
        for row in 0..rows {
            for entry in indptr[row] as usize..indptr[row + 1] as usize {
                matrix[row * cols + indices[entry] as usize] = data[entry];
            }
        }
        assert_eq!(data.len(), positions.len());
        assert_eq!(numbers(&dense, "head.weight", f32::from_le_bytes), matrix);
        assert_eq!(matrix, view.layers[0].dense());
        for file in [dense, csr] {
            assert_eq!(numbers(&file, "head.bias", f32::from_le_bytes), view.layers[0].bias);
        }
    }

    proptest! {
        #[test]
        fn both_layouts_are_the_same_matrix(
            (rows, cols, active) in (1usize..9, 1usize..9).prop_flat_map(|(rows, cols)| {
                (Just(rows), Just(cols), prop::collection::vec(any::<bool>(), rows * cols))
            })
        ) {
            let active = active.iter().enumerate().filter(|(_, active)| **active);
            let positions: Vec<u32> = active.map(|(position, _)| position as u32).collect();
            check(rows, cols, &positions);
        }
    }

    #[test]
    fn rows_without_a_weight_and_one_weight_of_a_thousand() {
        check(4, 3, &[3, 5]);
        check(2, 3, &[]);
        // 99.9 % sparse.
        let few: Vec<u32> = (0..100).map(|i| i * 997 + i % 7).collect();
        check(250, 400, &few);
    }
}
