//! The accounts of a file of settings, connected with the simulator: what `echostr simulate --serve --config FILE` starts.

use std::path::Path;

use echostr_simulator::world::{AccountSettings, Kind, ServerConfig};
use echostr_simulator::{Mode, Sealing, Simulator};
use echostr_store::{AccessTokenFrom, AccountEntry, ModeWord};

use super::follower;
use super::sample::{PEOPLE, Sample, folder, listener};
use crate::config::{Sources, load};
use crate::log;

/// Reads the settings and connects every account. Data goes to a temporary folder, calls go to the simulator, nobody is notified;
/// everything else is as the file says.
pub(super) async fn start(simulator: &Simulator, file: &Path) -> Result<Sample, String> {
    let sources = Sources {
        config: Some(file.to_owned()),
        environment: std::env::vars_os().collect(),
        ..Sources::default()
    };
    let (mut config, warnings) = load(&sources).map_err(|faults| faults.to_string())?;
    log::start(config.log);
    for warning in warnings {
        tracing::warn!("{warning}");
    }
    if config.accounts.is_empty() {
        let file = file.display();
        return Err(format!(
            "{file} 里没有 [[account]]，没有公众号可以试 · there is no [[account]] in {file}, so there is nothing to try"
        ));
    }
    let (listener, server) = listener(config.listen).await?;
    let folder = folder().map_err(|error| format!("cannot make a temporary folder: {error}"))?;
    config.listen = server;
    config.public_url = Some(format!("http://{server}"));
    config.data = folder.path().join("data");
    config.database = None;
    config.master_key = None;
    config.notify.clear();
    config.platform.proxy = None;
    let mut accounts = Vec::new();
    for entry in &mut config.accounts {
        let url = format!("http://{server}/mp/{}", entry.id);
        let settings = connected(entry, url, &simulator.base())?;
        let app_id = simulator
            .add_account(settings.clone())
            .map_err(|error| format!("公众号 · the account `{}`: {error}", entry.id))?;
        let [first, _] = PEOPLE.map(|person| follower(simulator, &app_id, person));
        accounts.push((settings, first));
    }
    Ok(Sample::new(config, listener, folder, accounts))
}

/// The account as the platform has it. One with an AppSecret may call everything, any other one nothing.
fn connected(entry: &mut AccountEntry, url: String, base: &str) -> Result<AccountSettings, String> {
    let (settings, secrets) = (&mut entry.settings, &mut entry.secrets);
    let mut theirs = AccountSettings::new(&settings.name);
    if let Some(app_id) = &settings.app_id {
        theirs.app_id = app_id.clone();
    }
    if let Some(gh_id) = &settings.gh_id {
        theirs.gh_id = gh_id.as_str().into();
    }
    theirs.kind = Kind::Subscription;
    if let Some(secret) = &secrets.app_secret {
        use secrecy::ExposeSecret as _;
        theirs.kind = Kind::VerifiedService;
        theirs.app_secret = secret.expose_secret().into();
    }
    settings.api_base = Some(base.to_owned());
    settings.access_token = AccessTokenFrom::default();
    secrets.access_token_key = None;
    theirs.server = Some(ServerConfig {
        url,
        token: secrets.token.clone(),
        mode: mode(entry)?,
    });
    Ok(theirs)
}

fn mode(entry: &AccountEntry) -> Result<Mode, String> {
    let lacks = || format!("the account `{}` lacks what its mode needs", entry.id);
    let sealing = || {
        let key = entry.secrets.encoding_aes_key.clone();
        let app_id = entry.settings.app_id.clone();
        let (key, app_id) = key.zip(app_id).ok_or_else(lacks)?;
        Ok::<_, String>(Sealing { key, app_id })
    };
    Ok(match entry.settings.mode {
        ModeWord::Plain => Mode::Plain,
        ModeWord::Compatible => Mode::Compatible(sealing()?),
        ModeWord::Safe => Mode::Safe(sealing()?),
    })
}
