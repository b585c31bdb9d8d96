//! `sparring export`, and `sparring eval` of checkpoints, through the binary. (What others make of the files is
//! compared by scripts/test-export.)

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::common::{Folder, Printed, config, sparring, wait_for};
use safetensors::SafeTensors;
use serde_json::Value;

fn at(folder: &Folder, command: &str, args: &[&str], code: i32) -> Printed {
    sparring().arg(command).args(args).current_dir(folder.path()).assert_code(code)
}

fn numbers<const N: usize, T>(file: &SafeTensors, name: &str, of: fn([u8; N]) -> T) -> Vec<T> {
    let tensor = file.tensor(name).unwrap_or_else(|_| panic!("no {name} in {:?}", file.names()));
    tensor.data().chunks_exact(N).map(|bytes| of(bytes.try_into().unwrap())).collect()
}

fn described(bytes: &[u8]) -> Value {
    let (_, metadata) = SafeTensors::read_metadata(bytes).unwrap();
    serde_json::from_str(&metadata.metadata().as_ref().unwrap()["policy"]).unwrap()
}

/// The dense matrix of each layer in a file of sparse ones, in the order of layers, and the share of all weights
/// that is active.
fn check_layers(dense: &[u8], csr: &[u8]) -> f64 {
    let policy = described(csr);
    assert_eq!(policy, described(dense));
    let (dense, csr) =
        (SafeTensors::deserialize(dense).unwrap(), SafeTensors::deserialize(csr).unwrap());
    let (mut active, mut all) = (0, 0);
    for layer in policy["layers"].as_array().unwrap() {
        let name = layer["name"].as_str().unwrap();
        let of = |key: &str| layer[key].as_u64().unwrap() as usize;
        let tag = |part: &str| format!("{name}.{part}");
        let indptr = numbers(&csr, &tag("indptr"), i32::from_le_bytes);
        let indices = numbers(&csr, &tag("indices"), i32::from_le_bytes);
        let data = numbers(&csr, &tag("data"), f32::from_le_bytes);
        let mut matrix = vec![0.0; of("rows") * of("cols")];
        for row in 0..of("rows") {
            for entry in indptr[row] as usize..indptr[row + 1] as usize {
                matrix[row * of("cols") + indices[entry] as usize] = data[entry];
            }
        }
        assert!(numbers(&dense, &tag("weight"), f32::from_le_bytes) == matrix, "{name}");
        let bias = |file| numbers(file, &tag("bias"), f32::from_le_bytes);
        assert_eq!(bias(&dense), bias(&csr));
        assert_eq!(of("nnz"), data.len());
        (active, all) = (active + data.len(), all + matrix.len());
    }
    active as f64 / all as f64
}

/// The file that a job keeps says of itself what is exported of it, but for how long it was trained, and has the weights.
fn check_kept(kept: &Path, exported: &[u8]) {
    let bytes = fs::read(kept).unwrap();
    let (mut own, told) = (described(&bytes), described(exported));
    assert!(own["env_steps"].as_u64() > Some(0), "{own}");
    own["env_steps"] = Value::Null;
    assert_eq!(own, told);
    let file = SafeTensors::deserialize(&bytes).unwrap();
    for layer in own["layers"].as_array().unwrap() {
        let (network, name) = (own["network"].as_str().unwrap(), layer["name"].as_str().unwrap());
        let length =
            |part: &str| file.tensor(&format!("{network}/{name}/{part}")).unwrap().shape()[0];
        assert_eq!(length("positions"), length("weights"));
        if layer["algebra"] == "real" {
            assert_eq!(length("weights") as u64, layer["nnz"].as_u64().unwrap());
        }
    }
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode();
        assert_eq!(mode(kept), mode(&kept.with_file_name("status.yaml")));
    }
}

