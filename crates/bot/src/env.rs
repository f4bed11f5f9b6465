//! An account described by environment variables, for [`Bot::from_env`](crate::Bot::from_env).

use std::sync::Arc;

use echostr_client::ApiBase;
use echostr_protocol::{AppId, EncodingAesKey, Token};

use crate::{Account, ApiAccount, Error, Mode, Result, Sealing};

pub(crate) fn account_from_env(
    variable: &dyn Fn(&str) -> Option<String>,
) -> Result<Account, Error> {
    let setting = |name: &'static str| {
        move |error: echostr_protocol::Error| Error::Setting {
            name,
            why: error.to_string(),
        }
    };
    let remedy =
        "it is on the platform's server configuration page (设置与开发 → 基本配置 → 服务器配置)";
    let needed = |name: &'static str| variable(name).ok_or(Error::Missing { name, remedy });
    let token: Token = needed("ECHOSTR_TOKEN")?
        .parse()
        .map_err(setting("ECHOSTR_TOKEN"))?;
    let sealing = || {
        let key: EncodingAesKey = needed("ECHOSTR_ENCODING_AES_KEY")?
            .parse()
            .map_err(setting("ECHOSTR_ENCODING_AES_KEY"))?;
        let app_id = AppId::from(needed("ECHOSTR_APP_ID")?.trim());
        Ok(Sealing {
            app_id,
            key,
            previous_key: None,
        })
    };
    let mode = match variable("ECHOSTR_MODE").as_deref() {
        None | Some("plain") => Mode::Plain,
        Some("compatible" | "compat") => Mode::Compatible(sealing()?),
        Some("safe") => Mode::Safe(sealing()?),
        Some(other) => {
            let why = format!("it is `{other}`; `plain`, `compatible` and `safe` are allowed");
            return Err(Error::Setting {
                name: "ECHOSTR_MODE",
                why,
            });
        }
    };
    let mut account = Account::new(
        variable("ECHOSTR_ACCOUNT").unwrap_or_else(|| "default".into()),
        token,
    );
    account.mode = mode;
    account.api = api_from_env(variable)?;
    account.fallback = variable("ECHOSTR_FALLBACK").unwrap_or_default();
    if let Some(welcome) = variable("ECHOSTR_WELCOME") {
        account.welcome = welcome;
    }
    Ok(account)
}

/// How the platform's HTTP API knows the account: with an AppID and an AppSecret.
fn api_from_env(
    variable: &dyn Fn(&str) -> Option<String>,
) -> Result<Option<Arc<ApiAccount>>, Error> {
    let Some(secret) = variable("ECHOSTR_APP_SECRET") else {
        return Ok(None);
    };
    let app_id = variable("ECHOSTR_APP_ID").ok_or(Error::Missing {
        name: "ECHOSTR_APP_ID",
        remedy: "it belongs to ECHOSTR_APP_SECRET and stands beside it on the platform's page (设置与开发 → 基本配置)",
    })?;
    let base = variable("ECHOSTR_API_BASE").map(|base| base.parse::<ApiBase>());
    let base = base.transpose().map_err(|error| Error::Setting {
        name: "ECHOSTR_API_BASE",
        why: error.to_string(),
    })?;
    Ok(Some(Arc::new(ApiAccount {
        base,
        ..ApiAccount::new(app_id.trim(), secret.trim())
    })))
}

#[cfg(test)]
mod tests {
    use super::*;

    const TOKEN: (&str, &str) = ("ECHOSTR_TOKEN", "S1qJ0JoQmYfy");
    const APP_ID: (&str, &str) = ("ECHOSTR_APP_ID", " wx0123456789abcdef ");
    const KEY: (&str, &str) = (
        "ECHOSTR_ENCODING_AES_KEY",
        "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG",
    );

    fn read(variables: &[(&str, &str)]) -> Result<Account, Error> {
        account_from_env(&|asked| {
            let found = variables.iter().find(|(name, _)| *name == asked);
            found.map(|(_, value)| (*value).to_owned())
        })
    }

    #[track_caller]
    fn check_refused(variables: &[(&str, &str)], expected: &str) {
        let error = read(variables).expect_err("it cannot be used");
        assert_eq!(error.to_string(), expected);
    }

