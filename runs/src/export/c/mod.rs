//! A policy as one file of C99 that needs nothing but the standard's `stdint.h` and `math.h`: for robots and
//! microcontrollers. `runs/docs/export.md` says what stands in it.
//!
//! Weights are constants, the active ones alone; what a step computes lies in static buffers, so that nothing is
//! allocated. Everything is `float` but the scales of observations, which are f64 as in training.

mod layers;
mod numbers;

use std::fmt::Write;

use sparring_agents::PolicyView;
use sparring_agents::policy_view::{After, Before};

use crate::policy_text::Description;
use layers::Layers;
use numbers::{array, doubles, floats};

/// What stands between the opening words and the constants.
const KERNELS: &str = include_str!("kernels.c");

/// The text of the file.
pub fn file(view: &PolicyView, about: &Description) -> String {
    let layers = Layers::of(view);
    let mut text = opening(view, about, &layers);
    text.push_str("\n#include <math.h>\n#include <stdint.h>\n\n");
    let _ = writeln!(text, "typedef {} sparring_column;", layers.column_type());
    let _ = writeln!(text, "typedef {} sparring_entry;\n", layers.entry_type());
    for kernel in KERNELS.split("\n\n").filter(|kernel| is_used(kernel, &layers)) {
        text.push_str(kernel.trim_end());
        text.push_str("\n\n");
    }
    text.push_str(&before_constants(&view.before));
    text.push_str(&layers.constants);
    if let After::Tanh { low, high } = &view.after {
        text.push_str(&array("float", "action_low", floats(low)));
        text.push_str(&array("float", "action_high", floats(high)));
    }
    text.push_str(&layers.buffers());
    let _ = write!(text, "\n{} {{\n", signature(view, about));
    text.push_str(&before_code(&view.before));
    text.push_str(&layers.code);
    text.push_str(&after_code(&view.after, &layers));
    text.push_str("}\n");
    text
}

/// Whether the layers call `kernel`, or have windows of what it declares.
fn is_used(kernel: &str, layers: &Layers) -> bool {
    let name = |line: &str| Some(line.strip_prefix("static void ")?.split_once('(')?.0.to_owned());
    match kernel.lines().find_map(name) {
        Some(name) => layers.code.contains(&format!(" {name}(")),
        None => layers.constants.contains("struct windows"),
    }
}

fn opening(view: &PolicyView, about: &Description, layers: &Layers) -> String {
    let what = match &view.after {
        After::Largest { .. } => "gives the index of the action that an evaluation takes",
        After::Tanh { .. } => {
            "writes the action that an evaluation takes, in the environment's units"
        }
    };
    format!(
        "/* {}\n *\n * {};\n *\n * {what} for a raw observation, numbers in the order (channel, row, column).\n *\n * \
         C99 and its library alone, no allocation: {} bytes of constants and {} bytes of static buffers, so that one\n * \
         call at a time may be under way.\n */\n",
        about.title(),
        signature(view, about),
        layers.constant_bytes(view),
        layers.buffer_bytes(),
    )
}

fn signature(view: &PolicyView, about: &Description) -> String {
    let kind = if about.observation.dtype == "u8" { "uint8_t" } else { "float" };
    let seen = format!("const {kind} observation[{}]", view.before.dim);
    match &view.after {
        After::Largest { .. } => format!("int sparring_act({seen})"),
        After::Tanh { low, .. } => {
            format!("void sparring_act({seen}, float action[{}])", low.len())
        }
    }
}

fn before_constants(before: &Before) -> String {
    let Some(scale) = &before.scale else { return String::new() };
    let mean = array("double", "observation_mean", doubles(&scale.mean));
    mean + &array("double", "observation_deviation", doubles(&scale.deviation))
}

fn before_code(before: &Before) -> String {
    let Before { dim, divisor, scale } = before;
    let x = match divisor {
        1.0 => "(float)observation[i]".to_owned(),
        divisor => format!("(float)observation[i] / {divisor:?}f"),
    };
    match scale {
        None => format!("    for (int i = 0; i < {dim}; i++) a[i] = {x};\n"),
        Some(scale) => format!(
            "    for (int i = 0; i < {dim}; i++) {{\n        double x = ((double)({x}) - observation_mean[i]) / \
             observation_deviation[i];\n        x = x > {clip:?} ? {clip:?} : x;\n        a[i] = (float)(x < -{clip:?} ? \
             -{clip:?} : x);\n    }}\n",
            clip = scale.clip
        ),
    }
}

fn after_code(after: &After, layers: &Layers) -> String {
    let x = layers.last();
    match after {
        After::Largest { first } => format!(
            "    int best = 0;\n    for (int i = 1; i < {}; i++)\n        if ({x}[{first} + i] > {x}[{first} + best]) \
             best = i;\n    return best;\n",
            layers.outputs() - first
        ),
        After::Tanh { low, .. } => format!(
            "    for (int i = 0; i < {}; i++) {{\n        float t = tanhf({x}[i]);\n        t = action_low[i] * (0.5f - \
             0.5f * t) + action_high[i] * (0.5f + 0.5f * t);\n        t = t < action_low[i] ? action_low[i] : t;\n        \
             action[i] = t > action_high[i] ? action_high[i] : t;\n    }}\n",
            low.len()
        ),
    }
}
