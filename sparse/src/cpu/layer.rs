//! A layer on the CPU: its products in the form of computing that it takes.

use std::sync::Arc;

use super::products::Products;
pub(crate) use super::products::Scratch;
use super::spread::Spread;
use super::whole::Whole;
use crate::algebra::Folded;
use crate::error::SparseError;
use crate::kernels::{Below, Lanes, Pass, Sides, ViewMut, Weights};
use crate::layers::Layer;
use crate::topology::Topology;

/// A layer and what its products walk.
#[derive(Clone, Debug)]
pub(crate) struct CpuLayer {
    layer: Layer,
    products: Products,
    form: Form,
    /// Elements of an algebra in small batches.
    spread: Option<Spread>,
}

/// How the values that products take come from the active weights.
#[derive(Clone, Debug)]
enum Form {
    /// They are these.
    Active,
    /// All weights, the inactive ones as zeros.
    All,
    /// The real matrix that elements of an algebra stand for.
    Folded(Arc<Folded>),
}

/// The weights that a backward pass reads.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Held<'a> {
    /// The parameters of the network.
    pub params: &'a [f32],
    /// What products take of a layer whose active weights are not that, as its forward pass left it; nothing where that
    /// had no need of it.
    pub all: &'a [f32],
}

impl CpuLayer {
    /// What `layer` is on the CPU.
    ///
    /// # Errors
    /// A layer with more weights than a position can name.
    pub fn new(layer: &Layer) -> Result<Self, SparseError> {
        let (shape, topology, algebra) = (layer.shape(), layer.topology(), layer.algebra());
        let (form, products) = match (algebra.is_real(), topology.csr()) {
            (true, Some(_)) if layer.is_computed_dense() => {
                let all = Topology::dense(topology.rows(), topology.cols())?;
                (Form::All, Products::new(shape, Arc::new(all), 1))
            }
            (true, _) => (Form::Active, Products::new(shape, topology.clone(), 1)),
            (false, _) => {
                let folded = Folded::new(layer.elements(), topology, layer.is_computed_dense())?;
                let products = Products::new(shape, folded.topology().clone(), algebra.columns());
                (Form::Folded(Arc::new(folded)), products)
            }
        };
        Ok(Self { layer: layer.clone(), products, form, spread: Spread::of(layer) })
    }

    /// The same for `layer`, which may have another place and another topology.
    pub fn rewired(&self, layer: &Layer) -> Result<Self, SparseError> {
        match Arc::ptr_eq(layer.topology(), self.layer.topology()) {
            true => Ok(Self { layer: layer.clone(), ..self.clone() }),
            false => Self::new(layer),
        }
    }

    /// The layer that it computes.
    pub fn of(&self) -> &Layer {
        &self.layer
    }

    /// Whether it can be computed over a batch in rows, see [`Products::takes_rows`].
    pub fn takes_rows(&self) -> bool {
        self.spread.is_none() && self.products.takes_rows()
    }

    /// `x → y`, in slots; what products take of its weights, where it is not the active ones, stays in `all`.
    pub fn forward(
        &self,
        params: &[f32],
        all: &mut Whole,
        pass: Pass,
        scratch: &mut Scratch,
        x: &[f32],
        y: ViewMut<'_>,
    ) {
        let layer = &self.layer;
        let (values, bias) = (&params[layer.weights()], &params[layer.biases()]);
        let weights = Weights { values, bias, activation: layer.activation() };
        match &self.spread {
            Some(spread) if spread.takes(pass.lanes) => {
                all.clear();
                spread.forward(weights, pass, scratch, x, y);
            }
            Some(_) | None => {
                let values = match &self.form {
                    Form::Active => values,
                    Form::All => all.spread(layer.topology(), values),
                    Form::Folded(folded) => all.expand(folded, values),
                };
                self.products.forward(Weights { values, ..weights }, pass, scratch, x, y);
            }
        }
    }

    /// `dx = Wᵀ dy` through the activation `below`.
    pub fn input_grad(
        &self,
        held: Held<'_>,
        below: Below<'_>,
        pass: Pass,
        scratch: &mut Scratch,
        dy: &[f32],
        dx: ViewMut<'_>,
    ) {
        let values = &held.params[self.layer.weights()];
        let mut again = std::mem::take(&mut scratch.gradient);
        let values = match (&self.form, held.all) {
            (Form::Active, _) => values,
            (Form::Folded(folded), []) => {
                folded.expand(values, &mut again);
                &again
            }
            (Form::All | Form::Folded(_), all) => all,
        };
        self.products.input_grad(values, below, pass, scratch, dy, dx);
        scratch.gradient = again;
    }

    /// The gradient of the layer's parameters into its place in `grads`.
    pub fn param_grad(
        &self,
        pass: Pass,
        scratch: &mut Scratch,
        sides: Sides<'_>,
        grads: &mut [f32],
    ) {
        self.products.bias_grad(pass.lanes, sides.dy, &mut grads[self.layer.biases()]);
        let dw = &mut grads[self.layer.weights()];
        let topology = self.layer.topology();
        match &self.form {
            Form::Active => self.products.weight_grad(pass, scratch, sides, dw),
            Form::All => {
                let all = self.whole_grad(topology.size(), pass, scratch, sides);
                topology.pick(&all, dw);
                scratch.gradient = all;
            }
            Form::Folded(folded) => {
                let all = self.whole_grad(folded.topology().nnz(), pass, scratch, sides);
                folded.fold(&all, dw);
                scratch.gradient = all;
            }
        }
    }

    /// The gradient of all that products take, `size` values, in the memory of `scratch.gradient`.
    fn whole_grad(
        &self,
        size: usize,
        pass: Pass,
        scratch: &mut Scratch,
        sides: Sides<'_>,
    ) -> Vec<f32> {
        let mut all = std::mem::take(&mut scratch.gradient);
        all.resize(size, 0.0);
        self.products.weight_grad(pass, scratch, sides, &mut all);
        all
    }

    /// The gradient on the positions of another `pattern`, `(its nnz)`: over a batch in rows, of all that there are.
    ///
    /// # Errors
    /// A layer with more weights than a position can name.
    pub fn probe_grad(
        &self,
        pattern: &Arc<Topology>,
        pass: Pass,
        scratch: &mut Scratch,
        sides: Sides<'_>,
    ) -> Result<Vec<f32>, SparseError> {
        let (shape, algebra) = (self.layer.shape(), self.layer.algebra());
        let mut grad = vec![0.0; pattern.nnz()];
        if pass.lanes.is_in_rows() {
            let all = self.whole_grad(pattern.size(), pass, scratch, sides);
            pattern.pick(&all, &mut grad);
            scratch.gradient = all;
            return Ok(grad);
        }
        if algebra.is_real() {
            let products = Products::new(shape, pattern.clone(), 1);
            products.weight_grad(pass, scratch, sides, &mut grad);
            return Ok(grad);
        }
        let folded = Folded::new(self.layer.elements(), pattern, false)?;
        let products = Products::new(shape, folded.topology().clone(), algebra.columns());
        let mut entries = vec![0.0; folded.topology().nnz()];
        products.weight_grad(pass, scratch, sides, &mut entries);
        folded.fold(&entries, &mut grad);
        Ok(grad)
    }

    /// Floating-point operations of [`Self::probe_grad`].
    pub fn probe_flops(&self, pattern: &Topology, lanes: Lanes) -> u64 {
        match lanes.is_in_rows() {
            true => self.layer.flops(lanes.batch()),
            false => self.layer.flops_of(pattern.nnz(), lanes.batch()),
        }
    }
}
