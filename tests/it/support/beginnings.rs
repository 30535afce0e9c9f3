//! The beginnings of the forges' tokens, as the forges' own files name them: the program has one
//! list, and the tests read it.

use std::fs;
use std::path::Path;

/// Returns, for each file in `src/forge/`, its name and the beginnings in it.
pub fn beginnings() -> Vec<(String, Vec<String>)> {
    let forges = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/forge");
    let files = fs::read_dir(forges).unwrap().map(|file| {
        let path = file.unwrap().path();
        let text = fs::read_to_string(&path).unwrap();
        let rows = text.split("Beginning::of(\"").skip(1);
        let rows = rows.map(|row| row.split('"').next().unwrap().to_owned()).collect();
        (path.file_name().unwrap().to_str().unwrap().to_owned(), rows)
    });
    files.collect()
}
