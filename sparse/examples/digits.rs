//! Handwritten digits, 8 × 8 pixels (UCI, by E. Alpaydin and C. Kaynak, CC BY 4.0, as the crate `smartcore` ships them):
//! candle's dense layers beside sparse ones of a tenth of the weights, which RigL chooses while it trains.
//!
//! `cargo run --release -p sparring-sparse --example digits`

use candle_core::{D, DType, Device, Result, Tensor};
use candle_nn::{Activation, Module, Optimizer, VarBuilder, VarMap, linear, loss, seq};
use smartcore::dataset::digits;
use sparring_sparse::config::SparsityConfig;
use sparring_sparse::methods::DropGrow;
use sparring_sparse::methods::rigl::Rigl;
use sparring_sparse::nn::{Sparse, SparseOptimizer};
use sparring_sparse::{OptimizerConfig, Seed};

const TRAIN: usize = 1500;
const BATCH: usize = 100;
const EPOCHS: usize = 30;

/// The part of the digits that were not trained on that `model` tells after training.
fn train(model: impl Module, vars: &VarMap, sparse: Sparse) -> Result<f32> {
    let data = digits::load_dataset();
    let x = (Tensor::from_vec(data.data, (data.num_samples, 64), &Device::Cpu)? / 16.0)?;
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

/// `first`, `second` and a dense head, with ReLU between them.
fn mlp<L: Module + 'static>(first: L, second: L, vb: VarBuilder<'_>) -> Result<impl Module> {
    let model = seq().add(first).add(Activation::Relu).add(second).add(Activation::Relu);
    Ok(model.add(linear(256, 10, vb.pp("head"))?))
}

/// The accuracies of the dense and of the sparse network.
pub fn accuracies() -> Result<[f32; 2]> {
    let (adam, steps) = (OptimizerConfig::adam(2e-3), (EPOCHS * TRAIN / BATCH) as u64);
    let schedule = DropGrow { update_every_gradient_steps: 50, ..DropGrow::default() };
    let method = Rigl { schedule, ..Rigl::default() };
    let sparse = Sparse::new(SparsityConfig::new(method, 0.9, steps), adam, &Seed::new(1));
    let none = Sparse::new(SparsityConfig::dense(), adam, &Seed::new(1));
    let vars = [VarMap::new(), VarMap::new()];
    let [dense_vb, vb] =
        [0, 1].map(|i| VarBuilder::from_varmap(&vars[i], DType::F32, &Device::Cpu));
    let [first, second] = [linear(64, 256, dense_vb.pp("0"))?, linear(256, 256, dense_vb.pp("1"))?];
    let dense = mlp(first, second, dense_vb)?;
    let wired = mlp(sparse.linear("0", 64, 256)?, sparse.linear("1", 256, 256)?, vb)?;
    Ok([train(dense, &vars[0], none)?, train(wired, &vars[1], sparse)?])
}

fn main() -> Result<()> {
    let [dense, sparse] = accuracies()?;
    println!("dense {:.1} %, RigL at 90 % sparsity {:.1} %", 100.0 * dense, 100.0 * sparse);
    Ok(())
}
