//! The lines of the README and of the page on lending, as they stand there.

use super::home;
use crate::support::page::page;
use std::fs;

/// The pages with such a line, and the heading above it.
const PAGES: [(&str, &str); 2] = [("README.md", "Access for a sandbox"), ("docs/lend.md", "Lend")];

fn in_one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[test]
fn a_pages_line_lends_what_it_names_and_git_says_inside_what_the_page_says() {
    for (path, heading) in PAGES {
        let home = home();
        let text = page(path);
        let (_, section) = text.split_once(&format!("\n## {heading}\n")).unwrap();
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
        let refused = in_one_line(&fs::read_to_string(home.sandbox.path("refused")).unwrap());
        let lines: Vec<&str> = if path == "README.md" {
            let (_, rest) = section.split_once("`! [remote rejected]").unwrap();
            vec![rest.split('`').next().unwrap()]
        } else {
            let (_, rest) = section.split_once("```text\n").unwrap();
            rest.split("```").next().unwrap().lines().collect()
        };
        for said in lines {
            let said = in_one_line(said).replace("main -> main", "HEAD -> main");
            assert!(refused.contains(&said), "{path}: {refused}\n{said}");
        }
    }
}
