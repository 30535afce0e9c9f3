//! The console of a Windows process.
//!
//! What is odd there:
//! - A console takes and gives UTF-16. The calls for files use a code page of its own instead, so
//!   that a name would come out as another one.
//! - A mode belongs to the console, not to the process, and outlives the process.
//! - Ctrl-C and Ctrl-Break end every process at the console through a handler, which runs in a
//!   thread of its own.
#![allow(unsafe_code, reason = "the console's mode and its UTF-16 have no safe wrapper in std")]

use std::fs::File;
use std::io::{self, Read, Write};
use std::os::windows::io::{AsRawHandle, OwnedHandle};
use std::ptr::null;
use std::sync::Mutex;
use std::time::Instant;
use windows_sys::Win32::System::Console::{
    CONSOLE_MODE, CONSOLE_SCREEN_BUFFER_INFO, CTRL_C_EVENT, ENABLE_ECHO_INPUT, ENABLE_LINE_INPUT,
    ENABLE_PROCESSED_INPUT, ENABLE_VIRTUAL_TERMINAL_PROCESSING, FlushConsoleInputBuffer,
    GetConsoleMode, GetConsoleScreenBufferInfo, ReadConsoleW, SetConsoleCtrlHandler,
    SetConsoleMode, WriteConsoleW,
};
use windows_sys::core::BOOL;
use zeroize::{Zeroize, Zeroizing};

/// The state of a console before its echo was turned off.
pub(super) type Mode = CONSOLE_MODE;

/// The key that ends the input: Ctrl-Z.
const END: u16 = 0x1A;

/// The console whose echo is off, for the handler that ends this process meanwhile.
static HIDDEN: Mutex<Option<(OwnedHandle, Mode)>> = Mutex::new(None);

/// See the [module](self).
pub(super) struct Device {
    input: File,
    output: File,
    /// The bytes of a character that are still to be read.
    rest: Zeroizing<Vec<u8>>,
}

impl Device {
    /// Opens the console.
    ///
    /// # Errors
    /// Where there is none.
    pub(super) fn open() -> io::Result<Self> {
        let open = |name| File::options().read(true).write(true).open(name);
        let device = Self {
            input: open("CONIN$")?,
            output: open("CONOUT$")?,
            rest: Zeroizing::new(Vec::with_capacity(4)),
        };
        mode(&device.input)?;
        Ok(device)
    }

    /// Turns the echo off. Returns the console's mode before.
    ///
    /// Line editing and Ctrl-C as a signal are off, too, as on a Unix terminal. An event that ends
    /// this process nevertheless turns the echo on again.
    ///
    /// # Errors
    /// Where the console fails.
    pub(super) fn hide(&self) -> io::Result<Mode> {
        let shown = mode(&self.input)?;
        if let Ok(mut hidden) = HIDDEN.lock() {
            *hidden = Some((self.input.try_clone()?.into(), shown));
        }
        handle_interrupts(show_again, true)?;
        let off = ENABLE_ECHO_INPUT | ENABLE_LINE_INPUT | ENABLE_PROCESSED_INPUT;
        set_mode(&self.input, shown & !off)?;
        Ok(shown)
    }

    /// Returns at once: the read that follows waits for ever.
    ///
    /// # Errors
    /// None.
    #[expect(clippy::unnecessary_wraps, clippy::unused_self, reason = "as on other systems")]
    pub(super) fn wait_until(&self, _: Instant) -> io::Result<bool> {
        Ok(true)
    }

    /// Returns whether the question must be asked again: never, because nothing stops a process on
    /// Windows.
    #[expect(clippy::unused_self, reason = "it is asked of the console")]
    pub(super) fn is_to_ask_again(&self) -> bool {
        false
    }

    /// Restores the console. Keys that were typed meanwhile and not read are dropped.
    ///
    /// # Errors
    /// Where the console fails.
    pub(super) fn restore(&self, mode: &Mode) -> io::Result<()> {
        // SAFETY: the handle is open as long as `self.input`, and the call takes nothing else.
        unsafe { FlushConsoleInputBuffer(self.input.as_raw_handle()) };
        let restored = set_mode(&self.input, *mode);
        handle_interrupts(show_again, false)?;
        if let Ok(mut hidden) = HIDDEN.lock() {
            *hidden = None;
        }
        restored
    }

    /// Reads the next unit of UTF-16, or none at the end.
    fn unit(&self) -> io::Result<Option<u16>> {
        let mut unit = Zeroizing::new([0]);
        let mut count = 0;
        // SAFETY: the handle is open as long as `self.input`; the call writes at most the one
        // unit that it is told of to `unit`, and its number to `count`, and keeps neither.
        let read = unsafe {
            let place = unit.as_mut_ptr();
            ReadConsoleW(self.input.as_raw_handle(), place.cast(), 1, &raw mut count, null())
        };
        check(read)?;
        Ok((count == 1 && unit[0] != END).then_some(unit[0]))
    }

