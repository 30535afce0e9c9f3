//! The kinds of repositories, protocols and clones that git knows, each through what is lent.

use super::{Lending, home, said};
use crate::support::home::Home;
use crate::support::program::gits;
use crate::support::server::hand_over;
use std::fs::{self, OpenOptions};
use std::io::Write;

/// A repository with files and a history, of which parts can be asked for. Returns its URL.
fn with_history(home: &Home) -> String {
    let repository = home.server().create_repository("team/parts.git");
    let mut config = OpenOptions::new().append(true).open(repository.join("config")).unwrap();
    config.write_all(b"[uploadpack]\n\tallowFilter\n\tallowAnySHA1InWant\n").unwrap();
    let url = home.url("team/parts.git");
    home.git(&["clone", "--quiet", &url, "source"]);
    for number in 0..5 {
        home.write(format!("source/{number}"), &number.to_string().repeat(1000));
        home.git(&["-C", "source", "add", "."]);
        home.git(&["-C", "source", "commit", "--quiet", "-m", &format!("File {number}")]);
    }
    home.git(&["-C", "source", "push", "--quiet", "origin", "HEAD:main"]);
    url
}

#[test]
fn whole_shallow_and_partial_clones_work_in_each_protocol_with_each_git() {
    for git in gits() {
        let home = home().with_git(&git);
        let url = with_history(&home);
        let lending = Lending::start(&home, &format!("--push {url} --branches agent/* --port 0"));
        for version in ["0", "1", "2"] {
            let script = format!(
                "git() {{ command git -c protocol.version={version} \"$@\"; }}
                 mkdir {version}; cd {version}
                 GIT_TRACE_PACKET=$PWD/packets git ls-remote {url} >refs
                 git clone --quiet {url} whole
                 git clone --quiet --depth 1 {url} shallow
                 git -C shallow rev-list --count HEAD
                 git -C shallow fetch --quiet --deepen 1
                 git -C shallow rev-list --count HEAD
                 git -C shallow fetch --quiet --unshallow
                 git -C shallow rev-list --count HEAD
                 git clone --quiet --no-checkout --filter=blob:none {url} partial
                 git -C partial rev-list --objects --missing=print HEAD | grep -c '^?'
                 git -C partial checkout --quiet
                 cmp whole/4 partial/4
                 git -C whole commit --quiet --allow-empty --message {version}
                 git -C whole push --quiet origin HEAD:agent/{version}
                 git -C partial fetch --quiet
                 git -C partial log -1 --format=%s origin/agent/{version}"
            );
            let ran = lending.runs(&home, &script);
            let lines = format!("1\n2\n6\n5\n{version}\n");
            assert!(ran.status.success() && ran.stdout() == lines, "{ran} {}", said(&home));
            let packets = home.sandbox.path(&format!("{version}/packets"));
            let packets = fs::read_to_string(packets).unwrap();
            let speaks = |version: &str| packets.contains(&format!("version {version}"));
            assert_eq!([speaks("1"), speaks("2")], [version == "1", version == "2"], "{packets}");
        }
    }
}

#[test]
fn a_repository_of_sha_256_is_pushed_to_and_cloned() {
    for git in gits() {
        let home = home().with_git(&git);
        let url = home.url("team/long.git");
        let repository = home.server().create_repository("team/long.git");
        fs::remove_dir_all(&repository).unwrap();
        let path = repository.to_str().unwrap();
        home.git(&["init", "--quiet", "--bare", "--object-format=sha256", path]);
        hand_over(&repository);
        let lending = Lending::start(&home, &format!("--push {url} --branches agent/* --port 0"));
        let script = format!(
            "git init --quiet --object-format=sha256 one
             git -C one commit --quiet --allow-empty --message 'Begin'
             git -C one push --quiet {url} HEAD:agent/x
             ! git -C one push {url} HEAD:main
             git clone --quiet --branch agent/x {url} two
             git -C two rev-parse HEAD"
        );
        let ran = lending.runs(&home, &script);
        assert!(ran.status.success() && ran.stdout().trim().len() == 64, "{ran} {}", said(&home));
        let reason =
            "! [remote rejected] HEAD -> main (lend: only refs/heads/agent/* may be pushed)";
        assert!(ran.stderr().contains(reason), "{ran}");
    }
}

#[test]
fn a_question_that_git_compresses_is_passed_on_as_it_is() {
    for git in gits() {
        let home = home().with_git(&git);
        let url = with_history(&home);
        let lending = Lending::start(&home, &format!("--read {url} --port 0"));
        let ran = lending.git(&home, &["clone", "--quiet", &url, "here"]);
        assert!(ran.status.success(), "{ran}");
        home.git(&["-C", "source", "commit", "--quiet", "--allow-empty", "-m", "More"]);
        home.git(&["-C", "source", "push", "--quiet", "origin", "HEAD:main"]);
        // git compresses a long list of what it has, and begins it with what is newest. Of what is of
        // the same second it may name first what the server knows, and the list stays short.
        let script = "cd here
             commit=$(git rev-parse HEAD)
             now=$(date +%s)
             for number in $(seq 60); do
                 export GIT_COMMITTER_DATE=\"@$((now + number)) +0000\"
                 commit=$(git commit-tree $commit^{tree} -p $commit -m $number)
             done
             git update-ref refs/heads/mine $commit
             GIT_TRACE_CURL=$PWD/../trace git fetch --quiet
             git log -1 --format=%s origin/main";
        let ran = lending.runs(&home, script);
        assert!(ran.status.success() && ran.stdout() == "More\n", "{ran} {}", said(&home));
        let trace = fs::read_to_string(home.sandbox.path("trace")).unwrap().to_lowercase();
        assert!(trace.contains("content-encoding: gzip"), "{trace}");
    }
}

/// A program that works as an agent does: it knows nothing but what git says.
const AGENT: &str = r#"
git clone --quiet "$1" work
cd work
git commit --quiet --allow-empty --message 'Fix it'
if git push origin HEAD:main 2>said; then exit 9; fi
instead=$(sed -n 's/^remote: git-credential-pat lend: here, push to such a branch: //p' said)
instead=$(echo "$instead" | sed 's/NAME *$/fix-it/')
[ -n "$instead" ] || exit 8
$instead
allowed=$(sed -n 's/.*(lend: only refs\/heads\/\(.*\)\/\* may be pushed).*/\1/p' said)
[ -n "$allowed" ] || exit 7
if git push origin ":$allowed/fix-it" 2>said; then exit 6; fi
grep -q 'deleting branches is not lent' said || exit 5
grep -q 'on the host, type: git push origin --delete BRANCH' said || exit 3
if git ls-remote "$2" 2>said; then exit 4; fi
sed -n 's/^remote: git-credential-pat lend: on the host, type: //p' said
"#;

#[test]
fn an_agent_that_pushes_to_main_learns_from_gits_output_alone_what_it_may_do() {
    for git in gits() {
        let home = home().with_git(&git);
        let (url, other) = (home.url("team/repo.git"), home.url("team/secret.git"));
        let lending = Lending::start(&home, &format!("--push {url} --branches agent/* --port 0"));
        let script = format!("set -- {url} {other}\n{AGENT}");
        let ran = lending.runs(&home, &script);
        let remedy = format!("git credential-pat lend --read {}\n", home.url("team/secret"));
        assert!(ran.status.success() && ran.stdout() == remedy, "{ran}");
        let pushed = home.git(&["ls-remote", &url, "refs/heads/agent/fix-it", "refs/heads/main"]);
        assert_eq!(pushed.stdout().lines().count(), 2, "{pushed}");
    }
}
