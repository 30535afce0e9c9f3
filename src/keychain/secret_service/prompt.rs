//! Prompts: a service's window that asks a person, and the wait for its end.
//!
//! A prompt that nobody can see waits for ever or is dismissed at once, and the answer does not
//! tell which. So whether somebody can see it is asked beforehand, see
//! [`Prompts`](crate::keychain::prompts::Prompts). Oddities of the services: `KeePassXC` broadcasts
//! the end of a prompt, so that without a match rule the wait never ends; it also returns prompts
//! that complete by themselves. gnome-keyring aborts when a prompt is dismissed by call, so that is
//! never done: a window whose client is gone stays, and does no harm.

use super::SERVICE;
use super::bus::{BUS, Bus};
use super::message::{Call, Kind, Message};
use super::remote::Remote;
use super::wire::{ObjectPath, Writer};
use crate::error::Error;
use crate::keychain::prompts;
use std::time::Instant;

const INTERFACE: &str = "org.freedesktop.Secret.Prompt";

/// Shows a prompt and waits for its end. Returns whether it was dismissed.
pub(super) fn run(bus: &mut Bus, prompt: &ObjectPath) -> Result<bool, Error> {
    let deadline = Instant::now() + prompts::PATIENCE;
    let rules = [
        format!(
            "type='signal',sender='{SERVICE}',interface='{INTERFACE}',member='Completed',\
             path='{prompt}'"
        ),
        format!(
            "type='signal',sender='{BUS}',interface='{BUS}',member='NameOwnerChanged',\
             arg0='{SERVICE}'"
        ),
    ];
    let mut calls = bus.listen(&rules);
    let mut window = Writer::new();
    window.string("");
    calls.push(Call {
        destination: SERVICE,
        path: prompt.as_str(),
        interface: INTERFACE,
        member: "Prompt",
        signature: "s",
        body: window,
    });
    let replies = bus.exchange(calls, || {}, deadline)?;
    let mut owner = String::new();
    for reply in replies {
        // The last reply is the service's own. oo7-daemon fails where it finds no program that would
        // show a window.
        owner = match reply {
            Err(Remote::Other) => return Err(Error::Locked),
            reply => reply?.sender,
        };
    }
    let dismissed = bus.wait_for(|message| ending(message, prompt, &owner), deadline)?;
    bus.unlisten(&rules, deadline);
    dismissed
}

/// Returns whether the prompt was dismissed, or nothing where the signal does not end it.
fn ending(message: &Message, prompt: &ObjectPath, owner: &str) -> Option<Result<bool, Error>> {
    let Kind::Signal(path, member) = &message.kind else { return None };
    match member.as_str() {
        // The value after the flag differs between services and is not needed.
        "Completed" if path == prompt && message.sender == owner => {
            Some(message.body("bv").and_then(|mut body| body.boolean()).map_err(Error::from))
        }
        "NameOwnerChanged" if message.sender == BUS => {
            let name = message.body("sss").and_then(|mut body| body.string());
            (name == Ok(SERVICE)).then_some(Err(Error::Transient("it ended during a prompt")))
        }
        _ => None,
    }
}
