//! The kinds of pushes that are met every day: what followers send, follow, scan and tap.

use super::{Push, Xml};

impl Push {
    /// A text — 文本消息.
    pub fn text(content: &str) -> Self {
        Self::message("text", [Xml::text("Content", content)])
    }

    /// The text of a menu entry or `weixin://bizmsgmenu` link that was tapped, with its id.
    pub fn menu_text(content: &str, id: &str) -> Self {
        Self::message(
            "text",
            [Xml::text("Content", content), Xml::text("bizmsgmenuid", id)],
        )
    }

    /// A picture — 图片消息.
    pub fn image(pic_url: &str, media_id: &str) -> Self {
        Self::message(
            "image",
            [Xml::text("PicUrl", pic_url), Xml::text("MediaId", media_id)],
        )
    }

    /// A voice message in `amr` — 语音消息.
    pub fn voice(media_id: &str) -> Self {
        Self::message(
            "voice",
            [Xml::text("MediaId", media_id), Xml::text("Format", "amr")],
        )
    }

    /// A video — 视频消息.
    pub fn video(media_id: &str, thumb_media_id: &str) -> Self {
        Self::message(
            "video",
            [
                Xml::text("MediaId", media_id),
                Xml::text("ThumbMediaId", thumb_media_id),
            ],
        )
    }

    /// A short clip of older clients — 小视频消息.
    pub fn short_video(media_id: &str, thumb_media_id: &str) -> Self {
        Self::message(
            "shortvideo",
            [
                Xml::text("MediaId", media_id),
                Xml::text("ThumbMediaId", thumb_media_id),
            ],
        )
    }

    /// A place — 地理位置消息. Latitude and longitude in degrees; the platform calls them `Location_X` and `Location_Y`.
    pub fn location(latitude: f64, longitude: f64, scale: u32, label: &str) -> Self {
        let place = [
            Xml::number("Location_X", latitude),
            Xml::number("Location_Y", longitude),
        ];
        Self::message(
            "location",
            place
                .into_iter()
                .chain([Xml::number("Scale", scale), Xml::text("Label", label)]),
        )
    }

    /// A card forwarded to the account — 链接消息.
    pub fn link(title: &str, description: &str, url: &str) -> Self {
        let children = [
            Xml::text("Title", title),
            Xml::text("Description", description),
            Xml::text("Url", url),
        ];
        Self::message("link", children)
    }

    /// What arrives in place of a sticker and other kinds that the platform does not forward.
    pub fn unsupported() -> Self {
        Self::text("【收到不支持的消息类型，暂无法显示】")
    }

    /// Somebody follows — 关注.
    pub fn subscribe() -> Self {
        Self::event("subscribe", [Xml::text("EventKey", "")])
    }

    /// Somebody follows through a QR code with this scene — 扫描带参数二维码关注.
    pub fn subscribe_by_scan(scene: &str, ticket: &str) -> Self {
        Self::event(
            "subscribe",
            [
                Xml::text("EventKey", &format!("qrscene_{scene}")),
                Xml::text("Ticket", ticket),
            ],
        )
    }

    /// Somebody leaves — 取消关注.
    pub fn unsubscribe() -> Self {
        Self::event("unsubscribe", [Xml::text("EventKey", "")])
    }

    /// A follower scans a QR code with this scene — 扫码.
    pub fn scan(scene: &str, ticket: &str) -> Self {
        Self::event(
            "SCAN",
            [Xml::text("EventKey", scene), Xml::text("Ticket", ticket)],
        )
    }

    /// Where a follower is, reported by the client — 上报地理位置.
    pub fn report_location(latitude: f64, longitude: f64, precision: f64) -> Self {
        let place = [
            Xml::number("Latitude", latitude),
            Xml::number("Longitude", longitude),
        ];
        Self::event(
            "LOCATION",
            place
                .into_iter()
                .chain([Xml::number("Precision", precision)]),
        )
    }

    /// A tap on a menu button with this key — 点击菜单.
    pub fn click(key: &str) -> Self {
        Self::event("CLICK", [Xml::text("EventKey", key)])
    }

    /// A tap on a menu button that opens this page — 菜单跳转.
    pub fn view(url: &str, menu_id: &str) -> Self {
        Self::event(
            "VIEW",
            [Xml::text("EventKey", url), Xml::number("MenuId", menu_id)],
        )
    }

    /// A scan by a menu button whose client waits for the reply — 扫码推事件且弹出提示框.
    pub fn scancode_waitmsg(key: &str, scan_type: &str, result: &str) -> Self {
        let scanned = [
            Xml::text("ScanType", scan_type),
            Xml::text("ScanResult", result),
        ];
        Self::event(
            "scancode_waitmsg",
            [
                Xml::text("EventKey", key),
                Xml::group("ScanCodeInfo", scanned),
            ],
        )
    }

    /// How sending a template message ended — 模板消息送达. `status` is `success` or `failed:…`.
    pub fn template_sent(job_id: u64, status: &str) -> Self {
        Self::event(
            "TEMPLATESENDJOBFINISH",
            [Xml::number("MsgID", job_id), Xml::text("Status", status)],
        )
    }
}
