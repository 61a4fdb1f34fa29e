//! How long a client takes to ask: one timer for each connection, whatever it asks in the meantime.
//!
//! hyper would set a timer for the head of every request, which costs more than many answers do.

use std::io::{Error, IoSlice};
use std::pin::Pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Instant, sleep_until};

/// While a request is being answered.
const AT_WORK: u64 = u64::MAX;

/// Since when a connection waits for the whole head of a request.
pub(super) struct Waiting {
    begun: Instant,
    /// In milliseconds after that, or [`AT_WORK`].
    since: AtomicU64,
}

/// A request that is being answered; from its end on the connection waits again.
pub(super) struct Answering<'a>(&'a Waiting);

impl Waiting {
    pub(super) fn new() -> Self {
        Self { begun: Instant::now(), since: AtomicU64::new(0) }
    }

    /// Says that a head has arrived.
    pub(super) fn answer(&self) -> Answering<'_> {
        self.since.store(AT_WORK, Ordering::Relaxed);
        Answering(self)
    }

    /// Waits from now on, unless a request is being answered.
    fn renew(&self) {
        if self.since.load(Ordering::Relaxed) != AT_WORK {
            self.wait();
        }
    }

    fn wait(&self) {
        let since = u64::try_from(self.begun.elapsed().as_millis()).unwrap_or(AT_WORK - 1);
        self.since.store(since, Ordering::Relaxed);
    }

    /// Ends once the connection has waited for so long.
    pub(super) async fn longer_than(&self, limit: Duration) {
        loop {
            let now = Instant::now();
            let end = match self.since.load(Ordering::Relaxed) {
                AT_WORK => now + limit,
                since => self.begun + Duration::from_millis(since) + limit,
            };
            if end <= now {
                return;
            }
            sleep_until(end).await;
        }
    }
}

impl Drop for Answering<'_> {
    fn drop(&mut self) {
        self.0.wait();
    }
}

/// A connection that begins to wait anew with all that its client takes of an answer.
pub(super) struct Watched<'a, S> {
    pub stream: S,
    pub waiting: &'a Waiting,
    /// What was read of it already, to be read once more.
    pub read: Vec<u8>,
}

impl<S: Unpin> Watched<'_, S> {
    fn written(&self, outcome: Poll<Result<usize, Error>>) -> Poll<Result<usize, Error>> {
        if matches!(outcome, Poll::Ready(Ok(_))) {
            self.waiting.renew();
        }
        outcome
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Watched<'_, S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<Result<(), Error>> {
        if self.read.is_empty() {
            return Pin::new(&mut self.stream).poll_read(context, buffer);
        }
        let length = self.read.len().min(buffer.remaining());
        let rest = self.read.split_off(length);
        buffer.put_slice(&self.read);
        self.read = rest;
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Watched<'_, S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        octets: &[u8],
    ) -> Poll<Result<usize, Error>> {
        let outcome = Pin::new(&mut self.stream).poll_write(context, octets);
        self.written(outcome)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        octets: &[IoSlice<'_>],
    ) -> Poll<Result<usize, Error>> {
        let outcome = Pin::new(&mut self.stream).poll_write_vectored(context, octets);
        self.written(outcome)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Result<(), Error>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Result<(), Error>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::time::{advance, timeout};

    use super::*;

    const LIMIT: Duration = Duration::from_secs(10);

    async fn ends_within(waiting: &Waiting, span: Duration) -> bool {
        timeout(span, waiting.longer_than(LIMIT)).await.is_ok()
    }

    #[tokio::test(start_paused = true)]
    async fn who_asks_nothing_is_known_after_the_limit() {
        let waiting = Waiting::new();
        assert!(!ends_within(&waiting, Duration::from_secs(9)).await);
        assert!(ends_within(&waiting, Duration::from_secs(2)).await);
    }

    #[tokio::test(start_paused = true)]
    async fn an_answer_may_take_its_time_and_waiting_begins_after_it() {
        let waiting = Waiting::new();
        let answering = waiting.answer();
        assert!(!ends_within(&waiting, Duration::from_secs(60)).await);
        drop(answering);
        assert!(!ends_within(&waiting, Duration::from_secs(9)).await);
        assert!(ends_within(&waiting, Duration::from_secs(12)).await);
    }

    #[tokio::test]
    async fn what_was_read_already_is_read_first_in_pieces_of_any_size() {
        for size in 1..8 {
            let waiting = Waiting::new();
            let stream = tokio::io::join(&b"and more"[..], tokio::io::sink());
            let mut watched = Watched { stream, waiting: &waiting, read: b"first ".to_vec() };
            let (mut all, mut piece) = (Vec::new(), vec![0; size]);
            loop {
                match watched.read(&mut piece).await.unwrap() {
                    0 => break,
                    length => all.extend_from_slice(&piece[..length]),
                }
            }
            assert_eq!(all, b"first and more");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_client_that_takes_an_answer_slowly_is_not_one_that_asks_nothing() {
        let waiting = Waiting::new();
        let mut watched =
            Watched { stream: tokio::io::sink(), waiting: &waiting, read: Vec::new() };
        for _ in 0..10 {
            advance(Duration::from_secs(9)).await;
            watched.write_all(b"more").await.unwrap();
        }
        assert!(!ends_within(&waiting, Duration::from_secs(9)).await);
    }
}
