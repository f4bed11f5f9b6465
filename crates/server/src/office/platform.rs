//! What is done at the platform for an account: calls, messages, access tokens, what the account may do.

use std::fmt;
use std::sync::Arc;

use echostr::Journal as _;
use echostr::journal::{Record, SentMessage, SentOutcome};
use echostr_client::{Capabilities, Client, Download, Error, GivenToken, May};
use echostr_protocol::api::custom_message::SendCustomMessage;
use echostr_protocol::api::{Body, Endpoint, Method, Request, Secret};
use echostr_store::{AccountEntry, Actor, Begun, Idempotency, NotChanged};
use ring::digest::{self, SHA256};
use serde_json::{Value, json};
use tracing::error;

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
}

/// How a request with a key ended.
const SENT: &str = r#"{"state":"sent"}"#;
const UNSURE: &str = r#"{"state":"unsure"}"#;

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

/// A message and what became of it, for the journal.
fn journaled(
    account: &str,
    by: &Actor,
    mut message: Value,
    sent: &Result<Download<Value>, Error>,
) -> Record {
    let fields = message.as_object_mut();
    let follower = fields.and_then(|fields| fields.remove("touser"));
    let follower = follower.as_ref().and_then(Value::as_str);
    Record::Sent(SentMessage {
        account: account.into(),
        follower: follower.unwrap_or_default().into(),
        push: None,
        message: message.to_string(),
        by: by.0.as_str().into(),
        sent_at_ms: now_ms(),
        outcome: match sent {
            Ok(_) => SentOutcome::Sent,
            Err(error) if error.may_have_arrived() => SentOutcome::Unsure(with_causes(error)),
            Err(error) => SentOutcome::Refused(with_causes(error)),
        },
    })
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

    /// Makes a call that only reads.
    pub(super) async fn read<R: Request>(
        &self,
        id: &str,
        request: R,
    ) -> Result<R::Response, NotDone> {
        let (entry, client) = self.client(id)?;
        let read = client.call(request).await;
        entry.able.trouble().learn(read.as_ref().err());
        read.map_err(|error| NotDone::of(error, true))
    }

    /// The access token of an account, for another program of its owner. `failed` is one that the platform has refused.
    pub(crate) async fn access_token(
        &self,
        id: &str,
        failed: Option<Secret>,
    ) -> Result<GivenToken, NotDone> {
        let (entry, client) = self.client(id)?;
        let given = match failed {
            Some(failed) => client.access_token_instead(failed).await,
            None => client.access_token().await,
        };
        entry.able.trouble().learn(given.as_ref().err());
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
        let (entry, client) = self.client(id)?;
        if endpoint.is_repeatable {
            let called = client.call_json(endpoint, request).await;
            entry.able.trouble().learn(called.as_ref().err());
            return called.map_err(|error| NotDone::of(error, true));
        }
        let name = endpoint.call_name();
        let calling = async move { client.call_json(endpoint, request).await };
        self.changing(by, &entry, name, calling).await
    }

    /// Makes a call that has no type here.
    pub(crate) async fn call_raw(
        &self,
        by: &Actor,
        id: &str,
        call: RawCall,
    ) -> Result<Value, NotDone> {
        let (entry, client) = self.client(id)?;
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
        // It may change something whatever its method.
        self.changing(by, &entry, name, calling).await
    }

    /// Makes a call that may change something. Its name is noted, never what is in it.
    async fn changing<T: Send + 'static>(
        &self,
        by: &Actor,
        entry: &Arc<AccountEntry>,
        name: String,
        calling: impl Future<Output = Result<T, Error>> + Send + 'static,
    ) -> Result<T, NotDone> {
        let (office, by, entry) = (self.clone(), by.clone(), Arc::clone(entry));
        let deed = async move {
            let called = calling.await;
            entry.able.trouble().learn(called.as_ref().err());
            if called.as_ref().err().is_none_or(Error::may_have_arrived) {
                let after = json!({ "call": name });
                // That it could not be noted was logged; the answer is wanted all the same.
                let _ = office.note(&by, "platform.call", &entry.id, after).await;
            }
            called.map_err(|error| NotDone::of(error, false))
        };
        self.to_its_end(deed).await
    }

    /// Sends a follower a message, given as the platform's documents write it; with a key once only. It stands in the journal,
    /// and counts for how many more the follower may be sent.
    pub(crate) async fn send(
        &self,
        by: &Actor,
        id: &str,
        message: Value,
        key: Option<&str>,
    ) -> Result<(), NotDone> {
        let (entry, client) = self.client(id)?;
        let request = message.to_string();
        let (journal, by) = (Arc::clone(&self.0.journal), by.clone());
        let sending = async move {
            let sent = client
                .call_json(SendCustomMessage::ENDPOINT, message.clone())
                .await;
            journal.write(vec![journaled(&entry.id, &by, message, &sent)]);
            entry.able.heard_of_message(sent.as_ref().err());
            sent.map(|_| ())
        };
        let Some(key) = key else {
            let deed = async { sending.await.map_err(|error| NotDone::of(error, false)) };
            return self.to_its_end(deed).await;
        };
        self.once(id, key, &request, sending).await
    }

    /// Does something to its end, and not again when the same request comes with the same key.
    async fn once(
        &self,
        account: &str,
        key: &str,
        request: &str,
        deed: impl Future<Output = Result<(), Error>> + Send + 'static,
    ) -> Result<(), NotDone> {
        let mut digest = [0; 32];
        digest.copy_from_slice(digest::digest(&SHA256, request.as_bytes()).as_ref());
        let keys = Idempotency::new(self.0.db.clone());
        let begun = keys.begin(account, key, &digest, now_ms()).await;
        match begun.map_err(Refused::from)? {
            Begun::New => {}
            Begun::Underway => return Err(NotDone::Underway),
            Begun::Other => return Err(NotDone::KeyUsed),
            Begun::Unsure => return Err(NotDone::UnsureBefore),
            Begun::Done(how) if how == UNSURE => return Err(NotDone::UnsureBefore),
            Begun::Done(_) => return Ok(()),
        }
        let (account, key) = (account.to_owned(), key.to_owned());
        let deed = async move {
            let done = deed.await;
            let noted = match &done {
                Ok(()) => keys.finish(&account, &key, SENT).await,
                Err(error) if error.may_have_arrived() => keys.finish(&account, &key, UNSURE).await,
                Err(_) => keys.abandon(&account, &key).await,
            };
            if let Err(error) = noted {
                // What was done was done; the key is not used again before its time is over.
                error!(
                    error = %with_causes(&error),
                    "how a request with a key ended cannot be noted"
                );
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
        // When nothing could be found out, it is not over.
        let is_known = |(_, may): &(_, May)| !matches!(may, May::Unknown(_));
        match &found {
            Ok(found) if !found.found.iter().any(is_known) => {}
            found => entry.able.trouble().learn(found.as_ref().err()),
        }
        let found = found.map_err(|error| NotDone::of(error, true))?;
        let saved = self.0.accounts.save_capabilities(id, &found).await;
        saved.map_err(Refused::from)?;
        Ok(found)
    }
}
