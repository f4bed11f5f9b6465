//! Every fault that the doctor knows: its name, and in Chinese and English what is wrong and what to do.

use std::fmt;
use std::time::Duration;

/// A time in seconds; prints with one decimal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Seconds(pub Duration);

impl fmt::Display for Seconds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:.1}", self.0.as_secs_f64())
    }
}

/// The table below as an enum: name for programs, fields, then the two texts.
macro_rules! faults {
    ($($(#[$doc:meta])* $name:ident $({ $($(#[$field_doc:meta])* $field:ident: $type:ty,)* })? =
       $machine:literal $chinese:literal $english:literal)*) => {
        /// A likely reason for what was seen.
        #[derive(Debug, Clone, PartialEq, Eq)]
        #[non_exhaustive]
        pub enum Fault {
            $($(#[$doc])* $name $({ $($(#[$field_doc])* $field: $type,)* })?,)*
        }

        impl Fault {
            /// The name for programs, such as `wrong-token`. It stays the same from version to version.
            pub fn name(&self) -> &'static str {
                match self {
                    $(Self::$name { .. } => $machine,)*
                }
            }

            /// What is wrong and what to do, in Chinese.
            pub fn chinese(&self) -> String {
                match self {
                    $(Self::$name $({ $($field,)* })? => format!($chinese),)*
                }
            }

            /// What is wrong and what to do, in English.
            pub fn english(&self) -> String {
                match self {
                    $(Self::$name $({ $($field,)* })? => format!($english),)*
                }
            }
        }
    };
}

faults! {
    // The way to the server.

    /// DNS does not know the name.
    NameNotResolved { /** The name in the address. */ host: String, } = "name-not-resolved"
        "域名 {host} 解析不到地址。请检查域名是否写对、解析记录是否已添加并生效。"
        "The name {host} has no address. Check its spelling, and that its DNS record exists and has taken effect."
    /// Nothing listens there.
    ConnectionRefused { /** The port in the address. */ port: u16, } = "connection-refused"
        "连接被拒绝：端口 {port} 上没有程序在监听。请确认服务已启动、监听的端口没有写错，防火墙和云主机的安全组已放行。"
        "The connection was refused: nothing listens on port {port}. See that the server runs, that it listens on this port, and that the firewall and the cloud's security group let it through."
    /// It broke.
    ConnectionClosed = "connection-closed"
        "连接建立后被中途断开，没有收到完整的回答。多半是防火墙、反向代理或域名未备案的拦截，也可能是程序崩溃，请看服务器日志。"
        "The connection was cut before the answer was complete. Most likely a firewall, the reverse proxy or a block of a domain without ICP filing; or the program crashed: see its log."
    /// No encrypted connection came about.
    TlsFailed { /** What is wrong with it. */ why: String, } = "tls-failed"
        "HTTPS 连接失败（{why}）。请检查证书：是否过期、域名是否相符、是否自签、是否装上了完整的证书链（fullchain）；也可能这个端口上不是 HTTPS。"
        "The HTTPS connection failed ({why}). Check the certificate: is it expired, for another name, self-signed, or installed without its chain (fullchain)? Or does this port not speak HTTPS?"
    /// The doctor's machine is at fault.
    NoRoots = "no-roots"
        "运行体检的这台机器上没有根证书，无法核对对方的证书；服务器本身可能没有问题。请安装系统的 ca-certificates 软件包，再检查一次。"
        "The machine on which the doctor runs has no root certificates to check the server's certificate with; the server may be right. Install the system's package ca-certificates and try again."
    /// Not a web server.
    NotHttp = "not-http"
        "对方回答的不是 HTTP。请检查端口是否写错，或者把 http:// 写成了 https:// 的端口（反之亦然）。"
        "What answers there does not speak HTTP. Check the port, and whether http:// and https:// were mixed up."
    /// Anything else on the way.
    Unreachable { /** In the operating system's words. */ why: String, } = "unreachable"
        "连不上这个地址（{why}）。请检查网络、域名的 IP 以及防火墙。"
        "The address cannot be reached ({why}). Check the network, the name's IP address and the firewall."
    /// The proxy answers, the program behind it does not.
    BadGateway { /** The HTTP status. */ status: u16, } = "bad-gateway"
        "反向代理在运行，但它后面的程序没有应答（状态码 {status}）。请确认程序已启动，代理转发的地址和端口正确。"
        "The reverse proxy runs, but the program behind it does not answer (status {status}). See that the program runs and that the proxy forwards to its address and port."
    /// The program failed.
    ServerError { /** The HTTP status. */ status: u16, } = "server-error"
        "程序出错了（状态码 {status}）。请看服务器日志里同一时刻的错误。"
        "The program failed (status {status}). See the error in the server's log at this moment."
    /// The platform follows none.
    Redirect { /** The HTTP status. */ status: u16, /** Where it leads, without its query. */ location: String, } = "redirect"
        "服务器把请求跳转到了 {location}（状态码 {status}），而微信不跟随跳转。请在公众平台直接填写最终的地址（注意 https 和结尾的斜杠）；如果跳到了登录页，请让这个路径免登录。"
        "The server redirects to {location} (status {status}), and WeChat does not follow redirects. Enter the final address on the platform's page (mind https and a slash at the end); if it is a login page, exempt this path from the login."

    // The handshake.

    /// The signature was refused.
    WrongToken = "wrong-token"
        "服务器不认这个签名，多半是令牌（Token）不一致。请把服务器上的 Token 与公众平台「服务器配置」页上的逐字核对，注意大小写和首尾的空格。"
        "The server refuses the signature: most likely its token differs. Compare the token on the server with that on the platform's server configuration page letter by letter; mind upper case and blanks at the ends."
    /// The path is wrong.
    WrongRoute = "wrong-route"
        "地址里的路径多半不对，程序不在这个路径上应答。请核对路径、文件后缀和结尾的斜杠，以及反向代理转发到了哪里。"
        "The path of the address is most likely wrong: the program does not answer there. Check the path, the file's suffix, the slash at the end, and where the reverse proxy forwards to."
    /// Something stands before the program.
    Blocked { /** The HTTP status. */ status: u16, } = "blocked"
        "请求没有到达程序就被拦下了（状态码 {status}）。请让这个路径绕过登录、WAF 和验证码。"
        "The request was stopped before it reached the program (status {status}). Exempt this path from login, web application firewall and captcha."
    /// GET is not answered.
    GetRefused { /** The HTTP status. */ status: u16, } = "get-refused"
        "这个路径不接受 GET 请求（状态码 {status}）。握手用的是 GET，推送用的是 POST，两个都要处理。"
        "This path takes no GET requests (status {status}). The handshake is a GET, pushes are POSTs: handle both."
    /// JSON.
    QuotedEchostr = "quoted-echostr"
        "服务器把 echostr 加上了引号或包进了 JSON。请返回纯文本，只有 echostr 本身：很多框架会把字符串自动转成 JSON，要改用返回纯文本的写法。"
        "The server put echostr into quotes or JSON. Answer plain text, echostr and nothing else: many frameworks turn a string into JSON on their own; use their plain-text response."
    /// Something after it.
    TrailingNewline = "trailing-newline"
        "echostr 后面多了换行或空格。请原样返回，不要用会自动换行的输出函数（如 println），并删掉代码文件末尾 ?> 之后的空行。"
        "A line break or blank follows echostr. Answer it as it came: no output function that adds a line break (println), and nothing after a closing ?> at the end of the file."
    /// Something before it.
    LeadingBlank = "leading-blank"
        "echostr 前面多了空格或换行。请检查代码文件开头（如 <?php 之前）是否有空行，以及框架是否先输出了内容。"
        "A blank or line break precedes echostr. Look for empty lines at the start of the file (before <?php) and for output that the framework writes first."
    /// U+FEFF before it.
    ByteOrderMark = "byte-order-mark"
        "echostr 前面多了看不见的 BOM。请把代码文件另存为「UTF-8 无 BOM」。"
        "An invisible byte order mark precedes echostr. Save the program's files as UTF-8 without BOM."
    /// Something else around it.
    ExtraOutput = "extra-output"
        "回答里除了 echostr 还有别的内容，例如调试输出或警告。请只返回 echostr。"
        "The answer holds more than echostr, such as debugging output or a warning. Answer echostr and nothing else."
    /// In a page.
    EchostrInHtml = "echostr-in-html"
        "echostr 被包在了网页里。请返回纯文本，不要经过页面模板。"
        "echostr came inside a web page. Answer plain text, without the page's template."
    /// Another page.
    HtmlPage = "html-page"
        "服务器返回的是一个网页，不是 echostr。多半是路径不对（回答的是网站首页或报错页），或者被登录页、验证码、备案拦截页挡住了。"
        "The server answered a web page instead of echostr. Most likely the path is wrong (this is the site's front or error page), or a login, captcha or ICP-filing page stands before it."
    /// A number.
    ConvertedEchostr = "converted-echostr"
        "echostr 被当成数字转换过，已经变了样。请始终把它当作文本，原样返回。"
        "echostr was taken for a number and came back changed. Keep it as text and answer it as it came."
    /// None of these.
    UnexpectedAnswer = "unexpected-answer"
        "服务器回答了别的内容，不是 echostr。请核对路径，并看程序在握手时返回什么。"
        "The server answered something else than echostr. Check the path, and what the program answers to a handshake."
    /// None of these.
    UnexpectedStatus { /** The HTTP status. */ status: u16, } = "unexpected-status"
        "状态码是 {status}，应为 200。请看服务器日志里同一时刻的记录。"
        "The status is {status}, 200 is needed. See the server's log at this moment."
    /// Right, but late.
    HandshakeSlow { /** How long it took. */ took: Seconds, } = "handshake-slow"
        "回答正确，但用了 {took} 秒，微信只等 5 秒。请检查服务器负载、域名解析和网络线路；握手时不要查数据库或请求外部接口。"
        "The answer is right but took {took} seconds; WeChat waits 5. Check the server's load, DNS and the network; do not ask databases or other services during the handshake."
    /// Nothing came.
    HandshakeNoAnswer { /** How long was waited. */ waited: Seconds, } = "handshake-no-answer"
        "等了 {waited} 秒没有收到回答。多半是防火墙或安全组把请求丢弃了，也可能是程序卡住了。"
        "No answer came in {waited} seconds. Most likely a firewall or security group drops the request; or the program hangs."
    /// PHP's sort() and its like.
    NumericSort = "numeric-sort"
        "算签名时排序不对：必须把 token、timestamp、nonce 当作文本按字节排序，不能按数字大小排（PHP 请用 sort($array, SORT_STRING)）。否则会时好时坏。"
        "The signature's parts are sorted wrongly: token, timestamp and nonce must be sorted as text, byte by byte, not as numbers (PHP: sort($array, SORT_STRING)). Otherwise it works at some times and not at others."
    /// Anybody is answered.
    NoVerification = "no-verification"
        "签名是错的，服务器仍然返回了 echostr：程序没有验证签名，任何人都能冒充微信。请在处理之前验证 signature，不符就不要应答。"
        "The signature was wrong and the server echoed all the same: it verifies nothing, anybody can play WeChat. Verify signature first, and do not answer when it does not match."

    // A push.

    /// POST is not answered.
    PostRouteMissing { /** The HTTP status. */ status: u16, } = "post-route-missing"
        "握手（GET）正常，但同一地址的 POST 返回 {status}：程序没有处理 POST。请在同一路径上加上接收消息的 POST 路由。"
        "The handshake (GET) passes, but a POST to the same address gets {status}: the program handles no POST. Add a POST route at the same path; pushes arrive there."
    /// CSRF and its like.
    PostBlocked { /** The HTTP status. */ status: u16, } = "post-blocked"
        "推送（POST）被拒绝（状态码 {status}）。多半是框架的 CSRF 校验、登录检查或 WAF，请让这个路径免检。"
        "The push (POST) was refused (status {status}). Most likely the framework's CSRF check, a login or a web application firewall: exempt this path."
    /// Not read.
    BodyRefused { /** The HTTP status. */ status: u16, } = "body-refused"
        "服务器不接受推送的正文（状态码 {status}）。正文是 text/xml，请读取原始正文，不要让框架按 JSON 或表单解析，也不要把长度限制得太小。"
        "The server does not take the push's body (status {status}). It is text/xml: read the raw body, let no framework parse it as JSON or a form, and do not limit its size too much."
    /// One of two, and only the server's log knows.
    WrongKeyOrAppId { /** The HTTP status. */ status: u16, } = "wrong-key-or-app-id"
        "服务器解不开加密的推送（状态码 {status}）：消息加解密密钥（EncodingAESKey）或 AppID 不一致。是哪一个，看服务器日志里同一时刻的一行：bad_appid 是 AppID 不对，bad_buffer 是密钥不对；bad_xml 则是两边的模式不一致，bad_base64 或 bad_ciphertext 是密文本身坏了。"
        "The server cannot open the encrypted push (status {status}): its EncodingAESKey or its AppID differs. Its log names which, in the line of this moment: bad_appid is the AppID, bad_buffer the key; but bad_xml means that the modes differ, bad_base64 or bad_ciphertext that the ciphertext itself is broken."
    /// The key.
    WrongKey = "wrong-key"
        "服务器的回复用这个密钥解不开：消息加解密密钥（EncodingAESKey）不一致。请重新复制公众平台上的 43 个字符。"
        "The server's reply cannot be decrypted with this key: its EncodingAESKey differs. Copy the 43 characters from the platform's page again."
    /// The AppID.
    WrongAppId { /** What the reply was sealed for. */ found: String, /** The one given. */ expected: String, } = "wrong-app-id"
        "密钥是对的，但服务器用的 AppID 是 {found}，这里给出的是 {expected}。请核对公众平台「开发者 ID（AppID）」。"
        "The key is right, but the server uses AppID {found}, the one given here is {expected}. Compare with 开发者ID(AppID) on the platform's page."
    /// In clear.
    ReplyInClear = "reply-in-clear"
        "账号是安全模式，回复却没有加密，微信会提示服务故障。请把服务器也设为安全模式；success 除外，它从不加密。"
        "The account is in safe mode, but the reply came in clear: WeChat shows the failure notice. Set the server to safe mode as well; only success is never encrypted."
    /// Encrypted.
    ReplySealed = "reply-sealed"
        "账号是明文模式，回复却是加密的。请把服务器也设为明文模式，或把公众平台改为安全模式。"
        "The account is in plain mode, but the reply came encrypted. Set the server to plain mode as well, or the platform to safe mode."
    /// Its own signature.
    ReplyBadSignature = "reply-bad-signature"
        "加密回复的签名（MsgSignature）不对。它应由 token、回复里的 TimeStamp、Nonce 和 Encrypt 按字节排序后计算。"
        "The encrypted reply's MsgSignature is wrong. It is computed over the token and the reply's own TimeStamp, Nonce and Encrypt, sorted as bytes."
    /// One side encrypts, the other does not.
    ModeDiffers { /** The HTTP status. */ status: u16, } = "mode-differs"
        "服务器不接受这种加密方式的推送（状态码 {status}）：两边的消息加解密方式（明文、兼容、安全）多半不一致，一边是明文，另一边要加密。服务器日志里同一时刻的一行若是 bad_xml，就是这个原因。请改成一样的。"
        "The server refuses pushes in this mode (status {status}): the modes (plain, compatible, safe) of the two sides most likely differ: plain on one, encrypted on the other. If its log says bad_xml at this moment, this is the reason. Make them the same."
    /// Nothing in it.
    EmptyContent = "empty-content"
        "回复的文本内容（Content）是空的，微信会提示服务故障。没有话要说时，请返回 success。"
        "The reply's Content is empty: WeChat shows the failure notice. When there is nothing to say, answer success."
    /// Too much in it.
    TextTooLong { /** Bytes of UTF-8. */ bytes: usize, } = "text-too-long"
        "回复的文本有 {bytes} 字节，上限是 2048 字节（约 682 个汉字）。请截断或分条发送。"
        "The reply's text has {bytes} bytes, 2048 are allowed (about 682 Chinese characters). Cut it or send it in parts."
    /// Not to the follower.
    WrongRecipient { /** What the reply says. */ found: String, } = "wrong-recipient"
        "回复的 ToUserName 是 {found}，不是发消息的关注者。请填推送里的 FromUserName，收发两方要对调。"
        "The reply's ToUserName is {found}, which is not the follower who wrote. Put the push's FromUserName there: the two change places."
    /// Not from the account.
    WrongSender { /** What the reply says. */ found: String, } = "wrong-sender"
        "回复的 FromUserName 是 {found}。请填推送里的 ToUserName（gh_ 开头的原始 ID），不是 AppID。"
        "The reply's FromUserName is {found}. Put the push's ToUserName there (the original id that begins with gh_), not the AppID."
    /// U+FEFF before it.
    ReplyByteOrderMark = "reply-byte-order-mark"
        "回复的 XML 前面有看不见的 BOM。请把代码文件另存为「UTF-8 无 BOM」。"
        "An invisible byte order mark precedes the reply's XML. Save the program's files as UTF-8 without BOM."
    /// Something before it.
    ReplyLeadingBlank = "reply-leading-blank"
        "回复的 XML 前面有空格或换行。<xml> 必须是第一个字符。"
        "A blank or line break precedes the reply's XML. <xml> must come first."
    /// JSON.
    ReplyJson = "reply-json"
        "回复是 JSON（或带引号的文本）。被动回复必须是 XML，或不带引号的 success。"
        "The reply is JSON, or text in quotes. A passive reply is XML, or success without quotes."
    /// A page.
    ReplyHtml = "reply-html"
        "回复是一个网页，多半是报错页。请看服务器日志。"
        "The reply is a web page, most likely an error page. See the server's log."
    /// Anything else.
    ReplyPlainText = "reply-plain-text"
        "回复既不是 XML，也不是 success。请把文本放进回复的 XML；没有话要说时只返回 success（小写，前后没有别的字符）。"
        "The reply is neither XML nor success. Put the text into the reply's XML; to say nothing answer success alone (lower case, nothing before or after)."
    /// Broken.
    ReplyMalformed { /** Where. */ why: String, } = "reply-malformed"
        "回复的 XML 有语法错误（{why}）。请把所有文本放进 CDATA，并把其中的 ]]> 拆开。"
        "The reply's XML is broken ({why}). Put all text into CDATA and split any ]]> in it."
    /// Something missing.
    ReplyIncomplete { /** What. */ why: String, } = "reply-incomplete"
        "回复的 XML 缺少必需的内容（{why}）。元素名区分大小写，请对照官方文档。"
        "The reply's XML lacks something ({why}). Names of elements are case-sensitive; compare with the platform's documents."
    /// More than a reply can be.
    ReplyTooLarge = "reply-too-large"
        "回复超过 1 MiB，不会是一条消息。请检查路径和反向代理。"
        "The reply is longer than 1 MiB, no message is. Check the path and the reverse proxy."
    /// Late.
    PushSlow { /** How long it took. */ took: Seconds, } = "push-slow"
        "回复用了 {took} 秒，微信每次只等 5 秒，最多投递三次。请先快速应答，或让程序对同一条消息的重复投递等待同一个结果。"
        "The reply took {took} seconds; WeChat waits 5 for each delivery and delivers three times at most. Answer quickly, or let repeats of one message wait for the same result."
    /// Nothing came.
    PushNoAnswer { /** How long was waited. */ waited: Seconds, } = "push-no-answer"
        "推送后等了 {waited} 秒也没有回复。程序多半卡在了外部接口或数据库上，请看服务器日志。"
        "No reply to a push came in {waited} seconds. The program most likely hangs at another service or a database: see its log."
    /// A repeat is not taken for one.
    RepeatDiffers = "repeat-differs"
        "同一条消息再投递一次，得到的回复不一样。微信会重复投递，请按 MsgId 去重，并返回同一个回复，否则关注者会看到错乱的回答，程序也会白跑一遍。"
        "The same message, delivered again, got another reply. WeChat repeats deliveries: recognise them by MsgId and answer the same, or followers see the wrong answer and the work is done twice."

    // A connection that is held.

    /// A proxy waits less than the platform does.
    HeldCut { /** The HTTP status. */ status: u16, /** How long it was held. */ after: Seconds, } = "held-cut"
        "连接保持到 {after} 秒时，中间的代理不再等程序，自己回答了状态码 {status}；微信会等 5 秒，慢一点的回答会因此丢失。请把代理的等待时间调到 10 秒以上：nginx 是 proxy_read_timeout 15s，Caddy 是 reverse_proxy 里 transport http 的 response_header_timeout，云厂商的负载均衡、API 网关、云函数和 CDN 也各有「超时时间」。完整的设置见 docs/deploy。"
        "After {after} s a proxy in between waited no longer for the program and answered with status {status}; WeChat waits 5 s, so slower answers get lost. Let the proxy wait 10 seconds or more: in nginx `proxy_read_timeout 15s`, in Caddy `response_header_timeout` of `transport http`, in a cloud's load balancer, API gateway, function or CDN its time-out. See docs/deploy for complete settings."
    /// Something closes connections that are held.
    HeldClosed { /** How long it was held. */ after: Seconds, } = "held-closed"
        "连接保持到 {after} 秒时被中途断开；微信会等 5 秒，慢一点的回答会因此丢失。多半是代理、负载均衡或防火墙的空闲超时太短，请调到 10 秒以上：nginx 是 proxy_read_timeout 15s，Caddy 是 response_header_timeout，云厂商的负载均衡是「空闲超时」；也可能是程序崩溃了。完整的设置见 docs/deploy。"
        "The connection was cut after {after} s; WeChat waits 5 s, so slower answers get lost. Most likely the idle time-out of a proxy, load balancer or firewall is too short: let it be 10 seconds or more, in nginx `proxy_read_timeout 15s`, in Caddy `response_header_timeout`, in a cloud's load balancer its idle time-out; or the program crashed. See docs/deploy for complete settings."
    /// Something answers in the program's place.
    HeldEmptied { /** How long it was held. */ after: Seconds, } = "held-emptied"
        "连接保持到 {after} 秒时得到了一个空的 200。微信会当成「不回复」，也不再重试，慢一点的回答就丢了。多半是中间的网关、云函数或中转程序到时间就替程序回答：请调长它的超时（10 秒以上），或让它在超时的时候什么也不回答。"
        "After {after} s an empty 200 came. WeChat takes it for no reply and does not try again, so slower answers get lost. Most likely a gateway, a cloud function or a relay answers in the program's place when its time is over: let it wait 10 seconds or more, or answer nothing then."
    /// No delivery got it.
    HeldAnswerLost = "held-answer-lost"
        "5 秒之内答不完的消息没有回答：第一次投递的连接保持住了，但后面的投递也没有等到回答，关注者会看到服务故障或什么也看不到。请让程序对同一条消息（MsgId 相同）的重复投递等待同一个结果。"
        "A message that cannot be answered within 5 seconds gets no answer: the first delivery was held, but no later one got the answer either; the follower sees the failure notice or nothing. Let repeats of one message (the same MsgId) wait for the same result."
}
