//! The arithmetic modulo n against integers, and verification against other libraries and Project Wycheproof.

mod wycheproof;
