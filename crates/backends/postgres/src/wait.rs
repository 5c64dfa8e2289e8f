//! Waiting for futures on threads that may block.

use std::future::{Future, poll_fn};
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};
use std::thread::{self, Thread};

use futures_util::future::LocalBoxFuture;

struct Unpark(Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}

/// Blocks this thread until the future is done. Unlike a runtime's own way it may be called on any thread, also on one
/// that drives a runtime, as long as that runtime is not what the future waits for.
pub(crate) fn block_on<F: Future>(future: F) -> F::Output {
    let waker = Waker::from(Arc::new(Unpark(thread::current())));
    let mut context = Context::from_waker(&waker);
    let mut future = pin!(future);
    loop {
        match future.as_mut().poll(&mut context) {
            Poll::Ready(output) => return output,
            Poll::Pending => thread::park(),
        }
    }
}

/// Starts all futures, the first one first, before it waits for any: what they send goes out together, in this order.
pub(crate) async fn in_order<T>(futures: Vec<LocalBoxFuture<'_, T>>) -> Vec<T> {
    let mut slots: Vec<Slot<'_, T>> = futures.into_iter().map(Slot::Waiting).collect();
    poll_fn(|context| {
        slots.iter_mut().for_each(|slot| slot.poll(context));
        Poll::Ready(())
    })
    .await;
    let mut outputs = Vec::with_capacity(slots.len());
    for slot in slots {
        outputs.push(match slot {
            Slot::Waiting(future) => future.await,
            Slot::Done(output) => output,
        });
    }
    outputs
}

enum Slot<'f, T> {
    Waiting(LocalBoxFuture<'f, T>),
    Done(T),
}

impl<T> Slot<'_, T> {
    fn poll(&mut self, context: &mut Context<'_>) {
        if let Slot::Waiting(future) = self
            && let Poll::Ready(output) = future.as_mut().poll(context)
        {
            *self = Slot::Done(output);
        }
    }
}