/// The file of C, compiled by this machine's compiler, gives the actions of the samples beside it.
fn check_c(place: &Path) {
    let policy = described(&fs::read(place.join("csr.safetensors")).unwrap());
    let bytes = fs::read(place.join("samples.safetensors")).unwrap();
    let samples = SafeTensors::deserialize(&bytes).unwrap();
    let (seen, actions) =
        (samples.tensor("observation").unwrap(), samples.tensor("action").unwrap());
    let dim: usize = seen.shape()[1..].iter().product();
    let numbers = actions.shape().get(1).copied();
    let kind = if policy["observation"]["dtype"] == "u8" { "uint8_t" } else { "float" };
    let act = match numbers {
        None => "int a = sparring_act(x); fwrite(&a, sizeof a, 1, stdout);".to_owned(),
        Some(n) => {
            format!("float a[{n}]; sparring_act(x, a); fwrite(a, sizeof *a, {n}, stdout);")
        }
    };
    let main = format!(
        "#include <stdio.h>\n#include \"policy.c\"\nint main(void) {{ {kind} x[{dim}]; \
         while (fread(x, sizeof *x, {dim}, stdin) == {dim}) {{ {act} }} return 0; }}\n"
    );
    fs::write(place.join("main.c"), main).unwrap();
    let flags = [
        "-std=c99",
        "-pedantic",
        "-Wall",
        "-Wextra",
        "-Werror",
        "-O2",
        "main.c",
        "-lm",
        "-o",
        "act",
    ];
    let compiled = Command::new("cc").args(flags).current_dir(place).output().unwrap();
    assert!(compiled.status.success(), "{}", String::from_utf8_lossy(&compiled.stderr));
    fs::write(place.join("seen"), seen.data()).unwrap();
    let told = Command::new(place.join("act"))
        .stdin(fs::File::open(place.join("seen")).unwrap())
        .output()
        .unwrap()
        .stdout;
    match numbers {
        None => {
            let found =
                told.chunks_exact(4).map(|b| i64::from(i32::from_le_bytes(b.try_into().unwrap())));
            let all =
                actions.data().chunks_exact(8).map(|b| i64::from_le_bytes(b.try_into().unwrap()));
            assert!(found.eq(all), "{}", place.display());
        }
        Some(_) => {
            let float = |b: &[u8]| f32::from_le_bytes(b.try_into().unwrap());
            assert_eq!(told.len(), actions.data().len());
            for (a, b) in told.chunks_exact(4).zip(actions.data().chunks_exact(4)) {
                assert!((float(a) - float(b)).abs() < 1e-4, "{}", place.display());
            }
        }
    }
}

#[test]
fn every_agent_and_network_is_taken_away_dense_and_sparse() {
    let folder = Folder::new();
    let run = sparring().arg("run").arg(config("smoke/export.yaml")).args(["--out", "out"]);
    run.arg("--quiet").current_dir(folder.path()).assert_code(0);
    let mut jobs = 0;
    for entry in fs::read_dir(folder.path().join("out")).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        let job = format!("out/{name}/seed-1");
        if !folder.path().join(&job).is_dir() {
            continue;
        }
        let told = at(&folder, "export", &[&job, "--out", &name, "--samples", "20"], 0).stdout;
        assert!(told.contains("policy.safetensors, of the last evaluation"), "{told}");
        let read = |file: &str| fs::read(folder.path().join(&name).join(file)).unwrap();
        let density = check_layers(&read("dense.safetensors"), &read("csr.safetensors"));
        // The real matrix of two columns that never mix is half empty.
        let mixes = if name.contains("matrices") { 0.5 } else { 1.0 };
        match name.ends_with("sparsity=0.9") {
            true => assert!((0.05 * mixes..0.4).contains(&density), "{name}: {density}"),
            false => assert!((mixes - 1e-9..=mixes * 1.1).contains(&density), "{name}: {density}"),
        }
        assert!(read("policy.onnx").windows(8).any(|bytes| bytes == b"sparring"), "{name}");
        check_c(&folder.path().join(&name));
        check_kept(&folder.path().join(&job).join("policy.safetensors"), &read("csr.safetensors"));
        let samples = read("samples.safetensors");
        let policy = described(&samples);
        let samples = SafeTensors::deserialize(&samples).unwrap();
        let shape = policy["observation"]["shape"].as_array().unwrap();
        assert_eq!(samples.tensor("observation").unwrap().shape().len(), 1 + shape.len());
        assert_eq!(samples.tensor("action").unwrap().shape()[0], 20);
        jobs += 1;
    }
    assert_eq!(jobs, 32);
    assert_eq!(folder.rests(""), Vec::<String>::new());
}

/// A job that goes on for longer than any test, evaluated and kept from time to time.
const LONG: &str = "\
seeds: [1]
env: {id: CartPole-v1}
train: {total_env_steps: 10_000_000}
eval: {every_env_steps: 2_000, episodes: 2}
agent: {kind: ppo, hidden: [256, 256], rollout_steps: 50, minibatch_size: 5, epochs: 20}
sparsity: {kind: rigl, sparsity: 0.5, update_every_gradient_steps: 20}
checkpoint: {every_env_steps: 250, keep: 100}
";

/// Its folder, and the checkpoint that was taken when it was evaluated last.
struct Killed {
    folder: Folder,
    evaluated: String,
}

const JOB: &str = "out/base/seed-1";

/// What stands in `checkpoints`, the oldest first.
fn checkpoints(folder: &Folder) -> Vec<String> {
    let entries = fs::read_dir(folder.path().join(JOB).join("checkpoints")).into_iter().flatten();
    let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let mut names: Vec<_> = names.filter(|name| name.starts_with("0001-")).collect();
    names.sort();
    names
}

