//! Entries of a sparse layer that meet no zeros.

use super::slots::Live;
use crate::kernels::entries::Entries;

/// What is left of the entries of a sparse layer.
#[derive(Debug, Default)]
pub(super) struct Kept {
    ptr: Vec<u32>,
    index: Vec<u32>,
    /// Of all slots.
    live: Vec<bool>,
}

impl Kept {
    /// The entries of an order of a topology that are in `rows` of it, which ascend, and of `live`, row by row; what belongs to each
    /// of all goes to `to` with them.
    pub fn keep<T: Copy + Default>(
        &mut self,
        (order, of_each): (Entries<'_>, &[T]),
        rows: impl Iterator<Item = usize>,
        live: &Live,
        to: &mut Vec<T>,
    ) -> Entries<'_> {
        let Self { ptr, index, live: is_live } = self;
        is_live.clear();
        is_live.resize(live.of, false);
        live.places().for_each(|slot| is_live[slot] = true);
        index.resize(order.index().len(), 0);
        to.resize(order.index().len(), T::default());
        ptr.clear();
        ptr.push(0);
        let mut kept = 0;
        for row in rows {
            ptr.resize(row + 1, kept as u32);
            let entries = order.ptr()[row] as usize..order.ptr()[row + 1] as usize;
            let from = (&order.index()[entries.clone()], &of_each[entries]);
            kept += keep(is_live, from, (&mut index[kept..], &mut to[kept..]));
            ptr.push(kept as u32);
        }
        ptr.resize(order.ptr().len(), kept as u32);
        // SAFETY: `ptr` ascends from 0 to `kept`, and what was kept are places of `live`, which has `live.of`.
        unsafe { Entries::new(ptr, &index[..kept], live.of) }
    }
}

/// Puts the entries that are live one after the other, their slots and what belongs to them, and gives their number. There
/// is no branch to mistake.
fn keep<T: Copy>(live: &[bool], from: (&[u32], &[T]), to: (&mut [u32], &mut [T])) -> usize {
    let ((slots, of_each), (index, to)) = (from, to);
    let (index, to) = (&mut index[..slots.len()], &mut to[..slots.len()]);
    let mut kept = 0;
    for (slot, one) in slots.iter().zip(of_each) {
        (index[kept], to[kept]) = (*slot, *one);
        kept += usize::from(live[*slot as usize]);
    }
    kept
}
