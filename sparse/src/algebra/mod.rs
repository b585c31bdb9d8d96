//! Layers over algebras: weights and features that are numbers of more than one part (Hoffmann et al. 2020, AlgebraNets,
//! 2006.07360).
//!
//! An *element* of an algebra is a tuple of `n` real numbers, and a layer of `K × C` elements computes
//! `y_k = act(Σ_c w_kc · x_c + b_k)` by the product of the algebra. Multiplying by `w` is a linear map of the parts of
//! `x`: they stand as `m` rows and `q` columns, `n = m q`, and `w · x = L(w) x` with the *block* `L(w) (m, m)`, whose
//! entries are 0 or `±` a part of `w`. So a layer is a real matrix of tied entries, `(K m, C m)`, applied to `q` columns a
//! sample:
//!
//! | name | elements | n | m | q | non-zeros of a block | weights / W² | multiplications / W² |
//! |---|---|---|---|---|---|---|---|
//! | `real` | ℝ | 1 | 1 | 1 | 1 | 1 | 1 |
//! | `c` | complex numbers | 2 | 2 | 1 | 4 | 1/2 | 1 |
//! | `dual` | dual numbers, ε² = 0 | 2 | 2 | 1 | 3 | 1/2 | 3/4 |
//! | `h` | quaternions | 4 | 4 | 1 | 16 | 1/4 | 1 |
//! | `m2r` | real 2 × 2 matrices | 4 | 2 | 2 | 4 | 1/4 | 1/2 |
//! | `m2c` | complex 2 × 2 matrices | 8 | 4 | 2 | 16 | 1/8 | 1/2 |
//! | `m3r` | real 3 × 3 matrices | 9 | 3 | 3 | 9 | 1/9 | 1/3 |
//! | `m4r` | real 4 × 4 matrices | 16 | 4 | 4 | 16 | 1/16 | 1/4 |
//! | `cross` | ℝ³ with the cross product | 3 | 3 | 1 | 6 | 1/3 | 2/3 |
//!
//! for a layer of `W` features on both sides. Features stand element by element, an element row by row; a weight's parts
//! in the same order. Biases and activations go by feature.
//!
//! **Columns never mix.** Where `q > 1` and activations go by component, column `j` of the outputs depends on column `j`
//! of the inputs alone: between the first layer and the head a network over `M_q(ℝ)` *is* a real network of width `W/q`
//! that is run `q` times a sample with the same weights, each time on its own part of the features. Whoever shows that
//! such a network does well has to lay the real network of width `W/q` beside it.
//!
//! Parameters live on the tuple: moments, weight decay, averaging and checkpoints know nothing of blocks. A tuple comes
//! and goes as one, by the L2 norm of its parts and of their gradient; a pattern cannot be asked for besides.
//!
//! The first weights of a layer have the variance that real ones of [`Algebra::fan`] inputs would have, so that a
//! component of the output has the variance of a real feature; over the dual numbers this holds for the mean of both
//! parts, of which the ε part has three times the variance of the other.
//!
//! A new algebra is a file and a row.

pub mod complex;
pub mod cross;
pub mod dual;
mod fold;
pub mod matrix2;
pub mod matrix2_complex;
pub mod matrix3;
pub mod matrix4;
pub mod quaternion;
mod real;
mod row;

pub use row::{Algebra, AlgebraRow};

pub(crate) use fold::{Elements, Folded};

/// The algebras of this crate beside the real numbers.
pub static ALGEBRAS: [&AlgebraRow; 8] = [
    &complex::ROW,
    &dual::ROW,
    &quaternion::ROW,
    &matrix2::ROW,
    &matrix2_complex::ROW,
    &matrix3::ROW,
    &matrix4::ROW,
    &cross::ROW,
];
