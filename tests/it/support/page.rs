//! The pages that people read, of which the tests run what stands in their blocks.

use std::fs;
use std::path::Path;

const ROOT: &str = env!("CARGO_MANIFEST_DIR");

/// How a command begins that stands in a line of text.
const COMMANDS: [&str; 5] =
    ["git credential-pat ", "git config ", "git clone ", "./install.sh", "docker-credential-pat "];

/// Words in whose place people put their own.
const FORMS: [&str; 6] = ["URL", "NAME", "FILE", "DIR", "WORDS", "SECONDS"];

/// What stands in a page to be typed or copied.
pub struct Block {
    /// The heading that it stands below.
    pub heading: String,
    /// That of its fence; `inline` for a command in a line of text, `indented` without a fence.
    pub language: String,
    pub text: String,
}

/// A page, by its path from the root.
#[track_caller]
pub fn page(path: &str) -> String {
    fs::read_to_string(Path::new(ROOT).join(path)).unwrap_or_else(|e| panic!("{path}: {e}"))
}

/// The paths of the README and of all pages in `docs` and `examples`.
pub fn pages() -> Vec<String> {
    let mut pages = vec!["README.md".to_owned()];
    let mut folders = vec!["docs".to_owned(), "examples".to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(Path::new(ROOT).join(&folder)).unwrap() {
            let entry = entry.unwrap();
            let path = format!("{folder}/{}", entry.file_name().to_str().unwrap());
            if entry.path().is_dir() {
                folders.push(path);
            } else if entry.path().extension().is_some_and(|extension| extension == "md") {
                pages.push(path);
            }
        }
    }
    pages.sort();
    pages
}

/// All that can be typed or copied from a page, in order.
pub fn everything(text: &str) -> Vec<Block> {
    let mut blocks = Vec::new();
    let (mut heading, mut paragraph) = (String::new(), String::new());
    let mut lines = text.lines().peekable();
    while let Some(line) = lines.next() {
        let is_fence = line.trim_start().starts_with("```");
        let is_indented = paragraph.is_empty() && line.starts_with("    ");
        if !is_fence && !is_indented && !line.starts_with('#') && !line.trim().is_empty() {
            paragraph.extend([line, " "]);
            continue;
        }
        blocks.extend(inline(&heading, &std::mem::take(&mut paragraph)));
        let mut block =
            Block { heading: heading.clone(), language: String::new(), text: String::new() };
        let mut add = |line: &str| block.text.extend([line, "\n"]);
        if is_fence {
            let within = lines.by_ref().take_while(|line| !line.trim_start().starts_with("```"));
            within.for_each(add);
            line.trim_start().trim_start_matches('`').clone_into(&mut block.language);
        } else if is_indented {
            add(line.trim_start());
            while let Some(line) = lines.next_if(|line| line.starts_with("    ")) {
                add(line.trim_start());
            }
            "indented".clone_into(&mut block.language);
        } else {
            if line.starts_with('#') {
                line.trim_start_matches('#').trim().clone_into(&mut heading);
            }
            continue;
        }
        blocks.push(block);
    }
    blocks.extend(inline(&heading, &paragraph));
    blocks
}

/// The commands that stand in a paragraph or a table, but for forms such as `status URL`.
fn inline(heading: &str, paragraph: &str) -> Vec<Block> {
    let is_form = |code: &str| code.split(' ').any(|word| FORMS.contains(&word));
    let codes = paragraph.split('`').skip(1).step_by(2);
    let commands = codes.filter(|code| COMMANDS.iter().any(|begin| code.starts_with(begin)));
    let block = |code: &str| Block {
        heading: heading.to_owned(),
        language: "inline".to_owned(),
        text: code.to_owned(),
    };
    commands.filter(|code| !is_form(code)).map(block).collect()
}

/// The file of this name below `examples`.
#[track_caller]
pub fn example(name: &str) -> String {
    page(&format!("examples/{name}"))
}

/// The blocks of one language below one heading of a page, in their order.
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
