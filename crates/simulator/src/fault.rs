//! [`Faults`]: what is made to fail on purpose, by rule: `fail 40001 on message/custom/send for 10 %`.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use echostr_protocol::AppId;
use echostr_protocol::api::{self, Endpoint};

use crate::duration;
use crate::nearest::nearest;

/// Later than this, nobody waits.
const MAX_LATE: Duration = Duration::from_hours(1);

/// The rules that hold, the first that fits counts.
#[derive(Debug, Default)]
pub struct Faults(pub Vec<Fault>);

/// One rule.
#[derive(Debug, Clone, PartialEq)]
pub struct Fault {
    /// What happens.
    pub effect: Effect,
    /// A name or the last words of a path of what is called, such as `custom/send`; `*`: every call.
    pub on: String,
    /// Of which account; nothing: of all.
    pub of: Option<AppId>,
    /// Of a hundred calls, how many.
    pub percent: f64,
    /// How many of those pass first.
    pub after: u32,
    /// How often it still happens; nothing: always.
    pub times: Option<u32>,
}

/// What happens to a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Effect {
    /// It is refused with this code.
    Errcode(i64),
    /// It is done, and answered so much later.
    Late(Duration),
    /// It is not done: the connection breaks.
    Reset,
    /// It is done, but the connection breaks before the answer.
    Lost,
    /// A page with this HTTP status comes from something in between.
    Status(u16),
}

impl Fault {
    /// Whether this is meant: all, by name, or by the end of its path.
    fn is_on(&self, endpoint: &Endpoint) -> bool {
        let (path, on) = (endpoint.path.trim_matches('/'), self.on.trim_matches('/'));
        let before = path.strip_suffix(on);
        self.on == "*"
            || self.on.eq_ignore_ascii_case(endpoint.name)
            || before.is_some_and(|before| before.is_empty() || before.ends_with('/'))
    }
}

impl Faults {
    /// What happens to this call.
    pub(crate) fn of(&mut self, endpoint: &Endpoint, app_id: Option<&AppId>) -> Option<Effect> {
        let fits = |fault: &&mut Fault| {
            fault.is_on(endpoint)
                && (fault.of.is_none() || fault.of.as_ref() == app_id)
                && fault.times != Some(0)
                && rand::random_range(0.0..100.0) < fault.percent
        };
        for fault in self.0.iter_mut().filter(fits) {
            if fault.after > 0 {
                // Another rule may still hold for it.
                fault.after -= 1;
            } else {
                fault.times = fault.times.map(|times| times - 1);
                return Some(fault.effect);
            }
        }
        None
    }
}

/// It is no rule; what one looks like.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotAFault {
    /// It is not written as one.
    #[error(
        "`{0}` 不是规则，可以写 · is no rule; write for example: `fail 40001 on message/custom/send for 10 %`, `late 3 s on *`, \
         `reset on menu/create once`, `lost on message/custom/send after 1 2 times`, `status 502 on * of wx0123456789abcdef`"
    )]
    Malformed(String),
    /// It would hold for no call.
    #[error(
        "没有叫 `{on}` 的接口，{}名字或路径的末尾都可以 · no call is named `{on}`; a name or the end of a path will do, such as `{}`",
        .near.as_ref().map(|near| format!("是不是 · do you mean `{near}`? ")).unwrap_or_default(),
        .near.as_deref().unwrap_or("message/custom/send")
    )]
    NoSuchCall {
        /// What stands behind `on`.
        on: String,
        /// What was probably meant.
        near: Option<String>,
    },
}

impl FromStr for Fault {
    type Err = NotAFault;

