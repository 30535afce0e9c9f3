//! The way to the network is the user's own: proxies, authorities, and what git is told of them.

use super::{GLPAT, some};
use crate::support::home::Home;
use crate::support::tunnel::Tunnel;
use serde_json::json;

#[test]
fn a_proxy_that_git_is_told_of_is_used_by_both() {
    let desk = Home::with_forge(GLPAT);
    desk.server().forge().knows("alices", GLPAT, json!({ "scopes": ["api"] }));
    let [first, ..] = desk.server().ports();
    let name = desk.server().names()[0].clone();
    let url = format!("https://{name}/team/repo.git");
    let words =
        ["login", "--with-token", "--offline", "--username", "alice", &format!("https://{name}")];
    assert!(desk.sandbox.helper(&words, GLPAT).status.success());
    // At the usual port nothing listens: only the proxy leads there.
    let words = ["--forge", "gitlab", &url];
    let one = desk.checked(&words);
    assert_eq!(some(&one, &["state"]), "unreachable", "{one:#}");
    let tunnel = Tunnel::new(vec![(name.clone(), first)]);
    desk.configure("http.proxy", &tunnel.address());
    let one = desk.checked(&words);
    assert_eq!(some(&one, &["state", "owner", "may_push"]), "good alice true", "{one:#}");
    // A proxy that leads nowhere is no word about the token.
    let tunnel = Tunnel::new(Vec::new());
    desk.configure("http.proxy", &tunnel.address());
    let one = desk.checked(&words);
    assert_eq!(some(&one, &["state"]), "unreachable", "{one:#}");
}

#[test]
fn a_private_authority_counts_as_for_git_and_is_never_left_out() {
    let desk = Home::with_forge(GLPAT);
    let forge = desk.server().forge();
    forge.knows("alices", GLPAT, json!({ "scopes": ["api"] }));
    let words = ["--forge", "gitlab", "https://HOST/team/repo.git"];
    assert_eq!(some(&desk.checked(&words), &["state"]), "good");
    let mut desk = desk;
    desk.config(&["--global", "--unset-all", "http.sslCAInfo"]);
    desk.sandbox.unset("GIT_SSL_CAINFO");
    forge.asked();
    let one = desk.checked(&words);
    assert_eq!(some(&one, &["state", "reason"]), "unreachable certificate", "{one:#}");
    assert!(one["hints"].to_string().contains("http.sslCAInfo"), "{one:#}");
    // git itself may be told to trust everybody. The API's question is not put so.
    desk.configure("http.sslVerify", "false");
    let one = desk.checked(&words);
    assert_eq!(one["layers"]["git"]["state"], "good", "{one:#}");
    assert_eq!(one["layers"]["api"]["reason"], "certificate", "{one:#}");
    assert_eq!(forge.asked(), []);
    let certificate = desk.server().certificate();
    desk.set("GIT_SSL_CAINFO", certificate.to_str().unwrap());
    assert_eq!(some(&desk.checked(&words), &["state"]), "good");
}

#[test]
fn a_repositorys_own_settings_lead_the_token_nowhere() {
    let desk = Home::with_forge(GLPAT);
    desk.server().forge().knows("alices", GLPAT, json!({ "scopes": ["api"] }));
    desk.git(&["init", "--quiet", "."]);
    let tunnel = Tunnel::new(Vec::new());
    desk.config(&["http.proxy", &tunnel.address()]);
    let one = desk.checked(&["--forge", "gitlab", "https://HOST"]);
    assert_eq!(some(&one, &["state", "owner"]), "good alice", "{one:#}");
    assert_eq!(tunnel.refused(), [""; 0]);
}
