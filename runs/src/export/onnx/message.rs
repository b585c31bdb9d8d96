//! The messages of ONNX that a policy needs, on their way into protobuf's bytes.
//!
//! Field numbers are those of `onnx.proto`, IR versions 7 and 8 (github.com/onnx/onnx, `onnx/onnx.proto`); whoever reads
//! them needs no other field.

use protobuf::{CodedOutputStream, ProtobufResult};

/// A message: its fields by their numbers.
#[derive(Clone, Debug, Default)]
pub struct Message {
    fields: Vec<(u32, Field)>,
}

#[derive(Clone, Debug)]
enum Field {
    Whole(i64),
    Real(f32),
    Bytes(Vec<u8>),
    Below(Message),
}

impl Message {
    fn whole(mut self, field: u32, value: i64) -> Self {
        self.fields.push((field, Field::Whole(value)));
        self
    }

    fn real(mut self, field: u32, value: f32) -> Self {
        self.fields.push((field, Field::Real(value)));
        self
    }

    fn bytes(mut self, field: u32, value: impl Into<Vec<u8>>) -> Self {
        self.fields.push((field, Field::Bytes(value.into())));
        self
    }

    fn below(mut self, field: u32, value: Self) -> Self {
        self.fields.push((field, Field::Below(value)));
        self
    }

    fn each<T>(self, all: impl IntoIterator<Item = T>, one: impl Fn(Self, T) -> Self) -> Self {
        all.into_iter().fold(self, one)
    }

    /// Its bytes.
    pub fn to_bytes(&self) -> ProtobufResult<Vec<u8>> {
        let mut bytes = Vec::new();
        let mut out = CodedOutputStream::vec(&mut bytes);
        for (field, value) in &self.fields {
            match value {
                Field::Whole(value) => out.write_int64(*field, *value)?,
                Field::Real(value) => out.write_float(*field, *value)?,
                Field::Bytes(value) => out.write_bytes(*field, value)?,
                Field::Below(value) => out.write_bytes(*field, &value.to_bytes()?)?,
            }
        }
        out.flush()?;
        drop(out);
        Ok(bytes)
    }
}

/// What the numbers of a tensor are, as `TensorProto.DataType` counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Number {
    /// f32.
    F32 = 1,
    /// u8.
    U8 = 2,
    /// i64.
    I64 = 7,
    /// f64.
    F64 = 11,
}

/// `TensorProto`: `bytes` are little-endian, row-major.
pub fn tensor(name: &str, number: Number, dims: &[usize], bytes: Vec<u8>) -> Message {
    Message::default()
        .each(dims, |to, dim| to.whole(1, *dim as i64))
        .whole(2, number as i64)
        .bytes(8, name)
        .bytes(9, bytes)
}

/// `AttributeProto` of a whole number.
pub fn whole(name: &str, value: i64) -> Message {
    Message::default().bytes(1, name).whole(3, value).whole(20, 2)
}

/// `AttributeProto` of a number.
pub fn real(name: &str, value: f32) -> Message {
    Message::default().bytes(1, name).real(2, value).whole(20, 1)
}

/// `AttributeProto` of whole numbers.
pub fn wholes(name: &str, values: &[usize]) -> Message {
    Message::default()
        .bytes(1, name)
        .each(values, |to, value| to.whole(8, *value as i64))
        .whole(20, 7)
}

/// `NodeProto`: `op` of `inputs`, named as its output.
pub fn node(op: &str, inputs: &[&str], output: &str, attributes: Vec<Message>) -> Message {
    Message::default()
        .each(inputs, |to, input| to.bytes(1, *input))
        .bytes(2, output)
        .bytes(3, output)
        .bytes(4, op)
        .each(attributes, |to, attribute| to.below(5, attribute))
}

/// `ValueInfoProto` of a tensor `(batch, dims…)`.
pub fn value(name: &str, number: Number, dims: &[usize]) -> Message {
    let batch = Message::default().bytes(2, "batch");
    let shape = Message::default()
        .below(1, batch)
        .each(dims, |to, dim| to.below(1, Message::default().whole(1, *dim as i64)));
    let tensor = Message::default().whole(1, number as i64).below(2, shape);
    Message::default().bytes(1, name).below(2, Message::default().below(1, tensor))
}

/// What a `GraphProto` is made of.
#[derive(Debug, Default)]
pub struct Parts {
    /// In an order in which they can be computed.
    pub nodes: Vec<Message>,
    /// Constants.
    pub tensors: Vec<Message>,
    /// What is given.
    pub inputs: Vec<Message>,
    /// What is computed.
    pub outputs: Vec<Message>,
}

/// What a model is written in.
#[derive(Clone, Copy, Debug)]
pub struct Versions {
    /// Of the messages.
    pub ir: i64,
    /// Of the operators.
    pub opset: i64,
}

/// `ModelProto` of one graph, with one entry of metadata.
pub fn model(parts: Parts, Versions { ir, opset }: Versions, metadata: [&str; 2]) -> Message {
    let graph = Message::default()
        .each(parts.nodes, |to, node| to.below(1, node))
        .bytes(2, "policy")
        .each(parts.tensors, |to, tensor| to.below(5, tensor))
        .each(parts.inputs, |to, input| to.below(11, input))
        .each(parts.outputs, |to, output| to.below(12, output));
    let [key, text] = metadata;
    Message::default()
        .whole(1, ir)
        .bytes(2, "sparring")
        .bytes(3, env!("CARGO_PKG_VERSION"))
        .below(7, graph)
        .below(8, Message::default().bytes(1, "").whole(2, opset))
        .below(14, Message::default().bytes(1, key).bytes(2, text))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// By hand, from the words of protobuf's encoding: a tag is `field << 3 | type`.
    #[test]
    fn a_tensor_in_bytes() {
        let bytes = tensor("b", Number::F32, &[2, 300], vec![7, 9]).to_bytes().unwrap();
        let by_hand = [0x08, 2, 0x08, 0xac, 2, 0x10, 1, 0x42, 1, b'b', 0x4a, 2, 7, 9];
        assert_eq!(bytes, by_hand);
        let bytes = node("Relu", &["x"], "y", Vec::new()).to_bytes().unwrap();
        assert_eq!(bytes, b"\x0a\x01x\x12\x01y\x1a\x01y\x22\x04Relu");
    }
}