    /// Reads the next character. Returns whether there was one.
    fn read_character(&mut self) -> io::Result<bool> {
        let Some(first) = self.unit()? else { return Ok(false) };
        let mut units = Zeroizing::new([first, 0]);
        let mut count = 1;
        if (0xD800..0xDC00).contains(&first) {
            units[1] = self.unit()?.unwrap_or_default();
            count = 2;
        }
        for character in char::decode_utf16(units[..count].iter().copied()) {
            let mut bytes = [0; 4];
            let character = character.unwrap_or(char::REPLACEMENT_CHARACTER);
            self.rest.extend_from_slice(character.encode_utf8(&mut bytes).as_bytes());
            bytes.zeroize();
        }
        // The bytes are taken from its end.
        self.rest.reverse();
        Ok(true)
    }
}

impl Read for Device {
    fn read(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
        let Some(place) = bytes.first_mut() else { return Ok(0) };
        if self.rest.is_empty() && !self.read_character()? {
            return Ok(0);
        }
        let byte = self.rest.pop();
        *place = byte.unwrap_or_default();
        Ok(usize::from(byte.is_some()))
    }
}

impl Write for Device {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        write_text(&self.output, bytes)?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Writes text, all of it, to a console.
///
/// # Errors
/// Where it cannot be written, or this is no console.
pub(super) fn write_text(console: &impl AsRawHandle, text: &[u8]) -> io::Result<()> {
    /// The most units that every console takes at once.
    const LIMIT: usize = 8 * 1024;
    let text = Zeroizing::new(String::from_utf8_lossy(text).into_owned());
    let units: Zeroizing<Vec<u16>> = Zeroizing::new(text.encode_utf16().collect());
    let mut left = units.as_slice();
    while !left.is_empty() {
        let count = u32::try_from(left.len().min(LIMIT)).unwrap_or_default();
        let mut written = 0;
        // SAFETY: the handle is open as long as `console`; `left` has at least `count` units,
        // and the call reads no others and keeps no pointer.
        let result = unsafe {
            let handle = console.as_raw_handle();
            WriteConsoleW(handle, left.as_ptr(), count, &raw mut written, null())
        };
        check(result)?;
        left = usize::try_from(written).ok().and_then(|n| left.get(n..)).unwrap_or_default();
    }
    Ok(())
}

/// Returns whether this is a console, and not the pipe that other shells put in its place.
pub(super) fn is_console(handle: &impl AsRawHandle) -> bool {
    mode(handle).is_ok()
}

/// Returns whether a console can be made to understand colours, or none where this is no console.
pub(super) fn takes_colour(console: &impl AsRawHandle) -> Option<bool> {
    let mode = mode(console).ok()?;
    Some(set_mode(console, mode | ENABLE_VIRTUAL_TERMINAL_PROCESSING).is_ok())
}

/// Returns the number of columns that a console shows.
pub(super) fn columns(console: &impl AsRawHandle) -> Option<usize> {
    let mut info = CONSOLE_SCREEN_BUFFER_INFO::default();
    // SAFETY: the handle is open as long as `console`; `info` is what the call writes to.
    let told = unsafe { GetConsoleScreenBufferInfo(console.as_raw_handle(), &raw mut info) };
    check(told).ok()?;
    usize::try_from(i32::from(info.srWindow.Right) - i32::from(info.srWindow.Left) + 1).ok()
}

/// Leaves a Ctrl-C, from here on, to the processes that this one starts: it waits for their end.
pub fn leave_interrupts_to_children() {
    let _ = handle_interrupts(pass_over, true);
}

/// Makes a Ctrl-C do nothing to this process, or something again.
pub(crate) fn pass_over_interrupts(passes: bool) {
    let _ = handle_interrupts(pass_over, passes);
}

/// `BOOL (*)(DWORD)`
type Handler = unsafe extern "system" fn(u32) -> BOOL;

fn handle_interrupts(handler: Handler, add: bool) -> io::Result<()> {
    // SAFETY: the handlers are functions of this program, which are there as long as it is;
    // they touch nothing but a mutex and may run in any thread.
    check(unsafe { SetConsoleCtrlHandler(Some(handler), BOOL::from(add)) })
}

/// Turns the echo on again, and leaves the rest to the next handler, which ends the process.
unsafe extern "system" fn show_again(_event: u32) -> BOOL {
    // Other threads hold the lock only for moments, and do not fail.
    if let Ok(hidden) = HIDDEN.lock()
        && let Some((console, mode)) = &*hidden
    {
        let _ = set_mode(console, *mode);
    }
    BOOL::from(false)
}

/// Says that a Ctrl-C has been dealt with.
unsafe extern "system" fn pass_over(event: u32) -> BOOL {
    BOOL::from(event == CTRL_C_EVENT)
}

fn mode(console: &impl AsRawHandle) -> io::Result<Mode> {
    let mut mode = 0;
    // SAFETY: the handle is open as long as `console`; `mode` is what the call writes to.
    check(unsafe { GetConsoleMode(console.as_raw_handle(), &raw mut mode) })?;
    Ok(mode)
}

fn set_mode(console: &impl AsRawHandle, mode: Mode) -> io::Result<()> {
    // SAFETY: the handle is open as long as `console`, and a mode is a number.
    check(unsafe { SetConsoleMode(console.as_raw_handle(), mode) })
}

fn check(result: BOOL) -> io::Result<()> {
    if result == 0 { Err(io::Error::last_os_error()) } else { Ok(()) }
}
