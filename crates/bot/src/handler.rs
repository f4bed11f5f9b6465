//! What a handler is: *when* → *with what* → what to answer, as types.

use std::any::{Any, TypeId, type_name};
use std::collections::HashMap;
use std::convert::Infallible;
use std::pin::Pin;
use std::sync::{Arc, OnceLock};

use echostr_client::{Client, Clock, Platform};
use echostr_protocol::{Article, Kind, Message, Reply, Str};

use crate::answer::{Answer, Markdown, TextStream};
use crate::deadline::platform;
use crate::{Account, BoxError, FileReply, Journal};

/// What a handler's further arguments are taken from.
#[derive(Clone)]
pub struct Context {
    /// The message that is answered.
    pub message: Arc<Message>,
    /// The account that it was sent to.
    pub account: Arc<Account>,
    pub(crate) states: Arc<States>,
    /// Nothing in open access.
    pub(crate) journal: Option<Arc<dyn Journal>>,
    pub(crate) clock: Clock,
    pub(crate) platform: Arc<OnceLock<Platform>>,
    /// Instead of the system prompt of a bot that has one.
    pub(crate) prompt: Option<Arc<str>>,
}

impl Context {
    /// The same for a bot that is to have this system prompt instead of its own.
    #[must_use]
    pub fn with_prompt(self, prompt: impl Into<Arc<str>>) -> Self {
        Self {
            prompt: Some(prompt.into()),
            ..self
        }
    }
}

impl Argument for Context {
    fn take(context: &Context) -> Option<Self> {
        Some(context.clone())
    }
}

/// The values that the bot was given, by type.
#[derive(Debug, Clone, Default)]
pub(crate) struct States(HashMap<TypeId, Arc<dyn Any + Send + Sync>>);

impl States {
    pub(crate) fn insert<T: Send + Sync + 'static>(&mut self, value: T) {
        self.0.insert(TypeId::of::<T>(), Arc::new(value));
    }

    pub(crate) fn has(&self, needed: TypeId) -> bool {
        self.0.contains_key(&needed)
    }

    pub(crate) fn get<T: Clone + 'static>(&self) -> Option<T> {
        self.0.get(&TypeId::of::<T>())?.downcast_ref().cloned()
    }
}

/// States that a handler asks for, so that a missing one is reported at the start.
#[derive(Debug, Default)]
pub struct Needs(pub(crate) Vec<(TypeId, &'static str)>);

impl Needs {
    /// Says that a state of type `T` is needed.
    pub fn state<T: 'static>(&mut self) {
        self.0.push((TypeId::of::<T>(), type_name::<T>()));
    }
}

/// Something that a handler can ask for beside the message's kind.
#[diagnostic::on_unimplemented(
    message = "a handler cannot be given a `{Self}`",
    label = "not an argument of a handler",
    note = "after the first argument, a handler can take `State<T>`, `Session<T>`, `Follower`, `Client`, `Arc<Account>` and `Message`",
    note = "the `T` of a `State<T>` has to be `Clone + Send + Sync + 'static`"
)]
pub trait Argument: Sized {
    /// Takes it; `None` when it was not given to the bot.
    fn take(context: &Context) -> Option<Self>;

    /// Why it could not be taken.
    fn missing(_context: &Context) -> BoxError {
        not_given::<Self>()
    }

    /// Names what has to be there at the start.
    fn needs(_needs: &mut Needs) {}
}

impl Argument for Message {
    fn take(context: &Context) -> Option<Self> {
        Some((*context.message).clone())
    }
}

impl Argument for Arc<Account> {
    fn take(context: &Context) -> Option<Self> {
        Some(Arc::clone(&context.account))
    }
}

/// Calls to the platform for the account of the message.
impl Argument for Client {
    fn take(context: &Context) -> Option<Self> {
        let api = context.account.api.clone()?;
        Some(platform(&context.platform).client(api))
    }

    fn missing(context: &Context) -> BoxError {
        format!(
            "the account `{}` has no AppID and AppSecret, so nothing can be called for it; they are on the platform's page \
             (设置与开发 → 基本配置)",
            context.account.log_id()
        )
        .into()
    }
}

/// Something that a handler can return.
#[diagnostic::on_unimplemented(
    message = "a handler cannot answer with a `{Self}`",
    label = "not an answer",
    note = "return `&str`, `String`, `Markdown`, `TextStream`, `Article`, `Vec<Article>`, `FileReply`, `Reply`, `()` for no answer, or an `Option` or `Result` of these"
)]
pub trait IntoAnswer {
    /// What to answer.
    ///
    /// # Errors
    /// The handler's own: the follower gets the account's fallback text, the log gets the error.
    fn into_answer(self) -> Result<Answer, BoxError>;
}

macro_rules! answers {
    ($($answer:ty)*) => {$(
        impl IntoAnswer for $answer {
            fn into_answer(self) -> Result<Answer, BoxError> {
                Ok(self.into())
            }
        }
    )*};
}
answers! { Reply &str String Str Article TextStream FileReply }

