//! The files of git's configuration. Some count here, as git itself names them. Others belong to
//! this repository's submodules and working tree: git and git-lfs copy URLs to them or take URLs
//! from them.

use super::entries::Entries;
use super::{Failed, ask};
use std::env;
use std::fs;
use std::path::{Path, PathBuf};

/// The most levels of submodules in one another, and of parts of their names.
const DEPTH: usize = 16;

/// A file of git's configuration, by the path that git has for it.
pub(crate) struct ConfigPath {
    pub(crate) path: PathBuf,
    pub(crate) kind: Kind,
}

/// The role of a file for git here.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Kind {
    /// The file counts here.
    Here,
    /// The file counts in a submodule, or in another working tree.
    Elsewhere,
    /// The file is in the working tree, and git takes only certain settings from it.
    Tree,
}

/// Returns all files, in git's order. A later file counts more.
///
/// # Errors
/// Where git cannot be run or cannot read its configuration, with its reason.
pub(crate) fn all() -> Result<Vec<ConfigPath>, Failed> {
    Ok(of(&Entries::read()?))
}

/// Returns all files, in git's order, of which these are the lines that count here.
pub(crate) fn of(entries: &Entries) -> Vec<ConfigPath> {
    let top = top();
    let mut files: Vec<ConfigPath> = Vec::new();
    let mut add = |path: PathBuf, kind| {
        if path.is_file() && !files.iter().any(|file| is_same(&file.path, &path)) {
            files.push(ConfigPath { path, kind });
        }
    };
    for file in entries.files() {
        // git names the files of a repository from its top.
        add(top.as_deref().unwrap_or(Path::new("")).join(file), Kind::Here);
    }
    if let Some(folder) = repository() {
        let mut found = Vec::new();
        modules(&folder.join("modules"), 0, &mut found);
        for tree in folders(&folder.join("worktrees")) {
            found.push(tree.join("config.worktree"));
            modules(&tree.join("modules"), 0, &mut found);
        }
        for file in found {
            add(file, Kind::Elsewhere);
        }
    }
    if let Some(top) = top {
        add(top.join(".gitmodules"), Kind::Tree);
        add(top.join(".lfsconfig"), Kind::Tree);
    }
    files
}

/// Returns the file that git changes for a user, whether it is there or not.
pub(crate) fn global() -> Option<PathBuf> {
    let variable = |name: &str| env::var_os(name).map(PathBuf::from);
    if let Some(file) = variable("GIT_CONFIG_GLOBAL") {
        return Some(file);
    }
    let home = variable("HOME")?;
    let config = variable("XDG_CONFIG_HOME").filter(|folder| folder.is_absolute());
    let second = config.unwrap_or_else(|| home.join(".config")).join("git").join("config");
    let first = home.join(".gitconfig");
    Some(if !first.exists() && second.exists() { second } else { first })
}

/// Returns the file of this machine's configuration, or nothing where git does not tell: one before
/// 2.41 names it only where it says
/// something.
pub(crate) fn system() -> Option<PathBuf> {
    let named = ask(&["var", "GIT_CONFIG_SYSTEM"]);
    let named = named.map(|text| PathBuf::from(text.trim_end_matches(['\r', '\n'])));
    named
        .filter(|file| !file.as_os_str().is_empty())
        .or_else(|| Entries::read().ok()?.file_of_scope("system").map(PathBuf::from))
}

/// Returns the file of this repository's own configuration.
pub(crate) fn local() -> Option<PathBuf> {
    Some(repository()?.join("config"))
}

/// Returns whether two paths lead to one file.
pub(crate) fn is_same(one: &Path, other: &Path) -> bool {
    one == other || one.canonicalize().is_ok_and(|o| other.canonicalize().is_ok_and(|p| o == p))
}

/// Returns the folder of this repository, for all of its working trees.
fn repository() -> Option<PathBuf> {
    let folder = ask(&["rev-parse", "--git-common-dir"])?;
    env::current_dir().ok().map(|here| here.join(folder.trim_end_matches(['\r', '\n'])))
}

/// Returns the top of the working tree.
fn top() -> Option<PathBuf> {
    let top = ask(&["rev-parse", "--show-toplevel"])?;
    Some(PathBuf::from(top.trim_end_matches(['\r', '\n']))).filter(|top| top.is_absolute())
}

/// Finds the configurations of the submodules below this folder. A submodule's name may have
/// slashes.
fn modules(folder: &Path, depth: usize, found: &mut Vec<PathBuf>) {
    if depth > DEPTH {
        return;
    }
    for folder in folders(folder) {
        if folder.join("HEAD").is_file() {
            found.extend([folder.join("config"), folder.join("config.worktree")]);
            modules(&folder.join("modules"), depth + 1, found);
        } else {
            modules(&folder, depth + 1, found);
        }
    }
}

/// Returns the folders in this one, without links, sorted by name.
fn folders(folder: &Path) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(folder) else { return Vec::new() };
    let mut folders: Vec<PathBuf> = entries
        .flatten()
        .filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_dir()))
        .map(|entry| entry.path())
        .collect();
    folders.sort();
    folders
}
