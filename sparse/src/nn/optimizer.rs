//! The optimiser of a model that has sparse layers.

use std::cell::RefCell;

use candle_core::backprop::GradStore;
use candle_core::{CpuStorage, InplaceOp2, Layout, Result, Tensor, Var, bail};
use candle_nn::Optimizer;

use super::layers::Sparse;
use super::shared::Shared;
use crate::cpu::slices;
use crate::optim::{Moments, OptimizerConfig, Pass};

/// Trains the variables of a model and the sparse modules in it by one rule: the modules as their
/// method says, the variables as the rule does, without weight decay, with one norm for clipping.
///
/// A variable or module that the loss does not reach stays as it is, with its step.
#[derive(Debug)]
pub struct SparseOptimizer {
    config: OptimizerConfig,
    layers: Vec<Shared>,
    vars: Vec<Trained>,
    step: u64,
    learning_rate: f64,
}

/// A variable and what the rule keeps beside it.
#[derive(Debug)]
struct Trained {
    var: Var,
    moments: Moments,
}

impl Optimizer for SparseOptimizer {
    type Config = Sparse;

    /// For `vars`, those of other types than `f32` left out, and for what `config` made so far.
    fn new(vars: Vec<Var>, config: Sparse) -> Result<Self> {
        let (layers, config) = (config.made()?, *config.optimizer());
        let float = |var: &Var| var.dtype() == candle_core::DType::F32;
        let trained = |var: Var| {
            let moments = Moments::new(config.rule, var.elem_count());
            Trained { var, moments }
        };
        let vars = vars.into_iter().filter(float).map(trained).collect();
        Ok(Self { config, layers, vars, step: 0, learning_rate: config.learning_rate })
    }

    fn step(&mut self, grads: &GradStore) -> Result<()> {
        for layer in &self.layers {
            layer.step(grads)?;
        }
        let with_grads = self.vars.iter_mut().filter_map(|trained| {
            let grad = grads.get(&trained.var)?.clone();
            Some((trained, grad))
        });
        let with_grads: Vec<(&mut Trained, Tensor)> = with_grads.collect();
        let mut squares = 0.0;
        for (_, grad) in &with_grads {
            squares += f64::from(grad.sqr()?.sum_all()?.to_scalar::<f32>()?);
        }
        let norm = squares.sqrt();
        if !norm.is_finite() {
            bail!(
                "the gradient of step {} is {norm}; the variables were left as they were",
                self.step
            );
        }
        let scale = match self.config.max_grad_norm {
            Some(max) if norm > max => (max / norm) as f32,
            Some(_) | None => 1.0,
        };
        self.step += 1;
        let pass = Pass::new(self.config.rule, self.learning_rate, self.step, scale);
        for (Trained { var, moments }, grad) in with_grads {
            let step = VarStep { pass, moments: RefCell::new(moments) };
            var.inplace_op2(&grad.contiguous()?, &step)?;
        }
        Ok(())
    }

    fn learning_rate(&self) -> f64 {
        self.learning_rate
    }

    fn set_learning_rate(&mut self, learning_rate: f64) {
        self.learning_rate = learning_rate;
        for layer in &self.layers {
            layer.set_learning_rate(learning_rate);
        }
    }
}

/// One step of one variable.
struct VarStep<'a> {
    pass: Pass<f32>,
    moments: RefCell<&'a mut Moments>,
}

impl InplaceOp2 for VarStep<'_> {
    fn name(&self) -> &'static str {
        "sparse-optimizer"
    }

    fn cpu_fwd(
        &self,
        var: &mut CpuStorage,
        layout: &Layout,
        grad: &CpuStorage,
        grad_layout: &Layout,
    ) -> Result<()> {
        let (var, grad) = slices(var, layout, grad, grad_layout)?;
        let Moments([m, v]) = &mut **self.moments.borrow_mut();
        self.pass.run(var, grad, m, v, [0.0, 1.0]);
        Ok(())
    }
}
