//! The process: hardening, exit status, and the one place that prints an error.

use git_credential_pat::docker;
use git_credential_pat::hardening::{self, WipingAllocator};
use git_credential_pat::terminal;
use std::env;
use std::ffi::OsString;
use std::process::ExitCode;

#[global_allocator]
static ALLOCATOR: WipingAllocator = WipingAllocator::new();

fn main() -> ExitCode {
    hardening::begin();
    let mut arguments = env::args_os();
    let program = arguments.next().unwrap_or_default();
    let arguments: Vec<OsString> = arguments.collect();
    let result = if docker::is_called(&program) {
        Ok(docker::run(&arguments))
    } else {
        git_credential_pat::run(&arguments)
    };
    hardening::end();
    match result {
        Ok(status) => status.into(),
        Err(failure) => {
            terminal::complain(failure.what, &failure.error.to_string());
            if let Some(hint) = failure.error.hint() {
                terminal::hint(hint);
            }
            failure.error.exit_code().into()
        }
    }
}
