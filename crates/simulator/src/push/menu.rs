//! What comes of a tap on the menu, beside `CLICK`, `VIEW` and `scancode_waitmsg`.
//!
//! Source: the platform's page on menu events (自定义菜单事件推送), read 2026-11-22

use super::{Push, Xml};
use crate::act::Place;

impl Push {
    /// A tap on a menu button that opens a page of a mini program — 点击菜单跳转小程序.
    pub fn view_mini_program(path: &str, menu_id: &str) -> Self {
        let children = [Xml::text("EventKey", path), Xml::number("MenuId", menu_id)];
        Self::event("view_miniprogram", children)
    }

    /// A scan by a menu button whose client opens what it has scanned by itself — 扫码推事件.
    pub fn scancode_push(key: &str, scan_type: &str, result: &str) -> Self {
        let scanned = [
            Xml::text("ScanType", scan_type),
            Xml::text("ScanResult", result),
        ];
        let children = [
            Xml::text("EventKey", key),
            Xml::group("ScanCodeInfo", scanned),
        ];
        Self::event("scancode_push", children)
    }

    /// Pictures that a menu button asked for: `event` is `pic_sysphoto`, `pic_photo_or_album` or `pic_weixin`, `md5` names each
    /// picture. They follow as messages.
    pub fn pictures(event: &str, key: &str, md5: &[String]) -> Self {
        let items = md5
            .iter()
            .map(|md5| Xml::group("item", [Xml::text("PicMd5Sum", md5)]));
        let info = [
            Xml::number("Count", md5.len()),
            Xml::group("PicList", items),
        ];
        let children = [Xml::text("EventKey", key), Xml::group("SendPicsInfo", info)];
        Self::event(event, children)
    }

    /// A place that a menu button asked for — 弹出地理位置选择器. It follows as a message. Here the numbers are in CDATA.
    pub fn location_select(key: &str, place: &Place) -> Self {
        let info = [
            Xml::text("Location_X", &place.latitude.to_string()),
            Xml::text("Location_Y", &place.longitude.to_string()),
            Xml::text("Scale", &place.scale.to_string()),
            Xml::text("Label", &place.label),
            Xml::text("Poiname", ""),
        ];
        let children = [
            Xml::text("EventKey", key),
            Xml::group("SendLocationInfo", info),
        ];
        Self::event("location_select", children)
    }
}
