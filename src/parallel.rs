//! Work on several threads, with the same result for any number of them.

use std::io;
use std::sync::{Mutex, PoisonError};
use std::thread::{Builder, ScopedJoinHandle};

/// Does `work` on all items with `workers` threads, each of which takes the next item when it is done
/// with one; the results come in the items' order.
pub fn in_parts<T: Send, R: Send>(items: Vec<T>, workers: usize, work: impl Fn(T) -> R + Sync) -> Vec<R> {
    let workers = workers.clamp(1, items.len().max(1));
    if workers == 1 {
        return items.into_iter().map(work).collect();
    }
    let next = Mutex::new(items.into_iter().enumerate());
    let take = || next.lock().unwrap_or_else(PoisonError::into_inner).next();
    let work_on = &|| -> Vec<(usize, R)> {
        let mut done = Vec::new();
        while let Some((at, item)) = take() {
            done.push((at, work(item)));
        }
        done
    };
    let mut done = std::thread::scope(|scope| {
        // This thread only waits: a new one may be put on the same processor, and be moved to an idle
        // one milliseconds later. Where the system gives no threads, it does the work.
        let start = |_| Builder::new().spawn_scoped(scope, work_on);
        let threads: Vec<io::Result<ScopedJoinHandle<'_, _>>> = (0..workers).map(start).collect();
        let mut done = if threads.iter().any(Result::is_ok) { Vec::new() } else { work_on() };
        for thread in threads.into_iter().flatten() {
            done.extend(thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)));
        }
        done
    });
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
        }
        assert!(in_parts(Vec::<u32>::new(), 3, |n| n).is_empty());
    }
}
