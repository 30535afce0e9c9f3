//! macOS's login keychain, by the Security framework.
//!
//! One account is one generic password in the user's default keychain, as a rule the one called
//! login. Keychain Access always shows these attributes, without a password:
//!
//! | there | the attribute | here |
//! |---|---|---|
//! | Name | label | `Git token for alice at https://github.com` |
//! | Kind | description | `Git token` |
//! | Account | account | the username; `%none` for none |
//! | Where | service | `git-credential-pat:https://github.com` |
//!
//! Account and service together are the key of an item, compared byte for byte. The token and
//! everything that changes are in its data ([`item::Content`]). An item is found and listed by
//! attributes only, for which nobody is ever asked. Its data is read for exactly one item. It is
//! replaced by `SecItemUpdate`, in one step, which keeps the item's access list.
//!
//! What is odd there:
//! - An empty attribute in a query is a wildcard, also for `SecItemDelete`. Ours never are.
//! - An item has an access list, with the code signature of the program that made it: this one
//!   is not asked about its own items, every other program is. A new build without a Developer
//!   ID (from source, from Homebrew) is another program: macOS asks once for each item, and
//!   *Always Allow* adds that build to the list. With one signing identity for all releases the
//!   answer holds for the next release as well.
//! - A window that asks has no deadline of its own and no call that ends it. So every call is
//!   made without a window first; only where that is not enough, and somebody would see one, it
//!   is made once more, in a thread that is left alone after two minutes.
//! - Over SSH the session has no windows: then the status is `errSecInteractionNotAllowed`.
//! - The framework hands out a copy of its own, which nobody may overwrite: that one is not wiped.
//!   The copy that we hand to it is ours, and wiped.
//!
//! There is a newer keychain, "data protection". It is only for programs with an entitlement,
//! which a command-line tool cannot have. `apple-native-keyring-store`, the keyring family's,
//! gives items no label, lets the system ask at any time, and folds these statuses into two.

mod terms;

use crate::context::Context;
use crate::credential::{Account, Credential, Username};
use crate::error::Error;
use crate::hardening;
use crate::keychain::prompts::{self, Prompts};
use crate::keychain::{Found, ItemId, Keychain, Kind, NOT_OURS, item};
use core_foundation::base::TCFType;
use core_foundation::data::CFData;
use security_framework::base::Error as Status;
use security_framework::item::{
    ItemAddOptions, ItemAddValue, ItemClass, ItemSearchOptions, ItemUpdateOptions, ItemUpdateValue,
    Limit, Location, SearchResult, update_item,
};
use security_framework::os::macos::keychain::SecKeychain;
use std::ffi::c_void;
use std::sync::{Arc, mpsc};
use std::thread;
use terms::Names;
use zeroize::Zeroizing;

/// See the [module](self).
#[derive(Default)]
pub struct LoginKeychain {
    prompts: Prompts,
}

impl LoginKeychain {
    /// Returns a keychain that shows windows by this rule, not by the environment's and git's.
    #[must_use]
    pub fn with_prompts(prompts: Prompts) -> Self {
        Self { prompts }
    }

    /// Makes the call without a window. Where one is needed and would be seen, makes it once more
    /// with a window. Returns nothing where there is no such item.
    pub(super) fn ask<T: Send + 'static>(
        &self,
        call: impl Fn() -> Result<T, Status> + Send + 'static,
    ) -> Result<Option<T>, Error> {
        let mut result = {
            let _no_window = SecKeychain::disable_user_interaction();
            call()
        };
        if let Err(status) = result
            && terms::needs_somebody(status.code())
            && self.prompts.allowed()
        {
            result = in_window(call)?;
        }
        match result {
            Err(status) if status.code() == terms::NOT_FOUND => Ok(None),
            result => result.map(Some).map_err(convert),
        }
    }

    fn read_one(&self, names: Names) -> Result<Option<Zeroizing<Vec<u8>>>, Error> {
        let read = self.ask(move || {
            let found = query(&names)?.load_data(true).limit(1).search()?;
            Ok(found.into_iter().find_map(|result| match result {
                SearchResult::Data(bytes) => Some(Zeroizing::new(bytes)),
                _ => None,
            }))
        })?;
        Ok(read.flatten())
    }
}

impl Keychain for LoginKeychain {
    fn kind(&self) -> Kind {
        Kind::LoginKeychain
    }

    fn find(
        &mut self,
        contexts: &[Context],
        username: Option<&Username>,
    ) -> Result<Vec<Found>, Error> {
        let mut found = Vec::new();
        for context in contexts {
            let mut listed = list(Some(&terms::service(context)))?;
            listed.retain(|(_, account)| {
                account.context == *context && username.is_none_or(|u| *u == account.username)
            });
            found.extend(listed.into_iter().map(|(found, _)| found));
        }
        Ok(found)
    }

    fn list(&mut self) -> Result<Vec<(Found, Account)>, Error> {
        list(None)
    }

    fn usernames(&mut self, found: &[Found]) -> Result<Vec<Username>, Error> {
        let username = |found| names(found)?.to_account().map(|account| account.username);
        found.iter().map(username).collect::<Option<_>>().ok_or(NOT_OURS)
    }

