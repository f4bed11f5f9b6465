//! echostr-simulator
