//! The README's line, as it stands there.

use super::home;
use std::fs;
use std::path::Path;

#[test]
fn the_readmes_line_lends_what_it_names_to_its_command() {
    let home = home();
    let readme = Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md");
    let readme = fs::read_to_string(readme).unwrap();
    let section =
        readme.split("## ").find(|part| part.starts_with("Access for a sandbox")).unwrap();
    let line = section.split("```sh\n").nth(1).unwrap().split("```").next().unwrap();
    assert!(line.contains("git credential-pat lend "), "{line}");
    let line = line.replace("https://github.com/my-org/app", &home.url("team/repo.git"));
    let line = line.replace("https://github.com/my-org", &home.url("team"));
    let agent = format!(
        "#!/bin/sh\nset -e\ngit clone --quiet {0} work\ncd work\n\
         git -c user.name=a -c user.email=a commit --quiet --allow-empty --message x\n\
         git push --quiet origin HEAD:agent/x\n\
         ! git push --quiet origin HEAD:main 2>../refused\n",
        home.url("team/repo.git")
    );
    home.write("agent.sh", &agent);
    let ran = home.sandbox.run("sh", &["-c", &format!("chmod +x agent.sh\n{line}")], b"");
    assert!(ran.status.success(), "{ran}");
    let refused = fs::read_to_string(home.sandbox.path("refused")).unwrap();
    // What the README promises that git says inside.
    let said = section.split_once("`! [remote rejected]").unwrap().1.split('`').next().unwrap();
    let said = said.split_whitespace().collect::<Vec<_>>().join(" ");
    let refused = refused.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(refused.contains(&said.replace("main -> main", "HEAD -> main")), "{refused}\n{said}");
}
