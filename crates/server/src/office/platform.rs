//! What is done at the platform for an account: calls, messages, access tokens, what the account may do.

use std::fmt;
use std::sync::Arc;

use echostr_client::{Capabilities, Client, Download, Error, GivenToken};
use echostr_protocol::api::custom_message::SendCustomMessage;
use echostr_protocol::api::{Body, Endpoint, Method, Request as _, Secret};
use echostr_store::{AccountEntry, Actor, NotChanged};
use serde_json::{Value, json};

use super::once::{Begun, Ended};
use super::{Office, Refused, now_ms};
use crate::store::with_causes;

/// Why something was not done at the platform.
#[derive(Debug)]
pub(crate) enum NotDone {
    /// Already here.
    Refused(Refused),
    /// The account lacks what calls need; a sentence says what.
    NoAccess(String),
    /// By the platform, or on the way there.
    Failed {
        error: Error,
        /// Whether it may have been done all the same.
        is_unsure: bool,
    },
    /// The same request with the same key ended so that it is not known whether it was done.
    UnsureBefore,
    /// The same request with the same key is being carried out.
    Underway,
    /// Another request had this key.
    KeyUsed,
    /// There are too many keys.
    TooManyKeys,
}

impl From<Refused> for NotDone {
    fn from(refused: Refused) -> Self {
        Self::Refused(refused)
    }
}

impl fmt::Display for NotDone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoAccess(what) => f.write_str(what),
            Self::Failed { error, .. } => f.write_str(&with_causes(error)),
            other => write!(f, "{other:?}"),
        }
    }
}

impl NotDone {
    /// A call that only reads, or does no more the second time, may be made again whatever happened.
    fn of(error: Error, is_repeatable: bool) -> Self {
        Self::Failed {
            is_unsure: !is_repeatable && error.may_have_arrived(),
            error,
        }
    }
}

/// A call of the platform's that has no type here.
pub(crate) struct RawCall {
    pub(crate) is_get: bool,
    /// With its query, if it has one.
    pub(crate) path: String,
    /// JSON, as it is.
    pub(crate) body: Option<Vec<u8>>,
}

impl Office {
    /// Calls for an account.
    fn client(&self, id: &str) -> Result<(Arc<AccountEntry>, Client), NotDone> {
        let entry = self.account(id).ok_or(Refused::Unknown)?;
        if entry.unread.is_some() {
            return Err(Refused::Account(NotChanged::Unread(id.into())).into());
        }
        let account = entry.account();
        let account = account.map_err(|incomplete| NotDone::NoAccess(incomplete.to_string()))?;
        let api = account.api.ok_or_else(|| {
            let lacks = match (&entry.settings.app_id, &entry.secrets.app_secret) {
                (None, None) => "`app_id` and `app_secret`",
                (None, Some(_)) => "`app_id`",
                _ => "`app_secret`",
            };
            NotDone::NoAccess(format!(
                "the account `{id}` cannot make calls to the platform: set {lacks}, both are on the platform's page (开发者ID, 开发者密码)"
            ))
        })?;
        Ok((entry, self.0.platform.client(api)))
    }

    /// The access token of an account, for another program of its owner. `failed` is one that the platform has refused.
    pub(crate) async fn access_token(
        &self,
        id: &str,
        failed: Option<Secret>,
    ) -> Result<GivenToken, NotDone> {
        let (_, client) = self.client(id)?;
        let given = match failed {
            Some(failed) => client.access_token_instead(failed).await,
            None => client.access_token().await,
        };
        given.map_err(|error| NotDone::of(error, true))
    }

    /// Makes a call. One that may change something is made to its end and noted.
    pub(crate) async fn call(
        &self,
        by: &Actor,
        id: &str,
        endpoint: &'static Endpoint,
        request: Value,
    ) -> Result<Download<Value>, NotDone> {
        let (_, client) = self.client(id)?;
        if endpoint.is_repeatable {
            let called = client.call_json(endpoint, request).await;
            return called.map_err(|error| NotDone::of(error, true));
        }
        let name = endpoint.call_name();
        let calling = async move { client.call_json(endpoint, request).await };
        self.changing(by, id, name, calling).await
    }

