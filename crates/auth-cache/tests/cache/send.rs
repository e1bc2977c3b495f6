//! Sending with the token, and once more when it is refused.

use std::{cell::RefCell, convert::Infallible};

use auth_cache::{Deadline, SignInError, Token, TokenError};

use crate::setup::{HOUR, SECOND, Setup, cause, setup};

/// An API that refuses all tokens but these, and notes what it was sent.
async fn send(t: &Setup, accepted: &[&Token], sent: &RefCell<Vec<Token>>) -> Result<u16, TokenError> {
    let call = |token: Token| {
        let status = if accepted.contains(&&token) { 200 } else { 401 };
        sent.borrow_mut().push(token);
        async move { Ok(status) }
    };
    t.identity.send(Deadline::after(t.clock.now(), SECOND), call, |status| *status == 401).await
}

#[tokio::test]
async fn what_is_not_refused_is_sent_once() {
    let t = setup().without_books();
    let (token, sent) = (t.sign_in("a", HOUR).await, RefCell::default());
    assert_eq!(send(&t, &[&token], &sent).await.unwrap(), 200);
    assert_eq!(*sent.borrow(), [token]);
}

#[tokio::test]
async fn a_refused_token_is_replaced_and_the_call_sent_once_more() {
    let t = setup().without_books();
    let (old, sent) = (t.sign_in("a", HOUR).await, RefCell::default());
    t.source.issues("b", HOUR);
    assert_eq!(send(&t, &[], &sent).await.unwrap(), 401, "whatever the second answer is");
    let new = t.get_now().unwrap();
    assert_eq!(*sent.borrow(), [old, new.clone()]);

    sent.borrow_mut().clear();
    assert_eq!(send(&t, &[], &sent).await.unwrap(), 401);
    assert_eq!(*sent.borrow(), [new], "an API that refuses all tokens costs no sign-in at each call");
}

#[tokio::test]
async fn a_call_whose_token_was_refused_and_cannot_be_replaced_fails_with_the_reason() {
    let t = setup().without_books();
    let (old, sent) = (t.sign_in("a", HOUR).await, RefCell::default());
    t.source.fails(SignInError::WrongCredentials);
    let error = send(&t, &[], &sent).await.unwrap_err();
    assert!(matches!(cause(&error), SignInError::WrongCredentials));
    assert_eq!(*sent.borrow(), [old]);
}

#[cfg(feature = "tower")]
#[tokio::test]
async fn the_layer_authorizes_requests_and_sends_a_refused_one_again() {
    use std::{
        future::{Ready, ready},
        sync::{Arc, Mutex},
        task::{Context, Poll},
    };

    use auth_cache::AuthorizeLayer;
    use http::{Request, Response, header::AUTHORIZATION};
    use tower_layer::Layer as _;
    use tower_service::Service;

    /// Refuses the first request, and notes what authorized each.
    #[derive(Clone, Default)]
    struct Api(Arc<Mutex<Vec<String>>>);

    impl Service<Request<String>> for Api {
        type Response = Response<String>;
        type Error = Infallible;
        type Future = Ready<Result<Response<String>, Infallible>>;

        fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
            Poll::Ready(Ok(()))
        }

        fn call(&mut self, request: Request<String>) -> Self::Future {
            let mut seen = self.0.lock().unwrap();
            seen.push(request.headers()[AUTHORIZATION].to_str().unwrap().to_owned());
            let status = if seen.len() == 1 { 401 } else { 200 };
            ready(Ok(Response::builder().status(status).body(request.into_body()).unwrap()))
        }
    }

    for (layer, prefix) in [(AuthorizeLayer::bearer as fn(_, _) -> _, "Bearer "), (AuthorizeLayer::raw, "")] {
        let t = setup().without_books();
        t.source.gives(|_| Token::opaque("a".to_owned(), HOUR).unwrap());
        t.source.gives(|_| Token::opaque("b".to_owned(), HOUR).unwrap());
        let api = Api::default();
        let answer =
            layer(t.identity.clone(), SECOND).layer(api.clone()).call(Request::new("body".to_owned())).await.unwrap();
        assert_eq!((answer.status().as_u16(), answer.body().as_str()), (200, "body"));
        assert_eq!(*api.0.lock().unwrap(), [format!("{prefix}a"), format!("{prefix}b")]);

        let mut own = Request::new(String::new());
        own.headers_mut().insert(AUTHORIZATION, "a caller's".parse().unwrap());
        layer(t.identity.clone(), SECOND).layer(api.clone()).call(own).await.unwrap();
        assert_eq!(api.0.lock().unwrap().last().unwrap(), "a caller's");

        t.source.fails(SignInError::WrongCredentials);
        t.identity.forget();
        let mut request = Request::new(String::new());
        request.extensions_mut().insert(Deadline::at(t.clock.now()));
        let error = layer(t.identity.clone(), SECOND).layer(api.clone()).call(request).await.unwrap_err();
        assert!(error.downcast_ref::<TokenError>().is_some(), "{error:?}");
    }
}
