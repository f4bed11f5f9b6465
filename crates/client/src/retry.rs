//! Whether a call that failed is made again, and when. What may have been done is not done twice.

use std::time::Duration;

use echostr_protocol::api::{Class, Retry};

use crate::Error;

/// How often a call is made again after a pause.
const MAX_PAUSES: u32 = 3;
/// The first pause; each is twice as long as the one before.
const FIRST_PAUSE: Duration = Duration::from_millis(200);

/// What was tried of one call.
#[derive(Debug, Default)]
pub(crate) struct Tries {
    has_new_token: bool,
    has_found_token: bool,
    pauses: u32,
}

/// What comes after a failure.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Next {
    /// Once more, with another access token.
    NewToken,
    /// Once more after this time.
    After(Duration),
    /// Nothing.
    GiveUp,
}

impl Tries {
    /// The other token was there before the call, so that it may have ended together with the first: once, that is no attempt.
    pub(crate) fn found_token(&mut self) {
        if !self.has_found_token {
            self.has_found_token = true;
            self.has_new_token = false;
        }
    }

    /// What comes after `error`; `random` from 0 to 1 keeps many callers from coming back at once.
    pub(crate) fn next(
        &mut self,
        error: &Error,
        has_token: bool,
        is_repeatable: bool,
        random: f64,
    ) -> Next {
        if is_about_token(error) {
            if !has_token || self.has_new_token {
                return Next::GiveUp;
            }
            self.has_new_token = true;
            return Next::NewToken;
        }
        if !may_succeed(error, is_repeatable) || self.pauses == MAX_PAUSES {
            return Next::GiveUp;
        }
        let pause = FIRST_PAUSE * 2_u32.pow(self.pauses);
        self.pauses += 1;
        Next::After(pause.mul_f64(0.5 + random))
    }
}

fn is_about_token(error: &Error) -> bool {
    let Error::Refused(refused) = error else {
        return false;
    };
    refused
        .known
        .is_some_and(|known| known.retry == Retry::RefreshToken)
}

fn may_succeed(error: &Error, is_repeatable: bool) -> bool {
    match error {
        Error::Refused(refused) => match refused.class() {
            // Refused at the door.
            Class::RateLimit => refused.code == 45011,
            Class::SystemBusy => {
                is_repeatable
                    && refused
                        .known
                        .is_some_and(|known| known.retry == Retry::Backoff)
            }
            _ => false,
        },
        Error::Unreached {
            may_have_arrived, ..
        } => is_repeatable || !may_have_arrived,
        Error::Status { status, .. } => *status == 429 || (*status >= 500 && is_repeatable),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::{Refused, Words};
    use std::sync::Arc;

    fn refused(code: i64) -> Error {
        Error::Refused(Box::new(Refused::new("createTag".into(), code, "", &[])))
    }

    fn unreached(may_have_arrived: bool) -> Error {
        Error::Unreached {
            call: "createTag".into(),
            may_have_arrived,
            source: Arc::new(Words("reset".into())),
        }
    }

    #[track_caller]
    fn check(error: &Error, is_repeatable: bool, expected: &str) {
        let mut tries = Tries::default();
        let mut found = String::new();
        for _ in 0..8 {
            found.push(match tries.next(error, true, is_repeatable, 0.5) {
                Next::NewToken => 't',
                Next::After(pause) if pause == FIRST_PAUSE * 2_u32.pow(tries.pauses - 1) => 'p',
                Next::After(pause) => panic!("{pause:?}"),
                Next::GiveUp => break,
            });
        }
        assert_eq!(found, expected, "{error}");
    }

    #[test]
    fn a_token_is_renewed_once() {
        for code in [40001, 40014, 42001] {
            check(&refused(code), false, "t");
        }
    }

    #[test]
    fn a_token_that_was_found_is_replaced_too() {
        let mut tries = Tries::default();
        let mut found = 0;
        while tries.next(&refused(40001), true, false, 0.5) == Next::NewToken {
            tries.found_token();
            found += 1;
        }
        assert_eq!(found, 2);
    }

    #[test]
    fn what_was_refused_at_the_door_is_tried_again() {
        check(&refused(45011), false, "ppp");
        check(&unreached(false), false, "ppp");
        check(
            &Error::Status {
                call: "createTag".into(),
                status: 429,
            },
            false,
            "ppp",
        );
    }

    #[test]
    fn what_may_have_been_done_is_only_read_again() {
        for error in [
            refused(-1),
            unreached(true),
            Error::Status {
                call: "createTag".into(),
                status: 502,
            },
        ] {
            check(&error, true, "ppp");
            check(&error, false, "");
        }
    }

    #[test]
    fn quotas_permissions_and_faults_are_final() {
        for code in [
            45009, 45047, 45015, 48001, 40164, 40125, 45157, 40013, 50002,
        ] {
            check(&refused(code), true, "");
        }
        check(
            &Error::Status {
                call: "createTag".into(),
                status: 404,
            },
            true,
            "",
        );
    }

    #[test]
    fn without_a_token_none_is_renewed() {
        assert_eq!(
            Tries::default().next(&refused(40001), false, true, 0.5),
            Next::GiveUp
        );
    }
}
