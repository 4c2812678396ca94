//! Checks of free text that every input shares.

use crate::error::Violations;
use crate::reference::is_code;
use crate::screening::carries_nhs_number;

/// Requires 1 to `longest` characters, no control characters, and no patient identifier.
pub fn check_text(found: &mut Violations, pointer: &str, text: &str, longest: usize) {
    let length = text.chars().count();
    if text.trim().is_empty() {
        found.add(pointer, "empty", "must not be empty");
    } else if length > longest {
        found.add(
            pointer,
            "too_long",
            format!("has {length} characters, at most {longest} are kept"),
        );
    }
    if text.chars().any(|c| c.is_control() && c != '\n' && c != '\t') {
        found.add(
            pointer,
            "control_character",
            "must not contain control characters",
        );
    }
    if carries_nhs_number(text) {
        found.add(
            pointer,
            "patient_identifier",
            "carries what reads as an NHS number; patient data is refused",
        );
    }
}

/// The same for a field that may be absent.
pub fn check_optional_text(found: &mut Violations, pointer: &str, text: Option<&str>, longest: usize) {
    if let Some(text) = text {
        check_text(found, pointer, text, longest);
    }
}

/// Requires an identifier that somebody else made, such as an issuer's `sub`: 1 to `longest` characters, no control
/// characters. One in a few hundred UUIDs has ten digits in it that read as an NHS number, so only an identifier
/// without any letter is taken for one.
pub fn check_opaque(found: &mut Violations, pointer: &str, text: &str, longest: usize) {
    let length = text.chars().count();
    if text.trim().is_empty() || length > longest || text.chars().any(char::is_control) {
        found.add(
            pointer,
            "identifier_format",
            format!("has 1 to {longest} characters without control characters"),
        );
    } else if !text.chars().any(char::is_alphabetic) && carries_nhs_number(text) {
        found.add(
            pointer,
            "patient_identifier",
            "carries what reads as an NHS number; patient data is refused",
        );
    }
}

/// Requires a record code.
pub fn check_code(found: &mut Violations, pointer: &str, code: &str) {
    if !is_code(code) {
        found.add(
            pointer,
            "code_format",
            "a code has 1 to 63 of a-z, 0-9, `.`, `_`, `-` and begins with a letter or digit",
        );
    } else if carries_nhs_number(code) {
        found.add(
            pointer,
            "patient_identifier",
            "carries what reads as an NHS number; patient data is refused",
        );
    }
}

/// Requires an external id: 1 to 200 characters, one of them not a digit unless the source is exempt.
pub fn check_external_id(found: &mut Violations, pointer: &str, external_id: &str, numeric_ids: bool) {
    let length = external_id.chars().count();
    if length == 0 || length > 200 || external_id.chars().any(char::is_control) {
        found.add(
            pointer,
            "external_id_format",
            "an external id has 1 to 200 characters without control characters",
        );
    } else if !numeric_ids {
        if external_id.bytes().all(|byte| byte.is_ascii_digit()) {
            found.add(
                pointer,
                "external_id_numeric",
                "an external id carries a character that is no digit, unless its source is declared `numericIds`",
            );
        }
        if carries_nhs_number(external_id) {
            found.add(
                pointer,
                "patient_identifier",
                "carries what reads as an NHS number; patient data is refused",
            );
        }
    }
}
