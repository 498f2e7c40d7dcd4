//! Work in equal shares on several threads, with the same result for any number of them.

/// Does `work` on all items with `workers` threads, each with one share of them; the results come
/// in the items' order.
pub fn in_parts<T: Send, R: Send>(items: Vec<T>, workers: usize, work: impl Fn(T) -> R + Sync) -> Vec<R> {
    let workers = workers.clamp(1, items.len().max(1));
    if workers == 1 {
        return items.into_iter().map(work).collect();
    }
    let size = items.len().div_ceil(workers);
    let mut items = items.into_iter();
    let work = &work;
    std::thread::scope(|scope| {
        let threads: Vec<_> = (0..workers)
            .map(|_| {
                let part: Vec<T> = items.by_ref().take(size).collect();
                scope.spawn(move || part.into_iter().map(work).collect::<Vec<R>>())
            })
            .collect();
        let joined = |thread: std::thread::ScopedJoinHandle<'_, Vec<R>>| {
            thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
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