    fn from_str(text: &str) -> Result<Self, NotAFault> {
        let wrong = || NotAFault::Malformed(text.to_owned());
        let spaced = text.replace('%', " % ");
        let mut words = spaced.split_whitespace();
        let mut next = || words.next();
        let effect = match next() {
            Some("fail") => Effect::Errcode(
                next()
                    .and_then(|code| code.parse().ok())
                    .filter(|code| *code != 0)
                    .ok_or_else(wrong)?,
            ),
            Some("status") => Effect::Status(
                next()
                    .and_then(|code| code.parse().ok())
                    .filter(|status| (200..600).contains(status))
                    .ok_or_else(wrong)?,
            ),
            Some("reset") => Effect::Reset,
            Some("lost") => Effect::Lost,
            Some("late") => {
                let amount = next().ok_or_else(wrong)?;
                // `3s` is one word, `3 s` are two.
                let late = duration::parse(amount)
                    .or_else(|| duration::parse(&format!("{amount} {}", next()?)));
                Effect::Late(late.filter(|late| *late <= MAX_LATE).ok_or_else(wrong)?)
            }
            _ => return Err(wrong()),
        };
        let mut fault = Self {
            effect,
            on: "*".into(),
            of: None,
            percent: 100.0,
            after: 0,
            times: None,
        };
        while let Some(word) = next() {
            match word {
                "on" => next().ok_or_else(wrong)?.clone_into(&mut fault.on),
                "for" => {
                    fault.percent = next()
                        .and_then(|percent| percent.parse().ok())
                        .filter(|percent| (0.0..=100.0).contains(percent))
                        .ok_or_else(wrong)?;
                    if next() != Some("%") {
                        return Err(wrong());
                    }
                }
                "of" => fault.of = Some(next().ok_or_else(wrong)?.into()),
                "after" => {
                    let after = next().and_then(|after| after.parse().ok());
                    fault.after = after.ok_or_else(wrong)?;
                }
                "once" => fault.times = Some(1),
                times => {
                    fault.times = Some(times.parse().map_err(|_| wrong())?);
                    if next() != Some("times") {
                        return Err(wrong());
                    }
                }
            }
        }
        if fault.on != "*" && !api::all().any(|endpoint| fault.is_on(endpoint)) {
            let near = nearest_call(&fault.on);
            return Err(NotAFault::NoSuchCall { on: fault.on, near });
        }
        Ok(fault)
    }
}

