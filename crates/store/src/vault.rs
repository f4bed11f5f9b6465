//! [`Vault`]: encrypts what must not stand in the database in clear.

/// The master keys: the newest encrypts, all decrypt.
pub struct Vault {}