impl IntoAnswer for Answer {
    fn into_answer(self) -> Result<Answer, BoxError> {
        Ok(self)
    }
}

impl<T: AsRef<str>> IntoAnswer for Markdown<T> {
    fn into_answer(self) -> Result<Answer, BoxError> {
        Ok(Answer::Markdown(self.0.as_ref().to_owned()))
    }
}

impl IntoAnswer for Vec<Article> {
    fn into_answer(self) -> Result<Answer, BoxError> {
        Ok(Answer::Reply(Reply::News(self)))
    }
}

impl IntoAnswer for () {
    /// Nothing is shown.
    fn into_answer(self) -> Result<Answer, BoxError> {
        Ok(Reply::Silence.into())
    }
}

impl IntoAnswer for Infallible {
    fn into_answer(self) -> Result<Answer, BoxError> {
        match self {}
    }
}

impl<R: IntoAnswer> IntoAnswer for Option<R> {
    /// Nothing is shown for `None`.
    fn into_answer(self) -> Result<Answer, BoxError> {
        self.map_or(Ok(Reply::Silence.into()), R::into_answer)
    }
}

impl<R: IntoAnswer, E: Into<BoxError>> IntoAnswer for Result<R, E> {
    fn into_answer(self) -> Result<Answer, BoxError> {
        self.map_err(Into::into)?.into_answer()
    }
}

/// A handler's work, once it has taken a message.
pub type Answering = Pin<Box<dyn Future<Output = Result<Answer, BoxError>> + Send>>;

/// An async function that answers messages: `async |text: Text, State(shop): State<Shop>| …`.
///
/// Implemented for functions and closures of up to six arguments. `Arguments` only tells them apart.
#[diagnostic::on_unimplemented(
    message = "this is not a handler",
    label = "not a handler",
    note = "a handler is `async |first, others…| answer`: the first argument is a kind of message (`Text`, `Subscribe`, `Message` …)",
    note = "others are `State<T>`, `Session<T>`, `Follower`, `Client`, `Arc<Account>` or `Message`; the answer is `&'static str`, `String`, `TextStream`, `Article`, `Reply`, `()`, or an `Option` or `Result` of these",
    note = "every argument needs its type written, and a closure may not borrow: give it what it needs with `.state(…)` and `State<T>`; what it holds over an `.await` has to be `Send`",
    note = "to learn what is wrong with it, name its arguments: `.on::<(Text,)>(…)`, `.on::<(Text, State<Shop>)>(…)`"
)]
pub trait Handler<Arguments>: Send + Sync + 'static {
    /// Begins to answer, or `None` when the message is of another kind.
    fn call(&self, context: &Context) -> Option<Answering>;

    /// Names the states that have to be there.
    fn needs(&self, needs: &mut Needs);
}

macro_rules! handlers {
    ($($argument:ident)*) => {
        impl<F, Future_, Answer_, First, $($argument),*> Handler<(First, $($argument,)*)> for F
        where
            F: Fn(First, $($argument),*) -> Future_ + Send + Sync + 'static,
            Future_: Future<Output = Answer_> + Send + 'static,
            Answer_: IntoAnswer,
            First: Kind,
            $($argument: Argument,)*
        {
            #[allow(non_snake_case, reason = "the arguments are named as their types")]
            fn call(&self, context: &Context) -> Option<Answering> {
                let first = First::take(&context.message)?;
                $(let Some($argument) = $argument::take(context) else {
                    let missing = $argument::missing(context);
                    return Some(Box::pin(async { Err(missing) }));
                };)*
                let answer = self(first, $($argument),*);
                Some(Box::pin(async move { answer.await.into_answer() }))
            }

            fn needs(&self, _needs: &mut Needs) {
                $($argument::needs(_needs);)*
            }
        }
    };
}
handlers! {}
handlers! { A }
handlers! { A B }
handlers! { A B C }
handlers! { A B C D }
handlers! { A B C D E }

/// Met only by a bot that was mounted without [`Bot::router`](crate::Bot::router) or
/// [`Bot::serve`](crate::Bot::serve), which report it at the start.
fn not_given<T>() -> BoxError {
    format!(
        "a handler asks for `{}`, which the bot was not given; give it with `.state(…)`",
        type_name::<T>()
    )
    .into()
}

/// A handler whose argument types are forgotten, so that different ones stand in one list.
pub(crate) trait AnyHandler: Send + Sync {
    fn call(&self, context: &Context) -> Option<Answering>;
    fn needs(&self, needs: &mut Needs);
}

pub(crate) struct Erased<H, Arguments>(
    pub(crate) H,
    pub(crate) std::marker::PhantomData<fn(Arguments)>,
);

impl<Arguments, H: Handler<Arguments>> AnyHandler for Erased<H, Arguments> {
    fn call(&self, context: &Context) -> Option<Answering> {
        self.0.call(context)
    }

    fn needs(&self, needs: &mut Needs) {
        self.0.needs(needs);
    }
}
