//! The layers of a policy: their constants, and the lines that compute them.

use std::fmt::Write;

use sparring_agents::PolicyView;
use sparring_agents::policy_view::{After, PolicyLayer};
use sparring_sparse::kernels::norm::EPSILON;
use sparring_sparse::layers::{Conv2d, Features};
use sparring_sparse::{Activation, Join, Shape};

use super::super::weights::Rows;
use super::numbers::{array, floats, unsigned, whole};
use crate::policy_text::pads;

/// All layers as text.
pub struct Layers {
    /// Weights, biases, norms.
    pub constants: String,
    /// The lines of the function.
    pub code: String,
    /// Which of the buffers `a` and `b` holds what comes last.
    in_b: bool,
    /// Numbers that it holds.
    features: Features,
    /// The most that a buffer holds.
    widest: usize,
    /// Numbers that are kept for each sum to come, innermost last.
    kept: Vec<usize>,
    /// The sizes of the buffers for them.
    keeps: Vec<usize>,
    most_columns: usize,
    most_entries: usize,
    /// Entries and starts of rows.
    entries: usize,
    starts: usize,
    floats: usize,
    pools: usize,
}

impl Layers {
    /// Those of `view`.
    pub fn of(view: &PolicyView) -> Self {
        let mut all = Self {
            constants: String::new(),
            code: String::new(),
            in_b: false,
            features: Features::flat(view.before.dim),
            widest: view.before.dim,
            kept: Vec::new(),
            keeps: Vec::new(),
            most_columns: 0,
            most_entries: 0,
            entries: 0,
            starts: 0,
            floats: 0,
            pools: 0,
        };
        for (number, layer) in view.layers.iter().enumerate() {
            all.layer(number, layer);
        }
        all
    }

    fn layer(&mut self, number: usize, layer: &PolicyLayer) {
        let topology = &layer.topology;
        let is_sparse = topology.nnz() < topology.size();
        let name = |part: &str| format!("{part}_{number}");
        let weights = if is_sparse { layer.weights.clone() } else { layer.dense() };
        self.constants.push_str(&array("float", &name("w"), floats(&weights)));
        self.constants.push_str(&array("float", &name("bias"), floats(&layer.bias)));
        self.floats += weights.len() + layer.bias.len();
        let (mut columns, mut starts) = ("0".to_owned(), "0".to_owned());
        if is_sparse {
            let Rows { indptr, indices } = Rows::of(topology);
            (columns, starts) = (name("columns"), name("starts"));
            self.constants.push_str(&array("sparring_column", &columns, whole(&indices)));
            self.constants.push_str(&array("sparring_entry", &starts, whole(&indptr)));
            self.most_columns = self.most_columns.max(topology.cols());
            self.most_entries = self.most_entries.max(topology.nnz());
            self.entries += indices.len();
            self.starts += indptr.len();
        }
        let (x, y) = self.turn();
        let _ = writeln!(self.code, "    /* {} */", layer.name);
        let of = match &layer.shape {
            Shape::Linear { inputs, outputs } => format!("linear({x}, {y}, {outputs}, {inputs}"),
            Shape::Conv2d(conv) => {
                let windows = name("windows");
                self.constants.push_str(&declared(&windows, conv));
                format!("convolution({x}, {y}, &{windows}")
            }
        };
        let (w, bias) = (name("w"), name("bias"));
        let _ = writeln!(self.code, "    {of}, {w}, {columns}, {starts}, {bias});");
        self.gives(layer.shape.output());
        match layer.activation {
            Activation::Identity => {}
            Activation::Relu => self.call("relu"),
            Activation::Tanh => self.call("hyperbolic"),
        }
        let mut norms = layer.norms().into_iter().enumerate();
        for join in &layer.then {
            match join {
                Join::Save => self.keep(),
                Join::Add => self.sum(),
                Join::Relu => self.call("relu"),
                Join::LayerNorm => {
                    let Some((i, norm)) = norms.next() else { continue };
                    let (scale, shift) =
                        (format!("scale_{number}_{i}"), format!("shift_{number}_{i}"));
                    self.constants.push_str(&array("float", &scale, floats(norm.scale)));
                    self.constants.push_str(&array("float", &shift, floats(norm.shift)));
                    self.floats += 2 * norm.scale.len();
                    let (x, n) = (self.last(), self.outputs());
                    let _ = writeln!(
                        self.code,
                        "    layer_norm({x}, {n}, {EPSILON:?}f, {scale}, {shift});"
                    );
                }
                Join::MaxPool(pool) => {
                    let (conv, windows) =
                        (pool.windows(&self.features), format!("pool_{}", self.pools));
                    self.pools += 1;
                    self.constants.push_str(&declared(&windows, &conv));
                    let (x, y) = self.turn();
                    let _ = writeln!(self.code, "    max_pool({x}, {y}, &{windows});");
                    self.gives(conv.output());
                }
                // No view has them.
                Join::Routed(_) | Join::Attention(_) => {}
            }
        }
    }

