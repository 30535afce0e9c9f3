//! git-lfs through what is lent.

use super::{home, lend};
use crate::support::program::program;
use std::fs;

#[test]
fn large_files_are_pushed_and_pulled_where_that_is_lent_and_their_addresses_stay_outside() {
    program("git-lfs", "git-lfs");
    let home = home();
    let repository = home.url("team/repo.git");
    let folder = home.sandbox.path("checkout");
    let folder = folder.to_str().unwrap();
    home.git(&["lfs", "install", "--skip-repo"]);
    home.git(&["clone", "--quiet", &repository, folder]);
    home.git(&["-C", folder, "lfs", "track", "*.bin"]);
    let content = vec![7_u8; 300_000];
    fs::write(format!("{folder}/large.bin"), &content).unwrap();
    home.git(&["-C", folder, "add", "."]);
    home.git(&["-C", folder, "commit", "--quiet", "-m", "Add a large file"]);
    let push = ["git", "-C", folder, "push", "origin", "HEAD:refs/heads/agent/x"];
    let options = format!("--push {repository} --branches agent/* --port 0");
    let ran = lend(&home, &options, &push);
    assert!(!ran.status.success() && ran.stderr().contains("git-lfs are not lent"), "{ran}");
    let ran = lend(&home, &format!("{options} --lfs"), &push);
    assert!(ran.status.success(), "{ran}");
    let other = home.sandbox.path("other");
    let clone =
        ["git", "clone", "--quiet", "--branch", "agent/x", &repository, other.to_str().unwrap()];
    let ran = lend(&home, &format!("--read {repository} --port 0 --lfs"), &clone);
    assert!(ran.status.success(), "{ran}");
    assert_eq!(fs::read(other.join("large.bin")).unwrap(), content);
    // Reading alone adds nothing.
    fs::write(format!("{folder}/large.bin"), [8_u8; 1000]).unwrap();
    home.git(&["-C", folder, "commit", "--quiet", "-a", "-m", "Change it"]);
    let lfs = ["git", "-C", folder, "lfs", "push", "origin", "HEAD"];
    let ran = lend(&home, &format!("--read {repository} --port 0 --lfs"), &lfs);
    assert!(!ran.status.success() && ran.stderr().contains("lent for reading only"), "{ran}");
    let requests = home.server().requests(|requests| !requests.is_empty());
    let puts = requests.iter().filter(|request| request.method == "PUT").count();
    assert_eq!(puts, 1, "{requests:?}");
}
