//! Files that followers sent, over the account's API.

use std::time::Duration;

use echostr_client::{Client, Download};
use echostr_protocol::MediaId;
use echostr_protocol::api::media::GetMedia;

use crate::BoxError;
use crate::handler::{Argument as _, Context};

/// What a message holds by its id.
///
/// # Errors
/// The account has no API, the platform gives none, or it is larger or later than it may be.
pub(super) async fn sent(
    context: &Context,
    media_id: &MediaId,
    time: Duration,
    max_bytes: usize,
) -> Result<Vec<u8>, BoxError> {
    if media_id.as_str().is_empty() {
        return Err("the message has no `MediaId`".into());
    }
    let client = Client::take(context).ok_or_else(|| Client::missing(context))?;
    let request = GetMedia {
        media_id: media_id.clone(),
    };
    let mut file = match client.within(time).download(request).await? {
        Download::File(file) => file,
        Download::Json(_) => {
            return Err("the platform answered getMedia with an address, a file is needed".into());
        }
    };
    let mut bytes = Vec::new();
    while let Some(chunk) = file.chunk().await? {
        if bytes.len() + chunk.len() > max_bytes {
            return Err(format!("the file is larger than {max_bytes} bytes").into());
        }
        bytes.extend_from_slice(&chunk);
    }
    Ok(bytes)
}
