//! git-lfs through what is lent.

use super::{Lending, home, in_bubblewrap, lend, said};
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

#[test]
fn git_lfs_comes_in_beside_the_socket_that_it_does_not_know() {
    program("git-lfs", "git-lfs");
    let home = home();
    let (folder, repository) = (home.sandbox.path("pat"), home.url("team/repo.git"));
    let options = format!(
        "--push {repository} --branches agent/* --lfs --socket {} --inside-path /tmp/lent",
        folder.display()
    );
    let lending = Lending::start(&home, &options);
    let script = format!(
        "git clone --quiet {repository} one
         git -C one lfs install --local
         git -C one lfs track '*.bin'
         head -c 300000 /dev/zero >one/large.bin
         git -C one add .
         git -C one -c user.name=a -c user.email=a commit --quiet --message 'Add a large file'
         git -C one push origin HEAD:agent/x
         GIT_LFS_SKIP_SMUDGE=1 git clone --quiet --branch agent/x {repository} two
         git -C two lfs install --local
         git -C two lfs pull
         cmp one/large.bin two/large.bin"
    );
    let ran = in_bubblewrap(&home, &folder, &script);
    assert!(ran.status.success(), "{ran} {}", said(&home));
    let requests = home.server().requests(|requests| !requests.is_empty());
    let count = |method: &str| {
        requests.iter().filter(|r| r.method == method && r.path.contains("/storage/")).count()
    };
    assert_eq!((count("PUT"), count("GET")), (1, 1), "{requests:?}");
    drop(lending);
}
