//! A page of the examples, whose blocks the tests run.

use std::fs;
use std::path::Path;

/// Returns the file of this name below `examples`.
#[track_caller]
pub fn example(name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples").join(name);
    fs::read_to_string(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()))
}

/// Returns the blocks of one language below one heading of a page, in their order.
#[track_caller]
pub fn blocks(page: &str, heading: &str, language: &str) -> Vec<String> {
    let text = example(page);
    let (_, section) = text.split_once(&format!("\n## {heading}\n")).unwrap_or_else(|| {
        panic!("{page} has no heading {heading}");
    });
    let section = section.split("\n## ").next().unwrap();
    let fence = format!("```{language}\n");
    let blocks = section.split(&fence).skip(1);
    blocks.map(|rest| rest.split("```").next().unwrap().to_owned()).collect()
}
