//! Routes of a surface as a list, from which its router is made, so that whoever wants to know all of them can.

use axum::Router;
use axum::handler::Handler;
use axum::http::Method;
use axum::routing::{MethodFilter, MethodRouter, on};

use crate::App;

/// One method of one path, and what answers it.
#[derive(Clone, Debug)]
pub struct Route {
    method: Method,
    path: &'static str,
    answers: MethodRouter<App>,
}

impl Route {
    /// Answers `GET`, and `HEAD` with it.
    pub fn get<H: Handler<T, App>, T: 'static>(path: &'static str, handler: H) -> Self {
        Route::of(Method::GET, path, on(MethodFilter::GET, handler))
    }

    /// Answers `POST`.
    pub fn post<H: Handler<T, App>, T: 'static>(path: &'static str, handler: H) -> Self {
        Route::of(Method::POST, path, on(MethodFilter::POST, handler))
    }

    /// Answers `PUT`.
    pub fn put<H: Handler<T, App>, T: 'static>(path: &'static str, handler: H) -> Self {
        Route::of(Method::PUT, path, on(MethodFilter::PUT, handler))
    }

    /// Answers `PATCH`.
    pub fn patch<H: Handler<T, App>, T: 'static>(path: &'static str, handler: H) -> Self {
        Route::of(Method::PATCH, path, on(MethodFilter::PATCH, handler))
    }

    /// Answers `DELETE`.
    pub fn delete<H: Handler<T, App>, T: 'static>(path: &'static str, handler: H) -> Self {
        Route::of(Method::DELETE, path, on(MethodFilter::DELETE, handler))
    }

    /// Answers `OPTIONS`.
    pub fn options<H: Handler<T, App>, T: 'static>(path: &'static str, handler: H) -> Self {
        Route::of(Method::OPTIONS, path, on(MethodFilter::OPTIONS, handler))
    }

    fn of(method: Method, path: &'static str, answers: MethodRouter<App>) -> Self {
        Route {
            method,
            path,
            answers,
        }
    }

    /// The method.
    pub fn method(&self) -> &Method {
        &self.method
    }

    /// The whole path, with its parts that vary in braces.
    pub fn path(&self) -> &'static str {
        self.path
    }
}

/// The routes as a router.
///
/// # Panics
/// When two routes have the same method and path.
pub fn router(routes: impl IntoIterator<Item = Route>) -> Router<App> {
    let add = |all: Router<App>, route: Route| all.route(route.path, route.answers);
    routes.into_iter().fold(Router::new(), add)
}
