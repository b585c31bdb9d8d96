//! A trained decoder as the beginning of one that reads neighbours (RETRO-fitting, Borgeaud et al. 2022, 2112.04426,
//! section 4.3).
//!
//! The layers are the same but for `embed`, whose rows have more numbers: those take weights of 0, so that a chunk without
//! neighbours to read is what it was to the decoder. Differs from the paper in that all weights are trained further, since no
//! layer is there for neighbours alone. Both are dense.

use candle_core::Tensor;
use sparring_sparse::{Layer, Saved};

use crate::error::AgentError;

/// What a decoder `saved`, under the names of a network `retro` of these `layers`.
///
/// # Errors
/// A layer that is sparse in either of them, and tensors that are missing or of another size.
pub(super) fn widened(layers: &[Layer], saved: &Saved) -> Result<Saved, AgentError> {
    let refused = |problem: String| AgentError::Retrofit { problem };
    let mut all = Saved::new();
    for layer in layers {
        let name = layer.name();
        let of = |what: &str| {
            let tensor = format!("decoder/{name}/{what}");
            saved.get(&tensor).ok_or_else(|| refused(format!("it has no `{tensor}`")))
        };
        let [rows, cols] = [layer.topology().rows(), layer.topology().cols()];
        let (weights, biases) = (of("weights")?.to_vec1::<f32>()?, of("biases")?);
        let known = weights.len() / rows.max(1);
        let fits = known == cols || (name == "embed" && (1..cols).contains(&known));
        // Ascending, so that it ends with the last weight where all are there.
        let last = of("positions")?.to_vec1::<u32>()?.last().copied();
        let is_whole = last.is_some_and(|last| last as usize + 1 == weights.len());
        if layer.topology().csr().is_some() || !fits || !is_whole || weights.len() != known * rows {
            let found = format!("{} weights of `{name}`", weights.len());
            let wanted = format!("{}, all of {rows} × {cols}", rows * cols);
            let problem = format!(
                "it has {found} where {wanted}, are wanted: both must be dense, and as large"
            );
            return Err(refused(problem));
        }
        let mut wide = vec![0.0; rows * cols];
        for (to, from) in wide.chunks_exact_mut(cols).zip(weights.chunks_exact(known)) {
            to[..known].copy_from_slice(from);
        }
        let (count, device) = (rows * cols, biases.device());
        let positions: Vec<u32> = (0..count as u32).collect();
        let named = |what: &str| format!("retro/{name}/{what}");
        all.insert(named("positions"), Tensor::from_vec(positions, count, device)?);
        all.insert(named("weights"), Tensor::from_vec(wide, count, device)?);
        all.insert(named("biases"), biases.clone());
        if let Some(norms) = saved.get(&format!("decoder/{name}/norms")) {
            all.insert(named("norms"), norms.clone());
        }
    }
    Ok(all)
}
