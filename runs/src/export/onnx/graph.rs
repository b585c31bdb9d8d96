//! A graph of ONNX in the making.

use super::message::{Message, Number, Parts, node, tensor};
use crate::export::tensors::bytes;

/// A graph in the making: what is added gets a name of its own.
#[derive(Debug, Default)]
pub struct Graph {
    /// What it has so far.
    pub parts: Parts,
}

/// The name of a tensor in a graph.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Value(String);

impl Value {
    /// One that is given or asked for.
    pub fn named(name: &str) -> Self {
        Self(name.to_owned())
    }
}

impl Graph {
    /// The result of `op` on `inputs`.
    pub fn node(&mut self, op: &str, inputs: &[&Value], attributes: Vec<Message>) -> Value {
        let value = Value(format!("{op}.{}", self.parts.nodes.len()));
        self.put(&value, op, inputs, attributes);
        value
    }

    /// The same, under a name that was chosen.
    pub fn put(&mut self, to: &Value, op: &str, inputs: &[&Value], attributes: Vec<Message>) {
        let inputs: Vec<&str> = inputs.iter().map(|value| value.0.as_str()).collect();
        self.parts.nodes.push(node(op, &inputs, &to.0, attributes));
    }

    /// A constant of f32.
    pub fn f32(&mut self, name: impl Into<String>, dims: &[usize], values: &[f32]) -> Value {
        self.constant(name.into(), Number::F32, dims, bytes(values, |x| x.to_le_bytes()))
    }

    /// A constant of f64.
    pub fn f64(&mut self, name: impl Into<String>, dims: &[usize], values: &[f64]) -> Value {
        self.constant(name.into(), Number::F64, dims, bytes(values, |x| x.to_le_bytes()))
    }

    /// A list of whole numbers.
    pub fn wholes(&mut self, name: impl Into<String>, values: &[i64]) -> Value {
        let dims = [values.len()];
        self.constant(name.into(), Number::I64, &dims, bytes(values, |x| x.to_le_bytes()))
    }

    fn constant(&mut self, name: String, number: Number, dims: &[usize], of: Vec<u8>) -> Value {
        self.parts.tensors.push(tensor(&name, number, dims, of));
        Value(name)
    }
}
