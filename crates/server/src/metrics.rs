//! `GET /metrics`: what is counted, in the form of Prometheus.

use std::sync::Arc;

use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use echostr::Bot;
use echostr_store::SqlJournal;
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;

/// Everything that is counted in the process.
#[derive(Clone)]
pub(crate) struct Metrics {
    registry: Arc<Registry>,
    journal: Option<Arc<SqlJournal>>,
    unread: Gauge,
}

impl Metrics {
    pub(crate) fn new(bot: &Bot, journal: Option<&Arc<SqlJournal>>) -> Self {
        let mut registry = Registry::default();
        bot.metrics().register(&mut registry);
        let unread = Gauge::default();
        if journal.is_none() {
            // Under the name by which a journal says so itself.
            let away = Gauge::<i64>::default();
            away.set(1);
            let help = "Whether the journal cannot be written";
            registry.register("echostr_journal_away", help, away);
        }
        if let Some(journal) = journal {
            journal.register(&mut registry);
            registry.register(
                "echostr_answers_unread",
                "Answers that were not read to the end",
                unread.clone(),
            );
        }
        Self {
            registry: Arc::new(registry),
            journal: journal.cloned(),
            unread,
        }
    }

    pub(crate) async fn render(&self) -> Response {
        if let Some(journal) = &self.journal
            && let Ok(unread) = journal.count_unread().await
        {
            self.unread.set(unread);
        }
        let mut text = String::new();
        if encode(&mut text, &self.registry).is_err() {
            return StatusCode::INTERNAL_SERVER_ERROR.into_response();
        }
        let form = "application/openmetrics-text; version=1.0.0; charset=utf-8";
        ([(CONTENT_TYPE, form)], text).into_response()
    }
}
