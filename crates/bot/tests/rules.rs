//! Rules: which of them answers a message, and with what.

#![expect(
    clippy::needless_pass_by_value,
    reason = "what a case is about is written where it is checked"
)]

#[path = "rules/asking.rs"]
mod asking;
mod common;
#[path = "rules/faults.rs"]
mod faults;
#[path = "rules/journal.rs"]
mod journal;
#[path = "rules/naive.rs"]
mod naive;
#[path = "rules/replies.rs"]
mod replies;
#[path = "rules/when.rs"]
mod when;
