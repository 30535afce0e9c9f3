//! The files that are looked into: those in which people and programs keep the tokens of git hosts
//! and of registries.

use super::form::{Form, Program};
use crate::plain_text::places::Surroundings;
use std::path::{Path, PathBuf};

/// The most folders above the present one that may belong to a project.
const HEIGHT: usize = 16;

/// A file to look into.
#[derive(PartialEq, Eq, Debug)]
pub(super) struct File {
    pub(super) path: PathBuf,
    pub(super) form: Form,
}

/// Returns all files, whether they are there or not; `stores` are those that git's configuration
/// names for its `store`.
pub(super) fn all(surroundings: &Surroundings<'_>, stores: Vec<PathBuf>) -> Vec<File> {
    let mut files: Vec<File> = Vec::new();
    let mut add = |path: Option<PathBuf>, form: Form| {
        if let Some(path) = path.filter(|path| !files.iter().any(|file| file.path == *path)) {
            files.push(File { path, form });
        }
    };
    for path in surroundings.stores().into_iter().chain(stores.into_iter().map(Some)) {
        add(path, Form::Store);
    }
    let home = surroundings.home();
    let at_home = |name: &str| home.as_ref().map(|home| home.join(name));
    let at_config = |name: &str| surroundings.config().map(|config| config.join(name));
    let named = |variable: &str| surroundings.path(variable);
    let in_named = |variable: &str, name: &str| Some(named(variable)?.join(name));
    for path in [at_home(".netrc"), at_home("_netrc"), named("NETRC")] {
        add(path, Form::Netrc);
    }
    add(surroundings.gh(), Form::Outline(Program::Gh));
    let glab = in_named("GLAB_CONFIG_DIR", "config.yml");
    add(glab, Form::Outline(Program::Glab));
    add(at_config("glab-cli/config.yml"), Form::Outline(Program::Glab));
    add(at_home("Library/Application Support/glab-cli/config.yml"), Form::Outline(Program::Glab));
    add(at_config("tea/config.yml"), Form::Outline(Program::Other));
    let docker = in_named("DOCKER_CONFIG", "config.json");
    add(docker.or_else(|| at_home(".docker/config.json")), Form::Json(Program::Docker));
    for path in [
        named("REGISTRY_AUTH_FILE"),
        in_named("XDG_RUNTIME_DIR", "containers/auth.json"),
        at_config("containers/auth.json"),
    ] {
        add(path, Form::Json(Program::Containers));
    }
    of_packages(surroundings, &mut add);
    let hub = named("HF_HOME").or_else(|| {
        let cache = named("XDG_CACHE_HOME").or_else(|| at_home(".cache"));
        cache.map(|cache| cache.join("huggingface"))
    });
    for path in [
        named("HF_TOKEN_PATH"),
        hub.as_ref().map(|hub| hub.join("token")),
        at_home(".huggingface/token"),
    ] {
        add(path, Form::Token);
    }
    add(hub.map(|hub| hub.join("stored_tokens")), Form::Settings(Program::Other));
    for name in [
        ".profile",
        ".bash_profile",
        ".bashrc",
        ".zshenv",
        ".zprofile",
        ".zshrc",
        ".config/fish/config.fish",
        ".bash_history",
        ".zsh_history",
    ] {
        add(at_home(name), Form::Text);
    }
    files
}

/// Adds the files of package managers.
fn of_packages(surroundings: &Surroundings<'_>, add: &mut dyn FnMut(Option<PathBuf>, Form)) {
    let home = surroundings.home();
    let at_home = |name: &str| home.as_ref().map(|home| home.join(name));
    let at_config = |name: &str| surroundings.config().map(|config| config.join(name));
    let named = |variable: &str| surroundings.path(variable);
    let in_named = |variable: &str, name: &str| Some(named(variable)?.join(name));
    let npm = named("NPM_CONFIG_USERCONFIG").or_else(|| named("npm_config_userconfig"));
    let npm = npm.or_else(|| at_home(".npmrc"));
    add(npm, Form::Settings(Program::Npm { of_project: false }));
    add(at_home(".yarnrc.yml"), Form::Outline(Program::Other));
    add(at_config("pnpm/rc"), Form::Settings(Program::Other));
    for folder in project(surroundings) {
        add(Some(folder.join(".npmrc")), Form::Settings(Program::Npm { of_project: true }));
        add(Some(folder.join(".yarnrc.yml")), Form::Outline(Program::Other));
        add(Some(folder.join("auth.json")), Form::Json(Program::Other));
        add(Some(folder.join(".env")), Form::Settings(Program::Other));
    }
    let cargo = named("CARGO_HOME").or_else(|| at_home(".cargo"));
    for name in ["credentials.toml", "credentials", "config.toml"] {
        let form = if name == "config.toml" { Program::Other } else { Program::Cargo };
        add(cargo.as_ref().map(|cargo| cargo.join(name)), Form::Settings(form));
    }
    for path in [
        at_home(".pypirc"),
        named("PIP_CONFIG_FILE"),
        at_config("pip/pip.conf"),
        at_home(".pip/pip.conf"),
        at_home("pip/pip.ini"),
        in_named("APPDATA", "pip/pip.ini"),
        at_home("Library/Application Support/pip/pip.conf"),
        in_named("VIRTUAL_ENV", "pip.conf"),
        at_config("pypoetry/auth.toml"),
        at_home(".gradle/gradle.properties"),
    ] {
        add(path, Form::Settings(Program::Other));
    }
    for path in [
        in_named("COMPOSER_HOME", "auth.json"),
        at_config("composer/auth.json"),
        at_home(".composer/auth.json"),
    ] {
        add(path, Form::Json(Program::Other));
    }
    add(at_home(".bundle/config"), Form::Outline(Program::Other));
    for path in [at_home(".m2/settings.xml"), at_home(".nuget/NuGet/NuGet.Config")] {
        add(path, Form::Text);
    }
}

/// Returns the folders of the present project: from here up to the top of its working tree. Outside
/// of one, this is the present folder alone.
fn project<'a>(surroundings: &'a Surroundings<'_>) -> Vec<&'a Path> {
    let Some(here) = &surroundings.here else { return Vec::new() };
    let folders: Vec<&Path> = here.ancestors().take(HEIGHT).collect();
    let top = folders.iter().position(|folder| folder.join(".git").exists());
    folders.into_iter().take(top.unwrap_or_default() + 1).collect()
}
