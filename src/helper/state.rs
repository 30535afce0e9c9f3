//! The `state[]` that spares a write, and even a search, after every successful git command.
//!
//! git calls store after each use of a credential, even of the one that get has just handed out. So
//! get hands out a keyed digest of its answer, with the token itself as the key. A store whose
//! content gives the same digest brings nothing new. The digest tells nothing about the token and
//! fits no other token. A bare "seen" mark would make us ignore another helper's fresh token.

use crate::context::Context;
use crate::credential::Username;
use crate::hardening;
use crate::hex;
use crate::secret::Secret;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

/// Tells our states from those of other helpers, and this form from later ones.
const PREFIX: &str = "git-credential-pat:1:";

/// Everything that an answer says and a store repeats.
pub(super) struct Content<'a> {
    pub(super) host: &'a Context,
    pub(super) path: Option<&'a [u8]>,
    pub(super) username: Option<&'a Username>,
    pub(super) authtype: Option<&'a [u8]>,
    pub(super) token: &'a Secret,
    pub(super) expiry: Option<u64>,
    pub(super) refresh_token: Option<&'a Secret>,
}

/// Returns the `state[]` value for this content.
pub(super) fn handed_out(content: &Content) -> String {
    let host = content.host.to_string();
    let expiry = content.expiry.map(u64::to_be_bytes);
    let fields = [
        Some(host.as_bytes()),
        content.path,
        content.username.map(Username::as_bytes),
        content.authtype,
        expiry.as_ref().map(<[u8; 8]>::as_slice),
        content.refresh_token.map(Secret::expose),
    ];
    let mut digest = Hmac::<Sha256>::new_from_slice(content.token.expose())
        .expect("HMAC takes a key of any length");
    for field in fields {
        // Absent and empty fields differ, and no two lists of fields give the same bytes.
        let length = field.map_or(0, |f| f.len() as u64 + 1);
        digest.update(&length.to_be_bytes());
        digest.update(field.unwrap_or_default());
    }
    let mut state = String::from(PREFIX);
    hex::push(&mut state, &digest.finalize().into_bytes());
    hardening::wipe_stack();
    state
}
