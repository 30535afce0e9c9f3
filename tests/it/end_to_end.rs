//! git at work against a host that asks for a token: what people install the helper for.

mod junk_in_urls;
mod other_programs;
mod several_accounts;
mod strangers;
mod tokens_that_fail;
mod work;
