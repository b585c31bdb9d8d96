//! The messages that a value is made of.

use tensorboard_proto::summary::{Summary_Value, SummaryMetadata, SummaryMetadata_PluginData};
use tensorboard_proto::tensor::TensorProto;
use tensorboard_proto::tensor_shape::{TensorShapeProto, TensorShapeProto_Dim};
use tensorboard_proto::types::DataType;

/// One point of a curve.
pub fn scalar(tag: &str, value: f64) -> Summary_Value {
    let mut point = Summary_Value::new();
    point.set_tag(tag.to_owned());
    point.set_simple_value(value as f32);
    point
}

/// A value of the tab `plugin`, which may have a `content` of its own.
pub fn of_plugin(tag: &str, plugin: &str, content: Vec<u8>, tensor: TensorProto) -> Summary_Value {
    let mut data = SummaryMetadata_PluginData::new();
    data.set_plugin_name(plugin.to_owned());
    data.set_content(content);
    let mut metadata = SummaryMetadata::new();
    metadata.set_plugin_data(data);
    let mut value = Summary_Value::new();
    value.set_tag(tag.to_owned());
    value.set_metadata(metadata);
    value.set_tensor(tensor);
    value
}

/// A single text.
pub fn string(text: impl Into<Vec<u8>>) -> TensorProto {
    let mut tensor = tensor(DataType::DT_STRING, &[]);
    tensor.set_string_val(vec![text.into()].into());
    tensor
}

/// Texts or bytes, `(n)`.
pub fn strings(all: Vec<Vec<u8>>) -> TensorProto {
    let mut tensor = tensor(DataType::DT_STRING, &[all.len()]);
    tensor.set_string_val(all.into());
    tensor
}

/// Rows of three numbers, `(n, 3)`.
pub fn triples(rows: &[[f64; 3]]) -> TensorProto {
    let mut tensor = tensor(DataType::DT_DOUBLE, &[rows.len(), 3]);
    let bytes = rows.as_flattened().iter().flat_map(|number| number.to_le_bytes());
    tensor.set_tensor_content(bytes.collect());
    tensor
}

/// No numbers, `(0)`.
pub fn nothing() -> TensorProto {
    tensor(DataType::DT_FLOAT, &[0])
}

fn tensor(kind: DataType, sizes: &[usize]) -> TensorProto {
    let dim = |size: &usize| {
        let mut dim = TensorShapeProto_Dim::new();
        dim.set_size(*size as i64);
        dim
    };
    let mut shape = TensorShapeProto::new();
    shape.set_dim(sizes.iter().map(dim).collect::<Vec<_>>().into());
    let mut tensor = TensorProto::new();
    tensor.set_dtype(kind);
    tensor.set_tensor_shape(shape);
    tensor
}
