//! Every key of `[[notify]]`.

use std::time::Duration;

use echostr::{BadProgram, Program, ProgramSecret, ProgramUrl};
use lettre::message::Mailbox;

use super::fault::Faults;
use super::reader::{Given, Reader};
use super::value::{integer, list_of, one_of};
use crate::notify::{CAUSES, Mail, MailServer, Notify};

/// Everybody who is told something.
pub(super) fn all(keys: &mut Reader<'_>) -> Vec<Notify> {
    let tables = keys.tables("notify");
    tables.iter().filter_map(|table| one(keys, table)).collect()
}

/// `table` is its path, like `notify[0]`. Nothing when a key that it needs is missing or faulty.
fn one(keys: &mut Reader<'_>, table: &str) -> Option<Notify> {
    let key = |name: &str| format!("{table}.{name}");
    let url = keys.explicit(&key("url"), program_url);
    let secret = keys.explicit(&key("secret"), program_secret);
    let server = keys.explicit(&key("smtp"), mail_server);
    let from = keys.explicit(&key("from"), mailbox);
    let to = keys.explicit(&key("to"), list_of(mailbox));
    let causes = keys.get(&key("causes"), list_of(one_of(CAUSES)));
    let no_push_hours = keys.get(&key("no_push_hours"), integer::<u64>(0..=8760));
    let forged_per_10_min = keys.get(&key("forged_per_10_min"), integer(1..=1_000_000));

    let [has_url, has_smtp] = ["url", "smtp"].map(|name| keys.has(&key(name)));
    if !has_url && !has_smtp {
        keys.fault(
            table,
            "has neither `url` nor `smtp`; write where notices go",
        );
    }
    let together: &[(bool, &str, &[&str])] = &[
        (has_url, "url", &["secret"]),
        (has_smtp, "smtp", &["from", "to"]),
    ];
    for (is_there, main, others) in together {
        for other in *others {
            match (is_there, keys.has(&key(other))) {
                (true, false) => keys.fault(
                    &key(main),
                    &format!("stands without `{other}`, which it needs"),
                ),
                (false, true) => keys.fault(&key(other), &format!("stands without `{main}`")),
                _ => {}
            }
        }
    }
    if to.as_ref().is_some_and(Vec::is_empty) {
        keys.fault(&key("to"), "is empty; write who reads the e-mails");
    }

    Some(Notify {
        program: url
            .zip(secret)
            .map(|(url, secret)| Program::new(url, secret)),
        mail: match (server, from, to) {
            (Some(server), Some(from), Some(to)) => Some(Mail { server, from, to }),
            _ => None,
        },
        causes,
        no_push: Some(no_push_hours)
            .filter(|hours| *hours > 0)
            .map(Duration::from_hours),
        forged_per_10_min,
    })
    .filter(|notify| notify.program.is_some() || notify.mail.is_some())
}

fn program_url(given: &Given<'_>) -> Result<ProgramUrl, Faults> {
    let url = given.text()?.parse();
    url.map_err(|error| bad_program(given, error))
}

fn program_secret(given: &Given<'_>) -> Result<ProgramSecret, Faults> {
    let secret = given.secret_text()?.parse();
    secret.map_err(|error| bad_program(given, error))
}

fn bad_program(given: &Given<'_>, error: BadProgram) -> Faults {
    match error {
        BadProgram::Url(what) | BadProgram::Secret(what) => given.fault(&what),
        other => given.fault(&format!("cannot be used: {other}")),
    }
}

/// It may hold a password: what is written is never shown.
fn mail_server(given: &Given<'_>) -> Result<MailServer, Faults> {
    let server = given.secret_text()?.parse();
    server.map_err(|error: crate::notify::BadMailServer| given.fault(&error.to_string()))
}

fn mailbox(given: &Given<'_>) -> Result<Mailbox, Faults> {
    let mailbox = given.text()?.trim().parse();
    mailbox.map_err(|_| {
        given.fault(&format!(
            "is {}, an e-mail address is needed, like `me@example.com` or `Me <me@example.com>`",
            super::reader::quoted(given.text().unwrap_or_default())
        ))
    })
}
