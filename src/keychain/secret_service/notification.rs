//! One notification of the desktop, by the session's bus. Nobody waits for what becomes of it.

use super::address;
use super::bus::Bus;
use super::message::Call;
use super::wire::Writer;
use std::time::{Duration, Instant};

const PATIENCE: Duration = Duration::from_millis(200);

/// Shows a text, in which `<`, `>` and `&` are escaped, as far as there is somebody who does so.
pub(crate) fn notify(title: &str, body: &str) {
    const NAME: &str = "org.freedesktop.Notifications";
    /// What the desktop usually takes: -1.
    const USUAL_TIME: u32 = u32::MAX;
    let deadline = Instant::now() + PATIENCE;
    let Ok(addresses) = address::from_environment() else { return };
    let Some(addresses) = addresses else { return };
    let Ok(mut bus) = Bus::connect(&addresses, deadline) else { return };
    let mut arguments = Writer::new();
    arguments.string(title);
    arguments.uint(0);
    arguments.string("");
    arguments.string(title);
    arguments.string(body);
    let actions = arguments.open_array(4);
    arguments.close_array(&actions);
    let hints = arguments.open_array(8);
    arguments.close_array(&hints);
    arguments.uint(USUAL_TIME);
    let call = Call {
        destination: NAME,
        path: "/org/freedesktop/Notifications",
        interface: NAME,
        member: "Notify",
        signature: "susssasa{sv}i",
        body: arguments,
    };
    let _ = bus.exchange(vec![call], || {}, deadline);
}