    /// Makes a call that has no type here.
    pub(crate) async fn call_raw(
        &self,
        by: &Actor,
        id: &str,
        call: RawCall,
    ) -> Result<Value, NotDone> {
        let (_, client) = self.client(id)?;
        let RawCall { is_get, path, body } = call;
        let (path, query) = match path.split_once('?') {
            Some((path, query)) => (path.to_owned(), query.to_owned()),
            None => (path, String::new()),
        };
        let name = path.clone();
        let calling = async move {
            let query: Vec<_> = form_urlencoded::parse(query.as_bytes())
                .into_owned()
                .collect();
            let query: Vec<_> = query
                .iter()
                .map(|(name, value)| (name.as_str(), value.as_str()))
                .collect();
            let method = if is_get { Method::Get } else { Method::Post };
            let body = body.map_or(Body::None, Body::Json);
            client.call_raw(method, &path, &query, body).await
        };
        if is_get {
            return calling.await.map_err(|error| NotDone::of(error, true));
        }
        self.changing(by, id, name, calling).await
    }

    /// Makes a call that may change something. Its name is noted, never what is in it.
    async fn changing<T: Send + 'static>(
        &self,
        by: &Actor,
        id: &str,
        name: String,
        calling: impl Future<Output = Result<T, Error>> + Send + 'static,
    ) -> Result<T, NotDone> {
        let (office, by, id) = (self.clone(), by.clone(), id.to_owned());
        let deed = async move {
            let called = calling.await;
            if called.as_ref().err().is_none_or(Error::may_have_arrived) {
                let after = json!({ "call": name });
                // That it could not be noted was logged; the answer is wanted all the same.
                let _ = office.note(&by, "platform.call", &id, after).await;
            }
            called.map_err(|error| NotDone::of(error, false))
        };
        self.to_its_end(deed).await
    }

    /// Sends a follower a message, given as the platform's documents write it; with a key once only.
    pub(crate) async fn send(
        &self,
        id: &str,
        message: Value,
        key: Option<&str>,
    ) -> Result<(), NotDone> {
        let (_, client) = self.client(id)?;
        let key = key.map(|key| format!("{id} {key}"));
        let request = message.clone();
        let sending = async move {
            let sent = client.call_json(SendCustomMessage::ENDPOINT, message).await;
            sent.map(|_| ())
        };
        self.once(key, &request, sending).await
    }

    /// Does something to its end, once only if it has a key.
    async fn once(
        &self,
        key: Option<String>,
        request: &Value,
        deed: impl Future<Output = Result<(), Error>> + Send + 'static,
    ) -> Result<(), NotDone> {
        if let Some(key) = &key {
            match self.2.begin(key, request, now_ms()) {
                Begun::First => {}
                Begun::Done => return Ok(()),
                Begun::Unsure => return Err(NotDone::UnsureBefore),
                Begun::Underway => return Err(NotDone::Underway),
                Begun::Other => return Err(NotDone::KeyUsed),
                Begun::Full => return Err(NotDone::TooManyKeys),
            }
        }
        let office = self.clone();
        let deed = async move {
            let done = deed.await;
            if let Some(key) = &key {
                let ended = match &done {
                    Ok(()) => Ended::Done,
                    Err(error) if error.may_have_arrived() => Ended::Unsure,
                    Err(_) => Ended::NotDone,
                };
                office.2.end(key, ended);
            }
            done.map_err(|error| NotDone::of(error, false))
        };
        self.to_its_end(deed).await
    }

    /// What the account may do, as far as it is known; found out anew if that is wanted.
    pub(crate) async fn capabilities(
        &self,
        id: &str,
        is_anew: bool,
    ) -> Result<Option<Capabilities>, NotDone> {
        if is_anew {
            return self.find_out(id).await.map(Some);
        }
        let entry = self.account(id).ok_or(Refused::Unknown)?;
        Ok(entry.able.known())
    }

    /// Finds out what the account may do.
    pub(crate) async fn find_out(&self, id: &str) -> Result<Capabilities, NotDone> {
        let (entry, client) = self.client(id)?;
        let found = client.capabilities().await;
        let found = found.map_err(|error| NotDone::of(error, true))?;
        entry.able.set(found.clone());
        Ok(found)
    }
}
