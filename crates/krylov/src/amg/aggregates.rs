//! Aggregates: disjoint sets of connected nodes (Vaněk, Mandel and Brezina, Computing 56, 1996, algorithm 2).

use std::ops::Range;

use rayon::prelude::*;

use crate::operator::Csr;

/// Which unknowns belong to each node, as consecutive ranges.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Nodes {
    /// Where each node begins, and the last one ends.
    begin: Vec<u32>,
}

impl Nodes {
    /// `n` unknowns in nodes of so many each.
    pub fn uniform(n: usize, per_node: usize) -> Self {
        Self { begin: (0..=n).step_by(per_node).map(|at| at as u32).collect() }
    }

    /// Nodes of these sizes.
    pub fn of_sizes(sizes: impl Iterator<Item = usize>) -> Self {
        let mut begin = vec![0];
        let mut end = 0;
        for size in sizes {
            end += size as u32;
            begin.push(end);
        }
        Self { begin }
    }

    pub fn count(&self) -> usize {
        self.begin.len() - 1
    }

    /// The unknowns of a node.
    pub fn unknowns(&self, node: usize) -> Range<usize> {
        self.begin[node] as usize..self.begin[node + 1] as usize
    }

    /// The node of each unknown.
    fn owners(&self) -> Vec<u32> {
        (0..self.count()).flat_map(|node| self.unknowns(node).map(move |_| node as u32)).collect()
    }
}

/// The couplings between nodes: every entry that is not zero.
struct Graph {
    begin: Vec<usize>,
    /// Neighbour and largest |aᵢⱼ|, by neighbour.
    links: Vec<(u32, f64)>,
}

/// Numbers of links of some nodes, and the links.
type Links = (Vec<usize>, Vec<(u32, f64)>);

impl Graph {
    fn new(a: &Csr, nodes: &Nodes) -> Self {
        let owners = nodes.owners();
        let links_of = |node: usize| {
            let mut links: Vec<(u32, f64)> = Vec::new();
            for row in nodes.unknowns(node) {
                let (columns, values) = a.row(row);
                let entries = columns.iter().zip(values).map(|(&j, v)| (owners[j as usize], v.abs()));
                links.extend(entries.filter(|&(other, size)| other as usize != node && size > 0.0));
            }
            // The columns of a single row ascend already.
            if nodes.unknowns(node).len() > 1 {
                links.sort_by_key(|&(other, _)| other);
            }
            links.dedup_by(|next, kept| {
                let same = next.0 == kept.0;
                if same {
                    kept.1 = kept.1.max(next.1);
                }
                same
            });
            links
        };
        let numbers: Vec<usize> = (0..nodes.count()).collect();
        let chunks: Vec<Links> = numbers
            .par_chunks(4096)
            .map(|chunk| {
                let (mut counts, mut all) = (Vec::with_capacity(chunk.len()), Vec::new());
                for &node in chunk {
                    let links = links_of(node);
                    counts.push(links.len());
                    all.extend(links);
                }
                (counts, all)
            })
            .collect();
        let (mut begin, mut links) = (vec![0], Vec::new());
        for (counts, all) in chunks {
            for count in counts {
                begin.push(begin[begin.len() - 1] + count);
            }
            links.extend(all);
        }
        Self { begin, links }
    }

    fn links(&self, node: usize) -> &[(u32, f64)] {
        &self.links[self.begin[node]..self.begin[node + 1]]
    }
}

/// A node that belongs to no aggregate: it has no neighbour.
const NONE: u32 = u32::MAX;

/// The aggregate of each node.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Aggregates {
    of_node: Vec<u32>,
    count: usize,
}

impl Aggregates {
    /// Aggregates the nodes of a matrix; those without a neighbour are left out.
    pub fn new(a: &Csr, nodes: &Nodes) -> Self {
        let graph = Graph::new(a, nodes);
        let n = nodes.count();
        let (mut of_node, mut count) = (vec![NONE; n], 0);
        let is_free = |of_node: &[u32], other: &(u32, f64)| of_node[other.0 as usize] == NONE;

        // A node and all its neighbours, where none of them belongs to an aggregate.
        for node in 0..n {
            let links = graph.links(node);
            if of_node[node] == NONE
                && !links.is_empty()
                && links.iter().all(|other| is_free(&of_node, other))
            {
                of_node[node] = count;
                links.iter().for_each(|other| of_node[other.0 as usize] = count);
                count += 1;
            }
        }
        // What is left joins the aggregate of its strongest neighbour in one of these.
        let first = of_node.clone();
        for node in (0..n).filter(|&node| first[node] == NONE) {
            let mut strongest = (NONE, 0.0);
            for &(other, size) in graph.links(node) {
                if first[other as usize] != NONE && size > strongest.1 {
                    strongest = (first[other as usize], size);
                }
            }
            of_node[node] = strongest.0;
        }
        // What has no such neighbour makes an aggregate with those like it.
        for node in 0..n {
            let links = graph.links(node);
            if of_node[node] == NONE && !links.is_empty() {
                let free: Vec<u32> =
                    links.iter().filter(|other| is_free(&of_node, other)).map(|other| other.0).collect();
                of_node[node] = count;
                free.into_iter().for_each(|other| of_node[other as usize] = count);
                count += 1;
            }
        }
        Self { of_node, count: count as usize }
    }

    /// The nodes of each aggregate.
    pub fn members(&self) -> Vec<Vec<u32>> {
        let mut members = vec![Vec::new(); self.count];
        for (node, &aggregate) in self.of_node.iter().enumerate().filter(|(_, at)| **at != NONE) {
            members[aggregate as usize].push(node as u32);
        }
        members
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::operator::OperatorError;

    fn chain(n: usize) -> Result<Csr, OperatorError> {
        let entries =
            (0..n).flat_map(|i| [(i, i, 2.0)].into_iter().chain((i + 1 < n).then_some((i, i + 1, -1.0))));
        let both =
            entries.flat_map(|(i, j, v)| if i == j { vec![(i, j, v)] } else { vec![(i, j, v), (j, i, v)] });
        Csr::from_triplets(n, n, &both.collect::<Vec<_>>())
    }

    #[test]
    fn a_chain_is_cut_into_threes() -> Result<(), OperatorError> {
        let aggregates = Aggregates::new(&chain(9)?, &Nodes::uniform(9, 1));
        // {0, 1}, then every node with its two neighbours; the last joins.
        assert_eq!(aggregates.of_node, [0, 0, 1, 1, 1, 2, 2, 2, 2]);
        // Two unknowns to a node: the same of 9 nodes.
        let pairs = Aggregates::new(&chain(18)?, &Nodes::uniform(18, 2));
        assert_eq!(pairs.of_node, aggregates.of_node);
        Ok(())
    }

    #[test]
    fn nodes_without_neighbours_are_left_out() -> Result<(), OperatorError> {
        let a = Csr::from_triplets(4, 4, &[(0, 0, 1.0), (1, 1, 2.0), (1, 3, 0.0), (2, 2, 1.0), (3, 3, 1.0)])?;
        assert_eq!(Aggregates::new(&a, &Nodes::uniform(4, 1)).count, 0);
        Ok(())
    }
}
