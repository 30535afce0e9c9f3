//! A label that tells a test's own names from everybody else's, in a keychain that all of a user's
//! processes share.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

/// See the [module](self).
pub struct Label(pub String);

impl Label {
    /// Makes a label that no other test and no earlier run has.
    pub fn new() -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_nanos();
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        Self(format!("{now:x}-{count}"))
    }

    /// Returns a host's name that only this test uses.
    pub fn host(&self, name: &str) -> String {
        format!("{name}-{}.test", self.0)
    }

    /// Returns the label as three numbers that are not 0, for names that consist of numbers.
    pub fn number(&self) -> [u8; 3] {
        let mut hasher = DefaultHasher::new();
        self.0.hash(&mut hasher);
        let bytes = hasher.finish().to_be_bytes();
        [bytes[0], bytes[1], bytes[2]].map(|byte| byte.clamp(1, 254))
    }
}
