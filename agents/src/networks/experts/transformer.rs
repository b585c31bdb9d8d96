//! Blocks of experts in a transformer: they take the place of the MLPs of its blocks (Fedus, Zoph & Shazeer 2021,
//! 2101.03961, figure 2), behind the same norm and below the same sum.

use sparring_sparse::{Features, Join, LayerSpec};

use super::keys::{ExpertKeys, TokensOf};
use super::refused;
use crate::error::AgentError;

impl ExpertKeys {
    /// The transformer `layers` with experts in place of the MLP of its last block (`at: penultimate`), the middle one or all
    /// of them; the layers are `block.<i>.mlp.router` and `block.<i>.mlp.expert.<e>.dense.0` and `.1`.
    ///
    /// # Errors
    /// Keys that do not go together, below `experts`.
    pub fn in_place_of_mlps(self, layers: Vec<LayerSpec>) -> Result<Vec<LayerSpec>, AgentError> {
        let of_images = match self.tokens {
            TokensOf::Batch => None,
            TokensOf::Pixels => Some("pixels"),
            TokensOf::Patches => Some("patches"),
            TokensOf::Channels => Some("channels"),
        };
        if let Some(found) = of_images {
            let (allowed, hint) = ("batch: each token of a sequence is one", "tokens: batch");
            return Err(refused("tokens", found.to_owned(), allowed, hint));
        }
        let routing = self.routing()?;
        let is_mlp = |l: &usize| layers[*l].name.ends_with(".mlp.0");
        let chosen = self.at.of((0..layers.len()).filter(is_mlp).collect());
        let (mut all, mut layers) = (Vec::<LayerSpec>::new(), layers.into_iter().enumerate());
        while let Some((l, layer)) = layers.next() {
            let (true, Some(before)) = (chosen.contains(&l), all.last_mut()) else {
                all.push(layer);
                continue;
            };
            before.then.push(Join::Routed(routing));
            before.then.extend(layers.next().into_iter().flat_map(|(_, second)| second.then));
            let features = Features::flat(layer.shape.cols());
            let mlp = LayerSpec { name: layer.name.replace(".mlp.0", ".mlp"), ..layer };
            all.extend(self.layers(&routing, &mlp, features));
        }
        Ok(all)
    }
}

#[cfg(test)]
mod tests {
    use sparring_sparse::attention::Sees;
    use sparring_sparse::nodes::NetworkPlan;

    use super::super::super::transformer::{Size, transformer};
    use super::super::keys::Placement;
    use super::*;

    fn with(experts: ExpertKeys) -> Result<Vec<LayerSpec>, AgentError> {
        experts.in_place_of_mlps(transformer(10, Size::M, (6, Sees::Before), 4, 0.0))
    }

    #[test]
    fn experts_take_the_place_of_mlps() {
        let two = ExpertKeys { count: 2, hidden: 16, ..ExpertKeys::default() };
        for (at, blocks) in [
            (Placement::Penultimate, vec![2]),
            (Placement::Middle, vec![1]),
            (Placement::All, vec![0, 1, 2]),
        ] {
            let layers = with(ExpertKeys { at, ..two }).unwrap();
            let plan = NetworkPlan::of_specs(&layers).unwrap();
            let behind = plan.blocks().iter().map(|block| layers[block.behind].name.clone());
            let expected: Vec<_> = blocks.iter().map(|b| format!("block.{b}.out")).collect();
            assert_eq!(behind.collect::<Vec<_>>(), expected);
            let names: Vec<_> = layers.iter().map(|layer| layer.name.as_str()).collect();
            for block in 0..3 {
                let is_routed = blocks.contains(&block);
                let mlp = format!("block.{block}.mlp.0");
                assert_eq!(names.contains(&mlp.as_str()), !is_routed);
                let router = format!("block.{block}.mlp.router");
                assert_eq!(names.contains(&router.as_str()), is_routed);
            }
            // Norms and sums are as many as before.
            let count = |layers: &[LayerSpec], join: Join| {
                layers.iter().flat_map(|layer| &layer.then).filter(|then| **then == join).count()
            };
            let plain = transformer(10, Size::M, (6, Sees::Before), 4, 0.0);
            for join in [Join::Add, Join::Save, Join::LayerNorm] {
                assert_eq!(count(&layers, join), count(&plain, join));
            }
        }
    }

    #[test]
    fn what_does_not_go_together_is_refused_by_its_key() {
        let key = |experts| {
            let AgentError::Experts(error) = with(experts).unwrap_err() else { panic!() };
            error.key
        };
        let base = ExpertKeys::default();
        assert_eq!(key(ExpertKeys { tokens: TokensOf::Pixels, ..base }), "experts.tokens");
        assert_eq!(key(ExpertKeys { k: 9, ..base }), "experts.k");
    }
}
