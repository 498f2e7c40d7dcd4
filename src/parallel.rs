//! Work on several threads, with the same result for any number of them.

use std::io;
use std::panic::resume_unwind;
use std::sync::{Arc, Mutex, PoisonError, mpsc};
use std::thread::{Builder, JoinHandle, ScopedJoinHandle};

/// Smallest number of items that are worth a thread with a state of its own.
const SMALLEST_SHARE: usize = 16;

/// Does `work` on all items with `workers` threads, each of which takes the next item when it is done
/// with one; the results come in the items' order.
pub fn in_parts<T: Send, R: Send>(items: Vec<T>, workers: usize, work: impl Fn(T) -> R + Sync) -> Vec<R> {
    let workers = workers.clamp(1, items.len().max(1));
    if workers == 1 {
        return items.into_iter().map(work).collect();
    }
    let left = Left::new(items);
    std::thread::scope(|scope| {
        // This thread only waits: a new one may be put on the same processor, and be moved to an idle
        // one milliseconds later. Where the system gives no threads, it does the work.
        let threads: Vec<io::Result<ScopedJoinHandle<'_, _>>> =
            (0..workers).map(|_| Builder::new().spawn_scoped(scope, || left.work_on(&work))).collect();
        let own = if threads.iter().any(Result::is_ok) { Vec::new() } else { left.work_on(&work) };
        in_order(own, threads.into_iter().flatten().map(ScopedJoinHandle::join))
    })
}

/// Does `work` on all items with `workers` threads, each with a state of its own and an equal share of consecutive
/// items; the results come in the items' order.
///
/// # Errors
/// A thread that the system does not start.
pub fn map_with<T: Sync, S, R: Send>(
    items: &[T],
    workers: usize,
    state: impl Fn() -> S + Sync,
    work: impl Fn(&mut S, &T) -> R + Sync,
) -> io::Result<Vec<R>> {
    let (state, work) = (&state, &work);
    let size = items.len().div_ceil(workers.max(1)).max(SMALLEST_SHARE);
    std::thread::scope(|scope| {
        let mut threads: Vec<ScopedJoinHandle<'_, Vec<R>>> = Vec::new();
        for share in items.chunks(size) {
            threads.push(Builder::new().spawn_scoped(scope, move || {
                let mut state = state();
                share.iter().map(|item| work(&mut state, item)).collect()
            })?);
        }
        let parts = threads.into_iter().map(|thread| thread.join().unwrap_or_else(|panic| resume_unwind(panic)));
        Ok(parts.flatten().collect())
    })
}

/// Work that goes on while this thread does something else.
pub struct Aside<T, R> {
    left: Arc<Left<T>>,
    work: Arc<dyn Fn(T) -> R + Send + Sync>,
    threads: Vec<JoinHandle<Vec<(usize, R)>>>,
}

impl<T: Send + 'static, R: Send + 'static> Aside<T, R> {
    /// Starts to do `work` on all items with `workers` threads; with none if that is one, which is what
    /// there is already.
    pub fn start(items: Vec<T>, workers: usize, work: impl Fn(T) -> R + Send + Sync + 'static) -> Self {
        let count = if workers > 1 { workers.min(items.len()) } else { 0 };
        let (left, work): (_, Arc<dyn Fn(T) -> R + Send + Sync>) = (Arc::new(Left::new(items)), Arc::new(work));
        let (begin, begun) = mpsc::channel();
        let mut threads = Vec::with_capacity(count);
        for _ in 0..count {
            let (left, work, begin) = (left.clone(), work.clone(), begin.clone());
            let thread = Builder::new().spawn(move || {
                // Nobody listens for the second one.
                let _ = begin.send(());
                left.work_on(&*work)
            });
            // What no thread does is left for the end.
            threads.extend(thread);
        }
        drop(begin);
        // A new thread is put on the processor of the one that makes it, and may be left there for
        // milliseconds while another has nothing to do. One that is woken up is put where it can run.
        let _ = begun.recv();
        Self { threads, left, work }
    }

    /// Does what is left with the others; the results come in the items' order.
    pub fn finish(self) -> Vec<R> {
        let own = self.left.work_on(&*self.work);
        in_order(own, self.threads.into_iter().map(JoinHandle::join))
    }
}

/// The items that nobody has taken yet.
struct Left<T>(Mutex<std::iter::Enumerate<std::vec::IntoIter<T>>>);

impl<T> Left<T> {
    fn new(items: Vec<T>) -> Self {
        Self(Mutex::new(items.into_iter().enumerate()))
    }

    /// Takes one after the other; gives the results with the items' numbers.
    fn work_on<R>(&self, work: &(impl Fn(T) -> R + ?Sized)) -> Vec<(usize, R)> {
        std::iter::from_fn(|| self.take()).map(|(at, item)| (at, work(item))).collect()
    }

    fn take(&self) -> Option<(usize, T)> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).next()
    }
}

/// Returns all results in the order of their items' numbers, as soon as all threads have ended.
fn in_order<R>(own: Vec<(usize, R)>, threads: impl Iterator<Item = std::thread::Result<Vec<(usize, R)>>>) -> Vec<R> {
    let mut done = own;
    for thread in threads {
        done.extend(thread.unwrap_or_else(|panic| resume_unwind(panic)));
    }
    done.sort_unstable_by_key(|(at, _)| *at);
    done.into_iter().map(|(_, result)| result).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_come_in_order() {
        for workers in 0..6 {
            let squares = in_parts((0..5).collect(), workers, |n: u32| n * n);
            assert_eq!(squares, [0, 1, 4, 9, 16], "{workers}");
            let aside = Aside::start((0..5).collect(), workers, |n: u32| n * n);
            assert_eq!(aside.finish(), [0, 1, 4, 9, 16], "{workers}");
        }
        assert!(in_parts(Vec::<u32>::new(), 3, |n| n).is_empty());
        assert!(Aside::start(Vec::<u32>::new(), 3, |n| n).finish().is_empty());
    }
}
