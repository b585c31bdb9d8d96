//! What shells and man know of the command line.

use std::io::Write;

use clap::{Command, CommandFactory};
use clap_complete::Shell;
use clap_mangen::Man;

use crate::cli::Cli;
use crate::console::print;
use crate::error::Error;

/// Prints the completions of `shell`: every command, option and name of a choice.
pub fn completions(shell: Shell) -> Result<(), Error> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), "sparring", &mut script);
    print(&String::from_utf8_lossy(&script))
}

/// Prints the manual page, with a section for each command.
pub fn man() -> Result<(), Error> {
    let mut page = Vec::new();
    let command = Cli::command().name("sparring");
    let written = Man::new(command.clone()).render(&mut page).and_then(|()| {
        for below in command.get_subcommands().filter(|below| !below.is_hide_set()) {
            section(below, &mut page)?;
        }
        Ok(())
    });
    written.map_err(Error::system("write the manual page"))?;
    print(&String::from_utf8_lossy(&page))
}

/// The options of one command.
fn section(of: &Command, page: &mut Vec<u8>) -> std::io::Result<()> {
    writeln!(page, ".SH SPARRING {}", of.get_name().to_uppercase())?;
    let man = Man::new(of.clone());
    man.render_description_section(page)?;
    man.render_options_section(page)
}