    #[test]
    fn a_token_is_enough_for_plain_mode() {
        let account = read(&[TOKEN]).expect("it is enough");
        assert_eq!(account.id, "default");
        assert_eq!(account.token.expose(), "S1qJ0JoQmYfy");
        assert!(matches!(account.mode, Mode::Plain));
        assert_eq!(account.welcome, "Hi~ 终于等到你");
        assert_eq!(account.fallback, "");
    }

    #[test]
    fn every_variable_is_read() {
        for (mode, is_safe) in [("safe", true), ("compatible", false), ("compat", false)] {
            let more = [
                ("ECHOSTR_MODE", mode),
                ("ECHOSTR_ACCOUNT", "shop"),
                ("ECHOSTR_WELCOME", "welcome"),
                ("ECHOSTR_FALLBACK", "sorry"),
            ];
            let account = read(&[&[TOKEN, APP_ID, KEY], &more[..]].concat()).expect("all is there");
            let sealing = match &account.mode {
                Mode::Safe(sealing) if is_safe => sealing,
                Mode::Compatible(sealing) if !is_safe => sealing,
                other => panic!("`{mode}` is read as {other:?}"),
            };
            assert_eq!(sealing.app_id, "wx0123456789abcdef");
            assert_eq!(sealing.key, KEY.1.parse().expect("a key"));
            let texts = [&*account.id, &account.welcome, &account.fallback];
            assert_eq!(texts, ["shop", "welcome", "sorry"]);
        }
    }

    #[test]
    fn what_is_missing_is_named_with_the_place_where_it_is_found() {
        let page = "it is on the platform's server configuration page (设置与开发 → 基本配置 → 服务器配置)";
        check_refused(&[], &format!("`ECHOSTR_TOKEN` is not set; {page}"));
        for mode in ["safe", "compatible"] {
            let mode = ("ECHOSTR_MODE", mode);
            check_refused(
                &[TOKEN, APP_ID, mode],
                &format!("`ECHOSTR_ENCODING_AES_KEY` is not set; {page}"),
            );
            check_refused(
                &[TOKEN, KEY, mode],
                &format!("`ECHOSTR_APP_ID` is not set; {page}"),
            );
        }
    }

    #[test]
    fn what_cannot_be_used_is_named_without_the_secret() {
        check_refused(
            &[("ECHOSTR_TOKEN", "se-cret")],
            "`ECHOSTR_TOKEN` cannot be used: the token has characters other than letters and digits; \
             3 to 32 letters and digits are allowed",
        );
        check_refused(
            &[TOKEN, ("ECHOSTR_MODE", "Safe")],
            "`ECHOSTR_MODE` cannot be used: it is `Safe`; `plain`, `compatible` and `safe` are allowed",
        );
        let short = ("ECHOSTR_ENCODING_AES_KEY", "secret");
        let error = read(&[TOKEN, APP_ID, short, ("ECHOSTR_MODE", "safe")]).expect_err("too short");
        let said = format!("{error} {error:?}");
        assert!(
            said.starts_with("`ECHOSTR_ENCODING_AES_KEY` cannot be used: the EncodingAESKey"),
            "{said}"
        );
        assert!(!said.contains("secret"), "{said}");
    }

    #[test]
    fn an_account_with_an_app_secret_can_be_called_for() {
        let secret = ("ECHOSTR_APP_SECRET", " 5f1c3b0e9d7a48c2b6e4f80a1d23c795 ");
        let base = ("ECHOSTR_API_BASE", "http://127.0.0.1:9000/");
        let account = read(&[TOKEN, APP_ID, secret, base]).expect("all is there");
        let api = account.api.expect("it has a secret");
        assert_eq!(api.app_id, "wx0123456789abcdef");
        assert_eq!(
            api.base.as_ref().expect("given").as_str(),
            "http://127.0.0.1:9000"
        );
        assert!(!format!("{api:?}").contains("5f1c3b0e"));
        assert!(read(&[TOKEN, APP_ID]).expect("enough").api.is_none());
        check_refused(
            &[TOKEN, secret],
            "`ECHOSTR_APP_ID` is not set; it belongs to ECHOSTR_APP_SECRET and stands beside it on the platform's page \
             (设置与开发 → 基本配置)",
        );
        check_refused(
            &[TOKEN, APP_ID, secret, ("ECHOSTR_API_BASE", "ftp://x/")],
            "`ECHOSTR_API_BASE` cannot be used: the address does not begin with `http://` or `https://`",
        );
    }
}
