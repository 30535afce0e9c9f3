//! git-lfs through what is lent.

use super::{Lending, home, in_bubblewrap, lend, said};
use crate::support::program::program;
use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::process::Stdio;

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

#[test]
fn objects_at_another_host_are_led_there_without_the_token_and_their_address_stays_outside() {
    program("git-lfs", "git-lfs");
    let home = home();
    // The store is at the second name. Nobody logs in there.
    home.server().create_repository("team/elsewhere.git");
    let url = home.url("team/elsewhere.git");
    let options = format!("--push {url} --branches agent/* --port 0 --lfs");
    let lending = Lending::start(&home, &options);
    let script = format!(
        "git clone --quiet {url} one
         cd one
         git lfs install --local
         git lfs track '*.bin'
         head -c 300000 /dev/zero >large.bin
         git add .
         git commit --quiet --message 'Add a large file'
         export GIT_CURL_VERBOSE=1
         git push origin HEAD:agent/x
         rm -rf .git/lfs/objects
         git lfs fetch
         git lfs fsck"
    );
    let ran = lending.runs(&home, &script);
    assert!(ran.status.success(), "{ran} {}", said(&home));
    let says = ran.stderr() + &ran.stdout();
    assert!(!says.contains("TESTONLYstore") && !says.contains(&home.server().other()), "{ran}");
    let requests = home.server().requests(|requests| !requests.is_empty());
    let at_store: Vec<_> = requests.iter().filter(|r| r.port == home.server().ports()[1]).collect();
    let methods: Vec<&str> = at_store.iter().map(|r| r.method.as_str()).collect();
    assert_eq!(methods, ["PUT", "GET"], "{requests:?}");
    assert!(at_store.iter().all(|r| !r.authorized && r.status == 200), "{requests:?}");
    let verified = |r: &&crate::support::server::Request| r.path.ends_with("/info/lfs/verify");
    assert_eq!(requests.iter().filter(verified).count(), 1, "{requests:?}");
}

#[test]
fn a_client_of_git_lfs_that_is_none_gets_no_address_and_no_object() {
    let home = home();
    let repository = home.url("team/repo.git");
    let options =
        format!("--push {repository} --read {} --branches a/* --port 0 --lfs", home.url("public"));
    home.server().create_repository("public/lib.git");
    let lending = Lending::start(&home, &options);
    let say = |method: &str, target: &str, media_type: &str, body: &str| {
        lending.say_with_body(&home.host, method, target, media_type, body)
    };
    let lfs = "application/vnd.git-lfs+json";
    let batch = |target: &str, body: &str| {
        say("POST", &format!("{target}/info/lfs/objects/batch"), lfs, body)
    };
    let object = format!("{{\"oid\":\"{}\",\"size\":1}}", "a".repeat(64));
    let asks = |operation: &str, objects: &str| {
        format!("{{\"operation\":\"{operation}\",\"objects\":[{objects}]}}")
    };
    let deep = "[".repeat(100_000);
    for (target, body) in [
        ("team/secret.git", asks("download", &object)),
        ("public/lib.git", asks("upload", &object)),
        ("team/repo.git", asks("delete", &object)),
        ("team/repo.git", asks("upload", "{\"oid\":\"../x\",\"size\":1}")),
        ("team/repo.git", asks("upload", &object.replace(":1", ":-1"))),
        ("team/repo.git", asks("upload", &object.replace('a', "A"))),
        ("team/repo.git", "[]".to_owned()),
        ("team/repo.git", "{".to_owned()),
        ("team/repo.git", deep),
        ("team/repo.git", format!("{{\"x\":\"{}\"}}", "a".repeat(5_000_000))),
    ] {
        let answer = batch(target, &body);
        let shown = &body[..body.len().min(200)];
        assert!(answer.starts_with("HTTP/1.1 403 "), "{target} {shown}: {answer}");
    }
    let answer = batch("team/repo.git", &asks("upload", &object));
    let name = answer.split("/lfs-object/").nth(1).expect(&answer).split('"').next().unwrap();
    let bytes = "application/octet-stream";
    for (method, target) in [
        // The name of another method, repository or object.
        ("POST", format!("team/repo.git/lfs-object/{name}")),
        ("PUT", format!("public/lib.git/lfs-object/{name}")),
        ("PUT", format!("team/secret.git/lfs-object/{name}")),
        ("PUT", format!("team/repo.git/lfs-object/{}", "0".repeat(32))),
        ("PUT", format!("team/repo.git/lfs-object/{}", &name[1..])),
        ("PUT", format!("team/repo.git/lfs-object/{name}/x")),
        ("PUT", "team/repo.git/info/lfs/storage/x".to_owned()),
        ("POST", "team/repo.git/info/lfs/locks".to_owned()),
        ("DELETE", format!("team/repo.git/lfs-object/{name}")),
    ] {
        let answer = say(method, &target, bytes, "x");
        assert!(answer.starts_with("HTTP/1.1 403 "), "{method} {target}: {answer}");
    }
    let requests = home.server().requests(|requests| !requests.is_empty());
    let paths: Vec<&str> = requests.iter().map(|request| request.path.as_str()).collect();
    assert_eq!(paths, ["/team/repo.git/info/lfs/objects/batch"]);
}

#[test]
fn a_sandbox_that_makes_networks_without_end_gets_no_listeners_without_end() {
    let home = home();
    let (folder, url) = (home.sandbox.path("pat"), home.url("team/repo.git"));
    let options = format!("--read {url} --lfs --socket {}", folder.display());
    let lending = Lending::start(&home, &options);
    let git = format!("GIT_CONFIG_GLOBAL={}/gitconfig git ls-remote {url}", folder.display());
    // Whether git-lfs would find somebody at its port.
    let asks = "/usr/bin/python3 -c \"import socket
try: socket.create_connection(('127.0.0.1', 1080)); print('there')
except OSError: print('gone')\"";
    let in_a_network = |script: &str| {
        let mut command = home.sandbox.command(program("unshare", "util-linux"));
        command.args(["-U", "-r", "-n", "sh", "-e", "-c", script]);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap()
    };
    let script = format!("{git} >refs; {asks}; read _; {asks}; {git} >refs; {asks}");
    let mut first = in_a_network(&script);
    let mut lines = BufReader::new(first.stdout.take().unwrap()).lines();
    assert_eq!(lines.next().unwrap().unwrap(), "there", "{}", said(&home));
    for _ in 0..16 {
        let status = in_a_network(&format!("{git} >/dev/null")).wait().unwrap();
        assert!(status.success(), "{}", said(&home));
    }
    writeln!(first.stdin.take().unwrap()).unwrap();
    // The oldest one is gone, until git comes from there again.
    let rest: Vec<String> = lines.map(Result::unwrap).collect();
    assert_eq!(rest, ["gone", "there"], "{}", said(&home));
    assert!(first.wait().unwrap().success());
    drop(lending);
}
