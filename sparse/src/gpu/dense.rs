//! Products of layers whose weights are all there: their arguments, as `kernels/common.h` has them, and which kernel
//! takes which.

use super::kernels::Argument;
use super::precision::both;
use super::{Launch, Name, Precision};

/// Of `dense_forward`, `to (rows, ld) = act(W x + b)`, and `dense_backward`, `to (cols, ld) = Wᵀ x · act′(y)`.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct Dense {
    /// `(rows, cols)`.
    pub weight: u64,
    /// `(rows)`.
    pub bias: u64,
    /// What is multiplied.
    pub x: u64,
    /// What the layer below gave; 0 where nothing is below.
    pub y: u64,
    /// The product.
    pub to: u64,
    /// Rows of the weights.
    pub rows: u32,
    /// Their columns.
    pub cols: u32,
    /// Samples, rounded up.
    pub ld: u32,
    /// The layer's, or that of the layer below.
    pub activation: u32,
    /// How `to` is stored: as what is read, or `f32`.
    pub gives: Precision,
    /// Nothing.
    pub pad: u32,
}

/// Of `dense_grad`: `dw (rows, cols) = dy (rows, ld) xᵀ`, `db (rows)`.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct DenseGrad {
    /// `(rows, ld)`.
    pub dy: u64,
    /// `(cols, ld)`.
    pub x: u64,
    /// `(rows, cols)`.
    pub dw: u64,
    /// `(rows)`.
    pub db: u64,
    /// Rows of the weights.
    pub rows: u32,
    /// Their columns.
    pub cols: u32,
    /// Samples, rounded up.
    pub ld: u32,
    /// Nothing.
    pub pad: u32,
}

/// Of `dense_forward_parts` and `dense_finish`: a product forward whose sum is taken in parts.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct DenseParts {
    /// The product.
    pub all: Dense,
    /// `(parts, rows, ld)`.
    pub partial: u64,
    /// Shares of the columns.
    pub parts: u32,
    /// Nothing.
    pub pad: u32,
}

/// A product of matrices, by the largest tiles of which there are enough to keep a device busy: larger ones load less.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Product {
    /// The kernel.
    pub name: Name,
    /// Rows and columns of its tiles.
    tile: [u32; 2],
}

/// Tiles that are enough, by `scripts/gpu/kernels.py` on an H100 with 132 multiprocessors.
const ENOUGH: u32 = 100;

/// Columns from which on medium tiles pay, by the same.
const WIDE: u32 = 256;

impl Product {
    /// That of `rows × cols` numbers by one of three kernels, of growing tiles.
    fn of(names: [Name; 3], rows: u32, cols: u32) -> Self {
        let [small, medium, large] = names;
        let has_enough = |tile: [u32; 2]| {
            u64::from(rows.div_ceil(tile[0])) * u64::from(cols.div_ceil(tile[1])) >= ENOUGH.into()
        };
        let (most, more) = ([128, 128], [64, 32]);
        // A few samples are shared among the threads of small tiles only.
        match (has_enough(most), has_enough(more) && cols >= WIDE) {
            (true, _) => Self { name: large, tile: most },
            (false, true) => Self { name: medium, tile: more },
            (false, false) => Self { name: small, tile: [32, 16] },
        }
    }

    fn shape(self, rows: u32, cols: u32) -> Launch {
        let [tall, wide] = self.tile;
        let grid = [cols.div_ceil(wide), rows.div_ceil(tall), 1];
        Launch { grid, block: [256, 1, 1], shared: 0 }
    }
}

impl Dense {
    /// Which kernel a layer takes forward.
    pub fn forward(&self) -> Product {
        Product::of(
            [both!("dense_forward"), both!("dense_forward_medium"), both!("dense_forward_large")],
            self.rows,
            self.ld,
        )
    }

    /// Which kernel it takes back.
    pub fn backward(&self) -> Product {
        Product::of(
            [
                both!("dense_backward"),
                both!("dense_backward_medium"),
                both!("dense_backward_large"),
            ],
            self.cols,
            self.ld,
        )
    }

    /// The shape of [`Self::forward`].
    pub fn forward_shape(&self, product: Product) -> Launch {
        product.shape(self.rows, self.ld)
    }

    /// The shape of [`Self::backward`].
    pub fn backward_shape(&self, product: Product) -> Launch {
        product.shape(self.cols, self.ld)
    }
}

impl DenseGrad {
    /// Which kernel it takes.
    pub fn product(&self) -> Product {
        let names = [both!("dense_grad"), both!("dense_grad_medium"), both!("dense_grad_large")];
        Product::of(names, self.rows, self.cols)
    }

    /// The shape of [`Self::product`].
    pub fn shape(&self, product: Product) -> Launch {
        product.shape(self.rows, self.cols)
    }
}

impl DenseParts {
    /// Columns from which on parts pay, and blocks that fill a device, by `scripts/gpu/kernels.py` on an H200.
    const LONG: usize = 1024;
    const BLOCKS: usize = 264;

    /// Shares of the sum for which a product of `rows × cols` weights and `ld` samples makes too few tiles; 1 where it
    /// makes enough.
    pub fn parts(rows: usize, cols: usize, ld: usize) -> usize {
        let tiles = ld.div_ceil(16) * rows.div_ceil(32);
        match cols < Self::LONG || 4 * tiles > Self::BLOCKS {
            true => 1,
            false => (Self::BLOCKS / tiles).min(cols.div_ceil(64)),
        }
    }

    /// The shape of the parts.
    pub fn shape(&self) -> Launch {
        let Dense { rows, ld, .. } = self.all;
        let grid = [ld.div_ceil(16), rows.div_ceil(32) * self.parts, 1];
        Launch { grid, block: [256, 1, 1], shared: 0 }
    }

    /// The shape of their sum.
    pub fn finish_shape(&self) -> Launch {
        let Dense { rows, ld, .. } = self.all;
        Launch { grid: [(rows * ld).div_ceil(256), 1, 1], block: [256, 1, 1], shared: 0 }
    }
}

// SAFETY: structs of C whose fields of 8 bytes come first and whose sizes are multiples of 8.
unsafe impl Argument for Dense {}
// SAFETY: as above.
unsafe impl Argument for DenseGrad {}
// SAFETY: as above.
unsafe impl Argument for DenseParts {}