/// The name, or the end of a path with as many words, that was probably meant.
fn nearest_call(on: &str) -> Option<String> {
    let n_words = on.trim_matches('/').split('/').count();
    let mut known: Vec<&str> = Vec::new();
    for endpoint in api::all() {
        let path = endpoint.path.trim_matches('/');
        let start = path.rmatch_indices('/').nth(n_words - 1);
        known.push(endpoint.name);
        known.push(start.map_or(path, |(at, _)| &path[at + 1..]));
    }
    nearest(on.trim_matches('/'), &known).map(str::to_owned)
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.effect {
            Effect::Errcode(code) => write!(f, "fail {code}")?,
            Effect::Late(late) => write!(f, "late {}", duration::written(late))?,
            Effect::Reset => write!(f, "reset")?,
            Effect::Lost => write!(f, "lost")?,
            Effect::Status(status) => write!(f, "status {status}")?,
        }
        write!(f, " on {}", self.on)?;
        if let Some(app_id) = &self.of {
            write!(f, " of {app_id}")?;
        }
        if self.percent < 100.0 {
            write!(f, " for {} %", self.percent)?;
        }
        if self.after > 0 {
            write!(f, " after {}", self.after)?;
        }
        match self.times {
            Some(times) => write!(f, " {times} times"),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A rule, and how it is written back.
    #[track_caller]
    fn check(text: &str, expected: Result<&str, ()>) {
        let fault = text.parse::<Fault>();
        let written = fault.as_ref().map(Fault::to_string).map_err(|_| ());
        assert_eq!(written, expected.map(str::to_owned), "{text}");
        if let Ok(fault) = fault {
            assert_eq!(fault.to_string().parse(), Ok(fault));
        }
    }

    #[test]
    fn a_rule_is_read_and_written() {
        check(
            "fail 40001 on message/custom/send for 10 %",
            Ok("fail 40001 on message/custom/send for 10 %"),
        );
        check("fail -1 on * for 2.5%", Ok("fail -1 on * for 2.5 %"));
        check("late 3 s on *", Ok("late 3 s on *"));
        check("late 3s on *", Ok("late 3 s on *"));
        check("late 2 min on * once", Ok("late 120 s on * 1 times"));
        check(
            "fail 45047 on send of wx0123456789abcdef for 50 % after 2 once",
            Ok("fail 45047 on send of wx0123456789abcdef for 50 % after 2 1 times"),
        );
        check("late 0.25 s", Ok("late 250 ms on *"));
        check(
            "reset on menu/create once",
            Ok("reset on menu/create 1 times"),
        );
        check(
            "lost on SendCustomMessage 2 times",
            Ok("lost on SendCustomMessage 2 times"),
        );
        check(
            "status 502 on * for 50 % 3 times",
            Ok("status 502 on * for 50 % 3 times"),
        );
        for wrong in [
            "",
            "fail",
            "fail x",
            "fail 0",
            "status 99",
            "status 99999",
            "late 3",
            "late 3 on *",
            "late -1 s",
            "late 1e300 s",
            "late 2 h",
            "reset on",
            "reset for 10",
            "reset for 101 %",
            "reset for NaN %",
            "reset after",
            "reset of",
            "reset twice",
            "break on *",
            "fail 40001 on message/custom/sned",
            "reset on /",
        ] {
            check(wrong, Err(()));
        }
    }

    #[test]
    fn a_rule_for_a_call_that_does_not_exist_names_the_nearest() {
        let check = |on: &str, near: Option<&str>| {
            let rule = format!("fail 40001 on {on}").parse::<Fault>();
            let (on, near) = (on.to_owned(), near.map(str::to_owned));
            assert_eq!(rule, Err(NotAFault::NoSuchCall { on, near }));
        };
        check("message/custom/sned", Some("message/custom/send"));
        check("menu/craete", Some("menu/create"));
        check("/cgi-bin/menu/creat", Some("cgi-bin/menu/create"));
        check("SendCustomMesage", Some("SendCustomMessage"));
        check("the-whole-platform-and-more", None);
        let rule = "fail 40001 on menu/craete".parse::<Fault>();
        let words = rule.expect_err("no call").to_string();
        assert!(words.contains("do you mean `menu/create`?"), "{words}");
    }

    #[track_caller]
    fn holds(rule: &str, name: &str, n_calls: u32, expected: u32) {
        let mut faults = Faults(vec![rule.parse().expect("a rule")]);
        let endpoint = api::find(name).expect("an endpoint");
        let hits = (0..n_calls).filter(|_| faults.of(endpoint, None).is_some());
        assert_eq!(
            u32::try_from(hits.count()),
            Ok(expected),
            "{rule} on {name}"
        );
    }

    #[test]
    fn a_rule_holds_for_what_it_names() {
        holds("reset on *", "CreateTag", 1, 1);
        holds("reset on createtag", "CreateTag", 1, 1);
        holds("reset on tags/create", "CreateTag", 1, 1);
        holds("reset on /cgi-bin/tags/create", "CreateTag", 1, 1);
        // `send` is the end of a path, `bizsend` is another word.
        holds("reset on send", "SendCustomMessage", 1, 1);
        holds("reset on send", "SendNewSubscribeMsg", 1, 0);
        holds("reset on menu/create", "CreateTag", 1, 0);
    }

    #[test]
    fn a_rule_holds_as_often_as_it_says() {
        holds("reset on * 2 times", "CreateTag", 5, 2);
        holds("reset on * after 2", "CreateTag", 5, 3);
        holds("reset on * after 2 once", "CreateTag", 5, 1);
        holds("reset on * of wx0123456789abcdef", "CreateTag", 5, 0);
        holds("reset on * for 0 %", "CreateTag", 1000, 0);
        holds("reset on * for 100 %", "CreateTag", 1000, 1000);
    }

    #[test]
    fn a_part_of_the_calls_is_a_part_of_them() {
        let mut faults = Faults(vec!["reset on * for 30 %".parse().expect("a rule")]);
        let endpoint = api::find("CreateTag").expect("an endpoint");
        let n_hit = (0..10_000)
            .filter(|_| faults.of(endpoint, None).is_some())
            .count();
        // Ten standard deviations are 460.
        assert!((2540..=3460).contains(&n_hit), "{n_hit}");
    }

    #[test]
    fn the_first_rule_that_fits_counts() {
        let rules = ["fail 45009 on tags/create once", "fail -1 on *"]
            .map(|rule| rule.parse().expect("a rule"));
        let mut faults = Faults(rules.into());
        let endpoint = api::find("CreateTag").expect("an endpoint");
        let effects = [(); 2].map(|()| faults.of(endpoint, None));
        assert_eq!(
            effects,
            [Some(Effect::Errcode(45009)), Some(Effect::Errcode(-1))]
        );
    }

    #[test]
    fn a_call_that_one_rule_lets_pass_may_meet_the_next() {
        let rules = ["fail 45009 on tags/create after 1", "fail -1 on *"]
            .map(|rule| rule.parse().expect("a rule"));
        let mut faults = Faults(rules.into());
        let endpoint = api::find("CreateTag").expect("an endpoint");
        let effects = [(); 2].map(|()| faults.of(endpoint, None));
        assert_eq!(
            effects,
            [Some(Effect::Errcode(-1)), Some(Effect::Errcode(45009))]
        );
    }
}
