import Support

/// `rank 3`, or `ranks 0-2, 5`.
package func rankList(_ ranks: [Int]) -> String {
  (ranks.count == 1 ? "rank " : "ranks ") + rangesText(ranks.sorted())
}

extension Communicator {
  /// The numbers in the job of these ranks of the communicator, which is what messages call them.
  package func numbersInJob(of ranks: [Int]) -> [Int] {
    watch.map { watch in ranks.map { watch.ranks[$0] } } ?? ranks
  }
}

/// A rank, and the name of its host in a job on several.
struct PlacedRank: Hashable {
  let rank: Int
  let host: String?
}

/// `rank 3 (node2)`, or `ranks 0-1 (node1), 2-3 (node2)`; many hosts are counted: `ranks 0-31 on 8
/// hosts`.
func rankList(_ ranks: [PlacedRank]) -> String {
  let hosts = ranks.sorted { $0.rank < $1.rank }.grouped(by: \.host)
  if hosts.count > 4 { return "\(rankList(ranks.map(\.rank))) on \(hosts.count) hosts" }
  let parts = hosts.map { host, members in
    rangesText(members.map(\.rank)) + (host.map { " (\($0))" } ?? "")
  }
  return (ranks.count == 1 ? "rank " : "ranks ") + parts.joined(separator: ", ")
}
