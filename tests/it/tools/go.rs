//! go: modules in private git repositories, and a module proxy that wants a password. It asks
//! git's helpers itself where `GOAUTH` says so.

use super::Bench;
use crate::support::page::blocks;

/// The settings that make the toolchain and the caches the test's own, and removable.
const ALONE: &str = "export GOTOOLCHAIN=local GOFLAGS=-modcacherw; ";

/// Makes the first host answer go's question for the module's repository.
fn announce(bench: &Bench, repository: &str) {
    let page =
        format!("<meta name=\"go-import\" content=\"{}/team/lib git {repository}\">", bench.name);
    bench.desk.server().put_file("team/lib", page);
}

/// Puts the module on the host, as a proxy hands it out.
fn put_module(bench: &Bench) {
    let script = "python3 -c 'import zipfile
with zipfile.ZipFile(\"lib.zip\", \"w\") as file:
    file.writestr(\"lib.example.com/lib@v1.0.0/go.mod\", \"module lib.example.com/lib\\n\")'";
    let ran = bench.runs("", script);
    assert!(ran.status.success(), "{ran}");
    let zip = std::fs::read(bench.path("lib.zip")).unwrap();
    for (name, content) in [
        ("v1.0.0.info", &b"{\"Version\":\"v1.0.0\"}"[..]),
        ("v1.0.0.mod", b"module lib.example.com/lib\n"),
        ("v1.0.0.zip", &zip),
    ] {
        bench.desk.server().put_file(&format!("proxy/lib.example.com/lib/@v/{name}"), content);
    }
}

#[test]
fn gets_a_module_of_a_private_git_repository_and_one_of_a_proxy() {
    let bench = Bench::new();
    bench.libraries();
    announce(&bench, &format!("https://{}/team/lib.git", bench.name));
    put_module(&bench);
    let blocks = blocks("tools.md", "go", "sh");
    assert_eq!(blocks.len(), 2);
    for block in blocks {
        let asks_git = block.lines().find(|line| line.contains("GOAUTH")).unwrap();
        let refused =
            bench.runs("", &bench.here(&format!("{ALONE}{}", block.replace(asks_git, ""))));
        assert!(!refused.status.success(), "without GOAUTH: {refused}");
        let (_, seen) = bench.works("", &format!("{ALONE}{block}"));
        assert!(seen.environments.is_empty(), "{seen:#?}");
    }
    assert!(bench.path("go/pkg/mod/lib.example.com/lib@v1.0.0/go.mod").is_file());
    bench.is_clean();
}

/// A path that shows by its ending that it is git's needs no question, and so no `GOAUTH`.
#[test]
fn gets_a_module_by_git_alone_with_a_bound_token() {
    let bench = Bench::new();
    let module = format!("module {}/team/plain.git\n\ngo 1.19\n", bench.name);
    bench.repository("team/plain.git", &[("go.mod", &module), ("plain.go", "package plain\n")]);
    bench.bind_to_a_file();
    let script = "export GOPRIVATE=git.example.com; \
                  go mod download git.example.com/team/plain.git@latest";
    bench.works("", &format!("{ALONE}{script}"));
    // The same path fails at another host, and at a host whose name begins alike.
    for host in [bench.other.clone(), format!("{}.{}", bench.name, bench.other)] {
        let script = script.replace("git.example.com", &host);
        let ran = bench.runs("", &format!("{ALONE}{script}"));
        assert!(!ran.status.success(), "{ran}");
    }
    bench.the_other_got_no_token();
}

#[test]
fn takes_the_token_to_no_other_host() {
    let bench = Bench::new();
    bench.libraries();
    put_module(&bench);
    let [name, other] = [&bench.name, &bench.other];
    let settings = format!("{ALONE}export GONOSUMDB='*' GOAUTH=\"git $HOME\"; ");
    for repository in [
        format!("https://{other}/team/lib.git"),
        format!("https://{name}/moved/team/lib.git"),
        format!("https://{name}/moved-port/team/lib.git"),
    ] {
        announce(&bench, &repository);
        let script =
            format!("{settings}export GOPRIVATE={name}; go mod download {name}/team/lib@latest");
        let ran = bench.runs("", &script);
        assert!(!ran.status.success(), "{repository}: {ran}");
        bench.the_other_got_no_token();
    }
    let through = |moved: &str| {
        let script = format!(
            "{settings}export GOPROXY=https://{name}/{moved}/files/proxy; \
             go mod download lib.example.com/lib@v1.0.0"
        );
        bench.runs("", &script)
    };
    let ran = through("moved");
    assert!(!ran.status.success(), "{ran}");
    bench.the_other_got_no_token();
    // The page warns of this: go takes another port for the same host.
    let ran = through("moved-port");
    assert!(ran.status.success(), "the page warns in vain: {ran}");
}
