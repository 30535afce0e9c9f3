//! pip, which makes git fetch packages from a git repository.

use super::Bench;
use crate::support::page::blocks;

/// Installs a package that needs no other, into a folder of its own.
fn install(bench: &Bench, line: &str) -> String {
    let options = "pip install --no-index --disable-pip-version-check --target installed";
    bench.here(line).replace("pip install", options)
}

#[test]
fn installs_from_a_private_git_repository() {
    let bench = Bench::new();
    bench.libraries();
    let [line] = &blocks("tools.md", "pip", "sh")[..] else { panic!("one line") };
    let (_, seen) = bench.works("", &install(&bench, line));
    assert!(seen.environments.is_empty(), "{seen:#?}");
    assert!(bench.path("installed/lib_of_test.py").is_file());
    bench.is_clean();
}

#[test]
fn takes_a_bound_token_to_no_other_host_or_port() {
    let bench = Bench::new();
    bench.libraries();
    bench.bind_to_a_file();
    bench.works("", &install(&bench, "pip install git+https://git.example.com/team/lib.git"));
    for path in ["team/trap.git", "moved/team/lib.git", "moved-port/team/lib.git"] {
        let line = format!("pip install git+https://{}/{path}", bench.name);
        let ran = bench.runs("", &install(&bench, &line));
        assert!(!ran.status.success(), "{ran}");
        bench.the_other_got_no_token();
    }
}
