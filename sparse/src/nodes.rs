//! What a network computes, as nodes: its input, then what each layer and each join after it makes.

use std::collections::VecDeque;

use crate::attention::Attention;
use crate::error::SparseError;
use crate::layers::{Activation, Features, Join, Layer, LayerSpec, MaxPool, Shape};
use crate::routing::{Block, Member, Runs};

/// What makes the features of a node.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Op {
    /// The network's input.
    Input,
    /// The layer of this number.
    Layer(usize),
    /// The largest pixel of each window.
    MaxPool(MaxPool),
    /// `max(x, 0)`.
    Relu,
    /// The sum of its two inputs.
    Add,
    /// Layer norm `number` of those behind a layer, which has its parameters.
    LayerNorm {
        /// The layer.
        layer: usize,
        /// Counted from 0.
        number: usize,
    },
    /// The block of experts of this number.
    Routed(usize),
    /// The attention of this number.
    Attention(usize),
}

/// What hands on what a layer gives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HandedOn {
    /// A node: the last before the next layer's.
    Node(usize),
    /// The block of experts of this number, from within.
    Within(usize, Member),
}

/// Features, and where they come from.
#[derive(Clone, Debug, PartialEq)]
pub struct Node {
    /// The nodes that it reads, all of them earlier; of a sum the one just before it comes first.
    pub inputs: Vec<usize>,
    /// What it makes of them.
    pub op: Op,
    /// The function that `op` ends in.
    pub activation: Activation,
    /// What it gives.
    pub features: Features,
}

/// The nodes of a network in the order of its forward pass: node 0 is the input, the last one the
/// output, and every input of a node stands before it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct NetworkPlan {
    nodes: Vec<Node>,
    shapes: Vec<Shape>,
    runs: Vec<Runs>,
    blocks: Vec<Block>,
    attentions: Vec<Attention>,
}

impl NetworkPlan {
    /// The plan of `layers`.
    ///
    /// # Errors
    /// No layers; layers and joins that do not fit together.
    pub(crate) fn of_layers(layers: &[Layer]) -> Result<Self, SparseError> {
        Self::new(layers.iter().map(|layer| (*layer.shape(), layer.activation(), layer.then())))
    }

    /// The plan of the layers that `specs` will make.
    ///
    /// # Errors
    /// As `of_layers`.
    pub fn of_specs(specs: &[LayerSpec]) -> Result<Self, SparseError> {
        Self::new(specs.iter().map(|spec| (spec.shape, spec.activation, spec.then.as_slice())))
    }

    fn new<'a>(
        layers: impl Iterator<Item = (Shape, Activation, &'a [Join])>,
    ) -> Result<Self, SparseError> {
        let mut plan = Self::default();
        // The nodes that a join has saved.
        let mut saved: Vec<usize> = Vec::new();
        // The layers to come that blocks have, and how many numbers the expert at hand has between its layers.
        let (mut owed, mut hidden) = (VecDeque::<(Block, Member)>::new(), 0);
        for (l, (shape, activation, then)) in layers.enumerate() {
            if plan.nodes.is_empty() {
                plan.push(Vec::new(), Op::Input, Activation::Identity, shape.input());
            }
            let bad = |problem| SparseError::Join { layer: l, problem };
            if let Some((block, member)) = owed.pop_front() {
                if let Some(problem) = block.misfit(member, (shape, activation, then), &mut hidden)
                {
                    return Err(bad(problem));
                }
                plan.shapes.push(shape);
                plan.runs.push(block.runs(member));
                continue;
            }
            plan.let_read(&shape)?;
            plan.shapes.push(shape);
            plan.runs.push(Runs::ONE);
            plan.push(vec![plan.last()], Op::Layer(l), activation, shape.output());
            let mut norms = 0;
            for join in then {
                let last = plan.last();
                let features = plan.nodes[last].features;
                match join {
                    Join::Save => saved.push(last),
                    Join::MaxPool(pool) => {
                        let (op, identity) = (Op::MaxPool(*pool), Activation::Identity);
                        plan.push(vec![last], op, identity, pool.output(&features));
                    }
                    Join::Relu => plan.push(vec![last], Op::Relu, Activation::Relu, features),
                    Join::LayerNorm => {
                        if features != Features::flat(shape.rows()) {
                            return Err(bad("a LayerNorm of images, which no backend computes"));
                        }
                        let op = Op::LayerNorm { layer: l, number: norms };
                        plan.push(vec![last], op, Activation::Identity, features);
                        norms += 1;
                    }
                    Join::Add => {
                        let skip = saved.pop().ok_or_else(|| bad("an Add without a Save"))?;
                        if plan.nodes[skip].features != features {
                            return Err(bad("an Add of features of another shape"));
                        }
                        plan.push(vec![last, skip], Op::Add, Activation::Identity, features);
                    }
                    Join::Attention(attention) => {
                        let flat = features == Features::flat(shape.rows());
                        let whole = if flat { None } else { Some("attention of images") };
                        let other = |of: &&Attention| of.tokens != attention.tokens;
                        let other = plan.attentions.iter().find(other);
                        let whole =
                            whole.or(other.map(|_| "attention between another number of tokens"));
                        if let Some(problem) = whole.or(attention.misfit(shape.rows())) {
                            return Err(bad(problem));
                        }
                        let features = Features::flat(Attention::width(shape.rows()));
                        let op = Op::Attention(plan.attentions.len());
                        plan.push(vec![last], op, Activation::Identity, features);
                        plan.attentions.push(*attention);
                    }
                    Join::Routed(routing) => {
                        let block = Block::new(*routing, features, l, l + 1 + owed.len());
                        owed.extend(block.members().map(|member| (block, member)));
                        let op = Op::Routed(plan.blocks.len());
                        plan.push(vec![last], op, Activation::Identity, features);
                        plan.blocks.push(block);
                    }
                }
            }
        }
        if let Some((block, _)) = owed.front() {
            let problem = "a block of experts without its layers";
            return Err(SparseError::Join { layer: block.behind, problem });
        }
        match (saved.is_empty(), plan.nodes.is_empty()) {
            (true, false) => Ok(plan),
            (true, true) => Err(SparseError::Length { what: "layers", expected: 1, found: 0 }),
            (false, _) => Err(SparseError::Join { layer: 0, problem: "a Save without an Add" }),
        }
    }

