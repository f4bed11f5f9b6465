//! The store of a data folder, opened by a command while no server runs, and the functions of the server upon it.

use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use axum::http::Response;
use echostr_store::{Error, FILE_NAME};
use tower::ServiceExt as _;

use crate::api::{self, Authority};
use crate::config::{Config, Format, Level, Log};
use crate::log;
use crate::store::Store;

/// The store, and what answers.
pub(super) struct Here {
    app: Router,
    store: Store,
}

/// Why it cannot be opened.
pub(super) enum Unopened {
    /// The store.
    Store(Error),
    /// The connections to the platform.
    Platform(String),
}

impl From<Error> for Unopened {
    fn from(error: Error) -> Self {
        Self::Store(error)
    }
}

impl Here {
    /// Opens it, and keeps servers out of it meanwhile. Who only reads makes no new one.
    pub(super) async fn open(config: &Config, is_reading: bool) -> Result<Self, Unopened> {
        let path = config.data.join(FILE_NAME);
        if is_reading && config.database.is_none() && !path.exists() {
            return Err(Error::Missing { path }.into());
        }
        // What goes wrong in there is said as a server says it, to the person who waits.
        log::start(Log {
            level: Level::Warn,
            format: Format::Pretty,
        });
        let store = Store::open(config).await?;
        let platform = config.platform.connect(Store::tokens(Some(&store)));
        let platform = match platform {
            Ok(platform) => platform,
            Err(problem) => {
                store.close().await;
                return Err(Unopened::Platform(problem));
            }
        };
        let app = api::router(store.office(config, platform), Authority::Operator);
        Ok(Self { app, store })
    }

    pub(super) async fn answer(&self, request: Request) -> Response<Body> {
        let answered = self.app.clone().oneshot(request).await;
        answered.unwrap_or_else(|error| match error {})
    }

    /// Everything is written and free for others.
    pub(super) async fn close(self) {
        self.store.close().await;
    }
}
