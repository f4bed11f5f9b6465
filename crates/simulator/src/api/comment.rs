//! Comments on articles — 留言管理.

use std::collections::BTreeMap;

use echostr_protocol::OpenId;
use echostr_protocol::api::Empty;
use echostr_protocol::api::comment::{
    CloseComment, Comment, DelComment, DelReplyComment, ElectComment, ListComment,
    ListCommentResponse, OpenArticleComment, Reply, ReplyComment, UnelectComment,
};

use super::material::number;
use super::{Call, Handlers, Refusal};
use crate::world::Account;

/// How many comments on one article can be featured: the platform's number is not known.
const MAX_ELECTED: usize = 100;
/// How long a comment or a reply can be: the platform's number is not known.
const MAX_CHARS: usize = 600;
/// How many comments one article can have here, and how many articles can have any.
const MAX_COMMENTS: usize = 1000;
const MAX_ARTICLES: usize = 2000;

/// The comments on an account's articles.
#[derive(Debug, Default)]
pub(crate) struct State {
    /// By `msg_data_id`, and the article's position from 0.
    articles: BTreeMap<(i64, i64), Board>,
}

/// The comments on one article.
#[derive(Debug, Default)]
struct Board {
    is_open: bool,
    is_for_followers: bool,
    last_id: i64,
    /// Oldest first.
    comments: Vec<Comment>,
}

impl State {
    /// An article was published or sent; it can have comments from now on, if it is open to them.
    pub(crate) fn add(
        &mut self,
        msg_data_id: i64,
        index: i64,
        is_open: bool,
        is_for_followers: bool,
    ) {
        let board = Board {
            is_open,
            is_for_followers,
            ..Board::default()
        };
        self.articles.insert((msg_data_id, index), board);
        if self.articles.len() > MAX_ARTICLES {
            self.articles.pop_first();
        }
    }

    fn board(&mut self, msg_data_id: i64, index: Option<i64>) -> Result<&mut Board, Refusal> {
        let board = self
            .articles
            .get_mut(&(msg_data_id, index.unwrap_or_default()));
        board.ok_or_else(|| Refusal::code(88001))
    }

    fn comment(
        &mut self,
        msg_data_id: i64,
        index: Option<i64>,
        id: i64,
    ) -> Result<&mut Comment, Refusal> {
        let comments = &mut self.board(msg_data_id, index)?.comments;
        let comment = comments
            .iter_mut()
            .find(|comment| comment.user_comment_id == id);
        comment.ok_or_else(|| Refusal::code(88008))
    }
}

impl Account {
    /// A reader comments on an article (`index` from 0) at this moment, in Unix seconds. Nothing when they cannot: there is no such
    /// article, it is closed to comments, or to those who do not follow. Else the comment's id.
    pub fn comment(
        &mut self,
        msg_data_id: i64,
        index: i64,
        open_id: &OpenId,
        content: &str,
        now: i64,
    ) -> Option<i64> {
        let follows = self.follower(open_id.as_str())?.subscribed_at.is_some();
        let board = self.state.comment.board(msg_data_id, Some(index)).ok()?;
        let is_full = board.comments.len() >= MAX_COMMENTS || content.chars().count() > MAX_CHARS;
        if !board.is_open || (board.is_for_followers && !follows) || is_full {
            return None;
        }
        board.last_id += 1;
        board.comments.push(Comment {
            user_comment_id: board.last_id,
            openid: Some(open_id.clone()),
            content: content.to_owned(),
            is_elected: false,
            reply: None,
            create_time: now,
        });
        Some(board.last_id)
    }
}

pub(super) fn handlers(on: &mut Handlers) {
    on.on(|call, request: OpenArticleComment| {
        set_open(call, request.msg_data_id, request.index, true)
    });
    on.on(|call, request: CloseComment| set_open(call, request.msg_data_id, request.index, false));
    on.on(list);
    on.on(elect);
    on.on(unelect);
    on.on(delete);
    on.on(reply);
    on.on(delete_reply);
}

fn set_open(
    call: &mut Call<'_>,
    msg_data_id: i64,
    index: Option<i64>,
    is_open: bool,
) -> Result<Empty, Refusal> {
    call.account
        .state
        .comment
        .board(msg_data_id, index)?
        .is_open = is_open;
    Ok(Empty {})
}

/// Newest first.
fn list(call: &mut Call<'_>, request: ListComment) -> Result<ListCommentResponse, Refusal> {
    let board = call
        .account
        .state
        .comment
        .board(request.msg_data_id, request.index)?;
    let count = usize::try_from(request.count)
        .ok()
        .filter(|count| (1..=50).contains(count));
    let count = count.ok_or_else(|| Refusal::code(88010))?;
    let begin = usize::try_from(request.begin)
        .ok()
        .filter(|begin| *begin <= board.comments.len());
    let begin = begin.ok_or_else(|| Refusal::code(88009))?;
    let of_type = board
        .comments
        .iter()
        .rev()
        .filter(|comment| match request.r#type {
            1 => !comment.is_elected,
            2 => comment.is_elected,
            _ => true,
        });
    Ok(ListCommentResponse {
        comment: of_type.skip(begin).take(count).cloned().collect(),
        total: number(board.comments.len()),
    })
}

fn elect(call: &mut Call<'_>, request: ElectComment) -> Result<Empty, Refusal> {
    let state = &mut call.account.state.comment;
    let comments = &state.board(request.msg_data_id, request.index)?.comments;
    let n_elected = comments.iter().filter(|comment| comment.is_elected).count();
    let comment = state.comment(request.msg_data_id, request.index, request.user_comment_id)?;
    if n_elected >= MAX_ELECTED && !comment.is_elected {
        return Err(Refusal::code(88003));
    }
    comment.is_elected = true;
    Ok(Empty {})
}

fn unelect(call: &mut Call<'_>, request: UnelectComment) -> Result<Empty, Refusal> {
    let state = &mut call.account.state.comment;
    state
        .comment(request.msg_data_id, request.index, request.user_comment_id)?
        .is_elected = false;
    Ok(Empty {})
}

fn delete(call: &mut Call<'_>, request: DelComment) -> Result<Empty, Refusal> {
    let state = &mut call.account.state.comment;
    state.comment(request.msg_data_id, request.index, request.user_comment_id)?;
    let comments = &mut state.board(request.msg_data_id, request.index)?.comments;
    comments.retain(|comment| comment.user_comment_id != request.user_comment_id);
    Ok(Empty {})
}

fn reply(call: &mut Call<'_>, request: ReplyComment) -> Result<Empty, Refusal> {
    let now = call.now();
    let state = &mut call.account.state.comment;
    let comment = state.comment(request.msg_data_id, request.index, request.user_comment_id)?;
    if !(1..=MAX_CHARS).contains(&request.content.chars().count()) {
        return Err(Refusal::code(88007));
    }
    if comment.reply.is_some() {
        return Err(Refusal::code(88005));
    }
    comment.reply = Some(Reply {
        content: request.content,
        create_time: now,
    });
    Ok(Empty {})
}

fn delete_reply(call: &mut Call<'_>, request: DelReplyComment) -> Result<Empty, Refusal> {
    let state = &mut call.account.state.comment;
    let comment = state.comment(request.msg_data_id, request.index, request.user_comment_id)?;
    match comment.reply.take() {
        Some(_) => Ok(Empty {}),
        None => Err(Refusal::new(87009, "reply is not exists")),
    }
}
