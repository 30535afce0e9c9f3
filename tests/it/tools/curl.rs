//! curl, against an API that takes the token as `Bearer` or `token`.

use super::{Bench, MOVED};
use crate::support::page::blocks;

/// Runs the blocks of the page, with an onlooker who finds the token in no argument.
#[test]
fn asks_with_the_token_in_no_argument() {
    let bench = Bench::new();
    let blocks = blocks("tools.md", "curl", "sh");
    for (block, (scheme, times)) in blocks.iter().zip([("Bearer", 1), ("token", 1), ("Bearer", 2)])
    {
        let (ran, seen) = bench.works("", block);
        let answer = format!("{{\"login\": \"alice\", \"scheme\": \"{scheme}\"}}").repeat(times);
        assert_eq!(ran.stdout(), answer, "{ran}");
        // The onlooker does see the token in the environment where `exec` puts it there.
        let is_exec = block.contains("exec");
        assert_eq!(!seen.environments.is_empty(), is_exec, "{seen:#?}");
    }
    assert_eq!(blocks.len(), 3);
    bench.is_clean();
}

#[test]
fn takes_the_token_to_no_other_host_or_port() {
    let bench = Bench::new();
    for moved in MOVED {
        for block in blocks("tools.md", "curl", "sh") {
            let script = block
                .replace("curl ", "curl --location ")
                .replace("/api/", &format!("/{moved}/api/"));
            let ran = bench.runs("", &bench.here(&script));
            assert!(!ran.status.success() && ran.stderr().contains("401"), "{ran}");
        }
    }
    bench.the_other_got_no_token();
}
