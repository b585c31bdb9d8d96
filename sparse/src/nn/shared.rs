//! A network that a model computes with and an optimiser rewires: both hold it.

use std::sync::{Arc, Mutex, MutexGuard};

use candle_core::backprop::GradStore;
use candle_core::{Result, Tensor, bail};

use crate::kernels::Par;
use crate::network::Network;
use crate::trainer::{Step, Trainer};

/// A handle; clones are handles of the same.
#[derive(Clone, Debug)]
pub(super) struct Shared(Arc<Mutex<Held>>);

#[derive(Debug)]
enum Held {
    /// Nobody rewires it.
    Fixed(Network),
    Trained(Box<Training>),
}

/// A trainer between the steps of an optimiser: the next one has begun, so that the model's forward
/// passes bring back what its method asks for.
#[derive(Debug)]
struct Training {
    trainer: Trainer,
    step: Option<Step>,
}

impl Shared {
    pub fn fixed(network: Network) -> Self {
        Self(Arc::new(Mutex::new(Held::Fixed(network))))
    }

    pub fn trained(mut trainer: Trainer) -> Result<Self> {
        let step = Some(trainer.begin_step()?);
        Ok(Self(Arc::new(Mutex::new(Held::Trained(Box::new(Training { trainer, step }))))))
    }

    fn lock(&self) -> Result<MutexGuard<'_, Held>> {
        match self.0.lock() {
            Ok(held) => Ok(held),
            Err(_) => bail!("a thread panicked while it held a sparse layer"),
        }
    }

    pub fn forward(&self, x: &Tensor) -> Result<Tensor> {
        Ok(match &*self.lock()? {
            Held::Fixed(network) => network.forward(x)?,
            Held::Trained(training) => match &training.step {
                Some(step) => training.trainer.forward(x, step)?,
                None => training.trainer.network().forward(x)?,
            },
        })
    }

    /// The network as it is now.
    pub fn network(&self) -> Result<Network> {
        Ok(match &*self.lock()? {
            Held::Fixed(network) => network.clone(),
            Held::Trained(training) => training.trainer.network().clone(),
        })
    }

    /// Ends the step that has begun, where `grads` has its gradient, and begins the next.
    pub fn step(&self, grads: &GradStore) -> Result<()> {
        let mut held = self.lock()?;
        let Held::Trained(training) = &mut *held else { return Ok(()) };
        let Training { trainer, step } = &mut **training;
        if grads.get(trainer.network().params()).is_none() {
            return Ok(());
        }
        if let Some(step) = step.take() {
            trainer.end_step(step, grads)?;
        }
        *step = Some(trainer.begin_step()?);
        Ok(())
    }

    pub fn set_learning_rate(&self, learning_rate: f64) {
        // A layer whose holder panicked refuses the next step.
        if let Ok(Held::Trained(training)) = self.lock().as_deref_mut() {
            training.trainer.set_learning_rate(learning_rate);
        }
    }

    pub fn set_par(&self, par: Par) -> Result<()> {
        match &mut *self.lock()? {
            Held::Fixed(network) => network.set_par(par),
            Held::Trained(training) => training.trainer.set_par(par),
        }
        Ok(())
    }
}
