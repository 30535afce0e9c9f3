//! Reads a URL's host by libcurl, with which git connects.

use std::ffi::{CStr, CString, c_char, c_int, c_uint};
use std::ptr::null_mut;

/// `CURLUPART_HOST`
const HOST: c_int = 5;

/// `CURLUPART_PORT`
const PORT: c_int = 6;

/// `CURLUPART_URL`
const URL: c_int = 0;

/// `CURLU_NON_SUPPORT_SCHEME`: this libcurl is built without TLS and reads `https` all the same.
const ANY_SCHEME: c_uint = 1 << 3;

/// `CURLU`
#[repr(C)]
struct Handle {
    _private: [u8; 0],
}

// curl-sys brings the library, but does not declare these functions.
#[expect(unsafe_code, reason = "libcurl's URL functions have no safe binding")]
unsafe extern "C" {
    fn curl_url() -> *mut Handle;
    fn curl_url_cleanup(handle: *mut Handle);
    fn curl_url_set(handle: *mut Handle, part: c_int, text: *const c_char, flags: c_uint) -> c_int;
    fn curl_url_get(
        handle: *mut Handle,
        part: c_int,
        text: *mut *mut c_char,
        flags: c_uint,
    ) -> c_int;
}

/// Returns the host to which libcurl would connect, and the port, if one is written.
///
/// # Panics
/// Where libcurl has no memory, or gives a port that is no number.
#[must_use]
pub fn host_and_port(url: &str) -> Option<(String, Option<u16>)> {
    let url = CString::new(url).ok()?;
    let parsed = Parsed::new(&url)?;
    let host = parsed.part(HOST)?;
    let port = parsed.part(PORT).map(|port| port.parse().expect("libcurl's ports are numbers"));
    Some((host, port))
}

/// A `CURLU` that holds a URL.
struct Parsed(*mut Handle);

#[expect(unsafe_code, reason = "libcurl's URL functions have no safe binding")]
impl Parsed {
    fn new(url: &CStr) -> Option<Self> {
        // SAFETY: the call takes nothing; the null of a lack of memory is checked below.
        let handle = unsafe { curl_url() };
        assert!(!handle.is_null(), "libcurl is out of memory");
        let parsed = Self(handle);
        // SAFETY: the handle is live; the text ends with a NUL, and libcurl copies it.
        let code = unsafe { curl_url_set(parsed.0, URL, url.as_ptr(), ANY_SCHEME) };
        (code == 0).then_some(parsed)
    }

    fn part(&self, part: c_int) -> Option<String> {
        let mut text = null_mut();
        // SAFETY: the handle is live, and libcurl writes a pointer to `text`.
        let code = unsafe { curl_url_get(self.0, part, &raw mut text, 0) };
        if code != 0 {
            return None;
        }
        // SAFETY: on success the pointer is ours, and leads to a text that ends with a NUL.
        let copy = unsafe { CStr::from_ptr(text) }.to_str().map(str::to_owned);
        // SAFETY: libcurl allocated the text for us, and nobody uses it any more.
        unsafe { curl_sys::curl_free(text.cast()) };
        copy.ok()
    }
}

#[expect(unsafe_code, reason = "libcurl's URL functions have no safe binding")]
impl Drop for Parsed {
    fn drop(&mut self) {
        // SAFETY: the handle came from curl_url, and is freed only here.
        unsafe { curl_url_cleanup(self.0) };
    }
}
