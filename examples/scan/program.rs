//! The program from its command line to its exit code.

use crate::args::Args;
use crate::failure::Failure;
use crate::settings::Settings;
use crate::{live, replay, terminal};

/// Does what the command line says, complains where that fails, and gives the exit code.
pub fn run(args: &Args) -> u8 {
    let code = match start(args) {
        Ok(()) => 0,
        Err(failure) => {
            terminal::complain(&format!("scan: {}", failure.message));
            failure.code
        }
    };
    terminal::finish_log();
    code
}

fn start(args: &Args) -> Result<(), Failure> {
    let settings = Settings::read(args)?;
    if args.print_config {
        return terminal::print(&settings.shown());
    }
    terminal::start_log(terminal::is_terminal() && args.replay.is_empty());
    if !args.replay.is_empty() {
        return replay::run(args);
    }
    live::run(args, &settings)
}
