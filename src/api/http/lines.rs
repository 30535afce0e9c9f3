//! Writes curl's configuration, in memory that is wiped: a line for each option.

use super::Trouble;
use crate::git;
use std::env;
use zeroize::Zeroizing;

/// curl's configuration, with an option on each line.
#[derive(Default)]
pub(super) struct Lines(pub(super) Zeroizing<Vec<u8>>);

impl Lines {
    pub(super) fn flags(&mut self, names: &[&str]) {
        for name in names {
            self.push(&[name.as_bytes(), b"\n"]);
        }
    }

    /// Adds an option whose value is in quotes, so that nothing in the value can end the line.
    pub(super) fn option(&mut self, name: &str, value: &[u8]) -> Result<(), Trouble> {
        if value.iter().any(u8::is_ascii_control) {
            return Err(Trouble::Unfit);
        }
        let mut quoted = Zeroizing::new(Vec::with_capacity(2 * value.len()));
        for &byte in value {
            if matches!(byte, b'"' | b'\\') {
                quoted.push(b'\\');
            }
            quoted.push(byte);
        }
        self.push(&[name.as_bytes(), b" = \"", &quoted, b"\"\n"]);
        Ok(())
    }

    /// Adds bytes. The text grows only here, and its old copy is wiped.
    pub(super) fn push(&mut self, parts: &[&[u8]]) {
        let length = self.0.len() + parts.iter().map(|part| part.len()).sum::<usize>();
        let mut longer = Zeroizing::new(Vec::with_capacity(length));
        longer.extend_from_slice(&self.0);
        for part in parts {
            longer.extend_from_slice(part);
        }
        self.0 = longer;
    }

    /// Adds a setting of git's as curl's own option.
    pub(super) fn setting(&mut self, name: &str, value: &str) -> Result<(), Trouble> {
        let option = match name {
            "sslcainfo" => "cacert",
            "sslcapath" => "capath",
            "sslcert" => "cert",
            "sslkey" => "key",
            "proxy" => "proxy",
            "proxysslcainfo" => "proxy-cacert",
            "proxysslcert" => "proxy-cert",
            "proxysslkey" => "proxy-key",
            "pinnedpubkey" => "pinnedpubkey",
            "sslcipherlist" => "ciphers",
            "curloptresolve" => "resolve",
            "proxyauthmethod" => {
                match value {
                    "anyauth" => self.flags(&["proxy-anyauth"]),
                    "basic" => self.flags(&["proxy-basic"]),
                    "digest" => self.flags(&["proxy-digest"]),
                    "negotiate" => self.flags(&["proxy-negotiate"]),
                    "ntlm" => self.flags(&["proxy-ntlm"]),
                    _ => {}
                }
                return Ok(());
            }
            "sslversion" => {
                match value {
                    "tlsv1.2" => self.flags(&["tlsv1.2"]),
                    "tlsv1.3" => self.flags(&["tlsv1.3"]),
                    _ => {}
                }
                return Ok(());
            }
            "schannelcheckrevoke" => {
                if !git::entries::is_true(value) {
                    self.flags(&["ssl-no-revoke"]);
                }
                return Ok(());
            }
            _ => return Ok(()),
        };
        let is_path = option.ends_with("cert") || option.ends_with("key") || option == "capath";
        let home = env::var("HOME").ok();
        let value = match (value.strip_prefix("~/"), home) {
            (Some(rest), Some(home)) if is_path => Zeroizing::new(format!("{home}/{rest}")),
            _ => Zeroizing::new(value.to_owned()),
        };
        self.option(option, value.as_bytes())
    }
}

#[cfg(test)]
mod tests {
    use super::Lines;
    use crate::api::http::Trouble;

    #[test]
    fn no_value_can_be_more_than_a_value() {
        let mut lines = Lines::default();
        lines.option("header", br#"A: b"\c"#).expect("a value");
        assert_eq!(*lines.0, b"header = \"A: b\\\"\\\\c\"\n".to_vec());
        for value in [&b"a\nurl = \"https://evil.example\""[..], b"a\rb", b"a\0b"] {
            assert_eq!(Lines::default().option("header", value), Err(Trouble::Unfit));
        }
    }
}
