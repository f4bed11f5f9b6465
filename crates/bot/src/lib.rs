//! echostr
