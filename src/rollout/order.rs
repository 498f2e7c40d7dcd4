//! Order of nodes: others' kernels and zones first, and the control plane last.

use std::collections::{BTreeMap, VecDeque};

use super::RolloutNode;

/// Sorts nodes so that those at the beginning have different kernels and zones. The order depends on nothing but the
/// names, kernels, zones and roles of all nodes.
pub(super) fn ordered(mut nodes: Vec<RolloutNode>) -> Vec<RolloutNode> {
    nodes.sort_by(|one, other| one.name.cmp(&other.name));
    let (last, first): (Vec<_>, Vec<_>) = nodes.into_iter().partition(|node| node.control_plane);
    spread(first).into_iter().chain(spread(last)).collect()
}

/// Nodes of one kernel in one zone.
struct Cell {
    kernel: usize,
    zone: usize,
    nodes: VecDeque<RolloutNode>,
}

/// Takes nodes one by one, each from the kernel and then the zone of which the fewest were taken.
fn spread(nodes: Vec<RolloutNode>) -> Vec<RolloutNode> {
    let (mut kernels, mut zones) = (Numbers::default(), Numbers::default());
    let mut cells: BTreeMap<(String, Option<String>), VecDeque<RolloutNode>> = BTreeMap::new();
    for node in nodes {
        cells.entry((node.kernel.clone(), node.zone.clone())).or_default().push_back(node);
    }
    let mut cells: Vec<Cell> = cells
        .into_iter()
        .map(|((kernel, zone), nodes)| Cell { kernel: kernels.of(Some(kernel)), zone: zones.of(zone), nodes })
        .collect();
    let mut taken = (vec![0_usize; kernels.0.len()], vec![0_usize; zones.0.len()]);
    let mut order = Vec::new();
    loop {
        let next = cells.iter_mut().filter(|cell| !cell.nodes.is_empty());
        let next = next.min_by_key(|cell| (taken.0[cell.kernel], taken.1[cell.zone], cell.kernel, cell.zone));
        let Some(node) = next.and_then(|cell| {
            taken.0[cell.kernel] += 1;
            taken.1[cell.zone] += 1;
            cell.nodes.pop_front()
        }) else {
            return order;
        };
        order.push(node);
    }
}

/// Numbers of names, in the order in which they were first asked for.
#[derive(Default)]
struct Numbers(BTreeMap<Option<String>, usize>);

impl Numbers {
    fn of(&mut self, name: Option<String>) -> usize {
        let next = self.0.len();
        *self.0.entry(name).or_insert(next)
    }
}