fn killed() -> Killed {
    let folder = Folder::with("long.yaml", LONG);
    let run = sparring().args(["run", "long.yaml", "--out", "out", "--quiet"]);
    let mut child = run.current_dir(folder.path()).spawn();
    let evaluated = || -> Option<u64> {
        let evals = fs::read_to_string(folder.path().join(JOB).join("evals.csv")).ok()?;
        evals.lines().last()?.split(',').next()?.parse().ok()
    };
    // An evaluation is over when the next checkpoint is there, and another one far.
    wait_for(|| {
        let newest = checkpoints(&folder).pop().and_then(|name| name[5..].parse::<u64>().ok());
        let (Some(newest), Some(last)) = (newest, evaluated()) else { return false };
        last >= 2_000 && (last + 1..last + 1_000).contains(&newest)
    });
    child.kill().unwrap();
    child.wait().unwrap();
    let evaluated = format!("0001-{:012}", evaluated().unwrap());
    assert!(checkpoints(&folder).contains(&evaluated), "{evaluated}: {:?}", checkpoints(&folder));
    Killed { folder, evaluated }
}

fn path_of(name: &str) -> String {
    format!("{JOB}/checkpoints/{name}")
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let (path, target) = {
            let entry = entry.unwrap();
            (entry.path(), to.join(entry.file_name()))
        };
        match path.is_dir() {
            true => copy(&path, &target),
            false => drop(fs::copy(path, target).unwrap()),
        }
    }
}

/// The tensors of a file.
fn arrays(path: PathBuf) -> Vec<(String, Vec<u8>)> {
    let bytes = fs::read(path).unwrap();
    let file = SafeTensors::deserialize(&bytes).unwrap();
    let mut all: Vec<_> =
        file.iter().map(|(name, view)| (name.to_owned(), view.data().to_vec())).collect();
    all.sort();
    all
}

#[test]
fn the_policy_of_a_checkpoint_is_that_of_its_moment() {
    let Killed { folder, evaluated } = killed();
    let (first, newest) = (checkpoints(&folder)[0].clone(), checkpoints(&folder).pop().unwrap());
    // A job without its checkpoints has what it evaluated last.
    copy(&folder.path().join("out"), &folder.path().join("bare"));
    fs::remove_dir_all(folder.path().join("bare/base/seed-1/checkpoints")).unwrap();
    let export = |from: &str, to: &str| {
        let told = at(&folder, "export", &[from, "--out", to, "--format", "csr"], 0).stdout;
        (told, arrays(folder.path().join(to).join("csr.safetensors")))
    };
    let (told, bare) = export("bare/base/seed-1", "a");
    assert!(told.starts_with("bare/base/seed-1/policy.safetensors, of the last"), "{told}");
    let (told, of_evaluation) = export(&path_of(&evaluated), "b");
    assert!(told.contains(" environment steps"), "{told}");
    assert!(bare == of_evaluation);
    let (told, of_job) = export(JOB, "c");
    assert!(told.starts_with(&path_of(&newest)), "{told}");
    assert!(of_job == export(&path_of(&newest), "d").1);
    assert!(of_job != export(&path_of(&first), "e").1);

    let eval = |dir: &str, more: &[&str]| {
        let args = [&[dir, "--episodes", "6"], more].concat();
        let Printed { stdout, stderr } = at(&folder, "eval", &args, 0);
        assert!(stderr.contains("policy: "), "{stderr}");
        stdout
    };
    let told = eval(JOB, &[]);
    assert!(told.starts_with("CartPole-v1, seed 1, 6 episodes: return "), "{told}");
    assert_eq!(told, eval(&path_of(&newest), &[]));
    assert_eq!(eval(&path_of(&evaluated), &[]), eval("bare/base/seed-1", &[]));
    assert!(told != eval(&path_of(&newest), &["--seed", "2"]));
    let other = eval(&path_of(&newest), &["--env", "CartPole-v0"]);
    assert!(other.starts_with("CartPole-v0, seed 1, 6 episodes"), "{other}");
    let short = eval(&path_of(&newest), &["--set", "eval.max_episode_steps=7"]);
    assert!(short.contains("return 7.000 ± 0.000") && short.ends_with("length 7.0\n"), "{short}");
    // From inside the folder, where nothing stands above its name.
    let inside = folder.path().join(path_of(&newest));
    let here = sparring().args(["eval", ".", "--episodes", "6"]).current_dir(&inside);
    assert_eq!(here.assert_code(0).stdout, told);
    let args = ["play", "--checkpoint", ".", "--out", "../../a.gif"];
    sparring().args(args).current_dir(&inside).assert_code(0);
}

