//! Writes the result about an account as JSON, for programs. The names do not change.

use crate::api::state::{Reason, Standing};
use crate::check::Checked;
use crate::check::advice;
use crate::check::kept::Kept;
use crate::forge;
use crate::time::rfc3339;
use serde_json::{Value, json};

pub(in crate::cli) fn of(checked: &Checked, now: u64) -> Value {
    let Checked { subject, git, api, facts, worst, .. } = checked;
    let address = |reason| worst.address.as_ref().filter(|_| worst.reason == Some(reason));
    let kept = checked.learnt.as_ref().or(subject.credential.as_ref()).map(Kept::of);
    let checked_at = kept.and_then(|kept| kept.checked_at);
    let username = subject.username.as_ref().filter(|name| !name.is_empty());
    json!({
        "state": worst.state.word(),
        "reason": worst.reason.map(Reason::word),
        "context": forge::shown_context(&subject.context),
        "url": subject.url.as_deref().map(forge::shown),
        "username": username.map(ToString::to_string),
        "forge": checked.forge.map(|forge| forge.forge().word()),
        "kind": checked.kind.map(|kind| kind.kind.name()),
        "owner": facts.owner,
        "scopes": facts.scopes,
        "expires": checked.expiry.map(rfc3339),
        "last_used": facts.last_used.map(rfc3339),
        "used_from": facts.used_from,
        "may_read": checked.may_read(),
        "may_push": checked.may_push(),
        "public": git.as_ref().map(|git| git.is_public),
        "said": worst.said,
        "sso_url": address(Reason::Sso),
        "redirect": address(Reason::Redirect),
        "retry_after": worst.retry_after,
        "realm": git.as_ref().and_then(|git| git.realm.as_ref()),
        "checked": rfc3339(now),
        "learnt": checked_at.map(rfc3339),
        "layers": {
            "account": layer(&subject.account),
            "form": layer(&checked.form),
            "git": git.as_ref().map(|git| layer(&git.standing)),
            "api": api.as_ref().map(|api| layer(&api.standing)),
        },
        "notes": checked.notes,
        "hints": advice::of(checked),
    })
}

fn layer(standing: &Standing) -> Value {
    json!({
        "state": standing.state.word(),
        "reason": standing.reason.map(Reason::word),
        "said": standing.said,
    })
}
