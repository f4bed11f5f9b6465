//! Followers: what they do, and what they see.

use axum::extract::State;
use axum::http::StatusCode;
use echostr_protocol::{AppId, OpenId};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{Answer, Body, Path, Query, Refused};
use crate::act::{Action, NotDone};
use crate::conversation::Entry;
use crate::simulator::{Change, NotThere, Simulator};
use crate::world::{Account, Follower, World};

/// How many people an account may know here.
const MAX_FOLLOWERS: usize = 10_000;

pub(super) fn brief(follower: &Follower) -> Value {
    json!({
        "open_id": follower.open_id,
        "name": follower.name,
        "subscribed_at": follower.subscribed_at,
        "blocked_at": follower.blocked_at,
        "n_unread": follower.conversation.n_unread,
    })
}

/// `GET /sim/accounts/{app_id}/followers`
pub(super) async fn list(State(simulator): State<Simulator>, Path(app_id): Path<String>) -> Answer {
    let world = simulator.world();
    let account = world.account(&app_id).ok_or(NotThere::Account(app_id))?;
    let followers: Vec<_> = account.followers.iter().map(brief).collect();
    Ok(axum::Json(json!({ "followers": followers })))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct New {
    name: String,
}

/// `POST /sim/accounts/{app_id}/followers`: somebody who does not follow yet.
pub(super) async fn add(
    State(simulator): State<Simulator>,
    Path(app_id): Path<String>,
    Body(new): Body<New>,
) -> Answer {
    let name: String = new.name.trim().chars().take(30).collect();
    if name.is_empty() {
        return Err(Refused::bad("请写上名字 · `name` is empty"));
    }
    let added = simulator.admit_follower(&AppId::from(app_id), &name, MAX_FOLLOWERS)?;
    let open_id = added.ok_or_else(|| {
        Refused::bad(format!(
            "最多 {MAX_FOLLOWERS} 人 · at most {MAX_FOLLOWERS} people"
        ))
    })?;
    Ok(axum::Json(json!({ "open_id": open_id, "name": name })))
}

fn found<'a>(
    world: &'a World,
    app_id: &str,
    open_id: &str,
) -> Result<(&'a Account, &'a Follower), NotThere> {
    let account = world
        .account(app_id)
        .ok_or_else(|| NotThere::Account(app_id.to_owned()))?;
    let follower = account
        .follower(open_id)
        .ok_or_else(|| NotThere::Follower(open_id.to_owned()))?;
    Ok((account, follower))
}

#[derive(Deserialize)]
pub(super) struct After {
    #[serde(default)]
    after: u64,
}

/// `GET /sim/accounts/{app_id}/followers/{open_id}`: `?after=ID` leaves out what is known.
pub(super) async fn one(
    State(simulator): State<Simulator>,
    Path((app_id, open_id)): Path<(String, String)>,
    Query(After { after }): Query<After>,
) -> Answer {
    let world = simulator.world();
    let (account, follower) = found(&world, &app_id, &open_id)?;
    let mut shown = brief(follower);
    shown["typing"] = (follower.conversation.typing_until_ms > world.now_ms()).into();
    shown["menu"] = json!(account.state.menu.shown_to(follower));
    shown["entries"] = entries(follower, after);
    Ok(axum::Json(shown))
}

fn entries(follower: &Follower, after: u64) -> Value {
    let new = follower
        .conversation
        .entries()
        .iter()
        .filter(|entry| entry.id > after);
    new.map(entry).collect()
}

fn entry(entry: &Entry) -> Value {
    json!({
        "id": entry.id,
        "at_ms": entry.at_ms,
        "from": entry.from,
        "bubble": entry.bubble,
        "exchange": entry.exchange,
    })
}

#[derive(Deserialize)]
pub(super) struct Wait {
    #[serde(default)]
    wait: String,
}

/// `POST …/act`: an [`Action`]. With `?wait=1` it is answered when it is known what the follower sees, and with that.
pub(super) async fn act(
    State(simulator): State<Simulator>,
    Path((app_id, open_id)): Path<(String, String)>,
    Query(Wait { wait }): Query<Wait>,
    Body(action): Body<Action>,
) -> Answer {
    let (app_id, open_id) = (AppId::from(app_id), OpenId::from(open_id));
    let before = {
        let world = simulator.world();
        let (_, follower) = found(&world, app_id.as_str(), open_id.as_str())?;
        follower
            .conversation
            .entries()
            .last()
            .map_or(0, |entry| entry.id)
    };
    let sent = simulator
        .act_all(&app_id, &open_id, action)
        .map_err(|error| match error {
            NotDone::NotThere(missing) => missing.into(),
            NotDone::TooLong(_) => Refused::bad(error),
            other => Refused(StatusCode::CONFLICT, other.to_string()),
        })?;
    let exchanges: Vec<_> = sent.iter().map(|sent| sent.record).collect();
    if matches!(&*wait, "1" | "true") {
        for sent in sent {
            // A push that panicked is told by the exchange that has no end.
            let _ = sent.shown.await;
        }
    }
    let world = simulator.world();
    let (_, follower) = found(&world, app_id.as_str(), open_id.as_str())?;
    Ok(axum::Json(
        json!({ "exchanges": exchanges, "entries": entries(follower, before) }),
    ))
}

/// `POST …/read`: the follower has looked.
pub(super) async fn read(
    State(simulator): State<Simulator>,
    Path((app_id, open_id)): Path<(String, String)>,
) -> Answer {
    let mut world = simulator.world();
    found(&world, &app_id, &open_id)?;
    let follower = world
        .account_mut(&app_id)
        .and_then(|account| account.follower_mut(&open_id));
    let n_read = follower.map_or(0, |follower| {
        std::mem::take(&mut follower.conversation.n_unread)
    });
    drop(world);
    if n_read > 0 {
        simulator.changed(Change::Conversation(app_id.into(), open_id.into()));
    }
    Ok(axum::Json(json!({ "n_read": n_read })))
}
