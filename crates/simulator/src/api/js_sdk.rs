//! Tickets of the JS-SDK — JS-SDK临时票据. No page signs with them here, so nothing is kept of them.

use echostr_protocol::api::js_sdk::{GetTicket, GetTicketResponse, TicketType};

use super::{Call, Handlers, Refusal, token};

/// How long a ticket lives, in seconds.
const LIFETIME_SECS: i64 = 7200;

/// Nothing.
#[derive(Debug, Default)]
pub(crate) struct State;

pub(super) fn handlers(on: &mut Handlers) {
    on.on(get_ticket);
}

fn get_ticket(_: &mut Call<'_>, request: GetTicket) -> Result<GetTicketResponse, Refusal> {
    if let TicketType::Other(_) = request.r#type {
        return Err(Refusal::new(40097, "invalid args"));
    }
    Ok(GetTicketResponse {
        ticket: token::new(),
        expires_in: LIFETIME_SECS,
    })
}
