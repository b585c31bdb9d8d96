//! A loss whose value and gradient were worked out by hand, grafted onto candle's graph as one node.
//!
//! `L = value`, `∂L/∂y = gradient`: what a chain of small ops would compute for `y`, without their
//! allocations, which cost more than the networks where batches are small.

use std::sync::Mutex;

use candle_core::{CpuStorage, CustomOp1, Layout, Result, Shape, Tensor, bail};

/// A scalar of `value`, whose gradient in `y` is `gradient` (as many values as `y`).
pub fn loss_with_grad(y: &Tensor, value: f32, gradient: Vec<f32>) -> Result<Tensor> {
    if gradient.len() != y.elem_count() {
        bail!("a gradient of {} values for {:?}", gradient.len(), y.shape());
    }
    y.apply_op1(LossWithGrad { value, gradient: Mutex::new(gradient) })
}

struct LossWithGrad {
    value: f32,
    /// Taken by the backward pass.
    gradient: Mutex<Vec<f32>>,
}

impl CustomOp1 for LossWithGrad {
    fn name(&self) -> &'static str {
        "loss_with_grad"
    }

    fn cpu_fwd(&self, _: &CpuStorage, _: &Layout) -> Result<(CpuStorage, Shape)> {
        Ok((CpuStorage::F32(vec![self.value]), Shape::from(())))
    }

    fn bwd(&self, y: &Tensor, _: &Tensor, grad: &Tensor) -> Result<Option<Tensor>> {
        let Ok(mut gradient) = self.gradient.lock() else {
            bail!("the gradient of a loss_with_grad is poisoned");
        };
        let mut gradient = std::mem::take(&mut *gradient);
        if gradient.len() != y.elem_count() {
            bail!("a loss_with_grad has one backward pass");
        }
        let scale = grad.to_scalar::<f32>()?;
        gradient.iter_mut().for_each(|g| *g *= scale);
        Ok(Some(Tensor::from_vec(gradient, y.shape(), y.device())?))
    }
}

#[cfg(test)]
mod tests {
    use candle_core::{Device, Var};

    use super::*;

    #[test]
    fn stands_for_the_loss_that_it_was_made_of() {
        let x = Var::new(&[[1f32, 2.0], [3.0, 4.0]], &Device::Cpu).unwrap();
        let y = (x.as_tensor() * 3.0).unwrap();
        let values: Vec<f32> = y.flatten_all().unwrap().to_vec1().unwrap();
        let square = values.iter().map(|y| y * y).sum();
        let by_hand = loss_with_grad(&y, square, values.iter().map(|y| 2.0 * y).collect()).unwrap();
        let by_ops = y.sqr().unwrap().sum_all().unwrap();
        assert_eq!(by_hand.to_scalar::<f32>().unwrap(), by_ops.to_scalar::<f32>().unwrap());
        let gradient = |loss: Tensor| -> Vec<Vec<f32>> {
            let grads = (loss * 0.5).unwrap().backward().unwrap();
            grads.get(&x).unwrap().to_vec2().unwrap()
        };
        assert_eq!(gradient(by_hand), gradient(by_ops));
        assert!(loss_with_grad(&y, 0.0, vec![0.0; 3]).is_err());
    }
}
