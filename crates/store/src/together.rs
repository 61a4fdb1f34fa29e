//! Questions to the store, asked for many at a time.
//!
//! One question costs nearly as much as one about many. So while questions are under way, what is
//! wanted gathers, and goes with the next one; where little is asked nobody waits for others.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::runtime::Handle;
use tokio::sync::oneshot;

use crate::StoreError;

/// A kind of question that can be asked for many.
pub trait Question: Send + Sync + 'static {
    /// What one asker wants to know.
    type Wanted: Send + Sync;
    /// What it is told.
    type Answer: Send;
    /// Questions under way at a time.
    const AT_ONCE: usize;
    /// Askers of one question.
    const TOGETHER: usize;
    /// How long whoever comes next waits for others after a question, if that was not long ago; for what
    /// nobody is in a hurry to have.
    const REST: Duration = Duration::ZERO;

    /// The answer to each, in their order.
    ///
    /// # Errors
    /// Why there is none for any of them.
    fn ask(
        &self,
        wanted: &[Self::Wanted],
    ) -> impl Future<Output = Result<Vec<Self::Answer>, StoreError>> + Send;
}

/// Why a question has no answer.
#[derive(Debug, Clone, thiserror::Error)]
pub enum Unanswered {
    /// The store failed.
    #[error(transparent)]
    Failed(Arc<StoreError>),
    /// Who asked the store broke down.
    #[error("asking broke down")]
    BrokeDown,
}

/// Where askers of one kind of question meet.
pub struct Together<Q: Question>(Arc<Desk<Q>>);

struct Desk<Q: Question> {
    question: Q,
    /// Where it is asked, wherever the askers are.
    runtime: Handle,
    queue: Mutex<Queue<Q>>,
}

struct Queue<Q: Question> {
    /// No more than there are requests in progress.
    askers: Vec<Asker<Q>>,
    under_way: usize,
}

struct Asker<Q: Question> {
    wanted: Q::Wanted,
    answer: oneshot::Sender<Result<Q::Answer, Unanswered>>,
}

/// Counts among the questions under way until it is dropped, however that comes.
struct UnderWay<Q: Question>(Arc<Desk<Q>>);

impl<Q: Question> Together<Q> {
    /// Nobody has asked yet. The store is asked on the tokio runtime that runs this.
    #[must_use]
    pub fn new(question: Q) -> Self {
        let queue = Mutex::new(Queue { askers: Vec::new(), under_way: 0 });
        Self(Arc::new(Desk { question, runtime: Handle::current(), queue }))
    }

    /// What the store says of one. Who stops waiting before the question is under way is not asked
    /// for.
    ///
    /// # Errors
    /// Why it says nothing.
    pub async fn ask(&self, wanted: Q::Wanted) -> Result<Q::Answer, Unanswered> {
        let (answer, answered) = oneshot::channel();
        {
            let mut queue = self.0.queue();
            queue.askers.push(Asker { wanted, answer });
            if queue.under_way < Q::AT_ONCE {
                queue.under_way += 1;
                self.0.runtime.spawn(UnderWay(Arc::clone(&self.0)).ask());
            }
        }
        answered.await.unwrap_or(Err(Unanswered::BrokeDown))
    }
}

impl<Q: Question> Desk<Q> {
    fn queue(&self) -> MutexGuard<'_, Queue<Q>> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<Q: Question> UnderWay<Q> {
    /// Asks as long as something is wanted.
    async fn ask(self) {
        loop {
            let askers: Vec<_> = {
                let mut queue = self.0.queue();
                queue.askers.retain(|asker| !asker.answer.is_closed());
                let most = queue.askers.len().min(Q::TOGETHER);
                queue.askers.drain(..most).collect()
            };
            if askers.is_empty() {
                return;
            }
            self.answer(askers).await;
            if !Q::REST.is_zero() {
                tokio::time::sleep(Q::REST).await;
            }
        }
    }

    async fn answer(&self, askers: Vec<Asker<Q>>) {
        let (wanted, waiting): (Vec<_>, Vec<_>) =
            askers.into_iter().map(|asker| (asker.wanted, asker.answer)).unzip();
        match self.0.question.ask(&wanted).await {
            // Who asked may have given up; an answer too few is heard as a breakdown.
            Ok(answers) => waiting.into_iter().zip(answers).for_each(|(waiting, answer)| {
                drop(waiting.send(Ok(answer)));
            }),
            Err(error) => {
                let error = Unanswered::Failed(Arc::new(error));
                waiting.into_iter().for_each(|waiting| drop(waiting.send(Err(error.clone()))));
            }
        }
    }
}

