//! The table with the keychain that needs no desktop.

use crate::support::home::Home;

#[test]
fn what_is_no_request_is_refused() {
    super::what_is_no_request_is_refused(Home::bare());
}

#[test]
fn what_names_no_place_is_passed_over() {
    super::what_names_no_place_is_passed_over(Home::bare());
}

#[test]
fn a_host_outside_the_grammar_is_no_host() {
    super::a_host_outside_the_grammar_is_no_host(Home::bare());
}

#[test]
fn another_protocol_is_none_of_ours() {
    super::another_protocol_is_none_of_ours(Home::bare());
}

#[test]
fn what_lies_beside_an_account_is_another_place() {
    super::what_lies_beside_an_account_is_another_place(Home::bare());
}

#[test]
fn what_is_strange_and_sound_is_answered() {
    super::what_is_strange_and_sound_is_answered(Home::bare());
}

#[test]
fn long_lines_are_whole_lines() {
    super::long_lines_are_whole_lines(Home::bare());
}

#[test]
fn a_request_may_have_one_mebibyte_and_no_more() {
    super::a_request_may_have_one_mebibyte_and_no_more(Home::bare());
}

#[test]
fn each_port_has_its_own_token_and_no_other_ports() {
    super::each_port_has_its_own_token_and_no_other_ports(Home::bare());
}
