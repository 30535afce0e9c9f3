//! What a locked service does not show. GNOME Keyring and `KWallet` find locked items and say that
//! they are locked; `KeePassXC` has a person open its database before it answers. oo7-daemon finds
//! nothing while it is locked, which looks as if nothing were there: so where nothing is found it is
//! asked. The others are told from it by their names on the bus, and are asked nothing.

use super::SERVICE;
use super::bus::BUS;
use super::client::Replied;
use super::message::Call;
use super::service::{
    COLLECTION_INTERFACE, DEFAULT_COLLECTION, PROPERTIES_INTERFACE, Service, default_collection,
};
use super::wire::Writer;
use crate::error::Error;

/// A name that GNOME Keyring has on the bus: most desktops have it.
const GNOME_KEYRING: &str = "org.gnome.keyring";

/// Names of `KWallet`.
const KWALLET: [&str; 2] = ["org.kde.kwalletd5", "org.kde.kwalletd6"];

/// A name of `KeePassXC`.
const KEEPASSXC: &str = "org.keepassxc.KeePassXC.MainWindow";

/// Who provides the service.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Provider {
    /// Nobody at this moment.
    Nobody,
    /// `KeePassXC`.
    KeePassXc,
    /// One that finds locked items.
    ShowsLocked,
    /// Any other: it may find nothing while it is locked.
    MayHide,
}

impl Service {
    /// Returns whether a search found nothing because the default collection is locked and shows
    /// nothing until somebody unlocks it. The search must have been made.
    ///
    /// # Errors
    /// Where the bus or the service cannot be asked.
    pub fn hides_what_is_locked(&mut self) -> Result<bool, Error> {
        Ok(self.provider()? == Provider::MayHide && self.is_default_locked()?)
    }

    /// Unlocks the default collection, with a prompt where it takes one.
    ///
    /// # Errors
    /// See [`Self::unlock`].
    pub fn unlock_default(&mut self) -> Result<(), Error> {
        self.unlock(&[default_collection()?])
    }

    /// Returns whether a search would make the service, or us, ask a person: a locked `KeePassXC`
    /// does, and does not answer before; we do where locked items are not shown. Other services say
    /// which items are locked, and are not asked here: gnome-keyring takes only a search as a
    /// connection's first call.
    ///
    /// # Errors
    /// Where the bus or the service cannot be asked.
    pub fn asks_before_it_searches(&mut self) -> Result<bool, Error> {
        match self.provider()? {
            Provider::KeePassXc | Provider::MayHide => self.is_default_locked(),
            Provider::Nobody | Provider::ShowsLocked => Ok(false),
        }
    }

    /// Returns who provides the service. The bus is asked, not the service.
    fn provider(&mut self) -> Result<Provider, Error> {
        let owners = self.owners(&[SERVICE, GNOME_KEYRING])?;
        let [Some(provider), gnome_keyring] = owners.as_slice() else {
            return Ok(Provider::Nobody);
        };
        if gnome_keyring.as_ref() == Some(provider) {
            return Ok(Provider::ShowsLocked);
        }
        let others = self.owners(&[KEEPASSXC, KWALLET[0], KWALLET[1]])?;
        Ok(match others.iter().position(|owner| owner.as_ref() == Some(provider)) {
            Some(0) => Provider::KeePassXc,
            Some(_) => Provider::ShowsLocked,
            None => Provider::MayHide,
        })
    }

    /// Returns who has each of these names on the bus, in their order.
    fn owners(&mut self, names: &[&str]) -> Result<Vec<Option<String>>, Error> {
        let replies = self.client.exchange(names.iter().map(|name| owner_call(name)).collect())?;
        let owner = |reply: Replied| match reply {
            Ok(reply) => Ok(Some(reply.body("s")?.string()?.to_owned())),
            Err(_) => Ok(None),
        };
        replies.into_iter().map(owner).collect()
    }

    /// Returns whether the default collection is there and locked.
    pub(super) fn is_default_locked(&mut self) -> Result<bool, Error> {
        let mut body = Writer::new();
        body.string(COLLECTION_INTERFACE);
        body.string("Locked");
        let Ok(reply) = self.client.call(Call {
            destination: SERVICE,
            path: DEFAULT_COLLECTION,
            interface: PROPERTIES_INTERFACE,
            member: "Get",
            signature: "ss",
            body,
        })?
        else {
            return Ok(false);
        };
        let mut body = reply.body("v")?;
        body.variant_of("b")?;
        Ok(body.boolean()?)
    }
}

/// Returns the call that asks who has a name on the bus.
fn owner_call(name: &str) -> Call<'_> {
    let mut body = Writer::new();
    body.string(name);
    let (path, interface) = ("/org/freedesktop/DBus", BUS);
    Call { destination: BUS, path, interface, member: "GetNameOwner", signature: "s", body }
}