    fn push(&mut self, inputs: Vec<usize>, op: Op, activation: Activation, features: Features) {
        self.nodes.push(Node { inputs, op, activation, features });
    }

    /// Lets a layer of `shape` read the last node; a convolution reads what a linear layer wrote as
    /// an image.
    fn let_read(&mut self, shape: &Shape) -> Result<(), SparseError> {
        let (last, wanted) = (self.last(), shape.input());
        let linear = |layer: usize| matches!(self.shapes[layer], Shape::Linear { .. });
        let node = &mut self.nodes[last];
        let (expected, found) = (node.features.size(), wanted.size());
        let flat = node.features == Features::flat(expected);
        match (shape, node.op) {
            (Shape::Linear { .. }, _) if expected == found => {}
            (Shape::Conv2d(_), _) if node.features == wanted => {}
            (Shape::Conv2d(_), Op::Layer(l)) if flat && expected == found && linear(l) => {
                node.features = wanted;
            }
            _ => return Err(SparseError::Length { what: "inputs of a layer", expected, found }),
        }
        Ok(())
    }

    /// The nodes from input to output.
    pub fn nodes(&self) -> &[Node] {
        &self.nodes
    }

    /// The number of the output.
    pub fn last(&self) -> usize {
        self.nodes.len().saturating_sub(1)
    }

    /// The shape of layer `layer`.
    pub fn shape(&self, layer: usize) -> &Shape {
        &self.shapes[layer]
    }

    /// What the network reads.
    pub fn input(&self) -> Features {
        self.nodes[0].features
    }

    /// What it gives.
    pub fn output(&self) -> Features {
        self.nodes[self.last()].features
    }

    /// The nodes that read node `node`, in their order.
    pub fn readers(&self, node: usize) -> impl Iterator<Item = usize> {
        (node + 1..self.nodes.len())
            .filter(move |reader| self.nodes[*reader].inputs.contains(&node))
    }

    /// What hands on what each layer gives, layer by layer.
    pub fn handed_on(&self) -> Vec<HandedOn> {
        let mut all = vec![HandedOn::Node(0); self.shapes.len()];
        let mut layer = 0;
        for (n, node) in self.nodes.iter().enumerate().skip(1) {
            match node.op {
                Op::Layer(l) => layer = l,
                Op::Routed(b) => {
                    let block = &self.blocks[b];
                    for (i, member) in block.members().enumerate() {
                        all[block.first + i] = HandedOn::Within(b, member);
                    }
                }
                // What it mixes is no longer what the layer gave.
                Op::Attention(_) => continue,
                Op::Input | Op::MaxPool(_) | Op::Relu | Op::Add | Op::LayerNorm { .. } => {}
            }
            // Until the next layer's.
            all[layer] = HandedOn::Node(n);
        }
        all
    }

    /// The blocks of experts, from input to output.
    pub fn blocks(&self) -> &[Block] {
        &self.blocks
    }

    /// What attention there is, from input to output.
    pub fn attentions(&self) -> &[Attention] {
        &self.attentions
    }

    /// How often layer `layer` runs, on the average.
    pub fn runs(&self, layer: usize) -> Runs {
        self.runs[layer]
    }

    /// Whether layer `layer` is a router, whose weights stay dense.
    pub fn is_router(&self, layer: usize) -> bool {
        self.blocks.iter().any(|block| block.router() == Some(layer))
    }
}
