//! Handwritten digits, 8 × 8 pixels (UCI's Optical Recognition of Handwritten Digits, by E. Alpaydin and
//! C. Kaynak, CC BY 4.0, as the crate `smartcore` ships it): candle's dense layers beside sparse ones of a
//! tenth of the weights, which RigL chooses while it trains.
//!
//! `cargo run --release -p sparring-sparse --example digits`

use candle_core::{D, DType, Device, Result, Tensor};
use candle_nn::{Linear, Module, Optimizer, VarBuilder, VarMap, linear, loss};
use smartcore::dataset::digits;
use sparring_sparse::config::SparsityConfig;
use sparring_sparse::methods::DropGrow;
use sparring_sparse::methods::rigl::Rigl;
use sparring_sparse::nn::{Sparse, SparseOptimizer};
use sparring_sparse::{OptimizerConfig, Seed};

const TRAIN: usize = 1500;
const BATCH: usize = 100;
const EPOCHS: usize = 30;

struct Mlp<L> {
    hidden: [L; 2],
    head: Linear,
}

impl<L: Module> Module for Mlp<L> {
    fn forward(&self, x: &Tensor) -> Result<Tensor> {
        let x = self.hidden[0].forward(x)?.relu()?;
        self.head.forward(&self.hidden[1].forward(&x)?.relu()?)
    }
}

/// The part of the digits that were not trained on that `model` tells after training.
fn train(model: impl Module, vars: &VarMap, sparse: Sparse) -> Result<f32> {
    let data = digits::load_dataset();
    let x = Tensor::from_vec(data.data, (data.num_samples, 64), &Device::Cpu)?;
    let x = (x / 16.0)?;
    let y = Tensor::from_vec(data.target, data.num_samples, &Device::Cpu)?.to_dtype(DType::U32)?;
    let mut optimizer = SparseOptimizer::new(vars.all_vars(), sparse)?;
    for batch in (0..EPOCHS).flat_map(|_| (0..TRAIN).step_by(BATCH)) {
        let logits = model.forward(&x.narrow(0, batch, BATCH)?)?;
        optimizer.backward_step(&loss::cross_entropy(&logits, &y.narrow(0, batch, BATCH)?)?)?;
    }
    let rest = data.num_samples - TRAIN;
    let told = model.forward(&x.narrow(0, TRAIN, rest)?)?.argmax(D::Minus1)?;
    told.eq(&y.narrow(0, TRAIN, rest)?)?.to_dtype(DType::F32)?.mean_all()?.to_scalar()
}

/// The accuracies of the dense and of the sparse network.
pub fn accuracies() -> Result<[f32; 2]> {
    let (adam, steps) = (OptimizerConfig::adam(2e-3), (EPOCHS * TRAIN / BATCH) as u64);
    let schedule = DropGrow { update_every_gradient_steps: 50, ..DropGrow::default() };
    let method = Rigl { schedule, ..Rigl::default() };
    let sparse = Sparse::new(SparsityConfig::new(method, 0.9, steps), adam, &Seed::new(1));
    let [dense_vars, sparse_vars] = [VarMap::new(), VarMap::new()];
    let [dense_vb, sparse_vb] = [&dense_vars, &sparse_vars]
        .map(|vars| VarBuilder::from_varmap(vars, DType::F32, &Device::Cpu));
    let hidden = [linear(64, 256, dense_vb.pp("0"))?, linear(256, 256, dense_vb.pp("1"))?];
    let dense = Mlp { hidden, head: linear(256, 10, dense_vb.pp("head"))? };
    let hidden = [sparse.linear("0", 64, 256)?, sparse.linear("1", 256, 256)?];
    let wired = Mlp { hidden, head: linear(256, 10, sparse_vb.pp("head"))? };
    let none = Sparse::new(SparsityConfig::dense(), adam, &Seed::new(1));
    Ok([train(dense, &dense_vars, none)?, train(wired, &sparse_vars, sparse)?])
}

fn main() -> Result<()> {
    let [dense, sparse] = accuracies()?;
    println!("dense {:.1} %, RigL at 90 % sparsity {:.1} %", 100.0 * dense, 100.0 * sparse);
    Ok(())
}
