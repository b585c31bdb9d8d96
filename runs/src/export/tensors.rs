//! Named arrays on their way into a safetensors file.

use std::collections::HashMap;

use safetensors::SafeTensorError;
use safetensors::serialize;
use safetensors::tensor::{Dtype, TensorView};

/// Named arrays.
#[derive(Debug, Default)]
pub struct Tensors {
    all: Vec<Array>,
}

#[derive(Debug)]
struct Array {
    name: String,
    dtype: Dtype,
    shape: Vec<usize>,
    /// Little-endian, row-major.
    bytes: Vec<u8>,
}

impl Tensors {
    /// Adds an array of f32.
    pub fn f32(&mut self, name: String, shape: &[usize], values: &[f32]) {
        self.push(name, Dtype::F32, shape, bytes(values, |x| x.to_le_bytes()));
    }

    /// Adds an array of i32.
    pub fn i32(&mut self, name: String, shape: &[usize], values: &[i32]) {
        self.push(name, Dtype::I32, shape, bytes(values, |x| x.to_le_bytes()));
    }

    /// Adds an array of i64.
    pub fn i64(&mut self, name: String, shape: &[usize], values: &[i64]) {
        self.push(name, Dtype::I64, shape, bytes(values, |x| x.to_le_bytes()));
    }

    /// Adds an array of bytes.
    pub fn u8(&mut self, name: String, shape: &[usize], values: &[u8]) {
        self.push(name, Dtype::U8, shape, values.to_vec());
    }

    fn push(&mut self, name: String, dtype: Dtype, shape: &[usize], bytes: Vec<u8>) {
        self.all.push(Array { name, dtype, shape: shape.to_vec(), bytes });
    }

    /// The file, whose metadata `policy` is `description`.
    ///
    /// # Errors
    /// An array whose shape is not that of its values.
    pub fn to_bytes(&self, description: String) -> Result<Vec<u8>, SafeTensorError> {
        let views = self
            .all
            .iter()
            .map(|array| {
                let view = TensorView::new(array.dtype, array.shape.clone(), &array.bytes)?;
                Ok((array.name.as_str(), view))
            })
            .collect::<Result<Vec<_>, SafeTensorError>>()?;
        serialize(views, Some(HashMap::from([("policy".to_owned(), description)])))
    }
}

/// `values` one after the other, each as `of` has it.
pub fn bytes<T: Copy, const N: usize>(values: &[T], of: impl Fn(T) -> [u8; N]) -> Vec<u8> {
    values.iter().flat_map(|value| of(*value)).collect()
}
