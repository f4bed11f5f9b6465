//! The doctor's question whose answer is late: it shows whether what stands before the server leaves connections open.

use echostr::Message;
use echostr_simulator::doctor::{SLOW, SLOW_ANSWER, SLOW_TEXT};
use tokio::sync::Semaphore;

/// How many such questions wait at once; further ones are answered at once.
const AT_ONCE: usize = 16;

static ROOM: Semaphore = Semaphore::const_new(AT_ONCE);

/// The late answer, if this is the question. Who asks is looked at before: only who knows the token of a registered account
/// may keep something waiting here.
pub(crate) async fn answer(message: &Message) -> Option<&'static str> {
    let Message::Text(text) = message else {
        return None;
    };
    if text.content != SLOW_TEXT {
        return None;
    }
    if let Ok(_place) = ROOM.try_acquire() {
        tokio::time::sleep(SLOW).await;
    }
    Some(SLOW_ANSWER)
}
