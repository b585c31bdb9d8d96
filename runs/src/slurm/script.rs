//! The script of an array job, as sbatch takes it.

use std::path::Path;

use crate::error::{Error, Refusal};
use crate::shell::quoted;

/// Options that the script sets itself, and why.
const OWN: [(&str, &str); 8] = [
    ("array", "the jobs that are to be done"),
    ("output", "the logs stand in the run's folder"),
    ("error", "the logs stand in the run's folder"),
    ("open-mode", "all lives of a task write one log"),
    ("requeue", "every task can go on"),
    ("no-requeue", "every task can go on"),
    ("signal", "--notice says when a task saves and requeues itself"),
    ("wait", "submit returns at once"),
];

/// What a script says.
pub struct Script<'a> {
    /// The run's name.
    pub name: &'a str,
    /// The tasks, as `0,3-7`.
    pub tasks: &'a str,
    /// Tasks at once, as `%k` of the array.
    pub at_most: Option<usize>,
    /// Seconds before the time limit at which a task saves.
    pub notice_s: u32,
    /// `key=value` of sbatch.
    pub options: &'a [String],
    /// This program.
    pub program: &'a Path,
    /// The folder of the submission.
    pub folder: &'a Path,
}

impl Script<'_> {
    /// Its text.
    ///
    /// No shell stands between Slurm and the program: `exec` hands the process over, so that signals reach it.
    pub fn text(&self) -> String {
        let Self { name, tasks, at_most, notice_s, options, program, folder } = self;
        let throttle = at_most.map(|most| format!("%{most}")).unwrap_or_default();
        let mut lines = vec![
            "#!/bin/sh".to_owned(),
            format!("#SBATCH --job-name=sparring-{name}"),
            format!("#SBATCH --array={tasks}{throttle}"),
            format!("#SBATCH --output={}/%A_%a.log", folder.display()),
            "#SBATCH --open-mode=append".to_owned(),
            "#SBATCH --requeue".to_owned(),
            format!("#SBATCH --signal=B:USR1@{notice_s}"),
        ];
        if !options.iter().any(|option| option.starts_with("cpus-per-task=")) {
            lines.push("#SBATCH --cpus-per-task=1".to_owned());
        }
        lines.extend(options.iter().map(|option| format!("#SBATCH --{option}")));
        let [program, folder] = [program, folder].map(|path| quoted(&path.display().to_string()));
        lines.push(format!("exec {program} task {folder} \"$SLURM_ARRAY_TASK_ID\""));
        lines.join("\n") + "\n"
    }
}

/// Refuses options that the script sets itself, and what is no option.
pub fn check(options: &[String]) -> Result<(), Error> {
    for option in options {
        let place = format!("--slurm {option}");
        let key = option.split('=').next().unwrap_or_default();
        let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
        if !key.starts_with(|c: char| c.is_ascii_lowercase())
            || !key.chars().all(plain)
            || option.contains(['\n', '\r'])
        {
            let allowed = "an option of sbatch in its long form, without dashes";
            return Err(Refusal::argument(place, option, allowed, "--slurm partition=gpu"));
        }
        if let Some((_, why)) = OWN.iter().find(|(own, _)| *own == key) {
            let found = format!("{key}, which submit sets itself: {why}");
            return Err(Refusal::argument(
                place,
                found,
                "another option of sbatch",
                "leave it out",
            ));
        }
    }
    Ok(())
}

/// `0,3-5,7` for a list in ascending order.
pub fn ranges(tasks: &[usize]) -> String {
    let mut parts: Vec<(usize, usize)> = Vec::new();
    for &task in tasks {
        match parts.last_mut() {
            Some((_, last)) if *last + 1 == task => *last = task,
            _ => parts.push((task, task)),
        }
    }
    let shown = |(first, last): &(usize, usize)| match first == last {
        true => first.to_string(),
        false => format!("{first}-{last}"),
    };
    parts.iter().map(shown).collect::<Vec<_>>().join(",")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tasks_in_ranges() {
        assert_eq!(ranges(&[]), "");
        assert_eq!(ranges(&[3, 7, 9, 10, 11, 12]), "3,7,9-12");
    }

    #[test]
    fn a_script_hands_its_process_over() {
        let options = ["partition=main".to_owned(), "time=1:00:00".to_owned()];
        let script = Script {
            name: "quick",
            tasks: "0-4",
            at_most: Some(2),
            notice_s: 90,
            options: &options,
            program: Path::new("/usr/bin/sparring"),
            folder: Path::new("/data/it's here/slurm/1"),
        };
        let text = script.text();
        assert!(text.starts_with("#!/bin/sh\n#SBATCH --job-name=sparring-quick\n"), "{text}");
        for line in ["--array=0-4%2", "--signal=B:USR1@90", "--cpus-per-task=1", "--time=1:00:00"] {
            assert!(text.contains(&format!("#SBATCH {line}\n")), "{line} in {text}");
        }
        let last =
            r#"exec '/usr/bin/sparring' task '/data/it'\''s here/slurm/1' "$SLURM_ARRAY_TASK_ID""#;
        assert_eq!(text.lines().last(), Some(last));
    }

    #[test]
    fn what_submit_sets_itself_is_refused() {
        let refused = |option: &str| check(&[option.to_owned()]).unwrap_err().to_string();
        assert!(refused("array=1-9").contains("the jobs that are to be done"));
        assert!(refused("--time=1").contains("without dashes"));
        assert!(refused("time=1\n#SBATCH --array=1").contains("long form"));
        assert!(check(&["gres=gpu:1".to_owned(), "exclusive".to_owned()]).is_ok());
    }
}
