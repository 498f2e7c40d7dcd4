//! Work in equal shares on several threads, with the same result for any number of them.

use std::io;
use std::sync::{Mutex, PoisonError};
use std::thread::{Builder, ScopedJoinHandle};

/// Does `work` on all items with `workers` threads, each with one share of them; the results come
/// in the items' order.
pub fn in_parts<T: Send, R: Send>(items: Vec<T>, workers: usize, work: impl Fn(T) -> R + Sync) -> Vec<R> {
    let workers = workers.clamp(1, items.len().max(1));
    if workers == 1 {
        return items.into_iter().map(work).collect();
    }
    let size = items.len().div_ceil(workers);
    let mut items = items.into_iter();
    let parts: Vec<Mutex<Vec<T>>> = (0..workers).map(|_| Mutex::new(items.by_ref().take(size).collect())).collect();
    let work_on = |part: &Mutex<Vec<T>>| -> Vec<R> {
        let part = std::mem::take(&mut *part.lock().unwrap_or_else(PoisonError::into_inner));
        part.into_iter().map(&work).collect()
    };
    let work_on = &work_on;
    std::thread::scope(|scope| {
        // Where the system gives no thread, this one does the work.
        let start = |part| (part, Builder::new().spawn_scoped(scope, move || work_on(part)));
        let threads: Vec<_> = parts.iter().map(start).collect();
        let joined = |(part, thread): (_, io::Result<ScopedJoinHandle<'_, Vec<R>>>)| match thread {
            Ok(thread) => thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)),
            Err(_) => work_on(part),
        };
        threads.into_iter().flat_map(joined).collect()
    })
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