#[test]
fn what_is_no_checkpoint_or_not_whole_is_told() {
    let Killed { folder, evaluated } = killed();
    let newest = checkpoints(&folder).pop().unwrap();
    let refused = |dir: &str, parts: &[&str]| {
        for command in ["eval", "export"] {
            let said = at(&folder, command, &[dir], 2).stderr;
            for part in ["\n  found ", "\n  allowed ", "\n  try "].iter().chain(parts) {
                assert!(said.contains(part), "{part} in {said}");
            }
        }
        assert!(!folder.path().join("export").exists());
    };
    refused("none", &["error: none", "no folder"]);
    refused("out", &["error: out", "without resolved.yaml or checkpoint.yaml", "checkpoints/"]);
    refused(&format!("{JOB}/checkpoints"), &["without resolved.yaml or checkpoint.yaml"]);

    let inside = |name: &str, file: &str| folder.path().join(path_of(name)).join(file);
    copy(&folder.path().join(path_of(&newest)), &folder.path().join("away/from/home"));
    refused("away/from/home", &["without its job's resolved.yaml, two folders above"]);

    // A torn file, and a flipped bit.
    let state = fs::read(inside(&newest, "state.safetensors")).unwrap();
    fs::write(inside(&newest, "state.safetensors"), &state[..state.len() / 2]).unwrap();
    refused(&path_of(&newest), &["cannot be read: state.safetensors: ", "bytes in place of"]);
    let mut flipped = state.clone();
    flipped[state.len() / 2] ^= 4;
    fs::write(inside(&newest, "state.safetensors"), flipped).unwrap();
    refused(&path_of(&newest), &["state.safetensors: its checksum does not fit"]);
    let manifest = fs::read_to_string(inside(&newest, "checkpoint.yaml")).unwrap();
    fs::write(inside(&newest, "checkpoint.yaml"), &manifest[..manifest.len() - 20]).unwrap();
    refused(&path_of(&newest), &["checkpoint.yaml: its last line is no checksum"]);
    // The job goes by the one before it, and says so.
    let told = at(&folder, "export", &[JOB], 0);
    assert!(told.stderr.contains("a checkpoint is not whole: "), "{}", told.stderr);
    assert!(told.stderr.contains(&newest) && !told.stdout.contains(&newest), "{}", told.stdout);
    fs::remove_dir_all(folder.path().join("export")).unwrap();

    // Another version's, and another job's.
    let rewrite = |from: &str, to: &str| {
        let body = manifest.replace(from, to);
        let body = &body[..body.rfind("# crc32").unwrap()];
        let sum = crc32fast::hash(body.as_bytes());
        fs::write(inside(&newest, "checkpoint.yaml"), format!("{body}# crc32: {sum:08x}\n"))
            .unwrap();
    };
    rewrite("format: 1", "format: 2");
    refused(&path_of(&newest), &["layout 2 of Sparring ", "this version reads layout 1"]);
    rewrite("job: ", "job: 0");
    refused(&path_of(&newest), &["of another config, whose hash is 0"]);

    let wrong =
        at(&folder, "eval", &[&path_of(&evaluated), "--set", "agent.actor_hidden=[8]"], 2).stderr;
    assert!(wrong.contains("a policy of another agent or env"), "{wrong}");
    assert_eq!(folder.rests("out"), Vec::<String>::new());
}

#[test]
fn what_cannot_be_exported_leaves_nothing() {
    let Killed { folder, .. } = killed();
    let before = folder.names();
    let refused = |more: &[&str], parts: &[&str]| {
        let said = at(&folder, "export", &[&[JOB], more].concat(), 2).stderr;
        parts.iter().for_each(|part| assert!(said.contains(part), "{part} in {said}"));
    };
    let form = ["\n  found ", "\n  allowed ", "\n  try "];
    refused(
        &["--out", "out"],
        &[&["--out out", "there already", "--out out-2"][..], &form].concat(),
    );
    refused(&["--out", "long.yaml"], &["there already"]);
    refused(
        &["--out", "no/x"],
        &[&["--out no/x", "no folder no", "mkdir -p no"][..], &form].concat(),
    );
    refused(&["--format", "onxx"], &["onxx", "onnx", "csr", "dense"]);
    refused(&["--samples", "0"], &["--samples", "1000000"]);
    assert_eq!(folder.names(), before);
    at(&folder, "export", &[JOB, "--format", "onnx,dense"], 0);
    let written = fs::read_dir(folder.path().join("export")).unwrap();
    let mut names: Vec<_> =
        written.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    assert_eq!(names, ["dense.safetensors", "policy.onnx"]);
    refused(&[], &["--out export", "there already"]);
}
