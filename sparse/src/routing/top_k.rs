//! The `k` largest gates (Shazeer et al. 2017, 1701.06538), with places that run out: Obando-Ceron et al. 2024
//! (`dopamine/labs/moes` of google/dopamine, `architectures/moe.py`).
//!
//! An expert has `⌈T · capacity / E⌉` places for `T` tokens. Of an image these are the tokens of a sample; where samples
//! are tokens they are those of a batch in training, and elsewhere there are places enough. All first choices are
//! served before the second ones, in the order of tokens; who finds no place gets zeros. `capacity = E` drops nothing.

use super::row::{Asked, Capacity, RouterRow, Way};
use super::softmax;
use crate::seed::Rng;

/// The row of top-k.
pub static ROW: RouterRow = RouterRow {
    name: "topk",
    about: "the k largest gates, while experts have places",
    way: Way::Chooses { choose, gated: true },
};

fn choose(asked: &Asked<'_>, _: Option<&mut Rng>) -> Vec<Option<u32>> {
    let tokens = asked.gates.len() / asked.experts;
    let mut chosen: Vec<Option<u32>> = Vec::with_capacity(tokens * asked.k);
    for gates in asked.gates.chunks_exact(asked.experts) {
        let start = chosen.len();
        for _ in 0..asked.k {
            let next = largest(gates, &chosen[start..]);
            chosen.push(next);
        }
    }
    if let Some(capacity) = asked.capacity {
        drop_beyond(&mut chosen, asked, capacity);
    }
    chosen
}

/// The largest of `gates` that is not among the `others`; the lower index wins a tie.
fn largest(gates: &[f32], others: &[Option<u32>]) -> Option<u32> {
    if others.is_empty() {
        return Some(softmax::largest(gates) as u32);
    }
    let free = (0..gates.len()).filter(|e| !others.contains(&Some(*e as u32)));
    let best = free.reduce(|best, e| if gates[e] > gates[best] { e } else { best });
    best.map(|e| e as u32)
}

/// Takes the expert from whoever comes after its last place.
fn drop_beyond(chosen: &mut [Option<u32>], asked: &Asked<'_>, capacity: Capacity) {
    for group in chosen.chunks_mut(capacity.among * asked.k) {
        let mut taken = vec![0; asked.experts];
        for rank in 0..asked.k {
            for choice in group.iter_mut().skip(rank).step_by(asked.k) {
                let Some(expert) = *choice else { continue };
                let taken = &mut taken[expert as usize];
                match *taken < capacity.places {
                    true => *taken += 1,
                    false => *choice = None,
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn first_come_first_served_by_hand() {
        // Three tokens that like expert 1 best, then 0, and one that likes 2.
        let gates = [0.3, 0.6, 0.1].repeat(3).into_iter().chain([0.1, 0.2, 0.7]);
        let gates: Vec<f32> = gates.collect();
        let of = |k, capacity| choose(&Asked { gates: &gates, experts: 3, k, capacity }, None);
        let some = |experts: &[u32]| experts.iter().map(|e| Some(*e)).collect::<Vec<_>>();
        assert_eq!(of(1, None), some(&[1, 1, 1, 2]));
        let two = Some(Capacity { among: 4, places: 2 });
        assert_eq!(of(1, two), [Some(1), Some(1), None, Some(2)]);
        assert_eq!(
            of(2, two),
            [Some(1), Some(0), Some(1), Some(0), None, None, Some(2), None],
            "the last one's second choice finds expert 1 full"
        );
        // A place for every token: nothing is dropped. Two groups share nothing.
        assert_eq!(of(1, Some(Capacity { among: 4, places: 4 })), of(1, None));
        let one = Some(Capacity { among: 2, places: 1 });
        assert_eq!(of(1, one), [Some(1), None, Some(1), Some(2)]);
        let tie = Asked { gates: &[0.25; 4], experts: 4, k: 2, capacity: None };
        assert_eq!(choose(&tie, None), some(&[0, 1]));
    }
}
