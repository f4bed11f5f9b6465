//! The doctor's question whose answer is late: it shows whether what stands before the server leaves connections open.

use echostr::{Kind, Message};
use echostr_simulator::doctor::{SLOW, SLOW_ANSWER, SLOW_FOLLOWER, SLOW_TEXT};
use tokio::sync::Semaphore;

/// How many such questions wait at once; further ones are answered at once.
const AT_ONCE: usize = 16;

static ROOM: Semaphore = Semaphore::const_new(AT_ONCE);

/// This question, by the doctor's own follower.
pub(crate) struct SlowQuestion;

impl Kind for SlowQuestion {
    fn take(message: &Message) -> Option<Self> {
        let Message::Text(text) = message else {
            return None;
        };
        let is_it = text.content == SLOW_TEXT && message.from_user().as_str() == SLOW_FOLLOWER;
        is_it.then_some(Self)
    }
}

impl SlowQuestion {
    /// The late answer. Only who knows the token of a registered account may keep something waiting here.
    pub(crate) async fn answer(self) -> &'static str {
        if let Ok(_place) = ROOM.try_acquire() {
            tokio::time::sleep(SLOW).await;
        }
        SLOW_ANSWER
    }
}