    /// Unlocking is left to the system's own window, which asks for the password.
    fn unlock(&mut self, _found: &[Found]) -> Result<(), Error> {
        if !self.prompts.allowed() {
            return Err(Error::Locked);
        }
        in_window(|| SecKeychain::default()?.unlock(None))?.map_err(convert)
    }

    fn read(&mut self, found: &[Found]) -> Result<Vec<(Found, Credential)>, Error> {
        if found.iter().any(|found| found.locked) {
            return Err(Error::Locked);
        }
        hardening::hide_memory();
        let mut credentials = Vec::with_capacity(found.len());
        for found in found {
            if let Some(content) = self.read_one(names(found).ok_or(NOT_OURS)?)? {
                credentials.push((found.clone(), item::decode(&content.into())?));
            }
        }
        Ok(credentials)
    }

    fn write(&mut self, at: Option<&Found>, credential: &Credential) -> Result<(), Error> {
        if at.is_some_and(|found| found.locked) {
            return Err(Error::Locked);
        }
        let account = credential.account();
        let names = Names::of(&account);
        let label = item::label(&account);
        let content = Arc::new(item::Content::of(credential).to_bytes());
        let (same_names, same_content) = (names.clone(), content.clone());
        let updated = self.ask(move || {
            let data = CFData::from_arc(same_content.clone());
            let mut update = ItemUpdateOptions::new();
            update.set_value(ItemUpdateValue::Data(data));
            update_item(&query(&same_names)?, &update)
        })?;
        if updated.is_some() {
            return Ok(());
        }
        let added = self.ask(move || {
            let data = CFData::from_arc(content.clone());
            let class = ItemClass::generic_password();
            let mut item = ItemAddOptions::new(ItemAddValue::Data { class, data });
            item.set_service(&names.service).set_account_name(&names.account);
            item.set_label(&label).set_description("Git token");
            item.set_location(Location::FileKeychain(SecKeychain::default()?));
            item.add()
        })?;
        added.ok_or(Error::NoDefaultKeychain)
    }

    fn delete(&mut self, found: &Found) -> Result<(), Error> {
        if found.locked {
            return Err(Error::Locked);
        }
        let names = names(found).ok_or(NOT_OURS)?;
        self.ask(move || query(&names)?.delete()).map(drop)
    }
}

/// Makes a call that may show a window, and waits for it as long as a person may take.
fn in_window<T: Send + 'static>(
    call: impl FnOnce() -> Result<T, Status> + Send + 'static,
) -> Result<Result<T, Status>, Error> {
    let (sender, receiver) = mpsc::channel();
    thread::spawn(move || sender.send(call()));
    receiver.recv_timeout(prompts::PATIENCE).map_err(|_| Error::TimedOut)
}

fn names(found: &Found) -> Option<Names> {
    Names::from_text(&found.id.0)
}

/// Returns the query for exactly one item.
fn query(names: &Names) -> Result<ItemSearchOptions, Status> {
    let mut query = ItemSearchOptions::new();
    query.class(ItemClass::generic_password()).keychains(&[SecKeychain::default()?]);
    query.service(&names.service).account(&names.account);
    Ok(query)
}

/// Returns our items, of this service if one is given. Only attributes are read: nobody is asked.
fn list(service: Option<&str>) -> Result<Vec<(Found, Account)>, Error> {
    let _no_window = SecKeychain::disable_user_interaction();
    let keychain = SecKeychain::default().map_err(convert)?;
    let locked = is_locked(&keychain)?;
    let mut query = ItemSearchOptions::new();
    query.class(ItemClass::generic_password()).keychains(&[keychain]);
    query.load_attributes(true).limit(Limit::All);
    if let Some(service) = service {
        query.service(service);
    }
    let items = match query.search() {
        Err(status) if status.code() == terms::NOT_FOUND => return Ok(Vec::new()),
        items => items.map_err(convert)?,
    };
    let ours = items.iter().filter_map(|item| {
        // The keys are the four letters that the attributes' constants stand for.
        let mut attributes = item.simplify_dict()?;
        let service = attributes.remove("svce")?;
        let names = Names { service, account: attributes.remove("acct")? };
        let account = names.to_account()?;
        let id = ItemId(names.to_text());
        Some((Found { id, context: account.context.clone(), locked }, account))
    });
    Ok(ours.collect())
}

/// Returns whether the keychain must be unlocked before anything in it can be read.
#[allow(unsafe_code, reason = "SecKeychainGetStatus has no safe wrapper")]
fn is_locked(keychain: &SecKeychain) -> Result<bool, Error> {
    // The bit kSecUnlockStateStatus of a status.
    const UNLOCKED: u32 = 1;
    unsafe extern "C" {
        // The call is in the framework that security-framework links.
        fn SecKeychainGetStatus(keychain: *const c_void, status: *mut u32) -> i32;
    }
    let mut status = 0;
    // SAFETY: `keychain` lives until the call returns, which writes one number to `status`.
    let result = unsafe { SecKeychainGetStatus(keychain.as_CFTypeRef(), &raw mut status) };
    if result == 0 { Ok(status & UNLOCKED == 0) } else { Err(terms::error(result)) }
}

fn convert(status: Status) -> Error {
    terms::error(status.code())
}
