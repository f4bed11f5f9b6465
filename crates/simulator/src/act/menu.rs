//! A tap on a button of the menu: what the client does, and what is pushed.
//!
//! Source: the platform's page on menu events (自定义菜单事件推送), read 2026-11-22

use echostr_protocol::MediaId;
use echostr_protocol::api::media::MediaType;
use echostr_protocol::api::menu::{Button, ButtonType};
use serde::{Deserialize, Serialize};

use super::{Acting, Attachment, Deed, NotDone, Place};
use crate::api::Trigger;
use crate::conversation::{Bubble, From};
use crate::push::Push;

/// How many pictures a button lets a person send.
const MAX_PICTURES: usize = 9;

/// A tap on a button of the menu, and what the person does then.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct MenuTap {
    /// Where the button is, counted from 0: `[1]`, or `[1, 0]` in a sub-menu.
    pub button: Vec<usize>,
    /// What is scanned, for `scancode_push` and `scancode_waitmsg`: any text.
    pub scanned: String,
    /// What is sent, for `pic_sysphoto`, `pic_photo_or_album` and `pic_weixin`; empty: one sample.
    pub pictures: Vec<Attachment>,
    /// Where, for `location_select`.
    pub place: Place,
}

impl Acting<'_> {
    pub(super) fn tap_menu(&mut self, tap: MenuTap) -> Result<Vec<Deed>, NotDone> {
        self.follower()?;
        let follower = self.account.follower(self.open_id.as_str());
        let matching = follower.and_then(|follower| self.account.state.menu.matching(follower));
        let (menu_id, buttons) = matching.unwrap_or((0, &[]));
        let button = button_at(buttons, &tap.button)
            .cloned()
            .ok_or_else(|| NotDone::NoButton {
                at: tap.button.iter().copied().take(3).collect(),
                there: listed(buttons),
            })?;
        let key = button.key.clone().unwrap_or_default();
        if matches!(
            button.r#type,
            Some(ButtonType::Click | ButtonType::ScancodePush | ButtonType::ScancodeWaitmsg)
        ) {
            self.renew(Trigger::MenuClick)?;
        }
        let menu_id = menu_id.to_string();
        let Some(kind) = &button.r#type else {
            // A sub-menu opens; nobody is told.
            return Ok(Vec::new());
        };
        Ok(match kind {
            ButtonType::Click => vec![Deed::Push(Push::click(&key), None)],
            ButtonType::View => {
                let url = button.url.unwrap_or_default();
                vec![Deed::Push(Push::view(&url, &menu_id), None)]
            }
            ButtonType::MiniProgram => {
                let path = button.pagepath.unwrap_or_default();
                vec![Deed::Push(Push::view_mini_program(&path, &menu_id), None)]
            }
            ButtonType::ScancodePush => {
                vec![Deed::Push(
                    Push::scancode_push(&key, scan_type(&tap.scanned), &tap.scanned),
                    None,
                )]
            }
            ButtonType::ScancodeWaitmsg => {
                vec![Deed::Push(
                    Push::scancode_waitmsg(&key, scan_type(&tap.scanned), &tap.scanned),
                    None,
                )]
            }
            ButtonType::PicSysphoto | ButtonType::PicPhotoOrAlbum | ButtonType::PicWeixin => {
                self.send_pictures(kind.as_str(), &key, tap.pictures)?
            }
            ButtonType::LocationSelect => {
                let place = tap.place;
                let said =
                    Push::location(place.latitude, place.longitude, place.scale, &place.label);
                let said = self.sent(Deed::Push(said, Some(place.bubble())))?;
                vec![Deed::Push(Push::location_select(&key, &place), None), said]
            }
            ButtonType::MediaId => self.material(button.media_id.as_ref()),
            ButtonType::ArticleId => self.published(button.article_id.as_deref()),
            // The client shows or opens it by itself, and no event is known.
            _ => Vec::new(),
        })
    }

    /// The event comes first here; in which order the platform sends them is not fixed.
    fn send_pictures(
        &mut self,
        event: &str,
        key: &str,
        pictures: Vec<Attachment>,
    ) -> Result<Vec<Deed>, NotDone> {
        let mut pictures = pictures;
        pictures.truncate(MAX_PICTURES);
        if pictures.is_empty() {
            pictures.push(Attachment::default());
        }
        let pictures: Vec<_> = pictures
            .into_iter()
            .map(|picture| picture.or_sample(&MediaType::Image))
            .collect();
        let sums: Vec<_> = pictures
            .iter()
            .map(|picture| super::attachment::md5(&picture.bytes))
            .collect();
        let mut deeds = vec![Deed::Push(Push::pictures(event, key, &sums), None)];
        for picture in pictures {
            let said = self.picture(picture);
            deeds.push(self.sent(said)?);
        }
        Ok(deeds)
    }

    /// A material that the client shows by itself, as if the account had sent it.
    fn material(&self, media_id: Option<&MediaId>) -> Vec<Deed> {
        let shown = media_id.and_then(|media_id| self.account.sent_by_button(self.base, media_id));
        shown
            .map(|bubble| Deed::Show(From::Account, bubble))
            .into_iter()
            .collect()
    }

    /// The same with a published article.
    fn published(&self, article_id: Option<&str>) -> Vec<Deed> {
        let cards = article_id
            .map(|id| self.account.cards(id, self.now_ms))
            .unwrap_or_default();
        if cards.is_empty() {
            return Vec::new();
        }
        vec![Deed::Show(From::Account, Bubble::News(cards))]
    }
}

/// A bar code comes with its kind: `EAN_13,6901939621608`. Everything else that is scanned here is a QR code.
fn scan_type(scanned: &str) -> &'static str {
    let is_barcode = scanned.contains(',') && scanned.starts_with(|c: char| c.is_ascii_uppercase());
    if is_barcode { "barcode" } else { "qrcode" }
}

fn button_at<'a>(buttons: &'a [Button], at: &[usize]) -> Option<&'a Button> {
    match at {
        [first] => buttons.get(*first),
        [first, second] => buttons.get(*first)?.sub_button.get(*second),
        _ => None,
    }
}

/// The buttons that do something, with their places: `[0] 今日菜谱, [1,0] 官网`.
fn listed(buttons: &[Button]) -> String {
    let mut listed = Vec::new();
    for (first, button) in buttons.iter().enumerate() {
        if button.sub_button.is_empty() {
            listed.push(format!("[{first}] {}", button.name));
        }
        for (second, sub) in button.sub_button.iter().enumerate() {
            listed.push(format!("[{first},{second}] {}", sub.name));
        }
    }
    listed.join(", ")
}