impl<Q: Question> Drop for UnderWay<Q> {
    fn drop(&mut self) {
        let mut queue = self.0.queue();
        queue.under_way -= 1;
        // What came since the last look would wait for the next one to come.
        if !queue.askers.is_empty() && !std::thread::panicking() {
            queue.under_way += 1;
            self.0.runtime.spawn(Self(Arc::clone(&self.0)).ask());
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use tokio::task::JoinSet;

    use super::*;

    /// Doubles numbers; fails or breaks down if it is asked for certain ones.
    #[derive(Default)]
    struct Doubling {
        asked: AtomicUsize,
    }

    const FAILS: u32 = 1_000;
    const BREAKS_DOWN: u32 = 1_001;

    impl Question for Doubling {
        type Wanted = u32;
        type Answer = u32;
        const AT_ONCE: usize = 1;
        const TOGETHER: usize = 64;

        async fn ask(&self, wanted: &[u32]) -> Result<Vec<u32>, StoreError> {
            self.asked.fetch_add(1, Ordering::Relaxed);
            assert!(!wanted.contains(&BREAKS_DOWN), "asked to break down");
            if wanted.contains(&FAILS) {
                return Err(StoreError::Corrupt { what: "number" });
            }
            Ok(wanted.iter().map(|number| number * 2).collect())
        }
    }

    async fn ask_all(doubling: &Arc<Together<Doubling>>, all: &[u32]) -> Vec<Option<u32>> {
        let mut asked = JoinSet::new();
        for (place, number) in all.iter().copied().enumerate() {
            let doubling = Arc::clone(doubling);
            asked.spawn(async move { (place, doubling.ask(number).await.ok()) });
        }
        let mut answers = asked.join_all().await;
        answers.sort_unstable();
        answers.into_iter().map(|(_, answer)| answer).collect()
    }

    #[tokio::test]
    async fn each_of_many_gets_its_own_answer_and_few_questions_are_asked() {
        let doubling = Arc::new(Together::new(Doubling::default()));
        let all: Vec<u32> = (0..128).collect();
        let expected: Vec<_> = all.iter().map(|number| Some(number * 2)).collect();
        assert_eq!(ask_all(&doubling, &all).await, expected);
        assert_eq!(doubling.0.question.asked.load(Ordering::Relaxed), 2);
    }

    #[tokio::test]
    async fn who_asks_together_fails_together_and_who_comes_later_is_answered() {
        let doubling = Arc::new(Together::new(Doubling::default()));
        for bad in [FAILS, BREAKS_DOWN] {
            assert_eq!(ask_all(&doubling, &[1, bad, 2]).await, [None, None, None]);
            assert_eq!(ask_all(&doubling, &[3]).await, [Some(6)]);
        }
    }

    /// Repeats what it is asked, and rests.
    struct Repeating;

    impl Question for Repeating {
        type Wanted = u32;
        type Answer = u32;
        const AT_ONCE: usize = 1;
        const TOGETHER: usize = 64;
        const REST: Duration = Duration::from_millis(10);

        async fn ask(&self, wanted: &[u32]) -> Result<Vec<u32>, StoreError> {
            Ok(wanted.to_vec())
        }
    }

    #[tokio::test(start_paused = true)]
    async fn who_comes_soon_after_a_question_waits_for_others_and_nobody_else_does() {
        let repeating = Together::new(Repeating);
        let waited = async || {
            let asked = tokio::time::Instant::now();
            assert_eq!(repeating.ask(1).await.unwrap(), 1);
            asked.elapsed()
        };
        assert_eq!(waited().await, Duration::ZERO);
        assert!(waited().await >= Repeating::REST);
        tokio::time::advance(Repeating::REST * 2).await;
        tokio::task::yield_now().await;
        assert_eq!(waited().await, Duration::ZERO);
    }

    #[tokio::test]
    async fn who_has_given_up_is_not_asked_for() {
        let doubling = Arc::new(Together::new(Doubling::default()));
        let given_up = doubling.ask(BREAKS_DOWN);
        {
            let mut given_up = std::pin::pin!(given_up);
            let mut context = std::task::Context::from_waker(std::task::Waker::noop());
            assert!(given_up.as_mut().poll(&mut context).is_pending());
        }
        assert_eq!(ask_all(&doubling, &[4]).await, [Some(8)]);
    }
}
