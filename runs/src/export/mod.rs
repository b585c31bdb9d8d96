//! `sparring export`: a policy in the formats of others.
//!
//! What is written maps a raw observation to the action that an evaluation takes, but for an ε of it that is left to
//! chance: the scales of observations, the network, what bounds the action. `runs/docs/export.md` is the reference.

mod c;
mod onnx;
mod samples;
mod tensors;
mod weights;

use sparring_agents::PolicyView;

use crate::cli::{ExportArgs, Format};
use crate::console::print;
use crate::error::{Error, Refusal};
use crate::files::{check_new_folder, write_folder_whole};
use crate::policy::KeptPolicy;
use crate::policy_text::Description;
use crate::table::thousands;
use samples::Samples;
use weights::Layout;

/// A file of the folder.
struct Part {
    name: &'static str,
    bytes: Vec<u8>,
}

/// Writes the policy into a new folder, all of it or nothing.
pub fn export(args: &ExportArgs) -> Result<(), Error> {
    check_new_folder(&args.out)?;
    let kept = KeptPolicy::find(&args.path, &[])?;
    let mut agent = kept.agent(&kept.variant.settings.agent.greedy(), 1)?;
    let row = kept.variant.settings.agent.row();
    let view = agent.policy_view().map_err(Error::system("lay the policy open"))?;
    let view = view.ok_or_else(|| {
        Refusal::argument(
            args.path.display().to_string(),
            format!("an agent that shows no network by which it acts: {}", row.name),
            "the policy of an agent that has a policy_view",
            "sparring eval, which lets the agent act itself",
        )
    })?;
    let about = Description::of(
        &view,
        row.name,
        &kept.variant.spec,
        &kept.origin.name(),
        kept.origin.env_steps,
    );
    let mut parts = Vec::new();
    for format in Format::asked(&args.format) {
        parts.push(part(format, &view, &about).map_err(Error::content(&args.out))?);
    }
    if let Some(count) = args.samples {
        let played = Samples::play(&mut *agent, &kept.variant, count as usize)
            .map_err(Error::system("play the samples"))?;
        let bytes = played.file(&kept.variant, &about);
        let bytes = bytes.map_err(|error| Error::content(&args.out)(error.to_string()))?;
        parts.push(Part { name: "samples.safetensors", bytes });
    }
    let files: Vec<_> = parts.iter().map(|part| (part.name, &*part.bytes)).collect();
    write_folder_whole(&args.out, &files)?;
    let files = parts
        .iter()
        .map(|Part { name, bytes }| format!("  {name}, {} bytes\n", thousands(bytes.len() as u64)));
    print(&format!("{}\n{}:\n{}", kept.origin, args.out.display(), files.collect::<String>()))
}

fn part(format: Format, view: &PolicyView, about: &Description) -> Result<Part, String> {
    let weights = |layout| weights::file(view, about, layout);
    Ok(match format {
        Format::Dense => Part { name: "dense.safetensors", bytes: weights(Layout::Dense)? },
        Format::Csr => Part { name: "csr.safetensors", bytes: weights(Layout::Csr)? },
        Format::C => Part { name: "policy.c", bytes: c::file(view, about).into_bytes() },
        Format::Onnx => {
            let bytes = onnx::file(view, about).map_err(|error| error.to_string())?;
            if bytes.len() > MOST_ONNX {
                let found = thousands(bytes.len() as u64);
                return Err(format!(
                    "policy.onnx would have {found} bytes, and protobuf's messages end at 2 GiB: --format csr"
                ));
            }
            Part { name: "policy.onnx", bytes }
        }
    })
}

/// No reader of protobuf takes a longer message.
const MOST_ONNX: usize = i32::MAX as usize;
