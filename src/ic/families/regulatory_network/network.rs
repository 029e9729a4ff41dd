//! Who regulates whom: random graphs with signed, directed edges, and two circuits.
//!
//! It does not know space or time.

use crate::rng::Draws;

/// Genes by their regulators.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Network {
    /// Regulators of each gene, in the order of the edges.
    pub genes: Vec<Gene>,
}

/// What acts on one gene.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Gene {
    /// Genes whose product switches it on.
    pub activators: Vec<usize>,
    /// Genes whose product switches it off.
    pub repressors: Vec<usize>,
}

impl Network {
    /// Barabási and Albert 1999, "Emergence of scaling in random networks", *Science* 286: gene after
    /// gene is tied to `ties` earlier ones, chosen with a probability proportional to the ties that they
    /// have; which of the two regulates is a toss. `ties` (size − `ties`) edges; `ties` < `size`.
    pub fn scale_free(size: usize, ties: usize, activation: f64, draws: &mut Draws) -> Self {
        let mut network = Self::without_edges(size);
        // Every gene as often as it has ties: a uniform choice from it is preferential.
        let mut ends: Vec<usize> = Vec::new();
        for new in ties..size {
            let mut others: Vec<usize> = Vec::with_capacity(ties);
            while others.len() < ties {
                let other = if ends.is_empty() {
                    others.len()
                } else {
                    ends[draws.below(ends.len() as u64) as usize]
                };
                if !others.contains(&other) {
                    others.push(other);
                }
            }
            for other in others {
                ends.extend([new, other]);
                let (from, to) = if draws.uniform() < 0.5 { (new, other) } else { (other, new) };
                network.tie(from, to, activation, draws);
            }
        }
        network
    }

    /// Erdős and Rényi 1959, with directions: every ordered pair, a gene with itself among them, is
    /// joined with this probability.
    pub fn random(size: usize, probability: f64, activation: f64, draws: &mut Draws) -> Self {
        let mut network = Self::without_edges(size);
        for to in 0..size {
            for from in 0..size {
                if draws.uniform() < probability {
                    network.tie(from, to, activation, draws);
                }
            }
        }
        network
    }

    /// The first gene regulates all others, and all others regulate it.
    pub fn hub(size: usize, activation: f64, draws: &mut Draws) -> Self {
        let mut network = Self::without_edges(size);
        for other in 1..size {
            network.tie(0, other, activation, draws);
            network.tie(other, 0, activation, draws);
        }
        network
    }

    /// Two genes that repress each other, and a reporter that the first one activates.
    pub fn toggle_switch() -> Self {
        let mut network = Self::without_edges(3);
        network.genes[0].repressors.push(1);
        network.genes[1].repressors.push(0);
        network.genes[2].activators.push(0);
        network
    }

    /// Three genes, each of which represses the next.
    pub fn repressilator() -> Self {
        let mut network = Self::without_edges(3);
        for i in 0..3 {
            network.genes[(i + 1) % 3].repressors.push(i);
        }
        network
    }

    fn without_edges(size: usize) -> Self {
        Self { genes: vec![Gene::default(); size] }
    }

    fn tie(&mut self, from: usize, to: usize, activation: f64, draws: &mut Draws) {
        let gene = &mut self.genes[to];
        if draws.uniform() < activation {
            gene.activators.push(from);
        } else {
            gene.repressors.push(from);
        }
    }

    /// Number of edges.
    pub fn edges(&self) -> usize {
        self.genes.iter().map(|gene| gene.activators.len() + gene.repressors.len()).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rng::Stream;

    fn draws(i: u64) -> Draws {
        Stream::new(4, "network", &[i]).site(0)
    }

    /// Edges in and out of every gene.
    fn degrees(network: &Network) -> Vec<usize> {
        let mut degrees = vec![0; network.genes.len()];
        for (to, gene) in network.genes.iter().enumerate() {
            for from in gene.activators.iter().chain(&gene.repressors) {
                degrees[to] += 1;
                degrees[*from] += 1;
            }
        }
        degrees
    }

    /// The exact degree law of the model, `2m(m+1)/(k(k+1)(k+2))` for large networks (Dorogovtsev, Mendes
    /// and Samukhin 2000); 0.02 for the finite size and 4 networks of 20,000 genes.
    #[test]
    fn a_scale_free_network_has_the_degrees_of_preferential_attachment() {
        let (size, ties) = (20_000, 2);
        let mut counts = [0.0; 64];
        for i in 0..4 {
            let network = Network::scale_free(size, ties, 0.5, &mut draws(i));
            let degrees = degrees(&network);
            assert_eq!(network.edges(), ties * (size - ties));
            assert_eq!(degrees.iter().sum::<usize>(), 2 * network.edges());
            assert!(*degrees.iter().max().unwrap() > 100, "there are hubs");
            for degree in degrees {
                counts[degree.min(63)] += 1.0 / (4 * size) as f64;
            }
        }
        for (k, found) in counts.iter().enumerate().take(8).skip(2) {
            let (k, m) = (k as f64, ties as f64);
            let want = 2.0 * m * (m + 1.0) / (k * (k + 1.0) * (k + 2.0));
            assert!((found - want).abs() < 0.02, "{k}: {found} {want}");
        }
    }

    #[test]
    fn small_networks_have_their_edges() {
        for i in 0..256 {
            let network = Network::scale_free(5, 2, 0.5, &mut draws(i));
            assert_eq!(network.edges(), 6);
            assert!(degrees(&network)[2..].iter().all(|d| *d >= 2));
            let hub = Network::hub(7, 0.5, &mut draws(i));
            assert_eq!(degrees(&hub), [12, 2, 2, 2, 2, 2, 2]);
        }
    }

    /// 400 pairs of 64 networks: four standard errors of a binomial part are 0.012.
    #[test]
    fn a_random_network_has_its_density_and_signs() {
        let (mut edges, mut activating) = (0, 0);
        for i in 0..64 {
            let network = Network::random(20, 0.3, 0.8, &mut draws(i));
            edges += network.edges();
            activating += network.genes.iter().map(|g| g.activators.len()).sum::<usize>();
        }
        assert!((edges as f64 / 25_600.0 - 0.3).abs() < 0.012);
        assert!((activating as f64 / edges as f64 - 0.8).abs() < 0.02);
    }
}