    /// The buffer that is read next, and the other one.
    fn turn(&mut self) -> (&'static str, &'static str) {
        let read = self.last();
        self.in_b = !self.in_b;
        (read, self.last())
    }

    fn gives(&mut self, features: Features) {
        self.features = features;
        self.widest = self.widest.max(features.size());
    }

    fn call(&mut self, name: &str) {
        let (x, n) = (self.last(), self.outputs());
        let _ = writeln!(self.code, "    {name}({x}, {n});");
    }

    fn keep(&mut self) {
        let (depth, n, x) = (self.kept.len(), self.outputs(), self.last());
        self.kept.push(n);
        match self.keeps.get_mut(depth) {
            Some(size) => *size = n.max(*size),
            None => self.keeps.push(n),
        }
        let _ = writeln!(self.code, "    copy({x}, kept_{depth}, {n});");
    }

    fn sum(&mut self) {
        if let Some(n) = self.kept.pop() {
            let (x, depth) = (self.last(), self.kept.len());
            let _ = writeln!(self.code, "    add({x}, kept_{depth}, {n});");
        }
    }

    /// The buffer that holds what comes last.
    pub fn last(&self) -> &'static str {
        if self.in_b { "b" } else { "a" }
    }

    /// How many numbers that are.
    pub fn outputs(&self) -> usize {
        self.features.size()
    }

    /// The type of a column.
    pub fn column_type(&self) -> &'static str {
        unsigned(self.most_columns.saturating_sub(1)).0
    }

    /// The type of an entry's number.
    pub fn entry_type(&self) -> &'static str {
        unsigned(self.most_entries).0
    }

    /// The declarations of the buffers.
    pub fn buffers(&self) -> String {
        let mut text = format!("\nstatic float a[{n}], b[{n}];\n", n = self.widest);
        for (depth, size) in self.keeps.iter().enumerate() {
            let _ = writeln!(text, "static float kept_{depth}[{size}];");
        }
        text
    }

    /// Bytes of these.
    pub fn buffer_bytes(&self) -> usize {
        size_of::<f32>() * (2 * self.widest + self.keeps.iter().sum::<usize>())
    }

    /// Bytes of all constants.
    pub fn constant_bytes(&self, view: &PolicyView) -> usize {
        let (columns, entries) =
            (unsigned(self.most_columns.saturating_sub(1)).1, unsigned(self.most_entries).1);
        let scales =
            view.before.scale.as_ref().map_or(0, |_| 2 * size_of::<f64>() * view.before.dim);
        let bounds = match &view.after {
            After::Largest { .. } => 0,
            After::Tanh { low, .. } => 2 * size_of::<f32>() * low.len(),
        };
        size_of::<f32>() * self.floats
            + columns * self.entries
            + entries * self.starts
            + scales
            + bounds
    }
}

fn declared(name: &str, of: &Conv2d) -> String {
    let sides = |of: Features| format!("{{{}, {}, {}}}", of.channels, of.height, of.width);
    let [above, left, _, _] = pads(of);
    let [rows, columns] = of.kernel;
    format!(
        "static const struct windows {name} = {{{}, {}, {{{rows}, {columns}}}, {}, {above}, {left}}};\n",
        sides(of.input()),
        sides(of.output()),
        of.stride
    )
}
